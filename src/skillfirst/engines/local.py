"""One thread a core, all sharing one Model: the hot loop holds no lock."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from skillfirst.engines.base import Engine, Item, Result, failure
from skillfirst.engines.cores import cores

AHEAD = 2  # items a worker that were begun and not yet handed back


class LocalEngine(Engine):
    """Threads of this process. `workers`: how many; the cores this process may use by default.

    Memory: at most two parts a worker are under way or wait for their turn, each about 16,384 documents; the output
    of 4,096 members stands in memory at once, a worker. Ctrl-C begins no further part and ends after those begun.
    """

    def __init__(self, workers: int | None = None) -> None:
        self._workers = workers or cores()

    @property
    def workers(self) -> int:
        return self._workers

    def map(self, work: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        begun: deque[tuple[Item, Future[Result]]] = deque()
        following = 0
        with ThreadPoolExecutor(self._workers, thread_name_prefix="night") as pool:
            try:
                while True:
                    while following < len(items) and len(begun) < AHEAD * self._workers and not _failed(begun):
                        begun.append((items[following], pool.submit(work, items[following])))
                        following += 1
                    if not begun:
                        return
                    item, future = begun.popleft()
                    try:
                        result = future.result()
                    except Exception as error:
                        raise failure(item, error) from error
                    yield result
            finally:
                for _, future in begun:
                    future.cancel()


def _failed(begun: deque[tuple[Item, Future[Result]]]) -> bool:
    """Whether an item that is not yet at its turn has failed: nothing further is begun then."""
    return any(f.done() and not f.cancelled() and f.exception() is not None for _, f in begun)
