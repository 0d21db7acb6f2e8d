"""Descriptions and section titles by course code, whatever order the table had."""

from __future__ import annotations

import pyarrow as pa
import pytest

from skillfirst.stores.course_texts import LONGEST, CourseTexts, write_course_texts
from skillfirst.tables.vocabulary import Vocabulary

ORDER = Vocabulary(["sql", "java", "welding"])


@pytest.fixture
def texts(tmp_path):
    def written(**columns):
        ids = pa.chunked_array([["java", "unknown"], ["sql"]])
        write_course_texts(tmp_path, pa.table({"course_id": ids, **columns}), ORDER)
        return CourseTexts(tmp_path)

    return written


def test_a_text_is_found_by_its_course(texts):
    found = texts(description=["Objects, mostly.", "?", " Tables. "], contents=[["Classes", "Records"], [], None])
    assert [found.description(c) for c in range(3)] == ["Tables.", "Objects, mostly.", ""]
    assert [found.contents(c) for c in range(3)] == [[], ["Classes", "Records"], []]


def test_a_catalogue_without_texts_and_a_run_that_kept_none_say_nothing(texts, tmp_path):
    assert texts().description(0) == ""
    assert CourseTexts(tmp_path / "elsewhere").contents(0) == []
    assert texts().description(99) == ""


def test_a_very_long_description_ends_at_a_word(texts):
    found = texts(description=["word " * LONGEST, None, None])
    assert found.description(1).endswith("word …")
    assert len(found.description(1)) <= LONGEST + 2
