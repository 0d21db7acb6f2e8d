"""The loops of the gather against dictionaries, on drawn rows and on none."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from skillfirst.ingest.gathering import SOURCES, activities, neighbours, profiles
from skillfirst.tables.member_document import Source

ROWS, SKILLS = 3, 5
entries = st.lists(
    st.tuples(st.integers(0, ROWS - 1), st.integers(-1, SKILLS - 1), st.sampled_from(SOURCES)), max_size=40
)


def lists(offsets, values):
    return [values[a:b].tolist() for a, b in pairwise(offsets)]


@settings(max_examples=60, deadline=None)
@given(entries)
def test_profiles_hold_each_skill_once_and_refusal_wins(rows):
    row, skill = (np.array([r[i] for r in rows], np.int32) for i in (0, 1))
    source = np.array([SOURCES.index(r[2]) for r in rows], np.int8)
    held_at, held, bits, want_at, want, refuse_at, refuse = profiles(row, skill, source, ROWS)
    for number in range(ROWS):
        said = {s: {src for r, s2, src in rows if r == number and s2 == s} for s in range(SKILLS)}
        own = {s: w & {"explicit", "credential"} for s, w in said.items() if w & {"explicit", "credential"}}
        assert lists(held_at, held)[number] == sorted(own)
        assert lists(held_at, bits)[number] == [
            sum({"explicit": Source.EXPLICIT, "credential": Source.CREDENTIAL}[w] for w in own[s]) for s in sorted(own)
        ]
        assert lists(refuse_at, refuse)[number] == [s for s in said if "refused" in said[s]]
        assert lists(want_at, want)[number] == [s for s in said if "interest" in said[s] and "refused" not in said[s]]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, ROWS - 1), st.integers(-1, 4), st.integers(631_152_000, 631_152_020)), max_size=40
    ),
    st.integers(1, 6),
)
def test_activities_keep_the_newest(rows, most):
    now = 631_152_015
    arrays = [np.array([r[i] for r in rows], t) for i, t in ((0, np.int32), (1, np.int32), (2, np.int64))]
    offsets, skill, time = activities(*arrays, ROWS, now, most)
    for number in range(ROWS):
        own = sorted((-t, s) for r, s, t in rows if r == number and s >= 0 and t <= now)[:most]
        found = list(zip(lists(offsets, skill)[number], lists(offsets, time)[number], strict=True))
        assert found == sorted((s, -t) for t, s in own)


def test_neighbours_of_a_range_without_connections():
    none = np.empty(0, np.int32)
    counted, offsets, skill, count = neighbours(none, none, 2, 0, np.zeros(3, np.int64), none, 4, 64)
    assert counted.tolist() == [0, 0]
    assert offsets.tolist() == [0, 0, 0]
    assert len(skill) == len(count) == 0
