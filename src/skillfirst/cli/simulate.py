"""`simulate`: an experiment in the invented world, where the truth is known."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skillfirst.cli.console import answer, columns, progress
from skillfirst.cli.options import Json
from skillfirst.errors import UsageError

if TYPE_CHECKING:
    from skillfirst.evaluation.simulate import Simulation
    from skillfirst.evaluation.trials import Trial
    from skillfirst.experiments.lift import Reading

SHOWN = ("engagement_rate", "click_through_rate", "clicks_per_member", "impressions_per_member")
# two-sided 95 % quantiles of Student's t by degrees of freedom, for intervals over few seeds
T95 = (math.inf, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)


def add_to(app: typer.Typer) -> None:
    app.command(epilog="Example: skillfirst simulate --experiment personalised --members 2000 --days 14 --out report")(
        simulate
    )


def simulate(
    experiment: Annotated[str, typer.Option("--experiment", metavar="NAME", help="Which question is asked.")],
    seeds: Annotated[
        int | None, typer.Option("--seeds", min=1, help="Worlds; as the experiment says by default.")
    ] = None,
    members: Annotated[int | None, typer.Option("--members", min=20, help="People in each world.")] = None,
    days: Annotated[int | None, typer.Option("--days", min=1, help="Days of visits.")] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Reports of every world.")] = None,
    json: Json = False,
) -> None:
    """Let an invented population live with each arm of an experiment and read the difference.

    Experiments: personalised, mapping, fatigue, diversity, sensitivity. As they stand they take hours; fewer members,
    days and seeds give a first look.
    """
    from skillfirst.evaluation.trials import TRIALS, trials

    if experiment not in TRIALS:
        raise UsageError(f"there is no experiment {experiment!r}", next_step=f"There are {', '.join(TRIALS)}.")
    told: list[dict[str, Any]] = []
    lines: list[str] = []
    with progress() as show:
        for trial in trials(experiment):
            chosen = tuple(range(1, seeds + 1)) if seeds else trial.seeds
            readings = []
            for seed in chosen:
                stage = f"{trial.name} {seed}"
                done = _world(trial, seed, members, days, lambda day, all_, name=stage: show(name, day, all_))
                reading = _read(done)
                readings.append(reading)
                if out is not None:
                    _report(out, trial, seed, reading)
            summary = summarise(trial, readings)
            told.append({"trial": trial.name, "question": trial.question, "control": trial.control,
                         "seeds": list(chosen), "arms": summary})  # fmt: skip
            lines += [trial.question, *_in_words(summary, trial.control), ""]
    lines += [f"reports in {out}"] if out is not None else []
    answer({"experiment": experiment, "trials": told}, "\n".join(lines), json)


def _world(trial: Trial, seed: int, members: int | None, days: int | None, show: Any) -> Simulation:
    from skillfirst.evaluation.nights import KernelNights
    from skillfirst.evaluation.simulate import simulate as live

    with tempfile.TemporaryDirectory(prefix="skillfirst-") as work:
        night = KernelNights(trial, Path(work), seed)
        return live(trial, seed, night, members=members, length=days, progress=show)


def _read(done: Simulation) -> Reading:
    """The reading of one world; everybody who joined counts, in the arm assigned."""
    import pyarrow as pa

    from skillfirst.experiments.assignment import Experiment
    from skillfirst.experiments.lift import lift
    from skillfirst.experiments.totals import Period

    trial = done.trial
    period = Period(done.start, done.end, history_days=7.0 * trial.weeks)
    events = pa.concat_tables([done.past, done.events])
    experiment = Experiment(trial.name, trial.shares, salt=str(done.seed))
    return lift(
        events, experiment, trial.control, period, arms=done.roster.select(["member_id", "arm"]), courses=done.courses
    )


def _report(folder: Path, trial: Trial, seed: int, reading: Reading) -> None:
    from skillfirst.cli.files import whole_file
    from skillfirst.experiments.report import to_html, to_json

    for ending, text in (("html", to_html(reading)), ("json", to_json(reading))):
        with whole_file(folder / f"{trial.name}-{seed}.{ending}") as place:
            place.write_text(text, encoding="utf-8")


def summarise(trial: Trial, readings: Sequence[Reading]) -> dict[str, Any]:
    """arm -> metric -> mean lift over the worlds, its 95 % interval (Student's t), and the lift of each world."""
    out: dict[str, Any] = {}
    for arm in (a.name for a in trial.arms if a.name != trial.control):
        found: dict[str, Any] = {}
        for metric in SHOWN:
            lifts = [_lift(reading, arm, metric) for reading in readings]
            known = [x for x in lifts if x is not None]
            if known:
                found[metric] = {**interval(known), "by_world": lifts}
        out[arm] = found
    blocked = [reading.why for reading in readings if reading.blocked]
    return {"treatments": out, "blocked": blocked}


def interval(values: Sequence[float]) -> dict[str, Any]:
    """Mean and 95 % interval of the mean; without an interval for one value."""
    n = len(values)
    mean = sum(values) / n
    if n == 1:
        return {"lift": mean, "low": None, "high": None}
    error = math.sqrt(sum((x - mean) ** 2 for x in values) / (n - 1) / n)
    half = (T95[n - 1] if n <= len(T95) else 1.96) * error
    return {"lift": mean, "low": mean - half, "high": mean + half}


def _lift(reading: Reading, arm: str, metric: str) -> float | None:
    try:
        value = reading.of(arm, metric).comparison.lift
    except LookupError:
        return None
    return value if math.isfinite(value) else None


def _in_words(summary: dict[str, Any], control: str) -> list[str]:
    rows: list[tuple[Any, ...]] = [(f"against {control}", *(name.replace("_", " ") for name in SHOWN))]
    for arm, metrics in summary["treatments"].items():
        rows.append((arm, *(_percent(metrics.get(name)) for name in SHOWN)))
    return [columns(rows), *(f"  no reading: {why}" for why in summary["blocked"])]


def _percent(found: dict[str, Any] | None) -> str:
    if found is None:
        return "-"
    if found["low"] is None:
        return f"{found['lift']:+.1%}"
    return f"{found['lift']:+.1%} ({found['low']:+.1%} to {found['high']:+.1%})"
