"""Members the night has never seen: what they say, and the arm the night would give them."""

from __future__ import annotations

import pytest

from skillfirst.experiments.assignment import Experiment, arm_of
from skillfirst.publish import rendered

SHARES = {"shares": {"short": 0.5, "long": 0.5}, "salt": "s", "holdout": 0.1}


@pytest.fixture
def experiment(world):
    """The version that serves says that an experiment runs."""
    meta = {**world.online.meta(world.run.run_id), "experiments": {"length": SHARES}}
    world.online.put("with-arms", rendered(world.run), meta)
    world.online.switch("with-arms")
    return Experiment("length", SHARES["shares"], SHARES["salt"], SHARES["holdout"])


def test_a_stranger_gets_the_arm_the_night_would_give(experiment, client):
    arms = {}
    for number in range(12):
        answer = client.get(f"/api/v1/members/stranger-{number}/home").json()
        arms[answer["member_id"]] = answer["arms"]["length"]
    assert arms == {member: arm_of(experiment, member) for member in arms}
    assert len(set(arms.values())) > 1


def test_nobody_in_particular_is_in_no_experiment(experiment, client):
    assert client.post("/api/v1/questionnaire", json={"picks": ["welding"]}).json()["arms"] == {}


def test_the_runs_own_manifest_says_which_experiments_run(world, client):
    assert client.get("/api/v1/members/stranger/home").json()["arms"] == {}
    assert client.app.service.house.current.experiments == ()
