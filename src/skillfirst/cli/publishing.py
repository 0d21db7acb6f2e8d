"""`publish` and `rollback`: what the online store serves."""

from __future__ import annotations

import time
from contextlib import nullcontext
from typing import Annotated, Literal

import typer

from skillfirst.cli.console import answer, progress
from skillfirst.cli.options import ONLINE, Json, RunId, Set, Store
from skillfirst.cli.reading import open_run, settings_for
from skillfirst.errors import UsageError


def add_to(app: typer.Typer) -> None:
    app.command(epilog="Example: skillfirst publish --store stores/academy --to lmdb:stores/academy/online")(publish)
    app.command(epilog="Example: skillfirst rollback --to lmdb:stores/academy/online")(rollback)


To = Annotated[str, typer.Option("--to", metavar="URL", help=f"The online store: {ONLINE}.")]


def publish(
    store: Store,
    to: To,
    run: RunId = "latest",
    engine: Annotated[
        Literal["local", "spark"], typer.Option("--engine", help="Who writes the answers: this process, or executors.")
    ] = "local",
    master: Annotated[str | None, typer.Option("--master", metavar="URL", help="The Spark master.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Publish although too much was lost.")] = False,
    set_: Set = None,
    json: Json = False,
) -> None:
    """Put a run into the online store and serve it, unless it lost too much against the run that serves now.

    With --engine spark the executors write into a store that they reach (redis://, postgresql://); lmdb: and sqlite:
    are written from here.
    """
    from skillfirst.cli.night import engine_for
    from skillfirst.publish import Losses
    from skillfirst.publish import publish as put
    from skillfirst.stores.online import open_online
    from skillfirst.stores.online.address import without_secrets

    if master is not None and engine != "spark":
        raise UsageError("--master goes with --engine spark")
    allowed = Losses(**settings_for(None, set_).losses.model_dump())
    chosen = open_run(store, run)
    place = without_secrets(to)
    started = time.perf_counter()
    with open_online(to) as online:
        before = online.serving()
        from_workers = engine == "spark" and online.reached_from_elsewhere
        with progress() as show, engine_for(engine, master, 0) if from_workers else nullcontext() as workers:
            members = put(chosen, online, force=force, allowed=allowed, progress=show, engine=workers, address=to)
    seconds = round(time.perf_counter() - started, 3)
    served = int(chosen.manifest["counts"].get("served", members))
    values = {
        "run_id": chosen.run_id, "to": place, "members": members, "served": served, "previous": before,
        "seconds": seconds,
    }  # fmt: skip
    after = f" (before: {before})" if before else ""
    empty = f", {members - served:,} of whom get no course (see: skillfirst run)" if served < members else ""
    said = f"{place} serves {chosen.run_id} to {members:,} members{empty}{after}, put there in {seconds:.1f} s"
    answer(values, said, json)


def rollback(to: To, json: Json = False) -> None:
    """Serve the run that was served before the last publish."""
    from skillfirst.stores.online import open_online
    from skillfirst.stores.online.address import without_secrets

    with open_online(to) as online:
        before = online.serving()
        now = online.rollback()
    answer({"run_id": now, "previous": before, "to": without_secrets(to)}, f"{now} is served again, not {before}", json)
