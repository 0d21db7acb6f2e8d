"""`demo`: an invented academy, a night, a day, an address."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skillfirst import __version__
from skillfirst.cli.console import note, progress, watched
from skillfirst.cli.serve import open_port
from skillfirst.errors import UsageError
from skillfirst.stores.disk_errors import telling

if TYPE_CHECKING:
    from skillfirst.cli.console import Progress
    from skillfirst.stores.offline import Run

SEED = 7
HOST = "127.0.0.1"
NOTE = "academy.json"  # what the folder was made with; a folder without it is somebody else's


def add_to(app: typer.Typer) -> None:
    app.command(epilog="Example: skillfirst demo --members 1000 --port 8001")(demo)


def demo(
    members: Annotated[int, typer.Option("--members", min=10, help="How many people to invent.")] = 300,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="The port; 0 takes a free one.")] = 8000,
    folder: Annotated[Path, typer.Option("--dir", metavar="DIR", help="Where the academy lives.")] = Path(
        "demo-academy"
    ),
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Make everything, then stop.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Invent it anew although it is there.")] = False,
) -> None:
    """Invent an academy, recommend to everybody in it, and serve the page on this machine."""
    made = {"members": members, "seed": SEED, "day": last_day().isoformat(), "version": __version__}
    chosen = 0 if no_serve else open_port(HOST, port)  # asked before the work, not after it
    ready = not fresh and _note(folder) == made and (folder / "store" / "runs" / "latest").exists()
    if not ready:
        with telling(f"the academy in {folder} cannot be written"):
            _make(folder, made)
    print(_welcome(folder, made), flush=True)
    if not no_serve:
        print(f"  The page: http://{HOST}:{chosen} (Ctrl-C ends it)\n", flush=True)
        try:
            _serve(folder, last_day(), chosen)
        except KeyboardInterrupt:  # the way to end it, and so no failure: `make demo` has nothing to complain of
            note("\nthe demo has ended; skillfirst demo goes on with the same academy")


def last_day() -> dt.date:
    """The day the academy's history ends: yesterday, so that whoever visits lives today."""
    return dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1)


def _make(folder: Path, made: dict[str, Any]) -> None:
    """Tables, a run and the online store. Raises UsageError for a folder that holds something else."""
    if folder.exists() and _note(folder) is None and any(folder.iterdir()):
        raise UsageError(f"{folder} holds something else", next_step="Name another folder with --dir.")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    day = dt.date.fromisoformat(made["day"])
    with progress() as show:
        if not watched():
            note(
                f"inventing {made['members']:,} people, then the night; a minute when the loops are compiled first ..."
            )
        tables = invent(folder, made["members"], day, show)
        (folder / NOTE).write_text(json.dumps({**made, "rows": tables}, indent=2), encoding="utf-8")
        night_and_publish(folder, day, show)


def invent(folder: Path, members: int, day: dt.date, show: Progress) -> dict[str, int]:
    """Write the academy's tables; rows by table."""
    from skillfirst.evaluation.world import invent as invent_academy
    from skillfirst.evaluation.world import write

    academy = invent_academy(members=members, seed=SEED, day=day)
    return write(academy, folder / "data", progress=lambda _part, _rows, _members: show("invent", 0, 0))


def night_and_publish(folder: Path, day: dt.date, show: Progress) -> Run:
    """One night of the academy, published to its LMDB."""
    from skillfirst.engines.local import LocalEngine
    from skillfirst.pipeline import Night, run_night
    from skillfirst.publish import publish
    from skillfirst.stores.online import open_online

    run = run_night(Night(folder / "data", folder / "store", day), LocalEngine(), show)
    with open_online(online_of(folder)) as online:
        publish(run, online, force=True, progress=show)
    return run


def online_of(folder: Path) -> str:
    """The address of a demo's online store."""
    return f"lmdb:{folder / 'store' / 'online'}"


def _note(folder: Path) -> dict[str, Any] | None:
    try:
        known = json.loads((folder / NOTE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return {name: value for name, value in known.items() if name != "rows"} if isinstance(known, dict) else None


def _welcome(folder: Path, made: dict[str, Any]) -> str:
    from skillfirst.stores.offline import OfflineStore

    counts = OfflineStore(folder / "store").open().manifest["counts"]
    online = online_of(folder)
    return "\n".join(
        [
            "",
            f"  An invented academy: {made['members']:,} people, {counts['catalogue_courses']:,} courses,",
            f"  {counts['served']:,} of them served, {counts['personal']:,} with reasons of their own.",
            "",
            f"  its tables    {folder / 'data'}",
            f"  its runs      {folder / 'store' / 'runs'}",
            "",
            "  With your own tables: skillfirst init my-academy",
            f"  A member, in numbers: skillfirst explain --store {folder / 'store'} persona-leyla",
            f"  Served without inventing: skillfirst serve --store {folder / 'store'} --online {online}",
            "",
        ]
    )


def _serve(folder: Path, day: dt.date, port: int) -> None:
    """The day of the academy, with its people to pick from and a next day to make."""
    from skillfirst.evaluation.world.personas import read_personas, read_stories
    from skillfirst.serve import Demo, Person, run

    stories = read_stories()
    people = tuple(
        Person(p.member_id, p.name, p.biography, p.network, p.title_id, p.languages, stories.get(p.persona_id, {}))
        for p in read_personas()
    )
    turning = Demo(people, day, lambda night: night_and_publish(folder, night, lambda _stage, _done, _total: None))
    run(store=folder / "store", online=online_of(folder), host=HOST, port=port, demo=turning)
