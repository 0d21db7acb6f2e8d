"""Texts as hashed n-grams: sparse rows without a vocabulary to keep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from skillfirst.tables.sparse import Csr

SPACE = 32

CHARACTERS = 0  # n-grams of 2 to 5 bytes inside words, edges marked: nearest neighbours
WORDS = 1  # words, pairs of words and n-grams of 3 to 5 bytes: the linear model


@njit(cache=True, nogil=True)
def _hash(data: Any, start: int, stop: int, salt: int) -> Any:
    h = np.uint64(14695981039346656037) ^ np.uint64(salt)
    for j in range(start, stop):
        h = (h ^ np.uint64(data[j])) * np.uint64(1099511628211)
    h ^= h >> np.uint64(29)
    h *= np.uint64(0xBF58476D1CE4E5B9)
    return h ^ (h >> np.uint64(32))


@njit(cache=True, nogil=True)
def _grams(data: Any, offsets: Any, kind: int, buckets: int, row: Any, code: Any, weight: Any) -> Any:
    """Fills (row, code, weight) when long enough; returns how many there are. Texts begin and end with a blank."""
    n = 0
    room = len(row)
    for i in range(len(offsets) - 1):
        previous = -1
        start = offsets[i]
        while start < offsets[i + 1] - 1:
            stop = start + 1
            while data[stop] != SPACE:
                stop += 1
            for length in range(3 if kind == WORDS else 2, 6):
                for j in range(start, max(stop + 2 - length, start + 1)):
                    if j + length > stop + 1:
                        continue
                    if n < room:
                        row[n], weight[n] = i, 1.0
                        code[n] = _hash(data, j, j + length, 0) % np.uint64(buckets)
                    n += 1
            if kind == WORDS:
                if n < room:
                    row[n], weight[n] = i, 2.0
                    code[n] = _hash(data, start, stop + 1, 1) % np.uint64(buckets)
                n += 1
                if previous >= 0:
                    if n < room:
                        row[n], weight[n] = i, 2.0
                        code[n] = _hash(data, previous, stop + 1, 2) % np.uint64(buckets)
                    n += 1
            previous = start
            start = stop
    return n


def grams(texts: Sequence[str], kind: int, buckets: int) -> Csr:
    """texts x buckets: CHARACTERS weighs by 1 + ln(count), WORDS by kind; rows are not yet normalised."""
    encoded = [b" " + text.encode() + b" " if text else b" " for text in texts]
    data = np.frombuffer(b"".join(encoded) or b" ", np.uint8)
    offsets = np.zeros(len(encoded) + 1, np.int64)
    np.cumsum([len(e) for e in encoded], out=offsets[1:])
    empty = np.zeros(0, np.int32)
    n = _grams(data, offsets, kind, buckets, empty, empty, np.zeros(0, np.float32))
    row, code, weight = np.zeros(n, np.int32), np.zeros(n, np.int32), np.zeros(n, np.float32)
    _grams(data, offsets, kind, buckets, row, code, weight)
    key = row.astype(np.int64) * buckets + code
    key, first, count = np.unique(key, return_index=True, return_counts=True)
    values = 1 + np.log(count) if kind == CHARACTERS else weight[first]
    out = np.zeros(len(texts) + 1, np.int64)
    np.cumsum(np.bincount(key // buckets, minlength=len(texts)), out=out[1:])
    return Csr(out, (key % buckets).astype(np.int32), values.astype(np.float32), buckets)


def scaled(rows: Csr, idf: npt.NDArray[np.float32] | None = None) -> Csr:
    """Rows weighted by column and brought to length 1."""
    assert rows.values is not None
    values = rows.values if idf is None else rows.values * idf[rows.indices]
    row = np.repeat(np.arange(len(rows)), np.diff(rows.offsets))
    length = np.sqrt(np.bincount(row, values.astype(np.float64) ** 2, minlength=len(rows)))
    scale = 1 / np.maximum(length, 1e-12)
    return Csr(rows.offsets, rows.indices, (values * scale[row]).astype(np.float32), rows.width)
