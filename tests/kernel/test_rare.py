"""A skill few list: not considered, as published, unless the platform wants it to count as at the floor."""

from __future__ import annotations

import math

import pytest

from skillfirst.errors import UsageError
from skillfirst.kernel.explain import explain_course, explain_member
from skillfirst.kernel.policy import Policy
from skillfirst.kernel.recommend import recommend

COURSES = {"weld": {"skills": ["welding"]}, "query": {"skills": ["sql"]}}
CROWD = {"ann": {"skills": ["sql", "welding"]}, "bob": {"skills": ["sql"]}, "cem": {}}


@pytest.fixture
def known(academy):
    """known(settings) -> (Model, the documents of the crowd) where two members are the floor."""

    def make(**settings):
        policy = Policy(floor=2, fallback="none", inference=academy.silent).with_settings(settings)
        catalogue = academy.catalogue_of(academy.taxonomy_of(("spanish", "sql", "welding")), COURSES)
        people = academy.people_of(catalogue, CROWD)
        return academy.model_of(catalogue, people, policy), people

    return make


def test_the_default_is_the_published_rule(known):
    model, people = known()
    assert recommend(people, model, ["feed"]).to_pylist()[0]["course_id"] == ["query"]
    told = explain_member(people.slice(0, 1), model)
    assert [row["skill_id"] for row in told["ignored"]] == ["welding"]


def test_at_the_floor_it_weighs_what_a_skill_of_so_many_weighs(known):
    model, people = known(rare_explicit="floor")
    row = recommend(people, model, ["feed"]).to_pylist()[0]
    at_the_floor = math.log(1 + 3 / 2)
    assert sorted(row["course_id"]) == ["query", "weld"]
    assert row["affinity"] == pytest.approx([at_the_floor, at_the_floor])
    told = explain_member(people.slice(0, 1), model)
    assert told["ignored"] == []
    assert {s["skill_id"]: (s["held"], s["idf"]) for s in told["skills"]} == {
        "sql": (1.0, pytest.approx(at_the_floor)), "welding": (1.0, pytest.approx(at_the_floor)),
    }  # fmt: skip
    assert explain_course(people.slice(0, 1), model, "weld")["affinity"] == pytest.approx(at_the_floor)


def test_an_arm_may_try_it(known):
    model, people = known()
    tried = model.policy.with_settings({"rare_explicit": "floor"})
    assert len(recommend(people, model, ["feed"], tried).to_pylist()[0]["course_id"]) == 2
    with pytest.raises(UsageError, match="rare_explicit"):
        Policy().with_settings({"rare_explicit": "keep"})
