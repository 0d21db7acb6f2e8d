"""Documents of a run stand in the order of their numbers."""

from __future__ import annotations

from skillfirst.stores.document_parts import DOCUMENTS, document_parts


def test_numbers_that_outgrow_their_zeros_come_last(tmp_path):
    (tmp_path / DOCUMENTS).mkdir()
    for name in ("part-100000.arrow", "part-99999.arrow", "part-00002.arrow", "notes.txt"):
        (tmp_path / DOCUMENTS / name).touch()
    assert [p.name for p in document_parts(tmp_path)] == ["part-00002.arrow", "part-99999.arrow", "part-100000.arrow"]


def test_a_run_without_documents_has_no_parts(tmp_path):
    assert document_parts(tmp_path) == []
