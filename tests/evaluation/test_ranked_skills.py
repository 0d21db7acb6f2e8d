"""The metrics on rankings one can check by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from skillfirst.evaluation.ranked_skills import (
    best_first,
    calibration_error,
    fewer,
    hide,
    measure,
    seen_and_unseen,
    with_skills,
)
from skillfirst.skills.inference.profiles import held_skills
from skillfirst.tables.member_document import documents
from skillfirst.tables.sparse import Csr


def test_metrics_of_one_ranking() -> None:
    # hidden: 1 and 3; ranking 3, 0, 1
    found = measure(np.array([[3, 0, 1, -1]]), Csr.from_rows([{1: 1.0, 3: 1.0}], 4), draws=5)
    assert found["P@5"]["mean"] == pytest.approx(2 / 5)
    assert found["R@10"]["mean"] == pytest.approx(1.0)
    assert found["MAP@10"]["mean"] == pytest.approx((1 + 2 / 3) / 2)
    assert found["nDCG@10"]["mean"] == pytest.approx((1 + 0.5) / (1 + 1 / math.log2(3)))


def test_members_with_nothing_hidden_do_not_count() -> None:
    found = measure(np.array([[0], [1]]), Csr.from_rows([{}, {1: 1.0}], 2), draws=5)
    assert found["nDCG@10"] == {"mean": 1.0, "low": 1.0, "high": 1.0}


def test_best_first_leaves_out_what_is_shown_and_breaks_ties_by_code() -> None:
    scores = np.array([[0.5, 0.9, 0.5, 0.1]])
    assert best_first(scores, Csr.from_rows([{1: 1.0}], 4), 4).tolist() == [[0, 2, 3, -1]]


def test_a_share_of_each_member_is_hidden_and_the_rest_shown() -> None:
    batch = documents(2, member_id=["a", "b"], skill=[[0, 1, 2, 3, 4], [2]], skill_source=[[1] * 5, [1]])
    held = held_skills(batch, 5)
    shown, hidden = hide(batch, held, 0.3)
    assert [len(hidden.row(i)) for i in range(2)] == [2, 1]
    assert sorted([*shown.row(0), *hidden.row(0)]) == [0, 1, 2, 3, 4]
    assert held_skills(with_skills(batch, shown), 5).row(0).tolist() == shown.row(0).tolist()


def test_calibration_error_is_the_gap_between_said_and_true() -> None:
    assert calibration_error(np.array([0.3, 0.3]), np.array([True, False])) == pytest.approx(0.2)


def test_seen_and_unseen_skills_apart() -> None:
    lists, hidden = np.array([[3, 0, -1], [1, 2, -1]]), Csr.from_rows([{0: 1.0, 1: 1.0}, {2: 1.0, 3: 1.0}], 4)
    assert seen_and_unseen(lists, hidden, np.array([True, True, False, False])) == {
        "seen R@10": 0.5, "unseen R@10": 0.5,
    }  # fmt: skip
    assert seen_and_unseen(lists, hidden, np.ones(4, bool))["unseen R@10"] is None


def test_smaller_parts_lie_inside_larger_ones() -> None:
    parts = fewer(documents(400, member_id=[f"m{i}" for i in range(400)]))
    assert [p.num_rows for p in parts] == [100, 300, 400]
    ids = [set(p["member_id"].to_pylist()) for p in parts]
    assert ids[0] < ids[1] < ids[2]
