"""Courses like a course: cosine of skill vectors, each skill weighted by its rarity among courses, plus co-watching."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from skillfirst.tables.sparse import Csr

KEEP = 50
LEAST_COSINE = 0.2


@njit(cache=True, nogil=True)
def _nearest(  # type: ignore[no-untyped-def]
    offsets, skill, weight, post_offsets, post_course, post_weight, near_offsets, near_course, near_value, keep, least,
):  # fmt: skip
    courses = len(offsets) - 1
    score = np.zeros(courses, np.float64)
    touched = np.empty(courses, np.int32)
    out_offsets = np.zeros(courses + 1, np.int64)
    out = np.empty(courses * keep, np.int32)
    made = 0
    for c in range(courses):
        n = 0
        for i in range(offsets[c], offsets[c + 1]):
            s = skill[i]
            for p in range(post_offsets[s], post_offsets[s + 1]):
                other = post_course[p]
                if other == c:
                    continue
                if score[other] == 0.0:
                    touched[n] = other
                    n += 1
                score[other] += weight[i] * post_weight[p]
        for i in range(near_offsets[c], near_offsets[c + 1]):
            other = near_course[i]
            if score[other] == 0.0:
                touched[n] = other
                n += 1
            score[other] += near_value[i]
        near = touched[:n].copy()
        kept = 0
        for i in range(n):
            if score[near[i]] >= least:
                near[kept] = near[i]
                kept += 1
        near = np.sort(near[:kept])
        values = np.empty(kept, np.float64)
        for i in range(kept):
            values[i] = -score[near[i]]
        order = np.argsort(values, kind="mergesort")
        for i in range(min(kept, keep)):
            out[made] = near[order[i]]
            made += 1
        for i in range(n):
            score[touched[i]] = 0.0
        out_offsets[c + 1] = made
    return out_offsets, out[:made]


def similar_courses(
    course_skills: Csr, together: Csr | None = None, keep: int = KEEP, least: float = LEAST_COSINE
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """(offsets, course codes): of each course at most `keep` others, most similar first, then newest.

    Similarity: cosine of skill vectors of unit length (course weight x ln(1 + courses / courses teaching the skill))
    plus the co-watching of `together` (courses x courses, float32); at least `least`.
    """
    courses = len(course_skills)
    taught = np.bincount(course_skills.indices, minlength=course_skills.width)
    rarity = np.log1p(courses / np.maximum(taught, 1))
    weight = course_skills.weights.astype(np.float64) * rarity[course_skills.indices]
    rows = np.repeat(np.arange(courses), np.diff(course_skills.offsets))
    norm = np.sqrt(np.bincount(rows, weight**2, minlength=courses))
    weight = weight / np.maximum(norm[rows], 1e-12)
    post = Csr(course_skills.offsets, course_skills.indices, weight.astype(np.float32), course_skills.width).transpose()
    if together is None:
        together = Csr(np.zeros(courses + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.float32), courses)
    offsets, similar = _nearest(
        np.array(course_skills.offsets), np.array(course_skills.indices), weight, post.offsets, post.indices,
        post.weights.astype(np.float64), np.array(together.offsets), np.array(together.indices),
        together.weights.astype(np.float64), keep, least,
    )  # fmt: skip
    return offsets, similar
