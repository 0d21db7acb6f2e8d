"""What is free goes back to the system."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from skillfirst.pipeline.memory import give_back


def resident():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="asks Linux how large this process is")
def test_what_was_freed_is_given_back():
    give_back()
    before = resident()
    # pieces too small for the system to be asked for each of them, as lists of a part are
    pieces = [np.ones(2_000) for _ in range(6_000)] + [pa.array(np.ones(2_000)) for _ in range(6_000)]
    grown = resident() - before
    del pieces
    give_back()
    assert grown > 80e6
    assert resident() - before < 0.5 * grown


@pytest.mark.parametrize(("system", "loaded"), [("darwin", []), ("win32", []), ("linux", [None])])
def test_another_system_is_left_alone(monkeypatch, system, loaded):
    """A library of C without the call is left alone too."""
    asked = []
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr("ctypes.CDLL", asked.append)
    give_back()
    assert asked == loaded
