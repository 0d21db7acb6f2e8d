"""Skills that stand together: what the likely skills of a course make likely."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

PRIOR_COUNT = 2.0  # shrinks P(s | t) of a skill t seen once or twice
LIKELY = 0.08  # ridge score from which a skill counts as likely
LIKELY_KEPT = 20

Block = npt.NDArray[np.float32]


def conditional(targets: Block) -> Block:
    """P(s | t), skills t x skills s, over labelled courses; a skill says nothing about itself."""
    counts = targets.T @ targets
    own = counts.diagonal().copy()
    np.fill_diagonal(counts, 0)
    return np.asarray(counts / (own[:, None] + PRIOR_COUNT), np.float32)


def co_occurrence_scores(likely: Block, given: Block) -> Block:
    """Mean P(s | t) over the likely skills t of each course, weighted by how likely they are."""
    weights = np.where(likely >= LIKELY, likely, 0)
    if weights.shape[1] > LIKELY_KEPT:
        bound = -np.partition(-weights, LIKELY_KEPT - 1, axis=1)[:, LIKELY_KEPT - 1 : LIKELY_KEPT]
        weights = np.where(weights >= bound, weights, 0)
    total = np.maximum(weights.sum(axis=1, keepdims=True), 0.2)
    return np.asarray((sp.csr_matrix(weights) @ given) / total, np.float32)
