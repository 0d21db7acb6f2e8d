"""Arrow parts: streamed, cut to the columns asked for, members found by their place."""

from __future__ import annotations

import pyarrow as pa
import pytest

from skillfirst.stores.arrow_parts import arrow_rows, greatest_member, member_in_part, read_arrow, write_arrow
from skillfirst.stores.table_parts import TableWriter, iter_batches, member_rows, write_part_apart

SCHEMA = pa.schema([("member_id", pa.string()), ("courses", pa.list_(pa.uint16()))])


def batch(*members):
    return pa.RecordBatch.from_pylist([{"member_id": m, "courses": [ord(m[-1])] * 3} for m in members], SCHEMA)


def test_batches_are_read_as_they_were_written(tmp_path):
    batches = [batch("ann", "bob"), batch(), batch("cyd")]
    write_arrow(tmp_path / "p.arrow", batches, SCHEMA)
    assert [*read_arrow(tmp_path / "p.arrow")] == batches
    only = [*read_arrow(tmp_path / "p.arrow", ["courses"])]
    assert [b.schema.names for b in only] == [["courses"]] * 3
    assert arrow_rows(tmp_path / "p.arrow") == 3
    assert greatest_member(tmp_path / "p.arrow") == "cyd"


def test_a_part_without_rows_has_no_greatest_member(tmp_path):
    write_arrow(tmp_path / "p.arrow", [batch()], SCHEMA)
    assert greatest_member(tmp_path / "p.arrow") is None
    assert member_in_part(tmp_path / "p.arrow", "ann") == ([], False)


@pytest.mark.parametrize("rows_a_batch", [1, 2, 5])
@pytest.mark.parametrize("batches_a_part", [1, 3])
def test_members_are_found_wherever_they_lie(tmp_path, rows_a_batch, batches_a_part):
    members = [f"m{i:02d}" for i in range(0, 40, 2) for _ in range(1 + i % 3)]
    table = TableWriter(tmp_path / "lists.arrow", SCHEMA)
    batches = [batch(*members[at : at + rows_a_batch]) for at in range(0, len(members), rows_a_batch)]
    for number, at in enumerate(range(0, len(batches), batches_a_part)):
        rows = write_part_apart(table.folder, number, pa.Table.from_batches(batches[at : at + batches_a_part]))
        table.adopt(number, rows)
    table.close()
    assert table.rows == len(members)
    assert [m for b in iter_batches(table.folder) for m in b.column("member_id").to_pylist()] == members
    for member in [*(f"m{i:02d}" for i in range(42)), "", "zz"]:
        found = member_rows(table.folder, member)
        assert (0 if found is None else found.num_rows) == members.count(member), member


def test_a_table_without_rows_keeps_its_columns(tmp_path):
    TableWriter(tmp_path / "lists.arrow", SCHEMA).close()
    assert [*iter_batches(tmp_path / "lists.arrow")] == []
    with pa.ipc.open_file(str(tmp_path / "lists.arrow" / "part-000000.arrow")) as reader:
        assert reader.schema.equals(SCHEMA)
