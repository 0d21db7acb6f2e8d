"""What a computed answer costs: whether it is given at once, or by a thread that computes."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

#: an answer cheaper than this is computed where requests are read: a thread would only fight for the interpreter, and
#: the others wait no longer than a page takes to be sent over a slow line
QUICK_SECONDS = 0.004
REMEMBERED = 15  # computations, of which the median counts: one that loads something says nothing of the next
LEAST = 3


class Cost:
    """CPU seconds of the newest computations; waiting for others does not count."""

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=REMEMBERED)
        self._quick = False

    def of(self, compute: Callable[[], T]) -> T:
        """What `compute` returns, and its cost is remembered."""
        began = time.thread_time()
        made = compute()
        self._seconds.append(time.thread_time() - began)
        known = sorted(self._seconds)
        self._quick = len(known) >= LEAST and known[len(known) // 2] <= QUICK_SECONDS
        return made

    @property
    def quick(self) -> bool:
        """Whether the next one may be expected to be quick."""
        return self._quick
