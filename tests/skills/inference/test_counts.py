"""Statistics are whole numbers: they add up in any order, and only what enough people share is kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from skillfirst.skills.inference import Inference, InferenceCounts, count, infer, merge
from skillfirst.skills.inference.co_occurrence import ease, gram, neighbours
from skillfirst.skills.inference.counts import MILLI
from skillfirst.skills.inference.sampling import hash_ids, hidden_skills
from skillfirst.tables.sparse import Csr

JAVA, SPANISH, SQL, WELDING = range(4)
ENGINEER, WELDER = range(2)


def same(a: InferenceCounts, b: InferenceCounts) -> bool:
    return (
        (a.members, a.with_skills) == (b.members, b.with_skills)
        and np.array_equal(a.skill_members, b.skill_members)
        and np.array_equal(a.title_members, b.title_members)
        and np.array_equal(a.pair_key, b.pair_key)
        and np.array_equal(a.pair_members, b.pair_members)
        and np.array_equal(a.hashes, b.hashes)
        and np.array_equal(a.lists.offsets, b.lists.offsets)
        and np.array_equal(a.lists.indices, b.lists.indices)
        and a.documents.equals(b.documents)
    )


def test_counts_of_three_people(make_people: Any) -> None:
    batch = make_people(
        [
            {"skills": [JAVA, SQL], "title": [ENGINEER]},
            {"skills": [JAVA], "title": [ENGINEER, WELDER], "title_weight": [0.75, 0.25]},
            {"title": [WELDER]},
        ]
    )
    counts = count(batch, 4, 2, Inference())
    assert (counts.members, counts.with_skills) == (3, 2)
    assert counts.skill_members.tolist() == [2, 0, 1, 0]
    assert (counts.title_members / MILLI).tolist() == [1.75, 0.25]
    pairs = {(int(k) // 4, int(k) % 4): n / MILLI for k, n in zip(counts.pair_key, counts.pair_members, strict=True)}
    assert pairs == {(ENGINEER, JAVA): 1.75, (ENGINEER, SQL): 1.0, (WELDER, JAVA): 0.25}


def test_parts_merge_to_the_whole_in_any_grouping(make_town: Any) -> None:
    rules = Inference(sample=90, documents=25)
    town = make_town(200)
    a, b, c = (count(town.slice(s, n), 4, 2, rules) for s, n in ((0, 70), (70, 1), (71, 129)))
    whole = count(town, 4, 2, rules)
    assert same(merge(merge(a, b), c), whole)
    assert same(merge(a, merge(b, c)), whole)
    assert same(merge(merge(c, a), b), whole)
    assert whole.documents.num_rows == 25


def test_an_interest_is_not_counted_as_a_skill(make_people: Any) -> None:
    assert count(make_people([{"skills": [JAVA], "source": [4]}]), 4, 2, Inference()).with_skills == 0


def test_fewer_than_five_people_leave_no_trace(make_people: Any, make_tables: Any) -> None:
    rules = Inference(calibration_minimum=10_000)

    def welders(n: int) -> Any:
        rows = [{"title": [WELDER], "skills": [WELDING]} for _ in range(n)]
        return make_tables([make_people(rows)], rules)

    shy = infer(make_people([{"title": [WELDER]}]), welders(4), rules)
    assert shy["inferred_skill"][0].as_py() == []
    assert welders(4).title.popularity.tolist() == [0.0] * 4
    assert infer(make_people([{"title": [WELDER]}]), welders(5), rules)["inferred_skill"][0].as_py() == [WELDING]


@settings(deadline=None)
@given(st.lists(st.text(max_size=6)), st.integers(0, 5), st.integers(0, 5))
def test_hashes_of_a_slice_are_the_slice_of_the_hashes(ids: list[str], start: int, length: int) -> None:
    array = pa.array(ids, pa.string())
    assert np.array_equal(hash_ids(array.slice(start, length)), hash_ids(array)[start : start + length])
    assert len(set(hash_ids(array).tolist())) == len(set(ids))


def test_hidden_skills_are_a_share_and_depend_on_the_member_alone() -> None:
    offsets, skills = np.array([0, 8, 12, 12]), np.arange(12, dtype=np.int32)
    keys = np.array([1, 2, 3], np.uint64)
    hide = hidden_skills(keys, offsets, skills, 0.25, 1_000_000_007)
    assert [int(hide[:8].sum()), int(hide[8:].sum())] == [2, 1]
    alone = hidden_skills(keys[1:2], np.array([0, 4]), skills[8:], 0.25, 1_000_000_007)
    assert np.array_equal(alone, hide[8:])


member = st.lists(st.sampled_from(range(5)), unique=True).map(lambda skills: dict.fromkeys(skills, 1.0))


@settings(deadline=None)
@given(st.lists(member, max_size=12))
def test_gram_counts_pairs(rows: list[dict[int, float]]) -> None:
    place = np.array([0, -1, 1, 2, 3], np.int32)  # skill 1 is not active
    found = gram(Csr.from_rows(rows, 5), place, 4)
    codes = [0, 2, 3, 4]
    assert found.tolist() == [[sum(a in r and b in r for r in rows) for b in codes] for a in codes]


@settings(deadline=None)
@given(st.lists(member, max_size=30), st.integers(1, 4))
def test_neighbours_are_the_nearest_by_cosine_with_smoothed_conditionals(rows: list[dict[int, float]], k: int) -> None:
    everybody = np.full(5, 0.1, np.float32)
    found = neighbours(Csr.from_rows(rows, 5), everybody, k, 2, 20.0)
    n = [sum(s in r for r in rows) for s in range(5)]
    for s in range(5):
        both = {t: sum(s in r and t in r for r in rows) for t in range(5) if t != s}
        near = sorted((t for t in both if both[t] >= 2), key=lambda t: (-(both[t] / n[t] ** 0.5), t))[:k]
        assert found.row(s).tolist() == sorted(near)
        expected = [(both[t] + 20 * 0.1) / (n[s] + 20) for t in sorted(near)]
        np.testing.assert_allclose(found.row_values(s), expected, rtol=1e-6)


def test_ease_scores_what_comes_together_and_not_itself() -> None:
    pairs = np.array([[100, 90, 0], [90, 100, 0], [0, 0, 50]])
    b = ease(pairs, 10.0, 5)
    assert b.diagonal().tolist() == [0.0, 0.0, 0.0]
    assert b[0, 1] > 0.5
    assert abs(b[0, 2]) < 1e-6
    assert abs(ease(np.where(pairs == 90, 4, pairs), 10.0, 5)[0, 1]) < 1e-6  # four people are no statistic
