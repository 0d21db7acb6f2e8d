"""Member ids as keys: any text of any length becomes a short byte string that sorts as the ids do."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from skillfirst.errors import UsageError

#: LMDB's limit is 511 bytes a key, in which the member, a separator and the channel must fit
LONGEST_MEMBER_BYTES = 440
LONGEST_CHANNEL_BYTES = 64
_END = b"\x00\x00"


def member_key(member_id: str) -> bytes:
    """A key that no other member has and that is never a prefix of another member's key.

    Short ids: UTF-8 with NUL escaped as 00 FF, closed by 00 00; this keeps the order of the ids. Longer ones are
    replaced by FF and a 256-bit hash (FF never begins UTF-8), which sorts last.
    """
    encoded = member_id.encode("utf-8", "surrogatepass")
    if b"\x00" in encoded:
        encoded = encoded.replace(b"\x00", b"\x00\xff")
    if len(encoded) > LONGEST_MEMBER_BYTES:
        return b"\xff" + hashlib.blake2b(encoded, digest_size=32).digest() + _END
    return encoded + _END


@lru_cache(maxsize=64)
def name_key(name: str) -> bytes:
    """A channel's name as the tail of a key; the empty name is the document.

    Raises:
        UsageError: the name is longer than 64 bytes or holds a NUL.
    """
    encoded = name.encode("utf-8", "surrogatepass")
    if len(encoded) > LONGEST_CHANNEL_BYTES or b"\x00" in encoded:
        raise UsageError(f"{name[:80]!r} cannot be the name of a channel")
    return encoded
