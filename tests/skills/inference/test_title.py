"""P(s | title): counts, shrunk to the prior, shrunk to everybody; what is not stored keeps its mass."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from skillfirst.skills.inference import Inference, count
from skillfirst.skills.inference.fusion import fit_fusion, logistic
from skillfirst.skills.inference.tables import TitleTable
from skillfirst.skills.inference.title import title_table
from skillfirst.tables.sparse import Csr

JAVA, SPANISH, SQL, WELDING = range(4)
ENGINEER, WELDER = range(2)


def p(table: TitleTable, title: int, skill: int) -> float:
    row = dict(zip(table.excess.row(title).tolist(), table.excess.row_values(title).tolist(), strict=True))
    return float(table.base[title]) * float(table.popularity[skill]) + row.get(skill, 0.0)


def test_counts_are_shrunk_by_twenty_members(make_people: Any) -> None:
    rows = [{"title": [ENGINEER], "skills": [JAVA]}] * 30 + [{"title": [WELDER], "skills": [WELDING]}] * 70
    counts = count(make_people([r | {"id": f"m{i}"} for i, r in enumerate(rows)]), 4, 2, Inference())
    table = title_table(counts, Csr.from_rows([{}, {}], 4), Inference())
    assert table.popularity.tolist() == pytest.approx([0.3, 0, 0, 0.7])
    assert p(table, ENGINEER, JAVA) == pytest.approx((30 + 20 * 0.3) / 50)
    # (listed in all + k x popularity of all) less what is stored, over the popularity of what is not stored
    assert p(table, ENGINEER, WELDING) == pytest.approx((30 + 20) / 50 - (30 + 20 * 0.3) / 50)


def test_the_prior_is_corrected_by_what_people_list(make_people: Any) -> None:
    # the prior says engineers hold Java for sure; only one in ten lists it
    rows = [{"title": [ENGINEER], "skills": [JAVA, SQL] if i % 10 == 0 else [SQL]} for i in range(2_000)]
    table = title_table(count(make_people(rows), 4, 2, Inference()), Csr.from_rows([{JAVA: 1.0}, {}], 4), Inference())
    assert p(table, ENGINEER, JAVA) == pytest.approx(0.1, abs=0.01)


def test_a_skill_nobody_lists_is_no_evidence_that_nobody_has_it(make_people: Any) -> None:
    rows = [{"title": [ENGINEER], "skills": [SQL]}] * 500
    table = title_table(count(make_people(rows), 4, 2, Inference()), Csr.from_rows([{JAVA: 0.8}, {}], 4), Inference())
    assert p(table, ENGINEER, JAVA) == pytest.approx(0.5 * 0.8)


def test_a_goal_is_what_the_prior_names_or_the_cohort_is_typical_for(make_town: Any) -> None:
    table = title_table(count(make_town(), 4, 2, Inference()), Csr.from_rows([{}, {SQL: 0.9}], 4), Inference())
    assert set(table.goal.row(ENGINEER).tolist()) == {JAVA, SQL}
    assert set(table.goal.row(WELDER).tolist()) == {SQL, WELDING}


def test_newton_finds_the_weights_that_made_the_data() -> None:
    draw = np.random.default_rng(1)
    x = np.c_[np.ones(4_000), draw.normal(size=(4_000, 2))]
    true = np.array([-1.0, 2.0, -0.5])
    y = (draw.random(4_000) < 1 / (1 + np.exp(-x @ true))).astype(float)
    found = logistic(x, y, np.ones(4_000), np.zeros(3), 1e-3)
    assert found == pytest.approx(true, abs=0.2)
    gradient = x.T @ (1 / (1 + np.exp(-x @ found)) - y) + 1e-3 * found
    assert np.abs(gradient).max() < 1e-4


def test_a_source_that_hardly_spoke_is_left_to_the_noisy_or() -> None:
    draw = np.random.default_rng(2)
    x = np.zeros((500, 7))
    x[:, 0], x[:, 1] = 1.0, draw.normal(size=500)
    x[:10, 4] = 0.9  # activity was seen ten times
    label = draw.random(500) < 1 / (1 + np.exp(-x[:, 1]))
    fusion, learned = fit_fusion(x, label, np.zeros(500, np.int64), np.ones(500))
    assert learned.tolist() == [1, 0, 0, 0]
    assert (fusion[:, 2:] == 0).all()
    assert fusion[0, 1] == pytest.approx(1.0, abs=0.35)
