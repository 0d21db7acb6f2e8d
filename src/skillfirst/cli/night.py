"""`run`: the whole night."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from skillfirst.cli.console import answer, columns, progress
from skillfirst.cli.options import Data, Day, Json, Set, Store, Var
from skillfirst.cli.reading import (
    day_of,
    experiments_of,
    pairs,
    policy_of,
    settings_for,
    tagging_of,
)  # fmt: skip
from skillfirst.errors import ExtraMissing, UsageError

if TYPE_CHECKING:
    from skillfirst.engines.base import Engine
    from skillfirst.stores.offline import Run


def add_to(app: typer.Typer) -> None:
    app.command(epilog="Example: skillfirst run --data my-academy --store stores/academy --day 2026-11-22")(run)


def run(
    data: Data,
    store: Store,
    engine: Annotated[
        Literal["local", "spark"], typer.Option("--engine", help="Where the members are scored.")
    ] = "local",
    master: Annotated[str | None, typer.Option("--master", metavar="URL", help="The Spark master.")] = None,
    day: Day = None,
    delta: Annotated[
        bool,
        typer.Option("--delta", help="Bring the latest run of this day up to date: recompute changed members alone."),
    ] = False,
    set_: Set = None,
    var: Var = None,
    json: Json = False,
) -> None:
    """Do the night: tables in, recommendations for everybody out, as one whole run or none.

    --delta keeps the latest run's Model (skills of courses, rarity, what is trending) and the rows of every member of
    whom nothing changed since, and recomputes the others; the result is a whole run like any other.
    """
    from skillfirst.pipeline import Night, run_delta, run_night

    if master is not None and engine != "spark":
        raise UsageError("--master goes with --engine spark")
    settings = settings_for(data, set_)
    experiments, arms = experiments_of(settings)
    night = Night(
        data, store, day_of(day), policy_of(settings), tagging_of(settings), settings.channels,
        variables=pairs(var, "--var"), max_bad_share=settings.max_bad_share, memory=settings.memory,
        keep_runs=settings.keep_runs, store_form=settings.store_form, experiments=experiments, arms=arms,
    )  # fmt: skip
    with progress() as show:
        done = (run_delta if delta else run_night)(night, engine_for(engine, master, settings.workers), show)
    answer(as_json(done), in_words(done), json)


def engine_for(name: str, master: str | None, workers: int) -> Engine:
    """The engine by its name. Raises ExtraMissing where it is not installed."""
    if name == "local":
        from skillfirst.engines.local import LocalEngine

        return LocalEngine(workers or None)
    try:
        room: Any = importlib.import_module("skillfirst.engines.spark")
    except ImportError as error:
        if isinstance(error, ExtraMissing):
            raise
        raise ExtraMissing("the Spark engine", "spark") from None
    found: Engine = room.SparkEngine(master) if master else room.SparkEngine()
    return found


def as_json(run: Run) -> dict[str, Any]:
    """What a program wants to know of a run."""
    manifest = run.manifest
    names = (
        "day",
        "model_version",
        "counts",
        "carousels_by_context",
        "rejected",
        "notices",
        "findings",
        "unknown_skills",
        "tagging",
    )
    return {
        "run_id": run.run_id,
        "path": str(run.path),
        "tables": manifest["tables"],
        "timings": manifest["seconds"],
        **{name: manifest[name] for name in names},
        **({"delta": manifest["delta"]} if "delta" in manifest else {}),
    }


def in_words(run: Run) -> str:
    """A run as a few lines."""
    manifest, counts = run.manifest, run.manifest["counts"]
    seconds = sum(manifest["seconds"].values())
    lines = [
        f"run {run.run_id}: {counts['served']:,} of {counts.get('members', 0):,} members served in {seconds:.1f} s",
        f"  {counts['personal']:,} with reasons of their own, {counts['distinct_courses']:,} of "
        f"{counts['catalogue_courses']:,} courses shown, {counts['carousels']:,} carousels",
        f"  skills of courses: {manifest['tagging'].get('why', manifest['tagging'].get('method', ''))}",
    ]
    lines += [f"  ! {notice['what']}. {notice['next_step']}" for notice in manifest["notices"]]
    if "delta" in manifest:
        delta = manifest["delta"]
        lines.append(
            f"  {delta['recomputed']:,} members recomputed with the model of {delta['model_of']}, "
            f"{delta['copied']:,} as in {delta['of']}"
        )
    decided = manifest["tagging"].get("decisions", {})
    if any(decided.values()):
        aside = f", {decided['unknown']:,} about courses or skills that are gone" if decided["unknown"] else ""
        lines.append(f"  decided by people: {decided['accepted']:,} tags, {decided['refused']:,} refused{aside}")
    if manifest["carousels_by_context"]:
        lines.append(
            columns(sorted(manifest["carousels_by_context"].items(), key=lambda item: (-item[1], item[0])), "    ")
        )
    if manifest["rejected"]:
        rejected = ", ".join(f"{table} {rows:,}" for table, rows in manifest["rejected"].items())
        lines.append(f"  rows left out: {rejected}; see {run.path / 'rejects'}")
    lines += [f"  note: {finding}" for finding in manifest["findings"][:10]]
    lines.append(f"written to {run.path}")
    return "\n".join(lines)
