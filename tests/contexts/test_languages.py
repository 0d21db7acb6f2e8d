"""Languages have names where texts are shown, and their tags elsewhere."""

from __future__ import annotations

import pytest

from skillfirst.contexts.languages import language_name
from skillfirst.contexts.texts import LANGUAGES


def test_names_stand_as_in_a_sentence():
    assert [language_name("de", s) for s in LANGUAGES] == ["German", "Deutsch", "allemand", "alemán", "ドイツ語"]
    assert language_name("pt-BR", "en") == "Portuguese"


@pytest.mark.parametrize("shown", LANGUAGES)
def test_no_two_languages_share_a_name(shown):
    names = [language_name(tag, shown) for tag in ("en", "de", "fr", "es", "ja", "zh", "ko", "no", "ro", "ru")]
    assert len(set(names)) == len(names)


def test_an_unknown_language_is_its_tag():
    assert language_name("tlh", "de") == "tlh"
