"""Intervals that stay true however often one looks: the mixture sequential probability ratio test.

R. Johari, P. Koomen, L. Pekelis, D. Walsh, "Always valid inference", Operations Research 2022; as an asymptotic
confidence sequence: I. Waudby-Smith, D. Arbour, R. Sinha, E. Kennedy, A. Ramdas, Annals of Statistics 2024. With the
difference d of two arms, V the square of its standard error, and a mixture N(0, tau^2) over effects,

    L = sqrt(V / (V + tau^2)) exp(tau^2 d^2 / (2 V (V + tau^2))),   p = min over looks of 1 / L,
    interval: d +- sqrt(V (V + tau^2) / tau^2 * ln((V + tau^2) / (V alpha^2))).

They are wider than an interval for one look; use them to watch, and the fixed one at the planned end to decide.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from skillfirst.errors import UsageError


@dataclass(frozen=True, slots=True)
class Look:
    """The state after a look: running intersection of the intervals (`low` > `high`: the looks contradict each other,
    which happens with probability alpha at most) and the smallest p so far."""

    difference: float
    error: float
    low: float
    high: float
    p: float


def mixture_width(planned_error: float, confidence: float = 0.95) -> float:
    """tau that makes the interval tightest where the standard error is `planned_error`: fix it before the start.

    tau^2 = V (-2 ln alpha + ln(1 - 2 ln alpha)), the approximation of Waudby-Smith et al.
    """
    if not planned_error > 0 or not 0 < confidence < 1:
        raise UsageError("a mixture needs a planned standard error above 0 and a confidence between 0 and 1")
    a = -2 * math.log(1 - confidence)
    return planned_error * math.sqrt(a + math.log(1 + a))


def half_width(error: float, tau: float, confidence: float = 0.95) -> float:
    """Half the width of the always-valid interval at standard error `error`."""
    v, t = error * error, tau * tau
    if v == 0:
        return 0.0
    return math.sqrt(v * (v + t) / t * (math.log((v + t) / v) - 2 * math.log(1 - confidence)))


def always_valid_p(difference: float, error: float, tau: float) -> float:
    """min(1, 1 / L) of one look."""
    v, t = error * error, tau * tau
    if v == 0:
        return 1.0
    log_l = 0.5 * math.log(v / (v + t)) + t * difference * difference / (2 * v * (v + t))
    return min(1.0, math.exp(-log_l)) if log_l > -700 else 1.0


def watch(differences: Sequence[float], errors: Sequence[float], tau: float, confidence: float = 0.95) -> list[Look]:
    """One Look for each look, in time order. A look with an error that is not a positive number tells nothing."""
    low, high, p = -math.inf, math.inf, 1.0
    out = []
    for difference, error in zip(differences, errors, strict=True):
        if error > 0 and math.isfinite(error) and math.isfinite(difference):
            half = half_width(error, tau, confidence)
            low, high = max(low, difference - half), min(high, difference + half)
            p = min(p, always_valid_p(difference, error, tau))
        out.append(Look(difference, error, low, high, p))
    return out
