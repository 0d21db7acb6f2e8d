"""Courses taken by the same member: what co-watching is counted from, bounded whatever the population."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from skillfirst.feedback.watching import Watching
from skillfirst.skills.inference.counts import take_rows, take_rows_of_two
from skillfirst.skills.inference.sampling import hash_ids
from skillfirst.tables.documents import Documents
from skillfirst.tables.member_document import Interaction
from skillfirst.tables.sparse import Csr

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
    def of(documents: Documents, courses: int, watching: Watching) -> Taken:
        from skillfirst.kernel.count_loops import taken

        lists = documents.lists
        rows, bounds, codes = taken(
            *lists("course"), lists("course_kind")[1], lists("course_seconds")[1], _COUNTS, int(Interaction.WATCH),
            float(watching.seconds),
        )  # fmt: skip
        hashes = hash_ids(documents.batch.column("member_id"))[rows]
        order = np.argsort(hashes, kind="stable")[: Taken.MOST]
        return Taken(hashes[order], take_rows(Csr(bounds, codes, None, courses), order))

    def plus(self, other: Taken) -> Taken:
        hashes = np.concatenate([self.hashes, other.hashes])
        order = np.argsort(hashes, kind="stable")[: Taken.MOST]
        return Taken(hashes[order], take_rows_of_two(self.lists, other.lists, order))
