"""What was shown is told to the log: once in half an hour, with the arm, without an answer waiting for it."""

from __future__ import annotations

import datetime as dt

import pytest

from skillfirst.experiments.assignment import Experiment, arm_of
from skillfirst.serve.served import Served


@pytest.fixture
def served(world):
    return Served(world.log, world.clock)


def test_a_list_counts_once_in_half_an_hour(world, served):
    for minutes in (0, 1, 29):
        world.now = dt.datetime(2026, 11, 21, 12, minutes, tzinfo=dt.UTC)
        served.note("ann", "home", "v1")
    served.note("ann", "feed", "v1")
    assert served.store(()) == 2
    assert served.store(()) == 0
    world.now += dt.timedelta(minutes=1)
    served.note("ann", "home", "v1")
    assert served.store(()) == 1
    rows = world.log.read_member("ann").to_pylist()
    assert [(r["kind"], r["channel"], r["list_id"]) for r in rows] == [
        ("served", "home", "v1"), ("served", "feed", "v1"), ("served", "home", "v1")
    ]  # fmt: skip


def test_two_processes_that_serve_one_member_tell_it_once(world, served):
    other = Served(world.log, world.clock)
    for one in (served, other):
        one.note("ann", "home", "v1")
    assert [served.store(()), other.store(())] == [1, 0]


def test_everybodys_arm_stands_with_it(world, served):
    experiment = Experiment("page", {"a": 0.5, "b": 0.5})
    for member in ("ann", "bob", "cyd", "dee"):
        served.note(member, "home", "v1")
    served.store([experiment])
    told = {r["member_id"]: dict(r["arms"])["page"] for batch in world.log.read() for r in batch.to_pylist()}
    assert told == {member: arm_of(experiment, member) for member in told}
    assert len(told) == 4


def test_nobody_is_served_nothing_and_an_answer_does_not_wait(world, served):
    served.note("", "home", "v1")
    assert world.log.size() == 0
    assert served.store(()) == 0


@pytest.mark.parametrize(("which", "told"), [("pages", {"home"}), ("all", {"home", "feed"}), ("none", set())])
def test_whose_lists_are_told_is_a_setting(world, which, told):
    with world.client(log_served=which) as client:
        client.get("/?member=ann")
        client.get("/api/v1/members/ann/feed")
        client.get("/embed/fragment?member=bob")
    shown = {(r["member_id"], r["channel"]) for batch in world.log.read() for r in batch.to_pylist()}
    assert {channel for member, channel in shown if member == "ann"} == told
    assert (("bob", "home") in shown) is bool(told)


def test_having_been_served_changes_no_answer(world):
    with world.client() as client:
        client.get("/?member=ann")
    with world.client() as client:
        assert world.log.read_member("ann").num_rows == 1
        client.get("/api/v1/members/warm-up/home")
        assert client.get("/api/v1/members/ann/home").headers["x-answer"] == "stored"
