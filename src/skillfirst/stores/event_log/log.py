"""The event log: batches in from any thread, one durable commit for all that wait, a stream out for the night.

The thread that appends checks its own events; a single writer takes everything that has piled up meanwhile and
commits it at once (group commit), so that the cost of forcing the disk is shared by however many are waiting. Commits
begin a few milliseconds apart: each takes the interpreter away from whoever serves pages in the same process.
"""

from __future__ import annotations

import datetime as dt
import queue
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from skillfirst.errors import ExtraMissing, RunError, StoreError
from skillfirst.stores.event_log.checking import Entry, Rejected, StoredEvent, check_event, decode_body, member_bytes
from skillfirst.stores.event_log.ledger import Ledger
from skillfirst.stores.event_log.reading import to_batch
from skillfirst.stores.event_log.sqlite_ledger import SqliteLedger

#: events that may wait for the writer before senders are told to come back later
QUEUE_EVENTS = 50_000
#: events in one commit; bounds the time the first of them waits
COMMIT_EVENTS = 10_000
#: between the beginnings of two commits; an event that comes alone does not wait
PACE_SECONDS = 0.004
#: rows a batch of `read`
PAGE_ROWS = 65_536
_FIRST, _LAST = -(2**63), 2**63 - 1
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Overloaded(RunError):
    """Events arrive faster than they can be stored; nothing of the batch was taken, send it again later."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of a batch: events stored by it, events the log had before (or twice in it), events refused.

    `last`: the number of the last one stored; the others have the numbers just before it. 0 where the log does not say.
    """

    accepted: int
    duplicates: int
    rejected: tuple[Rejected, ...] = ()
    last: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Verified:
    """The result of reading the whole log: how many events, and what is wrong with it (nothing, one hopes)."""

    events: int
    problems: tuple[str, ...]


@dataclass(slots=True)
class _Waiting:
    entries: list[Entry]
    rejected: tuple[Rejected, ...]
    future: Future[Accepted]


class EventLog:
    """One log. Open it once a process (after a fork, not before); all methods may be called from any thread."""

    def __init__(self, ledger: Ledger, queue_events: int = QUEUE_EVENTS) -> None:
        self._ledger = ledger
        #: whether a member's events are read from a file here, and not from a server that may let one wait
        self.near = isinstance(ledger, SqliteLedger)
        self._queue_events = queue_events
        self._pending = 0
        self._closed = False
        self._lock = threading.Lock()
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write, name="event-log-writer", daemon=True)
        self._writer.start()

    @classmethod
    def open(cls, address: str | Path, queue_events: int = QUEUE_EVENTS) -> EventLog:
        """The log at `address`: a folder (usually `STORE/events`), or `postgresql://...`.

        Raises:
            ExtraMissing: a PostgreSQL address without the extra `postgres`.
            StoreError: the log cannot be opened.
        """
        text = str(address)
        if text.startswith(("postgresql:", "postgres:", "postgresql+psycopg:")):
            try:
                from skillfirst.stores.event_log.sql_ledger import SqlLedger

                return cls(SqlLedger(text), queue_events)
            except ImportError:  # SQLAlchemy, Alembic, or the driver that SQLAlchemy looks for
                raise ExtraMissing("the event log in PostgreSQL", "postgres") from None
        return cls(SqliteLedger(Path(address)), queue_events)

    # --- in

    def append(self, events: Iterable[Mapping[str, Any]], now: dt.datetime) -> Accepted:
        """Store events; returns when they would survive a power cut.

        Bad events are refused one by one, with reasons; the others are stored. An event that the log has is a
        duplicate and changes nothing, whatever the order or the delay in which events come.

        Args:
            now: the present, with time zone; events more than five minutes later are refused.

        Raises:
            Overloaded: too many events wait already; nothing was taken.
            StoreError: the disk or the database refused; nothing was taken.
        """
        return self.submit(events, now).result()

    def submit(self, events: Iterable[Mapping[str, Any]], now: dt.datetime) -> Future[Accepted]:
        """Like `append`, for callers that wait in their own way (`asyncio.wrap_future`)."""
        entries: list[Entry] = []
        rejected: list[Rejected] = []
        for index, event in enumerate(events):
            checked = check_event(event, now)
            if isinstance(checked, str):
                rejected.append(Rejected(index, checked))
            else:
                entries.append(checked)
        future: Future[Accepted] = Future()
        if not entries:
            future.set_result(Accepted(0, 0, tuple(rejected)))
            return future
        with self._lock:
            if self._closed:
                raise RunError("the event log is closed")
            # one batch may be larger than the queue, if nothing else waits
            if self._pending and self._pending + len(entries) > self._queue_events:
                raise Overloaded(
                    f"{self._pending:,} events wait to be stored", next_step="Send this batch again in a few seconds"
                )
            self._pending += len(entries)
            self._queue.put(_Waiting(entries, tuple(rejected), future))
        return future

    def _write(self) -> None:
        stop, began = False, 0.0
        while not stop:
            group: list[_Waiting] = []
            waiting = self._queue.get()
            if (early := began + PACE_SECONDS - time.monotonic()) > 0:
                time.sleep(early)
            began = time.monotonic()
            size = 0
            while waiting is not None:
                group.append(waiting)
                size += len(waiting.entries)
                if size >= COMMIT_EVENTS:
                    break
                try:
                    waiting = self._queue.get_nowait()
                except queue.Empty:
                    break
            stop = waiting is None
            if group:
                self._commit(group)
                with self._lock:
                    self._pending -= size

    def _commit(self, group: list[_Waiting]) -> None:
        try:
            added = self._ledger.add([waiting.entries for waiting in group])
        except BaseException as error:
            for waiting in group:
                waiting.future.set_exception(
                    error if isinstance(error, StoreError) else StoreError(f"the events could not be stored: {error!r}")
                )
            return
        for waiting, (new, last) in zip(group, added, strict=True):
            waiting.future.set_result(Accepted(new, len(waiting.entries) - new, waiting.rejected, last))

    # --- out

    def position(self) -> int:
        """The number of the newest event; what a night has read up to, and the day continues after."""
        return self._ledger.position()

    def read(
        self,
        until: dt.datetime | None = None,
        since: dt.datetime | None = None,
        *,
        after: int = 0,
        upto: int | None = None,
    ) -> Iterator[pa.RecordBatch]:
        """Events as batches of `EVENTS` in order of arrival (not of time); memory is bounded by one batch.

        Args:
            until, since: bounds of the event's own time, since <= time < until.
            after, upto: bounds of the position, after < position <= upto; without `upto`, the position at the
                first batch, so that reading ends even while events arrive.
        """
        last = self._ledger.position() if upto is None else upto
        low, high = _microseconds(since, _FIRST), _microseconds(until, _LAST)
        while True:
            lines = self._ledger.page(after, last, low, high, PAGE_ROWS)
            if not lines:
                return
            yield to_batch([body for _, body in lines])
            after = lines[-1][0]

    def read_member(self, member_id: str, since: dt.datetime | None = None, *, after: int = 0) -> pa.RecordBatch:
        """One member's events in order of arrival, those at or after `since` and beyond position `after`."""
        lines = self._ledger.of_member(member_bytes(member_id), after, _microseconds(since, _FIRST))
        return to_batch([body for _, body in lines])

    def news(self, member_id: str, since: dt.datetime, after: int) -> list[StoredEvent]:
        """One member's events in order of arrival, those at or after `since` or beyond position `after`: what a night
        of `since` that read up to `after` does not know."""
        lines = self._ledger.news_of_member(member_bytes(member_id), after, _microseconds(since, _FIRST))
        return [decode_body(body) for _, body in lines]

    def touched(self, member_id: str, after: int) -> bool:
        """Whether a member has any event beyond a position: asked at every page, answered by an index alone."""
        return self._ledger.touched(member_bytes(member_id), after)

    def size(self) -> int:
        """How many events the log holds."""
        return self._ledger.size()

    def erase(self, member_id: str) -> int:
        """Remove every event of a member; returns how many there were."""
        return self._ledger.erase(member_bytes(member_id))

    def verify(self) -> Verified:
        """Read the whole log: can every line be read, and is the place itself healthy."""
        problems = self._ledger.problems()
        events, after, last = 0, 0, self._ledger.position()
        while lines := self._ledger.page(after, last, _FIRST, _LAST, PAGE_ROWS):
            for number, body in lines:
                events += 1
                if not _readable(body):
                    problems.append(f"event number {number} cannot be read")
            after = lines[-1][0]
        return Verified(events, tuple(problems))

    def close(self) -> None:
        """Store what waits, then give everything back."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._queue.put(None)
        self._writer.join()
        self._ledger.close()

    def __enter__(self) -> EventLog:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _microseconds(time: dt.datetime | None, otherwise: int) -> int:
    if time is None:
        return otherwise
    aware = time if time.tzinfo else time.replace(tzinfo=dt.UTC)
    return (aware - _EPOCH) // dt.timedelta(microseconds=1)


def _readable(body: bytes) -> bool:
    try:
        event = decode_body(body)
    except msgspec.MsgspecError:
        return False
    return event.event_id is not None
