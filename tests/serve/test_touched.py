"""Who did something since the night: each event counts once, whoever stored it."""

import datetime as dt

import pytest

from skillfirst.serve.touched import Touched
from skillfirst.stores.event_log import EventLog

NOW = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)
MIDNIGHT = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)


def click(number: int, member: str = "m1") -> dict:
    return {"event_id": f"e{number}", "member_id": member, "kind": "click", "course_id": "c1", "time": NOW.isoformat()}


@pytest.fixture
def log(tmp_path):
    with EventLog.open(tmp_path) as log:
        yield log


def heard(touched, log, *events):
    """Events stored through this service."""
    stored = log.append(events, NOW)
    touched.heard({e["member_id"] for e in events}, stored.accepted, stored.last)


def test_an_event_that_was_heard_is_not_counted_again_when_the_log_is_followed(log):
    touched = Touched(log, 0, MIDNIGHT, 100)
    heard(touched, log, click(1), click(2, "m2"))
    assert (touched.number("m1"), touched.number("m2")) == (1, 1)
    assert touched.follow() == 2
    assert (touched.number("m1"), touched.number("m2")) == (1, 1)


def test_events_of_others_are_found_between_those_that_were_heard(log):
    touched = Touched(log, 0, MIDNIGHT, 100)
    heard(touched, log, click(1))
    log.append([click(2, "m2"), click(3, "m3")], NOW)  # by another process
    heard(touched, log, click(4))
    log.append([click(5, "m4")], NOW)
    touched.follow()
    assert {m: touched.number(m) for m in ("m1", "m2", "m3", "m4")} == {"m1": 2, "m2": 1, "m3": 1, "m4": 1}
    touched.follow()
    assert touched.number("m2") == 1


def test_duplicates_beside_new_events_hide_nobody(log):
    touched = Touched(log, 0, MIDNIGHT, 100)
    log.append([click(1, "m2")], NOW)
    heard(touched, log, click(1, "m2"), click(2))  # the first is stored already, by another process
    touched.follow()
    assert touched.number("m1") == 1
    assert "m2" in touched


def test_where_the_log_gives_no_numbers_events_count_when_they_are_read(log):
    touched = Touched(log, 0, MIDNIGHT, 100)
    log.append([click(1)], NOW)
    touched.heard({"m1"}, 1, 0)
    touched.follow()
    assert touched.number("m1") == 2
