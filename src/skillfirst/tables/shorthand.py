"""Answers in shorthand: what thousands of answers of a version share stands once beside them.

An answer is mostly cards, and a course's card is the same for everybody. In shorthand an answer holds the numbers of
its cards, the texts it repeats itself, and what is its own; joining puts its bytes together again:

    magic, 8 bytes that name the `Phrases`, uint32 items, uint16 own texts, the number (uint32) of each item's phrase,
    with own texts also the number (uint16) of each item's own text, then pieces divided by NUL: the own texts, what
    stands before the first item, and what follows each item

Between two pieces stand the item's own text, if there are any, and its phrase. Four control characters, which JSON
never holds, stand for the names of a card's numbers (`MARKS`). All numbers are little-endian.
"""

from __future__ import annotations

import array
import hashlib
import struct
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

import msgspec
import pyarrow as pa

MAGIC, PACKED = b"\x01sf\x01", b"\x01sf\x02"  # an answer in shorthand; a value packed as a whole (uint32 length, LZ4)
MARKS = ((b"\x02", b'{"position":'), (b"\x03", b',"affinity":'), (b"\x04", b',"score":'), (b"\x05", b',"bucket":'))
HEAD = struct.Struct("<4s8sIH")
MOST_KNOWN = 4  # phrases of versions that a process remembers

Marks = Sequence[tuple[bytes, bytes]]


class Phrases:
    """What the numbers of a version's answers stand for. The marks travel along: a later release may choose others."""

    def __init__(self, texts: Sequence[bytes], marks: Marks = MARKS, content: bytes | None = None) -> None:
        self.texts, self.marks = texts, marks
        self.content = msgspec.msgpack.encode((list(marks), texts)) if content is None else content
        self.name = hashlib.blake2b(self.content, digest_size=8).digest()

    @classmethod
    def read(cls, content: bytes) -> Phrases:
        """What `content` of others holds."""
        marks, texts = msgspec.msgpack.decode(content, type=tuple[list[tuple[bytes, bytes]], list[bytes]])
        return cls(texts, marks, content)

    def expand(self, stored: bytes) -> bytes:
        """The answer that stands in shorthand in `stored`."""
        _, _, items, own = HEAD.unpack_from(stored)
        begin, width = HEAD.size + 4 * items, 3 if own else 2
        text = stored[begin + 2 * items :] if own else stored[begin:]
        for mark, stands_for in self.marks:
            text = text.replace(mark, stands_for)
        pieces = text.split(b"\0")
        parts = [b""] * (width * items + 1)
        parts[::width] = pieces[own:]
        parts[width - 1 :: width] = map(self.texts.__getitem__, _numbers("I", stored[HEAD.size : begin]))
        if own:
            parts[1::width] = map(pieces.__getitem__, _numbers("H", stored[begin : begin + 2 * items]))
        return b"".join(parts)


def _numbers(kind: str, raw: bytes) -> array.array[int]:
    numbers = array.array(kind, raw)
    if sys.byteorder != "little":
        numbers.byteswap()
    return numbers


class _Known:
    """Phrases by name, the newest few: their name is a hash of what they are, so they fit wherever it stands."""

    def __init__(self) -> None:
        self._phrases: OrderedDict[bytes, Phrases] = OrderedDict()
        self._lock = threading.Lock()
        self.get = self._phrases.get

    def keep(self, phrases: Phrases) -> Phrases:
        with self._lock:
            self._phrases[phrases.name] = phrases
            self._phrases.move_to_end(phrases.name)
            if len(self._phrases) > MOST_KNOWN:
                self._phrases.popitem(last=False)
        return phrases


known = _Known()


def phrases_of(stored: bytes) -> bytes | None:
    """The name of the phrases that a stored value stands on; None where it needs none."""
    return stored[4:12] if stored.startswith(MAGIC) else None


def expanded(stored: bytes, find: Callable[[bytes], bytes]) -> bytes:
    """A stored value as it was before it was shortened. `find`: content of phrases, by name, for those not met yet."""
    if stored[:3] != MAGIC[:3]:
        return stored
    if stored.startswith(PACKED):
        return unpacked(stored)
    name = phrases_of(stored)
    if name is None:
        return stored
    phrases = known.get(name) or known.keep(Phrases.read(find(name)))
    return phrases.expand(stored)


def packed(value: bytes) -> bytes:
    """A value packed as a whole, where that makes it shorter."""
    short = pa.Codec("lz4_raw").compress(value, asbytes=True)
    return PACKED + struct.pack("<I", len(value)) + short if len(short) + 8 < len(value) else value


def unpacked(stored: bytes) -> bytes:
    """What was given to `packed`."""
    if not stored.startswith(PACKED):
        return stored
    (length,) = struct.unpack_from("<I", stored, 4)
    return bytes(pa.Codec("lz4_raw").decompress(stored[8:], length, asbytes=True))
