"""What this service showed to whom: events of its own, of the kind `served`, once a member, channel and half hour.

An answer never waits for them: they are noted in memory and stored in batches every second, before a stop the rest.
Nobody was promised them, so a crash may lose a second of them; what is refused when the log is overloaded is dropped.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import threading
from collections.abc import Callable, Sequence
from typing import Any

from skillfirst.experiments.assignment import Experiment, arm_of
from skillfirst.stores.event_log import EventLog
from skillfirst.stores.event_log.log import Overloaded

HALF_HOUR = 1_800  # seconds
MOST = 200_000  # members and channels remembered, and events that may wait


class Served:
    """Notes and stores. `note` costs a look into a dictionary; all methods may be called from any thread."""

    def __init__(self, log: EventLog | None, clock: Callable[[], dt.datetime]) -> None:
        self._log, self._clock = log, clock
        self._lock = threading.Lock()
        self._slot = -1
        self._noted: set[tuple[str, str]] = set()
        self._waiting: list[tuple[str, str, str, dt.datetime]] = []

    def note(self, member_id: str, channel: str, version: str) -> None:
        """A list was shown to this member just now."""
        if self._log is None or not member_id:
            return
        now = self._clock()
        slot, key = int(now.timestamp()) // HALF_HOUR, (member_id, channel)
        with self._lock:
            if slot != self._slot:
                self._slot, self._noted = slot, set()
            if key in self._noted or len(self._noted) >= MOST or len(self._waiting) >= MOST:
                return
            self._noted.add(key)
            self._waiting.append((member_id, channel, version, now))

    def store(self, experiments: Sequence[Experiment]) -> int:
        """Store what was noted, with everybody's arms; how many events. Waits until they are on the disk."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        if not waiting or self._log is None:
            return 0
        try:
            return self._log.append([_event(*noted, experiments) for noted in waiting], self._clock()).accepted
        except Overloaded:
            return 0


def _event(
    member_id: str, channel: str, version: str, time: dt.datetime, experiments: Sequence[Experiment]
) -> dict[str, Any]:
    slot = int(time.timestamp()) // HALF_HOUR
    # several processes that serve the same member in the same half hour say the same thing
    said = "\x1f".join((member_id, channel, str(slot))).encode("utf-8", "surrogatepass")
    return {
        "event_id": "served:" + hashlib.blake2b(said, digest_size=16).hexdigest(), "kind": "served", "time": time,
        "member_id": member_id, "channel": channel, "list_id": version,
        "arms": {e.name: arm_of(e, member_id) for e in experiments} or None,
    }  # fmt: skip
