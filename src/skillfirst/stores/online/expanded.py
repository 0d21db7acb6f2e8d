"""Answers in shorthand as they are read, kept for those who are asked for again and again.

Putting an answer together takes longer than sending it. What is kept stands beside the very bytes it was made from, and
the store is asked each time: what it no longer says is no longer given.
"""

from __future__ import annotations

import threading

#: answers kept, about 35 kB each
MOST = 2_048


class Expanded:
    """The answers expanded last. May be used from several threads."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept: dict[tuple[str, str], tuple[bytes, bytes]] = {}
        self._lock = threading.Lock()

    def get(self, place: tuple[str, str], stored: bytes) -> bytes | None:
        """What these stored bytes of a member and channel were expanded to, if that is kept."""
        kept = self._kept.get(place)
        return kept[1] if kept is not None and kept[0] == stored else None

    def keep(self, place: tuple[str, str], stored: bytes, answer: bytes) -> None:
        """Keep what the stored bytes were expanded to; the answer kept longest gives way."""
        with self._lock:
            self._kept.pop(place, None)
            self._kept[place] = (stored, answer)
            if len(self._kept) > self._most:
                del self._kept[next(iter(self._kept))]

    def __len__(self) -> int:
        return len(self._kept)
