"""From an address to the online store behind it. Addresses may carry passwords, so they are never shown whole."""

from __future__ import annotations

import re
from pathlib import Path

from skillfirst.errors import UsageError
from skillfirst.stores.online.base import OnlineStore

SCHEMES = ("memory:", "lmdb:PATH", "sqlite:PATH", "redis://HOST:PORT/DB", "postgresql://USER@HOST/NAME")


def without_secrets(address: str) -> str:
    """The address as it may be shown in a message or a log: no password, no query."""
    scheme, separator, rest = address.partition("://")
    if not separator:
        return address.partition("?")[0]
    place = rest.partition("?")[0].rpartition("@")[2]
    return f"{scheme}://{place}"


def open_online(address: str) -> OnlineStore:
    """Open the online store at `address`: `memory:`, `lmdb:PATH`, `sqlite:PATH`, `redis://...`, `postgresql://...`.

    Raises:
        UsageError: no such kind of address.
        ExtraMissing: the client of this store is not installed.
        StoreError: the store does not answer.
    """
    store = _opened(address)
    scheme, _, rest = address.partition(":")
    store.place = (
        f"{scheme}:{Path(_path(rest)).absolute()}" if scheme in ("lmdb", "sqlite") else without_secrets(address)
    )
    return store


def _path(rest: str) -> str:
    return re.sub(r"^//(?=/)", "", rest)  # lmdb:///srv/x and lmdb:/srv/x are the same place


def _opened(address: str) -> OnlineStore:
    scheme, _, rest = address.partition(":")
    path = _path(rest)
    if address == "memory:":
        from skillfirst.stores.online.memory import MemoryStore

        return MemoryStore()
    if scheme == "lmdb" and path:
        from skillfirst.stores.online.lmdb_store import LmdbStore

        return LmdbStore(path)
    if scheme == "sqlite" and path:
        from skillfirst.stores.online.sqlite_store import SqliteStore

        return SqliteStore(path)
    if scheme in {"redis", "rediss", "unix"} and rest.startswith("//"):
        from skillfirst.stores.online.redis_store import RedisStore

        return RedisStore(address)
    if scheme in {"postgresql", "postgres"} and rest.startswith("//"):
        from skillfirst.stores.online.postgres_store import PostgresStore

        return PostgresStore(address)
    raise UsageError(
        f"{without_secrets(address)!r} is not the address of an online store",
        next_step=f"It is one of: {', '.join(SCHEMES)}",
    )
