"""One file a format: files in, a scan that DuckDB can read out of core."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skillfirst.ingest.formats import csv, jsonl, parquet
from skillfirst.ingest.formats.base import Scan

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from skillfirst.ingest.sources import Source

__all__ = ["Scan", "open_source"]

_READERS = {"parquet": parquet.scan, "csv": csv.scan, "jsonl": jsonl.scan}


def open_source(connection: duckdb.DuckDBPyConnection, source: Source, number: int, work: Path) -> Scan:
    """The scan of a source; `number` is distinct for each source, `work` takes helper files. Raises DataError."""
    return _READERS[source.format](connection, source, number, work)
