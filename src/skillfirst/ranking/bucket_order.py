"""Order of a member's buckets: best score, then size of the set, then skill ids."""

from __future__ import annotations

from skillfirst.ranking.bits import ONE, ZERO, inner, whole
from skillfirst.ranking.scratch import BLOCK

# up to so many buckets each is compared with all others, eight at a time and without branches
FEW = 256


@inner
def _tie(s, n, mask_words, a, b):  # type: ignore[no-untyped-def]
    """Does bucket a come before bucket b of the same score?"""
    if s.size[a] != s.size[b]:
        return s.size[a] > s.size[b]
    if a < n:  # size 1: slots ascend with skill ids
        return a < b
    for w in range(mask_words):
        x, y = s.bucket_mask[(a - n) * mask_words + w], s.bucket_mask[(b - n) * mask_words + w]
        if x != y:  # equal sizes: the set that has the lowest differing skill comes first
            differing = x ^ y
            return (x & (differing & (~differing + ONE))) != ZERO
    return False


@inner
def _sort_few(s, count):  # type: ignore[no-untyped-def]
    """Place of a bucket = number of better ones; equal scores keep their order."""
    padded = (count + BLOCK - 1) // BLOCK * BLOCK
    for at in range(count, padded):
        s.key[at] = -1.0
    for at in range(padded):
        s.merge[at] = 0
    for at in range(count):
        mine = s.key[at]
        better = 0
        for other in range(padded):
            better += whole(s.key[other] > mine)
        s.place[at] = better
    for at in range(count):  # how many of this score stand there already
        better = s.place[at]
        s.place[at] = better + s.merge[better]
        s.merge[better] += 1
    for at in range(count):
        s.merge[s.place[at]] = s.order[at]
        s.merge_key[s.place[at]] = s.key[at]
    for at in range(count):
        s.order[at] = s.merge[at]
        s.key[at] = s.merge_key[at]


@inner
def _sort_many(s, count):  # type: ignore[no-untyped-def]
    """Merge sort by falling key; equal keys keep their order."""
    width = 1
    while width < count:
        for left in range(0, count, 2 * width):
            mid = min(left + width, count)
            end = min(left + 2 * width, count)
            i, j = left, mid
            for k in range(left, end):
                if j >= end or (i < mid and s.key[j] <= s.key[i]):
                    s.merge[k] = s.order[i]
                    s.merge_key[k] = s.key[i]
                    i += 1
                else:
                    s.merge[k] = s.order[j]
                    s.merge_key[k] = s.key[j]
                    j += 1
        for k in range(count):
            s.order[k] = s.merge[k]
            s.key[k] = s.merge_key[k]
        width *= 2


@inner
def order_buckets(s, n, mask_words, buckets):  # type: ignore[no-untyped-def]
    """Order the buckets that are not empty into s.order; returns how many. s.place is the inverse, -1 for others."""
    count = 0
    for b in range(buckets):
        s.order[count] = b
        s.key[count] = s.value[b]
        count += whole(s.value[b] > 0.0)
    if count <= FEW:
        _sort_few(s, count)
    else:
        _sort_many(s, count)
    for at in range(1, count):
        b, to = s.order[at], at
        while to > 0 and s.key[to - 1] == s.key[at] and _tie(s, n, mask_words, b, s.order[to - 1]):
            s.order[to] = s.order[to - 1]
            to -= 1
        s.order[to] = b
    for b in range(buckets):
        s.place[b] = -1
    for at in range(count):
        s.place[s.order[at]] = at
    return count
