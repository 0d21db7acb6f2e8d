"""JSON Lines: one object a line; every value is read as text, lists keep their elements apart."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

from skillfirst.errors import DataError
from skillfirst.ingest.formats.base import Scan, Spoiled, check_head, listed, named, quoted
from skillfirst.ingest.formats.csv import COUNTED_BYTES

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from skillfirst.ingest.sources import Source

_BOM = b"\xef\xbb\xbf"
_OBJECT_BYTES = 64 << 20


def scan(connection: duckdb.DuckDBPyConnection, source: Source, _number: int, work: Path) -> Scan:
    """The scan of JSON Lines files; what is no object becomes a spoiled line. Raises DataError on a wrong format."""
    files = tuple(_checked(path, source.table, work) for path in source.files)
    size = sum(path.stat().st_size for path in files)
    objects = f"read_ndjson_objects({listed(files)}, ignore_errors = true, maximum_object_size = {_OBJECT_BYTES})"
    keys = _keys(connection, objects) if size else []
    if size and not keys:
        raise DataError(
            f"{source.label} holds no JSON object",
            table=source.table,
            next_step='Write one object a line: {"course_id": "1"}',
        )
    fields = ", ".join(f"json ->> {quoted(_path(key))} AS {named(key)}" for key in keys)
    if not keys:
        return Scan("(SELECT 1 WHERE false)", {}, empty=True)
    counted = size <= COUNTED_BYTES
    place = ", row_number() OVER () AS json_line" if counted else ""
    # a line that is no object reads as null and is counted apart
    inner = f"SELECT json{place} FROM {objects}"
    where = "json IS NOT NULL AND json_type(json) = 'OBJECT'"
    relation = f"(SELECT {fields}{', json_line' if counted else ''} FROM ({inner}) WHERE {where})"
    return Scan(
        relation,
        dict.fromkeys(keys, "VARCHAR"),
        "json_line" if counted else "0",
        spoiled=lambda con: _spoiled(con, objects, files),
    )


def _path(key: str) -> str:
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'$."{escaped}"'


def _keys(connection: duckdb.DuckDBPyConnection, objects: str) -> list[str]:
    rows = connection.execute(
        f"SELECT DISTINCT unnest(json_keys(json)) AS key FROM {objects} WHERE json_type(json) = 'OBJECT' ORDER BY key"
    ).fetchall()
    return [key for (key,) in rows]


def _checked(path: Path, table: str, work: Path) -> Path:
    """The file, or a copy without its byte order mark (which the reader would take for a broken line)."""
    head = check_head(path, "jsonl", table)
    if head.lstrip(_BOM).lstrip()[:1] == b"[":
        raise DataError(
            f"{path.name} is one JSON array",
            table=table,
            next_step="Write one object a line, without brackets and commas around",
        )
    if not head.startswith(_BOM):
        return path
    copy = work / f"without_mark_{table}_{path.name}"
    with copy.open("wb") as target, path.open("rb") as file:
        file.seek(len(_BOM))
        shutil.copyfileobj(file, target)
    return copy


def _spoiled(connection: duckdb.DuckDBPyConnection, objects: str, files: tuple[Path, ...]) -> list[Spoiled]:
    bad = connection.execute(
        f"SELECT count(*) FROM {objects} WHERE json IS NULL OR json_type(json) <> 'OBJECT'"
    ).fetchone()
    if not bad or not bad[0]:
        return []
    by_reason: dict[str, list[tuple[int, str]]] = {}
    for line, reason, text in _broken(files):
        by_reason.setdefault(reason, []).append((line, text))
    return [Spoiled(reason, lines) for reason, lines in sorted(by_reason.items())]


def _broken(files: tuple[Path, ...]) -> Iterator[tuple[int, str, str]]:
    for path in files:
        with path.open("rb") as file:
            for number, raw in enumerate(file, 1):
                reason = _why(raw)
                if reason:
                    yield number, reason, raw.decode("utf-8", "replace").strip()


def _why(raw: bytes) -> str:
    if not raw.strip():
        return ""
    try:
        value = json.loads(raw.decode("utf-8"))
    except UnicodeDecodeError:
        return "the bytes are not UTF-8, which JSON is written in"
    except ValueError:
        return "the line is not valid JSON"
    return "" if isinstance(value, dict) else "the line is not a JSON object"
