"""The online store in PostgreSQL, for platforms that already run one.

A generation is a table of its own, filled by COPY, indexed once full, dropped whole. A snapshot is a read-only
transaction at REPEATABLE READ.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from skillfirst.errors import ExtraMissing, StoreError
from skillfirst.stores.online.base import OnlineMember, OnlineStore, Put, Snapshot, T, chunks
from skillfirst.stores.online.catalog import Catalog, Generation, decode, encode
from skillfirst.stores.online.keys import member_key, name_key

#: dropping an old version waits this long for a reader's transaction, then leaves it to the next publish
DROP_WAIT = "5s"
#: reading again when the version was dropped between two statements (two switches in between)
ATTEMPTS = 5


def _table(number: int) -> str:
    return f"skillfirst_answers_{number}"


def _parts(number: int) -> str:
    """The parts that were added, while a generation is put."""
    return f"skillfirst_parts_{number}"


class _PostgresSnapshot(Snapshot):
    def __init__(self, generation: Generation | None, connection: Any) -> None:
        self.version = generation.version if generation else None
        self._number = generation.number if generation else 0
        self._connection = connection

    def stored(self, member_id: str, names: Sequence[str]) -> dict[str, bytes | None]:
        if not self._number:
            return dict.fromkeys(names)
        wanted = {name_key(name): name for name in names}
        rows = self._connection.execute(
            f"SELECT name, value FROM {_table(self._number)} WHERE member = %b AND name = ANY(%b)",
            (member_key(member_id), list(wanted)),
            binary=True,
        )
        found: dict[str, bytes | None] = dict.fromkeys(names)
        found.update({wanted[bytes(name)]: bytes(value) for name, value in rows})
        return found


class PostgresStore(OnlineStore):
    """Versions in one PostgreSQL database; every thread has a connection of its own."""

    reached_from_elsewhere = True

    def __init__(self, address: str) -> None:
        try:
            import psycopg
        except ImportError:
            raise ExtraMissing("the online store in PostgreSQL", "postgres") from None
        self._psycopg = psycopg
        self._address = address.replace("postgresql+psycopg://", "postgresql://", 1)
        self._local = threading.local()
        self._connections: list[Any] = []
        self._lock = threading.Lock()
        with self._telling("opened"):
            self._connection().execute(
                "CREATE TABLE IF NOT EXISTS skillfirst_catalog (only_row int PRIMARY KEY, content bytea NOT NULL)"
            )
            self._connection().execute(
                "INSERT INTO skillfirst_catalog VALUES (0, %s) ON CONFLICT DO NOTHING", (encode(Catalog()),)
            )

    @contextmanager
    def _telling(self, what: str) -> Iterator[None]:
        """Turn the driver's errors into ours, without the address, which may hold a password."""
        try:
            yield
        except self._psycopg.Error as error:
            reason = f"{type(error).__name__} {error.sqlstate or ''}".strip()
            raise StoreError(f"the online store in PostgreSQL cannot be {what}: {reason}") from None

    def _connection(self, kind: str = "reader") -> Any:
        connection = getattr(self._local, kind, None)
        if connection is None or connection.closed or connection.broken:
            connection = self._psycopg.connect(self._address, autocommit=True)
            setattr(self._local, kind, connection)
            with self._lock:
                self._connections.append(connection)
        return connection

    def _catalog_in(self, connection: Any, lock: str = "") -> Catalog:
        row = connection.execute(f"SELECT content FROM skillfirst_catalog {lock}").fetchone()
        return decode(bytes(row[0]) if row else None)

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        with self._telling("read"):
            connection = self._connection()
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            try:
                yield _PostgresSnapshot(self._catalog_in(connection).served, connection)
            finally:
                with contextlib.suppress(self._psycopg.OperationalError):
                    connection.execute("ROLLBACK")

    def _stored(self, member_id: str, names: Sequence[str]) -> dict[str, bytes | None]:
        with self._telling("read"):
            for _ in range(ATTEMPTS):
                connection = self._connection()
                try:
                    # one statement reads one generation, so no transaction is needed around the two
                    return _PostgresSnapshot(self._catalog_in(connection).served, connection).stored(member_id, names)
                except (self._psycopg.errors.UndefinedTable, self._psycopg.OperationalError):
                    continue
        with self.snapshot() as snapshot:
            return snapshot.stored(member_id, names)

    def _catalog(self) -> Catalog:
        with self._telling("read"):
            return self._catalog_in(self._connection("writer"))

    def _writing(self, work: Callable[[Any], T]) -> T:
        """Do `work` in one transaction, on a connection of its own: the thread may hold a snapshot."""
        with self._telling("written"):
            connection = self._connection("writer")
            with connection.transaction():
                return work(connection)

    def _change(self, change: Callable[[Catalog], T]) -> T:
        def work(connection: Any) -> T:
            catalog = self._catalog_in(connection, "FOR UPDATE")
            result = change(catalog)
            connection.execute("UPDATE skillfirst_catalog SET content = %s", (encode(catalog),))
            return result

        return self._writing(work)

    def _create(self, generation: Generation, publisher: str) -> None:
        def work(connection: Any) -> None:
            self._catalog_in(connection, "FOR SHARE").check_publisher(publisher)
            connection.execute(
                f"CREATE TABLE {_table(generation.number)} "
                "(member bytea NOT NULL, name bytea NOT NULL, value bytea NOT NULL)"
            )
            connection.execute(f"ALTER TABLE {_table(generation.number)} ALTER COLUMN value SET STORAGE EXTERNAL")
            connection.execute(f"CREATE TABLE {_parts(generation.number)} (part bigint PRIMARY KEY, members bigint)")

        self._writing(work)

    def _write(self, generation: Generation, publisher: str, rows: list[OnlineMember]) -> None:
        def work(connection: Any) -> None:
            self._catalog_in(connection, "FOR SHARE").check_publisher(publisher)
            _copy(connection, generation, rows)

        self._writing(work)

    def add(self, put: Put, part: int, rows: Iterable[OnlineMember]) -> int:
        """See OnlineStore.add. The part and the note that it is in are one transaction: it cannot be in twice."""

        def work(connection: Any) -> int:
            self._catalog_in(connection).check_publisher(put.publisher)
            noted = _parts(put.generation.number)
            new = connection.execute(f"INSERT INTO {noted} VALUES (%s, 0) ON CONFLICT DO NOTHING", (part,)).rowcount
            if new:
                members = sum(_copy(connection, put.generation, chunk) for chunk in chunks(rows))
                connection.execute(f"UPDATE {noted} SET members = %s WHERE part = %s", (members, part))
                # the catalog is held for this moment only, not while the rows are made
                self._catalog_in(connection, "FOR SHARE").check_publisher(put.publisher)
                return members
            row = connection.execute(f"SELECT members FROM {noted} WHERE part = %s", (part,)).fetchone()
            return int(row[0])

        return self._writing(work)

    def _settle(self, generation: Generation) -> None:
        name = _table(generation.number)
        self._writing(lambda connection: connection.execute(f"ALTER TABLE {name} ADD PRIMARY KEY (member, name)"))
        self._writing(lambda connection: connection.execute(f"ANALYZE {name}"))
        self._writing(lambda connection: connection.execute(f"DROP TABLE IF EXISTS {_parts(generation.number)}"))

    def _drop(self, generation: Generation) -> None:
        def work(connection: Any) -> None:
            connection.execute(f"SET LOCAL lock_timeout = '{DROP_WAIT}'")
            connection.execute(f"DROP TABLE IF EXISTS {_table(generation.number)}, {_parts(generation.number)}")

        self._writing(work)

    def _clean(self) -> None:
        try:
            super()._clean()
        except StoreError:
            if not self._catalog().doomed():
                raise

    def _erase(self, generation: Generation, key: bytes) -> int:
        def work(connection: Any) -> int:
            name = _table(generation.number)
            if connection.execute("SELECT to_regclass(%s)", (name,)).fetchone()[0] is None:
                return 0
            return int(connection.execute(f"DELETE FROM {name} WHERE member = %s", (key,)).rowcount)

        return self._writing(work)

    def close(self) -> None:
        with self._lock:
            for connection in self._connections:
                connection.close()
            self._connections.clear()
        self._local = threading.local()


def _copy(connection: Any, generation: Generation, rows: list[OnlineMember]) -> int:
    """Append rows to a generation's table; returns how many members they are of."""
    target = f"COPY {_table(generation.number)} (member, name, value) FROM STDIN (FORMAT binary)"
    with connection.cursor() as cursor, cursor.copy(target) as copy:
        copy.set_types(["bytea", "bytea", "bytea"])
        for row in rows:
            key = member_key(row.member_id)
            copy.write_row((key, b"", row.document))
            for name, value in row.answers.items():
                copy.write_row((key, name_key(name), value))
    return len(rows)
