"""Working memory of one thread: allocated once for a layout, reused for every member."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from skillfirst.ranking.layout import Layout

I4 = npt.NDArray[np.int32]
F8 = npt.NDArray[np.float64]
U8 = npt.NDArray[np.uint64]


class Scratch(NamedTuple):
    """About 100 bytes a course and 24 a skill; clean between members (weight 0, slot -1, exposure 0, factor 1)."""

    once: U8  # courses reached by a skill; after grouping: courses with exactly one matched skill
    twice: U8  # courses to be scored exactly: two or more matched skills, or exposed
    eligible: U8
    used: U8  # courses already on the page
    weight: F8  # by skill
    slot: I4  # by skill: its place among the member's skills
    bit: U8  # by skill: 1 << slot, for members of at most 64 skills
    exposure: F8  # by course
    factor: F8  # by course
    exact_course: I4
    exact_affinity: F8
    exact_score: F8
    exact_bucket: I4
    exact_sorted: I4
    start: I4  # by bucket, into exact_sorted
    mask: U8  # multi buckets x mask words
    size: I4  # by bucket: skills in its set
    load: F8  # by bucket: exposures of its courses
    fade: F8  # by bucket: factor of its courses that were not seen themselves
    value: F8  # by bucket: best score
    order: I4  # buckets, best first
    merge: I4
    table: I4
    cursor: npt.NDArray[np.int64]  # by slot: into the newest postings
    head: I4  # by slot: next course with this skill alone, -1 when there is none
    head_weight: F8
    taken: I4  # by bucket: exact courses drawn so far
    pool_course: I4
    pool_affinity: F8
    pool_score: F8
    pool_start: I4  # by place in `order`
    place: I4  # by course: into pool_*
    rank: I4  # by course: place of its bucket in `order`


def new_scratch(layout: Layout, most_skills: int) -> Scratch:
    """Scratch for members of at most `most_skills` scored skills."""
    courses, skills = len(layout.date_rank), len(layout.heavy_row)
    words = (courses + 63) // 64
    buckets = courses + most_skills + 1
    mask_words = max((most_skills + 63) // 64, 1)
    table = 16
    while table < 2 * courses:
        table *= 2

    def i4(n: int) -> I4:
        return np.zeros(n, np.int32)

    def f8(n: int) -> F8:
        return np.zeros(n, np.float64)

    def u8(n: int) -> U8:
        return np.zeros(n, np.uint64)

    return Scratch(
        once=u8(words), twice=u8(words), eligible=u8(words), used=u8(words),
        weight=f8(skills + 1), slot=np.full(skills + 1, -1, np.int32), bit=u8(skills + 1),
        exposure=f8(courses), factor=np.ones(courses, np.float64),
        exact_course=i4(courses), exact_affinity=f8(courses), exact_score=f8(courses), exact_bucket=i4(courses),
        exact_sorted=i4(courses), start=i4(buckets + 1), mask=np.zeros((courses + 1, mask_words), np.uint64),
        size=i4(buckets), load=f8(buckets), fade=f8(buckets), value=f8(buckets), order=i4(buckets), merge=i4(buckets), table=i4(table),
        cursor=np.zeros(most_skills + 1, np.int64), head=i4(most_skills + 1), head_weight=f8(most_skills + 1),
        taken=i4(buckets), pool_course=i4(courses), pool_affinity=f8(courses), pool_score=f8(courses),
        pool_start=i4(buckets + 1), place=i4(courses), rank=i4(courses),
    )  # fmt: skip
