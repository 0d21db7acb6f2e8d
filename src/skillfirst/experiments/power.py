"""How many members, how many days: what an experiment needs before it starts, and what it could have seen."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import ndtri

from skillfirst.errors import UsageError


@dataclass(frozen=True, slots=True)
class Plan:
    """`members`: (control, treatment). `days`: None when nobody said how many members come a day."""

    members: tuple[int, int]
    days: int | None
    difference: float
    error: float  # standard error of the difference that this many members give: the one to fix tau with


def _z(power: float, confidence: float) -> float:
    if not 0 < power < 1 or not 0 < confidence < 1:
        raise UsageError("power and confidence lie between 0 and 1")
    return float(ndtri(0.5 + confidence / 2) + ndtri(power))


def plan(
    mean: float, variance: float, lift: float, *, share: float = 0.5, power: float = 0.8, confidence: float = 0.95,
    members_a_day: float | None = None,
) -> Plan:  # fmt: skip
    """Members needed to see a relative `lift` of a metric with this mean and variance per member (of its linearised
    value; after CUPED, its remaining part), two-sided, `share` of them in treatment.

    With shares of one half and the usual power this is n = 16 variance / difference^2 an arm. `days`: whole weeks,
    so that every weekday counts equally, `members_a_day` new members arriving daily.
    """
    if not 0 < share < 1 or lift == 0 or not variance > 0 or mean == 0:
        raise UsageError("a plan needs a share between 0 and 1, a lift and a mean other than 0 and a variance above 0")
    difference = mean * lift
    error = abs(difference) / _z(power, confidence)
    total = variance * (1 / share + 1 / (1 - share)) / error**2
    members = (math.ceil(total * (1 - share)), math.ceil(total * share))
    days = None
    if members_a_day is not None:
        if not members_a_day > 0:
            raise UsageError("members a day are more than 0")
        days = 7 * math.ceil(sum(members) / members_a_day / 7)
    return Plan(members, days, difference, error)


def detectable_lift(
    mean: float, variance: float, members: tuple[int, int], *, power: float = 0.8, confidence: float = 0.95
) -> float:
    """The smallest relative lift that (control, treatment) members would show with this power; nan for a mean of 0."""
    if min(members) < 2:
        raise UsageError("an arm needs at least two members")
    if mean == 0:
        return math.nan
    return _z(power, confidence) * math.sqrt(variance / members[0] + variance / members[1]) / abs(mean)
