"""Rows of the page whose courses come from lists, in the list's own order, as far as they are eligible and not used.

`s` is the ranking's working memory: `eligible` and `used` are sets of courses as bits of uint64 words.
"""

from __future__ import annotations

import numpy as np
from numba import njit

ONE = np.uint64(1)
ZERO = np.uint64(0)

_inner = njit(nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)


@_inner
def _free(s, c):  # type: ignore[no-untyped-def]
    return ((s.eligible[c >> 6] & ~s.used[c >> 6]) >> np.uint64(c & 63)) & ONE != ZERO


@_inner
def take_in_order(s, courses, low, high, limit, row):  # type: ignore[no-untyped-def]
    """First `limit` courses of courses[low:high] into `row`; returns how many."""
    found = 0
    for i in range(low, high):
        c = courses[i]
        if _free(s, c):
            row[found] = c
            found += 1
            if found == limit:
                break
    return found


@_inner
def newest_end(created, courses, oldest):  # type: ignore[no-untyped-def]
    """How many courses were created on day `oldest` or later; they stand newest first."""
    low, high = 0, courses
    while low < high:
        mid = (low + high) // 2
        if created[mid] < oldest:
            high = mid
        else:
            low = mid + 1
    return low


@_inner
def take_new(s, category, wanted, end, limit, row):  # type: ignore[no-untyped-def]
    """First `limit` of the newest `end` courses, of category `wanted` unless that is -1, into `row`; how many."""
    found = 0
    for w in range((end + 63) // 64):
        if s.eligible[w] & ~s.used[w] == ZERO:
            continue
        for c in range(w * 64, min(w * 64 + 64, end)):
            if _free(s, c) and (wanted < 0 or category[c] == wanted):
                row[found] = c
                found += 1
                if found == limit:
                    return found
    return found


@_inner
def use(s, row, found):  # type: ignore[no-untyped-def]
    """A kept row uses its courses up."""
    for p in range(found):
        c = row[p]
        s.used[c >> 6] |= ONE << np.uint64(c & 63)
