"""Nearest labelled courses: their tags, weighted by the cube of similarity."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

NEIGHBOURS = 15
POWER = 3

Block = npt.NDArray[np.float32]


def neighbour_weights(kernel: Block) -> Block:
    """Courses x labelled courses: the cubed similarity of the nearest NEIGHBOURS, each row summing to 1 (or 0)."""
    positive = np.maximum(kernel, 0)
    if positive.shape[1] > NEIGHBOURS:
        bound = -np.partition(-positive, NEIGHBOURS - 1, axis=1)[:, NEIGHBOURS - 1 : NEIGHBOURS]
        positive = np.where(positive >= bound, positive, 0)
    weights = positive**POWER
    total = weights.sum(axis=1, keepdims=True)
    return np.asarray(weights / np.where(total > 0, total, 1), np.float32)


def neighbour_scores(kernel: Block, targets: Block) -> Block:
    """Courses x skills: the weighted share of the nearest labelled courses that have each skill."""
    return neighbour_weights(kernel) @ targets
