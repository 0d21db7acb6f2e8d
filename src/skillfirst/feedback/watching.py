"""When a look at a course is a watch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Watching:
    """When a look is a watch: `seconds` or `share` of the course, whichever comes first; `mostly`: a share.

    A three-second look is not a watch; where a course has no length, `mostly_seconds` stand for `mostly`.
    """

    seconds: float = 60.0
    share: float = 0.10
    mostly: float = 0.50
    mostly_seconds: float = 1800.0

    def parameters(self) -> npt.NDArray[np.float64]:
        """What `interactions.course_states` reads: [seconds, share, mostly, mostly_seconds]."""
        return np.array([self.seconds, self.share, self.mostly, self.mostly_seconds], np.float64)
