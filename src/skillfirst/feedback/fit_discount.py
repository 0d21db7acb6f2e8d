"""Fitting the discount to a log of impressions, by density-weighted regression, and only where the data support it.

What is fitted is the click rate of a course seen before, relative to that of courses seen for the first time under
the same conditions (slot, activity of the member, base score if there is one): clicks / expected clicks. It mixes
fatigue with selection (who clicks early is not shown again), and both belong into the factor: the question is how
likely the next click is, given that it was passed by. The regression weights every bin of exposure by the clicks
expected in it, so that sparse bins hardly count (the "anti-noise" of Lee et al., KDD 2014).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from skillfirst.feedback.discount import Behaviour, Discount, discount
from skillfirst.feedback.exposed import ImpressionLog, Observations, observe

Floats = npt.NDArray[np.float64]

MIN_BIN = 200  # impressions a bin needs to be heard
EDGES = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, math.inf)  # of exposure n, (low, high]
HALF_LIVES = (3.5, 7.0, 14.0, 28.0, 56.0)
SIGNIFICANT = 2.58  # |z| of beta: 1 % of logs without fatigue would pass
SELECT = 2.58  # |z| of a term of the aggregate: 32 candidates are tried
GAIN = 2.0  # nats of held-out log-likelihood another form or half-life must win to replace a simpler one
CHI2_99_TWO = 9.21  # 99 % quantile of chi-square with 2 degrees of freedom: do the terciles differ?
SHRINK = 50.0  # impressions of prior in each baseline rate


@dataclass(frozen=True, slots=True)
class Bin:
    """One bin of exposure: mean n, impressions, clicks, clicks expected, their ratio and its standard error."""

    n: float
    impressions: int
    clicks: int
    expected: float
    ratio: float
    error: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A form that was tried: its settings, z of its slope (nan for the aggregate), gain in nats over no discount on
    the members held out, and whether it may be used."""

    settings: Discount
    z: float
    gain: float
    accepted: bool
    why: str


@dataclass(frozen=True, slots=True)
class DiscountFit:
    """`settings` to use; `accepted`: they come from the log and are not the default; `why` in a sentence.

    `bins`: for the plot, at the chosen half-life. `candidates`: by name of the form, the default under "default".
    `by_activity`: the same bins for the three terciles of activity when their curves differ, else empty.
    """

    settings: Discount
    accepted: bool
    why: str
    bins: tuple[Bin, ...]
    candidates: dict[str, Candidate]
    by_activity: tuple[tuple[Bin, ...], ...] = ()


def baseline(seen: Observations) -> Floats:
    """Expected click rate of each observation had it been the first: float64, in (0, 1).

    Overall first-time rate x effect of the slot x of the tercile of activity x of the decile of the base score, each
    a shrunken ratio of clicks to expected clicks among first-time impressions, refined five times in turn.
    """
    first = seen.count == 0
    clicks = seen.clicked.astype(np.float64)
    overall = (clicks[first].sum() + 0.5) / (first.sum() + 1.0)
    groups = [np.minimum(seen.slot, 30.0).astype(np.int64), _quantile_group(seen.activity, 3)]
    if seen.base is not None:
        groups.append(_quantile_group(seen.base, 10))
    effects = [np.ones(int(g.max()) + 1 if len(g) else 1) for g in groups]
    prior = SHRINK * overall
    for _ in range(5):
        for k, g in enumerate(groups):
            rest = np.full(len(seen), overall)
            for j, other in enumerate(groups):
                if j != k:
                    rest *= effects[j][other]
            got = np.bincount(g[first], clicks[first], len(effects[k]))
            expected = np.bincount(g[first], rest[first], len(effects[k]))
            effects[k] = (got + prior) / (expected + prior)
    out: Floats = np.full(len(seen), overall, np.float64)
    for effect, g in zip(effects, groups, strict=True):
        out *= effect[g]
    return np.asarray(np.clip(out, 1e-9, 0.999), np.float64)


def _quantile_group(values: Floats, parts: int) -> npt.NDArray[np.int64]:
    if not len(values):
        return np.zeros(0, np.int64)
    cuts = np.unique(np.quantile(values, np.arange(1, parts) / parts))
    return np.asarray(np.searchsorted(cuts, values, side="left"), np.int64)


def bins_of(seen: Observations, expected: Floats) -> tuple[Bin, ...]:
    """First-time impressions as the bin n = 0, then bins along EDGES, joined upwards until each holds MIN_BIN."""
    which = np.where(seen.count == 0, 0, np.searchsorted(np.array(EDGES), seen.n, side="left"))
    size = len(EDGES)
    impressions = np.bincount(which, minlength=size)
    n = np.bincount(which, seen.n, size)
    clicks = np.bincount(which, seen.clicked.astype(np.float64), size)
    awaited = np.bincount(which, expected, size)
    out: list[Bin] = []
    held = np.zeros(4)
    for i in range(size):
        held += (impressions[i], n[i], clicks[i], awaited[i])
        if held[0] >= MIN_BIN:
            count, total, got, due = (float(v) for v in held)
            # a bin without a click is not known exactly: at least one click of uncertainty
            out.append(Bin(total / count, int(count), int(got), due, got / due, math.sqrt(max(got, 1.0)) / due))
            held = np.zeros(4)
        elif i == 0:
            held = np.zeros(4)  # first views never join the seen-before ones
    return tuple(out)


def fit_beta(bins: Sequence[Bin], settings: Discount) -> tuple[float, float]:
    """(beta, its z) of ratio = a x d(n; beta), a free, by density-weighted least squares; (0, 0) without three bins.

    The free level `a` carries the uncertainty of the baseline, which all bins share; it is not used afterwards.
    """
    if len(bins) < 3:
        return 0.0, 0.0
    n, y = np.array([b.n for b in bins]), np.array([b.ratio for b in bins])
    w, error = np.array([b.expected for b in bins]), np.array([b.error for b in bins])

    def curve(beta: float) -> Floats:
        return discount(n, 0.0, 1.0, 0.0, replace(settings, beta=beta, ceiling=100.0))

    def level(d: Floats) -> float:
        return float((w * y * d).sum() / (w * d * d).sum())

    def loss(beta: float) -> float:
        d = curve(beta)
        return float((w * (y - level(d) * d) ** 2).sum())

    grid = np.concatenate([-np.geomspace(1e-4, 1.0, 60)[::-1], [0.0], np.geomspace(1e-4, 8.0, 160)])
    k = int(np.argmin([loss(b) for b in grid]))
    beta = _golden(loss, float(grid[max(k - 1, 0)]), float(grid[min(k + 1, len(grid) - 1)]))
    h = 1e-4 * max(abs(beta), 0.01)
    d = curve(beta)
    x = np.stack([level(d) * (curve(beta + h) - curve(beta - h)) / (2 * h), d], axis=1)
    gram = (x * w[:, None]).T @ x
    if np.linalg.cond(gram) > 1e12:
        return beta, 0.0
    spread = np.linalg.inv(gram) @ (x * w[:, None] * error[:, None]).T
    sigma = math.sqrt(float((spread[0] ** 2).sum()))
    return beta, beta / sigma if sigma > 0 else 0.0


def _golden(f: Callable[[float], float], low: float, high: float) -> float:
    """Minimum of a function with one valley in [low, high], to 1e-10 of its width."""
    ratio = (math.sqrt(5) - 1) / 2
    for _ in range(50):
        a, b = high - ratio * (high - low), low + ratio * (high - low)
        if f(a) <= f(b):
            high = b
        else:
            low = a
    return (low + high) / 2


def log_likelihood(seen: Observations, expected: Floats, settings: Discount) -> float:
    """Bernoulli log-likelihood (nats) of the clicks on courses seen before, at rate expected x factor."""
    again = seen.count > 0
    d = discount(seen.n[again], seen.last_seen[again], seen.position[again], seen.activity[again], settings)
    p = np.clip(expected[again] * d, 1e-9, 0.999)
    return float(np.where(seen.clicked[again], np.log(p), np.log1p(-p)).sum())


def _support(bins: Sequence[Bin], beta: float, z: float) -> tuple[bool, str]:
    """May a one-parameter fit be used? Significant, or monotone over at least five bins (chance: 2 in 120)."""
    if len(bins) < 3 or bins[0].n > 0:
        return (
            False,
            f"{len(bins)} bins of exposure hold {MIN_BIN} impressions, three and that of first views are needed",
        )
    ratios = [b.ratio for b in bins]
    if beta < 0:
        ratios = ratios[::-1]
    monotone = all(a >= b for a, b in pairwise(ratios))
    if abs(z) >= SIGNIFICANT:
        return True, f"the slope is significant (z = {z:.1f}) over {len(bins)} bins"
    if monotone and len(bins) >= 5:
        return True, f"the click rate is monotone over {len(bins)} bins"
    return False, f"the slope is not significant (z = {z:.1f}) and the click rate is not monotone"


def _held_out(members: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Half of the members, by a fixed mix of their codes (Knuth's multiplicative hash)."""
    return np.asarray((members * 2_654_435_761 >> 16) & 1 == 1, bool)


def _one_parameter(
    seen: Observations, expected: Floats, default: Discount, form: str, gain: Callable[[Discount], float]
) -> Candidate:
    """A form with one beta: judged on half of the members, then fitted on all."""
    base = replace(default, form=form, activity_bounds=(), beta_by_activity=())
    half = ~_held_out(seen.member)
    beta, _ = fit_beta(bins_of(seen.where(half), expected[half]), base)
    won = gain(_with_beta(base, beta, seen))
    bins = bins_of(seen, expected)
    beta, z = fit_beta(bins, base)
    accepted, why = _support(bins, beta, z)
    return Candidate(_with_beta(base, beta, seen), z, won, accepted, why)


def _with_beta(settings: Discount, beta: float, seen: Observations) -> Discount:
    """A rising curve may go as high as it does at the 95 % quantile of the exposures it was fitted on."""
    ceiling = 1.0
    if beta < 0:
        top = float(np.quantile(seen.n[seen.count > 0], 0.95)) if (seen.count > 0).any() else 1.0
        ceiling = float(discount(top, 0.0, 1.0, 0.0, replace(settings, beta=beta, ceiling=10.0)))
    return replace(settings, beta=beta, ceiling=max(1.0, ceiling))


def fit_aggregate(seen: Observations, expected: Floats, default: Discount) -> Discount | None:
    """The aggregate of Lee et al. by forward selection; None when no behaviour is significant.

    Regresses clicks / expected - 1 on f_b(X_b) over impressions of courses seen before, weighted by the expected
    clicks; at most one form a behaviour, each added only while |z| >= SELECT; the sign is the coefficient's.
    """
    again = seen.count > 0
    if int(again.sum()) < MIN_BIN:
        return None
    values = (seen.n[again], seen.last_seen[again], seen.position[again], seen.activity[again])
    w = expected[again]
    y = seen.clicked[again] / w - 1.0
    candidates: list[tuple[int, str, float, Floats]] = []
    for which, x in enumerate(values):
        top, middle = float(np.quantile(x, 0.99)), float(np.median(x))
        shapes = [("linear", top), ("quadratic", top)]
        shapes += [(form, middle * k) for form in ("exponential", "inverse") for k in (0.5, 1.0, 2.0)]
        for form, scale in shapes:
            if scale > 0:
                candidates.append((which, form, scale, _values(x, form, scale)))
    chosen: list[tuple[int, str, float, Floats]] = []
    coefficients = np.zeros(0)
    while len({c[0] for c in chosen}) < len(values):
        best = None
        for candidate in candidates:
            if candidate[0] in {c[0] for c in chosen}:
                continue
            solved = _weighted([*(c[3] for c in chosen), candidate[3]], y, w)
            if solved is not None and abs(solved[1][-1]) >= SELECT and (best is None or solved[2] < best[1][2]):
                best = candidate, solved
        if best is None:
            break
        chosen.append(best[0])
        coefficients = best[1][0]
    if not chosen:
        return None
    terms = [Behaviour()] * 4
    for (which, form, scale, _), c in zip(chosen, coefficients, strict=True):
        terms[which] = Behaviour(form, abs(float(c)), 1 if c > 0 else -1, scale)
    out = replace(
        default, form="aggregate", activity_bounds=(), beta_by_activity=(), ceiling=10.0,
        impressions=terms[0], last_seen=terms[1], position=terms[2], activity=terms[3],
    )  # fmt: skip
    d = discount(*values, out)
    return replace(out, ceiling=max(1.0, float(np.quantile(d, 0.99))))


def _values(x: Floats, form: str, scale: float) -> Floats:
    u = x / scale
    if form == "exponential":
        return np.asarray(np.exp(-u), np.float64)
    if form == "inverse":
        return np.asarray(1.0 / (1.0 + u), np.float64)
    return np.asarray(np.minimum(u, 1.0) ** (2 if form == "quadratic" else 1), np.float64)


def _weighted(columns: Sequence[Floats], y: Floats, w: Floats) -> tuple[Floats, Floats, float] | None:
    """Weighted least squares without intercept: coefficients, their z, weighted squared error; None when singular.

    Sandwich errors: the variance of clicks / expected is known to differ from impression to impression.
    """
    x = np.stack(columns, axis=1)
    xw = x * w[:, None]
    gram = xw.T @ x
    if np.linalg.cond(gram) > 1e8:
        return None
    inverse = np.linalg.inv(gram)
    c = inverse @ (xw.T @ y)
    r = y - x @ c
    meat = (xw * r[:, None]).T @ (xw * r[:, None])
    spread = np.sqrt(np.diag(inverse @ meat @ inverse))
    return c, c / np.maximum(spread, 1e-300), float((w * r * r).sum())


def _by_activity(
    seen: Observations, expected: Floats, settings: Discount
) -> tuple[Discount, tuple[tuple[Bin, ...], ...]] | None:
    """One beta a tercile of activity, when each is supported and they differ (Cochran's Q, p < .01)."""
    again = seen.count > 0
    low, high = (float(q) for q in np.quantile(seen.activity[again], [1 / 3, 2 / 3]))
    if not low < high:
        return None
    thirds = [seen.activity < low, (seen.activity >= low) & (seen.activity < high), seen.activity >= high]
    bins = tuple(bins_of(seen.where(t), expected[t]) for t in thirds)
    fits = [fit_beta(b, settings) for b in bins]
    if not all(f[1] and _support(b, *f)[0] for b, f in zip(bins, fits, strict=True)):
        return None
    beta = np.array([f[0] for f in fits])
    weight = np.array([(f[1] / f[0]) ** 2 for f in fits])
    mean = (weight * beta).sum() / weight.sum()
    if (weight * (beta - mean) ** 2).sum() < CHI2_99_TWO:
        return None
    ceiling = max(_with_beta(settings, float(b), seen).ceiling for b in beta)
    betas = tuple(float(b) for b in beta)
    return replace(settings, activity_bounds=(low, high), beta_by_activity=betas, ceiling=ceiling), bins


def fit_discount(
    log: ImpressionLog, default: Discount | None = None, half_lives: Sequence[float] = HALF_LIVES
) -> DiscountFit:
    """Half-life, beta, form and sign from a log; the default, and why, where the log cannot tell.

    Order of trust: the default; the exponential with fitted beta if supported; another half-life, form or the
    aggregate only if it wins GAIN nats over it on members held out. Deterministic.
    """
    default = default or Discount()
    if not len(log):
        return DiscountFit(default, False, "the log holds no impressions; the default stays", (), {})
    tried = list(dict.fromkeys([default.half_life_days, *half_lives]))
    best: tuple[float, float] | None = None
    for half_life in tried:
        found = _candidates(log, replace(default, half_life_days=half_life), ("exponential",))[0]["exponential"]
        if best is None or found.gain > best[1] + GAIN:
            best = half_life, found.gain
    assert best is not None
    base = replace(default, half_life_days=best[0])
    candidates, seen, expected = _candidates(log, base, ("exponential", "linear", "inverse", "quadratic"), default)
    bins = bins_of(seen, expected)
    chosen = candidates["exponential"]
    if not chosen.accepted:
        why = f"{chosen.why}; the default stays"
        if candidates["default"].gain < -GAIN and len(bins) >= 3:
            lost = -candidates["default"].gain
            why += f", though this log would rather have no discount at all (by {lost:.1f} nats on members held out)"
        return DiscountFit(default, False, why, bins, candidates)
    for name in ("linear", "inverse", "quadratic", "aggregate"):
        other = candidates.get(name)
        if other is not None and other.accepted and other.gain > chosen.gain + GAIN:
            chosen = other
    settings = chosen.settings
    thirds: tuple[tuple[Bin, ...], ...] = ()
    if settings.form != "aggregate" and (split := _by_activity(seen, expected, settings)) is not None:
        settings, thirds = split
    return DiscountFit(settings, True, chosen.why, bins, candidates, thirds)


def _candidates(
    log: ImpressionLog, base: Discount, forms: Sequence[str], default: Discount | None = None
) -> tuple[dict[str, Candidate], Observations, Floats]:
    """The forms fitted at the half-life of `base`; with `default`, it and the aggregate as well."""
    seen = observe(log, base.half_life_days, base.click_rest_days)
    expected = baseline(seen)
    out = _held_out(seen.member)
    held, awaited = seen.where(out), expected[out]
    nothing = log_likelihood(held, awaited, Discount(form="none"))

    def gain(settings: Discount) -> float:
        return log_likelihood(held, awaited, settings) - nothing

    found = {form: _one_parameter(seen, expected, base, form, gain) for form in forms}
    if default is not None:
        usual = observe(log, default.half_life_days, default.click_rest_days)
        usual_out = _held_out(usual.member)
        usual_expected = baseline(usual)[usual_out]
        won = log_likelihood(usual.where(usual_out), usual_expected, default)
        won -= log_likelihood(usual.where(usual_out), usual_expected, Discount(form="none"))
        found["default"] = Candidate(default, math.nan, won, True, "the settings as they are")
        trained = fit_aggregate(seen.where(~out), expected[~out], base)
        everything = fit_aggregate(seen, expected, base)
        if trained is not None and everything is not None:
            why = f"every term is significant (|z| >= {SELECT})"
            found["aggregate"] = Candidate(everything, math.nan, gain(trained), True, why)
    return found, seen, expected
