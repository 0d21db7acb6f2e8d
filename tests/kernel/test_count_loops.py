"""The loops give what a walk over dictionaries gives."""

from __future__ import annotations

import numpy as np
import pytest

from skillfirst.kernel.count_loops import learned, taken

WEEK = 100
ENGAGED = np.array([0, 1, 1, 0, 1], np.uint8)


@pytest.fixture(params=range(4))
def courses(request):
    """Documents' course columns: offsets, course, kind, time, seconds, now; ascending by course and kind."""
    rng = np.random.default_rng(request.param)
    rows = [sorted({(int(c), int(k)) for c, k in rng.integers(0, 5, (rng.integers(0, 9), 2))}) for _ in range(30)]
    flat = [pair for row in rows for pair in row]
    offsets = np.cumsum([0, *map(len, rows)]).astype(np.int64)
    course, kind = np.array([p[0] for p in flat], np.int32), np.array([p[1] for p in flat], np.int8)
    time, seconds = rng.integers(0, 2_000, len(flat)), rng.integers(0, 120, len(flat)).astype(np.int32)
    return offsets, course, kind, time, seconds, np.full(30, 2_000)


def by_row(offsets, *columns):
    for r in range(len(offsets) - 1):
        yield r, [tuple(int(c[p]) for c in columns) for p in range(offsets[r], offsets[r + 1])]


@pytest.mark.parametrize("weeks", [8, 3])
def test_a_course_is_learned_in_the_week_of_its_newest_engagement(courses, weeks):
    offsets, course, kind, time, _, now = courses
    expected = []
    for r, entries in by_row(offsets, course, kind, time):
        for c in sorted({c for c, k, _ in entries if ENGAGED[k]}):
            age = 2_000 - max(t for other, k, t in entries if other == c and ENGAGED[k])
            expected.append((r, c, 1 if age < WEEK else 2 if age < (1 + weeks) * WEEK else 0))
    found = learned(offsets, course, kind, time, now, ENGAGED, WEEK, weeks)
    assert list(zip(*(column.tolist() for column in found), strict=True)) == expected
    assert len({window for *_, window in expected}) == 3


def test_who_took_two_courses_or_more(courses):
    offsets, course, kind, _, seconds, _ = courses
    counts = np.array([0, 0, 0, 1, 1], np.uint8)
    expected = {}
    for r, entries in by_row(offsets, course, kind, seconds):
        took = sorted({c for c, k, s in entries if counts[k] or (k == 2 and s >= 60.0)})
        if len(took) > 1:
            expected[r] = took
    rows, bounds, found = taken(offsets, course, kind, seconds, counts, 2, 60.0)
    lists = [part.tolist() for part in np.split(found, bounds[1:-1])]
    assert dict(zip(rows.tolist(), lists, strict=True)) == expected
    assert 0 < len(expected) < 30


def test_nobody_took_nothing():
    none = np.empty(0, np.int32)
    rows, bounds, found = taken(np.zeros(4, np.int64), none, np.empty(0, np.int8), none, ENGAGED, 2, 60.0)
    assert (len(rows), bounds.tolist(), len(found)) == (0, [0], 0)
