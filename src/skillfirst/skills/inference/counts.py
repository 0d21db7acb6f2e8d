"""Partial statistics of inference: counted batch by batch anywhere, merged in any order to the same bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from skillfirst.skills.inference.profiles import COLUMNS, held_skills, titles_of
from skillfirst.skills.inference.sampling import Hashes, hash_ids
from skillfirst.skills.inference.settings import Inference
from skillfirst.tables.member_document import DOCUMENT
from skillfirst.tables.sparse import Csr

MILLI = 1_000  # title weights are counted in thousandths of a member: whole numbers add up in any order

Counts = npt.NDArray[np.int64]

COLUMN_SCHEMA = pa.schema([DOCUMENT.field(name) for name in COLUMNS])


@dataclass(frozen=True, slots=True)
class InferenceCounts:
    """What is known after some batches; memory is bounded by `settings.sample` and `settings.documents`.

    `skill_members`: int64, S, members who hold each skill (explicit). `title_members`: int64, T, thousandths of a
    member with a title, over members who hold anything. `pair_key` (title x S + skill, ascending) and `pair_members`
    (thousandths of a member). `hashes` and `lists`: the skill lists of the members with the smallest hashes, in
    that order; `documents`: of the very smallest the columns inference reads.
    """

    members: int
    with_skills: int
    skill_members: Counts
    title_members: Counts
    pair_key: Counts
    pair_members: Counts
    hashes: Hashes
    lists: Csr
    documents: pa.RecordBatch
    sample: int
    document_sample: int

    @property
    def skills(self) -> int:
        return len(self.skill_members)

    @property
    def titles(self) -> int:
        return len(self.title_members)


def take_rows(rows: Csr, order: npt.NDArray[np.int64]) -> Csr:
    """Some rows of a matrix without values, in the order asked for."""
    return take_rows_of_two(rows, rows, order)


def take_rows_of_two(a: Csr, b: Csr, order: npt.NDArray[np.int64]) -> Csr:
    """Some rows of two matrices without values, in the order asked for; those of `b` are numbered behind those of `a`.

    Of samples that fill memory nothing is laid out twice.
    """
    # one layout for the compiler, mapped or not
    parts = [np.require(array, requirements=["C", "W"]) for array in (a.offsets, a.indices, b.offsets, b.indices)]
    offsets, indices = _rows_of_two(*parts, np.ascontiguousarray(order, np.int64))
    return Csr(offsets, indices, None, a.width)


@njit(cache=True, nogil=True)
def _rows_of_two(a_offsets: Any, a: Any, b_offsets: Any, b: Any, order: Any) -> Any:
    many = len(a_offsets) - 1
    offsets = np.zeros(len(order) + 1, np.int64)
    for i in range(len(order)):
        r = order[i]
        if r < many:
            offsets[i + 1] = offsets[i] + a_offsets[r + 1] - a_offsets[r]
        else:
            offsets[i + 1] = offsets[i] + b_offsets[r - many + 1] - b_offsets[r - many]
    out = np.empty(offsets[-1], np.int32)
    for i in range(len(order)):
        r, at = order[i], offsets[i]
        if r < many:
            for p in range(a_offsets[r], a_offsets[r + 1]):
                out[at] = a[p]
                at += 1
        else:
            for p in range(b_offsets[r - many], b_offsets[r - many + 1]):
                out[at] = b[p]
                at += 1
    return offsets, out


def _sum_by_key(keys: Counts, values: Counts) -> tuple[Counts, Counts]:
    if not len(keys):
        return keys, values
    order = np.argsort(keys, kind="stable")
    keys, values = keys[order], values[order]
    starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
    return keys[starts], np.add.reduceat(values, starts)


def title_pairs(held: Csr, title: tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]) -> tuple[Counts, Counts]:
    """(title x S + skill) and thousandths of a member, one entry a pair, over the members of these rows."""
    offsets, codes, weights = title
    thousandths = np.rint(weights.astype(np.float64) * MILLI).astype(np.int64)
    row = np.repeat(np.arange(len(held)), np.diff(offsets))
    lengths = np.diff(held.offsets)[row]
    total = np.zeros(len(row) + 1, np.int64)
    np.cumsum(lengths, out=total[1:])
    places = np.repeat(held.offsets[:-1][row] - total[:-1], lengths) + np.arange(total[-1])
    keys = np.repeat(codes.astype(np.int64), lengths) * held.width + held.indices[places]
    return _sum_by_key(keys, np.repeat(thousandths, lengths))


def title_totals(held: Csr, title: tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]], titles: int) -> Counts:
    """Thousandths of a member a title, over the members of these rows who hold any skill."""
    offsets, codes, weights = title
    row = np.repeat(np.arange(len(held)), np.diff(offsets))
    speaks = np.diff(held.offsets)[row] > 0
    thousandths = np.rint(weights[speaks].astype(np.float64) * MILLI).astype(np.int64)
    out = np.zeros(titles, np.int64)
    np.add.at(out, codes[speaks], thousandths)
    return out


def columns_of(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The columns inference reads, in the document's types."""
    columns = [batch.column(name).cast(COLUMN_SCHEMA.field(name).type) for name in COLUMNS]
    return pa.RecordBatch.from_arrays(columns, schema=COLUMN_SCHEMA)


def count(batch: pa.RecordBatch, skills: int, titles: int, settings: Inference) -> InferenceCounts:
    """The statistics of one batch of documents; `skills` and `titles` are the sizes of the two vocabularies."""
    held = held_skills(batch, skills)
    title = titles_of(batch)
    speaks = np.flatnonzero(np.diff(held.offsets))
    hashes = hash_ids(batch.column("member_id"))[speaks]
    order = np.argsort(hashes, kind="stable")
    chosen = speaks[order][: settings.sample]
    keys, pairs = title_pairs(held, title)
    return InferenceCounts(
        members=batch.num_rows,
        with_skills=len(speaks),
        skill_members=np.bincount(held.indices, minlength=skills).astype(np.int64),
        title_members=title_totals(held, title, titles),
        pair_key=keys,
        pair_members=pairs,
        hashes=hashes[order][: settings.sample],
        lists=take_rows(held, chosen),
        documents=columns_of(batch).take(pa.array(chosen[: settings.documents])),
        sample=settings.sample,
        document_sample=settings.documents,
    )


def merge(a: InferenceCounts, b: InferenceCounts) -> InferenceCounts:
    """The statistics of both parts; associative, and commutative as far as the 64-bit hashes of members differ."""
    hashes = np.concatenate([a.hashes, b.hashes])
    order = np.argsort(hashes, kind="stable")[: a.sample]
    keys, pairs = _sum_by_key(
        np.concatenate([a.pair_key, b.pair_key]), np.concatenate([a.pair_members, b.pair_members])
    )
    first, second = a.documents.num_rows, b.documents.num_rows
    best = order[: a.document_sample]
    places = np.where(best < len(a.hashes), best, best - len(a.hashes) + first)
    documents = pa.concat_batches([a.documents, b.documents]) if second else a.documents
    return InferenceCounts(
        members=a.members + b.members,
        with_skills=a.with_skills + b.with_skills,
        skill_members=a.skill_members + b.skill_members,
        title_members=a.title_members + b.title_members,
        pair_key=keys,
        pair_members=pairs,
        hashes=hashes[order],
        lists=take_rows_of_two(a.lists, b.lists, order),
        documents=documents.take(pa.array(places)),
        sample=a.sample,
        document_sample=a.document_sample,
    )
