"""Parquet: column types as written; a row's place in its file comes for free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skillfirst.errors import DataError
from skillfirst.ingest.formats.base import PLACES, Scan, listed

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from skillfirst.ingest.sources import Source

_MAGIC = b"PAR1"
_SMALLEST = 12  # bytes: magic, length of the footer, magic


def scan(connection: duckdb.DuckDBPyConnection, source: Source, _number: int, _work: Path) -> Scan:
    """The scan of Parquet files. Raises DataError on files that are empty, cut off or something else."""
    import duckdb

    for path in source.files:
        _check(path, source.table)
    relation = (
        f"read_parquet({listed(source.files)}, binary_as_string = true, union_by_name = true, file_row_number = true)"
    )
    try:
        rows = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    except duckdb.Error as error:
        raise DataError(
            f"{source.label} cannot be read as Parquet: {str(error).splitlines()[0]}",
            table=source.table,
            next_step="Export it again",
        ) from None
    columns = {name: type_ for name, type_, *_ in rows if name != "file_row_number"}
    place = "file_row_number + 1" if len(source.files) == 1 else f"file_index * {PLACES} + file_row_number + 1"
    return Scan(relation, columns, place)


def _check(path: Path, table: str) -> None:
    size = path.stat().st_size
    step = "Export it again, or remove it"
    if size == 0:
        raise DataError(f"{path.name} is empty (0 bytes)", table=table, next_step=step)
    with path.open("rb") as file:
        head = file.read(4)
        file.seek(max(0, size - 4))
        tail = file.read(4)
    if head != _MAGIC:
        raise DataError(
            f"{path.name} is named .parquet but is no Parquet file",
            table=table,
            next_step="Give it the ending it deserves (.csv, .jsonl) or export it as Parquet",
        )
    if size < _SMALLEST or tail != _MAGIC:
        raise DataError(f"{path.name} is cut off: its Parquet footer is missing", table=table, next_step=step)
