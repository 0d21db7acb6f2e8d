"""Computed where requests are read if that is quick, else handed to a thread."""

from __future__ import annotations

import pytest

from skillfirst.serve import cost
from skillfirst.serve.answers import Answers
from skillfirst.serve.cost import Cost
from skillfirst.serve.serving import House


@pytest.fixture
def clock(monkeypatch):
    """CPU seconds used so far, as the test says."""
    used = [0.0]
    monkeypatch.setattr(cost.time, "thread_time", lambda: used[0])

    def compute(seconds):
        used[0] += seconds
        return seconds

    return compute


def test_the_median_decides_and_three_have_to_be_known(clock):
    costs = Cost()
    assert costs.of(lambda: clock(5.0)) == 5.0  # the first one loads the compiler
    assert not costs.quick
    costs.of(lambda: clock(0.001))
    assert not costs.quick
    costs.of(lambda: clock(0.001))
    assert costs.quick


def test_what_becomes_slow_is_handed_on_and_what_becomes_quick_again_is_not(clock):
    costs = Cost()
    for _ in range(20):
        costs.of(lambda: clock(0.0005))
    for _ in range(cost.REMEMBERED // 2):
        costs.of(lambda: clock(0.1))
    assert costs.quick  # the exception is not the rule
    costs.of(lambda: clock(0.1))
    assert not costs.quick
    for _ in range(cost.REMEMBERED):
        costs.of(lambda: clock(0.0005))
    assert costs.quick


@pytest.fixture
def answers(world):
    house = House(world.online, world.log, 1000)
    house.refresh()
    house.follow()
    return Answers(house, world.clock)


def test_nothing_is_computed_at_once_before_it_is_known_to_be_quick(world, answers, clock):
    assert answers.at_once("ann", "home") == answers.fresh("ann", "home")
    assert answers.at_once("nobody-knows-me", "home") is None
    answers.warm()
    assert answers.quick
    assert answers.at_once("nobody-knows-me", "home").origin == "cold"
    world.log.append([{"member_id": "ann", "kind": "dismiss", "course_id": "java-0", "time": world.now}], world.now)
    answers.house.follow()
    computed = answers.at_once("ann", "home")
    assert computed.origin == "folded"
    assert answers.at_once("ann", "home") is computed  # and kept


def test_what_comes_over_a_network_is_never_waited_for(world, answers, clock):
    answers.warm()
    answers.house.near = False
    assert not answers.quick
    assert answers.at_once("nobody-knows-me", "feed") is None
    kept = answers.fresh("nobody-knows-me", "feed")
    assert answers.at_once("nobody-knows-me", "feed") is kept
