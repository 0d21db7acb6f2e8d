"""One course from each bucket in turn, then again from the first: the hot loop's second half."""

from __future__ import annotations

from numba import njit

from skillfirst.ranking.buckets import next_single


@njit(cache=True, nogil=True)
def _before(layout, s, single, affinity, i):  # type: ignore[no-untyped-def]
    """Does an unexposed single (class 0) come before exact course i of the same bucket?"""
    c = s.exact_course[i]
    if s.exposure[c] >= 1.0:
        return True
    if layout.date_rank[single] != layout.date_rank[c]:
        return layout.date_rank[single] < layout.date_rank[c]
    if affinity != s.exact_affinity[i]:
        return affinity > s.exact_affinity[i]
    return single < c


@njit(cache=True, nogil=True)
def take(layout, s, skills, n, b):  # type: ignore[no-untyped-def]
    """Draw the next course of bucket b: (course, affinity, score), course -1 when the bucket is exhausted."""
    at = s.start[b] + s.taken[b]
    more = at < s.start[b + 1]
    if b < n and s.head[b] >= 0:
        c = s.head[b]
        affinity = s.weight[skills[b]] * s.head_weight[b]
        if not more or _before(layout, s, c, affinity, s.exact_sorted[at]):
            next_single(layout, s, skills, b)
            return c, affinity, affinity * s.fade[b]
    if more:
        s.taken[b] += 1
        i = s.exact_sorted[at]
        return s.exact_course[i], s.exact_affinity[i], s.exact_score[i]
    return -1, 0.0, 0.0


@njit(cache=True, nogil=True)
def draw(layout, s, skills, n, count, k, course, affinity, score, bucket):  # type: ignore[no-untyped-def]
    """Draw at most k courses round robin over s.order[:count] into the output rows; returns how many.

    bucket: number of the bucket by first appearance, from 1. The first turn visits the buckets in order and
    none of them is empty, so it is the bucket's place in that order.
    """
    for place in range(count):
        s.merge[place] = place
    drawn = 0
    alive = count
    while alive > 0 and drawn < k:
        kept = 0
        for at in range(alive):
            place = s.merge[at]
            c, a, sc = take(layout, s, skills, n, s.order[place])
            if c < 0:
                continue
            s.merge[kept] = place
            kept += 1
            course[drawn] = c
            affinity[drawn] = a
            score[drawn] = sc
            bucket[drawn] = place + 1
            drawn += 1
            if drawn == k:
                return drawn
        alive = kept
    return drawn


@njit(cache=True, nogil=True)
def lay_pools(layout, s, skills, n, count):  # type: ignore[no-untyped-def]
    """Lay every bucket out in full, in drawing order, for the rows of a page.

    After this s.pool_*[s.pool_start[p]:s.pool_start[p + 1]] are the courses of the p-th bucket, s.place says where
    a course stands and s.rank in which bucket: it is drawn in turn `place - pool_start[rank]`.
    """
    for j in range(n):
        s.cursor[j] = layout.offsets[skills[j]]
        next_single(layout, s, skills, j)
    at = 0
    s.pool_start[0] = 0
    for p in range(count):
        b = s.order[p]
        s.taken[b] = 0
        while True:
            c, affinity, score = take(layout, s, skills, n, b)
            if c < 0:
                break
            s.pool_course[at] = c
            s.pool_affinity[at] = affinity
            s.pool_score[at] = score
            s.place[c] = at
            s.rank[c] = p
            at += 1
        s.pool_start[p + 1] = at
