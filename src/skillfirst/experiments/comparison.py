"""Two arms compared on one metric, the member being the unit: delta method, bootstrap, CUPED.

A metric is a ratio of sums over members, R = sum(num) / sum(den) (den = 1: a mean). Members are drawn, impressions are
not: the variance of R comes from the members' linearised values z_i = R + (num_i - R den_i) / mean(den), whose mean is
R and whose variance over n is that of R (delta method; Deng, Knoblich, Lu, KDD 2018).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from skillfirst.errors import UsageError

Floats = npt.NDArray[np.float64]

GROUPS = 2_000  # of members, resampled as wholes in a bootstrap of more members than that


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm's members: `num`, `den`: float64, one an element; `den` None for a mean per member."""

    num: Floats
    den: Floats | None = None

    def __len__(self) -> int:
        return len(self.num)

    @property
    def value(self) -> float:
        """The ratio of the sums; nan without a denominator."""
        if self.den is None:
            return float(self.num.mean()) if len(self.num) else math.nan
        below = float(self.den.sum())
        return float(self.num.sum()) / below if below else math.nan

    def linearised(self) -> Floats:
        """z of every member; its mean is `value`."""
        if self.den is None:
            return self.num
        value = self.value
        return np.asarray(value + (self.num - value * self.den) / self.den.mean(), np.float64)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Treatment against control. `low`, `high`: interval of the difference; `lift`: treatment / control - 1 with its
    own interval; `p`: two-sided. `error`: standard error of the difference. Fractions, not per cent.
    """

    control: float
    treatment: float
    members: tuple[int, int]
    difference: float
    error: float
    low: float
    high: float
    lift: float
    lift_low: float
    lift_high: float
    p: float
    confidence: float
    method: str
    variance_kept: float = 1.0  # of the difference, after CUPED

    @property
    def significant(self) -> bool:
        return self.p < 1 - self.confidence


def _finish(
    values: tuple[float, float], variances: tuple[float, float], members: tuple[int, int], confidence: float,
    method: str, kept: float = 1.0,
) -> Comparison:  # fmt: skip
    """Normal intervals from two estimates and their variances; the lift's on the log scale, so that it stays > -1."""
    (c, t), (vc, vt) = values, variances
    error = math.sqrt(vc + vt)
    z = float(ndtri(0.5 + confidence / 2))
    difference = t - c
    if error > 0:
        p = 2 * float(ndtr(-abs(difference) / error))
    else:
        p = 1.0 if difference == 0 else math.nan
    lift = lift_low = lift_high = math.nan
    if c > 0 and t > 0:
        lift, spread = t / c - 1, z * math.sqrt(vc / c**2 + vt / t**2)
        lift_low, lift_high = t / c * math.exp(-spread) - 1, t / c * math.exp(spread) - 1
    elif c > 0:
        lift = -1.0
    return Comparison(
        c, t, members, difference, error, difference - z * error, difference + z * error, lift, lift_low, lift_high, p,
        confidence, method, kept,
    )  # fmt: skip


def _check(control: Arm, treatment: Arm, confidence: float) -> None:
    if len(control) < 2 or len(treatment) < 2:
        raise UsageError("an arm needs at least two members to be compared")
    if not 0 < confidence < 1:
        raise UsageError("confidence lies between 0 and 1")


def compare(control: Arm, treatment: Arm, confidence: float = 0.95) -> Comparison:
    """Difference and lift by the delta method. Raises UsageError for an arm of fewer than two members."""
    _check(control, treatment, confidence)
    variances = tuple(float(a.linearised().var(ddof=1)) / len(a) for a in (control, treatment))
    sizes = (len(control), len(treatment))
    return _finish((control.value, treatment.value), (variances[0], variances[1]), sizes, confidence, "delta method")


def compare_paired(control: Arm, treatment: Arm, confidence: float = 0.95) -> Comparison:
    """Difference and lift where the same members, in the same order, met both arms, each in a world of its own.

    The delta method on each member's own difference of linearised values; the lift's interval on the log scale, from
    the differences of z / R. Raises UsageError for arms of different length or under two members.
    """
    _check(control, treatment, confidence)
    n = len(control)
    if len(treatment) != n:
        raise UsageError("paired arms need the same members")
    values = (control.value, treatment.value)
    z = (control.linearised(), treatment.linearised())
    error = float((z[1] - z[0]).std(ddof=1)) / math.sqrt(n)
    found = _finish(values, (0.0, error**2), (n, n), confidence, "paired delta method")
    if not all(v > 0 for v in values):
        return found
    lift = values[1] / values[0]
    log_error = float((z[1] / values[1] - z[0] / values[0]).std(ddof=1)) / math.sqrt(n)
    spread = float(ndtri(0.5 + confidence / 2)) * log_error
    return replace(found, lift_low=lift * math.exp(-spread) - 1, lift_high=lift * math.exp(spread) - 1)


def compare_bootstrap(
    control: Arm, treatment: Arm, confidence: float = 0.95, replicates: int = 1_000, seed: int = 0
) -> Comparison:
    """Difference and lift by resampling members; percentile intervals, p by inverting them.

    Arms of more than GROUPS members are cut into GROUPS groups of neighbours first, and groups are resampled as wholes:
    the rows must stand in an order that says nothing (by member id, as `member_totals` has them).
    """
    _check(control, treatment, confidence)
    rng = np.random.default_rng(seed)
    drawn = []
    for arm in (control, treatment):
        den = np.ones(len(arm)) if arm.den is None else arm.den
        groups = min(len(arm), GROUPS)
        where = np.arange(len(arm)) * groups // len(arm)
        num_sums, den_sums = np.bincount(where, arm.num, groups), np.bincount(where, den, groups)
        weights = rng.multinomial(groups, np.full(groups, 1 / groups), size=replicates)
        with np.errstate(divide="ignore", invalid="ignore"):  # nan where a draw has no denominator at all
            drawn.append((weights @ num_sums) / (weights @ den_sums))
    low, high = 50 * (1 - confidence), 50 * (1 + confidence)
    differences, lifts = drawn[1] - drawn[0], drawn[1] / drawn[0] - 1
    c, t = control.value, treatment.value
    tail = min((differences <= 0).sum(), (differences >= 0).sum())
    p = min(1.0, 2 * (float(tail) + 1) / (replicates + 1))
    d_low, d_high = np.percentile(differences, [low, high])
    l_low, l_high = np.percentile(lifts, [low, high])
    return Comparison(
        c, t, (len(control), len(treatment)), t - c, float(differences.std(ddof=1)), float(d_low), float(d_high),
        t / c - 1 if c else math.nan, float(l_low), float(l_high), p, confidence, "bootstrap",
    )  # fmt: skip


def compare_cuped(
    control: Arm, treatment: Arm, control_before: Arm, treatment_before: Arm,
    control_known: npt.NDArray[np.bool_], treatment_known: npt.NDArray[np.bool_], confidence: float = 0.95,
) -> Comparison:  # fmt: skip
    """Difference and lift with the same metric before the experiment as covariate (CUPED: Deng, Xu, Kohavi, Walker,
    WSDM 2013): Y' = Y - theta (X - mean X), variance x (1 - rho^2).

    X is the linearised pre-period value, 0 for members without history, and an indicator says which those are
    (`*_known`: bool, has history). theta is pooled over both arms, from deviations within each, so that the treatment
    cannot enter it.
    """
    _check(control, treatment, confidence)
    plain = compare(control, treatment, confidence)
    before = Arm(
        np.concatenate([control_before.num, treatment_before.num]),
        None if control_before.den is None or treatment_before.den is None
        else np.concatenate([control_before.den, treatment_before.den]),
    )  # fmt: skip
    known = np.concatenate([control_known, treatment_known]).astype(np.float64)
    usable = before.den is None or before.den.sum() > 0
    x = (
        np.where(known > 0, before.linearised() - (before.value if before.den is not None else 0.0), 0.0)
        if usable
        else known
    )
    z = np.concatenate([control.linearised(), treatment.linearised()])
    cut = len(control)
    columns = [column for column in (x, known) if usable or column is known]
    design = np.stack(columns, axis=1)
    inside = design.copy()
    y = z.copy()
    for part in (slice(0, cut), slice(cut, None)):
        inside[part] -= inside[part].mean(axis=0)
        y[part] -= y[part].mean()
    theta = np.linalg.lstsq(inside, y, rcond=None)[0]
    adjusted = z - (design - design.mean(axis=0)) @ theta
    arms = (adjusted[:cut], adjusted[cut:])
    # one freedom less per covariate
    variances = tuple(float(a.var(ddof=1)) / len(a) * (len(z) - 2) / max(len(z) - 2 - len(columns), 1) for a in arms)
    kept = (variances[0] + variances[1]) / plain.error**2 if plain.error else 1.0
    values = (float(arms[0].mean()), float(arms[1].mean()))
    return _finish(values, (variances[0], variances[1]), plain.members, confidence, "delta method with CUPED", kept)
