"""nDCG by hand."""

import numpy as np

from skillfirst.skills.tagging.quality import ndcg, order_within


def test_ndcg_by_hand():
    course = np.array([0, 0, 0, 1, 2])
    skill = np.array([5, 6, 7, 5, 5])
    score = np.array([0.9, 0.5, 0.1, 0.0, 0.3])
    truth = np.array([False, True, True, True, False])
    gains = ndcg(course, skill, score, truth, np.array([2, 1, 0]))
    best = 1 + 1 / np.log2(3)
    assert np.allclose(gains, [(1 / np.log2(3) + 1 / np.log2(4)) / best, 0])


def test_ties_go_to_the_lower_skill():
    order, place = order_within(np.array([1, 1, 0]), np.array([0.5, 0.5, 0.1]), np.array([9, 3, 1]))
    assert (order.tolist(), place.tolist()) == ([2, 1, 0], [0, 0, 1])
