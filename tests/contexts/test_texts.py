"""Every context has words in every language, and names its evidence exactly where it has one."""

from __future__ import annotations

import pytest

from skillfirst.contexts.kinds import LABELS, Basis, Context
from skillfirst.contexts.texts import LANGUAGES, spoken, text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("context", list(Context))
def test_every_context_speaks_every_language(context, language):
    sentence = text(context, "Java", language)
    names = context.evidence is not None and context is not Context.CONTINUE
    assert ("Java" in sentence) is names
    assert "{" not in sentence


def test_the_published_sentences():
    assert text("skill", "Java") == "Because you have skill “Java”"
    assert text("stay_sharp", "Object-oriented programming") == "Stay sharp on Object-oriented programming"
    assert text("watched", "Java Essential Training") == "Because you watched “Java Essential Training”"
    assert text("title", "Software Engineer") == "Based on your title “Software Engineer”"


def test_a_new_row_without_a_category_is_just_new():
    assert text("new", None, "de") == "Neue Kurse"


def test_what_is_popular_names_its_language_where_there_are_several():
    assert text("popular", None, "en") == "Popular with learners"
    assert text("popular", "français", "fr") == "Cours appréciés en français"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("basis", [Basis.SKILLS, Basis.NOTHING])
def test_what_nobody_took_is_not_called_popular(basis, language):
    liked = {text(c, e, language) for c, e in (("popular", None), ("popular", "x"), ("popular_category", "x"))}
    said = [text(c, e, language, basis) for c, e in (("popular", None), ("popular", "x"), ("popular_category", "x"))]
    assert not liked & set(said)
    assert all("x" in sentence for sentence in said[1:])
    assert "{" not in "".join(said)
    assert len(set(said)) == 3


def test_the_sentences_of_a_young_academy():
    assert text("popular", None, "en", Basis.SKILLS) == "For skills members here have"
    assert text("popular_category", "Java", "en", Basis.SKILLS) == "Java: for skills members here have"
    assert text("popular", None, "de", Basis.NOTHING) == "Weitere Kurse"


@pytest.mark.parametrize(("tag", "language"), [("de-AT", "de"), ("JA", "ja"), ("pt", "en"), (None, "en"), ("", "en")])
def test_regions_fall_back_to_their_language_and_unknown_ones_to_english(tag, language):
    assert spoken(tag) == language


def test_labels_stand_at_their_numbers():
    assert all(LABELS[context] == context.label for context in Context)
