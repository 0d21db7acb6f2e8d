"""kill -9 at any moment: readers see a whole run and one version, and the log keeps what it acknowledged."""

from __future__ import annotations

import importlib.util
import random
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("crash_check", Path(__file__).with_name("crash_check.py"))
crash = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(crash)

ROUNDS = 3


@pytest.mark.parametrize("what", crash.TARGETS)
def test_a_writer_killed_at_any_step_leaves_something_whole(what, tmp_path):
    steps = crash.run_to_the_end(what, tmp_path / "first", ROUNDS)
    assert steps > 300
    draw = random.Random(f"crash {what}")
    folder = tmp_path / "store"
    for _ in range(2):  # the second child finds what the first one left
        acknowledged = crash.kill_itself(what, folder, ROUNDS, draw.randrange(1, steps))
        crash.check(what, folder, acknowledged)


@pytest.mark.parametrize("what", crash.TARGETS)
def test_a_writer_killed_from_outside_leaves_something_whole(what, tmp_path):
    acknowledged = crash.kill_from_outside(what, tmp_path / "store", 3)
    assert len(acknowledged) >= 3
    crash.check(what, tmp_path / "store", acknowledged)
