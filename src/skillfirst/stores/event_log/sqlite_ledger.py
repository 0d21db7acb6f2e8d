"""The log's lines in one SQLite file with a write-ahead log.

A commit is forced to the disk (`synchronous = FULL`) before anybody is told; after a crash SQLite finds the end
of its log by checksums and cuts a torn tail. The unique index makes an event count once, with bounded memory.
Folding the log back into the file happens on a thread and a connection of its own, so appends do not wait for it.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from skillfirst.errors import StoreError
from skillfirst.stores.durable import sync_file
from skillfirst.stores.event_log.checking import Entry
from skillfirst.stores.event_log.ledger import Line

T = TypeVar("T")

FILE = "log.sqlite"
BUSY_SECONDS = 30.0
#: bytes of lines after which the write-ahead log is folded back into the file
FOLD_BACK_BYTES = 4 * 2**20
#: a connection's own pages; every reading thread has a connection, the rest is left to the system's cache
CACHE_KIBIBYTES = 16 * 1024

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS event (number INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB NOT NULL, "
    "member BLOB NOT NULL, time INTEGER NOT NULL, body TEXT NOT NULL)",
    "CREATE UNIQUE INDEX IF NOT EXISTS event_key ON event (key)",
    "CREATE INDEX IF NOT EXISTS event_member ON event (member, number)",
)
_INSERT = "INSERT INTO event (key, member, time, body) VALUES (?, ?, ?, ?) ON CONFLICT (key) DO NOTHING"


class SqliteLedger:
    """Lines in `folder/log.sqlite`; several processes may append and read at once."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._unfolded = 0
        self._wake = threading.Event()
        self._closing = False
        with self._telling("opened"):
            folder.mkdir(parents=True, exist_ok=True)
            connection = self._connection()
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN IMMEDIATE")
            for statement in _SCHEMA:
                connection.execute(statement)
            connection.execute("COMMIT")
            sync_file(folder)
        self._folder_back = threading.Thread(target=self._fold_back, name="event-log-fold-back", daemon=True)
        self._folder_back.start()

    @contextmanager
    def _telling(self, what: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            if isinstance(error, StoreError):
                raise
            raise StoreError(f"the event log {self.path} cannot be {what}: {error}") from error

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self.path, BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            connection.text_factory = bytes
            connection.execute(f"PRAGMA cache_size = -{CACHE_KIBIBYTES}")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("PRAGMA wal_autocheckpoint = 0")
            with self._lock:
                self._connections.append(connection)
            self._local.connection = connection
        return connection

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

    def add(self, batches: Sequence[Sequence[Entry]]) -> list[int]:
        def work(connection: sqlite3.Connection) -> list[int]:
            counts = []
            for batch in batches:
                before = connection.total_changes
                connection.executemany(_INSERT, batch)
                counts.append(connection.total_changes - before)
            return counts

        counts = self._writing(work)
        self._unfolded += sum(len(entry.body) for batch in batches for entry in batch)
        if self._unfolded > FOLD_BACK_BYTES:
            self._unfolded = 0
            self._wake.set()
        return counts

    def _fold_back(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            if self._closing:
                return
            try:
                self._connection().execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            except sqlite3.Error:
                continue  # busy or closing: the log file only grows a little until the next time

    def page(self, after: int, upto: int, low: int, high: int, limit: int) -> Sequence[Line]:
        with self._telling("read"):
            rows = self._connection().execute(
                "SELECT number, body FROM event WHERE number > ? AND number <= ? AND time >= ? AND time < ? "
                "ORDER BY number LIMIT ?",
                (after, upto, low, high, limit),
            )
            return rows.fetchall()

    def of_member(self, member: bytes, after: int, low: int) -> Sequence[Line]:
        with self._telling("read"):
            rows = self._connection().execute(
                "SELECT number, body FROM event WHERE member = ? AND number > ? AND time >= ? ORDER BY number",
                (member, after, low),
            )
            return rows.fetchall()

    def touched(self, member: bytes, after: int) -> bool:
        with self._telling("read"):
            found = self._connection().execute(
                "SELECT 1 FROM event WHERE member = ? AND number > ? LIMIT 1", (member, after)
            )
            return found.fetchone() is not None

    def erase(self, member: bytes) -> int:
        count = self._writing(lambda c: c.execute("DELETE FROM event WHERE member = ?", (member,)).rowcount)
        with self._telling("written"):
            self._connection().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return count

    def _number(self, query: str) -> int:
        with self._telling("read"):
            row = self._connection().execute(query).fetchone()
            return int(row[0]) if row and row[0] is not None else 0

    def position(self) -> int:
        return self._number("SELECT seq FROM sqlite_sequence WHERE name = 'event'")

    def size(self) -> int:
        return self._number("SELECT count(*) FROM event")

    def problems(self) -> list[str]:
        with self._telling("read"):
            rows = self._connection().execute("PRAGMA integrity_check(20)").fetchall()
        return [text for (content,) in rows if (text := bytes(content).decode()) != "ok"]

    def close(self) -> None:
        self._closing = True
        self._wake.set()
        self._folder_back.join()
        with self._lock:
            for connection in self._connections:
                connection.close()
            self._connections.clear()
        self._local = threading.local()
