"""The online store in one SQLite file (write-ahead log): no extra dependency, readers do not wait for writers.

A generation is a table of its own, so that dropping one is a single statement. Removed content is overwritten
(`secure_delete`), and an erasure ends by emptying the log file.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from skillfirst.stores.disk_errors import refused
from skillfirst.stores.online.base import OnlineMember, OnlineStore, Snapshot, T
from skillfirst.stores.online.catalog import Catalog, Generation, decode, encode
from skillfirst.stores.online.keys import member_key, name_key

#: a writer waits this long for another process's write transaction
BUSY_SECONDS = 30.0
MAPPED_BYTES = 2**32


def _table(number: int) -> str:
    return f"answers_{number}"


class _SqliteSnapshot(Snapshot):
    def __init__(self, generation: Generation | None, connection: sqlite3.Connection) -> None:
        self.version = generation.version if generation else None
        self._number = generation.number if generation else 0
        self._connection = connection

    def stored(self, member_id: str, names: Sequence[str]) -> dict[str, bytes | None]:
        found: dict[str, bytes | None] = {}
        key = member_key(member_id)
        for name in names:
            row = None
            if self._number:
                row = self._connection.execute(
                    f"SELECT value FROM {_table(self._number)} WHERE member = ? AND name = ?", (key, name_key(name))
                ).fetchone()
            found[name] = row[0] if row else None
        return found


class SqliteStore(OnlineStore):
    """Versions in one SQLite file; every thread has a connection of its own."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._cached: tuple[bytes | None, Catalog] = (None, Catalog())
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = self._connection()
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("CREATE TABLE IF NOT EXISTS catalog (only INTEGER PRIMARY KEY, content BLOB NOT NULL)")
        except (sqlite3.Error, OSError) as error:
            raise refused(f"the SQLite store {path} cannot be opened", error) from error

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self.path, BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            connection.execute(f"PRAGMA mmap_size = {MAPPED_BYTES}")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA secure_delete = ON")
            with self._lock:
                self._connections.append(connection)
            self._local.connection = connection
        return connection

    def _catalog_in(self, connection: sqlite3.Connection) -> Catalog:
        """The catalog, decoded only when it changed. Not to be modified."""
        row = connection.execute("SELECT content FROM catalog").fetchone()
        content = row[0] if row else None
        known, catalog = self._cached
        if content != known:
            catalog = decode(content)
            self._cached = (content, catalog)
        return catalog

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        connection = self._connection()
        nested = connection.in_transaction
        try:
            if not nested:
                connection.execute("BEGIN")
            yield _SqliteSnapshot(self._catalog_in(connection).served, connection)
        except sqlite3.Error as error:
            raise refused(f"the SQLite store {self.path} cannot be read", error) from error
        finally:
            if not nested and connection.in_transaction:
                connection.execute("ROLLBACK")

    def _catalog(self) -> Catalog:
        row = self._connection().execute("SELECT content FROM catalog").fetchone()
        return decode(row[0] if row else None)

    def _writing(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do `work` in one write transaction, on a connection of its own: the thread may hold a snapshot."""
        connection: sqlite3.Connection | None = getattr(self._local, "writer", None)
        if connection is None:
            reader = self._local.__dict__.pop("connection", None)
            connection = self._local.writer = self._connection()
            self._local.__dict__.pop("connection")
            if reader is not None:
                self._local.connection = reader
        try:
            connection.execute("BEGIN IMMEDIATE")
            result = work(connection)
            connection.execute("COMMIT")
            return result
        except sqlite3.Error as error:
            raise refused(f"the SQLite store {self.path} cannot be written", error) from error
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def _change(self, change: Callable[[Catalog], T]) -> T:
        def work(connection: sqlite3.Connection) -> T:
            row = connection.execute("SELECT content FROM catalog").fetchone()
            catalog = decode(row[0] if row else None)
            result = change(catalog)
            connection.execute("INSERT OR REPLACE INTO catalog (only, content) VALUES (0, ?)", (encode(catalog),))
            return result

        return self._writing(work)

    def _create(self, generation: Generation, publisher: str) -> None:
        def work(connection: sqlite3.Connection) -> None:
            self._catalog_in(connection).check_publisher(publisher)
            connection.execute(
                f"CREATE TABLE {_table(generation.number)} "
                "(member BLOB NOT NULL, name BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (member, name))"
            )

        self._writing(work)

    def _write(self, generation: Generation, publisher: str, rows: list[OnlineMember]) -> None:
        def values() -> Iterator[tuple[bytes, bytes, bytes]]:
            for row in rows:
                key = member_key(row.member_id)
                yield key, b"", row.document
                for name, value in row.answers.items():
                    yield key, name_key(name), value

        def work(connection: sqlite3.Connection) -> None:
            self._catalog_in(connection).check_publisher(publisher)
            connection.executemany(
                f"INSERT OR REPLACE INTO {_table(generation.number)} (member, name, value) VALUES (?, ?, ?)", values()
            )

        self._writing(work)

    def _drop(self, generation: Generation) -> None:
        self._writing(lambda connection: connection.execute(f"DROP TABLE IF EXISTS {_table(generation.number)}"))

    def _erase(self, generation: Generation, key: bytes) -> int:
        def work(connection: sqlite3.Connection) -> int:
            name = _table(generation.number)
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (name,)).fetchone():
                return 0
            return connection.execute(f"DELETE FROM {name} WHERE member = ?", (key,)).rowcount

        count = self._writing(work)
        self._local.writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return count

    def close(self) -> None:
        with self._lock:
            for connection in self._connections:
                connection.close()
            self._connections.clear()
        self._local = threading.local()
