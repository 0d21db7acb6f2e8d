"""When a look at a course is a watch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Watching:
    """When a look is a watch: `seconds` or `share` of the course, whichever comes first; `mostly`: a share.

    A three-second look is not a watch; where a course has no length, `mostly_seconds` stand for `mostly`.
    """

    seconds: float = 60.0
    share: float = 0.10
    mostly: float = 0.50
    mostly_seconds: float = 1800.0
