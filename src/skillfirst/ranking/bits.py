"""Sets of courses as bits of uint64 words, and how the loops of this floor are compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

ONE = np.uint64(1)
ZERO = np.uint64(0)

# a function inside a compiled loop: no door to Python, no cache of its own (the loop's cache holds it)
inner = njit(nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)

WORDS = types.CPointer(types.uint64)


def _number(value: int) -> ir.Constant:
    return ir.Constant(ir.IntType(64), value)


def _word_and_bit(builder: Any, words: Any, i: Any) -> tuple[Any, Any]:
    return builder.gep(words, [builder.ashr(i, _number(6))]), builder.and_(i, _number(63))


@intrinsic
def whole(_typing: Any, x: Any) -> Any:
    """Any integer or boolean as int64; mixed with uint64 the compiler would turn it into a float."""

    def codegen(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return context.cast(builder, args[0], x, types.int64)

    return types.int64(x), codegen


@intrinsic
def popcount(_typing: Any, _x: Any) -> Any:
    """Number of set bits of a uint64."""

    def codegen(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.ctpop(args[0])

    return types.int64(types.uint64), codegen


@intrinsic
def bit_of(_typing: Any, _i: Any) -> Any:
    """The word that has bit i modulo 64 alone."""

    def codegen(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.shl(_number(1), builder.and_(args[0], _number(63)))

    return types.uint64(types.int64), codegen


@intrinsic
def get_bit(_typing: Any, _words: Any, _i: Any) -> Any:
    """Bit i of a set, as a boolean."""

    def codegen(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        place, shift = _word_and_bit(builder, *args)
        return builder.trunc(builder.lshr(builder.load(place), shift), ir.IntType(1))

    return types.boolean(WORDS, types.int64), codegen


@intrinsic
def set_bit(_typing: Any, _words: Any, _i: Any) -> Any:
    """Put course i into a set."""

    def codegen(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        place, shift = _word_and_bit(builder, *args)
        builder.store(builder.or_(builder.load(place), builder.shl(_number(1), shift)), place)
        return context.get_dummy_value()

    return types.none(WORDS, types.int64), codegen


@intrinsic
def clear_bit(_typing: Any, _words: Any, _i: Any) -> Any:
    """Take course i out of a set."""

    def codegen(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        place, shift = _word_and_bit(builder, *args)
        builder.store(builder.and_(builder.load(place), builder.not_(builder.shl(_number(1), shift))), place)
        return context.get_dummy_value()

    return types.none(WORDS, types.int64), codegen


@intrinsic
def prefetch(_typing: Any, pointer: Any, _i: Any) -> Any:
    """Ask for element i of an array before it is needed."""

    def codegen(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        bits, flag = ir.IntType(8).as_pointer(), ir.IntType(32)
        call = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(ir.VoidType(), [bits, flag, flag, flag]), "llvm.prefetch.p0"
        )
        place = builder.bitcast(builder.gep(args[0], [args[1]]), bits)
        builder.call(call, [place, flag(0), flag(3), flag(1)])
        return context.get_dummy_value()

    return types.none(pointer, types.int64), codegen
