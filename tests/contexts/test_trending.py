"""Trending needs people, a cohort and a real rise."""

from __future__ import annotations

import numpy as np
import pytest

from skillfirst.contexts.trending import Trending, trending_courses


def trends(now, before, active=100):
    cohort, course = trending_courses(
        np.array([0]), np.array([7]), np.array([now]), np.array([before]), np.array([active]), Trending()
    )
    return list(zip(cohort.tolist(), course.tolist(), strict=True))


@pytest.mark.parametrize(
    ("now", "before", "active", "hot"),
    [
        (20, 8, 100, True),  # one a week before, twenty now
        (4, 0, 100, False),  # fewer than five learners
        (20, 8, 19, False),  # fewer than twenty in the cohort
        (5, 0, 100, False),  # five out of nothing may be luck
        (40, 320, 1_000, False),  # as every week
        (120, 320, 1_000, True),  # three times as many as every week
    ],
)
def test_small_counts_lie(now, before, active, hot):
    assert bool(trends(now, before, active)) is hot


def test_the_surest_rise_comes_first_and_cohorts_stay_apart():
    cohort, course = trending_courses(
        np.array([1, 0, 0]), np.array([1, 2, 3]), np.array([30, 30, 60]), np.array([8, 8, 8]), np.array([99, 99]),
        Trending(),
    )  # fmt: skip
    assert (cohort.tolist(), course.tolist()) == ([0, 0, 1], [3, 2, 1])
