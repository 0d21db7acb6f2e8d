"""What an engine does: hand document parts to a pure function, many at a time, and give the results back in order."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import pyarrow as pa

from skillfirst.kernel.catalogue import Catalogue
from skillfirst.kernel.fit import Partial
from skillfirst.kernel.model import Model
from skillfirst.kernel.policy import Policy

T = TypeVar("T")
# called as sink(part number, documents with inferred skills, recommendations); may be called from several threads
Sink = Callable[[int, pa.RecordBatch, pa.RecordBatch], None]


class Engine(ABC):
    """The same rules under several runners: every engine passes one conformance suite, same bytes out."""

    @abstractmethod
    def count(self, parts: Sequence[Path], catalogue: Catalogue, policy: Policy) -> list[Partial]:
        """kernel.fit.count of every document part, in the order of the parts."""

    @abstractmethod
    def recommend(self, parts: Sequence[Path], model: Model, channels: Sequence[str], sink: Sink) -> Iterator[int]:
        """kernel.recommend of every part into `sink`; yields the rows of each finished part (any order)."""

