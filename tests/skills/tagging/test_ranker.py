"""Both rankers separate, are deterministic, and answer out of fold; their contributions point the right way."""

import numpy as np
import pytest

from skillfirst.skills.tagging import boosting
from skillfirst.skills.tagging.ranker import cross_fit

KINDS = [False, pytest.param(True, marks=pytest.mark.skipif(not boosting.available(), reason="no LightGBM"))]


def separable(n=600):
    rng = np.random.default_rng(5)
    features = rng.normal(size=(n, 3)).astype(np.float32)
    return features, (features[:, 0] + 0.3 * rng.normal(size=n)) > 1.0, np.arange(n) % 5


@pytest.mark.parametrize("boosted", KINDS)
def test_out_of_fold_and_prediction(boosted):
    features, truth, folds = separable()
    ranker, held_out = cross_fit(features, truth, folds, boosted=boosted, seed=0)
    assert held_out[truth].mean() > held_out[~truth].mean() + 0.4
    again, same = cross_fit(features, truth, folds, boosted=boosted, seed=0)
    assert np.array_equal(held_out, same)
    assert np.array_equal(ranker.predict(features), again.predict(features))
    raised = ranker.contributions(features[truth])
    assert raised.shape == (truth.sum(), 3)
    assert np.abs(raised).mean(axis=0).argmax() == 0
    assert ranker.predict(features[:0]).shape == (0,)


@pytest.mark.parametrize("boosted", KINDS)
@pytest.mark.parametrize("value", [True, False])
def test_when_all_candidates_are_alike(boosted, value):
    features, _, folds = separable(100)
    _, held_out = cross_fit(features, np.full(100, value), folds, boosted=boosted, seed=0)
    assert np.all(np.isfinite(held_out))
    assert np.all((held_out > 0.5) == value)


def test_refused_candidates_teach_every_fold():
    """Candidates of fold -1 are in every training set and get no probability of their own."""
    features = np.tile(np.array([[0.0], [1.0]], np.float32), (40, 1))
    truth, folds = features[:, 0] > 0, np.arange(80) // 2 % 5
    _, plain = cross_fit(features, truth, folds, boosted=False, seed=0)
    refused = np.ones((60, 1), np.float32)
    _, taught = cross_fit(
        np.concatenate([features, refused]), np.concatenate([truth, np.zeros(60, bool)]),
        np.concatenate([folds, np.full(60, -1)]), boosted=False, seed=0,
    )  # fmt: skip
    assert plain[1] > 0.8
    assert taught[1] < 0.6
    assert not taught[80:].any()
