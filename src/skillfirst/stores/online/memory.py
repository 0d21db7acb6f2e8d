"""The online store in memory: for tests, for the demo, and as the plainest statement of the rules."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from skillfirst.stores.online.base import DOCUMENT_NAME, OnlineMember, OnlineStore, Snapshot, T
from skillfirst.stores.online.catalog import Catalog, Generation, decode, encode
from skillfirst.stores.online.keys import member_key, name_key

Rows = dict[bytes, dict[str, bytes]]


class _MemorySnapshot(Snapshot):
    def __init__(self, version: str | None, rows: Rows) -> None:
        self.version = version
        self._rows = rows

    def stored(self, member_id: str, names: Sequence[str]) -> dict[str, bytes | None]:
        found = self._rows.get(member_key(member_id), {})
        return {name: found.get(name) for name in names}


class MemoryStore(OnlineStore):
    """Versions as dicts of this process."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._state = encode(Catalog())
        self._rows: dict[int, Rows] = {}

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        with self._lock:
            served = self._catalog().served
            rows = self._rows.get(served.number, {}) if served else {}
        yield _MemorySnapshot(served.version if served else None, rows)

    def _catalog(self) -> Catalog:
        return decode(self._state)

    def _change(self, change: Callable[[Catalog], T]) -> T:
        with self._lock:
            catalog = self._catalog()
            result = change(catalog)
            self._state = encode(catalog)
            return result

    def _create(self, generation: Generation, publisher: str) -> None:
        with self._lock:
            self._catalog().check_publisher(publisher)
            self._rows[generation.number] = {}

    def _write(self, generation: Generation, publisher: str, rows: list[OnlineMember]) -> None:
        with self._lock:
            self._catalog().check_publisher(publisher)
            place = self._rows[generation.number]
            for row in rows:
                for name in row.answers:
                    name_key(name)  # refused here as everywhere
                place[member_key(row.member_id)] = {DOCUMENT_NAME: row.document, **row.answers}

    def _drop(self, generation: Generation) -> None:
        with self._lock:
            self._rows.pop(generation.number, None)

    def _erase(self, generation: Generation, key: bytes) -> int:
        with self._lock:
            return len(self._rows.get(generation.number, {}).pop(key, {}))

    def close(self) -> None:
        self._rows.clear()
