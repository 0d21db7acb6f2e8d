"""What commands read of a run."""

from __future__ import annotations

import pyarrow as pa
import pytest

from skillfirst.cli.reading import find_document
from skillfirst.errors import NotFound
from skillfirst.ingest.documents import write_part
from skillfirst.stores.offline import Run
from skillfirst.tables.member_document import documents


def test_a_document_is_found_behind_a_part_whose_last_member_was_erased(tmp_path):
    folder = tmp_path / "documents"
    folder.mkdir()
    for number, members in enumerate((["ada", "bea"], [], ["mia"])):
        batch = documents(len(members), member_id=pa.array(members, pa.string()))
        write_part(folder / f"part-{number:05d}.arrow", batch)
    run = Run("2026-11-22-001", tmp_path, {})
    for member in ("ada", "bea", "mia"):
        assert find_document(run, member).column("member_id").to_pylist() == [member]
    for stranger in ("abe", "eve", "zoe"):
        with pytest.raises(NotFound):
            find_document(run, stranger)
