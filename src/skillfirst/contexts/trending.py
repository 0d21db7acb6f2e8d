"""Trending: more learners of a cohort took a course in the last week than the eight weeks before explain.

x ~ Poisson(rho x E) with E the weekly mean of the eight weeks before, rho ~ Gamma(k, k); the posterior is
Gamma(x + k, E + k). A course trends when the 10 % quantile of rho exceeds 1.5; small counts lie, so at least five
learners must have taken it and twenty must be active in the cohort.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

WEEK = 7 * 86_400


@dataclass(frozen=True, slots=True)
class Trending:
    """Thresholds of the rule above; `weeks`: length of the base period."""

    prior: float = 5.0
    quantile: float = 0.10
    least_ratio: float = 1.5
    least_learners: int = 5
    least_cohort: int = 20
    weeks: int = 8
    keep: int = 50


def trending_courses(
    cohort: npt.NDArray[np.int64],
    course: npt.NDArray[np.int64],
    now: npt.NDArray[np.int64],
    before: npt.NDArray[np.int64],
    active: npt.NDArray[np.int64],
    rule: Trending,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(cohort, course) of what trends, by cohort, then lower bound descending, then course.

    Parallel arrays, one entry a (cohort, course): learners in the last week and in the base period; `active`:
    learners of each cohort in both, by cohort code.
    """
    from scipy.special import gammaincinv

    enough = (now >= rule.least_learners) & (active[cohort] >= rule.least_cohort)
    cohort, course, now, before = cohort[enough], course[enough], now[enough], before[enough]
    expected = before / rule.weeks
    low = gammaincinv(now + rule.prior, rule.quantile) / (expected + rule.prior)
    hot = low > rule.least_ratio
    cohort, course, low = cohort[hot], course[hot], low[hot]
    order = np.lexsort((course, -low, cohort))
    cohort, course = cohort[order], course[order]
    first = np.searchsorted(cohort, cohort, side="left")
    keep = np.arange(len(cohort)) - first < rule.keep
    return cohort[keep], course[keep]
