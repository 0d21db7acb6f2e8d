"""Tables to files, streamed: the ending of the name decides the format."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from skillfirst.errors import StoreError, UsageError
from skillfirst.stores.disk_errors import refused

ENDINGS = (".parquet", ".csv", ".jsonl")
LIST_SEPARATOR = ";"  # between the elements of a list in a CSV cell


def check_ending(path: Path) -> None:
    """Raises UsageError unless the name ends in a format that can be written; ask before the work, not after."""
    if path.suffix.lower() not in ENDINGS:
        raise UsageError(f"{path} tells no format by its ending", next_step=f"Let it end in {', '.join(ENDINGS)}.")


def write_rows(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch | pa.Table]) -> int:
    """Write batches of one schema; returns the rows. The file appears whole or not at all.

    Raises UsageError for an unknown ending, StoreError where the place cannot be written.
    """
    check_ending(path)
    write = {".parquet": _parquet, ".csv": _csv, ".jsonl": _jsonl}[path.suffix.lower()]
    with whole_file(path) as temporary:
        return write(temporary, schema, batches)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A place to write to that takes the name `path` at the end, and leaves nothing behind on an error."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        raise refused(f"{path} cannot be written", error) from None
    finally:
        if temporary.exists():
            temporary.unlink()


def _parquet(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch | pa.Table]) -> int:
    import pyarrow.parquet as pq

    rows = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as out:
        for batch in batches:
            out.write(batch)
            rows += batch.num_rows
    return rows


def _csv(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch | pa.Table]) -> int:
    rows = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(schema.names)
        for batch in batches:
            columns = [batch.column(name).to_pylist() for name in schema.names]
            out.writerows([_cell(value) for value in row] for row in zip(*columns, strict=True))
            rows += batch.num_rows
    return rows


def _jsonl(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch | pa.Table]) -> int:
    rows = 0
    file: IO[str]
    with path.open("w", encoding="utf-8") as file:
        for batch in batches:
            for row in batch.to_pylist():
                file.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")
            rows += batch.num_rows
    return rows


def _cell(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return LIST_SEPARATOR.join(str(element) for element in value)
    if isinstance(value, float):
        return f"{value:.9g}"
    return "" if value is None else value
