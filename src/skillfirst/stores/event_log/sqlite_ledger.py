"""The log's lines in one SQLite file with a write-ahead log, appended in order of arrival.

A commit is forced to the disk (`synchronous = FULL`) before anybody is told; after a crash SQLite finds the end
of its log by checksums and cuts a torn tail. The table has no index but its number, so that an append writes the
lines and nothing else, however long the log is; keys and members are found by `index.Index`, which is kept beside
it and derived from it. A thread folds the write-ahead log back and seals the index.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from skillfirst.errors import StoreError
from skillfirst.stores.disk_errors import refused
from skillfirst.stores.durable import FileLock, sync_file
from skillfirst.stores.event_log.checking import Entry
from skillfirst.stores.event_log.index import Index, Place
from skillfirst.stores.event_log.ledger import Added, Line

T = TypeVar("T")

FILE = "log.sqlite"
BUSY_SECONDS = 30.0
#: rows after which the write-ahead log is folded back into the file: some 10 MB
FOLD_BACK_ROWS = 20_000
#: rows read at once when the index catches up
CATCH_UP_ROWS = 50_000
#: numbers in one statement; SQLite's own limit was 999 for long
NUMBERS_A_QUERY = 500

_CREATE = (
    "CREATE TABLE IF NOT EXISTS event (number INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB NOT NULL, "
    "member BLOB NOT NULL, time INTEGER NOT NULL, body TEXT NOT NULL)"
)
_LAST = "SELECT seq FROM sqlite_sequence WHERE name = 'event'"


class SqliteLedger:
    """Lines in `folder/log.sqlite`; several processes may append and read at once."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._index: Index | None = None
        self._sealing = threading.Lock()
        self._unfolded = 0  # rows; touched by whoever adds, which is one thread
        self._folding = False
        self._almost_folded = False
        self._wake = threading.Event()
        self._closing = False
        with self._telling("opened"):
            folder.mkdir(parents=True, exist_ok=True)
            connection = self._connection()
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(_CREATE)
            sync_file(folder)
        self._keeper = threading.Thread(target=self._keep, name="event-log-keeper", daemon=True)
        self._keeper.start()

    @contextmanager
    def _telling(self, what: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            if isinstance(error, StoreError):
                raise
            raise refused(f"the event log {self.path} cannot be {what}", error) from error

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self.path, BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            connection.text_factory = bytes
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("PRAGMA wal_autocheckpoint = 0")
            with self._lock:
                self._connections.append(connection)
            self._local.connection = connection
        return connection

    # --- the index beside the lines

    def _indexed(self, connection: sqlite3.Connection) -> Index:
        """The index, caught up with every line there is, whoever wrote it."""
        index = self._index
        if index is None:
            with self._lock:
                index = self._index = self._index or Index(self.path.parent / "index")
        row = connection.execute(_LAST).fetchone()
        if row is not None and row[0] > index.last:
            self._catch_up(index, connection, row[0])
        return index

    def _catch_up(self, index: Index, connection: sqlite3.Connection, last: int) -> None:
        with index.lock:
            while index.last < last:
                rows = connection.execute(
                    "SELECT number, key, member FROM event WHERE number > ? AND number <= ? ORDER BY number LIMIT ?",
                    (index.last, last, CATCH_UP_ROWS),
                ).fetchall()
                index.add(list(map(Place._make, rows)), rows[-1][0] if len(rows) == CATCH_UP_ROWS else last)
        if index.full():
            self._wake.set()

    def _known(self, connection: sqlite3.Connection, index: Index, keys: Sequence[bytes]) -> set[bytes]:
        """Those of `keys` that the log has: candidates of the index, confirmed by looking."""
        known = set()
        for place, number in index.same(keys):
            row = connection.execute("SELECT key FROM event WHERE number = ?", (number,)).fetchone()
            if row is not None and row[0] == keys[place]:
                known.add(keys[place])
        return known

    # --- writing

    def _writing(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with self._telling("written"):
            connection = self._connection()
            try:
                connection.execute("BEGIN IMMEDIATE")
                result = work(connection)
                connection.execute("COMMIT")
                return result
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    def add(self, batches: Sequence[Sequence[Entry]]) -> list[Added]:
        places: list[Place] = []

        def work(connection: sqlite3.Connection) -> tuple[Index, list[Added]]:
            index = self._indexed(connection)
            known = self._known(connection, index, [entry.key for batch in batches for entry in batch])
            rows, added, number = [], [], index.last
            for batch in batches:
                before = number
                for entry in batch:
                    if entry.key not in known:
                        known.add(entry.key)
                        number += 1
                        rows.append((number, *entry))
                        places.append(Place(number, entry.key, entry.member))
                added.append(Added(number - before, number if number > before else 0))
            connection.executemany("INSERT INTO event (number, key, member, time, body) VALUES (?, ?, ?, ?, ?)", rows)
            return index, added

        index, added = self._writing(work)
        if places:
            index.add(places, places[-1].number)
        self._bound_the_log(len(places))
        if index.full():
            self._wake.set()
        return added

    def _bound_the_log(self, rows: int) -> None:
        self._unfolded += rows
        if self._almost_folded or (self._folding and self._unfolded > 4 * FOLD_BACK_ROWS):
            # nobody writes now: what the other thread left is folded, and the next commit begins the log anew
            self._almost_folded, self._unfolded = False, 0
            self._fold_back()
        elif self._unfolded > FOLD_BACK_ROWS and not self._folding:
            self._folding = True
            self._wake.set()

    def _fold_back(self) -> None:
        with contextlib.suppress(sqlite3.Error):  # busy: again after the next rows
            self._connection().execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def _keep(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            if self._closing:
                return
            if self._folding:
                self._fold_back()
                self._almost_folded, self._folding = True, False
            if self._index is not None and self._index.full():
                self._seal(self._index)

    def _seal(self, index: Index) -> None:
        """Seal the index, unless another process does just now: its run is taken over the next time."""
        lock = FileLock(index.folder / ".lock")
        with self._sealing:
            if not lock.acquire(wait=False):
                return
            try:
                with contextlib.suppress(OSError):  # a full disk: the events stay in memory until the next time
                    index.seal()
            finally:
                lock.release()

    def erase(self, member: bytes) -> int:
        def work(connection: sqlite3.Connection) -> int:
            count = 0
            for some in _chunks(self._indexed(connection).of_member(member, 0)):
                marks = ", ".join("?" * len(some))
                count += connection.execute(
                    f"DELETE FROM event WHERE number IN ({marks}) AND member = ?", (*some, member)
                ).rowcount
            return count

        with self._telling("written"):
            index = self._indexed(self._connection())
            with self._sealing, FileLock(index.folder / ".lock"):
                count = self._writing(work)
                index.erase(member)
            self._connection().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return count

    # --- reading

    def page(self, after: int, upto: int, low: int, high: int, limit: int) -> Sequence[Line]:
        with self._telling("read"):
            rows = self._connection().execute(
                "SELECT number, body FROM event WHERE number > ? AND number <= ? AND time >= ? AND time < ? "
                "ORDER BY number LIMIT ?",
                (after, upto, low, high, limit),
            )
            return rows.fetchall()

    def of_member(self, member: bytes, after: int, low: int) -> Sequence[Line]:
        found: list[Line] = []
        with self._telling("read"):
            connection = self._connection()
            for some in _chunks(self._indexed(connection).of_member(member, after)):
                marks = ", ".join("?" * len(some))
                found += connection.execute(
                    f"SELECT number, body FROM event WHERE number IN ({marks}) AND member = ? AND time >= ? "
                    "ORDER BY number",
                    (*some, member, low),
                ).fetchall()
        return found

    def news_of_member(self, member: bytes, after: int, low: int) -> Sequence[Line]:
        found: list[Line] = []
        with self._telling("read"):
            connection = self._connection()
            for some in _chunks(self._indexed(connection).of_member(member, 0)):
                marks = ", ".join("?" * len(some))
                found += connection.execute(
                    f"SELECT number, body FROM event WHERE number IN ({marks}) AND member = ? "
                    "AND (number > ? OR time >= ?) ORDER BY number",
                    (*some, member, after, low),
                ).fetchall()
        return found

    def touched(self, member: bytes, after: int) -> bool:
        with self._telling("read"):
            connection = self._connection()
            numbers = self._indexed(connection).of_member(member, after)
            query = "SELECT 1 FROM event WHERE number = ? AND member = ?"
            return any(connection.execute(query, (n, member)).fetchone() is not None for n in reversed(numbers))

    def _number(self, query: str) -> int:
        with self._telling("read"):
            row = self._connection().execute(query).fetchone()
            return int(row[0]) if row and row[0] is not None else 0

    def position(self) -> int:
        return self._number(_LAST)

    def size(self) -> int:
        return self._number("SELECT count(*) FROM event")

    def problems(self) -> list[str]:
        with self._telling("read"):
            rows = self._connection().execute("PRAGMA integrity_check(20)").fetchall()
        return [text for (content,) in rows if (text := bytes(content).decode()) != "ok"]

    def close(self) -> None:
        self._closing = True
        self._wake.set()
        self._keeper.join()
        with self._lock:
            for connection in self._connections:
                connection.close()
            self._connections.clear()
        self._local = threading.local()


def _chunks(numbers: list[int]) -> Iterator[list[int]]:
    for first in range(0, len(numbers), NUMBERS_A_QUERY):
        yield numbers[first : first + NUMBERS_A_QUERY]
