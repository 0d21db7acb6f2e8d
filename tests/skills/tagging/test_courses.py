"""Texts are bounded, hashes follow the content, a bad table is named."""

import pyarrow as pa
import pytest

from skillfirst.errors import DataError
from skillfirst.skills.tagging.courses import FIELD_CHARACTERS, CourseTexts


def test_two_megabytes_are_cut_and_contents_joined():
    table = pa.table({"course_id": ["1"], "title": ["t"], "description": ["x" * 2_000_000], "contents": [["a", "b"]]})
    texts = CourseTexts.of(table)
    assert len(texts.description[0]) == FIELD_CHARACTERS
    assert texts.contents == ["a\nb"]


def test_a_transcript_serves_only_where_nothing_else_does():
    table = pa.table(
        {"course_id": ["1", "2"], "title": ["t", "u"], "description": ["d", None], "transcript": ["s", "s"]}
    )
    assert CourseTexts.of(table).description == ["d", "s"]


def test_the_hash_changes_with_the_text_alone():
    base = {"course_id": ["1"], "title": ["t"], "description": ["d"]}
    hashes = [
        CourseTexts.of(pa.table(c)).content_hashes()[0]
        for c in (base, {**base, "course_id": ["2"]}, {**base, "description": ["e"]})
    ]
    assert hashes[0] == hashes[1] != hashes[2]


def test_bad_tables():
    with pytest.raises(DataError, match=r"courses\.title"):
        CourseTexts.of(pa.table({"course_id": ["1"]}))
    with pytest.raises(DataError, match="stands twice"):
        CourseTexts.of(pa.table({"course_id": ["1", "1"], "title": ["a", "b"]}))
    with pytest.raises(DataError, match="missing"):
        CourseTexts.of(pa.table({"course_id": pa.array([None], pa.string()), "title": ["a"]}))


def test_other_courses_join_once():
    one = CourseTexts.of(pa.table({"course_id": ["1"], "title": ["a"]}))
    two = CourseTexts.of(pa.table({"course_id": ["1", "2"], "title": ["x", "b"]}))
    assert one.with_others(two).title == ["a", "b"]
    assert two.only([1]).ids == ["2"]
