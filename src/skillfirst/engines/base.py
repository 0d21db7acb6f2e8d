"""What an engine does: `map` a pure function over items, many at a time, and give the results back in their order.

    engine.count(parts, catalogue, policy)           -> partials for kernel.fit.finish
    engine.fold(parts, now, model)                   -> document parts with the day's events in them
    engine.recommend(parts, model, channels, sink)   -> (rows, what the sink returned) of each part
    engine.map(work, items)                          -> results; what gather and others spread with

An engine is a `map` and nothing more, so every engine runs the same rules and passes one conformance suite, same
bytes out. What is mapped is a callable that pickles: it may run in another process on another machine, which sees
the same files under the same paths.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, TypeVar

import pyarrow as pa

from skillfirst.errors import RunError, SkillfirstError
from skillfirst.ingest.documents import read_part, write_part
from skillfirst.kernel.catalogue import Catalogue
from skillfirst.kernel.fit import Partial, count, merge
from skillfirst.kernel.fold import fold
from skillfirst.kernel.infer import infer
from skillfirst.kernel.model import Model
from skillfirst.kernel.policy import Policy
from skillfirst.kernel.recommend import recommend, recommend_compact

Item = TypeVar("Item")
Result = TypeVar("Result")
# sink(part number, documents with inferred skills, recommendations in the form asked for) -> something small that
# pickles. Called beside the data: from several threads at once, or in other processes, twice for one part when a worker
# was lost there.
Sink = Callable[[int, pa.RecordBatch, Any], Result]

RUN_OF_PARTS = 64  # parts that are counted and merged in one place: a million members


class Engine(ABC):
    """The same rules under several runners. Close it, or use it as a context manager, to give back what it holds."""

    @abstractmethod
    def map(self, work: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """work(item) of every item, in the order of the items; results are small, large ones go to files.

        Raises what `work` raises when it is one of our errors, RunError for anything else, after which no further
        item is begun.
        """

    @property
    @abstractmethod
    def workers(self) -> int:
        """How many items are worked on at once."""

    def count(self, parts: Sequence[Path], catalogue: Catalogue, policy: Policy) -> list[Partial]:
        """kernel.fit.count of all document parts, merged in their order to a few partials, in their order."""
        ladder = Ladder()
        for partial in self.map(CountParts(catalogue, policy), [[path] for path in parts]):
            ladder.add(partial)
        return ladder.partials() or [count(_no_documents(), catalogue, policy)]

    def fold(self, parts: Sequence[ToFold], now: int, model: Model) -> Iterator[int]:
        """kernel.fold of every part, written where it says; yields the members of each part in order."""
        return self.map(FoldPart(model, now), parts)

    def recommend(
        self, parts: Sequence[Path], model: Model, channels: Sequence[str], sink: Sink[Result], *, compact: bool = False
    ) -> Iterator[tuple[int, Result]]:
        """kernel.recommend (`compact`: recommend_compact) of every part into `sink`; yields (members, sink's result)
        of each part in order."""
        return self.map(RecommendPart(model, tuple(channels), sink, compact), list(enumerate(parts)))

    def close(self) -> None:
        """Give back threads, processes, sessions; an engine that was closed begins anew when it is asked again."""
        return

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class Ladder:
    """Merges partials in their order by twos, fours, eights: each member is moved log n times instead of n times.

    Merging is associative, so the sum is the same bytes as one after the other; memory holds log n partials.
    """

    def __init__(self) -> None:
        self._rungs: list[tuple[int, Partial]] = []

    def add(self, partial: Partial) -> None:
        """Put the next partial behind those that were added."""
        size = 1
        while self._rungs and self._rungs[-1][0] <= size:
            more, earlier = self._rungs.pop()
            partial, size = merge(earlier, partial), size + more
        self._rungs.append((size, partial))

    def partials(self) -> list[Partial]:
        """What was added, merged to at most log n partials, in order."""
        return [partial for _, partial in self._rungs]

    def total(self) -> Partial:
        """Everything as one partial; at least one was added."""
        sums = self.partials()
        last = sums.pop()
        while sums:  # from the small end: what is small is moved most
            last = merge(sums.pop(), last)
        return last


@dataclass(frozen=True)
class CountParts:
    """Counts a run of parts that stand next to one another."""

    catalogue: Catalogue
    policy: Policy

    def __call__(self, paths: Sequence[Path]) -> Partial:
        ladder = Ladder()
        for path in paths:
            ladder.add(count(read_part(path), self.catalogue, self.policy))
        return ladder.total()


@dataclass(frozen=True, slots=True)
class ToFold:
    """Files: `documents` (a part), `events` (Arrow, EVENTS schema) of some of its members, and where it goes `into`."""

    documents: Path
    events: Path
    into: Path


@dataclass(frozen=True)
class FoldPart:
    """Folds events into the documents of one part."""

    model: Model
    now: int

    def __call__(self, item: ToFold) -> int:
        with pa.memory_map(str(item.events)) as source, pa.ipc.open_file(source) as reader:
            events = reader.read_all()
        folded = fold(read_part(item.documents), events, self.now, self.model)
        write_part(item.into, folded)
        return int(folded.num_rows)


@dataclass(frozen=True)
class RecommendPart(Generic[Result]):
    """Infers and recommends one part and hands both to the sink."""

    model: Model
    channels: tuple[str, ...]
    sink: Sink[Result]
    compact: bool = False

    def __call__(self, item: tuple[int, Path]) -> tuple[int, Result]:
        number, path = item
        members = infer(read_part(path), self.model)
        rows = (recommend_compact if self.compact else recommend)(members, self.model, self.channels)
        return members.num_rows, self.sink(number, members, rows)


def runs_of(parts: Sequence[Path], workers: int) -> list[list[Path]]:
    """Parts in runs of neighbours: several a worker, so that a lost one costs little, none over RUN_OF_PARTS."""
    length = min(max(1, len(parts) // (4 * max(workers, 1))), RUN_OF_PARTS)
    return [list(parts[at : at + length]) for at in range(0, len(parts), length)]


def failure(item: Any, error: BaseException) -> SkillfirstError:
    """The one error a person sees when `work(item)` failed: ours as it is, others with what was worked on."""
    if isinstance(error, SkillfirstError):
        return error
    text = " ".join(str(error).split()) or "no message"
    return RunError(f"{_called(item)} could not be computed: {type(error).__name__}: {text}")


def _called(item: Any) -> str:
    if isinstance(item, tuple | list) and item:
        return _called(item[-1])
    if isinstance(item, ToFold):
        return item.documents.name
    return item.name if isinstance(item, Path) else f"item {item}"


def _no_documents() -> pa.RecordBatch:
    from skillfirst.tables.member_document import documents

    return documents(0)
