"""Threads: how many parts are under way, and how a night ends before its end."""

from __future__ import annotations

import _thread
import os
import signal
import threading

import pytest

from skillfirst.engines.base import runs_of
from skillfirst.engines.local import AHEAD, LocalEngine
from skillfirst.errors import RunError

PATIENCE = 30  # s


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_at_most_two_parts_a_worker_are_under_way(workers):
    begun, lock, most = [], threading.Lock(), []

    def work(item):
        with lock:
            begun.append(item)
        return item

    handed = 0
    for item in LocalEngine(workers).map(work, range(50)):
        with lock:
            most.append(len(begun) - handed)
        handed += 1
        assert item == handed - 1
    assert handed == 50
    assert max(most) <= AHEAD * workers


def test_workers_work_at_once():
    both = threading.Barrier(2, timeout=PATIENCE)
    assert len(list(LocalEngine(2).map(lambda _: both.wait(), range(2)))) == 2


def test_it_takes_the_cores_it_may_use():
    assert LocalEngine().workers == len(os.sched_getaffinity(0))


def test_after_an_error_nothing_further_is_begun():
    begun = []

    def work(item):
        begun.append(item)
        if item == 1:
            raise OSError("disk full")
        return item

    with pytest.raises(RunError, match="item 1 could not be computed: OSError: disk full") as caught:
        list(LocalEngine(1).map(work, range(100)))
    assert isinstance(caught.value.__cause__, OSError)
    assert max(begun) <= 1 + AHEAD


@pytest.fixture
def listening():
    """Ctrl-C is heard, also where a shell started the tests in the background and had them ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_ends_the_night_after_the_parts_that_were_begun(listening):
    begun = []

    def work(item):
        begun.append(item)
        if item == 3:
            _thread.interrupt_main()
        return item

    with pytest.raises(KeyboardInterrupt):
        for _ in LocalEngine(2).map(work, range(10_000)):
            pass
    assert 3 < len(begun) < 10_000
    assert not [t for t in threading.enumerate() if t.name.startswith("night")]


def test_who_stops_reading_stops_the_work():
    begun = []
    results = LocalEngine(2).map(begun.append, range(1_000))
    next(results)
    results.close()
    assert len(begun) <= 2 * AHEAD
    assert not [t for t in threading.enumerate() if t.name.startswith("night")]


def test_runs_of_parts_are_neighbours_and_several_a_worker():
    parts = [f"p{i}" for i in range(100)]
    runs = runs_of(parts, 2)
    assert [p for run in runs for p in run] == parts
    assert len(runs) >= 8
    assert max(len(run) for run in runs_of([f"p{i}" for i in range(10_000)], 2)) == 64
    assert runs_of([], 2) == []
