"""Reading a run that was stored compactly as if it had been stored in full: the same rows, batch by batch.

STORE/runs/<run id>/recommendations.arrow/   codes, one row a member and channel (tables/compact.py)
STORE/runs/<run id>/member_skills.arrow/     inferred skills, one row a member; the rest is in the documents
STORE/runs/<run id>/words/<column>.parquet   what codes of that column stand for: `word`, in the order of the codes
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from skillfirst.errors import StoreError
from skillfirst.ingest.documents import read_part
from skillfirst.kernel.member_skills import member_skill_rows
from skillfirst.kernel.model import Model, load_model
from skillfirst.stores.arrow_parts import KEY, SUFFIX, read_arrow
from skillfirst.stores.document_parts import document_parts
from skillfirst.stores.table_parts import member_rows, part_paths, rows_in_parts
from skillfirst.tables.compact import Words, columns_behind, full_rows
from skillfirst.tables.member_document import DOCUMENT, INFERRED
from skillfirst.tables.outputs import MEMBER_SKILLS_OUT, RECOMMENDATIONS

WORDS, MODEL = "words", "model"
MEMBERS_AT_ONCE = 4_096


def is_compact(table: Path) -> bool:
    """Whether this is a table of a run that is stored compactly."""
    return table.suffix == SUFFIX and table.stem in (RECOMMENDATIONS.name, MEMBER_SKILLS_OUT.name)


def write_words(run: Path, words: Words) -> None:
    """Lay down what the codes of a run stand for."""
    (run / WORDS).mkdir()
    for name, known in words._asdict().items():
        pq.write_table(pa.table({"word": known}), run / WORDS / f"{name}.parquet", compression="zstd")


def words_of(run: Path) -> Words:
    """What the codes of a run stand for."""
    return _words(run, (run / WORDS).stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _words(run: Path, _modified_ns: int) -> Words:
    texts = [pq.read_table(run / WORDS / f"{name}.parquet").column("word") for name in Words._fields]
    return Words(*(column.combine_chunks() for column in texts))


@lru_cache(maxsize=2)
def _model(run: Path, _modified_ns: int) -> Model:
    return load_model(run / MODEL)


def full_batches(table: Path, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """The rows of a compact table in the full form."""
    for part in part_paths(table):
        yield from full_part(part, columns)


def full_part(part: Path, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """The rows of one part of a compact table in the full form."""
    table = part.parent
    if table.stem == RECOMMENDATIONS.name:
        words = words_of(table.parent)
        for batch in read_arrow(part, columns_behind(columns)):
            yield full_rows(batch, words, columns)
        return
    number = int(part.stem.rpartition("-")[2])
    documents, done = read_part(document_parts(table.parent)[number]), 0
    for batch in read_arrow(part):
        for at in range(0, batch.num_rows, MEMBERS_AT_ONCE):
            own = batch.slice(at, MEMBERS_AT_ONCE)
            rows = _skills(table.parent, documents.slice(done, own.num_rows), own)
            yield rows.select(list(columns)) if columns is not None else rows
            done += own.num_rows


def full_member(table: Path, member_id: str) -> pa.Table | None:
    """All rows of one member in the full form, or None."""
    found = member_rows(table, member_id)
    if found is None:
        return None
    batch = found.combine_chunks().to_batches()[0]
    if table.stem == RECOMMENDATIONS.name:
        return pa.Table.from_batches([full_rows(batch, words_of(table.parent))])
    document = rows_in_parts(document_parts(table.parent), member_id)
    assert document is not None, "a member with skills has a document"
    rows = _skills(table.parent, document.combine_chunks().to_batches()[0], batch)
    return pa.Table.from_batches([rows]) if rows.num_rows else None


def _skills(run: Path, documents: pa.RecordBatch, inferred: pa.RecordBatch) -> pa.RecordBatch:
    """MEMBER_SKILLS_OUT of documents and what was inferred about them."""
    if not documents.column(KEY).equals(inferred.column(KEY)):
        raise StoreError("members were erased while their skills were read", next_step="Read again.")
    columns = [*documents.columns, *(inferred.column(name) for name in INFERRED.names)]
    members = pa.RecordBatch.from_arrays(columns, schema=pa.schema([*DOCUMENT, *INFERRED]))
    return member_skill_rows(members, _model(run, (run / MODEL).stat().st_mtime_ns))
