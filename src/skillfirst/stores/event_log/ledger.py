"""What the log needs from the place where its lines lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from skillfirst.stores.event_log.checking import Entry


class Line(NamedTuple):
    """A stored event: its number in order of arrival (from 1, ascending, never used twice) and its JSON."""

    number: int
    body: bytes


class Added(NamedTuple):
    """How many entries of a batch were new, and the number of the last: those of the others come just before it. 0
    where others may have written in between, or nothing was new."""

    new: int
    last: int = 0


class Ledger(Protocol):
    """Keeps each key once. `low` and `high` bound the event's time in microseconds: low <= time < high."""

    def add(self, batches: Sequence[Sequence[Entry]]) -> list[Added]:
        """Store the entries of several batches durably in one step; what of each batch was new."""

    def page(self, after: int, upto: int, low: int, high: int, limit: int) -> Sequence[Line]:
        """The first `limit` lines with after < number <= upto, in order of arrival."""

    def of_member(self, member: bytes, after: int, low: int) -> Sequence[Line]:
        """A member's lines with number > after, in order of arrival."""

    def news_of_member(self, member: bytes, after: int, low: int) -> Sequence[Line]:
        """A member's lines with number > after, or of `low` or later, in order of arrival."""

    def touched(self, member: bytes, after: int) -> bool:
        """Whether the member has any line with number > after."""

    def erase(self, member: bytes) -> int:
        """Remove a member's lines, also from the disk's free space; how many there were."""

    def position(self) -> int:
        """The greatest number given out so far, 0 before the first."""

    def size(self) -> int:
        """How many events there are."""

    def problems(self) -> list[str]:
        """What the place itself says about its own health; empty when all is well."""

    def close(self) -> None:
        """Give back what is held."""
