import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillfirst.errors import UsageError
from skillfirst.evaluation import metrics
from skillfirst.tables.sparse import Csr


def test_ndcg_by_hand():
    lists = np.array([[0, 1, 2], [3, 4, -1], [0, 1, 2]])
    relevant = Csr.from_rows([{1: 1, 2: 1}, {3: 1}, {}], 6)
    got = metrics.ndcg(lists, relevant)
    assert got[0] == pytest.approx((1 / np.log2(3) + 1 / 2) / (1 + 1 / np.log2(3)))
    assert got[1] == 1.0
    assert np.isnan(got[2])


def test_graded_gains_are_used():
    lists = np.array([[0, 1]])
    relevant = Csr.from_rows([{0: 1.0, 1: 3.0}], 6)
    assert metrics.ndcg(lists, relevant)[0] == pytest.approx((1 + 3 / np.log2(3)) / (3 + 1 / np.log2(3)))


def test_average_precision_by_hand():
    lists = np.array([[0, 1, 2, 3], [5, 4, -1, -1]])
    relevant = Csr.from_rows([{1: 1, 3: 1, 4: 1}, {0: 1}], 6)
    assert metrics.average_precision(lists, relevant, 4).tolist() == pytest.approx([(1 / 2 + 2 / 4) / 3, 0])


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_perfect_lists_reach_one_and_nothing_leaves_the_unit_interval(data):
    rows = data.draw(st.lists(st.sets(st.integers(0, 9), max_size=6), min_size=1, max_size=4))
    order = data.draw(st.lists(st.permutations(range(10)), min_size=len(rows), max_size=len(rows)))
    relevant = Csr.from_rows([dict.fromkeys(r, 1.0) for r in rows], 10)
    perfect = np.array([sorted(range(10), key=lambda c, r=r: c not in r) for r in rows])
    for metric in (metrics.ndcg, metrics.average_precision):
        best, some = metric(perfect, relevant, 5), metric(np.array(order), relevant, 5)
        known = np.array([bool(r) for r in rows])
        assert best[known] == pytest.approx(1.0)
        assert np.isnan(best[~known]).all()
        assert ((some[known] >= 0) & (some[known] <= 1 + 1e-12)).all()


def test_lists_and_relevance_must_belong_together():
    with pytest.raises(UsageError):
        metrics.ndcg(np.zeros((2, 3), int), Csr.from_rows([{}], 6))
