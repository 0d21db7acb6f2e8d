"""What the worlds of a trial say together: every comparison over all seeds, the member being the unit, and the claims.

Members of all seeds are pooled; each is compared with herself in the other arm's world (`compare_paired`), so an
interval covers both who the members are and what the worlds differ by. The lift of each seed stands beside it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from skillfirst.errors import DataError
from skillfirst.evaluation.trials import Claim, Trial
from skillfirst.experiments.comparison import Arm, Comparison, compare_paired
from skillfirst.experiments.metrics import METRICS, Metric

RECOMMENDED_CLICKS = Metric(
    "recommended_clicks", "Clicks on recommendations per member", "clicked_impressions",
    meaning="courses shown and clicked within 24 hours, per member; what was searched for does not count",
)  # fmt: skip
DISTINCT_SKILLS = Metric(
    "distinct_skills", "Distinct skills in the top ten", "top_skills", "pages",
    meaning="skills truly taught by the first ten courses of a page, each counted once",
)  # fmt: skip
REDUNDANCY = Metric(
    "redundancy", "Neighbours with the same skills", "top_same", "top_pairs", better="down", percent=True,
    meaning="of the pairs of neighbours among the first ten courses, those that truly teach the same set of skills",
)  # fmt: skip
NEW_ENGAGEMENT = Metric(
    "new_engagement", "Engagement with new courses", "offered_engaged_days", "offered_shown_days", percent=True,
    meaning="the engagement rate without the row that continues courses a member has begun",
)  # fmt: skip
READ: dict[str, Metric] = {
    m.name: m for m in (NEW_ENGAGEMENT, *METRICS, RECOMMENDED_CLICKS, DISTINCT_SKILLS, REDUNDANCY)
}

Met = Literal["shown", "not shown", "contradicted", "unknown"]


@dataclass(frozen=True)
class Contrast:
    """One metric of one treatment against one control, of everybody or of a `segment`. `by_seed`: seed -> lift."""

    metric: Metric
    treatment: str
    control: str
    segment: str | None
    comparison: Comparison
    by_seed: dict[int, float]


@dataclass(frozen=True)
class Judged:
    """A claim, what the worlds say to it, and the comparison that says so (None: it could not be made)."""

    claim: Claim
    met: Met
    contrast: Contrast | None


@dataclass(frozen=True)
class Level:
    """Mean of a metric in an arm with its interval, of everybody or of a `segment`."""

    metric: Metric
    arm: str
    segment: str | None
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Pooled:
    """`members`: member lives an arm; `segments`: how many of them in each."""

    trial: Trial
    seeds: tuple[int, ...]
    members: int
    segments: dict[str, int]
    levels: tuple[Level, ...]
    contrasts: tuple[Contrast, ...]
    claims: tuple[Judged, ...]

    def of(self, treatment: str, control: str, metric: str, segment: str | None = None) -> Contrast | None:
        wanted = (treatment, control, metric, segment)
        return next((c for c in self.contrasts if (c.treatment, c.control, c.metric.name, c.segment) == wanted), None)

    def level(self, arm: str, metric: str, segment: str | None = None) -> Level | None:
        return next((v for v in self.levels if (v.arm, v.metric.name, v.segment) == (arm, metric, segment)), None)


def pooled(trial: Trial, worlds: Mapping[tuple[int, str], pa.Table]) -> Pooled:
    """`worlds`: (seed, arm name) -> outcomes. Seeds that lack an arm are left out; raises DataError without any."""
    seeds = tuple(sorted(s for s in {s for s, _ in worlds} if all((s, a.name) in worlds for a in trial.arms)))
    if not seeds:
        raise DataError(f"no world of {trial.name} is complete", next_step="Run the experiment, or let it go on.")
    arms = {arm.name: pa.concat_tables([worlds[seed, arm.name] for seed in seeds]) for arm in trial.arms}
    first = arms[trial.control]
    for name, table in arms.items():
        if not table["member_id"].equals(first["member_id"]):
            raise DataError("worlds of one seed hold different members", table=name, column="member_id")
    masks: dict[str | None, npt.NDArray[np.bool_]] = {None: np.ones(len(first), bool)}
    for column in trial.segments:
        for value in sorted(set(first[column].to_pylist())):
            masks[value] = np.asarray(pc.equal(first[column], value).to_numpy(zero_copy_only=False), bool)
    seed_of = first["seed"].to_numpy()
    contrasts = tuple(
        contrast
        for segment, mask in masks.items()
        for treatment, control in trial.contrasts
        for metric in READ.values()
        if (contrast := _contrast(arms, treatment, control, metric, segment, mask, seed_of)) is not None
    )
    levels = tuple(
        level
        for segment, mask in masks.items()
        for name in arms
        for metric in READ.values()
        if (level := _level(arms[name], name, metric, segment, mask)) is not None
    )
    sizes = {str(name): int(mask.sum()) for name, mask in masks.items() if name is not None}
    whole = Pooled(trial, seeds, len(first), sizes, levels, contrasts, ())
    return Pooled(
        trial, seeds, len(first), sizes, levels, contrasts, tuple(judged(whole, claim) for claim in trial.claims)
    )


def _arm(table: pa.Table, metric: Metric, mask: npt.NDArray[np.bool_]) -> Arm:
    num = table[metric.numerator].to_numpy()[mask].astype(np.float64) * metric.scale
    return Arm(num, table[metric.denominator].to_numpy()[mask].astype(np.float64) if metric.denominator else None)


def _contrast(
    arms: Mapping[str, pa.Table], treatment: str, control: str, metric: Metric, segment: str | None,
    mask: npt.NDArray[np.bool_], seed_of: npt.NDArray[np.int64],
) -> Contrast | None:  # fmt: skip
    if metric.numerator not in arms[control].column_names or metric.numerator not in arms[treatment].column_names:
        return None
    both = [_arm(arms[name], metric, mask) for name in (control, treatment)]
    if len(both[0]) < 2 or any(math.isnan(arm.value) for arm in both):
        return None
    by_seed: dict[int, float] = {}
    for seed in sorted(set(seed_of.tolist())):
        c, t = (_arm(arms[name], metric, mask & (seed_of == seed)).value for name in (control, treatment))
        by_seed[seed] = t / c - 1 if c else math.nan
    return Contrast(metric, treatment, control, segment, compare_paired(both[0], both[1]), by_seed)


def _level(
    table: pa.Table, name: str, metric: Metric, segment: str | None, mask: npt.NDArray[np.bool_]
) -> Level | None:
    if metric.numerator not in table.column_names:
        return None
    arm = _arm(table, metric, mask)
    if len(arm) < 2 or math.isnan(arm.value):
        return None
    half = 1.96 * float(arm.linearised().std(ddof=1)) / math.sqrt(len(arm))
    return Level(metric, name, segment, arm.value, arm.value - half, arm.value + half)


def judged(found: Pooled, claim: Claim) -> Judged:
    """`shown`: the whole interval lies on the claim's side, and the lift reaches `least`. `contradicted`: the whole
    interval lies on the other side, or under `least`. Else it is not shown."""
    contrast = found.of(claim.treatment, claim.control, claim.metric, claim.segment)
    if contrast is None or not math.isfinite(contrast.comparison.lift_low):
        return Judged(claim, "unknown", contrast)
    c, sign = contrast.comparison, 1 if claim.direction == "above" else -1
    low, high = sorted((sign * c.lift_low, sign * c.lift_high))
    reached = claim.least is None or sign * c.lift >= claim.least
    if low > claim.over and reached:
        return Judged(claim, "shown", contrast)
    if high < claim.over or (claim.least is not None and high < claim.least):
        return Judged(claim, "contradicted", contrast)
    return Judged(claim, "not shown", contrast)


def survivors(claims: Sequence[Judged], base: Sequence[Judged]) -> list[str]:
    """Words of the base's shown claims that are contradicted here; a claim that is merely not shown survives."""
    held = {j.claim.words for j in base if j.met == "shown"}
    return [j.claim.words for j in claims if j.claim.words in held and j.met == "contradicted"]
