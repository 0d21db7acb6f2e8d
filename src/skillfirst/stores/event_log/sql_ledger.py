"""The log's lines in PostgreSQL, by SQLAlchemy; its table is brought up to date by Alembic when it is opened.

Writers take a lock for the length of their transaction, so that numbers become visible in the order in which
they were given out, and a reader that has seen a position has seen everything before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from skillfirst.errors import StoreError
from skillfirst.stores.event_log.checking import Entry
from skillfirst.stores.event_log.ledger import Added, Line

T = TypeVar("T")

#: any number, the same for every process that writes this log
WRITERS_LOCK = 7_301_202_611
SCHEMA_LOCK = WRITERS_LOCK + 1

_metadata = sa.MetaData()
EVENT = sa.Table(
    "skillfirst_event",
    _metadata,
    sa.Column("number", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("key", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("member", sa.LargeBinary, nullable=False),
    sa.Column("time", sa.BigInteger, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
)
# one statement a batch, columns as arrays: several times faster than rows, and it tells how many were new
_INSERT = sa.text(
    "INSERT INTO skillfirst_event (key, member, time, body) SELECT * FROM unnest(CAST(:key AS bytea[]), "
    "CAST(:member AS bytea[]), CAST(:time AS bigint[]), CAST(:body AS text[])) ON CONFLICT (key) DO NOTHING"
)


def _lines(rows: Sequence[Any]) -> list[Line]:
    return [Line(number, body.encode()) for number, body in rows]


class SqlLedger:
    """Lines in the table `skillfirst_event` of one database."""

    def __init__(self, address: str) -> None:
        _, _, rest = address.partition(":")
        with self._telling("opened"):
            self._engine = sa.create_engine(f"postgresql+psycopg:{rest}", pool_pre_ping=True)
            self._upgrade()

    @contextmanager
    def _telling(self, what: str) -> Iterator[None]:
        """Turn SQLAlchemy's errors into ours, without the address or the statement's values."""
        try:
            yield
        except sa.exc.SQLAlchemyError as error:
            reason = type(getattr(error, "orig", None) or error).__name__
            raise StoreError(f"the event log in PostgreSQL cannot be {what}: {reason}") from None

    def _upgrade(self) -> None:
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        with self._engine.begin() as connection:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(SCHEMA_LOCK)))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def _writing(self, work: Callable[[sa.Connection], T]) -> T:
        with self._telling("written"), self._engine.begin() as connection:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(WRITERS_LOCK)))
            return work(connection)

    def add(self, batches: Sequence[Sequence[Entry]]) -> list[Added]:
        def work(connection: sa.Connection) -> list[Added]:
            added = []
            for batch in batches:
                columns = dict(zip(Entry._fields, map(list, zip(*batch, strict=True)), strict=True))
                added.append(Added(connection.execute(_INSERT, columns).rowcount))
            return added

        return self._writing(work)

    def _read(self, query: sa.Select[Any]) -> Sequence[Any]:
        with self._telling("read"), self._engine.connect() as connection:
            return connection.execute(query).fetchall()

    def page(self, after: int, upto: int, low: int, high: int, limit: int) -> Sequence[Line]:
        number, time = EVENT.c.number, EVENT.c.time
        query = sa.select(number, EVENT.c.body).where(number > after, number <= upto, time >= low, time < high)
        return _lines(self._read(query.order_by(number).limit(limit)))

    def of_member(self, member: bytes, after: int, low: int) -> Sequence[Line]:
        number = EVENT.c.number
        query = sa.select(number, EVENT.c.body).where(EVENT.c.member == member, number > after, EVENT.c.time >= low)
        return _lines(self._read(query.order_by(number)))

    def news_of_member(self, member: bytes, after: int, low: int) -> Sequence[Line]:
        number = EVENT.c.number
        news = sa.or_(number > after, EVENT.c.time >= low)
        query = sa.select(number, EVENT.c.body).where(EVENT.c.member == member, news)
        return _lines(self._read(query.order_by(number)))

    def touched(self, member: bytes, after: int) -> bool:
        query = sa.select(sa.literal(1)).where(EVENT.c.member == member, EVENT.c.number > after).limit(1)
        return bool(self._read(query))

    def erase(self, member: bytes) -> int:
        return self._writing(lambda c: int(c.execute(sa.delete(EVENT).where(EVENT.c.member == member)).rowcount))

    def position(self) -> int:
        """What is visible, as gaps in the numbers do no harm and a number given out may not be committed yet."""
        return int(self._read(sa.select(sa.func.coalesce(sa.func.max(EVENT.c.number), 0)))[0][0])

    def size(self) -> int:
        return int(self._read(sa.select(sa.func.count()).select_from(EVENT))[0][0])

    def problems(self) -> list[str]:
        return []  # the server checks its own pages

    def close(self) -> None:
        self._engine.dispose()
