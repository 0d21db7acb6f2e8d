"""Scores to probabilities that mean what they say: a rising step curve, fitted out of fold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Real = npt.NDArray[np.float64]

# without labels: log-odds = SLOPE x score + OFFSET; the mean over several labelled catalogues, rounded
SLOPE, OFFSET = 4.0, -5.0
# the same with embeddings, which add to the score of every skill: a text and a name are always a little alike
MEANING_SLOPE, MEANING_OFFSET = 2.0, -5.0
ECE_BINS = 10
_PRIOR = 1.0  # a candidate without and a share of one with the tag are added to each step


@dataclass(frozen=True)
class Curve:
    """Probability at rising scores, straight lines between, flat outside."""

    score: Real
    probability: Real

    def __call__(self, scores: npt.ArrayLike) -> Real:
        return np.asarray(np.interp(np.asarray(scores, np.float64), self.score, self.probability), np.float64)


def fixed_curve(meaning: bool = False) -> Curve:
    """For the formula when there are no labels; `meaning`: whether it reads embeddings."""
    slope, offset = (MEANING_SLOPE, MEANING_OFFSET) if meaning else (SLOPE, OFFSET)
    score = np.linspace(0, 6, 61)
    return Curve(score, 1 / (1 + np.exp(-(slope * score + offset))))


def fit_curve(scores: Real, truth: npt.NDArray[np.bool_], steps: int = 200) -> Curve:
    """Isotonic regression (pool adjacent violators) over up to `steps` groups of candidates of near score."""
    order = np.argsort(scores, kind="stable")
    groups = np.array_split(order, max(1, min(steps, len(order) // 20)))
    base = (truth.sum() + 0.5) / (len(truth) + 1)
    stack: list[tuple[float, float, float]] = []  # (sum of scores, hits, count)
    for group in groups:
        item = (float(scores[group].sum()), float(truth[group].sum()), float(len(group)))
        while stack and _rate(stack[-1], base) >= _rate(item, base):
            last = stack.pop()
            item = (last[0] + item[0], last[1] + item[1], last[2] + item[2])
        stack.append(item)
    return Curve(np.asarray([s / n for s, _, n in stack]), np.asarray([_rate(item, base) for item in stack]))


def _rate(item: tuple[float, float, float], base: float) -> float:
    return (item[1] + _PRIOR * base) / (item[2] + _PRIOR)


def reliability(probability: Real, truth: npt.NDArray[np.bool_]) -> list[dict[str, float]]:
    """Ten equal bins: candidates, mean probability, share that is true; empty bins are left out."""
    bins = np.minimum((probability * ECE_BINS).astype(int), ECE_BINS - 1)
    rows = []
    for b in range(ECE_BINS):
        inside = bins == b
        if inside.any():
            rows.append(
                {
                    "candidates": int(inside.sum()),
                    "probability": float(probability[inside].mean()),
                    "true": float(truth[inside].mean()),
                }
            )
    return rows


def expected_calibration_error(probability: Real, truth: npt.NDArray[np.bool_]) -> float:
    """Mean distance between probability and truth over the bins, weighted by their candidates."""
    total = max(1, len(probability))
    return float(
        sum(r["candidates"] * abs(r["probability"] - r["true"]) for r in reliability(probability, truth)) / total
    )
