"""Groups of arrays as plain pointers, for the inside of compiled loops.

A compiled function that takes arrays counts references to each of them, checks for negative indices and carries
seven numbers an array. Threads that share a Model then fight over the counters, which costs more than the scoring,
and every group of arrays makes compilation slower. So the loops take addresses: `lend` checks a named tuple against
its own annotations and writes one int64 a field, `borrow` turns those back into the same named tuple, of pointers.
The caller keeps the arrays alive while the loop runs.
"""

from __future__ import annotations

import struct
from functools import cache
from typing import Any, NamedTuple, get_args, get_type_hints

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from llvmlite import ir  # type: ignore[import-untyped]
from numba import from_dtype, types
from numba.extending import intrinsic

_buffer = pa.py_buffer  # fifteen times faster than array.ctypes
WHOLE, REAL = np.dtype(np.int64), np.dtype(np.float64)


class _Field(NamedTuple):
    name: str
    dtype: np.dtype[Any]
    array: bool


@cache
def _fields(group: Any) -> tuple[_Field, ...]:
    """What the annotations promise: `npt.NDArray[...]`, int or float a field."""
    fields = []
    for name, hint in get_type_hints(group).items():
        if hint in (int, float):
            fields.append(_Field(name, WHOLE if hint is int else REAL, False))
        else:
            fields.append(_Field(name, np.dtype(get_args(get_args(hint)[1])[0]), True))
    return tuple(fields)


def lend(group: Any) -> npt.NDArray[np.int64]:
    """One int64 a field: the address of an array, a whole number itself, the bits of a float.

    Raises TypeError where an array is not what the annotation says, or not contiguous.
    """
    kind: Any = type(group)
    table = []
    for (name, dtype, array), value in zip(_fields(kind), group, strict=True):
        if array:
            own = value.dtype
            if (own is not dtype and own != dtype) or not value.flags.c_contiguous:
                raise TypeError(f"{kind.__name__}.{name} is {own}, not contiguous {dtype}")
            table.append(_buffer(value).address)
        else:
            table.append(int(value) if dtype is WHOLE else struct.unpack("q", struct.pack("d", value))[0])
    return np.array(table, np.int64)


@intrinsic
def borrow(_typing: Any, table: Any, group: Any) -> Any:
    """The group behind a table of `lend`: its arrays as pointers, its numbers as int64 and float64."""
    fields = _fields(group.instance_class)
    kinds = [types.CPointer(from_dtype(f.dtype)) if f.array else from_dtype(f.dtype) for f in fields]
    result = types.NamedTuple(kinds, group.instance_class)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        entries = context.make_array(signature.args[0])(context, builder, args[0]).data
        values = []
        for i, (field, kind) in enumerate(zip(fields, kinds, strict=True)):
            value = builder.load(builder.gep(entries, [ir.Constant(ir.IntType(64), i)]))
            if field.array:
                value = builder.inttoptr(value, context.get_value_type(kind))
            elif field.dtype is REAL:
                value = builder.bitcast(value, ir.DoubleType())
            values.append(value)
        return context.make_tuple(builder, result, values)

    return result(table, group), codegen
