"""Interest is learned from wants, not from possession."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from skillfirst.skills.inference import (
    Inference,
    InterestTables,
    count_wants,
    finish_interest,
    infer,
    merge_wants,
)
from skillfirst.skills.inference.profiles import read_profiles
from skillfirst.skills.inference.wants import wants
from skillfirst.tables.member_document import Interaction, Source
from skillfirst.tables.sparse import Csr

JAVA, SPANISH, SQL, WELDING = range(4)
ENGINEER, WELDER = range(2)
COURSES = Csr.from_rows([{JAVA: 1.0, SQL: 0.4}, {WELDING: 0.9}], 4)
FEW = Inference(interest_minimum=50, net_epochs=30)


def longing(make_people: Any) -> pa.RecordBatch:
    """Who holds Java wants SQL; who holds Welding wants Spanish."""
    rows = [
        {"skills": [JAVA], "title": [ENGINEER], "wanted": [SQL]}
        if i % 2
        else {"skills": [WELDING], "title": [WELDER], "wanted": [SPANISH]}
        for i in range(200)
    ]
    return make_people(rows)


def test_wants_are_what_was_said_and_what_chosen_courses_teach(make_people: Any) -> None:
    batch = make_people(
        [
            {"wanted": [SPANISH], "courses": [(0, int(Interaction.CLICK), 5, 0)]},
            {"skills": [WELDING], "courses": [(1, int(Interaction.ENROL), 5, 0)]},
            {"courses": [(1, int(Interaction.DISMISS), 5, 0)]},
        ]
    )
    found = wants(read_profiles(batch, 4), COURSES)
    # SQL is not the course's subject (.4), Welding is held already, a dismissed course says nothing
    assert [found.row(i).tolist() for i in range(3)] == [[JAVA, SPANISH], [], []]


def test_without_feedback_there_is_no_model(make_people: Any) -> None:
    counts = count_wants(make_people([{"skills": [JAVA]}]), COURSES, Inference())
    assert finish_interest(counts, 2, COURSES, Inference()) is None


@pytest.mark.parametrize(
    "rules", [FEW, Inference(interest_minimum=50, net_skills=0, interest_lambda=5.0)], ids=["network", "ridge"]
)
def test_wants_follow_from_skills(make_people: Any, make_tables: Any, rules: Inference) -> None:
    people = longing(make_people)
    model = finish_interest(count_wants(people, COURSES, rules), 2, COURSES, rules)
    assert model is not None
    tables = make_tables([people], Inference())
    out = infer(make_people([{"skills": [JAVA], "title": [ENGINEER]}]), tables, rules, model)
    assert out["predicted_skill"][0].as_py() == [SQL]
    assert out["predicted_weight"][0].as_py()[0] > 0.5
    assert out["predicted_source"][0].as_py() == [Source.PREDICTED]


def test_a_want_that_is_stated_held_or_refused_is_not_predicted(make_people: Any, make_tables: Any) -> None:
    people = longing(make_people)
    model = finish_interest(count_wants(people, COURSES, FEW), 2, COURSES, FEW)
    tables = make_tables([people], Inference())
    for said in ({"wanted": [SQL]}, {"skills": [JAVA, SQL]}, {"refused": [SQL]}):
        out = infer(make_people([{"skills": [JAVA], "title": [ENGINEER]} | said]), tables, FEW, model)
        assert SQL not in out["predicted_skill"][0].as_py()


def test_goal_and_prediction_join(make_people: Any, make_tables: Any) -> None:
    people = longing(make_people)
    model = finish_interest(count_wants(people, COURSES, FEW), 2, COURSES, FEW)
    tables = make_tables([people], Inference(), [{SQL: 0.6}, {WELDING: 1.0}])
    out = infer(make_people([{"skills": [JAVA], "title": [ENGINEER], "target": [ENGINEER]}]), tables, FEW, model)
    assert out["predicted_skill"][0].as_py() == [SQL]
    assert out["predicted_source"][0].as_py() == [Source.GOAL | Source.PREDICTED]


def test_the_parts_merge_in_any_grouping(make_people: Any) -> None:
    people = longing(make_people)
    rules = Inference(interest_documents=70)
    a, b, c = (count_wants(people.slice(s, n), COURSES, rules) for s, n in ((0, 60), (60, 90), (150, 50)))
    left = merge_wants(merge_wants(a, b), c)
    right = merge_wants(a, merge_wants(b, c))
    assert left.documents.equals(right.documents)
    assert left.documents.num_rows == 70
    assert np.array_equal(left.skill_members, right.skill_members)


def test_the_model_survives_being_saved(make_people: Any, make_tables: Any) -> None:
    people = longing(make_people)
    model = finish_interest(count_wants(people, COURSES, FEW), 2, COURSES, FEW)
    assert model is not None
    tables, again = make_tables([people], Inference()), InterestTables.from_arrays(model.arrays())
    assert infer(people, tables, FEW, again).equals(infer(people, tables, FEW, model))


def test_nothing_is_predicted_of_who_said_nothing_nor_what_anybody_wants(make_people: Any, make_tables: Any) -> None:
    people = longing(make_people)
    tables = make_tables([people], Inference())
    model = finish_interest(count_wants(people, COURSES, FEW), 2, COURSES, FEW)
    silent = make_people([{}, {"skills": [JAVA], "title": [ENGINEER]}])
    told = infer(silent, tables, FEW, model).to_pylist()
    assert told[0]["predicted_skill"] == []
    assert told[1]["predicted_skill"] == [SQL]
    usual = infer(silent, tables, replace(FEW, interest_lift=3.0), model).to_pylist()
    assert usual[1]["predicted_skill"] == []
