from __future__ import annotations

import re
from pathlib import Path

import pytest

from skillfirst.contexts.texts import LANGUAGES
from skillfirst.serve.page import words as module
from skillfirst.serve.page.words import preferred, words

TEMPLATES = Path(module.__file__).parent / "templates"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_everything_with_the_same_blanks(language):
    english, here = words("en")._texts, words(language)._texts
    assert set(here) == set(english)
    for name, text in english.items():
        assert here[name].strip(), name
        assert set(re.findall(r"{(\w+)}", here[name])) == set(re.findall(r"{(\w+)}", text)), name


def test_every_word_a_template_uses_exists():
    used = {w for path in TEMPLATES.glob("*.html") for w in re.findall(r"""\bw\(["'](\w+)["']""", path.read_text())}
    assert len(used) > 40
    assert used <= set(words("en")._texts)


@pytest.mark.parametrize(
    ("minutes", "english", "japanese"),
    [(45, "45 min", "45分"), (60, "1 h", "1時間"), (390, "6 h 30 min", "6時間30分"), (None, "", ""), (0, "", "")],
)
def test_durations(minutes, english, japanese):
    assert words("en").duration(minutes) == english
    assert words("ja").duration(minutes) == japanese


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("de-CH,de;q=0.9,en;q=0.8", "de"),
        ("nl,fr;q=0.5,ja;q=0.7", "ja"),
        ("*", None),
        (None, None),
        ("xx;q=abc,es", "es"),
    ],
)
def test_the_browsers_preference(header, expected):
    assert preferred(header) == expected


def test_numbers_are_written_as_people_write_them():
    assert words("de").number(1.5) == "1,50"
    assert words("en").number(1.5) == "1.50"


def test_reasons_why_not_are_translated():
    assert words("en").filter("was completed") == "You have completed it."
    assert words("en").filter("something nobody foresaw") == "something nobody foresaw"
