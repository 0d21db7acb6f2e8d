"""One course from each bucket in turn, then again from the first: the hot loop's second half."""

from __future__ import annotations

import numpy as np

from skillfirst.ranking.bits import get_bit, inner, prefetch, whole


@inner
def newer_single(layout, s, single, affinity, at):  # type: ignore[no-untyped-def]
    """Does an unexposed single (class 0) come before exact course `at` of the same bucket?"""
    c = s.exact_course[at]
    if s.exposure[c] >= 1.0:
        return True
    if layout.date_rank[single] != layout.date_rank[c]:
        return layout.date_rank[single] < layout.date_rank[c]
    if affinity != s.exact_affinity[at]:
        return affinity > s.exact_affinity[at]
    return single < c


@inner
def rewind(layout, s, n, b):  # type: ignore[no-untyped-def]
    """Begin bucket b again."""
    s.taken[b] = 0
    if b < n:
        s.cursor[b] = layout.offsets[s.skill[b]]


@inner
def take(layout, s, n, b):  # type: ignore[no-untyped-def]
    """Draw the next course of bucket b: (course, affinity, score), course -1 when the bucket is exhausted."""
    place = s.start[b] + s.taken[b]
    more = place < s.start[b + 1]
    if b < n:
        skill = s.skill[b]
        end = layout.offsets[skill + 1]
        i = s.cursor[b]
        while i < end and not get_bit(s.once, layout.newest_course[i]):
            i += 1
        s.cursor[b] = i
        if i < end:
            c = layout.newest_course[i]
            affinity = s.weight[b + 1] * layout.newest_weight[i]
            if not more or newer_single(layout, s, c, affinity, whole(s.exact_sorted[place])):
                s.cursor[b] = i + 1
                return c, affinity, affinity * s.fade[b]
    if more:
        s.taken[b] += 1
        at = s.exact_sorted[place]
        return s.exact_course[at], s.exact_affinity[at], s.exact_score[at]
    return -1, 0.0, 0.0


@inner
def draw(layout, s, n, count, k, out, at):  # type: ignore[no-untyped-def]
    """Draw at most k courses round robin over s.order[:count] into the output from `at` on; returns how many.

    bucket: number of the bucket by first appearance, from 1. The first turn visits the buckets in order and
    none of them is empty, so it is the bucket's place in that order.
    """
    queue = s.merge
    for place in range(count):
        queue[place] = place
    drawn = 0
    alive = count
    while alive > 0 and drawn < k:
        kept = 0
        for q in range(alive):
            place = queue[q]
            c, affinity, score = take(layout, s, n, s.order[place])
            if c < 0:
                continue
            queue[kept] = place
            kept += 1
            prefetch(layout.record_offsets, c)  # whoever explains the draw looks it up
            out.course[at + drawn] = c
            out.affinity[at + drawn] = affinity
            out.score[at + drawn] = score
            out.bucket[at + drawn] = place + 1
            drawn += 1
            if drawn == k:
                return drawn
        alive = kept
    return drawn


@inner
def draw_by_score(layout, s, n, count, k, out, at):  # type: ignore[no-untyped-def]
    """As `draw`, but by score alone (ties: the earlier bucket, then its order): what round robin is compared with.

    bucket: the bucket's place in its order, from 1, until `number_buckets`.
    """
    most = 0
    for place in range(count):
        while take(layout, s, n, s.order[place])[0] >= 0:
            most += 1
        rewind(layout, s, n, s.order[place])
    courses, places = np.empty(most, np.int32), np.empty(most, np.int32)
    affinities, scores = np.empty(most, np.float64), np.empty(most, np.float64)
    found = 0
    for place in range(count):
        while found < most:
            c, affinity, score = take(layout, s, n, s.order[place])
            if c < 0:
                break
            courses[found], places[found], affinities[found], scores[found] = c, place + 1, affinity, -score
            found += 1
    best = np.argsort(scores, kind="mergesort")
    drawn = min(k, found)
    for p in range(drawn):
        i = best[p]
        out.course[at + p] = courses[i]
        out.affinity[at + p] = affinities[i]
        out.score[at + p] = -scores[i]
        out.bucket[at + p] = places[i]
    return drawn


@inner
def number_buckets(s, count, out, at, found):  # type: ignore[no-untyped-def]
    """Number the buckets of out[at : at + found] by first appearance, from 1."""
    numbers = s.merge
    for place in range(count):
        numbers[place] = 0
    numbered = 0
    for p in range(at, at + found):
        place = out.bucket[p] - 1
        if numbers[place] == 0:
            numbered += 1
            numbers[place] = numbered
        out.bucket[p] = numbers[place]
