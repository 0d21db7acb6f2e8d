"""Who was really shown something by an experiment, in which arm, since when: the exposure log.

Whoever was assigned but never met the experiment only dilutes it; whoever met two arms belongs to none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa

from skillfirst.errors import DataError

Events: TypeAlias = pa.Table | str | Path | Sequence[str | Path]
EXPOSING = ("served", "impression", "email_sent")  # kinds of event that put a member in front of an arm


@dataclass(frozen=True, slots=True)
class ExposureLog:
    """`members`: member_id (string, ascending), arm (string), first_time (int64, us since 1970 UTC; null when unknown).

    `mixed`: members met in more than one arm; they are left out.
    """

    members: pa.Table
    mixed: int


def connect(memory: str = "1GB", threads: int = 2, spill: str | Path | None = None) -> Any:
    """An in-memory DuckDB whose work goes to the folder `spill` above `memory` (DuckDB's own default: `.tmp` in the
    working directory, emptied at the end). Loaded here, as only this floor's logs need it."""
    import duckdb

    # an extension that is not there must not be fetched behind somebody's back
    settings: dict[str, Any] = {"memory_limit": memory, "threads": threads, "autoinstall_known_extensions": False}
    if spill is not None:
        settings["temp_directory"] = str(spill)
    return duckdb.connect(":memory:", config=settings)


def register(connection: Any, name: str, events: Events) -> list[str]:
    """Make events (an Arrow table, or Parquet files) a view; returns its columns.

    Raises DataError when a column that counting needs is missing.
    """
    if isinstance(events, pa.Table):
        connection.register(name, events)
    else:
        paths = [events] if isinstance(events, (str, Path)) else list(events)
        listed = ", ".join("'" + str(p).replace("'", "''") + "'" for p in paths)
        connection.execute(f"CREATE OR REPLACE VIEW {name} AS SELECT * FROM read_parquet([{listed}])")
    columns = [row[0] for row in connection.execute(f"DESCRIBE {name}").fetchall()]
    for needed in ("time", "member_id", "kind"):
        if needed not in columns:
            raise DataError("column is missing", table="events", column=needed)
    return columns


def exposed_by_events(
    events: Events, experiment: str, memory: str = "1GB", threads: int = 2, spill: str | Path | None = None
) -> ExposureLog:
    """Members whose served lists, impressions or mails carry an arm of `experiment` in their `arms`."""
    with connect(memory, threads, spill) as connection:
        columns = register(connection, "events", events)
        if "arms" not in columns:
            raise DataError("column is missing", table="events", column="arms")
        kinds = ", ".join(f"'{k}'" for k in EXPOSING)
        found: pa.Table = connection.sql(
            f"""
            SELECT member_id, min(arm) AS arm, min(t) AS first_time, min(arm) <> max(arm) AS mixed
            FROM (SELECT member_id, map_extract(arms, ?)[1] AS arm, epoch_us(time) AS t
                  FROM events WHERE kind IN ({kinds}))
            WHERE arm IS NOT NULL AND member_id IS NOT NULL
            GROUP BY member_id ORDER BY member_id
            """,
            params=[experiment],
        ).to_arrow_table()
    return _without_mixed(found)


def _without_mixed(found: pa.Table) -> ExposureLog:
    mixed = found["mixed"].to_numpy()
    members = found.filter(pa.array(~mixed.astype(bool))).drop_columns(["mixed"])
    return ExposureLog(members, int(mixed.sum()))
