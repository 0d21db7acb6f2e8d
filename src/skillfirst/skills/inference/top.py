"""The best few of many, kept in order as they come: no array of all, no library sort to compile."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit


@njit(cache=True, nogil=True)
def offer(code: Any, value: Any, kept: int, limit: int, new_code: int, new_value: float) -> int:
    """Puts one (code, value) among the best `limit`, by falling value, then rising code; returns how many there are."""
    j = kept
    if kept == limit:
        last = kept - 1
        if limit == 0 or new_value < value[last] or (new_value == value[last] and new_code > code[last]):
            return kept
        j = last
    else:
        kept += 1
    while j > 0 and (new_value > value[j - 1] or (new_value == value[j - 1] and new_code < code[j - 1])):
        value[j] = value[j - 1]
        code[j] = code[j - 1]
        j -= 1
    value[j] = new_value
    code[j] = new_code
    return kept


@njit(cache=True, nogil=True)
def by_code(code: Any, value: Any, kept: int) -> None:
    """Puts the first `kept` pairs in rising order of code (insertion sort: there are few)."""
    for j in range(1, kept):
        c, v = code[j], value[j]
        p = j
        while p > 0 and code[p - 1] > c:
            code[p] = code[p - 1]
            value[p] = value[p - 1]
            p -= 1
        code[p] = c
        value[p] = v


def joined(found: npt.NDArray[np.int64], *tables: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], ...]:
    """(offsets int64, the first `found[i]` of each row i of every table, one row after the other)."""
    offsets = np.zeros(len(found) + 1, np.int64)
    np.cumsum(found, out=offsets[1:])
    if len(found) == 1:
        return offsets, *(table[0, : offsets[1]] for table in tables)
    keep = np.arange(tables[0].shape[1])[None, :] < found[:, None]
    return offsets, *(table[keep] for table in tables)
