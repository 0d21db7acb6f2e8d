"""Answers by place and code; labelled courses corrected by them."""

import numpy as np
import pyarrow as pa
import pytest

from skillfirst.skills.tagging.choice import choose
from skillfirst.skills.tagging.courses import CourseTexts
from skillfirst.skills.tagging.decisions import Decided
from skillfirst.skills.tagging.features import feature_names
from skillfirst.skills.tagging.formula import Reading
from skillfirst.skills.tagging.human import human_tags
from skillfirst.skills.tagging.label_models import LabelModels
from skillfirst.skills.tagging.lessons import Asked, among, stacked
from skillfirst.tables.sparse import Csr


@pytest.fixture
def taxonomy(build):
    return build(("java", "Java"), ("spanish", "Spanish"), ("sql", "SQL"), ("welding", "Welding"))


def rows(csr):
    return [csr.row(i).tolist() for i in range(len(csr))]


def decided(taxonomy, *answers):
    courses, skills, given = zip(*answers, strict=True)
    table = pa.table({"course_id": list(courses), "skill_id": list(skills), "decision": list(given)})
    return Decided.of(table, ["a", "b", "c"], taxonomy)


def test_by_place_and_code(taxonomy):
    found, counts = decided(
        taxonomy, ("c", "sql", "accepted"), ("a", "java", "accepted"), ("a", "java", " Refused"), ("a", "welding", ""),
        ("gone", "java", "accepted"), ("b", "cobol", "refused"),
    )  # fmt: skip
    assert found.rows.tolist() == [0, 2]
    assert (rows(found.accepted), rows(found.refused)) == ([[], [2]], [[0], []])
    assert counts == {"accepted": 1, "refused": 1, "unknown": 2}
    assert len(Decided.of(None, ["a"], taxonomy)[0].rows) == 0


def test_some_of_them(taxonomy):
    found, _ = decided(taxonomy, ("a", "java", "accepted"), ("b", "sql", "refused"), ("c", "java", "refused"))
    assert found.without(np.array([1])).rows.tolist() == [0, 2]
    only = found.only(np.array([1, 2]))
    assert (only.rows.tolist(), rows(only.refused)) == ([1, 2], [[2], [0]])


def test_labelled_courses_are_corrected(taxonomy):
    found, _ = decided(
        taxonomy, ("a", "java", "refused"), ("a", "sql", "accepted"), ("b", "sql", "refused"), ("c", "sql", "accepted")
    )
    tags = Csr.from_rows([{0: 1.0}, {2: 1.0}], 4)
    places, corrected = found.correct(np.array([0, 1]), tags)
    assert places.tolist() == [0]  # the only tag of b was refused; c is not labelled
    assert rows(corrected) == [[2]]


def test_pairs_and_stacks():
    above, below = Csr.from_rows([{1: 1.0}, {}], 3), Csr.from_rows([{0: 1.0, 2: 1.0}], 3)
    both = stacked(above, below)
    assert rows(both) == [[1], [], [0, 2]]
    course, skill = np.array([0, 0, 2, -1]), np.array([1, 2, 2, 2])
    assert among(both, course, skill).tolist() == [True, False, True, False]


def test_the_ranker_learns_from_refused_tags(catalogue, topics):
    """Features of refused pairs, and of no others, stand behind those of the labelled courses."""
    courses = catalogue(30)
    reading = Reading.of(CourseTexts.of(courses), topics)
    tags = human_tags(courses.slice(0, 20), topics).tags
    refused = human_tags(courses.slice(20), topics).tags
    places = np.arange(20, 30)
    asked = Asked.of(reading, Decided(places, Csr.from_pairs([], [], None, (10, len(topics))), refused), 20)
    models = LabelModels.fit(reading, np.arange(20), tags)
    assert len(asked.joined.rows) == 0
    assert asked.only_refused(reading, models).shape == (len(refused.indices), len(feature_names(False)))


def test_courses_with_an_accepted_tag_join_the_label_models(catalogue, topics):
    courses = catalogue(30)
    reading = Reading.of(CourseTexts.of(courses), topics)
    tags = human_tags(courses, topics).tags
    labelled = Csr.from_rows([dict.fromkeys(tags.row(i).tolist(), 1.0) for i in range(20)], len(topics))
    accepted = Csr.from_rows([dict.fromkeys(tags.row(i).tolist(), 1.0) for i in range(20, 30)], len(topics))
    nothing = Csr.from_pairs([], [], None, (10, len(topics)))
    choice = choose(reading, np.arange(20), labelled, decided=Decided(np.arange(20, 30), accepted, nothing))
    assert choice.models.rows.tolist() == list(range(30))
    assert (choice.report["labelled_courses"], choice.report["decided_courses"]) == (20, 10)
