"""The regression guard: its yardstick measures what it says, and it bites."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def guard() -> Iterator[ModuleType]:
    """benchmarks/guard.py; the names of that folder's modules are free again afterwards."""
    before = set(sys.modules)
    sys.path.insert(0, str(FOLDER))
    try:
        yield importlib.import_module("guard")
    finally:
        sys.path.remove(str(FOLDER))
        for name in set(sys.modules) - before:
            if str(getattr(sys.modules[name], "__file__", "")).startswith(str(FOLDER)):
                del sys.modules[name]


def test_the_yardstick_adds_up_the_affinities_of_all_courses(guard: ModuleType) -> None:
    bench = guard.build(120, 16, "light")
    run, out = guard.yardstick(bench)

    run()

    job = importlib.import_module("kernel").job_of(bench)
    affinity = (job.weights @ job.courses.T).toarray()
    np.testing.assert_allclose(out, (affinity**2).sum(axis=1), rtol=1e-9)
    assert (out > 0).any()


def test_a_kernel_three_times_slower_fails_and_one_on_a_busy_machine_does_not(guard: ModuleType) -> None:
    for usual in guard.USUAL.values():
        assert guard.judge(1.5 * usual, usual)
        assert not guard.judge(3.0 * usual, usual)
        assert not guard.judge(3.0 * 0.7 * usual, usual)
