"""What members respond to decides beside their skills, and the reasons say so."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from skillfirst.kernel.explain import explain_course, explain_member
from skillfirst.kernel.fit import count, finish
from skillfirst.kernel.model import load_model
from skillfirst.kernel.policy import Policy
from skillfirst.kernel.recommend import recommend

DAY = (dt.date(2026, 6, 1) - dt.date(1970, 1, 1)).days
MEMBERS = 120


@pytest.fixture(scope="module")
def school(academy):
    """(catalogue, documents): six Java courses of one age; one is clicked by all who see it, one by nobody."""
    courses = {
        f"java-{i}": {"skills": ["java"], "level": ("beginner", "advanced")[i % 2], "language": "en"} for i in range(6)
    }
    courses["german"] = {"skills": ["java"], "language": "de"}
    catalogue = academy.catalogue_of(academy.taxonomy_of(["java", "sql"]), courses)
    codes = [catalogue.courses.code(f"java-{i}") for i in range(6)]
    chance = dict(zip(codes, (0.3, 0.3, 0.9, 0.3, 0.3, 0.02), strict=True))
    rng = np.random.default_rng(1)
    people = {}
    for i in range(MEMBERS):
        seen = rng.permutation(codes)
        clicked = sorted(int(c) for c in seen if rng.random() < chance[int(c)])
        people[f"m{i:03}"] = {
            "skills": ["java"], "languages": ["en"], "level": i % 4,
            "seen_course": [int(c) for c in seen], "seen_channel": [2] * 6, "seen_time": list(range(1_000, 1_006)),
            "seen_slot": list(range(1, 7)),
            "course": clicked, "course_kind": [1] * len(clicked), "course_time": [2_000] * len(clicked),
            "course_seconds": [0] * len(clicked),
        }  # fmt: skip
    people["new"] = {"skills": ["java"], "languages": ["en"], "level": 1}
    return catalogue, academy.people_of(catalogue, people)


@pytest.fixture(scope="module")
def policy(academy):
    return Policy(floor=1, inference=academy.silent, fatigue="none", fallback="none")


def night(catalogue, batch, policy, size=None):
    parts = [batch.slice(at, size or len(batch)) for at in range(0, len(batch), size or len(batch))]
    return finish([count(part, catalogue, policy) for part in parts], catalogue, policy, DAY)


def test_a_newcomer_sees_first_what_others_took_up_and_last_what_they_passed_by(school, policy):
    model = night(*school, policy)
    shown = recommend(school[1].slice(MEMBERS), model, ["feed"]).to_pylist()[0]["course_id"]
    assert (shown[0], shown[-1]) == ("java-2", "java-5")
    asked = policy.with_settings({"response": "none"})
    plain = recommend(school[1].slice(MEMBERS), model, ["feed"], asked).to_pylist()[0]["course_id"]
    assert plain == sorted(plain)  # of one day: by id


@pytest.mark.parametrize("size", [1, 7, 50])
def test_the_model_is_the_same_whatever_the_batches_and_after_a_journey(school, policy, tmp_path, size):
    whole, parts = night(*school, policy), night(*school, policy, size)
    assert whole.version == parts.version
    again = parts.save(tmp_path / "model")
    assert recommend(school[1], again).equals(recommend(school[1], whole))
    assert load_model(tmp_path / "model").response.clicks == whole.response.clicks > 100


def test_without_clicks_a_model_is_that_of_day_0(school, policy):
    catalogue, batch = school
    model = night(catalogue, batch.slice(MEMBERS), policy)
    assert model.response is None
    assert not [name for name in model.arrays if name.startswith("response")]


def test_numbers_of_an_explanation_add_up_to_the_affinity_that_ranked(school, policy):
    model = night(*school, policy)
    member = school[1].slice(MEMBERS)
    shown = recommend(member, model, ["feed"]).to_pylist()[0]
    weight = explain_member(member, model)["skills"][0]["weight"]
    factors = []
    for place, course in enumerate(shown["course_id"]):
        told = explain_course(member, model, course)
        assert told["affinity"] == shown["affinity"][place] == sum(m["contribution"] for m in told["matched"])
        assert told["matched"][0]["course_weight"] == pytest.approx(told["response"]["factor"])
        assert told["affinity"] == pytest.approx(weight * told["response"]["factor"])
        factors.append(told["response"]["factor"])
    assert factors[0] > 1.2 > 0.8 > factors[-1]
    told = explain_course(member, model, "java-2", policy.with_settings({"response": "none"}))
    assert told["response"] is None
    assert told["matched"][0]["course_weight"] == 1.0


def test_who_passes_by_other_languages_is_given_the_own_ones(academy, policy):
    courses = {f"de-{i:02}": {"skills": ["java"], "language": "de"} for i in range(15)}
    courses |= {f"en-{i:02}": {"skills": ["java"], "language": "en"} for i in range(40)}
    catalogue = academy.catalogue_of(academy.taxonomy_of(["java"]), courses)
    codes = range(len(courses))
    own = {c for c in codes if catalogue.courses[c].startswith("de")}
    people = {}
    for i in range(60):
        clicked = sorted(c for c in own if (c + i) % 3 == 0)
        people[f"m{i:02}"] = {
            "skills": ["java"], "languages": ["de"], "seen_course": list(codes), "seen_channel": [2] * len(courses),
            "seen_time": [1_000] * len(courses), "seen_slot": [1] * len(courses), "course": clicked,
            "course_kind": [1] * len(clicked), "course_time": [2_000] * len(clicked),
            "course_seconds": [0] * len(clicked),
        }  # fmt: skip
    batch = academy.people_of(catalogue, people)
    model = night(catalogue, batch, policy)
    assert model.response.foreign < 0.1
    shown = recommend(batch.slice(0, 1), model, ["feed"]).to_pylist()[0]["course_id"]
    assert {c[:2] for c in shown} == {"de"}
    assert "language" in explain_course(batch.slice(0, 1), model, "en-00")["filters"][0]
    asked = policy.with_settings({"response": "none"})
    shown = recommend(batch.slice(0, 1), model, ["feed"], asked).to_pylist()[0]["course_id"]
    assert {c[:2] for c in shown} == {"de", "en"}
