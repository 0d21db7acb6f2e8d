"""The compact form of two tables of a run: codes instead of words, nothing that can be worked out from the rest.

`recommendations`: one row a member and channel as in the full form; of every shown course its code, its affinity, its
bucket, its context and its evidence. `carousel_rank` and `position` follow from `row_length`, scores are kept only
where they are not the affinities. What the codes stand for lies beside the table (`Words`).

`member_skills`: one row a member, the inferred columns of its document; what members said of themselves stands in the
documents of the run and is not written again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from skillfirst.tables.member_document import INFERRED
from skillfirst.tables.outputs import RECOMMENDATIONS
from skillfirst.tables.sparse import list_parts, to_lists

WORD = pa.dictionary(pa.int8(), pa.string())  # of few words a file
# columns of the compact form behind each column of the full one
SOURCES = {
    "course_id": ("course",), "affinity": ("affinity",), "score": ("affinity", "faded", "score"), "bucket": ("bucket",),
    "carousel_rank": ("course", "row_length"), "position": ("course", "row_length"), "context": ("context",),
    "context_evidence": ("evidence",),
}  # fmt: skip
COMPACT_SKILLS = pa.schema([("member_id", pa.string()), *INFERRED])

Array = npt.NDArray[Any]


class Words(NamedTuple):
    """What codes stand for: text arrays by code."""

    course_id: pa.StringArray
    context: pa.StringArray
    context_evidence: pa.StringArray


def compact_schema(courses: int, evidence: int) -> pa.Schema:
    """The compact `recommendations` over so many courses and so many things a context can name.

    `course`: code. `affinity`. `faded`: places in the list, from 0, whose score is not the affinity; `score`: theirs.
    `bucket`: number by first appearance, 0 for none. `row_length`: courses of each carousel in turn, empty in a list
    without carousels. `context`: code. `evidence`: 1 + code, 0 for none.
    """
    course, named = _small(courses), _small(evidence + 1)  # a list has each course once
    return pa.schema(
        [
            ("member_id", pa.string()), ("channel", WORD), RECOMMENDATIONS.schema.field("arms"), ("day", pa.date32()),
            ("model_version", WORD), ("course", pa.list_(course)), ("affinity", pa.list_(pa.float64())),
            ("faded", pa.list_(course)), ("score", pa.list_(pa.float64())), ("bucket", pa.list_(_small(courses + 1))),
            ("row_length", pa.list_(pa.uint16())), ("context", pa.list_(pa.uint8())), ("evidence", pa.list_(named)),
        ]
    )  # fmt: skip


def _small(codes: int) -> pa.DataType:
    return pa.uint16() if codes <= 1 << 16 else pa.uint32()


def faded_scores(
    offsets: Array, affinity: Array, score: Array, place: pa.DataType
) -> tuple[pa.ListArray, pa.ListArray]:
    """(places in the list, scores there) of what has another score than its affinity."""
    at = np.flatnonzero(score != affinity)
    out = np.searchsorted(at, offsets)
    begin = np.repeat(offsets[:-1], np.diff(out))
    places = pa.array((at - begin).astype(place.to_pandas_dtype()), place)
    return to_lists(out, places), to_lists(out, score[at])


def row_lengths(offsets: Array, rank: Array, position: Array) -> pa.ListArray:
    """Courses of each carousel of each list; a list without carousels has rank 0 throughout."""
    starts = np.flatnonzero(position == 1)
    lengths = np.diff(np.append(starts, offsets[-1]))
    real = rank[starts] > 0
    row = np.searchsorted(offsets, starts[real], "right") - 1
    out = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(offsets) - 1))])
    return to_lists(out, lengths[real].astype(np.uint16))


def full_rows(rows: pa.RecordBatch, words: Words, columns: Sequence[str] | None = None) -> pa.RecordBatch:
    """RECOMMENDATIONS, or some of its columns, of rows in the compact form."""
    schema = RECOMMENDATIONS.schema
    fields = [schema.field(name) for name in columns] if columns is not None else list(schema)
    return pa.RecordBatch.from_arrays([_full(field, rows, words) for field in fields], schema=pa.schema(fields))


def columns_behind(columns: Sequence[str] | None) -> list[str] | None:
    """Which columns of the compact form hold these of the full one."""
    if columns is None:
        return None
    return list(dict.fromkeys(source for name in columns for source in SOURCES.get(name, (name,))))


def _full(field: pa.Field, rows: pa.RecordBatch, words: Words) -> pa.Array:
    name = field.name
    if name not in SOURCES:
        return rows.column(name).cast(field.type)
    if name in ("carousel_rank", "position"):
        offsets, rank, position = _places(rows)
        return to_lists(offsets, rank if name == "carousel_rank" else position).cast(field.type)
    offsets, values = list_parts(rows.column(SOURCES[name][0]))
    if name == "affinity":
        return to_lists(offsets, values)
    if name == "score":
        return to_lists(offsets, _scores(rows, offsets, values))
    codes = values.to_numpy(zero_copy_only=False)
    if name == "bucket":
        return to_lists(offsets, pa.array(codes.astype(np.int32), mask=codes == 0)).cast(field.type)
    indices = codes.astype(np.int32)
    known: pa.StringArray = getattr(words, name)
    index = pa.array(indices - 1, mask=indices == 0) if name == "context_evidence" else pa.array(indices)
    return to_lists(offsets, pa.DictionaryArray.from_arrays(index, known)).cast(field.type)


def _scores(rows: pa.RecordBatch, offsets: Array, affinity: pa.Array) -> pa.Array:
    at, places = list_parts(rows.column("faded"))
    if not len(places):
        return affinity
    scores = np.array(affinity.to_numpy(zero_copy_only=False))
    where = np.repeat(offsets[:-1], np.diff(at)) + places.to_numpy(zero_copy_only=False)
    scores[where] = list_parts(rows.column("score"))[1].to_numpy(zero_copy_only=False)
    return pa.array(scores)


def _places(rows: pa.RecordBatch) -> tuple[Array, Array, Array]:
    """(offsets, rank of the carousel or 0, place in it from 1) of every shown course."""
    offsets, _ = list_parts(rows.column("course"))
    shown = np.diff(offsets)
    at, lengths = list_parts(rows.column("row_length"))
    many = np.diff(at)
    plain = (many == 0) & (shown > 0)
    pieces = np.where(plain, 1, many)  # a list without carousels is one piece of rank 0
    begin = np.concatenate([[0], np.cumsum(pieces)])
    owner = np.repeat(np.arange(len(pieces)), pieces)
    length = np.empty(begin[-1], np.int64)
    length[plain[owner]] = shown[plain]
    length[~plain[owner]] = lengths.to_numpy(zero_copy_only=False)
    rank = np.where(plain[owner], 0, np.arange(begin[-1]) - begin[owner] + 1)
    start = np.concatenate([[0], np.cumsum(length)])
    position = np.arange(start[-1]) - np.repeat(start[:-1], length) + 1
    return offsets, np.repeat(rank, length).astype(np.int16), position.astype(np.int16)
