"""CSV: every cell is text until the column's kind says otherwise, so 007 stays 007."""

from __future__ import annotations

import codecs
import csv as stdlib_csv
import io
from typing import TYPE_CHECKING

from skillfirst.errors import DataError
from skillfirst.ingest.findings import NOT_UTF_8, SAY_THE_ENCODING
from skillfirst.ingest.formats.base import Scan, Spoiled, check_head, listed, named, quoted

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from skillfirst.ingest.sources import Source

_DELIMITERS = (",", "\t", ";", "|")
_HEADER_BYTES = 1 << 20
COUNTED_BYTES = 256 << 20  # up to this size rows are numbered, which reads the file on one thread
_REASONS = {
    "TOO MANY COLUMNS": "more cells than the header has columns",
    "MISSING COLUMNS": "fewer cells than the header has columns",
    "UNQUOTED VALUE": "broken quoting: a quote is opened and not closed, or text follows a closing quote",
    "LINE SIZE OVER MAXIMUM": "the line is longer than 16 MiB",
    "INVALID ENCODING": NOT_UTF_8,
    "INVALID STATE": "broken quoting",
}
_LINE_BYTES = 16 << 20
_CHUNK_BYTES = 1 << 20
_READ_AS_THEY_ARE = ("utf-8", "latin-1", "utf-16")  # by DuckDB


def scan(connection: duckdb.DuckDBPyConnection, source: Source, number: int, work: Path) -> Scan:
    """The scan of CSV files with a header. Raises DataError on an empty file, a wrong format or a broken header."""
    spec = source.spec
    headers = [header(path, source.table, spec.encoding, spec.delimiter) for path in source.files]
    delimiter, names = headers[0]
    for path, (other_delimiter, other) in zip(source.files[1:], headers[1:], strict=True):
        if (other_delimiter, other) != (delimiter, names):
            raise DataError(
                f"{path.name} has another header than {source.files[0].name}",
                table=source.table,
                next_step="Give all parts of a table the same columns in the same order",
            )
    files, encoding = source.files, spec.encoding
    if encoding not in _READ_AS_THEY_ARE or any(map(_ends_in_two_ways, files)):
        files = tuple(
            _as_utf_8(path, encoding, work / f"utf-8_{number}_{place}.csv") for place, path in enumerate(files)
        )
        encoding = "utf-8"
    rejected, scans = f"csv_rejects_{number}", f"csv_scans_{number}"
    types = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in names)
    relation = (
        f"read_csv({listed(files)}, auto_detect = false, header = true, delim = {quoted(delimiter)}, "
        f"""quote = '"', escape = '"', columns = {{{types}}}, encoding = {quoted(encoding)}, """
        f"max_line_size = {_LINE_BYTES}, "
        f"store_rejects = true, rejects_table = {quoted(rejected)}, rejects_scan = {quoted(scans)})"
    )
    counted = sum(path.stat().st_size for path in source.files) <= COUNTED_BYTES
    return Scan(
        relation,
        dict.fromkeys(names, "VARCHAR"),
        "row_number() OVER ()" if counted else "0",
        spoiled=lambda con: _spoiled(con, rejected, spec.encoding),
    )


def _as_utf_8(path: Path, encoding: str, copy: Path) -> Path:
    """A copy in UTF-8 with line ends of one sort, written piece by piece.

    Bytes that are none of the encoding stay as they are and spoil their lines alone.
    """
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)("surrogateescape"), translate=True)
    with path.open("rb") as file, copy.open("wb") as out:
        while chunk := file.read(_CHUNK_BYTES):
            out.write(decoder.decode(chunk).encode("utf-8", "surrogateescape"))
        out.write(decoder.decode(b"", final=True).encode("utf-8", "surrogateescape"))
    return copy


def _ends_in_two_ways(path: Path) -> bool:
    """Whether the beginning has line ends of two sorts, at which the reader gives up (or cells of several lines)."""
    with path.open("rb") as file:
        block = file.read(_HEADER_BYTES)
    both = block.count(b"\r\n")
    return 0 < both < block.count(b"\n")


def not_utf_8(source: Source) -> tuple[Path, int, str] | None:
    """(file, line, its text) of the first line that is not what the mapping says or leaves unsaid: UTF-8."""
    if source.format != "csv" or source.spec.encoding != "utf-8":
        return None
    for path in source.files:
        with path.open("rb") as file:
            number = 0
            while raw := file.readline(_LINE_BYTES):
                number += 1
                try:
                    raw.decode("utf-8")
                except UnicodeDecodeError:
                    return path, number, raw.decode("utf-8", "replace").strip()[:120]
    return None


def header(path: Path, table: str, encoding: str = "utf-8", delimiter: str | None = None) -> tuple[str, list[str]]:
    """(delimiter, column names) of a CSV file; the delimiter is the one that cuts the header into most columns."""
    head = check_head(path, "csv", table, encoding)
    if not head.strip(b"\xef\xbb\xbf\r\n\t "):
        raise DataError(
            f"{path.name} is empty ({path.stat().st_size} bytes)",
            table=table,
            next_step="Export it again, or remove it",
        )
    with path.open("rb") as file:
        block = file.read(_HEADER_BYTES)
    try:
        text = block.decode(
            "utf-8-sig" if encoding == "utf-8" else encoding, "ignore" if len(block) == _HEADER_BYTES else "replace"
        ).removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise DataError(f"{path.name} is not {encoding}", table=table, next_step="Check its encoding") from None
    first = text.lstrip("\r\n").splitlines()[0]
    if first.lstrip().startswith(("{", "[")):
        raise DataError(f"{path.name} is named .csv but holds JSON", table=table, next_step="Rename it to .jsonl")
    if "�" in first:
        raise DataError(
            f"the header of {path.name} is not {'UTF-8' if encoding == 'utf-8' else encoding}",
            table=table,
            next_step=SAY_THE_ENCODING,
        )
    cut = {
        d: next(stdlib_csv.reader(io.StringIO(first), delimiter=d)) for d in ([delimiter] if delimiter else _DELIMITERS)
    }
    best = max(cut, key=lambda d: len(cut[d]))
    names = [name.strip() for name in cut[best]]
    # a trailing delimiter makes a nameless last column; numbered, so that a message can name it
    names = [name or f"column_{place}" for place, name in enumerate(names, 1)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(
            f"the header of {path.name} names a column twice",
            table=table,
            column=twice[0],
            next_step="Rename or remove one of them",
        )
    return best, names


def _spoiled(connection: duckdb.DuckDBPyConnection, table: str, encoding: str) -> list[Spoiled]:
    rows = connection.execute(
        f"SELECT DISTINCT ON (file_id, line) CAST(error_type AS VARCHAR), line, csv_line FROM {named(table)} "
        "ORDER BY file_id, line, column_idx"
    ).fetchall()
    by_reason: dict[str, list[tuple[int, str]]] = {}
    for type_, line, text in rows:
        reason = _REASONS.get(type_, type_.lower())
        if reason == NOT_UTF_8 and encoding != "utf-8":
            reason = f"the bytes are not {encoding}"
        by_reason.setdefault(reason, []).append((int(line), (text or "").strip()))
    return [Spoiled(reason, lines) for reason, lines in sorted(by_reason.items())]
