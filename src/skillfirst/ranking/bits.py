"""Bit arithmetic for the compiled loops."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

ONE = np.uint64(1)
LOW6 = np.int64(63)


@intrinsic
def trailing_zeros(_typing: Any, _x: Any) -> Any:
    """Number of zero bits below the lowest set bit of a non-zero uint64."""

    def codegen(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), codegen


@intrinsic
def popcount(_typing: Any, _x: Any) -> Any:
    """Number of set bits of a uint64."""

    def codegen(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.ctpop(args[0])

    return types.uint64(types.uint64), codegen


@njit(cache=True, nogil=True, inline="always")
def get_bit(words, i):  # type: ignore[no-untyped-def]
    return (words[i >> 6] >> np.uint64(i & LOW6)) & ONE != np.uint64(0)


@njit(cache=True, nogil=True, inline="always")
def set_bit(words, i):  # type: ignore[no-untyped-def]
    words[i >> 6] |= ONE << np.uint64(i & LOW6)


@njit(cache=True, nogil=True, inline="always")
def clear_bit(words, i):  # type: ignore[no-untyped-def]
    words[i >> 6] &= ~(ONE << np.uint64(i & LOW6))
