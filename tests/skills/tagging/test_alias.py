"""Ambiguous names need their case and a second sign; others count wherever they stand."""

import json

import pyarrow as pa
import pytest

from skillfirst.skills.tagging.alias import alias_candidates, named_skills
from skillfirst.skills.tagging.courses import CourseTexts
from skillfirst.skills.tagging.gazetteer import Gazetteer


@pytest.fixture
def languages(build):
    return build(
        ("c", "C", [], ["prog"]), ("go", "Go", [], ["prog"]), ("java", "Java", [], ["prog"]), ("r", "R", [], ["stats"]),
        ("excel", "Excel"), ("prog", "Programming"), ("stats", "Statistics"), ("ruby", "Ruby"),
        ambiguous=["Excel"],
    )  # fmt: skip


def named(taxonomy, title="", description=""):
    spans = named_skills([("title", title), ("description", description)], Gazetteer.of(taxonomy), taxonomy)
    return sorted(taxonomy.skills[code] for code, s in spans.items() if s.total)


@pytest.mark.parametrize(
    ("title", "description", "skills"),
    [
        ("Go for beginners", "", ["go"]),
        ("", "We go on. Let us Go there.", []),  # once, and not a second skill of its family
        ("", "We write Go and more Go here", ["go"]),
        ("", "We write Go after Java", ["go", "java"]),
        ("", "You will excel. To excel is good", []),
        ("Excel basics", "", ["excel"]),
        ("EXCEL", "", ["excel"]),
        ("", "Our R&D, e.g. vitamin R's", []),
        ("Data with R", "", ["r"]),
        ("", "a ruby ring, ruby red", []),
        ("java", "", ["java"]),
    ],
)
def test_rules_for_ambiguous_names(languages, title, description, skills):
    assert named(languages, title, description) == skills


def test_candidates_carry_the_place_in_the_text(languages):
    courses = CourseTexts.of(pa.table({"course_id": ["1"], "title": ["Intro to Java"], "description": ["java, Java"]}))
    row = alias_candidates(courses, languages).to_pylist()[0]
    assert (row["skill_id"], row["use"], row["source"]) == ("java", "publish", "alias")
    first = json.loads(row["evidence"])[0]
    assert first == {"kind": "alias", "field": "title", "start": 9, "end": 13, "text": "Java"}
    assert len(json.loads(row["evidence"])) == 3
