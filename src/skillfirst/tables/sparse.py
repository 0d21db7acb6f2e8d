"""The bridge between Arrow lists and compressed sparse rows: the one module that reads list offsets.

A batch may be a slice and a partition may be empty: `.values` of a sliced Arrow list ignores the slice,
so nobody outside this module touches `.values` or `.offsets`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Offsets = npt.NDArray[np.int64]


def list_parts(lists: pa.ListArray | pa.ChunkedArray) -> tuple[Offsets, pa.Array]:
    """Offsets (int64, starting at 0, len + 1) and the flat values of exactly the rows of `lists`.

    A null list counts as empty. Works on slices and on chunked arrays.
    """
    if isinstance(lists, pa.ChunkedArray):
        lists = lists.combine_chunks() if lists.num_chunks != 1 else lists.chunk(0)
    n = len(lists)
    offsets = np.zeros(n + 1, np.int64)
    if n == 0:
        return offsets, pa.array([], lists.type.value_type)
    if lists.null_count == 0 and pa.types.is_list(lists.type):
        # the offsets themselves: a service asks for one member's lists at a time, and each compute call costs 5 us
        raw = np.frombuffer(lists.buffers()[1], np.int32, n + 1, lists.offset * 4)
        first = int(raw[0])
        np.subtract(raw, first, out=offsets)
        return offsets, lists.values.slice(first, int(offsets[-1]))
    lengths = lists.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    np.cumsum(lengths, out=offsets[1:])
    return offsets, lists.flatten()  # flatten() respects the slice and skips null lists


def to_lists(offsets: npt.NDArray[np.integer], values: pa.Array | npt.NDArray[np.generic]) -> pa.ListArray:
    """A list array of len(offsets) - 1 rows over `values`; offsets start at 0."""
    if isinstance(values, np.ndarray):
        values = pa.array(values)
    return pa.ListArray.from_arrays(pa.array(np.asarray(offsets, np.int32)), values)


@dataclass(frozen=True, slots=True)
class Csr:
    """Compressed sparse rows.

    `offsets`: int64, rows + 1, starting at 0. `indices`: int32, ascending and distinct within a row.
    `values`: float32 (or None where being there is all that counts). `width`: number of columns.
    """

    offsets: Offsets
    indices: npt.NDArray[np.int32]
    values: npt.NDArray[np.float32] | None
    width: int

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def row(self, i: int) -> npt.NDArray[np.int32]:
        return self.indices[self.offsets[i] : self.offsets[i + 1]]

    def row_values(self, i: int) -> npt.NDArray[np.float32]:
        if self.values is None:
            return np.ones(int(self.offsets[i + 1] - self.offsets[i]), np.float32)
        return self.values[self.offsets[i] : self.offsets[i + 1]]

    @property
    def weights(self) -> npt.NDArray[np.float32]:
        """`values`, all 1 where there are none."""
        return np.ones(len(self.indices), np.float32) if self.values is None else self.values

    @classmethod
    def from_pairs(
        cls,
        rows: npt.ArrayLike,
        columns: npt.ArrayLike,
        values: npt.ArrayLike | None,
        shape: tuple[int, int],
    ) -> Csr:
        """From (row, column, value) in any order; of duplicates the largest value stays."""
        r, c = np.asarray(rows, np.int64), np.asarray(columns, np.int64)
        v = np.ones(len(r), np.float32) if values is None else np.asarray(values, np.float32)
        order = np.lexsort((-v, c, r))
        r, c, v = r[order], c[order], v[order]
        keep = np.ones(len(r), bool)
        keep[1:] = (r[1:] != r[:-1]) | (c[1:] != c[:-1])
        r, c, v = r[keep], c[keep], v[keep]
        offsets = np.zeros(shape[0] + 1, np.int64)
        np.cumsum(np.bincount(r, minlength=shape[0]), out=offsets[1:])
        return cls(offsets, c.astype(np.int32), None if values is None else v, shape[1])

    @classmethod
    def from_rows(cls, rows: Sequence[dict[int, float]], width: int) -> Csr:
        """From one {column: value} a row; handy in tests."""
        triples = [(i, c, v) for i, row in enumerate(rows) for c, v in row.items()]
        r, c, v = zip(*triples, strict=True) if triples else ((), (), ())
        return cls.from_pairs(r, c, v, (len(rows), width))

    @classmethod
    def from_lists(
        cls, indices: pa.ListArray | pa.ChunkedArray, values: pa.ListArray | pa.ChunkedArray | None, width: int
    ) -> Csr:
        """From parallel list columns whose rows are already ascending and distinct."""
        offsets, flat = list_parts(indices)
        flat_values = None
        if values is not None:
            other, array = list_parts(values)
            if not np.array_equal(offsets, other):
                raise ValueError("parallel lists differ in length")
            flat_values = np.asarray(array.to_numpy(zero_copy_only=False), np.float32)
        return cls(offsets, np.asarray(flat.to_numpy(zero_copy_only=False), np.int32), flat_values, width)

    def to_lists(self) -> tuple[pa.ListArray, pa.ListArray]:
        """(indices, values) as parallel list arrays."""
        return to_lists(self.offsets, self.indices), to_lists(self.offsets, self.weights)

    def scaled(self, factors: npt.NDArray[np.float32]) -> Csr:
        """Each row's values times its factor."""
        rows = np.repeat(np.arange(len(self)), np.diff(self.offsets))
        return Csr(self.offsets, self.indices, self.weights * factors[rows], self.width)

    def transpose(self) -> Csr:
        """Columns become rows; within a row ascending."""
        rows = np.repeat(np.arange(len(self), dtype=np.int32), np.diff(self.offsets))
        order = np.argsort(self.indices, kind="stable")
        offsets = np.zeros(self.width + 1, np.int64)
        np.cumsum(np.bincount(self.indices, minlength=self.width), out=offsets[1:])
        return Csr(offsets, rows[order], None if self.values is None else self.values[order], len(self))
