"""Ids and codes."""

from __future__ import annotations

import pickle

import pyarrow as pa
import pytest

from skillfirst.tables.vocabulary import Vocabulary


def test_codes_are_places_and_unknown_or_null_is_minus_one():
    words = Vocabulary(["sql", "java"])
    assert words.encode(["java", None, "welding", "sql"]).tolist() == [1, -1, -1, 0]
    assert words.decode([1, -1, 0]).to_pylist() == ["java", None, "sql"]
    assert (words.code("java"), words.code("welding"), words[0], "sql" in words, 7 in words) == (
        1,
        -1,
        "sql",
        True,
        False,
    )


def test_sorted_is_by_bytes_and_without_repetition_or_null():
    assert Vocabulary.sorted(["b", "ä", None, "B", "b", "a"]).ids.to_pylist() == ["B", "a", "b", "ä"]


@pytest.mark.parametrize("ids", [["a", "a"], ["a", None]])
def test_repeated_or_missing_ids_are_refused(ids):
    with pytest.raises(ValueError, match="vocabulary"):
        Vocabulary(ids)


def test_chunks_and_dictionaries():
    words = Vocabulary(["a", "b"])
    assert words.encode(pa.chunked_array([["b"], [], ["a"]])).tolist() == [1, 0]
    assert len(Vocabulary([])) == 0
    assert Vocabulary([]).encode(["a"]).tolist() == [-1]


def test_a_pickled_vocabulary_is_equal():
    words = Vocabulary(["a", "b"])
    assert pickle.loads(pickle.dumps(words)) == words
