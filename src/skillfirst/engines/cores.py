"""How many cores this process may use."""

from __future__ import annotations

import os


def cores() -> int:
    """Those it was given (taskset, a container's cpuset) where the system says so, else all of the machine's."""
    if hasattr(os, "sched_getaffinity"):  # macOS and Windows do not have it
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
