import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillfirst.errors import UsageError
from skillfirst.evaluation import metrics
from skillfirst.tables.sparse import Csr

JAVA, SQL, WELDING, SPANISH = range(4)
COURSES = Csr.from_rows([{JAVA: 1}, {JAVA: 1}, {JAVA: 1, SQL: 1}, {WELDING: 1}, {SPANISH: 0.5}, {}], 4)


def test_ndcg_by_hand():
    lists = np.array([[0, 1, 2], [3, 4, -1], [0, 1, 2]])
    relevant = Csr.from_rows([{1: 1, 2: 1}, {3: 1}, {}], 6)
    got = metrics.ndcg(lists, relevant)
    assert got[0] == pytest.approx((1 / np.log2(3) + 1 / 2) / (1 + 1 / np.log2(3)))
    assert got[1] == 1.0
    assert np.isnan(got[2])
    assert metrics.mean(got) == pytest.approx(np.mean(got[:2]))


def test_graded_gains_are_used():
    lists = np.array([[0, 1]])
    relevant = Csr.from_rows([{0: 1.0, 1: 3.0}], 6)
    assert metrics.ndcg(lists, relevant)[0] == pytest.approx((1 + 3 / np.log2(3)) / (3 + 1 / np.log2(3)))


def test_recall_precision_and_hits_by_hand():
    lists = np.array([[0, 1, 2, 3], [5, 4, -1, -1]])
    relevant = Csr.from_rows([{1: 1, 3: 1, 4: 1}, {0: 1}], 6)
    assert metrics.recall(lists, relevant, 4).tolist() == pytest.approx([2 / 3, 0])
    assert metrics.recall(lists, relevant, 2).tolist() == pytest.approx([1 / 2, 0])
    assert metrics.average_precision(lists, relevant, 4).tolist() == pytest.approx([(1 / 2 + 2 / 4) / 3, 0])
    assert metrics.hit_rate(lists, relevant, 1).tolist() == [0.0, 0.0]
    assert metrics.hit_rate(lists, relevant, 2).tolist() == [1.0, 0.0]


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_perfect_lists_reach_one_and_nothing_leaves_the_unit_interval(data):
    rows = data.draw(st.lists(st.sets(st.integers(0, 9), max_size=6), min_size=1, max_size=4))
    order = data.draw(st.lists(st.permutations(range(10)), min_size=len(rows), max_size=len(rows)))
    relevant = Csr.from_rows([dict.fromkeys(r, 1.0) for r in rows], 10)
    perfect = np.array([sorted(range(10), key=lambda c, r=r: c not in r) for r in rows])
    for metric in (metrics.ndcg, metrics.recall, metrics.average_precision):
        best, some = metric(perfect, relevant, 5), metric(np.array(order), relevant, 5)
        known = np.array([bool(r) for r in rows])
        assert best[known] == pytest.approx(1.0)
        assert np.isnan(best[~known]).all()
        assert ((some[known] >= 0) & (some[known] <= 1 + 1e-12)).all()


def test_lists_and_relevance_must_belong_together():
    with pytest.raises(UsageError):
        metrics.recall(np.zeros((2, 3), int), Csr.from_rows([{}], 6))


def test_diversity_of_a_list():
    ild = metrics.intra_list_diversity(np.array([[0, 1, -1], [0, 3, -1], [0, 2, -1], [0, -1, -1], [5, 0, -1]]), COURSES)
    assert ild[:3].tolist() == pytest.approx([0.0, 1.0, 1 - 1 / np.sqrt(2)])
    assert np.isnan(ild[3])
    assert ild[4] == 1.0


def test_alpha_ndcg_prefers_a_new_skill_to_the_same_again():
    member = Csr.from_rows([{JAVA: 1, WELDING: 1}] * 3, 4)
    pool = Csr.from_rows([dict.fromkeys(range(6), 1.0)] * 3, 6)
    got = metrics.alpha_ndcg(np.array([[0, 3, 1], [0, 1, 3], [5, 4, -1]]), COURSES, member, pool, k=3)
    ideal = 1 + 1 / np.log2(3) + 0.5 / 2
    assert got.tolist() == pytest.approx([1.0, (1 + 0.5 / np.log2(3) + 1 / 2) / ideal, 0.0])


def test_redundancy_counts_neighbours_of_one_bucket():
    buckets = np.array([[0, 0, 1, 0], [0, 1, 0, 1], [2, -1, -1, -1], [2, 2, -1, -1]])
    got = metrics.redundancy(buckets)
    assert got[[0, 1, 3]].tolist() == pytest.approx([1 / 3, 0.0, 1.0])
    assert np.isnan(got[2])
    assert metrics.redundancy(buckets, k=2)[0] == 1.0


def test_distinct_skills_shown():
    lists = np.array([[0, 1, 2], [3, 4, 5]])
    assert metrics.distinct_skills(lists, COURSES).tolist() == [2, 2]
    assert metrics.distinct_skills(lists, COURSES, Csr.from_rows([{SQL: 1}, {SPANISH: 1}], 4)).tolist() == [1, 1]
    assert metrics.distinct_skills(lists, COURSES, k=1).tolist() == [1, 1]


def test_what_all_lists_show():
    lists = np.array([[0, 1], [0, -1], [0, 2]])
    assert metrics.exposure(lists, 4).tolist() == [3, 1, 1, 0]
    assert metrics.coverage(lists, 4) == 0.75
    assert metrics.coverage(lists, 4, k=1) == 0.25
    assert metrics.gini(np.array([[0, 1, 2, 3]]), 4) == 0.0
    assert metrics.gini(np.array([[0], [0]]), 4) == 0.75
    assert metrics.gini(np.full((2, 2), -1), 4) == 0.0
