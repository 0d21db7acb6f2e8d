"""What people write becomes a distribution over titles, or nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from skillfirst.skills.titles import TitleMatcher, Titles

NAMES = ["Front-end Developer", "Software Engineer", "Welder"]
ALIASES = [["Développeur front-end", "UI Developer"], ["Software Developer", "Programmer"], ["Soudeur", "Schweißer"]]
FRONT_END, SOFTWARE, WELDER = range(3)


@pytest.fixture(scope="module")
def matcher() -> TitleMatcher:
    return TitleMatcher.fit(NAMES, ALIASES)


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("Software Engineer", SOFTWARE),
        ("Sr. SW Eng.", SOFTWARE),
        ("Développeuse front-end", FRONT_END),
        ("Schweisserin (m/w/d)", WELDER),
        ("Sofware Enginer", SOFTWARE),
        ("welders", WELDER),
    ],
)
def test_people_write_titles_in_many_ways(matcher: TitleMatcher, written: str, title: int) -> None:
    codes, weights = matcher.match([written])
    assert codes[0][0] == title
    assert weights[0][0] > 0.5


def test_nothing_is_guessed_where_nothing_is_near(matcher: TitleMatcher) -> None:
    assert matcher.match(["Zoologist", "", "???"]) == ([[], [], []], [[], [], []])


def test_other_is_no_title_though_titles_contain_the_word() -> None:
    matcher = TitleMatcher.fit(["Therapists, All Other", "Engineers, All Other", "Clerk"], [None, None, None])
    said = ["other", "Other (please specify)", "n/a", "Sonstiges"]
    assert matcher.match(said)[0] == [[], [], [], []]
    assert matcher.match(["other therapists"])[0][0][0] == 0


def test_an_alias_of_two_titles_stays_two_titles() -> None:
    matcher = TitleMatcher.fit(["Web Developer", "Web Designer"], [["Webmaster"], ["Webmaster"]])
    assert matcher.match(["webmaster"]) == ([[0, 1]], [[0.5, 0.5]])


def test_a_title_s_own_name_is_that_title_whoever_lists_it() -> None:
    matcher = TitleMatcher.fit(["Welder", "Machinist"], [None, ["Welder"]])
    assert matcher.match(["Welder"]) == ([[0]], [[1.0]])


def test_weights_are_probabilities_by_falling_weight(matcher: TitleMatcher) -> None:
    codes, weights = matcher.match(["Developper"])
    assert weights[0] == sorted(weights[0], reverse=True)
    assert 0 < sum(weights[0]) <= 1 + 1e-9
    assert len(codes[0]) == len(set(codes[0])) <= 5


def test_order_and_company_of_texts_do_not_matter(matcher: TitleMatcher) -> None:
    texts = ["Programer", "Weldr", "Programer", "UI developper"]
    codes, weights = matcher.match(texts)
    for i, text in enumerate(texts):
        assert matcher.match([text]) == ([codes[i]], [weights[i]])


@pytest.mark.parametrize("names_needed", [1, 1_000_000], ids=["linear", "neighbours"])
def test_a_matcher_survives_being_saved(names_needed: int) -> None:
    rules = replace(Titles(), linear_names=names_needed, buckets=1 << 12)
    matcher = TitleMatcher.fit(NAMES, ALIASES, rules)
    arrays = matcher.arrays()
    assert all(a.dtype != object for a in arrays.values())
    texts = ["Sr. SW Eng.", "Programer", "welders", "zoologist"]
    assert TitleMatcher.from_arrays(arrays, rules).match(texts) == matcher.match(texts)


def test_the_linear_model_is_deterministic_and_learns_words() -> None:
    rules = replace(Titles(), linear_names=1, buckets=1 << 12, linear_epochs=60)
    one, two = TitleMatcher.fit(NAMES, ALIASES, rules), TitleMatcher.fit(NAMES, ALIASES, rules)
    assert np.array_equal(one.arrays()["embed"], two.arrays()["embed"])
    assert one.match(["Front-end Programmer"]) == two.match(["Front-end Programmer"])


def test_no_titles_match_nothing() -> None:
    assert TitleMatcher.fit([], []).match(["Welder"]) == ([[]], [[]])
