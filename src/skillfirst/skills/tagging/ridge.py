"""Kernel ridge in closed form: one solve for all skills, and its out-of-fold answers from the same solve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

LAMBDA = 0.5


@dataclass(frozen=True, slots=True)
class KernelRidge:
    """`dual`: labelled courses x skills, float32."""

    dual: npt.NDArray[np.float32]

    def predict(self, kernel: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """`kernel`: courses x labelled courses -> courses x skills."""
        return kernel @ self.dual


def fit(
    kernel: npt.NDArray[np.float32], targets: npt.NDArray[np.float32], folds: npt.NDArray[np.int64]
) -> tuple[KernelRidge, npt.NDArray[np.float32]]:
    """The model and its predictions out of fold (labelled courses x skills).

    With A = (K + lambda I)^-1 the prediction for fold F by the others is y_F - A_FF^-1 (A y)_F: exact, without
    solving again for each fold (Pahikkala et al. 2006, leave-group-out of regularised least squares).
    """
    inverse = np.linalg.inv(kernel.astype(np.float64) + LAMBDA * np.eye(len(kernel)))
    dual = inverse @ targets.astype(np.float64)
    held_out = np.zeros(targets.shape, np.float32)
    for fold in np.unique(folds):
        rows = np.flatnonzero(folds == fold)
        if len(rows) < len(folds):
            held_out[rows] = targets[rows] - np.linalg.solve(inverse[np.ix_(rows, rows)], dual[rows])
    return KernelRidge(dual.astype(np.float32)), held_out
