"""The online store in Redis: for several service machines that share one set of answers.

    skillfirst:catalog         the catalog (JSON), changed by optimistic transactions
    skillfirst:serving         "<generation> <version>", written with the catalog; what readers look at
    skillfirst:answers:<n>     a hash: member key + channel -> value; dropped by one UNLINK

A read is one script on the server, so that the serving generation and its values are looked up together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from skillfirst.errors import ExtraMissing, StoreError
from skillfirst.stores.online.base import OnlineMember, OnlineStore, Snapshot, T
from skillfirst.stores.online.catalog import Catalog, Generation, decode, encode
from skillfirst.stores.online.keys import member_key, name_key

CATALOG = b"skillfirst:catalog"
SERVING = b"skillfirst:serving"
ANSWERS = b"skillfirst:answers:"
#: present in every hash: tells a generation without this member from one that is gone
_HERE = b""
_READ = """
local serving = redis.call('GET', KEYS[1])
if not serving then return {} end
return redis.call('HMGET', ARGV[1] .. string.match(serving, '^%d+'), unpack(ARGV, 2))
"""


class _RedisSnapshot(Snapshot):
    def __init__(self, client: Any, serving: bytes | None) -> None:
        number, _, version = (serving or b"").partition(b" ")
        self.version = version.decode() if serving else None
        self._key = ANSWERS + number if serving else b""
        self._client = client

    def stored(self, member_id: str, names: Sequence[str]) -> dict[str, bytes | None]:
        if not self._key:
            return dict.fromkeys(names)
        key = member_key(member_id)
        here, *values = self._client.hmget(self._key, [_HERE, *(key + name_key(name) for name in names)])
        if here is None:
            raise StoreError("the version being read is gone after two more publishes", next_step="Read again")
        return dict(zip(names, values, strict=True))


class RedisStore(OnlineStore):
    """Versions in one Redis database; `address` as redis-py takes it."""

    reached_from_elsewhere = True

    def __init__(self, address: str, client: Any = None) -> None:
        try:
            import redis
        except ImportError:
            raise ExtraMissing("the online store in Redis", "redis") from None
        self._errors = redis.RedisError
        self._changed = redis.WatchError
        with self._telling("opened"):
            self._client = client if client is not None else redis.Redis.from_url(address)
            self._client.ping()
        self._script = self._client.register_script(_READ)

    @contextmanager
    def _telling(self, what: str) -> Iterator[None]:
        """Turn the client's errors into ours; their texts name no password, addresses may, so none is repeated."""
        try:
            yield
        except (self._errors, ValueError) as error:
            raise StoreError(f"the online store in Redis cannot be {what}: {type(error).__name__}") from None

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        with self._telling("read"):
            yield _RedisSnapshot(self._client, self._client.get(SERVING))

    def _stored(self, member_id: str, names: Sequence[str]) -> dict[str, bytes | None]:
        key = member_key(member_id)
        fields = [key + name_key(name) for name in names]
        with self._telling("read"):
            values = self._script(keys=[SERVING], args=[ANSWERS, *fields]) or [None] * len(names)
        return dict(zip(names, values, strict=True))

    def _catalog(self) -> Catalog:
        with self._telling("read"):
            return decode(self._client.get(CATALOG))

    def _transaction(self, work: Callable[[Catalog, Any], T]) -> T:
        """Do `work(catalog, pipeline)` so that nobody changed the catalog in between; again when somebody did."""
        with self._telling("written"), self._client.pipeline() as pipeline:
            while True:
                pipeline.watch(CATALOG)
                catalog = decode(pipeline.get(CATALOG))
                pipeline.multi()
                result = work(catalog, pipeline)
                try:
                    pipeline.execute()
                except self._changed:
                    continue
                return result

    def _change(self, change: Callable[[Catalog], T]) -> T:
        def work(catalog: Catalog, pipeline: Any) -> T:
            result = change(catalog)
            pipeline.set(CATALOG, encode(catalog))
            served = catalog.served
            if served is not None:
                pipeline.set(SERVING, b"%d " % served.number + served.version.encode())
            return result

        return self._transaction(work)

    def _create(self, generation: Generation, publisher: str) -> None:
        def work(catalog: Catalog, pipeline: Any) -> None:
            catalog.check_publisher(publisher)
            pipeline.hset(ANSWERS + b"%d" % generation.number, _HERE, b"1")

        self._transaction(work)

    def _write(self, generation: Generation, publisher: str, rows: list[OnlineMember]) -> None:
        values: dict[bytes, bytes] = {}
        for row in rows:
            key = member_key(row.member_id)
            values[key] = row.document
            for name, value in row.answers.items():
                values[key + name_key(name)] = value

        def work(catalog: Catalog, pipeline: Any) -> None:
            catalog.check_publisher(publisher)
            pipeline.hset(ANSWERS + b"%d" % generation.number, mapping=values)

        self._transaction(work)

    def _drop(self, generation: Generation) -> None:
        with self._telling("written"):
            self._client.unlink(ANSWERS + b"%d" % generation.number)

    def _erase(self, generation: Generation, key: bytes) -> int:
        name = ANSWERS + b"%d" % generation.number
        pattern = b"".join(b"\\" + bytes([b]) if b in b"*?[]\\" else bytes([b]) for b in key) + b"*"
        with self._telling("written"):
            fields = [field for field, _ in self._client.hscan_iter(name, match=pattern, count=10_000)]
            return int(self._client.hdel(name, *fields)) if fields else 0

    def close(self) -> None:
        self._client.close()
