"""Courses taken by the same members: cosine of their learners, shrunk where few agree."""

from __future__ import annotations

import numpy as np
from numba import njit

from skillfirst.tables.sparse import Csr

KEEP = 100
LEAST_LEARNERS = 5  # nothing is said from fewer people than this
SHRINK = 10.0  # common learners at which half of the cosine is believed


@njit(cache=True, nogil=True)
def _together(offsets, course, taken_offsets, taken, keep, least, shrink):  # type: ignore[no-untyped-def]
    courses = len(offsets) - 1
    count = np.zeros(courses, np.int64)
    touched = np.empty(courses, np.int32)
    out_offsets = np.zeros(courses + 1, np.int64)
    out = np.empty(courses * keep, np.int32)
    value = np.empty(courses * keep, np.float32)
    made = 0
    for c in range(courses):
        n = 0
        for i in range(offsets[c], offsets[c + 1]):
            member = course[i]
            for j in range(taken_offsets[member], taken_offsets[member + 1]):
                other = taken[j]
                if other == c:
                    continue
                if count[other] == 0:
                    touched[n] = other
                    n += 1
                count[other] += 1
        near = np.sort(touched[:n])
        score = np.zeros(n, np.float64)
        own = offsets[c + 1] - offsets[c]
        for i in range(n):
            other = near[i]
            both = count[other]
            count[other] = 0
            if both >= least:
                cosine = both / np.sqrt(float(own) * float(offsets[other + 1] - offsets[other]))
                score[i] = -cosine * both / (both + shrink)
        order = np.argsort(score, kind="mergesort")[:keep]
        chosen = np.sort(order)
        for i in range(len(chosen)):
            if score[chosen[i]] < 0.0:
                out[made] = near[chosen[i]]
                value[made] = -score[chosen[i]]
                made += 1
        out_offsets[c + 1] = made
    return out_offsets, out[:made], value[:made]


def co_watched(taken: Csr, keep: int = KEEP) -> Csr:
    """Courses x courses: the `keep` courses most often taken together with each, float32 in (0, 1].

    `taken`: members x courses, no values. cosine(i, j) x n_ij / (n_ij + 10), pairs of fewer than five learners are
    left out; no pair is ever materialised.
    """
    learners = Csr(taken.offsets, taken.indices, None, taken.width).transpose()
    offsets, course, value = _together(
        learners.offsets, learners.indices, taken.offsets, taken.indices, keep, LEAST_LEARNERS, SHRINK
    )
    return Csr(offsets, course, value, taken.width)
