"""How people respond to courses, learned from what was shown and clicked.

A card is clicked at overall rate x place x level gap x language x course: where it stood, how far its level is from
the member's, whether it is in a language the member named, and how this course is taken up beside others in the same
places. Each effect is clicks over expected clicks given the others (iterated in turn: a Poisson regression), with a
Gamma prior around 1, so that little evidence changes little (empirical Bayes: the prior of courses is as wide as
courses truly differ beyond chance). Places are only corrected for: they say what is seen, not what is liked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from skillfirst.ranking.response_counts import CELLS, GAPS, PLACES, UNKNOWN_GAP, ResponseCounts

F4 = npt.NDArray[np.float32]
F8 = npt.NDArray[np.float64]
I4 = npt.NDArray[np.int32]
I8 = npt.NDArray[np.int64]

LEAST_CLICKS = 100  # under which nothing is learned
PLACE_PRIOR, GAP_PRIOR, FOREIGN_PRIOR = 10.0, 10.0, 5.0  # clicks, as are all priors here
COURSE_PRIOR_LEAST = 4.0  # however much courses seem to differ
MOST = 4.0  # a course counts at most so many times as much as another, and at least so many times less
ROUNDS = 12
CLASS_STEP = 0.25  # nats of response that set popular courses apart; nearer ones stand by how many took them


@dataclass(frozen=True, slots=True, eq=False)
class Response:
    """Factors on the click rate, 1 where nothing is known. `course`: float64 by course. `gap`: float64, 0, 1 and 2
    levels apart. `foreign`: of a course in a language the member does not name, beside one in a named language.
    `clicks`: how many it was learned from."""

    course: F8
    gap: F8
    foreign: float
    clicks: int

    def of_courses(self) -> F4:
        """By course, whoever the member is: float32 in [1 / MOST, MOST]."""
        return np.clip(self.course, 1.0 / MOST, MOST).astype(np.float32)

    def factors(self, level: npt.NDArray[np.integer[Any]], member_level: int) -> F4:
        """Of all courses for a member of this level (0: unknown): float32 in [1 / MOST, MOST]."""
        apart = np.abs(level.astype(np.int64) - member_level)
        known = (level > 0) & (member_level > 0)
        fits = np.where(known, self.gap[np.minimum(apart, len(self.gap) - 1)], 1.0)
        return np.clip(self.course * fits, 1.0 / MOST, MOST).astype(np.float32)


def fit_response(counts: ResponseCounts, courses: int) -> Response | None:
    """The response of `courses` courses; None where the log holds fewer than LEAST_CLICKS clicks."""
    clicks = int(counts.clicked.sum())
    if clicks < LEAST_CLICKS:
        return None
    course, cell = counts.keys // CELLS, counts.keys % CELLS
    gap, foreign, place = cell // PLACES % GAPS, cell // (PLACES * GAPS), cell % PLACES
    shown, clicked = counts.shown.astype(np.float64), counts.clicked.astype(np.float64)
    shown *= clicks / shown.sum()  # expected clicks at the overall rate
    groups = (place, gap, foreign, course)
    sizes = (PLACES, GAPS, 2, courses)
    effects = [np.ones(size) for size in sizes]
    priors = [PLACE_PRIOR, GAP_PRIOR, FOREIGN_PRIOR, np.inf]
    for _ in range(ROUNDS):
        for k, (group, size) in enumerate(zip(groups, sizes, strict=True)):
            rest = shown.copy()
            for j, other in enumerate(groups):
                if j != k:
                    rest *= effects[j][other]
            got, expected = np.bincount(group, clicked, size), np.bincount(group, rest, size)
            if k == 3:
                priors[k] = _prior(got, expected)
                effects[k] = np.ones(size) if priors[k] == np.inf else (got + priors[k]) / (expected + priors[k])
            else:
                effects[k] = (got + priors[k]) / (expected + priors[k])
    due = np.bincount(gap, shown * effects[0][place] * effects[2][foreign] * effects[3][course], GAPS)
    known = np.arange(GAPS) != UNKNOWN_GAP
    usual = float((effects[1] * due)[known].sum() / due[known].sum()) if due[known].sum() > 0 else 1.0
    return Response(effects[3], effects[1][known] / usual, float(effects[2][1] / effects[2][0]), clicks)


def _prior(got: npt.NDArray[Any], expected: npt.NDArray[Any]) -> float:
    """Clicks the Gamma prior of courses is worth: 1 / variance of their effects beyond chance, by moments."""
    square = float((expected**2).sum())
    beyond = float(((got - expected) ** 2 - expected).sum()) / square if square > 0 else 0.0
    return max(1.0 / beyond, COURSE_PRIOR_LEAST) if beyond > 0 else np.inf


def by_response(offsets: I8, course: I4, sorted_: npt.NDArray[np.bool_], factors: F4) -> I4:
    """Course lists (offsets, course): those marked in `sorted_` by class of response, equal ones as they stand."""
    stage = -np.round(np.log(factors.astype(np.float64)) / CLASS_STEP).astype(np.int64)
    lists = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    key = np.where(sorted_[lists], stage[course], 0)
    return np.asarray(course[np.lexsort((key, lists))], np.int32)
