"""The grid: rows in carousel order, one pass, each taking from its pool the first courses not used above.

The buckets arrive laid out in drawing order (`s`, the ranking's working memory). A row that ends with fewer than
`least` courses is dropped and gives its courses back.
"""

from __future__ import annotations

import numpy as np
from numba import njit

ONE = np.uint64(1)
ZERO = np.uint64(0)


@njit(cache=True, nogil=True, inline="always")
def _has(words, i):  # type: ignore[no-untyped-def]
    return (words[i >> 6] >> np.uint64(i & 63)) & ONE != ZERO


@njit(cache=True, nogil=True)
def _reached(s, c):  # type: ignore[no-untyped-def]
    return _has(s.once, c) or _has(s.twice, c)


@njit(cache=True, nogil=True)
def take_by_skills(s, n, count, wanted, limit, row):  # type: ignore[no-untyped-def]
    """Courses whose matched skills include a slot of the bit set `wanted`, in feed order; returns how many."""
    words = len(wanted)
    alive = 0
    for p in range(count):
        b = s.order[p]
        hit = False
        if b < n:
            hit = _has(wanted, b)
        else:
            for w in range(words):
                if s.mask[b - n, w] & wanted[w] != ZERO:
                    hit = True
                    break
        if hit:
            s.merge[alive] = p
            alive += 1
    found = 0
    turn = 0
    while alive > 0 and found < limit:
        kept = 0
        for at in range(alive):
            p = s.merge[at]
            i = s.pool_start[p] + turn
            if i >= s.pool_start[p + 1]:
                continue
            s.merge[kept] = p
            kept += 1
            c = s.pool_course[i]
            if found < limit and not _has(s.used, c):
                row[found] = c
                found += 1
        alive = kept
        turn += 1
    return found


@njit(cache=True, nogil=True)
def take_in_order(s, courses, low, high, limit, row):  # type: ignore[no-untyped-def]
    """Courses of a list in the list's own order, as far as they are eligible and not used."""
    found = 0
    for i in range(low, high):
        c = courses[i]
        if _has(s.eligible, c) and not _has(s.used, c):
            row[found] = c
            found += 1
            if found == limit:
                break
    return found


@njit(cache=True, nogil=True)
def take_in_feed_order(s, courses, low, high, limit, row, keys):  # type: ignore[no-untyped-def]
    """Courses of a list in feed order: by turn, then bucket; those without a matched skill follow as listed."""
    found = 0
    last = np.int64(1) << 60
    for i in range(low, high):
        c = courses[i]
        if not _has(s.eligible, c) or _has(s.used, c):
            continue
        key = last + i
        if _reached(s, c):
            p = s.rank[c]
            key = (np.int64(s.place[c] - s.pool_start[p]) << 32) + p
        at = found
        while at > 0 and keys[at - 1] > key:
            keys[at] = keys[at - 1]
            row[at] = row[at - 1]
            at -= 1
        keys[at] = key
        row[at] = c
        found += 1
    return min(found, limit)


@njit(cache=True, nogil=True)
def use(s, row, found):  # type: ignore[no-untyped-def]
    """A kept row uses its courses up."""
    for i in range(found):
        c = row[i]
        s.used[c >> 6] |= ONE << np.uint64(c & 63)
