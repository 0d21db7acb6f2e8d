"""`simulate`: an experiment in the invented world, where the truth is known."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skillfirst.cli.console import answer, progress
from skillfirst.cli.options import Json
from skillfirst.errors import UsageError

if TYPE_CHECKING:
    from skillfirst.evaluation.trials import Trial
    from skillfirst.evaluation.trials_pooled import Judged, Pooled


def add_to(app: typer.Typer) -> None:
    app.command(epilog="Example: skillfirst simulate --experiment personalised --members 1000 --days 7 --seeds 1 "
                       "--out report")(simulate)  # fmt: skip


def simulate(
    experiment: Annotated[str, typer.Option("--experiment", metavar="NAME", help="Which question is asked.")],
    seeds: Annotated[
        int | None, typer.Option("--seeds", min=1, help="Worlds; as the experiment says by default.")
    ] = None,
    members: Annotated[int | None, typer.Option("--members", min=20, help="People in each world.")] = None,
    days: Annotated[int | None, typer.Option("--days", min=1, help="Days of visits.")] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Report (HTML, JSON) and what was lived; goes on where it stopped."),
    ] = None,
    report: Annotated[
        bool, typer.Option("--report", help="Only report what lies in DIR, live through nothing more.")
    ] = False,
    split: Annotated[
        bool,
        typer.Option("--split", help="Members are assigned to arms in one world, a real test; DIR keeps its log."),
    ] = False,
    json: Json = False,
) -> None:
    """Let an invented population live with each arm of an experiment and read the difference.

    Experiments: personalised, mapping, fatigue, diversity, sensitivity. The same people live once with each arm, so
    that each is compared with herself. As they stand they take from minutes (diversity) to an hour (sensitivity);
    fewer members, days and seeds give a first look.
    """
    from skillfirst.evaluation.trials import TRIALS, trials

    if experiment not in TRIALS:
        raise UsageError(f"there is no experiment {experiment!r}", next_step=f"There are {', '.join(TRIALS)}.")
    if (report or split) and out is None:
        raise UsageError(f"--{'report' if report else 'split'} needs --out", next_step="Name a folder.")
    chosen = [
        replace(t, members=members or t.members, days=days or t.days,
                seeds=tuple(range(1, seeds + 1)) if seeds else t.seeds)
        for t in trials(experiment)
    ]  # fmt: skip
    if split:
        assert out is not None
        _split(chosen, out, json)
        return
    command = " ".join(
        ["skillfirst simulate --experiment", experiment]
        + [f"--{name} {value}" for name, value in (("seeds", seeds), ("members", members), ("days", days)) if value]
        + ([f"--out {out.name}"] if out is not None else [])
    )
    with tempfile.TemporaryDirectory(prefix="skillfirst-") as unkept:
        folder = out or Path(unkept)
        if experiment == "sensitivity":
            told, more, values = _sensitivity(chosen[0], folder / "worlds", report)
        else:
            told, more, values = _parallel(chosen, folder / "worlds", report), "", {}
    values = _report(experiment, told, command, more, values, out)
    answer(values, "\n".join([line for found in told for line in _in_words(found)]
                             + ([f"report: {out / experiment}.html"] if out else [])), json)  # fmt: skip


def _parallel(chosen: list[Trial], folder: Path, only_known: bool) -> list[Pooled]:
    from skillfirst.evaluation.simulate_parallel import Worlds
    from skillfirst.evaluation.trials_pooled import pooled

    told = []
    tags: dict[int, dict[Any, Any]] = {}
    with progress() as show:
        for trial in chosen:
            lived = {}
            for seed in trial.seeds:
                worlds = Worlds(trial, seed, folder=folder, tags=tags.setdefault(seed, {}))
                for arm in trial.arms:
                    if not only_known or worlds.known(arm):
                        stage = _stage(show, f"{trial.name}, world {seed}, {arm.name}")
                        lived[seed, arm.name] = worlds.lived(arm, stage)
            told.append(pooled(trial, lived))
    return told


def _stage(show: Callable[[str, int, int], None], name: str) -> Callable[[int, int], None]:
    return lambda day, days: show(name, day, days)


def _sensitivity(trial: Trial, folder: Path, only_known: bool) -> tuple[list[Pooled], str, dict[str, Any]]:
    from skillfirst.evaluation.simulate_sensitivity import counted, sweep
    from skillfirst.evaluation.trials_report import sensitivity_html

    with progress() as show:
        base, rows = sweep(trial, folder, only_known, _stage(show, "constants"))
    return [base], sensitivity_html(rows), {"constants": rows, "verdicts": counted(rows)}


def _report(
    experiment: str, told: list[Pooled], command: str, more: str, values: dict[str, Any], out: Path | None
) -> dict[str, Any]:
    import json

    from skillfirst import __version__
    from skillfirst.cli.files import whole_file
    from skillfirst.evaluation.trials_report import to_dict, to_html

    whole = {"experiment": experiment, "version": __version__, "command": command,
             "trials": [to_dict(found) for found in told], **values}  # fmt: skip
    if out is not None:
        html = to_html(experiment, told, command, __version__, more)
        for ending, text in (("html", html), ("json", json.dumps(whole, indent=1) + "\n")):
            with whole_file(out / f"{experiment}.{ending}") as place:
                place.write_text(text, encoding="utf-8")
    return whole


def _split(chosen: list[Trial], out: Path, json: bool) -> None:
    """A real test in one world: arms assigned by hash, the log of all of them, and its reading."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from skillfirst.cli.files import whole_file
    from skillfirst.evaluation.nights import KernelNights
    from skillfirst.evaluation.simulate import simulate as live

    written, lines = [], []
    with progress() as show:
        for trial in chosen:
            for seed in trial.seeds:
                with tempfile.TemporaryDirectory(prefix="skillfirst-") as work:
                    night = KernelNights(trial, Path(work), seed, fit_days=trial.fit_days)
                    done = live(trial, seed, night, progress=_stage(show, f"{trial.name}, world {seed}"))
                place = out / f"{trial.name}-{seed}.parquet"
                with whole_file(place) as temporary:
                    pq.write_table(pa.concat_tables([done.past, done.events]), temporary)
                read = (f"skillfirst lift --experiment {trial.name} --control {trial.control} --events {place} "
                        f"--from {done.start:%Y-%m-%d} --to {done.end:%Y-%m-%d}")  # fmt: skip
                written.append({"trial": trial.name, "seed": seed, "events": str(place), "read": read})
                lines += [f"log: {place}", f"read it with: {read}"]
    answer({"logs": written}, "\n".join(lines), json)


def _in_words(found: Pooled) -> list[str]:
    from skillfirst.cli.console import columns
    from skillfirst.evaluation.trials_pooled import READ
    from skillfirst.evaluation.trials_report import words_of

    t = found.trial
    rows: list[tuple[Any, ...]] = [("change", *(READ[name].label.lower() for name in t.shown[:3]))]
    rows += [(f"{a} against {b}", *(words_of(found.of(a, b, name)) for name in t.shown[:3])) for a, b in t.contrasts]
    lines = [t.question, columns(rows)]
    lines += [f"{j.met:>12}: {j.claim.words}, {words_of(j.contrast)}{_too_few(j)}" for j in found.claims]
    return [*lines, ""]


def _too_few(judged: Judged) -> str:
    """For a claim that is not shown, how large it would have had to be: little was lived, or little is there."""
    from skillfirst.experiments.power import detectable_lift

    if judged.met != "not shown" or judged.contrast is None:
        return ""
    c = judged.contrast.comparison
    control, treatment = c.members
    lift = detectable_lift(c.control, c.error**2 / (1 / control + 1 / treatment), c.members)
    if not math.isfinite(lift):
        return ""
    return f"; with {control:,} lives an arm a difference under {lift:.0%} would mostly stay unseen"
