"""Service keys: who calls, and what for. Only their hashes are kept; comparing takes the same time for all."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from skillfirst.errors import UsageError

SCOPES = ("read", "events", "profile", "admin")
_NAME = re.compile(r"[a-z0-9-]{1,40}")
#: a key is 256 random bits: a plain hash cannot be searched
_SECRET_BYTES = 32
_PREFIX = "sf"


@dataclass(frozen=True, slots=True)
class ServiceKey:
    """One key as the service knows it: a name for the log, the SHA-256 of the key, and what it may do."""

    name: str
    digest: str
    scopes: frozenset[str]

    def __post_init__(self) -> None:
        unknown = sorted(self.scopes - set(SCOPES))
        if unknown:
            raise UsageError(
                f"key {self.name}: there is no scope {unknown[0]!r}", next_step=f"Scopes: {', '.join(SCOPES)}"
            )
        if not _NAME.fullmatch(self.name) or not re.fullmatch(r"[0-9a-f]{64}", self.digest):
            raise UsageError("a key has a name (a-z, 0-9, -) and the SHA-256 of its secret in hexadecimal")


def digest_of(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def new_key(name: str, scopes: Iterable[str] = ("read",)) -> tuple[str, ServiceKey]:
    """A new key: its text, which is shown once, and what the service keeps of it."""
    text = f"{_PREFIX}_{name}_{secrets.token_urlsafe(_SECRET_BYTES)}"
    return text, ServiceKey(name, digest_of(text), frozenset(scopes))


def find_key(keys: Iterable[ServiceKey], presented: str) -> ServiceKey | None:
    """The key that was presented, or None; looks at every key, whichever it is."""
    digest = digest_of(presented)
    found = None
    for key in keys:
        if hmac.compare_digest(key.digest, digest):
            found = key
    return found


def read_keys(path: Path | str) -> tuple[ServiceKey, ...]:
    """Keys from a JSON file: `[{"name": "lms", "digest": "...", "scopes": ["read", "events"]}]`.

    Raises UsageError when the file cannot be read or is not of that form.
    """
    path = Path(path)
    try:
        rows = json.loads(path.read_text("utf-8"))
        keys = tuple(ServiceKey(r["name"], r["digest"], frozenset(r["scopes"])) for r in rows)
    except (OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, UsageError):
            raise
        raise UsageError(f"the keys in {path} cannot be read: {type(error).__name__}") from None
    if len({key.name for key in keys}) != len(keys):
        raise UsageError(f"two keys in {path} have the same name")
    return keys


def write_keys(path: Path | str, keys: Iterable[ServiceKey]) -> None:
    """The file that `read_keys` reads, readable by its owner only; it holds no secret, but names scopes."""
    rows = [{"name": k.name, "digest": k.digest, "scopes": sorted(k.scopes)} for k in keys]
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(json.dumps(rows, indent=1) + "\n")
