"""Best cells and ranks against plain sorting; ties by column."""

import numpy as np

from skillfirst.skills.tagging.candidates import best, ranks, union


def test_best_takes_exactly_the_largest_positive_cells():
    rng = np.random.default_rng(0)
    block = rng.integers(-3, 4, (20, 30)).astype(np.float32)
    mask = best(block, 7)
    for row, marked in zip(block, mask, strict=True):
        expected = [c for c in np.argsort(-row, kind="stable")[:7] if row[c] > 0]
        assert np.flatnonzero(marked).tolist() == sorted(expected)
    assert best(block, 99).tolist() == (block > 0).tolist()


def test_ranks_both_ways_agree():
    block = np.random.default_rng(1).random((5, 60)).astype(np.float32)
    full = np.argsort(np.argsort(-block, axis=1, kind="stable"), axis=1)
    assert np.array_equal(ranks(block, 10), np.minimum(full, 10))
    assert np.array_equal(ranks(block, 20), np.minimum(full, 20))


def test_union_keeps_what_is_always_wanted():
    block = np.array([[3.0, 1.0, 0.0]], np.float32)
    rows, skills = union([block], np.array([[False, False, True]]), 1)
    assert (rows.tolist(), skills.tolist()) == ([0, 0], [0, 2])
