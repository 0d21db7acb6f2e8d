"""Seeded draws from many small distributions at once: one `searchsorted` instead of a loop over rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from skillfirst.tables.sparse import Csr

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

NOTHING = -1


def stream(seed: int, *path: int) -> np.random.Generator:
    """The random stream of one part of the world; equal (seed, path) give equal draws, whatever else is drawn."""
    return np.random.default_rng([seed, *path])


class RowSampler:
    """Draws columns of a `Csr` by their values, many rows at a time; an empty row gives -1.

    The cumulative sums of all rows lie one after the other, row i in (i, i + 1], so one search answers all draws.
    """

    __slots__ = ("columns", "cumulative", "empty", "last")

    def __init__(self, weights: Csr) -> None:
        lengths = np.diff(weights.offsets)
        values = weights.weights.astype(np.float64)
        running = np.concatenate([[0.0], np.cumsum(values)])
        before, total = running[weights.offsets[:-1]], np.diff(running[weights.offsets])
        rows = np.repeat(np.arange(len(lengths)), lengths)
        share = (running[1:] - before[rows]) / np.where(total[rows] > 0, total[rows], 1.0)
        self.columns = weights.indices
        self.cumulative = rows + share
        self.empty = total <= 0
        self.last = weights.offsets[1:] - 1

    def draw(self, rows: npt.NDArray[np.integer], rng: np.random.Generator) -> npt.NDArray[np.int32]:
        """One column for each of `rows` (a row of -1 gives -1); int32."""
        return self.at(rows, rng.random(len(rows)))

    def at(self, rows: npt.NDArray[np.integer], uniform: npt.NDArray[np.float64]) -> npt.NDArray[np.int32]:
        """The same from given uniform numbers in [0, 1)."""
        rows = np.asarray(rows, np.int64)
        out = np.full(len(rows), NOTHING, np.int32)
        good = rows >= 0
        good[good] = ~self.empty[rows[good]]
        if good.any():
            at = np.searchsorted(self.cumulative, rows[good] + uniform[good], side="right")
            out[good] = self.columns[np.minimum(at, self.last[rows[good]])]
        return out


def categorical(shares: npt.ArrayLike, size: int, rng: np.random.Generator) -> Ints:
    """`size` draws of 0 .. len(shares) - 1 in proportion to `shares`; int64."""
    cumulative = np.cumsum(np.asarray(shares, np.float64))
    at = np.searchsorted(cumulative, rng.random(size) * cumulative[-1], side="right")
    return np.asarray(np.minimum(at, len(cumulative) - 1), np.int64)


def spread(counts: npt.NDArray[np.integer]) -> tuple[Ints, Ints]:
    """(row, place in the row) of `sum(counts)` entries, `counts[i]` of them in row i."""
    rows = np.repeat(np.arange(len(counts)), counts)
    starts = np.cumsum(counts) - counts
    return rows, np.arange(len(rows)) - starts[rows]


def pairs(matrix: Csr, rows: npt.NDArray[np.integer]) -> tuple[Ints, npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """(place in `rows`, column, value) of every entry of the asked rows, in order."""
    rows = np.asarray(rows, np.int64)
    lengths = matrix.offsets[rows + 1] - matrix.offsets[rows]
    place, within = spread(lengths)
    at = matrix.offsets[rows][place] + within
    return place, matrix.indices[at], matrix.weights[at]


def stack(parts: list[Csr]) -> Csr:
    """Rows of several matrices of one width, one below the other."""
    offsets = np.concatenate([[0], *(np.diff(p.offsets) for p in parts)]).cumsum()
    indices = np.concatenate([p.indices for p in parts])
    valued = all(p.values is not None for p in parts)
    values = np.concatenate([p.values for p in parts if p.values is not None]) if valued else None
    return Csr(offsets.astype(np.int64), indices, values, parts[0].width)


def unit_rows(matrix: Csr) -> Csr:
    """The same matrix with rows of Euclidean length 1 (empty rows stay empty)."""
    values = matrix.weights.astype(np.float64)
    running = np.concatenate([[0.0], np.cumsum(values**2)])
    length = np.sqrt(np.maximum(np.diff(running[matrix.offsets]), 1e-12))
    scaled = values / np.repeat(length, np.diff(matrix.offsets))
    return Csr(matrix.offsets, matrix.indices, scaled.astype(np.float32), matrix.width)
