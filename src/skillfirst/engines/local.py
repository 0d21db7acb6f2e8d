"""One thread a core, all sharing one Model: the hot loop holds no lock."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TypeVar

from skillfirst.engines.base import Engine, Sink
from skillfirst.ingest.documents import read_part
from skillfirst.kernel.catalogue import Catalogue
from skillfirst.kernel.fit import Partial, count
from skillfirst.kernel.infer import infer
from skillfirst.kernel.model import Model
from skillfirst.kernel.policy import Policy
from skillfirst.kernel.recommend import recommend

T = TypeVar("T")


class LocalEngine(Engine):
    """Threads of this process. `workers`: how many; the cores this process may use by default.

    Memory: two parts a worker in flight, each about 16,384 documents and the output of 4,096 members.
    """

    def __init__(self, workers: int | None = None) -> None:
        self.workers = workers or len(os.sched_getaffinity(0))

    def _map(self, work: Callable[[int, Path], T], parts: Sequence[Path]) -> Iterator[tuple[int, T]]:
        """(part number, result) as parts finish; never more than two parts a worker are under way."""
        with ThreadPoolExecutor(self.workers, thread_name_prefix="night") as pool:
            running: dict[Future[T], int] = {}
            todo = iter(enumerate(parts))
            try:
                while True:
                    while len(running) < 2 * self.workers and (item := next(todo, None)) is not None:
                        running[pool.submit(work, *item)] = item[0]
                    if not running:
                        return
                    done, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        yield running.pop(future), future.result()
            finally:
                for future in running:
                    future.cancel()

    def count(self, parts: Sequence[Path], catalogue: Catalogue, policy: Policy) -> list[Partial]:
        found = dict(self._map(lambda _, path: count(read_part(path), catalogue, policy), parts))
        return [found[i] for i in range(len(parts))]

    def recommend(self, parts: Sequence[Path], model: Model, channels: Sequence[str], sink: Sink) -> Iterator[int]:
        def work(number: int, path: Path) -> int:
            members = infer(read_part(path), model)
            rows = recommend(members, model, channels)
            sink(number, members, rows)
            return members.num_rows

        for _, rows in self._map(work, parts):
            yield rows
