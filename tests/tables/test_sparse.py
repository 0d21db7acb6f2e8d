"""The bridge between Arrow lists and sparse rows: slices, nulls, chunks, empties."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from skillfirst.tables.sparse import Csr, list_parts, to_lists

ROWS = st.lists(st.none() | st.lists(st.integers(0, 9), max_size=4), max_size=8)


@given(rows=ROWS, start=st.integers(0, 8), length=st.integers(0, 8))
def test_parts_of_a_slice_are_the_rows_of_the_slice(rows, start, length):
    lists = pa.array(rows, pa.list_(pa.int32())).slice(start, length)
    offsets, values = list_parts(lists)
    flat = values.to_pylist()
    got = [flat[a:b] for a, b in itertools.pairwise(offsets)]
    assert got == [row or [] for row in rows[start : start + length]]
    assert offsets[0] == 0


@given(rows=ROWS, cut=st.integers(0, 8))
def test_chunks_read_as_one(rows, cut):
    chunked = pa.chunked_array([pa.array(rows[:cut], pa.list_(pa.int32())), pa.array(rows[cut:], pa.list_(pa.int32()))])
    whole = pa.array(rows, pa.list_(pa.int32()))
    for one, other in zip(list_parts(chunked), list_parts(whole), strict=True):
        assert pa.array(one).equals(pa.array(other))


@given(rows=st.lists(st.lists(st.integers(0, 9), max_size=4), max_size=8))
def test_lists_survive_the_way_there_and_back(rows):
    lists = pa.array(rows, pa.list_(pa.int32()))
    assert to_lists(*list_parts(lists)).to_pylist() == rows


@given(pairs=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6), st.sampled_from([0.25, 0.5, 1.0])), max_size=20))
def test_pairs_become_ascending_rows_and_the_largest_of_duplicates_stays(pairs):
    r, c, v = zip(*pairs, strict=True) if pairs else ((), (), ())
    matrix = Csr.from_pairs(r, c, v, (5, 7))
    expected = [{} for _ in range(5)]
    for row, column, value in pairs:
        expected[row][column] = max(value, expected[row].get(column, 0))
    for i in range(5):
        assert matrix.row(i).tolist() == sorted(expected[i])
        assert matrix.row_values(i).tolist() == [expected[i][c] for c in sorted(expected[i])]


@given(pairs=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6)), max_size=20))
def test_a_matrix_transposed_twice_is_itself(pairs):
    r, c = zip(*pairs, strict=True) if pairs else ((), ())
    matrix = Csr.from_pairs(r, c, None, (5, 7))
    again = matrix.transpose().transpose()
    assert np.array_equal(again.offsets, matrix.offsets)
    assert np.array_equal(again.indices, matrix.indices)
