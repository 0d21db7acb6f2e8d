"""What would a policy have earned that nobody has seen yet? From a log whose propensities are known, or not at all.

With logged action a_i in context x_i, reward r_i, logging propensity p_i and the new policy's probability t_i of the
same action, w_i = t_i / p_i and n rows:

    IPS             mean(w r)                                              unbiased where the log has support
    self-normalised sum(w r) / sum(w)                                      slightly biased, far steadier
    clipped         mean(min(w, M) r)                                      biased downwards for rewards >= 0
    doubly robust   mean(q(x, new) + w (r - q(x, a)))                      right if weights or model are right

D. Horvitz, D. Thompson, JASA 1952; A. Swaminathan, T. Joachims, NIPS 2015; M. Dudik, J. Langford, L. Li, ICML 2011.
A log can fail silently: an action the new policy likes and the old one hardly ever took leaves no trace, or one row
with a gigantic weight. So the weights are judged before any estimate is given, and the answer may be a Refusal.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from skillfirst.errors import DataError, UsageError

Floats = npt.NDArray[np.float64]

MIN_EFFECTIVE = 100.0  # rows' worth of information: (sum w)^2 / sum w^2
MIN_EFFECTIVE_SHARE = 0.01  # of the rows
MEAN_WEIGHT_TOLERANCE = 0.1  # the mean weight of a sound log is 1: E[t / p] = 1
MAX_WEIGHT_SHARE = 0.05  # of the sum of weights that a single row may hold
MIN_REWARDED = 10.0  # effective number of rewarded rows, (sum w r)^2 / sum (w r)^2
CLIP = 20.0  # M of the clipped estimate unless given


@dataclass(frozen=True, slots=True)
class Support:
    """How far the log carries the question. `effective`: sample size; `mean_weight`: 1 in a sound log; `largest`:
    weight; `rewarded`: effective number of rewarded rows; `least_propensity`: of the log."""

    rows: int
    effective: float
    mean_weight: float
    largest: float
    rewarded: float
    least_propensity: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """Mean reward a row under the new policy, its standard error and normal interval."""

    value: float
    error: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Estimates:
    """The answer. `doubly_robust` is None without a reward model. `clipped_share`: part of the total weight that the
    clipping took away, hence a bound on its bias as a share of the largest reward."""

    support: Support
    ips: Estimate
    self_normalised: Estimate
    clipped: Estimate
    clipped_share: float
    doubly_robust: Estimate | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """The log cannot answer; `reasons` in words, each with its number."""

    support: Support
    reasons: tuple[str, ...]


def _column(name: str, values: npt.ArrayLike, rows: int | None = None) -> Floats:
    out = np.asarray(values, np.float64)
    if out.ndim != 1 or (rows is not None and len(out) != rows):
        raise DataError("columns of a log are one-dimensional and of one length", table="log", column=name)
    bad = ~np.isfinite(out)
    if bad.any():
        first = str(int(np.flatnonzero(bad)[0]))
        raise DataError("not a finite number", table="log", column=name, count=int(bad.sum()), first=f"row {first}")
    return out


def _probability(name: str, p: Floats, *, above_zero: bool) -> None:
    bad = (p > 1) | (p <= 0 if above_zero else p < 0)
    if bad.any():
        where = int(np.flatnonzero(bad)[0])
        raise DataError(
            "not a probability" + (" above 0" if above_zero else ""),
            table="log", column=name, count=int(bad.sum()), first=f"{p[where]:g} in row {where}",
            next_step="A logged action has been taken: its propensity cannot be 0." if above_zero else None,
        )  # fmt: skip


def support_of(reward: Floats, weight: Floats, logged: Floats) -> Support:
    """Diagnostics of the weights; all zero for an empty log."""
    if not len(weight):
        return Support(0, 0.0, 0.0, 0.0, 0.0, 0.0)
    squares, gain = float((weight**2).sum()), weight * reward
    gains = float((gain**2).sum())
    return Support(
        len(weight),
        float(weight.sum()) ** 2 / squares if squares else 0.0,
        float(weight.mean()),
        float(weight.max()),
        float(np.abs(gain).sum()) ** 2 / gains if gains else 0.0,
        float(logged.min()),
    )


def reasons_to_refuse(s: Support) -> tuple[str, ...]:
    """Why a log with this support cannot answer; empty when it can."""
    out = []
    least = max(MIN_EFFECTIVE, MIN_EFFECTIVE_SHARE * s.rows)
    if s.effective < least:
        out.append(f"the effective sample size is {s.effective:.1f} of {s.rows:,} rows, {least:.0f} are needed")
    if abs(s.mean_weight - 1) > MEAN_WEIGHT_TOLERANCE:
        out.append(
            f"the mean weight is {s.mean_weight:.2f} and not 1: the log lacks actions the new policy takes, "
            "or its propensities are wrong"
        )
    if s.rows and s.largest > MAX_WEIGHT_SHARE * s.mean_weight * s.rows:
        share = s.largest / (s.mean_weight * s.rows)
        out.append(f"a single row holds {share:.0%} of all weight (propensity down to {s.least_propensity:.2g})")
    if s.rewarded < MIN_REWARDED:
        out.append(f"only {s.rewarded:.1f} rewarded rows count effectively, {MIN_REWARDED:.0f} are needed")
    return tuple(out)


def _estimate(value: float, influence: Floats, unit: npt.NDArray[np.int64] | None, z: float) -> Estimate:
    """`influence`: what each row adds to the estimate, centred; summed by unit first, as members repeat themselves."""
    n = len(influence)
    parts = influence if unit is None else np.bincount(unit, influence)
    units = len(parts)
    error = math.sqrt(float((parts**2).sum()) * units / max(units - 1, 1)) / n
    return Estimate(value, error, value - z * error, value + z * error)


def off_policy(
    reward: npt.ArrayLike, logged: npt.ArrayLike, target: npt.ArrayLike, *, model_logged: npt.ArrayLike | None = None,
    model_target: npt.ArrayLike | None = None, unit: npt.ArrayLike | None = None, clip: float = CLIP,
    confidence: float = 0.95,
) -> Estimates | Refusal:  # fmt: skip
    """Mean reward a row of a policy from a log of another; arrays of one element a row.

    `logged`: propensity of the logged action, (0, 1]. `target`: the new policy's probability of the same action.
    `model_logged`, `model_target`: predicted reward of the logged action, and expected under the new policy (together
    or not at all; fitted on other rows). `unit`: the member of each row, any values. Raises DataError for propensities
    that are none, UsageError for half a model.
    """
    r = _column("reward", reward)
    p, t = _column("logged", logged, len(r)), _column("target", target, len(r))
    _probability("logged", p, above_zero=True)
    _probability("target", t, above_zero=False)
    if (model_logged is None) != (model_target is None):
        raise UsageError("a doubly robust estimate needs model_logged and model_target")
    if not clip > 0 or not 0 < confidence < 1:
        raise UsageError("clip is above 0, confidence between 0 and 1")
    w = t / p
    support = support_of(r, w, p)
    if reasons := reasons_to_refuse(support):
        return Refusal(support, reasons)
    z = float(ndtri(0.5 + confidence / 2))
    codes = None
    if unit is not None:
        codes = np.unique(np.asarray(unit), return_inverse=True)[1].astype(np.int64)
        if len(codes) != len(r):
            raise DataError("columns of a log are one-dimensional and of one length", table="log", column="unit")
    cut = np.minimum(w, clip)
    ips, clipped = float((w * r).mean()), float((cut * r).mean())
    normalised = float((w * r).sum() / w.sum())
    robust = None
    if model_logged is not None and model_target is not None:
        q, expected = _column("model_logged", model_logged, len(r)), _column("model_target", model_target, len(r))
        value = expected + w * (r - q)
        robust = _estimate(float(value.mean()), value - value.mean(), codes, z)
    return Estimates(
        support,
        _estimate(ips, w * r - ips, codes, z),
        _estimate(normalised, w * (r - normalised) / support.mean_weight, codes, z),
        _estimate(clipped, cut * r - clipped, codes, z),
        float((w - cut).sum() / w.sum()),
        robust,
    )
