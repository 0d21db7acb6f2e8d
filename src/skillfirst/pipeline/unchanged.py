"""Which members' documents are the same as in the run before, column by column, and what was recommended to them.

Documents hold all that the rules read of a member, "now" and the arms too. With one Model, equal documents therefore
have equal recommendations, and these can be copied.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from skillfirst.contexts.kinds import LABELS
from skillfirst.ingest.documents import read_part
from skillfirst.kernel.model import Model
from skillfirst.stores.arrow_parts import KEY, SUFFIX, arrow_rows, read_arrow
from skillfirst.stores.document_parts import document_parts
from skillfirst.stores.durable import share_file
from skillfirst.stores.offline import Run
from skillfirst.stores.table_parts import part_path
from skillfirst.tables.outputs import RECOMMENDATIONS
from skillfirst.tables.sparse import list_parts, to_lists

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Before:
    """The members of an earlier run. `parts`: its documents in member_id order; `bounds`: first and last member of
    each, None where the last one was erased."""

    path: Path
    parts: tuple[Path, ...]
    bounds: tuple[tuple[str, str] | None, ...]

    @classmethod
    def of(cls, run: Run) -> Before:
        """The members of a run."""
        parts = document_parts(run.path)
        return cls(run.path, tuple(parts), tuple(_bounds(path) for path in parts))

    def alike(self, documents: pa.RecordBatch) -> Iterator[tuple[int, npt.NDArray[np.int64]]]:
        """(number of an earlier part, rows of `documents` that stand in it unchanged), where there are any."""
        ids = documents.column(KEY)
        if not len(ids):
            return
        first, last = ids[0].as_py(), ids[-1].as_py()
        for number, bounds in enumerate(self.bounds):
            if bounds is None or bounds[1] < first or bounds[0] > last:
                continue
            earlier = read_part(self.parts[number])
            place = pc.fill_null(pc.index_in(ids, earlier.column(KEY)), -1).to_numpy()
            rows = np.flatnonzero(place >= 0)
            same = equal_rows(_taken(documents, rows), _taken(earlier, place[rows]))
            if same.any():
                yield number, rows[same]

    def whole(self, number: int, rows: int) -> bool:
        """Whether so many rows are all that an earlier part holds."""
        return arrow_rows(self.parts[number]) == rows

    def rows(self, table: str, number: int, columns: Sequence[str] | None = None) -> pa.RecordBatch | None:
        """Part `number` of an earlier table, as it is stored, by the name of its folder; None where it has no row."""
        path = part_path(self.path / table, number)
        if not path.is_file():
            return None
        asked = [KEY, *columns] if columns is not None else None
        if path.suffix == SUFFIX:
            batches = [*read_arrow(path, asked)]
            return pa.concat_batches(batches) if batches else None
        chunks = pq.read_table(path, columns=asked, partitioning=None, use_threads=False).combine_chunks().to_batches()
        return chunks[0] if chunks else None

    def share(self, number: int, folder: Path, as_number: int) -> int:
        """Give part `number` of an earlier table a second name as part `as_number` of that in `folder`; its rows."""
        path = part_path(self.path / folder.name, number)
        if not path.is_file():
            return 0
        share_file(path, part_path(folder, as_number))
        return arrow_rows(path) if path.suffix == SUFFIX else int(pq.read_metadata(path).num_rows)


def _bounds(part: Path) -> tuple[str, str] | None:
    (members,) = read_arrow(part, [KEY])  # documents are one batch a part
    ids = members.column(KEY)
    return (ids[0].as_py(), ids[-1].as_py()) if len(ids) else None


def _taken(batch: pa.RecordBatch, rows: npt.NDArray[np.integer]) -> pa.RecordBatch:
    if len(rows) == batch.num_rows and np.array_equal(rows, np.arange(len(rows))):
        return batch
    return batch.take(pa.array(rows))


def equal_rows(a: pa.RecordBatch, b: pa.RecordBatch) -> Mask:
    """bool a row: whether all columns are equal there. Both batches have the same columns and as many rows."""
    same = np.ones(a.num_rows, bool)
    if a.equals(b):
        return same
    pairs = [(_plain(a.column(name)), _plain(b.column(name))) for name in a.schema.names]
    nested = [(list_parts(x), list_parts(y)) for x, y in pairs if pa.types.is_list(x.type)]
    for (offsets, _), (others, _) in nested:
        same &= np.diff(offsets) == np.diff(others)
    for (offsets, values), (others, other_values) in nested:
        # only rows of equal length can be laid side by side
        row = np.repeat(np.arange(len(same)), np.diff(offsets))
        other_row = np.repeat(np.arange(len(same)), np.diff(others))
        left, right = same[row], same[other_row]
        differ = ~_equal(values.filter(pa.array(left)), other_values.filter(pa.array(right)))
        same[row[left][differ]] = False
    for x, y in pairs:
        if not pa.types.is_list(x.type):
            same &= _equal(x, y)
    return same


def _plain(column: pa.Array) -> pa.Array:
    """Maps as lists of their entries."""
    if not pa.types.is_map(column.type):
        return column
    key, item = column.type.key_field, column.type.item_field
    return column.cast(pa.list_(pa.struct([key.with_nullable(True), item])))


def _equal(a: pa.Array, b: pa.Array) -> Mask:
    """Value by value; null equals null, and NaN nothing."""
    if pa.types.is_struct(a.type):
        same = np.ones(len(a), bool)
        for at in range(a.type.num_fields):
            same &= _equal(a.field(at), b.field(at))
        return same
    same = np.asarray(pc.fill_null(pc.equal(a, b), False).to_numpy(zero_copy_only=False), bool)
    if a.null_count or b.null_count:
        same |= pc.and_(pc.is_null(a), pc.is_null(b)).to_numpy(zero_copy_only=False)
    return same


def in_member_order(given: Sequence[tuple[pa.RecordBatch, pa.Array]], members: pa.Array) -> pa.RecordBatch:
    """Of each batch (one schema, not none) the rows of some members, all by member in the order of `members`; those of
    one member stay as they stand."""
    source, row, place = [], [], []
    for number, (batch, own) in enumerate(given):
        ids = batch.column(KEY)
        rows = np.flatnonzero(pc.is_in(ids, own).to_numpy(zero_copy_only=False))
        source.append(np.full(len(rows), number))
        row.append(rows)
        place.append(pc.index_in(ids, members).to_numpy(zero_copy_only=False)[rows])
    order = np.argsort(np.concatenate(place), kind="stable")
    from_, at = np.concatenate(source)[order], np.concatenate(row)[order]
    if not len(at):
        return given[0][0].slice(0, 0)
    # most rows stand in long runs, which are copied at once
    starts = np.flatnonzero(np.concatenate([[True], (np.diff(from_) != 0) | (np.diff(at) != 1)]))
    ends = np.append(starts[1:], len(at))
    runs = [given[from_[i]][0].slice(at[i], j - i) for i, j in zip(starts.tolist(), ends.tolist(), strict=True)]
    return pa.concat_batches(runs)


def as_computed(rows: pa.RecordBatch, model: Model) -> pa.RecordBatch:
    """Stored recommendations, or some of their columns, over the Model's own dictionaries, as `recommend` has them."""
    fields = [field for field in RECOMMENDATIONS.schema if field.name in rows.schema.names]
    columns = []
    for field in fields:
        column = rows.column(field.name)
        if pa.types.is_list(field.type) and pa.types.is_dictionary(field.type.value_type):
            offsets, flat = list_parts(column)
            flat = flat if pa.types.is_dictionary(flat.type) else flat.dictionary_encode()
            words = _words(field.name, model)
            codes = pc.index_in(flat.dictionary.cast(pa.string()), words).take(flat.indices)
            column = to_lists(offsets, pa.DictionaryArray.from_arrays(codes, words, safe=False))
        columns.append(column)
    return pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields))


def _words(column: str, model: Model) -> pa.Array:
    """The dictionary `recommend` uses for a column."""
    if column == "course_id":
        return model.courses.ids
    return pa.array(LABELS) if column == "context" else model.evidence[0]
