"""One suite for every event log: each event once, durable when acknowledged, out in order of arrival."""

from __future__ import annotations

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest

from skillfirst.errors import RunError, StoreError
from skillfirst.stores.event_log import Accepted, EventLog, Overloaded
from skillfirst.tables.schemas import EVENTS

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


@pytest.fixture(params=["files", "files, sealed often", pytest.param("postgresql", marks=pytest.mark.server)])
def open_log(request, tmp_path, monkeypatch):
    opened = []
    if request.param == "files, sealed often":
        monkeypatch.setattr("skillfirst.stores.event_log.index.SEAL_EVENTS", 3)
    address = tmp_path / "events"
    if request.param == "postgresql":
        address = request.getfixturevalue("postgres_address")
        forget_everything(address)

    def open_(**options):
        opened.append(EventLog.open(address, **options))
        return opened[-1]

    yield open_
    for log in opened:
        log.close()


def forget_everything(address):
    import psycopg

    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS skillfirst_event, skillfirst_schema")


@pytest.fixture
def log(open_log):
    return open_log()


def click(number, member="ann", minutes=0, **more):
    time = NOW - dt.timedelta(minutes=minutes)
    return {"event_id": f"e{number}", "time": time, "member_id": member, "kind": "click", "course_id": "c1", **more}


def read(log, **bounds):
    return [row for batch in log.read(**bounds) for row in batch.to_pylist()]


def ids(log, **bounds):
    return [row["event_id"] for row in read(log, **bounds)]


def test_an_event_comes_out_as_it_went_in(log):
    full = {
        "event_id": "e1", "time": "2026-11-22T11:59:59.123456Z", "member_id": 7, "kind": "watch", "course_id": "c1",
        "skill_id": "java", "channel": "home", "context": "skill", "carousel_rank": 2, "position": 3,
        "propensity": 0.25, "seconds": 61, "list_id": "l1", "arms": {"b": "2", "a": "1"},
    }  # fmt: skip
    assert log.append([full], NOW) == Accepted(1, 0)
    expected = {
        **full,
        "time": dt.datetime(2026, 11, 22, 11, 59, 59, 123456, tzinfo=dt.UTC),
        "member_id": "7",
        "seconds": 61.0,
        "arms": [("a", "1"), ("b", "2")],
    }
    assert read(log) == [expected]
    assert log.read_member("7").to_pylist() == [expected]


def test_batches_have_the_events_schema_however_many_rows(log):
    for count in (0, 1, 40):
        log.append([click(n) for n in range(count)], NOW)
        batches = list(log.read())
        assert sum(b.num_rows for b in batches) == count
        assert all(b.schema.equals(EVENTS.schema) for b in batches)
        assert log.read_member("ann").schema.equals(EVENTS.schema)


def test_few_and_many_rows_are_read_alike(log):
    log.append([click(n, arms={"x": str(n)} if n % 3 else None, seconds=None) for n in range(40)], NOW)
    many = pa.Table.from_batches(log.read())
    few = pa.concat_tables([pa.Table.from_batches(log.read(after=n, upto=n + 1)) for n in range(0, log.position())])
    assert many.equals(few)
    assert many.column("arms").to_pylist()[:2] == [None, [("x", "1")]]


def test_an_event_counts_once_whatever_the_order_or_the_delay(open_log):
    log = open_log()
    assert log.append([click(1), click(2), click(1)], NOW) == Accepted(2, 1)
    assert log.append([click(2), click(3)], NOW) == Accepted(1, 1)
    again = open_log()
    assert again.append([click(n) for n in (3, 2, 1)], NOW + dt.timedelta(days=30)) == Accepted(0, 3)
    assert ids(again) == ["e1", "e2", "e3"]
    assert again.size() == 3


def test_an_event_without_id_gets_one_from_its_content(log):
    anonymous = {k: v for k, v in click(1).items() if k != "event_id"}
    assert log.append([anonymous, dict(reversed(anonymous.items()))], NOW) == Accepted(1, 1)
    assert log.append([{**anonymous, "course_id": "c2"}], NOW) == Accepted(1, 0)
    assert all(i.startswith("derived:") for i in ids(log))


def test_late_events_are_welcome_and_come_in_order_of_arrival(log):
    log.append([click(1, minutes=5)], NOW)
    log.append([click(2, minutes=60 * 24 * 400), click(3)], NOW)
    assert ids(log) == ["e1", "e2", "e3"]
    assert ids(log, until=NOW) == ["e1", "e2"]
    assert ids(log, since=NOW - dt.timedelta(minutes=5)) == ["e1", "e3"]


def test_positions_cut_the_log_where_a_night_has_read(log):
    log.append([click(1), click(2, member="bob")], NOW)
    night = log.position()
    assert not log.touched("ann", night)
    log.append([click(3, minutes=60 * 48)], NOW)  # late: before the night in time, after it in the log
    assert log.touched("ann", night)
    assert not log.touched("bob", night)
    assert ids(log, after=night) == ["e3"]
    assert ids(log, upto=night) == ["e1", "e2"]
    assert log.read_member("ann", after=night).column("event_id").to_pylist() == ["e3"]
    assert log.read_member("ann", since=NOW).column("event_id").to_pylist() == ["e1"]
    assert log.read_member("eve").num_rows == 0


def test_reading_ends_though_events_arrive(log):
    log.append([click(1)], NOW)
    stream = log.read()
    first = next(stream)
    log.append([click(2)], NOW)
    assert first.num_rows + sum(b.num_rows for b in stream) == 1


def test_bad_events_are_refused_one_by_one_with_reasons(log):
    bad = [
        ({"kind": "click"}, "time"),
        (click(2, kind="stare"), "unknown kind 'stare'"),
        ({k: v for k, v in click(3).items() if k != "course_id"}, "needs a course_id"),
        (click(4, kind="interest"), "needs a skill_id"),
        ({"time": NOW, "member_id": "a", "kind": "undo"}, "course_id or a skill_id"),
        (click(5, minutes=-6), "more than 5 minutes in the future"),
        (click(6, minutes=60 * 24 * 366 * 40), "before 1990"),
        (click(7, time="yesterday"), "time"),
        (click(8, member=""), "length"),
        (click(9, member="x" * 1001), "length"),
        (click(10, colour="red"), "colour"),
        (click(11, seconds=-1), "seconds"),
        (click(12, seconds=float("nan")), "seconds"),
        (click(13, propensity=1.5), "propensity"),
        (click(14, position="third"), "position"),
        (click(15, member="\ud800"), "Unicode"),
        (click(16, member=True), "member_id"),
        ("not an event", "object"),
        (None, "object"),
        (click(17, arms={"a": 1}), "arms"),
    ]
    result = log.append([click(1), *(event for event, _ in bad), click(18)], NOW)
    assert (result.accepted, result.duplicates) == (2, 0)
    assert [r.index for r in result.rejected] == list(range(1, len(bad) + 1))
    for refused, (event, reason) in zip(result.rejected, bad, strict=True):
        assert reason in refused.reason, event
    assert ids(log) == ["e1", "e18"]


def test_a_clock_five_minutes_ahead_is_accepted(log):
    assert log.append([click(1, minutes=-5)], NOW).accepted == 1


@pytest.mark.parametrize("kind", ["served", "email_sent", "email_open"])
def test_kinds_that_need_no_course(log, kind):
    assert log.append([{"time": NOW, "member_id": "a", "kind": kind}], NOW).accepted == 1


def test_ids_of_any_characters(log):
    odd = ["a\x00b", "日本語", "🙂", "'; DROP TABLE event; --", "a\nb", "\u2028", '"', "\\"]
    log.append([click(f"{n}{o}", member=o, course_id=o) for n, o in enumerate(odd)], NOW)
    assert [row["course_id"] for row in read(log)] == odd
    for number, member in enumerate(odd):
        assert log.read_member(member).column("event_id").to_pylist() == [f"e{number}{member}"]
    assert log.read_member("\ud800").num_rows == 0


def test_erase_removes_a_members_events_and_nobody_elses(log):
    log.append([click(n, member=("ann", "bob")[n % 2]) for n in range(10)], NOW)
    assert log.erase("ann") == 5
    assert log.erase("ann") == 0
    assert log.read_member("ann").num_rows == 0
    assert len(read(log)) == 5
    before = log.position()
    log.append([click(99)], NOW)
    assert log.position() > before, "numbers are never used twice"


def test_threads_share_a_commit_and_each_event_still_counts_once(log):
    def send(thread):
        return [log.append([click(n, member=f"m{thread}") for n in range(k, k + 5)], NOW) for k in range(0, 50, 5)]

    with ThreadPoolExecutor(6) as pool:
        results = [r for batch in pool.map(send, range(6)) for r in batch]
    assert sum(r.accepted for r in results) == 50
    assert sum(r.duplicates for r in results) == 250
    assert sorted(ids(log)) == sorted(f"e{n}" for n in range(50))


def test_two_openings_share_a_log(open_log):
    one, two = open_log(), open_log()
    one.append([click(1)], NOW)
    two.append([click(2), click(1)], NOW)
    assert ids(one) == ids(two) == ["e1", "e2"]


def test_a_full_queue_is_said_instead_of_growing(open_log):
    log = open_log(queue_events=10)
    held, release = threading.Event(), threading.Event()
    add = log._ledger.add

    def slow(batches):
        held.set()
        assert release.wait(30)
        return add(batches)

    log._ledger.add = slow
    first = log.submit([click(n) for n in range(8)], NOW)
    assert held.wait(30)
    with pytest.raises(Overloaded, match="8 events wait"):
        log.submit([click(n) for n in range(100, 103)], NOW)
    second = log.submit([click(200)], NOW)
    release.set()
    assert first.result(30) == Accepted(8, 0)
    assert second.result(30) == Accepted(1, 0)
    assert log.append([click(n) for n in range(300, 320)], NOW).accepted == 20, "a large batch alone is taken"
    assert "e100" not in ids(log)


def test_a_write_that_fails_is_told_to_everybody_who_waited_and_the_log_goes_on(log):
    add = log._ledger.add

    def fail(batches):
        raise StoreError("no space left")

    log._ledger.add = fail
    with pytest.raises(StoreError, match="no space"):
        log.append([click(1)], NOW)
    log._ledger.add = add
    assert log.append([click(1)], NOW) == Accepted(1, 0)


def test_closing_stores_what_waits(open_log):
    log = open_log()
    futures = [log.submit([click(n)], NOW) for n in range(100)]
    log.close()
    assert all(f.result() == Accepted(1, 0) for f in futures)
    with pytest.raises(RunError, match="closed"):
        log.append([click(1)], NOW)
    assert open_log().size() == 100


def test_verify_counts_events_and_finds_no_fault(log):
    log.append([click(n) for n in range(50)], NOW)
    verified = log.verify()
    assert verified.events == 50
    assert verified.problems == ()


def test_an_empty_batch_is_no_work(log):
    assert log.append([], NOW) == Accepted(0, 0)
    assert log.position() == 0
    assert read(log) == []
