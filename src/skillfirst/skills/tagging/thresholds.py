"""Three thresholds with three names, chosen on out-of-fold probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Real = npt.NDArray[np.float64]

PUBLISH_PRECISION = 0.94
SUPPORT = 50  # candidates above a threshold before its precision is believed
NEVER = 2.0  # a probability nothing reaches


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Smallest probability for each use; `publish` may be out of reach (NEVER)."""

    publish: float
    feature: float
    review: float

    @property
    def publish_reachable(self) -> bool:
        return self.publish <= 1.0


# without labels nothing but a plain mention in the title is published
UNLABELLED = Thresholds(publish=NEVER, feature=0.25, review=0.12)
UNNAMED_FEATURE = 0.5  # without labels, for a skill the text resembles but does not name: teams is not Microsoft Teams


def choose_thresholds(
    probability: Real, truth: npt.NDArray[np.bool_], positives: int, precision: float = PUBLISH_PRECISION
) -> Thresholds:
    """`publish`: the lowest with that precision. `feature`: the best micro-F1. `review`: half of that.

    `positives`: true pairs in all, also those that were never candidates.
    """
    feature, _ = best_f1(probability, truth, positives)
    order = np.argsort(-probability, kind="stable")
    hits = np.cumsum(truth[order])
    share = hits / np.arange(1, len(order) + 1)
    good = np.flatnonzero((share >= precision) & (np.arange(1, len(order) + 1) >= SUPPORT))
    publish = float(probability[order[good[-1]]]) if len(good) else NEVER
    return Thresholds(max(publish, feature), feature, feature / 2)


def best_f1(probability: Real, truth: npt.NDArray[np.bool_], positives: int) -> tuple[float, float]:
    """(threshold, micro-F1) of the best cut; (0.5, 0) when nothing is true."""
    if not len(probability) or not truth.any():
        return 0.5, 0.0
    order = np.argsort(-probability, kind="stable")
    hits = np.cumsum(truth[order])
    f1 = 2 * hits / (np.arange(1, len(order) + 1) + positives)
    at = int(np.argmax(f1))
    return float(probability[order[at]]), float(f1[at])
