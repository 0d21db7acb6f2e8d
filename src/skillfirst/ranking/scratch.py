"""Working memory of one thread: allocated once for a layout, reused for every member."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from skillfirst.ranking.layout import Layout

I1 = npt.NDArray[np.uint8]
I4 = npt.NDArray[np.int32]
I8 = npt.NDArray[np.int64]
F8 = npt.NDArray[np.float64]
U8 = npt.NDArray[np.uint64]


class Scratch(NamedTuple):
    """About 110 bytes a course and 4 a skill; clean between members (slot -1, exposure 0, factor 1).

    Slot: place of a skill among the member's, ascending. Bucket: slot j for {skill j} alone, from n on for larger sets.
    """

    words: int  # 64 courses each
    once: U8  # courses reached by a skill; after settling: courses with exactly one matched skill
    twice: U8  # courses to be scored exactly: two or more matched skills, or exposed
    eligible: U8
    used: U8  # courses already on the page
    before: I4  # by word: courses of `twice` in earlier words
    slot: I4  # by skill, -1 for skills the member does not have
    skill: I4  # by slot
    weight: F8  # by slot + 1; the first is 0, the weight of skills the member does not have (slot -1)
    exposure: F8  # by course
    factor: F8  # by course
    hit: I8  # postings of a skill that reach `twice`
    exact_course: I4  # courses of `twice`, ascending
    exact_affinity: F8
    exact_score: F8
    exact_mask: U8  # x mask words: slots the course matches
    exact_bucket: I4
    exact_sorted: I4  # by bucket, each bucket in its own order
    exact_place: I4  # the inverse
    bucket_mask: U8  # larger sets x mask words
    start: I4  # by bucket, into exact_sorted
    taken: I4  # by bucket: exact courses drawn so far
    unsorted: I1  # by bucket: courses of one day, or exposed ones, stand out of order
    size: I4  # by bucket: skills in its set
    load: F8  # by bucket: exposures of its courses
    fade: F8  # by bucket: factor of its courses that were not seen themselves
    value: F8  # by bucket: best score
    order: I4  # buckets, best first
    place: I4  # by bucket: its place in `order`, -1 for none
    key: F8
    merge: I4
    merge_key: F8
    table: I4
    cursor: I8  # by slot: into the newest postings
    turn: I4  # by course of `once`: singles of its bucket before it, where laid
    laid: I1  # by slot: `turn` holds its singles


def new_scratch(layout: Layout, most_skills: int) -> Scratch:
    """Scratch for members of at most `most_skills` scored skills."""
    courses, skills = len(layout.date_rank), len(layout.heavy_row)
    words = (courses + 63) // 64
    buckets = courses + most_skills + 64  # bucket_order pads its keys
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
        words=words,
        once=u8(words), twice=u8(words), eligible=u8(words), used=u8(words), before=i4(words),
        slot=np.full(skills + 1, -1, np.int32), skill=i4(most_skills + 1), weight=f8(most_skills + 2),
        exposure=f8(courses), factor=np.ones(courses, np.float64), hit=np.zeros(courses + 1, np.int64),
        exact_course=i4(courses), exact_affinity=f8(courses), exact_score=f8(courses),
        exact_mask=u8(courses * mask_words), exact_bucket=i4(courses), exact_sorted=i4(courses),
        exact_place=i4(courses), bucket_mask=u8(courses * mask_words), start=i4(buckets + 1), taken=i4(buckets),
        unsorted=np.zeros(buckets, np.uint8), size=i4(buckets), load=f8(buckets), fade=f8(buckets), value=f8(buckets),
        order=i4(buckets), place=i4(buckets), key=f8(buckets), merge=i4(buckets), merge_key=f8(buckets),
        table=i4(table), cursor=np.zeros(most_skills + 1, np.int64), turn=i4(courses),
        laid=np.zeros(most_skills + 1, np.uint8),
    )  # fmt: skip
