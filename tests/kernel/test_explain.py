"""Why this course, or why not, in numbers that add up."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from skillfirst.errors import NotFound
from skillfirst.kernel.explain import explain_course, explain_member
from skillfirst.kernel.policy import Page, Policy
from skillfirst.kernel.recommend import recommend

D = dt.date


@pytest.fixture
def shop(academy):
    courses = {
        "both": {"skills": {"java": 1.0, "sql": 0.5}, "created_on": D(2025, 1, 1)},
        "java": {"skills": ["java"], "created_on": D(2024, 1, 1)},
        "java-old": {"skills": ["java"], "created_on": D(2020, 1, 1)},
        "welding": {"skills": ["welding"]},
        "future": {"skills": ["java"], "created_on": D(2030, 1, 1)},
        "retired": {"skills": ["java"], "retired": True},
        "japanese": {"skills": ["java"], "language": "ja"},
        "done": {"skills": ["java"]},
        "v2": {"skills": ["sql"], "series_id": "s", "created_on": D(2025, 1, 1)},
        "v1": {"skills": ["sql"], "series_id": "s", "created_on": D(2021, 1, 1)},
    }
    catalogue = academy.catalogue_of(academy.taxonomy_of(["java", "spanish", "sql", "welding"]), courses)
    done = catalogue.courses.code("done")
    people = {
        "ann": {
            "skills": ["java", "sql", "spanish"], "wanted": ["sql"],
            "course": [done], "course_kind": [4], "course_time": [1],
            "course_seconds": [0],
        },
        "bob": {"skills": ["java", "sql"]}, "cem": {"skills": ["java"]},
    }  # fmt: skip
    batch = academy.people_of(catalogue, people)
    # no row is ever long enough: what the list leaves out stands nowhere
    page = Page(row_least=12)
    policy = Policy(floor=2, fallback="none", list_length=3, page=page, inference=academy.silent)
    return batch.slice(0, 1), academy.model_of(catalogue, batch, policy)


def test_weights_are_parts_of_the_formula_and_rare_skills_are_named(shop):
    member, model = shop
    told = explain_member(member, model)
    by = {row["skill_id"]: row for row in told["skills"]}
    assert by["java"]["weight"] == pytest.approx(np.log(1 + 3 / 3))
    assert by["sql"]["weight"] == pytest.approx(np.log(1 + 3 / 2) + 1.0)
    assert (by["sql"]["held"], by["sql"]["wanted"], by["sql"]["sources"]) == (1.0, 1.0, ["explicit", "interest"])
    assert [row["skill_id"] for row in told["ignored"]] == ["spanish"]


def test_what_was_refused_is_not_called_too_rare(shop):
    member, model = shop
    refused = [model.taxonomy.skills.code("java")]
    at = member.schema.get_field_index("refused")
    without = member.set_column(at, member.schema.field(at), pa.array([refused], member.schema.field(at).type))
    told = explain_member(without, model)
    assert [row["skill_id"] for row in told["ignored"]] == ["spanish"]
    assert "java" not in [row["skill_id"] for row in told["skills"]]


def test_contributions_bucket_turn_and_place_agree_with_the_list(shop):
    member, model = shop
    shown = recommend(member, model, ["feed"]).to_pylist()[0]
    for place, course in enumerate(shown["course_id"]):
        told = explain_course(member, model, course)
        assert sum(row["contribution"] for row in told["matched"]) == pytest.approx(shown["affinity"][place])
        assert told["bucket"]["number"] == shown["bucket"][place]
        assert (told["rank"], told["feed"]["position"], told["filters"]) == (place + 1, place + 1, [])
    assert explain_course(member, model, "java")["turn"] == 1


def test_every_matched_skill_says_how_the_course_got_it(shop):
    told = explain_course(*shop, "both")["matched"]
    assert [(row["skill_id"], row["source"], row["evidence"]) for row in told] == [
        ("sql", "human", "both teaches sql"), ("java", "human", "both teaches java"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("course", "words"),
    [
        ("java-old", "stands at place 4 of the list, which shows 3"),
        ("welding", "teaches none of the member's skills"),
        ("future", "is not yet open on this day"),
        ("retired", "is retired"),
        ("japanese", "is in a language the member does not learn in"),
        ("done", "was completed"),
        ("v1", "another version or level of the same course stands for it"),
    ],
)
def test_why_not(shop, course, words):
    told = explain_course(*shop, course)
    assert (told["feed"], told["filters"]) == (None, [words])


def test_a_course_nobody_knows(shop):
    with pytest.raises(NotFound, match="no course 'x'"):
        explain_course(*shop, "x")


def test_what_stands_on_the_page_is_kept_out_by_nothing(academy):
    """Popular, new, continued: whatever the row, a place on the page and a reason against it exclude one another."""
    courses = {f"{skill}-{n}": {"skills": [skill]} for skill in ("java", "sql", "welding") for n in range(4)}
    catalogue = academy.catalogue_of(academy.taxonomy_of(["java", "sql", "welding"]), courses)
    begun = catalogue.courses.code("sql-1")
    people = {
        "ann": {"skills": ["java"], "course": [begun], "course_kind": [2], "course_time": [1], "course_seconds": [60]},
        "bob": {"skills": []}, "cem": {"skills": ["java"]},
    }  # fmt: skip
    batch = academy.people_of(catalogue, people)
    policy = Policy(floor=1, list_length=2, fill=2, inference=academy.silent)
    model = academy.model_of(catalogue, batch, policy)
    for i in range(2):
        member = batch.slice(i, 1)
        page = recommend(member, model, ["home"]).to_pylist()[0]
        assert len(page["course_id"]) > 4
        for course, context in zip(page["course_id"], page["context"], strict=True):
            told = explain_course(member, model, course)
            assert (told["home"]["context"], told["filters"]) == (context, [])
