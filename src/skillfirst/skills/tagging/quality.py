"""How good a ranking of skills is for one catalogue: the few numbers by which methods are chosen and reported."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

DEPTH = 10
_GAIN = 1 / np.log2(np.arange(2, DEPTH + 2))
_IDEAL = np.concatenate([[1.0], np.cumsum(_GAIN)])

Real = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


def order_within(course: Rows, score: Real, skill: Rows) -> tuple[Rows, Rows]:
    """Candidates sorted by course, falling score, skill code; and the 0-based place of each in its course."""
    order = np.lexsort((skill, -score, course))
    sorted_course = course[order]
    first = np.flatnonzero(np.diff(sorted_course, prepend=-1))
    lengths = np.diff(np.append(first, len(order)))
    return order.astype(np.int64), np.arange(len(order)) - np.repeat(first, lengths)


def ndcg(course: Rows, skill: Rows, score: Real, truth: npt.NDArray[np.bool_], positives: Rows) -> Real:
    """nDCG@10 of every course with at least one true skill, binary, ideal = min(10, true skills) hits.

    `course`, `skill`, `score`, `truth`: of each candidate, course numbered from 0; `positives`: true skills a course,
    candidates or not. Candidates with score <= 0 count as not retrieved.
    """
    order, place = order_within(course, score, skill)
    counted = (place < DEPTH) & truth[order] & (score[order] > 0)
    gain = np.bincount(course[order][counted], _GAIN[place[counted]], minlength=len(positives))
    some = positives > 0
    return np.asarray(gain[some] / _IDEAL[np.minimum(positives[some], DEPTH)], np.float64)
