"""The sheet asks what is worth asking; answers are final."""

import pyarrow as pa
import pytest

from skillfirst.errors import DataError
from skillfirst.skills.tagging.base import TagSource, Use, candidate_table
from skillfirst.skills.tagging.review import PER_COURSE, apply_decisions, review_sheet


@pytest.fixture
def taxonomy(build):
    return build(*((f"s{i}", f"Skill {i}") for i in range(10)))


def candidate(course, skill, p, use=Use.REVIEW, source=TagSource.MODEL):
    return (course, skill, 0.0, p, use, source, [])


def decisions(*rows):
    courses, skills, answers = zip(*rows, strict=True)
    return pa.table({"course_id": list(courses), "skill_id": list(skills), "decision": list(answers)})


COURSES = pa.table({"course_id": ["a", "b"], "title": ["A", "B"]})


def test_uncertain_tags_of_often_shown_courses_come_first(taxonomy):
    candidates = candidate_table(
        [
            candidate("a", "s0", 0.9), candidate("a", "s1", 0.5), candidate("b", "s0", 0.5),
            candidate("b", "s2", 0.5, Use.NONE), candidate("b", "s3", 1.0, Use.PUBLISH, TagSource.HUMAN),
        ]
    )  # fmt: skip
    shown = pa.table({"course_id": ["b"], "count": [100]})
    sheet = review_sheet(candidates, COURSES, taxonomy, shown=shown)
    assert list(zip(sheet["course_id"].to_pylist(), sheet["skill_id"].to_pylist(), strict=True)) == [
        ("b", "s0"), ("a", "s1"), ("a", "s0"),
    ]  # fmt: skip
    assert sheet["skill"][0].as_py() == "Skill 0"
    assert sheet["title"][0].as_py() == "B"
    decided = review_sheet(candidates, COURSES, taxonomy, decisions=decisions(("a", "s1", "refused")))
    assert ("a", "s1") not in list(zip(decided["course_id"].to_pylist(), decided["skill_id"].to_pylist(), strict=True))


def test_one_course_does_not_fill_the_sheet(taxonomy):
    candidates = candidate_table([candidate("a", f"s{i}", 0.5) for i in range(10)])
    assert len(review_sheet(candidates, COURSES, taxonomy)) == PER_COURSE
    assert len(review_sheet(candidates, COURSES, taxonomy, rows=2)) == 2


def test_answers_are_final():
    candidates = candidate_table(
        [
            candidate("a", "s0", 0.9, Use.FEATURE), candidate("a", "s1", 0.2),
            ("b", "s0", 1.0, 1.0, Use.PUBLISH, TagSource.HUMAN, []),
            ("b", "s1", 1.0, 1.0, Use.PUBLISH, TagSource.HUMAN, []),
        ]
    )  # fmt: skip
    answers = decisions(
        ("a", "s0", "Refused "), ("a", "s1", "accepted"), ("a", "s5", "accepted"), ("b", "s0", "accepted"),
        ("b", "s1", "refused"), ("a", "s7", ""),
    )  # fmt: skip
    rows = {
        (r["course_id"], r["skill_id"]): (r["weight"], r["source"])
        for r in apply_decisions(candidates, answers).to_pylist()
    }
    assert rows == {("a", "s1"): (1.0, "review"), ("a", "s5"): (1.0, "review"), ("b", "s0"): (1.0, "human")}


def test_a_strange_answer_is_named():
    with pytest.raises(DataError, match="neither accepted nor refused"):
        apply_decisions(candidate_table([]), decisions(("a", "s0", "maybe")))
    with pytest.raises(DataError, match=r"decisions\.skill_id"):
        apply_decisions(candidate_table([]), pa.table({"course_id": ["a"]}))
