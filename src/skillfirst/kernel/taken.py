"""Courses taken by the same member: what co-watching is counted from, bounded whatever the population."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from skillfirst.feedback.watching import Watching
from skillfirst.skills.inference.counts import take_rows, take_rows_of_two
from skillfirst.skills.inference.sampling import hash_ids
from skillfirst.tables.member_document import Interaction
from skillfirst.tables.sparse import Csr, flat

_COUNTS = np.isin(np.arange(1 + max(Interaction)), (Interaction.ENROL, Interaction.COMPLETE)).astype(np.uint8)


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
        from skillfirst.kernel.count_loops import taken

        # copies, so that the loop sees one layout and is compiled once
        columns = flat(batch, "course_kind", np.int8)[1], flat(batch, "course_seconds", np.int32)[1]
        offsets, course, kind, seconds = map(np.array, (*flat(batch, "course", np.int32), *columns))
        rows, bounds, codes = taken(
            offsets, course, kind, seconds, _COUNTS.copy(), int(Interaction.WATCH), float(watching.seconds)
        )
        hashes = hash_ids(batch.column("member_id"))[rows]
        order = np.argsort(hashes, kind="stable")[: Taken.MOST]
        return Taken(hashes[order], take_rows(Csr(bounds, codes, None, courses), order))

    def plus(self, other: Taken) -> Taken:
        hashes = np.concatenate([self.hashes, other.hashes])
        order = np.argsort(hashes, kind="stable")[: Taken.MOST]
        return Taken(hashes[order], take_rows_of_two(self.lists, other.lists, order))
