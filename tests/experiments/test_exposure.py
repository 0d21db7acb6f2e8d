import pyarrow as pa
import pytest

from skillfirst.errors import DataError
from skillfirst.experiments.exposure import exposed_by_events

ARMS = pa.map_(pa.string(), pa.string())


def log(rows):
    """Rows of (member, kind, time in s, {experiment: arm})."""
    return pa.table(
        {
            "member_id": pa.array([r[0] for r in rows], pa.string()),
            "kind": pa.array([r[1] for r in rows], pa.string()),
            "time": pa.array([r[2] * 1_000_000 for r in rows], pa.timestamp("us", "UTC")),
            "arms": pa.array([list(r[3].items()) for r in rows], ARMS),
        }
    )


def test_who_met_which_arm_first_when():
    events = log(
        [
            ("bo", "impression", 50, {"order": "new", "other": "x"}),
            ("bo", "served", 20, {"order": "new"}),
            ("ana", "served", 30, {"order": "old"}),
            ("cy", "click", 10, {"order": "old"}),  # a click alone shows nothing
            ("di", "served", 10, {"other": "x"}),
            ("ed", "served", 10, {"order": "old"}),
            ("ed", "served", 11, {"order": "new"}),
        ]
    )
    met = exposed_by_events(events, "order")
    assert met.members.to_pylist() == [
        {"member_id": "ana", "arm": "old", "first_time": 30_000_000},
        {"member_id": "bo", "arm": "new", "first_time": 20_000_000},
    ]
    assert met.mixed == 1


def test_parquet_files_are_read_as_tables_are(tmp_path):
    import pyarrow.parquet as pq

    events = log([("ana", "served", 30, {"order": "old"}), ("bo", "email_sent", 5, {"order": "new"})])
    pq.write_table(events.slice(0, 1), tmp_path / "a.parquet")
    pq.write_table(events.slice(1), tmp_path / "b.parquet")
    found = exposed_by_events([tmp_path / "a.parquet", tmp_path / "b.parquet"], "order")
    assert found.members.equals(exposed_by_events(events, "order").members)


def test_a_log_without_arms_is_refused():
    with pytest.raises(DataError, match=r"events\.arms"):
        exposed_by_events(log([]).drop_columns(["arms"]), "order")
