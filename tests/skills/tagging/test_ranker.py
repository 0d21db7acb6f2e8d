"""Both rankers separate, are deterministic, and answer out of fold; their contributions point the right way."""

import numpy as np
import pytest

from skillfirst.skills.tagging.ranker import boosting_available, cross_fit

KINDS = [False, pytest.param(True, marks=pytest.mark.skipif(not boosting_available(), reason="no LightGBM"))]


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
