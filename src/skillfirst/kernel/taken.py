"""Courses taken by the same member: what co-watching is counted from, bounded whatever the population."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from skillfirst.feedback.watching import Watching
from skillfirst.skills.inference.counts import take_rows, take_rows_of_two
from skillfirst.skills.inference.sampling import hash_ids
from skillfirst.tables.schemas import Interaction
from skillfirst.tables.sparse import Csr, list_parts


@dataclass(frozen=True, slots=True)
class Taken:
    """Courses taken (watched, enrolled, completed) by the members with the smallest hashes, in that order.

    `hashes`: uint64; `lists`: members x courses, no values, only members who took at least two.
    """

    MOST = 1_000_000  # members, memory bound

    hashes: npt.NDArray[np.uint64]
    lists: Csr

    @staticmethod
    def of(batch: pa.RecordBatch, courses: int, watching: Watching) -> Taken:
        offsets, course = list_parts(batch.column("course"))
        kind = list_parts(batch.column("course_kind"))[1].to_numpy(zero_copy_only=False)
        seconds = list_parts(batch.column("course_seconds"))[1].to_numpy(zero_copy_only=False)
        rows = np.repeat(np.arange(batch.num_rows), np.diff(offsets))
        took = (
            (kind == Interaction.ENROL)
            | (kind == Interaction.COMPLETE)
            | ((kind == Interaction.WATCH) & (seconds >= watching.seconds))
        )
        rows, codes = rows[took], course.to_numpy(zero_copy_only=False)[took]
        # documents hold courses ascending: what is taken in several ways stands together
        first = np.ones(len(rows), bool)
        first[1:] = (rows[1:] != rows[:-1]) | (codes[1:] != codes[:-1])
        bounds = np.zeros(batch.num_rows + 1, np.int64)
        np.cumsum(np.bincount(rows[first], minlength=batch.num_rows), out=bounds[1:])
        matrix = Csr(bounds, codes[first].astype(np.int32), None, courses)
        speaks = np.flatnonzero(np.diff(matrix.offsets) > 1)
        hashes = hash_ids(batch.column("member_id"))[speaks]
        order = np.argsort(hashes, kind="stable")[: Taken.MOST]
        return Taken(hashes[order], take_rows(matrix, speaks[order]))

    def plus(self, other: Taken) -> Taken:
        hashes = np.concatenate([self.hashes, other.hashes])
        order = np.argsort(hashes, kind="stable")[: Taken.MOST]
        return Taken(hashes[order], take_rows_of_two(self.lists, other.lists, order))
