"""Tokens and folding in several scripts."""

import pytest

from skillfirst.skills.text import (
    HAN,
    HIRAGANA,
    KATAKANA,
    LATIN,
    fold_name,
    folded,
    script,
    spellings,
    token_line,
    tokens,
)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("C++, C# and .NET!", "c++ c# and .net"),
        ("Node.js/ASP.NET", "node js asp net"),
        ("CompTIA A+ (4+ years)", "comptia a+ 4+ years"),
        ("Développeuse front-end", "developpeuse front end"),
        ("De\u0301veloppeur", "developpeur"),
        ("Straße", "strasse"),
        ("Excel入門ガイド", "excel 入 門 ガ イ ド"),
        ("snake_case", "snake case"),
        ("", ""),
    ],
)
def test_token_line(text, line):
    assert token_line(text) == line


def test_places_point_into_the_text_as_written():
    t = tokens("Über C++ hinaus")
    assert [t.text[s:e] for s, e in zip(t.start, t.end, strict=True)] == ["Über", "C++", "hinaus"]


def test_voicing_marks_stay_and_half_width_is_folded():
    assert token_line("ガ") == "ガ"
    assert fold_name("ｶﾞ") == "ガ"


def test_scripts():
    assert [script(c) for c in "a機ひカé한"] == [LATIN, HAN, HIRAGANA, KATAKANA, LATIN, LATIN]


def test_umlauts_are_found_both_ways():
    assert spellings("Bürokräfte") == ["burokrafte", "buerokraefte"]


@pytest.mark.parametrize(
    "text",
    [
        "C++, C# and .NET! asp.net A+x x.NET",
        "Straße De\u0301veloppeur .NET",
        "Excel入門ガイド\uff76\uff9e K",
        "\u0301 a",
    ],
)
def test_folded_is_the_tokens_without_their_places(text):
    assert folded(text) == tokens(text).folded
    assert folded(f"{text}\n{text}") == tokens(text).folded * 2
