"""Learners are counted and merged as if one walked over members, courses and weeks by hand."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pyarrow as pa
import pytest

from skillfirst.contexts.trending import WEEK
from skillfirst.kernel.fit import count
from skillfirst.kernel.learners import DENSE, Learners
from skillfirst.kernel.policy import Policy


def by_hand(cohort, course, window, member, cohorts, courses):
    counts, active = defaultdict(lambda: [0, 0, 0]), Counter()
    for who, what, when in zip(cohort, course, window, strict=True):
        counts[who * courses + what][0] += 1
        if when:
            counts[who * courses + what][when] += 1
    for who in {(w, m) for w, m, when in zip(cohort, member, window, strict=True) if when}:
        active[who[0]] += 1
    keys = sorted(counts)
    return keys, [counts[k] for k in keys], [active[c] for c in range(cohorts)]


def entries(rng, cohorts, courses, members=40):
    own = rng.integers(0, cohorts, members)
    pairs = [(m, c) for m in range(members) for c in sorted(set(rng.integers(0, courses, rng.integers(0, 6)).tolist()))]
    member, course = (np.array([p[i] for p in pairs], np.int64) for i in (0, 1))
    return own[member], course, rng.integers(0, 3, len(pairs)), member, cohorts, courses


@pytest.mark.parametrize("cohorts", [1, 7, DENSE])
def test_learners_of_a_part_and_of_two(cohorts):
    rng = np.random.default_rng(cohorts)
    a, b = entries(rng, cohorts, 12), entries(rng, cohorts, 12)
    for part in (a, b):
        found = Learners.of(*part)
        assert (found.keys.tolist(), found.counts.tolist(), found.active.tolist()) == by_hand(*part)
    both = Learners.of(*a).plus(Learners.of(*b))
    together = [np.concatenate([x, y]) for x, y in zip(a[:3], b[:3], strict=True)]
    expected = by_hand(*together, np.concatenate([a[3], b[3] + 100]), cohorts, 12)
    assert (both.keys.tolist(), both.counts.tolist(), both.active.tolist()) == expected


def test_nobody_learns_nothing():
    none = np.empty(0, np.int64)
    found = Learners.of(none, none, none, none, 3, 5)
    assert (len(found.keys), found.counts.shape, found.active.tolist()) == (0, (0, 3), [0, 0, 0])


@pytest.mark.parametrize(("weeks", "before"), [(8, 2), (3, 1)])
def test_the_base_period_is_as_long_as_the_policy_says(academy, weeks, before):
    catalogue = academy.catalogue_of(academy.taxonomy_of(["java"]), {"java": {"skills": ["java"]}})
    now = 100 * WEEK
    ages = {"a": 0, "b": 2, "c": 6, "d": 12}  # weeks
    batch = academy.people_of(
        catalogue,
        {
            name: {"course": [0], "course_kind": [1], "course_time": [now - age * WEEK], "course_seconds": [0]}
            for name, age in ages.items()
        },
    )
    moments = pa.array([now] * len(ages), batch.schema.field("now").type)
    batch = batch.set_column(batch.schema.get_field_index("now"), "now", moments)
    policy = Policy(inference=academy.silent).with_settings({"trending.weeks": weeks})
    assert count(batch, catalogue, policy).learners["all"].counts.tolist() == [[4, 1, before]]
