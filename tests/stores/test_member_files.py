"""Documents and rejected rows name members too."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from skillfirst.ingest.documents import read_part
from skillfirst.stores.member_files import erase_member, holds_member
from skillfirst.tables.member_document import DOCUMENT, documents


@pytest.fixture
def part(tmp_path):
    path = tmp_path / "part-00000.arrow"
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, DOCUMENT) as writer:
        writer.write_batch(documents(3, member_id=["ann", "bob", "cem"], wanted=[[1], [2], [3]]))
    return path


def test_a_document_is_erased_and_the_others_stay(part):
    assert holds_member(part, "bob")
    assert erase_member(part, "bob") == 1
    assert not holds_member(part, "bob")
    left = read_part(part)
    assert left.column("member_id").to_pylist() == ["ann", "cem"]
    assert left.column("wanted").to_pylist() == [[1], [3]]
    assert erase_member(part, "bob") == 0


def test_a_part_may_end_up_without_documents(part):
    for member in ("ann", "bob", "cem"):
        assert erase_member(part, member) == 1
    assert read_part(part).num_rows == 0
    assert not holds_member(part, "ann")


def test_rejected_rows_are_erased_by_any_value_that_names_the_member(tmp_path):
    path = tmp_path / "connections.jsonl"
    rows = [
        {"column": "connection_id", "reason": "x", "row": 1, "values": {"member_id": "ann", "connection_id": "bob"}},
        {"column": "connection_id", "reason": "x", "row": 2, "values": {"member_id": "ann", "connection_id": "cem"}},
        {"column": None, "reason": "broken", "row": 3, "values": {"line": "bob,,,"}},
        {"column": None, "reason": "broken", "row": 4, "values": {"line": "cem,,,"}},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert erase_member(path, "bob") == 2
    assert [json.loads(line)["row"] for line in path.read_text().splitlines()] == [2, 4]
    assert not holds_member(path, "bob")
