"""Rate limits: a token bucket a caller, in bounded memory."""

from __future__ import annotations

from collections import OrderedDict


class Buckets:
    """`rate` requests a second on average, `burst` at once; the callers seen last are remembered, at most `callers`.

    Forgetting a caller fills its bucket: with more callers than places the limit gets softer, never harder.
    """

    def __init__(self, rate: float, burst: int, callers: int) -> None:
        self._rate, self._burst, self._callers = rate, float(burst), callers
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, caller: str, now: float, cost: float = 1.0) -> float:
        """Take from the caller's bucket; returns 0, or the seconds until it is allowed (nothing is taken then)."""
        if self._rate <= 0:
            return 0.0
        left, then = self._left.pop(caller, (self._burst, now))
        left = min(self._burst, left + (now - then) * self._rate)
        allowed = left >= cost
        self._left[caller] = (left - cost if allowed else left, now)
        if len(self._left) > self._callers:
            self._left.popitem(last=False)
        return 0.0 if allowed else (cost - left) / self._rate

    def __len__(self) -> int:
        return len(self._left)
