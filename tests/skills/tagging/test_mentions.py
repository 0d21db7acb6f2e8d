"""Mentions as arrays: what was counted, what it weighs, and one catalogue after another."""

import numpy as np
import pytest

from skillfirst.skills.tagging.alias import Counts, Spans
from skillfirst.skills.tagging.mentions import INNER_SHARE, SHORT_SHARE, Mentions

COURSES = [
    {},
    {
        2: Spans(counts=Counts(title=1, contents=4)),
        0: Spans(short=Counts(title=1, description=2), inner=Counts(title=1)),
    },
    {1: Spans(counts=Counts(description=2), inner=Counts(contents=2, title=1))},
]
RARITY = np.float32([1.0, 2.0, 0.5])


def test_blocks_of_some_courses():
    blocks = Mentions.of(COURSES).blocks(np.asarray([2, 0, 1]), RARITY)
    assert blocks["title_mentions"].tolist() == [[0, 0, 0], [0, 0, 0], [0, 0, 1]]
    assert blocks["text_mentions"].tolist() == [[0, 2, 0], [0, 0, 0], [0, 0, 4]]
    assert blocks["short_mentions"].tolist() == [[0, 0, 0], [0, 0, 0], [5, 0, 0]]
    assert blocks["inner_mentions"].tolist() == [[0, 3, 0], [0, 0, 0], [1, 0, 0]]
    said = blocks["mentions"]
    assert said[0, 1] == pytest.approx(2 * (np.log(3) + INNER_SHARE * np.log(4)))
    assert said[2, 0] == pytest.approx(SHORT_SHARE * (3 * np.log(2) + np.log(3)) + INNER_SHARE * np.log(2))
    assert said[2, 2] == pytest.approx(0.5 * (3 * np.log(2) + 0.5 * np.log(5)))
    assert all(block.dtype == np.float32 for block in blocks.values())


def test_one_after_another_is_all_at_once():
    every = np.arange(3)
    joined = Mentions.of(COURSES[:2]).then(Mentions.of(COURSES[2:])).blocks(every, RARITY)
    whole = Mentions.of(COURSES).blocks(every, RARITY)
    assert all(np.array_equal(joined[name], block) for name, block in whole.items())


def test_no_courses_and_no_mentions():
    assert Mentions.of([]).blocks(np.empty(0, np.int64), RARITY)["mentions"].shape == (0, 3)
    assert not Mentions.of([{}, {}]).then(Mentions.of([])).blocks(np.arange(2), RARITY)["mentions"].any()


def test_counts():
    counts = Counts(title=2)
    counts.add(Counts(title=1, contents=3))
    assert (counts["title"], counts["contents"], counts["description"], counts.total()) == (3, 3, 0, 6)
    assert "description" not in counts
