"""Who learns what in which cohort: the counts behind popular and trending courses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from skillfirst.contexts.trending import WEEK
from skillfirst.kernel.catalogue import Catalogue
from skillfirst.tables.documents import Documents
from skillfirst.tables.member_document import ENGAGED, Interaction

Longs = npt.NDArray[np.int64]
DENSE = 1 << 16  # cells that are counted whether there is anything in them or not
COHORTS = ("all", "title", "family", "industry")
_ENGAGED = np.isin(np.arange(1 + max(Interaction)), ENGAGED).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Learners:
    """Learners of a kind of cohort by (cohort, course): ever, in the last week, in the weeks before.

    `keys`: int64, cohort x courses + course, ascending; `counts`: int64, keys x 3. `active`: learners by cohort in
    both periods.
    """

    keys: Longs
    counts: Longs
    active: Longs

    @staticmethod
    def of(cohort: Longs, course: Longs, window: Longs, member: Longs, cohorts: int, courses: int) -> Learners:
        """From one entry a (member, course), ascending by member, who is of one cohort of a kind."""
        cell = cohort * courses + course
        known = None
        if cohorts * courses > 4 * len(cell) + DENSE:  # else counting everything there could be is quicker than sorting
            known, cell = np.unique(cell, return_inverse=True)
        cells = len(known) if known is not None else cohorts * courses
        each = [np.bincount(places, minlength=cells) for places in (cell, cell[window == 1], cell[window == 2])]
        there = np.flatnonzero(each[0])
        counts = np.stack([column[there] for column in each], axis=1).astype(np.int64)
        active = window > 0
        cohort, member = cohort[active], member[active]
        first = np.ones(len(member), bool)
        first[1:] = member[1:] != member[:-1]
        return Learners(known if known is not None else there, counts, np.bincount(cohort[first], minlength=cohorts))

    def plus(self, other: Learners) -> Learners:
        keys = np.union1d(self.keys, other.keys)
        counts = np.zeros((len(keys), 3), np.int64)
        for one in (self, other):
            counts[np.searchsorted(keys, one.keys)] += one.counts
        return Learners(keys, counts, self.active + other.active)


def cohort_sizes(catalogue: Catalogue) -> dict[str, int]:
    """How many cohorts of each kind there are."""
    taxonomy = catalogue.taxonomy
    return {
        "all": 1,
        "title": len(taxonomy.titles),
        "family": len(taxonomy.families),
        "industry": len(catalogue.industries),
    }


def count_learners(documents: Documents, catalogue: Catalogue, weeks: int) -> dict[str, Learners]:
    """Learners of every kind of cohort among these documents; a course is learned in the week of its newest event.
    `weeks`: before the last one, to which it is compared."""
    from skillfirst.kernel.count_loops import learned

    lists = documents.lists
    rows, course_code, window = learned(
        *lists("course"), lists("course_kind")[1], lists("course_time")[1], documents.numbers("now"), _ENGAGED,
        WEEK, weeks,
    )  # fmt: skip
    title = documents.first("title")
    family = (
        np.where(title >= 0, catalogue.taxonomy.title_family[title], -1) if len(catalogue.taxonomy.titles) else title
    )
    cohort = {
        "all": np.zeros(documents.num_rows, np.int64),
        "title": title,
        "family": family,
        "industry": documents.codes("industry", catalogue.industries),
    }
    sizes = cohort_sizes(catalogue)
    out = {}
    for name in COHORTS:
        mine = cohort[name][rows]
        known = mine >= 0
        out[name] = Learners.of(
            mine[known].astype(np.int64), course_code[known], window[known], rows[known], sizes[name],
            max(len(catalogue.cards), 1),
        )  # fmt: skip
    return out
