"""`import`: published taxonomies and records of learning as our tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from skillfirst.cli.console import answer
from skillfirst.cli.options import Json

if TYPE_CHECKING:
    from skillfirst.ingest.formats.published import Imported

LONGEST_SALT = 64  # bytes of key that the hash takes


def add_to(app: typer.Typer) -> None:
    app.command(
        "import",
        epilog="Example: skillfirst import esco downloads/esco --out my-academy",
    )(import_)


def import_(
    source: Annotated[
        Literal["esco", "onet", "csv", "xapi", "caliper"],
        typer.Argument(metavar="esco|onet|csv|xapi|caliper", help="What it is."),
    ],
    place: Annotated[Path, typer.Argument(metavar="PATH", help="The published files' folder; else one file.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder the tables are written to.")],
    titles_only: Annotated[
        bool, typer.Option("--titles-only", help="Only titles, with their skills as the built-in taxonomy names them.")
    ] = False,
    language: Annotated[str, typer.Option("--language", help="The language of the names (ESCO).")] = "en",
    prefix: Annotated[
        list[str] | None, typer.Option("--prefix", help="What is cut from ids of people and courses (xAPI, Caliper).")
    ] = None,
    salt: Annotated[
        Path | None, typer.Option("--salt", metavar="FILE", help="Key of the hash that stands for a mail address.")
    ] = None,
    json: Json = False,
) -> None:
    """Turn a published taxonomy into the tables skills, skill_labels, titles and title_skills, or records of learning
    (xAPI statements, Caliper envelopes; JSON or NDJSON) into the table events. What becomes no event is counted by
    its reason.
    """
    from skillfirst.errors import UsageError
    from skillfirst.ingest.formats.esco import import_esco
    from skillfirst.ingest.formats.onet import import_onet
    from skillfirst.ingest.formats.plain import import_plain
    from skillfirst.stores.disk_errors import telling

    records = source in ("xapi", "caliper")
    if not records and (prefix or salt is not None):
        raise UsageError("--prefix and --salt go with xapi and caliper")
    if language != "en" and source != "esco":
        raise UsageError("--language goes with esco")
    if titles_only and source not in ("esco", "onet"):
        raise UsageError("--titles-only goes with esco and onet")
    with telling(f"{place} cannot be imported to {out}"):
        if source == "esco":
            done = import_esco(place, out, language)
        elif source == "onet":
            done = import_onet(place, out)
        elif records:
            done = _records(source, place, out, prefix or (), salt)
        else:
            done = import_plain(place, out)
    if titles_only:
        done = _over_builtin_skills(done)
    lines = [f"{table}: {rows:,} rows" for table, rows in done.counts.items()]
    lines += [*done.notes, f"written to {out}"]
    answer(
        {"source": source, "out": str(out), "counts": done.counts, "notes": list(done.notes)}, "\n".join(lines), json
    )


def _records(source: str, place: Path, out: Path, prefixes: Sequence[str], salt: Path | None) -> Imported:
    """Records of learning as `events.jsonl` in `out`, which the check reads like any other table."""
    import json

    from skillfirst.cli.files import whole_file
    from skillfirst.errors import DataError
    from skillfirst.ingest.formats.caliper import read_caliper
    from skillfirst.ingest.formats.published import Imported
    from skillfirst.ingest.formats.xapi import read_xapi

    key = mail_salt(salt) if salt is not None else b""
    found = (read_xapi if source == "xapi" else read_caliper)(place.read_bytes(), prefixes=prefixes, salt=key)
    notes = [f"left out, {reason}: {count:,}" for reason, count in found.reasons().items()]
    if not found.events:
        raise DataError("; ".join([f"no record of {place} is an event", *notes]))
    file = out / "events.jsonl"
    with whole_file(file) as passing, passing.open("w", encoding="utf-8") as lines:
        for event in found.events:
            lines.write(json.dumps({**event, "time": event["time"].isoformat()}, ensure_ascii=False) + "\n")
    return Imported(out, {"events": file}, {"events": len(found.events)}, notes)


def mail_salt(path: Path) -> bytes:
    """The key of the hash that stands for a mail address. Raises UsageError when it is too long, OSError."""
    from skillfirst.errors import UsageError

    key = path.read_bytes().strip()
    if len(key) > LONGEST_SALT:
        raise UsageError(f"{path} is longer than {LONGEST_SALT} bytes")
    return key


def _over_builtin_skills(done: Imported) -> Imported:
    """The imported titles as a prior over the built-in skills, found by name and alias; the imported skills go."""
    from dataclasses import replace

    import pyarrow.parquet as pq

    from skillfirst.skills.taxonomy import Taxonomy

    imported = Taxonomy.from_tables({name: pq.read_table(path) for name, path in done.tables.items()})
    tables = Taxonomy.builtin().with_titles_of(imported).to_tables()
    paths = {name: done.out / f"{name}.parquet" for name in ("titles", "title_skills")}
    for name, path in paths.items():
        pq.write_table(tables[name], path, compression="zstd")
    for name in done.tables.keys() - paths.keys():
        done.tables[name].unlink()
    counts = {name: len(tables[name]) for name in paths}
    told = f"title_skills: {counts['title_skills']:,} of {len(imported.title_skills.indices):,} name a built-in skill"
    return replace(done, tables=paths, counts=counts, notes=[*done.notes, told])
