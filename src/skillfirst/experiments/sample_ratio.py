"""Sample-ratio check: do the arms hold as many members as their shares promise?

About 6 % of experiments in the literature do not (A. Fabijan et al., KDD 2019), and nothing read from them is true.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from scipy.special import chdtrc

from skillfirst.errors import UsageError

ALARM = 0.001  # p under which the reading is blocked


@dataclass(frozen=True, slots=True)
class SampleRatio:
    """`observed`, `expected`: members an arm, arms by name. `p`: of Pearson's chi-square."""

    observed: dict[str, int]
    expected: dict[str, float]
    p: float

    @property
    def mismatch(self) -> bool:
        return self.p < ALARM


def check_sample_ratio(observed: Mapping[str, int], shares: Mapping[str, float]) -> SampleRatio:
    """Members counted in each arm against the shares. An arm with share 0 that has members is an alarm (p = 0).

    Raises UsageError on an arm without a share.
    """
    if unknown := sorted(set(observed) - set(shares)):
        raise UsageError(f"arm '{unknown[0]}' has members and no share")
    names = sorted(shares)
    counts = {name: int(observed.get(name, 0)) for name in names}
    total, whole = sum(counts.values()), math.fsum(shares.values())
    expected = {name: total * shares[name] / whole for name in names}
    if any(counts[name] and not expected[name] for name in names):
        return SampleRatio(counts, expected, 0.0)
    compared = [name for name in names if expected[name] > 0]
    if len(compared) < 2:
        return SampleRatio(counts, expected, 1.0)
    chi2 = math.fsum((counts[name] - expected[name]) ** 2 / expected[name] for name in compared)
    return SampleRatio(counts, expected, float(chdtrc(len(compared) - 1, chi2)))
