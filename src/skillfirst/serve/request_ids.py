"""A number for every request: the caller's own, if it is harmless, else one drawn here."""

from __future__ import annotations

import itertools
import re
import secrets
from collections.abc import Mapping

_HARMLESS = re.compile(rb"[A-Za-z0-9._-]{1,64}")
#: drawn once a process; the rest of a number counts
_PROCESS = secrets.token_hex(5)
_COUNT = itertools.count(1)


def request_id_of(headers: Mapping[bytes, bytes]) -> str:
    given = headers.get(b"x-request-id")
    if given is not None and _HARMLESS.fullmatch(given):
        return given.decode()
    return f"{_PROCESS}-{next(_COUNT):x}"
