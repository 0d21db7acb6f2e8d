"""Curves rise and mean what they say; thresholds keep their promise on the data they were chosen on."""

import numpy as np
import pytest

from skillfirst.skills.tagging.calibration import expected_calibration_error, fit_curve, fixed_curve, reliability
from skillfirst.skills.tagging.thresholds import NEVER, best_f1, choose_thresholds


def test_a_fitted_curve_is_calibrated_and_rises():
    rng = np.random.default_rng(0)
    scores = rng.random(20_000)
    truth = rng.random(20_000) < scores**2
    curve = fit_curve(scores, truth)
    assert np.all(np.diff(curve(np.linspace(0, 1, 50))) >= 0)
    fresh = rng.random(20_000)
    assert expected_calibration_error(curve(fresh), rng.random(20_000) < fresh**2) < 0.015


@pytest.mark.parametrize("value", [True, False])
def test_one_sided_truth_gives_a_finite_curve(value):
    curve = fit_curve(np.linspace(0, 1, 30), np.full(30, value))
    assert 0 < curve(0.5) < 1


def test_the_fixed_curve_rises_from_almost_never():
    assert fixed_curve()([0.0, 1.25, 6.0]).round(2).tolist() == [0.01, 0.5, 1.0]


def test_embeddings_add_to_every_score_and_not_to_every_probability():
    assert fixed_curve(meaning=True)([0.6, 2.5, 6.0]).round(2).tolist() == [0.02, 0.5, 1.0]


def test_reliability_by_hand():
    rows = reliability(np.array([0.05, 0.05, 0.95, 1.0]), np.array([False, True, True, True]))
    assert [r["candidates"] for r in rows] == [2, 2]
    assert rows[1]["true"] == 1.0
    assert expected_calibration_error(np.array([0.05, 0.05]), np.array([False, True])) == pytest.approx(0.45)


def test_thresholds():
    probability = np.linspace(1, 0, 200)
    truth = np.arange(200) < 100
    chosen = choose_thresholds(probability, truth, 100)
    assert chosen.feature == pytest.approx(probability[99])
    assert chosen.publish == pytest.approx(chosen.feature)  # 94 % would go lower still, never below `feature`
    assert chosen.review == pytest.approx(chosen.feature / 2)
    assert (probability[truth] >= chosen.publish).all()


def test_publish_may_be_out_of_reach():
    rng = np.random.default_rng(0)
    chosen = choose_thresholds(rng.random(500), rng.random(500) < 0.3, 150)
    assert chosen.publish == NEVER
    assert not chosen.publish_reachable
    assert best_f1(np.empty(0), np.empty(0, bool), 3) == (0.5, 0.0)
