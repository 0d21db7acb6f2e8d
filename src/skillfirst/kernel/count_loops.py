"""The loops behind learners.py and taken.py: one walk over the courses of every document.

Documents hold their courses ascending, so entries of one course stand together.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def learned(offsets, course, kind, time, now, engaged, week, weeks):
    """(row, course, window) of every course a row engaged with, int64, ascending by row and course.

    `window`: 1 in the last `week` (s), 2 in so many `weeks` before, else 0; a course counts at its newest time.
    `engaged`: uint8 by kind.
    """
    size = len(course)
    rows, courses, windows = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    found = 0
    for r in range(len(offsets) - 1):
        p, end = offsets[r], offsets[r + 1]
        while p < end:
            c, there, newest = course[p], False, np.int64(0)
            while p < end and course[p] == c:
                if engaged[kind[p]] and (not there or time[p] > newest):
                    there, newest = True, time[p]
                p += 1
            if there:
                age = now[r] - newest
                rows[found], courses[found] = r, c
                windows[found] = 1 if age < week else (2 if age < (1 + weeks) * week else 0)
                found += 1
    return rows[:found], courses[:found], windows[:found]


@njit(cache=True, nogil=True)
def taken(offsets, course, kind, seconds, counts, watch, least):
    """(rows, offsets, courses) of the rows who took at least two courses: a kind that `counts` (uint8 by kind), or
    watched at least so many seconds."""
    rows, bounds = np.empty(len(offsets) - 1, np.int64), np.zeros(len(offsets), np.int64)
    out = np.empty(len(course), np.int32)
    many, at = 0, 0
    for r in range(len(offsets) - 1):
        begin, p, end = at, offsets[r], offsets[r + 1]
        while p < end:
            c, there = course[p], False
            while p < end and course[p] == c:
                there |= counts[kind[p]] != 0 or (kind[p] == watch and seconds[p] >= least)
                p += 1
            if there:
                out[at] = c
                at += 1
        if at - begin > 1:
            rows[many] = r
            many += 1
            bounds[many] = at
        else:
            at = begin
    return rows[:many].copy(), bounds[: many + 1].copy(), out[:at].copy()
