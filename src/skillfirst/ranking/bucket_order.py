"""Order of a member's buckets: best score, then size of the set, then skill ids."""

from __future__ import annotations

from skillfirst.ranking.bits import ONE, ZERO, inner, whole

BLOCK = 128  # buckets sorted by counting, before blocks are merged
LANES = 32  # comparisons without a short tail


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
def _sort_block(s, low, high):  # type: ignore[no-untyped-def]
    """Place of a bucket = number of better ones in the block; equal scores keep their order.

    Every score is compared with every other, eight at a time and without branches.
    """
    count = high - low
    padded = (count + LANES - 1) // LANES * LANES
    for at in range(count):
        s.merge_key[at] = s.key[low + at]
        s.merge[at] = 0
    for at in range(count, padded):
        s.merge_key[at] = -1.0
    for at in range(count):
        mine = s.merge_key[at]
        better = 0
        for other in range(padded):
            better += whole(s.merge_key[other] > mine)
        s.place[low + at] = better
    for at in range(count):  # s.merge: how many of this score have their place
        better = s.place[low + at]
        to = better + s.merge[better]
        s.place[low + at] = to
        s.merge[better] += 1
        s.key[low + to] = s.merge_key[at]
    for at in range(count):
        s.merge[s.place[low + at]] = s.order[low + at]
    for at in range(count):
        s.order[low + at] = s.merge[at]


@inner
def _merge_blocks(s, count):  # type: ignore[no-untyped-def]
    """Merge sorted blocks by falling key; equal keys keep their order."""
    width = BLOCK
    while width < count:
        for left in range(0, count, 2 * width):
            mid = min(left + width, count)
            end = min(left + 2 * width, count)
            i, j, k = left, mid, left
            while i < mid and j < end:
                first = s.key[i] >= s.key[j]
                at = i if first else j
                s.merge[k] = s.order[at]
                s.merge_key[k] = s.key[at]
                i += whole(first)
                j += whole(not first)
                k += 1
            while i < mid:
                s.merge[k] = s.order[i]
                s.merge_key[k] = s.key[i]
                i += 1
                k += 1
            while j < end:
                s.merge[k] = s.order[j]
                s.merge_key[k] = s.key[j]
                j += 1
                k += 1
        for k in range(count):
            s.order[k] = s.merge[k]
            s.key[k] = s.merge_key[k]
        width *= 2


@inner
def order_buckets(s, n, mask_words, buckets):  # type: ignore[no-untyped-def]
    """Order the buckets that are not empty into s.order; returns how many. s.place is the inverse, -1 for others."""
    count = whole(0)
    for b in range(buckets):
        s.order[count] = b
        s.key[count] = s.value[b]
        count += whole(s.value[b] > 0.0)
    for low in range(0, count, BLOCK):
        _sort_block(s, low, min(low + BLOCK, count))
    _merge_blocks(s, count)
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
