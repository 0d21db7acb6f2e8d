"""Texts cut into the pieces of a vocabulary that can be read by eye."""

import pytest

from skillfirst.errors import DataError
from skillfirst.skills.tagging.wordpiece import WordPieces

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "java", "##script", "##s", "c", "+", "uber", "学", "習", "sql", ",", "“"]


def pieces(text, most=20):
    return [WORDS[i] for i in WordPieces(WORDS)(text, most)][1:-1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("JavaScript", ["java", "##script"]),  # the longest piece first
        ("javas sql", ["java", "##s", "sql"]),
        ("C++, SQL", ["c", "+", "+", ",", "sql"]),  # marks stand alone
        ("Über", ["uber"]),  # without case and accents
        ("学習SQL", ["学", "習", "sql"]),
        ("“java”", ["“", "java", "[UNK]"]),
        ("javaz sql", ["[UNK]", "sql"]),  # a word that cannot be cut whole is unknown whole
        ("ja\u0000va\ufffd\tsql\n", ["java", "sql"]),
        ("x" * 101, ["[UNK]"]),
        ("", []),
    ],
)
def test_cut(text, expected):
    assert pieces(text) == expected


def test_at_most_so_many_with_both_ends():
    cut = WordPieces(WORDS)
    assert cut("java java java java", 4) == [2, 4, 4, 3]
    assert len(cut("javascript " * 100_000, 256)) == 256


def test_a_vocabulary_without_its_marks():
    with pytest.raises(DataError, match=r"lacks \[CLS\]"):
        WordPieces(["java"])
