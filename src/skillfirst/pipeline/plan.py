"""What a night is asked to do, how it says where it is, and how long its stages took."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from skillfirst.experiments.assignment import Experiment
from skillfirst.kernel.arms import Arms
from skillfirst.kernel.policy import Policy
from skillfirst.kernel.tag import TagSettings
from skillfirst.pipeline.memory import give_back

Form = Literal["full", "compact"]
EPOCH = dt.date(1970, 1, 1)
CHANNELS = ("feed", "home")
# called as progress(stage, done, total); total 0 while it is not known
Progress = Callable[[str, int, int], None]


def silent(_stage: str, _done: int, _total: int) -> None:
    return


@dataclass(frozen=True, slots=True)
class Night:
    """What one night is asked to do. `day`: the day it stands at; events after its end do not exist yet."""

    data: Path
    store: Path
    day: dt.date
    policy: Policy = field(default_factory=Policy)
    tagging: TagSettings = field(default_factory=TagSettings)
    channels: Sequence[str] = CHANNELS
    variables: Mapping[str, str] = field(default_factory=dict)
    max_bad_share: float | None = None
    memory: str = "1GB"
    keep_runs: int = 7
    # how the members' tables of the run are stored; whoever reads them finds the same rows
    store_form: Form = "full"
    # experiments that run, and what their arms change in the Policy
    experiments: Sequence[Experiment] = ()
    arms: Arms = field(default_factory=dict)

    @property
    def now(self) -> int:
        """The end of the day, s since 1970 UTC."""
        return ((self.day - EPOCH).days + 1) * 86_400


class Clock:
    """Seconds of each stage, for the manifest; what a stage leaves free goes back to the system at its end."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        give_back()
        self.seconds[name] = round(self.seconds.get(name, 0.0) + time.perf_counter() - started, 3)
