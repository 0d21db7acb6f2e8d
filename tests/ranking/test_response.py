"""What is learned from a log whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from skillfirst.ranking.response import LEAST_CLICKS, by_response, fit_response
from skillfirst.ranking.response_cards import counted_cards
from skillfirst.ranking.response_counts import CELLS, GAPS, PLACES, ResponseCounts

COURSES = 80


def invented(cards, spread, seed=1):
    """(keys, clicked, true log effects of courses): good courses stand in the worst places, bad ones in the best."""
    rng = np.random.default_rng(seed)
    liked = rng.normal(0, spread, COURSES)
    course = rng.integers(0, COURSES, cards)
    low = rng.random(cards) < 1 / (1 + np.exp(-8 * liked[course]))
    slot = np.where(low, rng.integers(3, 6, cards), rng.integers(0, 3, cards))
    gap, foreign = rng.integers(0, GAPS, cards), rng.random(cards) < 0.2
    rate = 0.2 * np.array([1.0, 0.8, 0.6, 0.3, 0.2, 0.15])[slot] * np.exp(liked[course])
    rate *= np.array([1.3, 0.8, 0.4, 1.0])[gap] * np.where(foreign, 0.1, 1.0)
    keys = ((course * 2 + foreign) * GAPS + gap) * PLACES + 6 + slot
    return keys, rng.random(cards) < np.minimum(rate, 1), liked


def test_effects_are_found_under_a_position_bias_that_hides_them():
    keys, clicked, liked = invented(300_000, 0.4)
    found = fit_response(ResponseCounts.of(keys, clicked, COURSES), COURSES)
    raw = np.bincount(keys[clicked] // CELLS, minlength=COURSES) / np.bincount(keys // CELLS, minlength=COURSES)
    assert np.corrcoef(raw, liked)[0, 1] < 0.5  # what a plain click-through rate would say
    assert np.corrcoef(np.log(found.course), liked)[0, 1] > 0.95
    assert np.std(np.log(found.course)) == pytest.approx(0.4, rel=0.25)
    assert found.gap / found.gap[0] == pytest.approx([1, 0.8 / 1.3, 0.4 / 1.3], rel=0.08)
    assert found.foreign == pytest.approx(0.1, rel=0.15)
    assert found.clicks == clicked.sum()


def test_little_evidence_changes_little():
    keys, clicked, liked = invented(5_000, 0.4)
    found = fit_response(ResponseCounts.of(keys, clicked, COURSES), COURSES)
    assert 0 < np.std(np.log(found.course)) < 0.3
    assert np.corrcoef(np.log(found.course), liked)[0, 1] > 0.2


@pytest.mark.parametrize("seed", range(5))
def test_courses_that_differ_by_chance_alone_stay_alike(seed):
    keys, clicked, _ = invented(40_000, 0.0, seed)
    found = fit_response(ResponseCounts.of(keys, clicked, COURSES), COURSES)
    assert np.abs(np.log(found.course)).max() < 0.12


def test_nothing_is_learned_from_a_handful_of_clicks():
    keys, clicked, _ = invented(20_000, 0.4)
    few = clicked & (np.cumsum(clicked) < LEAST_CLICKS)
    assert fit_response(ResponseCounts.of(keys, few, COURSES), COURSES) is None


@pytest.mark.parametrize("parts", [1, 2, 7])
def test_counts_add_up_whatever_the_parts(parts):
    keys, clicked, _ = invented(3_000, 0.4)
    whole = ResponseCounts.of(keys, clicked, COURSES)
    total = None
    for own in np.array_split(np.random.default_rng(parts).permutation(len(keys)), parts):
        part = ResponseCounts.of(keys[own], clicked[own], COURSES)
        total = part if total is None else total.plus(part)
    for name in ("keys", "shown", "clicked"):
        assert getattr(total, name).tolist() == getattr(whole, name).tolist()
    many = ResponseCounts.of(keys, clicked, 1_000_000)  # too many courses to count by place
    assert [many.keys.tolist(), many.shown.tolist(), many.clicked.tolist()] == [
        whole.keys.tolist(), whole.shown.tolist(), whole.clicked.tolist(),
    ]  # fmt: skip


def test_factors_meet_levels_and_keep_within_bounds():
    keys, clicked, _ = invented(100_000, 1.5)
    found = fit_response(ResponseCounts.of(keys, clicked, COURSES), COURSES)
    level = np.resize([0, 1, 2, 3], COURSES)
    apart = found.factors(level, 1).astype(float)
    assert apart.min() >= 0.25
    assert apart.max() <= 4.0
    inside = (found.course > 0.9) & (found.course < 1.2)
    assert apart[inside] == pytest.approx(found.course[inside] * np.array([1, *found.gap])[level[inside]], rel=1e-5)
    assert found.factors(level, 0)[inside] == pytest.approx(found.course[inside], rel=1e-5)


def test_popular_courses_stand_by_class_and_other_lists_stay():
    course = np.array([3, 1, 2, 0, 0, 1, 2, 3], np.int32)
    factors = np.array([1.0, 1.0, 2.0, 0.9], np.float32)
    offsets = np.array([0, 4, 8])
    assert by_response(offsets, course, np.array([True, False]), factors).tolist() == [2, 3, 1, 0, 0, 1, 2, 3]


CLICK, WATCH = 1, 2


def cards(seen, taken):
    """(counted, clicked) of one member's (course, channel, time) and (course, kind, time)."""
    course, channel, time = (np.array(x, t) for x, t in zip(zip(*seen, strict=True), "iBq", strict=True))
    own = [np.array(x, t) for x, t in zip(zip(*taken, strict=True) if taken else ([], [], []), "iBq", strict=True)]
    bounds = np.array([0, len(seen)]), np.array([0, len(taken)])
    found = counted_cards(
        bounds[0], course, channel.astype(np.int8), time, bounds[1], own[0], own[1].astype(np.int8), own[2], 9,
        CLICK, WATCH,
    )  # fmt: skip
    return [x.tolist() for x in found]


def test_a_card_counts_once_in_thirty_minutes_and_channel():
    seen = [(5, 1, 0), (5, 2, 10), (5, 1, 1_799), (6, 1, 1_799), (5, 1, 1_800)]
    assert cards(seen, [])[0] == [True, True, False, True, True]


def test_a_click_belongs_to_the_newest_card_of_its_day():
    seen = [(5, 1, 0), (5, 1, 5_000), (5, 1, 9_000), (6, 1, 9_000)]
    assert cards(seen, [(5, CLICK, 6_000)])[1] == [False, True, False, False]
    assert cards(seen, [(5, CLICK, 9_000 + 86_400)])[1] == [False, False, True, False]
    assert cards(seen, [(5, CLICK, 9_001 + 86_400)])[1] == [False] * 4
    assert cards([(5, 1, 0), (5, 1, 60)], [(5, CLICK, 70)])[1] == [True, False]  # the card that counted


def test_plays_speak_where_no_click_is_noted():
    seen = [(5, 1, 0), (6, 1, 0)]
    assert cards(seen, [(5, WATCH, 100), (6, CLICK, 200_000), (6, WATCH, 100)])[1] == [True, False]
