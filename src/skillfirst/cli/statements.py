"""`statements`: what members were shown and clicked, for a learning record store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skillfirst.cli.console import answer
from skillfirst.cli.options import Json, Store


def add_to(app: typer.Typer) -> None:
    example = "Example: skillfirst statements --store stores/academy --platform https://academy.example --out s.jsonl"
    app.command(epilog=example)(statements)


def statements(
    store: Store,
    platform: Annotated[str, typer.Option("--platform", metavar="IRI", help="Home page of the members' accounts.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The file to write, .jsonl.")],
    courses: Annotated[
        str, typer.Option("--courses", metavar="IRI", help="What makes an IRI of a course id, put before it.")
    ] = "urn:skillfirst:course:",
    json: Json = False,
) -> None:
    """Write the event log's impressions and clicks as xAPI 1.0.3 statements, one a line, the same ids every time."""
    import json as text

    from skillfirst.cli.files import whole_file
    from skillfirst.errors import NotFound, UsageError
    from skillfirst.ingest.formats.xapi import to_statement
    from skillfirst.stores.event_log import EventLog

    if out.suffix != ".jsonl":
        raise UsageError(f"{out} tells no format by its ending", next_step="Let it end in .jsonl.")
    if not (store / "events").exists():
        raise NotFound(f"{store} holds no event log yet", next_step="It begins with the first event the service takes.")
    count = 0
    with (
        EventLog.open(store / "events") as log,
        whole_file(out) as passing,
        passing.open("w", encoding="utf-8") as file,
    ):
        for batch in log.read():
            for event in batch.to_pylist(maps_as_pydicts="strict"):
                statement = to_statement(event, platform=platform, activity_prefix=courses)
                if statement is not None:
                    file.write(text.dumps(statement, ensure_ascii=False) + "\n")
                    count += 1
    answer({"out": str(out), "statements": count}, f"{count:,} statements written to {out}", json)
