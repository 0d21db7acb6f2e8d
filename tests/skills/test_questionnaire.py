"""Few questions that tell most."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from skillfirst.skills.questionnaire import Questionnaire, choose, entropy, next_screen, value_of_asking, worth
from skillfirst.tables.sparse import Csr

JAVA, SPANISH, SQL, WELDING = range(4)
FLAT = Csr.from_rows([{}, {}, {}, {}], 4)
MEMBERS = np.array([60, 50, 55, 40])


def even(picked: Sequence[int]) -> np.ndarray:
    return np.full(4, 0.5)


def test_the_worth_of_a_question_is_log_popularity_times_entropy() -> None:
    value = worth(np.array([0, 99]), np.array([0.5, 0.5]))
    assert value.tolist() == pytest.approx([0.0, math.log(100) * math.log(2)])
    assert entropy(np.array([0.0, 1.0])).max() < 1e-7


def test_what_is_known_already_is_not_asked() -> None:
    def engineer(picked: Sequence[int]) -> np.ndarray:
        return np.array([0.999, 0.5, 0.6, 0.001])

    assert next_screen(MEMBERS, engineer, FLAT, [], [], Questionnaire(chips=2)) == [SPANISH, SQL]


def test_answers_change_what_is_asked_next() -> None:
    def with_answers(picked: Sequence[int]) -> np.ndarray:
        return np.array([0.5, 0.3, 0.99 if JAVA in picked else 0.5, 0.3])

    rules = Questionnaire(chips=1, screens=3)
    assert next_screen(MEMBERS, with_answers, FLAT, [], [JAVA], rules) == [SQL]
    assert next_screen(MEMBERS, with_answers, FLAT, [JAVA], [JAVA], rules) == [SPANISH]


def test_one_skill_a_parent_stands_on_a_screen_while_others_are_left() -> None:
    # Java and SQL are both below 3; the screen takes the better one first and breadth before its sibling
    parents = Csr.from_rows([{3: 1.0}, {}, {3: 1.0}, {}], 4)
    value = np.array([9.0, 1.0, 8.0, 0.0])
    assert choose(value, parents, [], 2) == [JAVA, SPANISH]
    assert choose(value, parents, [], 3) == [JAVA, SPANISH, SQL]


def test_nothing_is_offered_twice_and_two_screens_are_enough() -> None:
    rules = Questionnaire(chips=2, screens=2)
    first = next_screen(MEMBERS, even, FLAT, [], [], rules)
    second = next_screen(MEMBERS, even, FLAT, [], first, rules)
    assert first == [JAVA, SQL]
    assert second == [SPANISH, WELDING]
    assert next_screen(MEMBERS, even, FLAT, [], first + second, rules) == []


def test_a_skill_of_four_members_is_not_offered() -> None:
    assert next_screen(np.array([4, 0, 5, 0]), even, FLAT, [], [], Questionnaire()) == [SQL]


def test_what_is_known_beside_is_added_and_picks_are_never_worth_asking() -> None:
    half = np.full(4, 0.5)
    alone = value_of_asking(np.array([60, 50, 4, 40]), half, [JAVA], Questionnaire())
    assert (alone[JAVA], alone[SQL]) == (0.0, 0.0)  # picked; held by fewer than five
    bonus = np.array([9.0, 0.0, 2.0, 0.0])
    beside = value_of_asking(np.array([60, 50, 4, 40]), half, [JAVA], Questionnaire(), bonus)
    assert beside - alone == pytest.approx([0.0, 0.0, 2.0, 0.0])
