"""Member documents as the kernel's loops read them: plain arrays, laid out once, whatever the documents came as.

A night has a batch of thousands, the service one stored message, which is read here without a call to Arrow for each
of its columns: those calls took longer than all that is computed from them.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from skillfirst.tables.member_document import DOCUMENT, INFERRED
from skillfirst.tables.member_document import documents as blank_documents
from skillfirst.tables.sparse import Offsets, list_parts, to_lists
from skillfirst.tables.vocabulary import UNKNOWN, Vocabulary

Array = npt.NDArray[Any]
Lists = tuple[Offsets, Array]

TEXTS = ("member_id", "industry", "country")


class Documents:
    """Rows with the columns of DOCUMENT, some of them, or those and the ones of INFERRED.

    Lists are (offsets, flat values): offsets int64, `num_rows` + 1, from 0. Values and numbers are contiguous and
    read-only, in the dtypes of the schema, moments s since 1970 UTC.
    """

    __slots__ = ("_base", "_laid", "_nulls", "_raw", "_texts", "num_rows")

    def __init__(self, num_rows: int) -> None:
        self.num_rows = num_rows
        self._base: pa.RecordBatch | None = None
        self._raw: bytes | None = None
        self._laid: dict[str, Any] = {}
        self._nulls: frozenset[str] = frozenset()  # numbers without a value, of one document
        self._texts: dict[str, Any] | None = None  # of one document: texts, `languages` a list, `arms` pairs

    @classmethod
    def of(cls, batch: pa.RecordBatch | Documents) -> Documents:
        """Of a batch (any slice); of Documents themselves."""
        if isinstance(batch, Documents):
            return batch
        made = cls(batch.num_rows)
        made._base = batch
        return made

    @classmethod
    def read(cls, raw: bytes) -> Documents:
        """One stored document: a DOCUMENT batch of one row, written by `RecordBatch.serialize`.

        Raises ValueError for anything else.
        """
        try:
            found = _read_message(raw)
        except (struct.error, IndexError, UnicodeDecodeError) as error:
            raise ValueError(f"not a stored document: {error}") from None
        made = cls(1)
        made._raw = raw
        made._laid, made._texts, made._nulls = found
        return made

    @classmethod
    def new(
        cls, member_id: str, now: int, arms: list[tuple[str, str]], languages: list[str], level: int,
        lists: Mapping[str, Sequence[Any]],
    ) -> Documents:  # fmt: skip
        """One document of which only so much is known; `lists`: values of some list columns."""
        made = cls(1)
        made._texts = {
            "member_id": member_id, "industry": None, "country": None, "languages": languages, "arms": arms,
        }  # fmt: skip
        made._laid = {
            **_BLANK, "now": _number(now, np.int64), "level": _number(level, np.int8), **_laid_out(lists),
        }  # fmt: skip
        return made

    def with_lists(self, lists: Mapping[str, Sequence[Any]]) -> Documents:
        """One document with other values in some list columns."""
        return self.with_columns(_laid_out(lists))

    def with_columns(self, columns: Mapping[str, Lists | Array]) -> Documents:
        """The same documents with other lists or numbers in some columns, or more of them."""
        made = Documents(self.num_rows)
        made._base, made._raw, made._texts = self._base, self._raw, self._texts
        for column in columns.values():  # the loops are compiled once, for one kind of arrays
            (column[1] if isinstance(column, tuple) else column).flags.writeable = False
        made._laid = {**self._laid, **columns, _CHANGED: (*self._laid.get(_CHANGED, ()), *columns)}
        made._nulls = self._nulls.difference(columns)
        return made

    # --- columns

    def lists(self, name: str) -> Lists:
        """A column of lists of numbers; a null list is empty."""
        found = self._laid.get(name)
        if found is None:
            offsets, values = list_parts(self.batch.column(name))
            flat = np.ascontiguousarray(values.to_numpy(zero_copy_only=False), LIST_TYPES[name])
            flat.flags.writeable = False
            found = self._laid[name] = (offsets, flat)
        lists: Lists = found
        return lists

    def numbers(self, name: str) -> Array:
        """A column of numbers or moments, 0 where it is null."""
        found = self._laid.get(name)
        if found is None:
            column = self.batch.column(name)
            if pa.types.is_timestamp(column.type):
                column = column.cast(pa.int64())
            if column.null_count:
                column = column.fill_null(0)
            found = self._laid[name] = np.ascontiguousarray(column.to_numpy(zero_copy_only=False), NUMBER_TYPES[name])
        numbers: Array = found
        return numbers

    def nulls(self, name: str) -> int:
        """How many rows have no value in a column of numbers."""
        if self._texts is not None:
            return int(name in self._nulls)
        return 0 if name in self._laid.get(_CHANGED, ()) else int(self.batch.column(name).null_count)

    def first(self, name: str) -> Array:
        """First value of each list, -1 where it is empty."""
        offsets, values = self.lists(name)
        if self.num_rows == 1:
            return values[:1] if len(values) else _MISSING[values.dtype]
        out = np.full(self.num_rows, -1, values.dtype)
        some = offsets[1:] > offsets[:-1]
        out[some] = values[offsets[:-1][some]]
        return out

    def codes(self, name: str, vocabulary: Vocabulary) -> npt.NDArray[np.int32]:
        """Codes of one of TEXTS, -1 for unknown and null."""
        if self._texts is not None:
            text = self._texts[name]
            return np.array([UNKNOWN if text is None else vocabulary.code(text)], np.int32)
        return vocabulary.encode(self.batch.column(name))

    @property
    def one(self) -> dict[str, Any]:
        """TEXTS, `languages` (a list) and `arms` (pairs of experiment and arm) of a batch of one."""
        if self._texts is None:
            self._texts = {name: self.batch.column(name)[0].as_py() for name in (*TEXTS, "languages", "arms")}
            self._texts["languages"] = list(self._texts["languages"] or ())
            self._texts["arms"] = list(self._texts["arms"] or ())
            self._nulls = frozenset(name for name in NUMBER_TYPES if self.batch.column(name).null_count)
        return self._texts

    # --- back to Arrow

    @property
    def batch(self) -> pa.RecordBatch:
        """The documents as an Arrow batch, INFERRED columns last where there are any."""
        if self._base is None:
            self._base = self._arrow()
        changed = self._laid.get(_CHANGED)
        if changed:
            self._base = self._replaced(self._base, set(changed))
            del self._laid[_CHANGED]
        return self._base

    def _arrow(self) -> pa.RecordBatch:
        if self._raw is not None:
            return pa.ipc.read_record_batch(pa.py_buffer(self._raw), DOCUMENT)
        texts: dict[str, Any] = self._texts or {}
        own = {name: self._column(name) for name in self._laid if name in DOCUMENT.names}
        own |= {name: pa.array([text], DOCUMENT.field(name).type) for name, text in texts.items()}
        return blank_documents(1, **own)

    def _replaced(self, base: pa.RecordBatch, changed: set[str]) -> pa.RecordBatch:
        more = [f for f in INFERRED if f.name in changed and f.name not in base.schema.names]
        schema = pa.schema([*base.schema, *more])
        columns = [self._column(f.name) if f.name in changed else base.column(f.name) for f in schema]
        return pa.RecordBatch.from_arrays(columns, schema=schema)

    def _column(self, name: str) -> pa.Array:
        found = self._laid[name]
        if isinstance(found, tuple):
            return to_lists(*found)
        kind = DOCUMENT.field(name).type
        return pa.array(found).cast(kind)


_CHANGED = " changed"  # no column's name


# --- one stored document, without Arrow ---------------------------------------------------------------------


class _Place(NamedTuple):
    """Where a column stands in a message: its first node, and the buffer of its values or offsets."""

    name: str
    node: int
    buffer: int
    dtype: np.dtype[Any]


def _kinds() -> tuple[dict[str, np.dtype[Any]], dict[str, np.dtype[Any]]]:
    """dtypes of the values of (columns of lists of numbers, columns of numbers)."""
    lists, numbers = {}, {}
    for field in (*DOCUMENT, *INFERRED):
        if pa.types.is_list(field.type) and field.type.value_type != pa.string():
            lists[field.name] = np.dtype(field.type.value_type.to_pandas_dtype())
        elif pa.types.is_integer(field.type):
            numbers[field.name] = np.dtype(field.type.to_pandas_dtype())
        elif pa.types.is_timestamp(field.type):
            numbers[field.name] = np.dtype(np.int64)
    return lists, numbers


LIST_TYPES, NUMBER_TYPES = _kinds()


def _places() -> tuple[dict[str, _Place], int, int]:
    """Places of all columns of DOCUMENT, and how many nodes and buffers a message has (Arrow's columnar format: a
    node a type in depth-first order; buffers validity, then offsets, then values, as the type has them)."""
    places, node, buffer = {}, 0, 0

    def walk(kind: pa.DataType) -> tuple[int, int]:
        if pa.types.is_map(kind):  # a list of structs of keys and items
            inner = [walk(kind.key_type), walk(kind.item_type)]
            return 2 + sum(n for n, _ in inner), 3 + sum(b for _, b in inner)
        if pa.types.is_list(kind):
            nodes, buffers = walk(kind.value_type)
            return 1 + nodes, 2 + buffers
        return 1, 3 if pa.types.is_string(kind) else 2

    for field in DOCUMENT:
        dtype = LIST_TYPES.get(field.name) or NUMBER_TYPES.get(field.name) or np.dtype(np.uint8)
        places[field.name] = _Place(field.name, node, buffer + 1, dtype)
        nodes, buffers = walk(field.type)
        node, buffer = node + nodes, buffer + buffers
    return places, node, buffer


_PLACES, _NODES, _BUFFERS = _places()
_LISTS = tuple(_PLACES[name] for name in LIST_TYPES if name in _PLACES)
_LIST_NODES = np.array([p.node for p in _LISTS])
_LIST_BUFFERS = np.array([p.buffer for p in _LISTS])
_NUMBERS = tuple(_PLACES[name] for name in NUMBER_TYPES)
_RECORD_BATCH = 3  # org.apache.arrow.flatbuf.MessageHeader


def _frozen(array: Array) -> Array:
    array.flags.writeable = False
    return array


_EMPTY = {dtype: _frozen(np.empty(0, dtype)) for dtype in {*LIST_TYPES.values(), *NUMBER_TYPES.values()}}
_MISSING = {dtype: _frozen(np.full(1, -1, dtype)) for dtype in _EMPTY}
_BLANK: dict[str, Any] = {name: (np.zeros(2, np.int64), _EMPTY[LIST_TYPES[name]]) for name in LIST_TYPES}
_BLANK = {name: lists for name, lists in _BLANK.items() if name in _PLACES}
_BLANK |= {name: _frozen(np.zeros(1, dtype)) for name, dtype in NUMBER_TYPES.items()}


def _laid_out(lists: Mapping[str, Sequence[Any]]) -> dict[str, Lists]:
    return {
        name: (np.array([0, len(values)], np.int64), _frozen(np.array(values, LIST_TYPES[name])))
        for name, values in lists.items()
    }


def _number(value: int, dtype: Any) -> Array:
    return _frozen(np.array([value], dtype))


def _field(raw: bytes, table: int, number: int) -> int:
    """Where a field of a flatbuffer's table stands, 0 where it is left out."""
    vtable = table - struct.unpack_from("<i", raw, table)[0]
    (size,) = struct.unpack_from("<H", raw, vtable)
    at = 4 + 2 * number
    (offset,) = struct.unpack_from("<H", raw, vtable + at) if at < size else (0,)
    return table + offset if offset else 0


def _pairs(raw: bytes, at: int, many: int) -> int:
    """Where a vector of pairs of int64 begins. Raises ValueError unless it has so many."""
    start: int = at + struct.unpack_from("<I", raw, at)[0]
    (length,) = struct.unpack_from("<I", raw, start)
    if length != many:
        raise ValueError("not a stored document: other columns")
    return start + 4


def _read_message(raw: bytes) -> tuple[dict[str, Any], dict[str, Any], frozenset[str]]:
    """(arrays by column, texts, numbers that are null) of an encapsulated message with one row."""
    mark, size = struct.unpack_from("<Ii", raw, 0)
    message = 8 + struct.unpack_from("<I", raw, 8)[0]
    kind, header = _field(raw, message, 1), _field(raw, message, 2)
    if mark != 0xFFFFFFFF or size % 8 or not kind or not header or raw[kind] != _RECORD_BATCH:
        raise ValueError("not a stored document: no record batch")
    batch = header + struct.unpack_from("<I", raw, header)[0]
    rows = _field(raw, batch, 0)
    if not rows or struct.unpack_from("<q", raw, rows)[0] != 1 or _field(raw, batch, 3):
        raise ValueError("not a stored document: not one row, or compressed")
    at = _pairs(raw, _field(raw, batch, 1), _NODES)
    null_count = np.frombuffer(raw, np.int64, 2 * _NODES, at)[1::2]
    at = _pairs(raw, _field(raw, batch, 2), _BUFFERS)
    places = np.frombuffer(raw, np.int64, 2 * _BUFFERS, at)[::2] + (8 + size)
    words = np.frombuffer(raw, np.int32, len(raw) >> 2)
    heads = places[_LIST_BUFFERS] >> 2
    first = words[heads]
    bounds = np.zeros((len(_LISTS), 2), np.int64)
    bounds[:, 1] = np.where(null_count[_LIST_NODES] == 0, words[heads + 1] - first, 0)
    found: dict[str, Any] = {}
    starts, lengths = places.tolist(), bounds[:, 1].tolist()
    for i, (name, _, buffer, dtype) in enumerate(_LISTS):
        length = lengths[i]
        if length:
            where = starts[buffer + 2] + int(first[i]) * dtype.itemsize
            found[name] = (bounds[i], np.frombuffer(raw, dtype, length, where))
        else:
            found[name] = (bounds[i], _EMPTY[dtype])
    nulls = set()
    for name, node, buffer, dtype in _NUMBERS:
        if null_count[node]:
            nulls.add(name)
            found[name] = _BLANK[name]
        else:
            found[name] = np.frombuffer(raw, dtype, 1, starts[buffer])
    texts: dict[str, Any] = {}
    for name in TEXTS:
        _, node, buffer, _ = _PLACES[name]
        texts[name] = None if null_count[node] else _strings(raw, starts, buffer, 0, 1)[0]
    texts["languages"] = _list_of_texts(raw, starts, null_count, "languages", (2,))[0]
    keys, items = _list_of_texts(raw, starts, null_count, "arms", (3, 6))
    texts["arms"] = list(zip(keys, items, strict=True))
    return found, texts, frozenset(nulls)


def _strings(raw: bytes, starts: list[int], buffer: int, low: int, high: int) -> list[str]:
    """Texts low..high of an array whose offsets are that buffer, its bytes the next."""
    ends = struct.unpack_from(f"<{high - low + 1}i", raw, starts[buffer] + 4 * low)
    data = starts[buffer + 1]
    return [raw[data + a : data + b].decode() for a, b in pairwise(ends)]


def _list_of_texts(
    raw: bytes, starts: list[int], null_count: Array, name: str, children: tuple[int, ...]
) -> list[list[str]]:
    """The one list of a column, a list of texts for each of its children (where their offsets stand after its own)."""
    _, node, buffer, _ = _PLACES[name]
    low, high = struct.unpack_from("<2i", raw, starts[buffer]) if not null_count[node] else (0, 0)
    if low == high:
        return [[] for _ in children]
    return [_strings(raw, starts, buffer + after, low, high) for after in children]
