"""Which courses stand for one another."""

from __future__ import annotations

import itertools

import pytest

from skillfirst.ranking.series import plain_title, series_groups
from skillfirst.tables.sparse import Csr


def grouped(titles, skills=None, authors=None, languages=None, series=None, collapse="auto"):
    n = len(titles)
    matrix = Csr.from_rows([dict.fromkeys(row, 1.0) for row in (skills or [[0]] * n)], 5)
    group, _, _ = series_groups(
        titles, authors or [None] * n, languages or ["en"] * n, series or [None] * n, matrix, collapse
    )
    return group.tolist()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Java Essentials 2023", "Java Essentials 2025", True),
        ("Java Essentials (Beginner)", "Java Essentials: Advanced", True),
        ("Java Essentials v2", "Java essentials", True),
        ("Excel Part 1", "Excel Part 2", False),
        ("Java Essentials", "Spanish Essentials", False),
    ],
)
def test_near_equal_titles_with_the_same_skills(one, other, same):
    assert grouped([one, other]) == ([0, 0] if same else [-1, -1])


def test_the_same_title_with_other_skills_is_another_course():
    assert grouped(["Java", "Java"], [[0], [1]]) == [-1, -1]


def test_the_same_title_of_the_same_author_is_one_course():
    assert grouped(["Java", "Java"], [[0], [1]], ["Ada", "Ada"]) == [0, 0]


def test_a_translation_is_another_course():
    assert grouped(["Java", "Java"], languages=["en", "de"]) == [-1, -1]


def test_series_join_whatever_the_titles_say():
    titles = ["A", "Something else", "B"]
    assert grouped(titles, [[0], [1], [2]], series=["x", "x", None], collapse="series") == [0, 0, -1]
    assert grouped(titles, [[0], [1], [2]], series=["x", "x", None], collapse="none") == [-1, -1, -1]


def test_groups_list_their_courses_newest_first():
    matrix = Csr.from_rows([{0: 1.0}] * 4, 1)
    group, offsets, course = series_groups(["A", "B", "A", "B"], [None] * 4, ["en"] * 4, [None] * 4, matrix, "auto")
    assert group.tolist() == [0, 1, 0, 1]
    assert [course[a:b].tolist() for a, b in itertools.pairwise(offsets)] == [[0, 2], [1, 3]]


def test_versions_and_levels_are_no_part_of_a_title():
    assert plain_title("SQL — 2nd Edition (2024), Advanced") == plain_title("sql")
    assert plain_title("2024") == "2024"
