import pyarrow as pa
import pytest

from skillfirst.errors import DataError
from skillfirst.feedback.exposed import ImpressionLog, log_of_events
from skillfirst.tables.schemas import EVENTS

DAY = 86_400


def events(*rows):
    """Rows of (member, course, kind, time in s, channel, position)."""
    columns = {name: pa.nulls(len(rows), EVENTS.column(name).type) for name in EVENTS.schema.names}
    names = ("member_id", "course_id", "kind", "time", "channel", "position")
    for i, name in enumerate(names):
        values = [r[i] * 1_000_000 if name == "time" else r[i] for r in rows]
        columns[name] = pa.array(values, EVENTS.column(name).type)
    return pa.table(columns)


def test_a_click_goes_to_the_newest_impression_within_a_day():
    log = log_of_events(
        events(
            ("ana", "java", "impression", 0, "home", 1),
            ("ana", "java", "impression", 3_600, "home", 2),
            ("ana", "java", "click", 7_200, "home", None),
            ("ana", "sql", "impression", 0, "home", 3),
            ("ana", "sql", "click", DAY + 1, "home", None),
            ("bo", "java", "impression", 0, "home", 1),
            ("bo", "java", "watch", 10, "home", None),
        )
    )
    assert log.click_time.tolist() == [-1, 7_200, -1, -1]
    assert log.slot.tolist() == [1, 2, 3, 1]
    assert log.member.tolist() == [0, 0, 0, 1]


def test_the_channel_of_the_click_is_preferred():
    rows = [("ana", "java", "impression", 0, "home", 1), ("ana", "java", "impression", 60, "email", 1)]
    assert log_of_events(events(*rows, ("ana", "java", "click", 90, "home", None))).click_time.tolist() == [90, -1]
    assert log_of_events(events(*rows, ("ana", "java", "click", 90, None, None))).click_time.tolist() == [-1, 90]
    assert log_of_events(events(*rows, ("ana", "java", "click", 90, "feed", None))).click_time.tolist() == [-1, 90]


def test_an_impression_and_its_click_may_share_a_second():
    log = log_of_events(
        events(("ana", "java", "click", 5, "home", None), ("ana", "java", "impression", 5, "home", None))
    )
    assert (log.click_time.tolist(), log.slot.tolist()) == ([5], [1])


def test_what_is_missing_is_named():
    with pytest.raises(DataError, match=r"events\.kind"):
        log_of_events(pa.table({"time": [], "member_id": []}))
    with pytest.raises(DataError, match="differ in length"):
        ImpressionLog.of([1], [1], [1], [1, 2], [1], [1])


def test_an_empty_log_is_fine():
    assert len(log_of_events(events())) == 0
