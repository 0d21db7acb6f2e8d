"""Ids and their codes: the one place where a string becomes a small integer and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Codes = npt.NDArray[np.int32]

UNKNOWN = -1
FEW = 64  # ids up to which Python's own dictionary is asked: Arrow's lookup lays out the whole vocabulary each time


class Vocabulary:
    """Distinct ids in a fixed order; the code of an id is its place (int32, 0-based).

    `ids`: distinct strings without nulls. The order is the caller's: skills and titles are sorted by id,
    courses stand newest first. Raises ValueError on duplicates or nulls.
    """

    __slots__ = ("_codes", "ids")

    def __init__(self, ids: pa.Array | Iterable[str]) -> None:
        array = ids if isinstance(ids, pa.Array) else pa.array(list(ids), pa.string())
        array = array.cast(pa.string())
        if array.null_count:
            raise ValueError("a vocabulary holds no nulls")
        if len(array) != pc.count_distinct(array).as_py():
            raise ValueError("a vocabulary holds each id once")
        self.ids: pa.StringArray = array
        self._codes: dict[str, int] | None = None

    @classmethod
    def sorted(cls, ids: pa.Array | pa.ChunkedArray | Iterable[str]) -> Vocabulary:
        """The distinct, non-null ids in lexicographic order of their UTF-8 bytes."""
        array = ids if isinstance(ids, (pa.Array, pa.ChunkedArray)) else pa.array(list(ids), pa.string())
        unique = pc.unique(pc.drop_null(array.cast(pa.string())))
        return cls(unique.take(pc.sort_indices(unique)))

    def __len__(self) -> int:
        return len(self.ids)

    def __contains__(self, id_: object) -> bool:
        return isinstance(id_, str) and self.code(id_) != UNKNOWN

    def __getitem__(self, code: int) -> str:
        return str(self.ids[int(code)].as_py())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and bool(self.ids.equals(other.ids))

    def __hash__(self) -> int:
        return hash((len(self), self[0] if len(self) else ""))

    def __reduce__(self) -> tuple[Any, ...]:
        return (Vocabulary, (self.ids,))

    def code(self, id_: str) -> int:
        """The code of one id, -1 when it is not here."""
        if self._codes is None:
            self._codes = {id_: code for code, id_ in enumerate(self.ids.to_pylist())}
        return self._codes.get(id_, UNKNOWN)

    def encode(self, ids: pa.Array | pa.ChunkedArray | Iterable[str | None]) -> Codes:
        """Codes of many ids, int32, -1 for unknown and null; same length and order as `ids`."""
        array = ids if isinstance(ids, (pa.Array, pa.ChunkedArray)) else pa.array(list(ids), pa.string())
        if len(array) <= FEW:
            return np.array([UNKNOWN if id_ is None else self.code(id_) for id_ in _texts(array)], np.int32)
        codes = pc.index_in(array.cast(pa.string()), self.ids)
        # SetLookup finds null in a value set without nulls nowhere, so fill_null covers both cases
        codes = pc.fill_null(codes, UNKNOWN)
        if isinstance(codes, pa.ChunkedArray):
            codes = codes.combine_chunks()
        return np.asarray(codes.to_numpy(zero_copy_only=False), np.int32)

    def decode(self, codes: npt.ArrayLike) -> pa.StringArray:
        """Ids of many codes; -1 becomes null."""
        codes = np.asarray(codes, np.int32)
        return self.ids.take(pa.array(codes, mask=codes < 0))


def _texts(array: pa.Array | pa.ChunkedArray) -> list[str | None]:
    if not (pa.types.is_string(array.type) or pa.types.is_dictionary(array.type)):
        array = array.cast(pa.string())
    texts: list[str | None] = array.to_pylist()
    return texts
