"""Rarity of skills."""

from __future__ import annotations

import math

import pytest

from skillfirst.ranking.idf import idf, support_floor


@pytest.mark.parametrize(
    ("members", "floor"), [(0, 5), (300, 5), (50_000, 5), (50_001, 6), (120_000, 12), (990_001, 100), (10**9, 100)]
)
def test_the_automatic_floor(members, floor):
    assert support_floor(members) == floor
    assert support_floor(members, 7) == 7


def test_without_any_explicit_skill_every_skill_weighs_one():
    rarity = idf([0, 0], 10)
    assert (rarity.considered.tolist(), rarity.floored.tolist()) == ([1.0, 1.0], [1.0, 1.0])


def test_a_wanted_or_inferred_skill_under_the_floor_counts_as_at_the_floor():
    rarity = idf([2, 50, 0], 100, 10)
    assert rarity.considered.tolist() == [0.0, math.log(3), 0.0]
    assert rarity.floored.tolist() == [math.log(11), math.log(3), math.log(11)]


def test_a_skill_nobody_has_is_not_considered_even_at_floor_zero():
    assert idf([0, 1], 10, 0).considered[0] == 0.0
