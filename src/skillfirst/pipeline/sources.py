"""From tables and the event log to checked files, and what becomes of bad rows."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq

from skillfirst.ingest.checked import Checked
from skillfirst.ingest.checks import check
from skillfirst.pipeline.plan import Night
from skillfirst.stores.event_log import EventLog
from skillfirst.stores.offline import OfflineStore


def checked_tables(night: Night, store: OfflineStore, work: Path) -> tuple[Checked, int]:
    """The tables and the log's events, checked; and the position up to which the log was read.

    Raises DataError for tables that cannot be used; their bad rows are kept in the store then.
    """
    log, position = _log_parts(night, work)
    checked = check(
        night.data, work, variables=night.variables, memory=night.memory, max_bad_share=night.max_bad_share, log=log
    )
    _refuse_fatal(checked, store)
    return checked, position


@contextmanager
def workshop(store: Path) -> Iterator[Path]:
    """A folder for what lies between the tables and the run; beside the store, so that moves are renames."""
    store.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".work-", dir=store) as path:
        yield Path(path)


def keep_rejects(checked: Checked, folder: Path) -> None:
    for path in checked.rejects.values():
        if path.exists():
            folder.mkdir(exist_ok=True)
            shutil.copy(path, folder / path.name)


def _refuse_fatal(checked: Checked, store: OfflineStore) -> None:
    """Raise the fatal findings, the bad rows kept in the store and named there; the workshop is about to go."""
    if checked.fatal and checked.rejects:
        passing = next(iter(checked.rejects.values())).parent
        kept = store.keep_rejects(checked.rejects.values())
        checked.findings = [
            replace(f, next_step=f.next_step.replace(str(passing), str(kept)) if f.next_step else None)
            for f in checked.findings
        ]
    checked.raise_fatal()


def _log_parts(night: Night, work: Path) -> tuple[Path | None, int]:
    """The event log's events up to the end of the day as a Parquet file (None when there are none), and how far it
    was read."""
    place = night.store / "events"
    if not place.exists():
        return None, 0
    path = work / "log.parquet"
    until = dt.datetime.fromtimestamp(night.now, dt.UTC)
    rows = 0
    with EventLog.open(place) as log:
        position = log.position()
        writer = None
        for batch in log.read(until=until, upto=position):
            writer = writer or pq.ParquetWriter(path, batch.schema, compression="zstd")
            writer.write_batch(batch)
            rows += batch.num_rows
        if writer is not None:
            writer.close()
    return (path if rows else None), position
