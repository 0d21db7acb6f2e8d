"""Memory that a stage is done with goes back to the system, so that a night is as large as its largest stage."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress

import pyarrow as pa


def give_back() -> None:
    """Let the allocators return what is free in them; on other systems than glibc's they keep it."""
    pa.default_memory_pool().release_unused()
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
