"""Benchmarks' catalogues and workloads: skewed, topical, with repeated skill sets, the same for the same seed."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from skillfirst.errors import UsageError
from skillfirst.evaluation.world.catalogue import invent_catalogue, invent_ground
from skillfirst.evaluation.world.workload import workload
from skillfirst.tables.schemas import COURSES
from skillfirst.tables.sparse import Csr


def canonical(rows: Csr) -> bool:
    """Ascending and distinct within each row."""
    inside = np.ones(max(len(rows.indices) - 1, 0), bool)
    cuts = rows.offsets[1:-1]
    inside[cuts[(cuts > 0) & (cuts < len(rows.indices))] - 1] = False
    return bool((np.diff(rows.indices)[inside] > 0).all())


def repeated_sets(rows: Csr) -> float:
    """Share of rows whose set stands in another row too."""
    keys = [rows.row(i).tobytes() for i in range(len(rows))]
    counts = Counter(keys)
    return sum(counts[k] > 1 for k in keys) / len(keys)


@pytest.mark.parametrize("skew", ["heavy", "light"])
def test_a_workload_has_the_figures_of_the_notes(skew: str) -> None:
    load = workload(4_000, 3_000, skew, seed=1)
    lengths = np.diff(load.member_skills.offsets)
    assert 27 < lengths.mean() < 31
    assert lengths.max() <= 60
    assert 5.7 < np.diff(load.course_skills.offsets).mean() < 7
    held = np.bincount(load.member_skills.indices).max() / 4_000
    assert (0.26 < held < 0.33) if skew == "heavy" else (0.10 < held < 0.18)
    assert repeated_sets(load.course_skills) > 0.4
    assert np.diff(load.watched.offsets).max() <= 50
    assert canonical(load.member_skills)
    assert canonical(load.course_skills)
    assert canonical(load.watched)
    values = load.member_skills.values
    assert values is not None
    assert values.dtype == np.float32
    assert (values[load.explicit] == 1).all()
    assert 0.04 < values[~load.explicit].min() < values[~load.explicit].max() < 0.91


def test_half_of_the_repeated_sets_carry_new_weights() -> None:
    load = workload(1, 3_000, "heavy", seed=2)
    by_set: dict[bytes, list[bytes]] = {}
    for i in range(3_000):
        if len(load.course_skills.row(i)) > 1:
            by_set.setdefault(load.course_skills.row(i).tobytes(), []).append(
                load.course_skills.row_values(i).tobytes()
            )
    again = [w for weights in by_set.values() if len(weights) > 1 for w in weights]
    alone = sum(c == 1 for c in Counter(again).values()) / len(again)
    assert 0.25 < alone < 0.75


def test_equal_seeds_give_equal_workloads_and_an_unknown_skew_is_refused() -> None:
    one, again, other = (workload(500, 300, "heavy", seed=s) for s in (3, 3, 4))
    assert np.array_equal(one.member_skills.indices, again.member_skills.indices)
    assert np.array_equal(one.watched.indices, again.watched.indices)
    assert not np.array_equal(one.member_skills.indices, other.member_skills.indices)
    with pytest.raises(UsageError, match="flat"):
        workload(10, 10, "flat")  # type: ignore[arg-type]


def test_a_catalogue_grows_beyond_the_ground_and_keeps_what_was_there() -> None:
    ground = invent_ground(120, 10, 80)
    grown = invent_catalogue(ground, 2_000, seed=5)
    assert grown.courses.schema.equals(COURSES.schema)
    assert grown.courses.slice(0, 80).equals(ground.courses)
    assert len(grown.courses) == len(grown.course_skills) == 2_000
    assert len(set(grown.courses["course_id"].to_pylist())) == 2_000
    assert repeated_sets(grown.course_skills) > 0.4
    assert invent_catalogue(ground, 50) is ground
    assert invent_catalogue(ground, 2_000, seed=5).courses.equals(grown.courses)
