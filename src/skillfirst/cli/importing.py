"""`import`: published taxonomies as our tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from skillfirst.cli.console import answer
from skillfirst.cli.options import Json


def add_to(app: typer.Typer) -> None:
    app.command(
        "import",
        epilog="Example: skillfirst import esco downloads/esco --out my-academy",
    )(import_)


def import_(
    source: Annotated[Literal["esco", "onet", "csv"], typer.Argument(metavar="esco|onet|csv", help="What it is.")],
    place: Annotated[Path, typer.Argument(metavar="DIR", help="The published files; for csv: one CSV file.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder the tables are written to.")],
    language: Annotated[str, typer.Option("--language", help="The language of the names (ESCO).")] = "en",
    json: Json = False,
) -> None:
    """Turn a published taxonomy into the tables skills, skill_labels, titles and title_skills."""
    from skillfirst.errors import StoreError, UsageError
    from skillfirst.ingest.formats.esco import import_esco
    from skillfirst.ingest.formats.onet import import_onet
    from skillfirst.ingest.formats.plain import import_plain

    if language != "en" and source != "esco":
        raise UsageError("--language goes with esco")
    try:
        if source == "esco":
            done = import_esco(place, out, language)
        elif source == "onet":
            done = import_onet(place, out)
        else:
            done = import_plain(place, out)
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(f"{error.filename or out} cannot be used: {error.strerror or error}") from None
    lines = [f"{table}: {rows:,} rows" for table, rows in done.counts.items()]
    lines += [*done.notes, f"written to {out}"]
    answer(
        {"source": source, "out": str(out), "counts": done.counts, "notes": list(done.notes)}, "\n".join(lines), json
    )
