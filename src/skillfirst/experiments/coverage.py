"""How much of the catalogue an arm shows, and how evenly, made comparable between arms of different size."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln


def distinct_among(counts: npt.ArrayLike, draws: int) -> float:
    """Expected number of distinct courses among `draws` impressions drawn without replacement from these counts.

    Rarefaction (S. Hurlbert, Ecology 1971): sum over courses of 1 - C(N - N_i, m) / C(N, m). The more is shown, the
    more courses occur by chance alone; at an equal number of impressions that no longer helps an arm.
    """
    n = np.asarray(counts, np.float64)
    n = n[n > 0]
    total = float(n.sum())
    m = float(min(draws, total))
    if m <= 0:
        return 0.0
    rest = total - n
    possible = rest >= m
    log_missed = (
        gammaln(rest[possible] + 1) - gammaln(rest[possible] - m + 1) - gammaln(total + 1) + gammaln(total - m + 1)
    )
    return float(len(n) - np.exp(log_missed).sum())


def gini(counts: npt.ArrayLike, courses: int) -> float:
    """Gini coefficient of exposure over `courses` courses, those without a count never shown: 0 all equal,
    (n - 1) / n a single course.

    G = sum (2 i - n - 1) x_i / (n sum x), x ascending, i from 1. 0 when nothing is shown.
    """
    shown = np.asarray(counts, np.float64)
    x = np.sort(np.concatenate([np.zeros(max(courses - len(shown), 0)), shown]))
    total = float(x.sum())
    if not total:
        return 0.0
    i = np.arange(1, len(x) + 1)
    return float(((2 * i - len(x) - 1) * x).sum() / (len(x) * total))
