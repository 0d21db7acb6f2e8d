"""From tables and the event log to checked files, and what becomes of bad rows."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from skillfirst.ingest.checked import Checked
from skillfirst.ingest.checks import check
from skillfirst.ingest.mapping import MAPPING_NAME
from skillfirst.pipeline.plan import Night
from skillfirst.stores.event_log import EventLog
from skillfirst.stores.offline import OfflineStore

# kinds of events of which the newest decides, so that one that comes late is not the same as one in its time
WISHES = ("interest", "refuse_skill", "undo")


@dataclass(frozen=True, slots=True)
class LogRead:
    """What was read of the event log. `path`: its events up to the end of the day (None when there are none).
    `position`: how far it was read. `newest_wish`: time of the newest of WISHES, us since 1970, None without any."""

    path: Path | None = None
    position: int = 0
    newest_wish: int | None = None
    rows: int = 0


def checked_tables(night: Night, store: OfflineStore, work: Path) -> tuple[Checked, LogRead]:
    """The tables and the log's events, checked; and what was read of the log.

    Raises DataError for tables that cannot be used; their bad rows are kept in the store then.
    """
    log = read_log(night, work / "log.parquet")
    checked = check(
        night.data,
        work,
        variables=night.variables,
        memory=night.memory,
        max_bad_share=night.max_bad_share,
        log=log.path,
    )
    _refuse_fatal(checked, store)
    return checked, log


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


def read_log(night: Night, path: Path, after: int = 0) -> LogRead:
    """Write the log's events up to the end of the day, those beyond position `after`, to a Parquet file."""
    place = night.store / "events"
    if not place.exists():
        return LogRead()
    until = dt.datetime.fromtimestamp(night.now, dt.UTC)
    rows, newest = 0, None
    with EventLog.open(place) as log:
        position = log.position()
        writer = None
        for batch in log.read(until=until, after=after, upto=position):
            writer = writer or pq.ParquetWriter(path, batch.schema, compression="zstd")
            writer.write_batch(batch)
            rows += batch.num_rows
            found = newest_wish(batch)
            newest = found if newest is None else max(newest, found or newest)
        if writer is not None:
            writer.close()
    return LogRead(path if rows else None, position, newest, rows)


def newest_wish(events: pa.RecordBatch | pa.Table) -> int | None:
    """Time of the newest event of WISHES, us since 1970, None without any."""
    return _edge(events, pc.max)


def oldest_wish(events: pa.RecordBatch | pa.Table) -> int | None:
    """Time of the oldest event of WISHES, us since 1970, None without any."""
    return _edge(events, pc.min)


def _edge(events: pa.RecordBatch | pa.Table, of: Callable[..., pa.Scalar]) -> int | None:
    times = events.column("time").filter(pc.is_in(events.column("kind").cast(pa.string()), pa.array(WISHES)))
    found = of(times.cast(pa.timestamp("us", "UTC")).cast(pa.int64())).as_py()
    return None if found is None else int(found)


def mapping_hash(night: Night) -> str:
    """Of all that says how the tables are read: the mapping file and the variables it is given."""
    path = night.data / MAPPING_NAME if night.data.is_dir() else night.data
    text = path.read_bytes() if path.is_file() else b""
    return hashlib.sha256(text + json.dumps(sorted(night.variables.items())).encode()).hexdigest()
