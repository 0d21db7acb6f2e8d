"""Cores are counted on systems that cannot say which of them this process was given."""

import os

from skillfirst.engines.cores import cores
from skillfirst.engines.local import LocalEngine


def test_without_affinity_all_cores_count(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert cores() == LocalEngine().workers == 3


def test_a_machine_that_says_nothing_has_one(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert cores() == 1
