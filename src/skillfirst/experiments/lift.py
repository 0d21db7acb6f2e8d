"""The reading of an experiment: is it sound, what moved, how sure is that, and what did it cost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from skillfirst.errors import DataError, UsageError
from skillfirst.experiments.always_valid import always_valid_p, half_width, mixture_width
from skillfirst.experiments.assignment import Experiment
from skillfirst.experiments.comparison import Arm, Comparison, compare, compare_bootstrap, compare_cuped
from skillfirst.experiments.coverage import distinct_among, gini
from skillfirst.experiments.exposure import Events, ExposureLog, exposed_by_events
from skillfirst.experiments.metrics import METRICS, Metric
from skillfirst.experiments.power import detectable_lift, plan
from skillfirst.experiments.sample_ratio import SampleRatio, check_sample_ratio
from skillfirst.experiments.tea import compare_by_tea_tasting
from skillfirst.experiments.totals import Period, Totals, member_totals

PLANNED_LIFT = 0.05  # relative; where always-valid intervals are tightest unless the plan says otherwise
LOST_IMPRESSIONS = 0.05  # a treatment that shows so much less is flagged


@dataclass(frozen=True, slots=True)
class MetricReading:
    """One metric of one treatment. `always_*`: interval of the difference and p that stay true under daily peeking.
    `detectable`: the relative lift this many members would show in four of five experiments."""

    metric: Metric
    comparison: Comparison
    always_low: float
    always_high: float
    always_p: float
    detectable: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What `skillfirst lift` reports. With `blocked`, `treatments`, `coverage` and `gini` are empty and `why` says the
    reason.

    `sample_ratios`: "assigned" and, where known, "exposed". `coverage`: arm -> distinct courses expected among as many
    impressions as the arm with the fewest had. `gini`: arm -> how unequally its impressions are spread over the courses
    that any arm showed, 0 for all alike. `mixed`: members left out as they met more than one arm.
    """

    experiment: str
    control: str
    period: Period
    members: dict[str, int]
    sample_ratios: dict[str, SampleRatio]
    blocked: bool
    why: str
    primary: str
    confidence: float
    treatments: dict[str, tuple[MetricReading, ...]]
    coverage: dict[str, float]
    catalogue: int | None
    mixed: int = 0
    gini: dict[str, float] = field(default_factory=dict)

    def of(self, arm: str, metric: str) -> MetricReading:
        """One metric of one arm; LookupError when it could not be read."""
        for reading in self.treatments.get(arm, ()):
            if reading.metric.name == metric:
                return reading
        raise LookupError(f"no reading of {metric} for arm {arm}")

    def warnings(self) -> list[str]:
        """What a guardrail, or the number of members, says against trusting or shipping the result."""
        out = []
        if self.mixed:
            out.append(f"{self.mixed:,} members met more than one arm and are left out")
        for arm, readings in self.treatments.items():
            for r in readings:
                c = r.comparison
                if r.metric.name == "impressions_per_member" and c.lift < -LOST_IMPRESSIONS and c.significant:
                    out.append(f"{arm} shows {-c.lift:.0%} fewer courses: its rates rest on fewer, easier showings")
                elif r.metric.guardrail and r.metric.better == "up" and c.significant and c.difference < 0:
                    out.append(f"{arm}: {r.metric.label.lower()} fell by {-c.lift:.1%}")
                if r.metric.name == self.primary and not c.significant and r.detectable > 2 * PLANNED_LIFT:
                    out.append(f"{arm}: too few members; a lift under {r.detectable:.0%} would mostly stay unseen")
        return out

    def verdict(self, arm: str) -> str:
        """One sentence on the primary metric of an arm."""
        if self.blocked:
            return f"No reading: {self.why}."
        try:
            r = self.of(arm, self.primary)
        except LookupError:
            return f"{arm} has no {self.primary.replace('_', ' ')} to compare."
        c, label = r.comparison, r.metric.label.lower()
        if not c.significant:
            return f"No difference shown: {label} of {arm} against {self.control} lies between {span(c)}."
        word = "raised" if c.difference > 0 else "lowered"
        sure = (
            "and holds however often it was looked at" if r.always_p < 1 - c.confidence else "at the planned end only"
        )
        return f"{arm} {word} {label} by {abs(c.lift):.1%} (between {span(c)}), {sure}."


def span(c: Comparison) -> str:
    """The interval of the lift in words: "-1.2 % and +3.4 %"."""
    return f"{c.lift_low:+.1%} and {c.lift_high:+.1%}"


def arm_values(members: pa.Table, arm: str, metric: Metric, prefix: str = "") -> Arm:
    """The members of one arm as an Arm; `prefix` "pre_" for the history."""
    rows = members.filter(pc.equal(members["arm"], arm))
    num = np.asarray(rows[prefix + metric.numerator].to_numpy(), np.float64) * metric.scale
    if not metric.denominator:
        return Arm(num)
    return Arm(num, np.asarray(rows[prefix + metric.denominator].to_numpy(), np.float64))


def _history(members: pa.Table, arm: str) -> npt.NDArray[np.bool_]:
    rows = members.filter(pc.equal(members["arm"], arm))
    return np.asarray(rows["has_history"].to_numpy(zero_copy_only=False), bool)


def read_metric(
    members: pa.Table, control: str, treatment: str, metric: Metric, confidence: float = 0.95, method: str = "cuped",
    planned_lift: float = PLANNED_LIFT, seed: int = 0,
) -> MetricReading | None:  # fmt: skip
    """One metric; None where one of the arms has nothing to divide by. `method`: cuped (when there is history), delta,
    bootstrap, or tea-tasting (with history too, by another's package).

    Raises UsageError for another method, ExtraMissing for tea-tasting where it is not installed.
    """
    a, b = arm_values(members, control, metric), arm_values(members, treatment, metric)
    if len(a) < 2 or len(b) < 2 or math.isnan(a.value) or math.isnan(b.value):
        return None
    known_a, known_b = _history(members, control), _history(members, treatment)
    before_a, before_b = arm_values(members, control, metric, "pre_"), arm_values(members, treatment, metric, "pre_")
    history = bool(known_a.any() or known_b.any())
    if method == "bootstrap":
        comparison = compare_bootstrap(a, b, confidence, seed=seed)
    elif method == "tea-tasting":
        comparison = compare_by_tea_tasting(members, control, treatment, metric, confidence, cuped=history)
    elif method == "delta" or not history:
        comparison = compare(a, b, confidence)
    elif method == "cuped":
        comparison = compare_cuped(a, b, before_a, before_b, known_a, known_b, confidence)
    else:
        raise UsageError(f"unknown method '{method}'", next_step="Known: cuped, delta, bootstrap, tea-tasting.")
    variance = comparison.error**2 / (1 / len(a) + 1 / len(b))
    # the mixture must not depend on the outcome: the level before the start where there is one
    level = (before_a.value + before_b.value) / 2
    level = level if math.isfinite(level) and level > 0 else abs(a.value)
    low, high, p = -math.inf, math.inf, 1.0
    if comparison.error > 0 and level > 0:
        share = len(b) / (len(a) + len(b))
        planned = plan(level, variance, planned_lift, share=share, confidence=confidence).error
        tau = mixture_width(planned, confidence)
        half = half_width(comparison.error, tau, confidence)
        low, high = comparison.difference - half, comparison.difference + half
        p = always_valid_p(comparison.difference, comparison.error, tau)
    seen = detectable_lift(a.value, variance, (len(a), len(b)), confidence=confidence)
    return MetricReading(metric, comparison, low, high, p, seen)


def read_experiment(
    totals: Totals, name: str, control: str, shares: Mapping[str, float], period: Period, *,
    primary: str = "engagement_rate", metrics: Sequence[Metric] = METRICS, confidence: float = 0.95,
    method: str = "cuped", exposed: ExposureLog | None = None, catalogue: int | None = None,
    planned_lift: float = PLANNED_LIFT, seed: int = 0,
) -> Reading:  # fmt: skip
    """Everything about an experiment from the totals of its members. `shares`: arm -> share as assigned.

    A sample-ratio alarm, on assignment or on exposure, blocks the reading. Raises UsageError for an unknown control.
    """
    if control not in shares:
        raise UsageError(f"experiment '{name}' has no arm '{control}'", next_step=f"Arms: {', '.join(sorted(shares))}.")
    members = {row["values"]: row["counts"] for row in pc.value_counts(totals.members["arm"]).to_pylist()}
    members = {arm: int(members.get(arm, 0)) for arm in sorted(shares)}
    ratios = {"assigned": check_sample_ratio(members, shares)}
    if exposed is not None:
        met = {row["values"]: row["counts"] for row in pc.value_counts(exposed.members["arm"]).to_pylist()}
        ratios["exposed"] = check_sample_ratio({a: met.get(a, 0) for a in shares}, shares)
    base = Reading(
        name, control, period, members, ratios, False, "", primary, confidence, {}, {}, catalogue,
        exposed.mixed if exposed is not None else 0,
    )  # fmt: skip
    for what, ratio in ratios.items():
        if ratio.mismatch:
            counts = ", ".join(f"{a} {n:,} for {ratio.expected[a]:,.0f}" for a, n in ratio.observed.items())
            return replace(base, blocked=True, why=f"the members {what} do not keep the shares ({counts})")
    treatments = {}
    for arm in sorted(shares):
        if arm != control and members[arm]:
            found = (
                read_metric(totals.members, control, arm, m, confidence, method, planned_lift, seed) for m in metrics
            )
            treatments[arm] = tuple(r for r in found if r is not None)
    counts_of = {
        arm: totals.shown.filter(pc.equal(totals.shown["arm"], arm))["impressions"].to_numpy() for arm in sorted(shares)
    }
    fewest = min((int(c.sum()) for c in counts_of.values() if len(c)), default=0)
    coverage = {arm: distinct_among(c, fewest) for arm, c in counts_of.items() if len(c)}
    courses = len(pc.unique(totals.shown["course_id"]))
    spread = {arm: gini(c, courses) for arm, c in counts_of.items() if len(c)}
    return replace(base, treatments=treatments, coverage=coverage, gini=spread)


def lift(
    events: Events, experiment: Experiment, control: str, period: Period, *, arms: pa.Table | None = None,
    courses: pa.Table | None = None, primary: str = "engagement_rate", confidence: float = 0.95, method: str = "cuped",
    memory: str = "1GB", threads: int = 2, spill: str | Path | None = None,
) -> Reading:  # fmt: skip
    """The whole way from an event log to a reading. `arms` (member_id, arm): all assigned members; without it, those
    the log shows to have met the experiment. Raises DataError when there are none."""
    met = exposed_by_events(events, experiment.name, memory, threads, spill)
    roster = met.members.select(["member_id", "arm"]) if arms is None else arms
    roster = roster.filter(pc.is_in(roster["arm"], pa.array(sorted(experiment.arms))))
    if not roster.num_rows:
        raise DataError(
            f"no member met an arm of '{experiment.name}'",
            table="events",
            column="arms",
            next_step="Is the experiment's name spelled as in the policy, and does the log reach its start?",
        )
    totals = member_totals(events, roster, period, courses, memory, threads, spill)
    exposed = replace(met, members=met.members.filter(pc.is_in(met.members["arm"], pa.array(sorted(experiment.arms)))))
    return read_experiment(
        totals, experiment.name, control, experiment.arms, period, primary=primary, confidence=confidence,
        method=method, exposed=exposed, catalogue=None if courses is None else courses.num_rows,
    )  # fmt: skip
