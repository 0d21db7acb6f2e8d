"""Arrays without an owner, for the inside of compiled loops."""

from __future__ import annotations

from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic


@intrinsic
def unowned(_typing: Any, group: Any) -> Any:
    """The same named tuple with arrays that carry no reference count; valid while the caller's own tuple lives.

    Compiled code counts a reference for every array it hands to a function. Counting costs more than the arithmetic
    of a small function, and the counters of arrays that threads share bounce between the cores.
    """

    def codegen(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        value = args[0]
        for i, field in enumerate(group.types):
            if isinstance(field, types.Array):
                array = context.make_array(field)(context, builder, value=builder.extract_value(value, i))
                array.meminfo = cgutils.get_null_value(array.meminfo.type)
                array.parent = cgutils.get_null_value(array.parent.type)
                value = builder.insert_value(value, array._getvalue(), i)
        return value

    return group(group), codegen
