from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from skillfirst.errors import DataError, UsageError
from skillfirst.experiments.totals import Period, member_totals

START = datetime(2026, 3, 2, tzinfo=UTC)
WEEK = Period(START, START + timedelta(days=7), history_days=7)
ARMS = pa.table({"member_id": ["ana", "bo"], "arm": ["old", "new"]})
HOUR = 3_600


def log(*rows):
    """Rows of (member, kind, hours since the start, course, further columns by name)."""
    names = ("channel", "list_id", "seconds", "event_id")
    columns = {
        "member_id": pa.array([r[0] for r in rows], pa.string()),
        "kind": pa.array([r[1] for r in rows], pa.string()),
        "time": pa.array([START + timedelta(hours=r[2]) for r in rows], pa.timestamp("us", "UTC")),
        "course_id": pa.array([r[3] for r in rows], pa.string()),
    }
    for name in names:
        values = [(r[4] if len(r) > 4 else {}).get(name) for r in rows]
        columns[name] = pa.array(values, pa.float64() if name == "seconds" else pa.string())
    return pa.table(columns)


def ana(*rows, **options):
    return member_totals(log(*rows), ARMS, WEEK, **options).members.to_pylist()[0]


def test_members_the_log_does_not_know_count_as_zeros():
    t = member_totals(log(("ana", "impression", 1, "java"), ("zoe", "impression", 1, "java")), ARMS, WEEK)
    assert t.members["member_id"].to_pylist() == ["ana", "bo"]
    assert t.members["impressions"].to_pylist() == [1, 0]
    assert t.members["has_history"].to_pylist() == [False, False]
    assert t.shown.to_pylist() == [{"arm": "old", "course_id": "java", "impressions": 1}]


def test_a_showing_counts_once_in_thirty_minutes_and_channel():
    home, mail = {"channel": "home"}, {"channel": "email"}
    rows = [("ana", "impression", h, "java", home) for h in (0, 0.2, 0.4, 0.5, 0.9, 5)]
    assert ana(*rows)["impressions"] == 3  # at 0, 0.5 and 5 hours
    assert (
        ana(*rows, ("ana", "impression", 0.1, "java", mail), ("ana", "impression", 0.1, "sql", home))["impressions"]
        == 5
    )


def test_an_engaged_day_has_a_click_or_play_within_a_day_of_a_showing():
    rows = [
        ("ana", "impression", 1, "java"), ("ana", "click", 2, "java"),  # day 0
        ("ana", "impression", 26, "sql"), ("ana", "watch", 49, "sql", {"seconds": 90.5}),  # day 1, 23 hours later
        ("ana", "impression", 73, "java"), ("ana", "click", 98, "java"),  # day 3, 25 hours later: too late
        ("ana", "impression", 100, "go"), ("ana", "click", 101, "rust"),  # day 4, another course
    ]  # fmt: skip
    got = ana(*rows)
    assert (got["shown_days"], got["engaged_days"]) == (4, 2)
    assert (got["impressions"], got["clicked_impressions"], got["clicks"]) == (4, 1, 3)
    assert got["watch_ms"] == 90_500


def test_the_history_is_counted_apart():
    got = ana(("ana", "impression", -30, "java"), ("ana", "click", -29, "java"), ("ana", "impression", -200, "java"))
    assert (got["pre_impressions"], got["pre_clicks"], got["pre_engaged_days"]) == (1, 1, 1)
    assert (got["impressions"], got["has_history"]) == (0, True)


def test_a_click_after_the_end_still_belongs_to_its_showing():
    got = ana(("ana", "impression", 167, "java"), ("ana", "click", 170, "java"))
    assert (got["clicked_impressions"], got["clicks"]) == (1, 0)


def test_mails_count_once_and_belong_to_the_week_they_were_sent_in():
    one, two = {"list_id": "m1"}, {"list_id": "m2"}
    rows = [
        ("ana", "email_sent", 1, None, one), ("ana", "email_open", 2, None, one), ("ana", "email_open", 3, None, one),
        ("ana", "email_sent", 24, None, two), ("ana", "email_click", 25, None, two),
        ("ana", "email_click", 26, None, two),
        ("ana", "email_sent", -1, None, {"list_id": "m0"}), ("ana", "email_click", 1, None, {"list_id": "m0"}),
    ]  # fmt: skip
    got = ana(*rows)
    assert (got["email_sent"], got["email_opened"], got["email_clicked"]) == (2, 2, 1)
    assert (got["pre_email_sent"], got["pre_email_clicked"]) == (1, 1)


def test_an_event_counts_once():
    same = {"event_id": "e1"}
    assert (
        ana(("ana", "click", 1, "java", same), ("ana", "click", 1, "java", same), ("ana", "click", 2, "java"))["clicks"]
        == 2
    )


def test_new_courses_are_counted():
    courses = pa.table({"course_id": ["java", "sql"], "created_on": pa.array([date(2026, 2, 20), date(2026, 1, 1)])})
    rows = [("ana", "impression", 1, c) for c in ("java", "sql", "undated")]
    assert ana(*rows, courses=courses)["new_impressions"] == 1


def test_passes_files_and_order_of_rows_do_not_matter(tmp_path):
    rng = np.random.default_rng(3)
    kinds = ["impression", "click", "watch", "email_sent", "email_open", "email_click"]
    rows = [
        (f"m{rng.integers(30)}", kinds[rng.integers(6)], float(rng.uniform(-160, 160)), f"c{rng.integers(4)}",
         {"list_id": f"l{rng.integers(5)}", "seconds": float(rng.uniform(0, 99)), "channel": "home"})
        for _ in range(900)
    ]  # fmt: skip
    arms = pa.table({"member_id": [f"m{i}" for i in range(30)], "arm": ["old", "new"] * 15})
    whole = member_totals(log(*rows), arms, WEEK)
    pq.write_table(log(*rows[::-1]), tmp_path / "log.parquet")
    parted = member_totals(tmp_path / "log.parquet", arms, WEEK, passes=4, threads=1)
    assert whole.members.equals(parted.members)
    assert whole.shown.equals(parted.shown)
    assert sum(whole.members["impressions"].to_pylist()) > 50


def test_what_cannot_be_counted_is_refused():
    with pytest.raises(DataError, match="more than once"):
        member_totals(log(), pa.table({"member_id": ["ana", "ana"], "arm": ["a", "b"]}), WEEK)
    with pytest.raises(DataError, match=r"events\.kind"):
        member_totals(log().drop_columns(["kind"]), ARMS, WEEK)
    with pytest.raises(UsageError):
        Period(START, START)
