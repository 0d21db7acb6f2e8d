"""Products of sparse rows as dense blocks: each row is summed where it will lie, by several threads.

Each cell is the same sum in the same order as in SciPy's product of two CSR matrices, whatever the number of threads.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Sparse = Any  # scipy.sparse.csr_matrix of float32
Block = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]

LEAST_ROWS = 256  # a thread; fewer are done before another has begun


@njit(cache=True, nogil=True)
def _add(offsets, columns, values, across, skills, weights, out, first, last):  # type: ignore[no-untyped-def]
    for i in range(first, last):
        for a in range(offsets[i], offsets[i + 1]):
            column, value = columns[a], values[a]
            for b in range(across[column], across[column + 1]):
                out[i, skills[b]] += value * weights[b]


@njit(cache=True, nogil=True)
def _add_best(offsets, columns, values, across, spellings, weights, starts, out, first, last):  # type: ignore[no-untyped-def]
    row = np.zeros((1, starts[-1]), np.float32)
    for i in range(first, last):
        row[:] = 0
        _add(offsets[i : i + 2], columns, values, across, spellings, weights, row, 0, 1)
        for skill in range(len(starts) - 1):
            most = row[0, starts[skill]]
            for j in range(starts[skill] + 1, starts[skill + 1]):
                most = max(most, row[0, j])
            out[i, skill] = most


def product(left: Sparse, right: Sparse, workers: int = 1, starts: Rows | None = None) -> Block:
    """left @ right.T as a dense block, float32, by that many threads.

    `starts`: where the rows of `right` that belong together begin, ascending from 0; then there is one column for each
    group, the largest of its rows'.
    """
    across = right.T.tocsr()
    height, width = left.shape[0], right.shape[0]
    sparse = [_narrow(part) for m in (left, across) for part in (m.indptr, m.indices)]
    given = (sparse[0], sparse[1], _single(left.data), sparse[2], sparse[3], _single(across.data))
    if starts is None or len(starts) == width:
        out = np.zeros((height, width), np.float32)
        _side_by_side(_add, (*given, out), height, workers)
    else:
        out = np.empty((height, len(starts)), np.float32)
        _side_by_side(_add_best, (*given, np.append(starts, width).astype(np.int64), out), height, workers)
    return out


def _side_by_side(work: Any, given: tuple[Any, ...], height: int, workers: int) -> None:
    pieces = max(1, min(workers, height // LEAST_ROWS))
    edges = [height * i // pieces for i in range(pieces + 1)]
    if pieces == 1:
        work(*given, 0, height)
        return
    with ThreadPoolExecutor(pieces) as pool:
        list(pool.map(partial(work, *given), edges[:-1], edges[1:]))


def _narrow(places: npt.NDArray[Any]) -> npt.NDArray[np.int32]:
    """SciPy's places are 32 bits wide unless there are more than two thousand million; one kind is compiled."""
    return np.ascontiguousarray(places, np.int32)


def _single(values: npt.NDArray[Any]) -> Block:
    return np.ascontiguousarray(values, np.float32)
