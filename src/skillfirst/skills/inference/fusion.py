"""One probability from several sources: a logistic regression per number of skills shown, fitted on hidden skills."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from skillfirst.skills.inference.rows import BUCKETS, FEATURES

Doubles = npt.NDArray[np.float64]

POOL = 20.0  # strength of the pull of a bucket's weights towards everybody's, in units of x'Wx
ROWS = 1_500_000  # candidates used in a fit, memory bound: 84 MB
MINIMUM = 50  # hidden skills a source must have spoken for before its weight is learned


def logistic(x: Doubles, y: Doubles, weight: Doubles, centre: Doubles, ridge: float, steps: int = 30) -> Doubles:
    """Weights of a logistic regression by Newton's method, L2 `ridge` towards `centre`; columns of zeros stay there."""
    w = centre.copy()
    for _ in range(steps):
        p = 1 / (1 + np.exp(-np.clip(x @ w, -30, 30)))
        gradient = x.T @ (weight * (p - y)) + ridge * (w - centre)
        curve = weight * np.maximum(p * (1 - p), 1e-6)
        hessian = (x * curve[:, None]).T @ x + ridge * np.eye(len(w))
        step = np.linalg.solve(hessian, gradient)
        w = w - step * min(1.0, 5.0 / max(float(np.abs(step).max()), 1e-12))
        if float(np.abs(step).max()) < 1e-7:
            break
    return w


def fit_fusion(
    x: Doubles, label: npt.NDArray[np.bool_], group: npt.NDArray[np.int64], weight: Doubles
) -> tuple[Doubles, npt.NDArray[np.int64]]:
    """(weights: BUCKETS x FEATURES, which of the four sources were learned).

    A source of which fewer than MINIMUM hidden skills tell anything keeps weight 0 and is left to the noisy-OR.
    """
    y = label.astype(np.float64)
    spoken = [int(np.any(x[label][:, columns] != 0, axis=1).sum()) for columns in ([1], [2, 3], [4], [5, 6])]
    learned = np.array([n >= MINIMUM for n in spoken], np.int64)
    fusion = np.zeros((BUCKETS, FEATURES))
    if not learned[0]:
        return fusion, np.zeros(4, np.int64)
    use = np.repeat(learned, [1, 2, 1, 2]).astype(bool)
    x = x * np.r_[True, use]
    centre = np.zeros(FEATURES)
    centre[1] = 1.0
    pooled = logistic(x, y, weight, centre, 1.0)
    for b in range(BUCKETS):
        rows = group == b
        fusion[b] = logistic(x[rows], y[rows], weight[rows], pooled, POOL) if label[rows].sum() >= MINIMUM else pooled
    return fusion, learned
