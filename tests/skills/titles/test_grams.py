"""Hashed n-grams against the obvious listing of them."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from skillfirst.skills.titles.grams import CHARACTERS, WORDS, grams, scaled

BUCKETS = 1 << 20

text = st.lists(st.text("abé", min_size=1, max_size=7), max_size=4).map(" ".join)


def listed(written: str) -> Counter[bytes]:
    """All n-grams of 2 to 5 bytes inside the edged words."""
    out: Counter[bytes] = Counter()
    for word in written.split():
        edged = b" " + word.encode() + b" "
        for n in range(2, 6):
            out.update(edged[j : j + n] for j in range(len(edged) - n + 1))
    return out


@settings(deadline=None)
@given(st.lists(text, max_size=5))
def test_grams_are_those_listed(texts: list[str]) -> None:
    found = grams(texts, CHARACTERS, BUCKETS)
    for i, written in enumerate(texts):
        expected = sorted(1 + math.log(n) for n in listed(written).values())
        np.testing.assert_allclose(sorted(found.row_values(i).tolist()), expected, rtol=1e-6)


@settings(deadline=None)
@given(st.lists(text, max_size=5))
def test_a_text_has_the_same_grams_in_any_company(texts: list[str]) -> None:
    together = grams(texts, WORDS, BUCKETS)
    for i, written in enumerate(texts):
        alone = grams([written], WORDS, BUCKETS)
        assert alone.row(0).tolist() == together.row(i).tolist()
        assert alone.row_values(0).tolist() == together.row_values(i).tolist()


def test_rows_are_brought_to_length_one() -> None:
    rows = scaled(grams(["java developer", ""], CHARACTERS, BUCKETS))
    assert np.linalg.norm(rows.row_values(0)) == np.float32(1.0) or abs(np.linalg.norm(rows.row_values(0)) - 1) < 1e-6
    assert len(rows.row(1)) == 0
