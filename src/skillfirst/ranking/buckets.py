"""From a member's weighted skills to ordered buckets: the hot loop's first half.

A bucket is the set of courses whose overlap with the member's skills is the same *set* (never the same float).
Most reached courses share exactly one skill with the member; they are found by two bitmaps and need no scoring
of their own: skill j alone is bucket j. Only courses in `twice` are scored one by one, and their buckets are
numbered from `n` on.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from skillfirst.ranking.bits import ONE, clear_bit, get_bit, popcount, set_bit, trailing_zeros

ZERO = np.uint64(0)
HASH = np.uint64(0x9E3779B97F4A7C15)


@njit(cache=True, nogil=True)
def reach(layout, s, skills, n):  # type: ignore[no-untyped-def]
    """Fill `once` and `twice`: courses that teach at least one, at least two of the member's skills."""
    s.once[:] = ZERO
    s.twice[:] = ZERO
    words = len(s.once)
    for j in range(n):
        skill = skills[j]
        row = layout.heavy_row[skill]
        if row >= 0:
            for w in range(words):
                b = layout.heavy_bits[row, w]
                s.twice[w] |= s.once[w] & b
                s.once[w] |= b
        else:
            for i in range(layout.offsets[skill], layout.offsets[skill + 1]):
                c = layout.newest_course[i]
                w = c >> 6
                b = ONE << np.uint64(c & 63)
                s.twice[w] |= s.once[w] & b
                s.once[w] |= b


@njit(cache=True, nogil=True)
def settle(s, exposed):  # type: ignore[no-untyped-def]
    """Keep what is eligible; send exposed courses to the exact path; leave in `once` the singles alone."""
    for w in range(len(s.once)):
        s.once[w] &= s.eligible[w]
        s.twice[w] &= s.eligible[w]
    for c in exposed:
        if get_bit(s.once, c):
            set_bit(s.twice, c)
    for w in range(len(s.once)):
        s.once[w] &= ~s.twice[w]


@njit(cache=True, nogil=True)
def _find(s, words, found, room):  # type: ignore[no-untyped-def]
    """Bucket of a mask held in s.mask[found]: an earlier one, or `found` itself."""
    h = ZERO
    for w in range(words):
        h = (h ^ s.mask[found, w]) * HASH
        h ^= h >> np.uint64(29)
    at = np.int64(h & np.uint64(room - 1))
    while True:
        b = s.table[at]
        if b < 0:
            s.table[at] = found
            return found
        same = True
        for w in range(words):
            if s.mask[b, w] != s.mask[found, w]:
                same = False
                break
        if same:
            return b
        at = (at + 1) & (room - 1)


@njit(cache=True, nogil=True)
def score_exact(layout, s, n):  # type: ignore[no-untyped-def]
    """Score every course of `twice`; returns (courses, multi buckets).

    Contributions are summed in ascending skill order in float64, so that every engine gets the same bits.
    """
    words = max((n + 63) // 64, 1)
    total = 0
    for w in range(len(s.twice)):
        total += np.int64(popcount(s.twice[w]))
    room = 16
    while room < 2 * total:
        room *= 2
    s.table[:room] = -1
    m = 0
    multi = 0
    for w in range(len(s.twice)):
        x = s.twice[w]
        while x != ZERO:
            c = w * 64 + np.int64(trailing_zeros(x))
            x &= x - ONE
            affinity = 0.0
            if words == 1:
                one = ZERO
                for i in range(layout.record_offsets[c], layout.record_offsets[c + 1]):
                    skill = layout.record_skill[i]
                    one |= s.bit[skill]
                    affinity += s.weight[skill] * layout.record_weight[i]
                s.mask[multi, 0] = one
                bits = np.int64(popcount(one))
                lowest = np.int64(trailing_zeros(one))
            else:
                s.mask[multi, :words] = ZERO
                bits = 0
                lowest = n
                for i in range(layout.record_offsets[c], layout.record_offsets[c + 1]):
                    skill = layout.record_skill[i]
                    j = s.slot[skill]
                    if j >= 0:
                        s.mask[multi, j >> 6] |= ONE << np.uint64(j & 63)
                        affinity += s.weight[skill] * layout.record_weight[i]
                        bits += 1
                        lowest = min(lowest, j)
            if bits == 1:
                bucket = lowest
            else:
                found = _find(s, words, multi, room)
                bucket = n + found
                if found == multi:
                    s.size[bucket] = bits
                    multi += 1
            s.exact_course[m] = c
            s.exact_affinity[m] = affinity
            s.exact_bucket[m] = bucket
            m += 1
    return m, multi


@njit(cache=True, nogil=True)
def _earlier(layout, s, a, b):  # type: ignore[no-untyped-def]
    """Order inside a bucket: exposure class, newest, affinity, course."""
    ca, cb = s.exact_course[a], s.exact_course[b]
    ka, kb = math.floor(s.exposure[ca]), math.floor(s.exposure[cb])
    if ka != kb:
        return ka < kb
    if layout.date_rank[ca] != layout.date_rank[cb]:
        return layout.date_rank[ca] < layout.date_rank[cb]
    if s.exact_affinity[a] != s.exact_affinity[b]:
        return s.exact_affinity[a] > s.exact_affinity[b]
    return ca < cb


@njit(cache=True, nogil=True)
def _sort_bucket(layout, s, low, high):  # type: ignore[no-untyped-def]
    """Merge sort of exact_sorted[low:high]; most buckets already stand in order."""
    ordered = True
    for i in range(low + 1, high):
        if _earlier(layout, s, s.exact_sorted[i], s.exact_sorted[i - 1]):
            ordered = False
            break
    if ordered:
        return
    width = 1
    n = high - low
    while width < n:
        for left in range(0, n, 2 * width):
            mid = min(left + width, n)
            end = min(left + 2 * width, n)
            i, j = left, mid
            for k in range(left, end):
                if j >= end or (i < mid and not _earlier(layout, s, s.exact_sorted[low + j], s.exact_sorted[low + i])):
                    s.merge[k] = s.exact_sorted[low + i]
                    i += 1
                else:
                    s.merge[k] = s.exact_sorted[low + j]
                    j += 1
        for k in range(n):
            s.exact_sorted[low + k] = s.merge[k]
        width *= 2


@njit(cache=True, nogil=True)
def group_exact(layout, s, n, m, multi):  # type: ignore[no-untyped-def]
    """Lay the exact courses under their buckets, each bucket in its own order."""
    buckets = n + multi
    s.start[: buckets + 1] = 0
    for i in range(m):
        s.start[s.exact_bucket[i] + 1] += 1
    for b in range(buckets):
        s.start[b + 1] += s.start[b]
        s.taken[b] = 0
    for i in range(m):
        b = s.exact_bucket[i]
        s.exact_sorted[s.start[b] + s.taken[b]] = i
        s.taken[b] += 1
    for b in range(buckets):
        s.taken[b] = 0
        if s.start[b + 1] - s.start[b] > 1:
            _sort_bucket(layout, s, s.start[b], s.start[b + 1])


@njit(cache=True, nogil=True)
def next_single(layout, s, skills, j):  # type: ignore[no-untyped-def]
    """Move slot j to its next course that has skill j alone, newest first."""
    skill = skills[j]
    end = layout.offsets[skill + 1]
    i = s.cursor[j]
    while i < end:
        c = layout.newest_course[i]
        if get_bit(s.once, c):
            s.head[j] = c
            s.head_weight[j] = layout.newest_weight[i]
            s.cursor[j] = i + 1
            return
        i += 1
    s.cursor[j] = end
    s.head[j] = -1


@njit(cache=True, nogil=True)
def load_buckets(s, n, m, multi):  # type: ignore[no-untyped-def]
    """Sum the exposures of every bucket's courses (in course order) into s.load; nothing has faded yet."""
    for b in range(n + multi):
        s.load[b] = 0.0
        s.fade[b] = 1.0
    for i in range(m):
        s.load[s.exact_bucket[i]] += s.exposure[s.exact_course[i]]


@njit(cache=True, nogil=True)
def value_buckets(layout, s, skills, n, m, multi):  # type: ignore[no-untyped-def]
    """Best score of every bucket; returns how many are not empty, their numbers in s.order.

    s.factor (by course) fades the exposed ones, s.fade (by bucket) those that only share a seen course's set.
    """
    buckets = n + multi
    for b in range(buckets):
        s.value[b] = -1.0
    for i in range(m):
        b, c = s.exact_bucket[i], s.exact_course[i]
        faded = s.factor[c] if s.exposure[c] > 0.0 else s.fade[b]
        s.exact_score[i] = s.exact_affinity[i] * faded
        s.value[b] = max(s.value[b], s.exact_score[i])
    for j in range(n):
        s.size[j] = 1
        skill = skills[j]
        s.cursor[j] = layout.offsets[skill]
        next_single(layout, s, skills, j)
        if s.head[j] >= 0:
            for i in range(layout.offsets[skill], layout.offsets[skill + 1]):
                if get_bit(s.once, layout.best_course[i]):
                    s.value[j] = max(s.value[j], s.weight[skill] * layout.best_weight[i] * s.fade[j])
                    break
    count = 0
    for b in range(buckets):
        if s.value[b] > 0.0:
            s.order[count] = b
            count += 1
    return count


@njit(cache=True, nogil=True)
def _better(s, n, words, a, b):  # type: ignore[no-untyped-def]
    """Order of buckets: best score, size of the set, skill ids."""
    if s.value[a] != s.value[b]:
        return s.value[a] > s.value[b]
    if s.size[a] != s.size[b]:
        return s.size[a] > s.size[b]
    if a < n:  # size 1: slots ascend with skill ids
        return a < b
    for w in range(words):
        x, y = s.mask[a - n, w], s.mask[b - n, w]
        if x != y:  # equal sizes: the set that has the lowest differing skill comes first
            differing = x ^ y
            return (x & (differing & (~differing + ONE))) != ZERO
    return False


@njit(cache=True, nogil=True)
def order_buckets(s, n, count):  # type: ignore[no-untyped-def]
    """Merge sort of s.order[:count]."""
    words = max((n + 63) // 64, 1)
    width = 1
    while width < count:
        for left in range(0, count, 2 * width):
            mid = min(left + width, count)
            end = min(left + 2 * width, count)
            i, j = left, mid
            for k in range(left, end):
                if j >= end or (i < mid and not _better(s, n, words, s.order[j], s.order[i])):
                    s.merge[k] = s.order[i]
                    i += 1
                else:
                    s.merge[k] = s.order[j]
                    j += 1
        for k in range(count):
            s.order[k] = s.merge[k]
        width *= 2


@njit(cache=True, nogil=True)
def build_buckets(layout, s, skills, n, exposed):  # type: ignore[no-untyped-def]
    """Reach, settle, score and group; returns (exact courses, multi buckets)."""
    reach(layout, s, skills, n)
    settle(s, exposed)
    m, multi = score_exact(layout, s, n)
    group_exact(layout, s, n, m, multi)
    load_buckets(s, n, m, multi)
    return m, multi


@njit(cache=True, nogil=True)
def rest(s, courses):  # type: ignore[no-untyped-def]
    """Take courses out of this member's eligible ones."""
    for c in courses:
        clear_bit(s.eligible, c)
