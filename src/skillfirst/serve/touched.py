"""Which members did something that the night has not read: asked at every page, so it has to cost nothing.

Not read by the night is what lies beyond its position in the log, and what happened after the end of its day: a night
that runs at two in the morning has passed the events of those two hours by.

Until the log has been read through once after a start or a publish, and beyond `most` members, the log's own index is
asked instead: slower by some microseconds, never wrong.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from skillfirst.stores.event_log import EventLog
from skillfirst.stores.event_log.checking import StoredEvent

#: events that change nothing a member is shown
SILENT = frozenset({"email_sent", "email_open", "served"})


class Touched:
    """Members with events beyond position `after` of the log or at `since` and later. Written by several threads, read
    without a lock. `silent`: kinds of event that touch nobody."""

    def __init__(
        self, log: EventLog | None, after: int, since: dt.datetime, most: int, silent: frozenset[str] = SILENT
    ) -> None:
        self.after, self.since, self.silent = after, since, silent
        self._log = log
        self._most = most
        self._lock = threading.Lock()
        self._marks: dict[str, int] = {}
        self._whole = log is None
        self._passed_by = after > 0  # events of before `after` may be of later than the day
        self._seen = after
        self._heard: list[tuple[int, int]] = []  # numbers (first, last) of events marked when they came

    def __contains__(self, member_id: str) -> bool:
        if member_id in self._marks:
            return True
        log = self._log
        if self._whole or log is None:
            return False
        return log.touched(member_id, self.after) or log.read_member(member_id, since=self.since).num_rows > 0

    def events(self, member_id: str) -> list[StoredEvent]:
        """What the member did that the night's document does not hold, in order of arrival."""
        return [] if self._log is None else self._log.news(member_id, self.since, self.after)

    def changes(self, events: Iterable[StoredEvent]) -> bool:
        """Whether any of these events changes what the member is shown."""
        return any(event.kind not in self.silent for event in events)

    def mark(self, members: Iterable[str]) -> None:
        """These members did something just now."""
        with self._lock:
            for member in members:
                known = self._marks.get(member)
                if known is None and len(self._marks) >= self._most:
                    self._whole = False
                else:
                    self._marks[member] = (known or 0) + 1

    def heard(self, members: Iterable[str], new: int, last: int) -> None:
        """These members did something that was stored just now under the `new` numbers up to `last` (0: unknown), so
        that `follow` need not mark them again: a kept answer would be computed twice for one event."""
        self.mark(members)
        if last:
            with self._lock:
                self._heard.append((last - new + 1, last))

    def number(self, member_id: str) -> int:
        """A number that is another one after each thing the member did: the key of a kept answer."""
        return self._marks.get(member_id, 0)

    def follow(self) -> int:
        """Read what the log has gained since the last time, also from other processes; returns the position read to."""
        if self._log is None:
            return self.after
        if self._passed_by:
            for batch in self._log.read(since=self.since, upto=self.after):
                self._mark_events(batch)
            self._passed_by = False
        upto = self._log.position()
        for after, until in self._unheard(upto):
            for batch in self._log.read(after=after, upto=until):
                self._mark_events(batch)
        self._seen = max(upto, self._seen)
        with self._lock:
            if len(self._marks) < self._most:
                self._whole = True
        return upto

    def _unheard(self, upto: int) -> list[tuple[int, int]]:
        """Bounds (after, up to) of what stands in the log since the last time and was not marked when it came."""
        with self._lock:
            heard = sorted(span for span in self._heard if span[0] <= upto)
            self._heard = [span for span in self._heard if span[0] > upto]
        gaps, after = [], self._seen
        for first, last in heard:
            if first - 1 > after:
                gaps.append((after, first - 1))
            after = max(after, last)
        return [*gaps, (after, upto)] if upto > after else gaps

    def _mark_events(self, batch: pa.RecordBatch) -> None:
        silent = pc.is_in(batch.column("kind"), pa.array(sorted(self.silent), pa.string()))
        self.mark(batch.column("member_id").filter(pc.invert(silent)).to_pylist())

    def __len__(self) -> int:
        return len(self._marks)
