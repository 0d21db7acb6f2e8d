"""Groups of arrays lent to compiled loops as addresses."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from numba import njit

from skillfirst.ranking.bits import bit_of, clear_bit, get_bit, popcount, prefetch, set_bit, whole
from skillfirst.ranking.borrow import borrow, lend


class Purse(NamedTuple):
    coins: int
    weight: npt.NDArray[np.float32]
    price: float
    marks: npt.NDArray[np.uint64]


@njit
def _spend(table):
    purse = borrow(table, Purse)
    total = 0.0
    for i in range(purse.coins):
        total += purse.weight[i] * purse.price
        if i % 3 == 0:
            set_bit(purse.marks, i)
    clear_bit(purse.marks, 66)
    prefetch(purse.marks, 1)
    return total, popcount(purse.marks[0]) + whole(get_bit(purse.marks, 69)), bit_of(65)


def purse(n=70, dtype=np.float32):
    return Purse(n, np.arange(n, dtype=dtype), 0.5, np.zeros(2, np.uint64))


def test_a_loop_reads_and_writes_what_was_lent():
    lent = purse()
    total, marked, bit = _spend(lend(lent))
    assert total == 0.5 * sum(range(70))
    assert marked == 22 + 1
    assert bit == 2
    assert [i for i in range(128) if int(lent.marks[i // 64]) >> i % 64 & 1] == [i for i in range(0, 70, 3) if i != 66]


def test_read_only_arrays_and_empty_ones_may_be_lent():
    lent = purse()
    lent.weight.flags.writeable = False
    assert _spend(lend(lent))[0] == 0.5 * sum(range(70))
    assert _spend(lend(purse(0)))[0] == 0.0


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (purse(dtype=np.float64), "Purse.weight is float64"),
        (purse()._replace(marks=np.zeros(4, np.uint64)[::2]), "Purse.marks is uint64, not contiguous"),
    ],
)
def test_what_the_annotation_does_not_say_is_not_lent(wrong, named):
    with pytest.raises(TypeError, match=named):
        lend(wrong)
