"""The online store in LMDB: one memory-mapped file, readers never wait, a read costs microseconds.

The catalog is one key of the main database; each generation fills one of a few named databases ("slots"), which
empty at once when it is dropped. Rows that come in member order are appended. The map grows by doubling when it
is full; a growth waits for the reads of this process (they are short) and other processes follow at their next
read.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lmdb

from skillfirst.errors import StoreError
from skillfirst.stores.disk_errors import refused
from skillfirst.stores.online.base import OnlineMember, OnlineStore, Snapshot, T
from skillfirst.stores.online.catalog import Catalog, Generation, decode, encode
from skillfirst.stores.online.keys import member_key, name_key

#: address space at first, not disk: the file is as long as what is in it
MAP_BYTES = 2**30
#: serving, previous, waiting and building generations, and as many again on their way out
SLOTS = 8
MAX_READERS = 1_024
#: a growth of the map waits this long for the reads of this process
GROWTH_WAIT_SECONDS = 30.0
_CATALOG = b"catalog"


class _Gate:
    """Many may pass at once; one may wait until nobody is inside and keep the others out."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # a Condition's own door is opened by Python, at several times the price
        self._condition = threading.Condition(self._lock)
        self._inside = 0
        self._closed = False

    def enter(self) -> None:
        with self._lock:
            while self._closed:
                self._condition.wait()
            self._inside += 1

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if self._closed and not self._inside:
                self._condition.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        with self._condition:
            while self._closed:
                self._condition.wait()
            self._closed = True
            try:
                if not self._condition.wait_for(lambda: not self._inside, GROWTH_WAIT_SECONDS):
                    raise StoreError("the LMDB map is full and a reader holds it open", next_step="Publish again")
                yield
            finally:
                self._closed = False
                self._condition.notify_all()


class _Environment:
    """LMDB allows one opening of a file a process; stores at the same place share it."""

    shared: dict[str, _Environment] = {}  # noqa: RUF012  one registry a process is the point
    lock = threading.Lock()

    def __init__(self, path: str, map_bytes: int) -> None:
        self.path = path
        self.users = 1
        self.gate = _Gate()
        self.env = lmdb.open(
            path, map_size=map_bytes, max_dbs=SLOTS, max_readers=MAX_READERS, mode=0o640, metasync=True, sync=True
        )
        self.env.reader_check()
        self.slots = [self.env.open_db(b"slot-%d" % number) for number in range(SLOTS)]

    @classmethod
    def open(cls, path: str, map_bytes: int) -> _Environment:
        with cls.lock:
            found = cls.shared.get(path)
            if found is None:
                cls.shared[path] = found = cls(path, map_bytes)
            else:
                found.users += 1
            return found

    def close(self) -> None:
        with self.lock:
            self.users -= 1
            if not self.users:
                del self.shared[self.path]
                self.env.close()

    def begin(self, *, write: bool) -> Any:
        """A transaction inside the gate; the caller leaves the gate after it."""
        while True:
            self.gate.enter()
            try:
                return self.env.begin(write=write)
            except lmdb.MapResizedError:
                self.gate.leave()
                with self.gate.alone():
                    self.env.set_mapsize(0)  # another process grew the map: take over its size
            except BaseException:
                self.gate.leave()
                raise

    def grow(self) -> None:
        with self.gate.alone():
            self.env.set_mapsize(self.env.info()["map_size"] * 2)


class _LmdbSnapshot(Snapshot):
    def __init__(self, version: str | None, slot: Any, transaction: Any) -> None:
        self.version = version
        self._slot = slot
        self._transaction = transaction

    def stored(self, member_id: str, names: Sequence[str]) -> dict[str, bytes | None]:
        if self._slot is None:
            return dict.fromkeys(names)
        key = member_key(member_id)
        get, slot = self._transaction.get, self._slot
        return {name: get(key + name_key(name), db=slot) for name in names}


class LmdbStore(OnlineStore):
    """Versions in one LMDB directory. Open it after a fork, not before."""

    def __init__(self, path: str, map_bytes: int = MAP_BYTES) -> None:
        place = Path(path).absolute()
        try:
            place.mkdir(parents=True, exist_ok=True)
            self._environment = _Environment.open(str(place.resolve()), map_bytes)
        except (lmdb.Error, OSError) as error:
            raise refused(f"the LMDB store {path} cannot be opened", error) from error
        self._cached: tuple[bytes | None, Catalog] = (None, Catalog())
        self._served: tuple[bytes | None, Any] = (None, None)
        self._closed = False

    @contextmanager
    def _reading(self) -> Iterator[Any]:
        transaction = self._environment.begin(write=False)
        try:
            yield transaction
        finally:
            transaction.abort()
            self._environment.gate.leave()

    def _writing(self, work: Callable[[Any], T]) -> T:
        """Do `work` in one write transaction; again from its beginning with a larger map when the map is full."""
        while True:
            transaction = self._environment.begin(write=True)
            try:
                result = work(transaction)
                transaction.commit()
                return result
            except lmdb.MapFullError:
                transaction.abort()
            except lmdb.Error as error:
                transaction.abort()
                raise refused(f"the LMDB store {self._environment.path} cannot be written", error) from error
            except BaseException:
                transaction.abort()
                raise
            finally:
                self._environment.gate.leave()
            self._environment.grow()

    def _catalog_in(self, transaction: Any) -> Catalog:
        """The catalog, decoded only when it changed. Not to be modified."""
        content = transaction.get(_CATALOG)
        known, catalog = self._cached
        if content != known:
            catalog = decode(content)
            self._cached = (content, catalog)
        return catalog

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        with self._reading() as transaction:
            served = self._catalog_in(transaction).served
            if served is None:
                yield _LmdbSnapshot(None, None, transaction)
            else:
                yield _LmdbSnapshot(served.version, self._environment.slots[served.slot], transaction)

    def _stored(self, member_id: str, names: Sequence[str]) -> dict[str, bytes | None]:
        transaction = self._environment.begin(write=False)  # the path of every request: no context managers
        try:
            served = self._catalog_in(transaction).served
            slot = None if served is None else self._environment.slots[served.slot]
            return _LmdbSnapshot(None, slot, transaction).stored(member_id, names)
        finally:
            transaction.abort()
            self._environment.gate.leave()

    def _stored_one(self, member_id: str, name: str) -> bytes | None:
        environment = self._environment
        transaction = environment.begin(write=False)
        try:
            slot = self._slot_served(transaction)
            key = member_key(member_id) + name_key(name)
            return None if slot is None else transaction.get(key, db=slot)
        finally:
            transaction.abort()
            environment.gate.leave()

    def _slot_served(self, transaction: Any) -> Any:
        content = transaction.get(_CATALOG)
        known, slot = self._served
        if content != known:
            served = self._catalog_in(transaction).served
            slot = None if served is None else self._environment.slots[served.slot]
            self._served = (content, slot)
        return slot

    def _catalog(self) -> Catalog:
        with self._reading() as transaction:
            return decode(transaction.get(_CATALOG))

    def _change(self, change: Callable[[Catalog], T]) -> T:
        def work(transaction: Any) -> T:
            catalog = decode(transaction.get(_CATALOG))
            result = change(catalog)
            transaction.put(_CATALOG, encode(catalog))
            return result

        return self._writing(work)

    def _slot(self, generation: Generation) -> Any:
        if generation.slot >= SLOTS:
            raise StoreError(f"the LMDB store {self._environment.path} holds too many unfinished versions")
        return self._environment.slots[generation.slot]

    def _create(self, generation: Generation, publisher: str) -> None:
        slot = self._slot(generation)
        self._environment.env.reader_check()  # killed readers would keep old pages from being used again

        def work(transaction: Any) -> None:
            decode(transaction.get(_CATALOG)).check_publisher(publisher)
            transaction.drop(slot, delete=False)

        self._writing(work)

    def _write(self, generation: Generation, publisher: str, rows: list[OnlineMember]) -> None:
        slot = self._slot(generation)
        values: dict[bytes, bytes] = {}
        for row in rows:
            key = member_key(row.member_id)
            values[key] = row.document
            for name, value in row.answers.items():
                values[key + name_key(name)] = value
        pairs = sorted(values.items())

        def work(transaction: Any) -> None:
            decode(transaction.get(_CATALOG)).check_publisher(publisher)
            cursor = transaction.cursor(db=slot)
            append = not cursor.last() or cursor.key() < pairs[0][0]
            cursor.putmulti(pairs, append=append)

        self._writing(work)

    def _drop(self, generation: Generation) -> None:
        def work(transaction: Any) -> None:
            found = decode(transaction.get(_CATALOG)).find(generation.number)
            if found is not None and found.slot < SLOTS:  # else: dropped by another process, the slot is reused
                transaction.drop(self._environment.slots[found.slot], delete=False)

        self._writing(work)

    def _erase(self, generation: Generation, key: bytes) -> int:
        slot = self._slot(generation)

        def work(transaction: Any) -> int:
            cursor = transaction.cursor(db=slot)
            count = 0
            more = cursor.set_range(key)
            while more and cursor.key().startswith(key):
                count += 1
                more = cursor.delete()
            return count

        return self._writing(work)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._environment.close()
