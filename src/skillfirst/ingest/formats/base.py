"""What every format yields, and the mistakes one sees in the first bytes of a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from skillfirst.errors import DataError

if TYPE_CHECKING:
    import duckdb


PLACES = 1 << 40  # rows of one file; a row's ordinal is its place plus this times the place of its file


@dataclass(frozen=True, slots=True)
class Spoiled:
    """Lines that could not be read as a row: why, how many, and the first one (its number and its text)."""

    reason: str
    lines: list[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Scan:
    """Files as DuckDB sees them.

    `relation`: what stands behind FROM. `columns`: column name -> DuckDB type. `ordinal`: SQL for the row's place
    in its file, or "0" where counting would cost too much. `empty`: there is not even a row to read.
    `spoiled`: called after the scan has run, lines that are no rows.
    """

    relation: str
    columns: dict[str, str]
    ordinal: str = "0"
    empty: bool = False
    spoiled: Callable[[duckdb.DuckDBPyConnection], list[Spoiled]] = field(default=lambda _connection: [])


def quoted(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def named(column: str) -> str:
    """A column name as an SQL identifier."""
    return '"' + column.replace('"', '""') + '"'


def listed(files: tuple[Path, ...]) -> str:
    return "[" + ", ".join(quoted(str(f)) for f in files) + "]"


_HEAD_BYTES = 4096


def check_head(path: Path, format_: str, table: str, encoding: str = "utf-8") -> bytes:
    """The first bytes of a file that looks like what its name says; DataError when it does not."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    looks = _looks_like(head)
    if looks and looks != format_ and not (looks == "UTF-16 text" and encoding.startswith(("utf-16", "utf-32"))):
        step = (
            'Save it as UTF-8, or set encoding = "utf-16" in the mapping (CSV only)'
            if looks == "UTF-16 text"
            else f"Export it as {format_}, or give the file the ending it deserves"
        )
        raise DataError(f"{path.name} is named {format_} but holds {looks}", table=table, next_step=step)
    return head


def _looks_like(head: bytes) -> str:
    if head[:4] == b"PAR1":
        return "parquet"
    if head[:2] == b"PK":
        return "a zip archive (a spreadsheet?)"
    if head[:2] == b"\x1f\x8b":
        return "gzip data"
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or (b"\x00" in head and head.count(b"\x00") > len(head) // 4):
        return "UTF-16 text"
    if b"\x00" in head:
        return "binary data"
    return ""
