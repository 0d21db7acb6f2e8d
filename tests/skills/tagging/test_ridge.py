"""The out-of-fold answers of the closed form equal those of models fitted without the fold."""

import numpy as np

from skillfirst.skills.tagging.ridge import LAMBDA, fit


def test_out_of_fold_answers_equal_refitting():
    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(12, 5))
    kernel = (vectors @ vectors.T).astype(np.float32)
    targets = (rng.random((12, 4)) < 0.4).astype(np.float32)
    folds = np.arange(12) % 3
    model, held_out = fit(kernel, targets, folds)
    for fold in range(3):
        out, rest = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        solved = np.linalg.solve(kernel[np.ix_(rest, rest)].astype(float) + LAMBDA * np.eye(len(rest)), targets[rest])
        np.testing.assert_allclose(held_out[out], kernel[np.ix_(out, rest)] @ solved, atol=1e-3)
    full = np.linalg.solve(kernel.astype(float) + LAMBDA * np.eye(12), targets)
    np.testing.assert_allclose(model.predict(kernel), kernel @ full, atol=1e-3)


def test_one_course_has_nobody_to_learn_from():
    _, held_out = fit(np.ones((1, 1), np.float32), np.ones((1, 1), np.float32), np.zeros(1, np.int64))
    assert held_out.tolist() == [[0.0]]
