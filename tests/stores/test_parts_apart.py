"""Parts that are written away from the driver, and taken into the run."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from skillfirst.errors import DataError
from skillfirst.stores.offline import OfflineStore
from skillfirst.stores.table_parts import write_part_apart

SCHEMA = pa.schema([("member_id", pa.string()), ("skill_id", pa.string())])


def rows(*members):
    return pa.RecordBatch.from_pydict({"member_id": list(members), "skill_id": ["java"] * len(members)}, SCHEMA)


def test_parts_written_apart_are_rows_of_the_committed_table(tmp_path):
    with OfflineStore(tmp_path).begin("2026-11-22-001") as writer:
        folder = writer.table_writer("member_skills", SCHEMA).folder
        for number, members in ((2, ("eve",)), (0, ("ann", "bob")), (1, ())):
            writer.adopt_part("member_skills", number, write_part_apart(folder, number, rows(*members)))
        run = writer.commit({})
    assert run.manifest["tables"] == {"member_skills": {"rows": 3, "parts": 3}}
    assert [m for b in run.table("member_skills") for m in b.column("member_id").to_pylist()] == ["ann", "bob", "eve"]


def test_a_part_written_again_takes_its_own_place(tmp_path):
    for _ in range(2):
        assert write_part_apart(tmp_path, 4, rows("ann")) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["part-000004.parquet"]
    assert pq.read_table(tmp_path / "part-000004.parquet").to_pydict()["member_id"] == ["ann"]


def test_a_part_without_rows_leaves_no_file(tmp_path):
    assert write_part_apart(tmp_path, 0, rows()) == 0
    assert list(tmp_path.iterdir()) == []


def test_a_part_is_taken_in_once(tmp_path):
    with OfflineStore(tmp_path).begin("2026-11-22-001") as writer:
        table = writer.table_writer("member_skills", SCHEMA)
        table.adopt(0, 1)
        with pytest.raises(DataError, match="part 0 was written twice"):
            table.adopt(0, 1)
        writer.abort()


def test_what_a_lost_worker_left_half_written_is_not_in_the_run(tmp_path):
    with OfflineStore(tmp_path).begin("2026-11-22-001") as writer:
        folder = writer.table_writer("member_skills", SCHEMA).folder
        (folder / ".part-000000.parquet.0123").write_bytes(b"PAR1 half")
        writer.adopt_part("member_skills", 0, write_part_apart(folder, 0, rows("ann")))
        run = writer.commit({})
    assert [p.name for p in run.table_path("member_skills").iterdir()] == ["part-000000.parquet"]


def test_a_writer_that_comes_too_late_changes_nothing(tmp_path):
    """An executor given up for lost may still be alive when the run is committed."""
    with OfflineStore(tmp_path).begin("2026-11-22-001") as writer:
        folder = writer.table_writer("member_skills", SCHEMA).folder
        writer.adopt_part("member_skills", 0, write_part_apart(folder, 0, rows("ann")))
        run = writer.commit({})
    with pytest.raises(FileNotFoundError):
        write_part_apart(folder, 0, rows("zoe"))
    assert [m for b in run.table("member_skills") for m in b.column("member_id").to_pylist()] == ["ann"]
