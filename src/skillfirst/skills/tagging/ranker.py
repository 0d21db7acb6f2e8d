"""The second stage: candidates' features to probabilities, cross-fitted.

LightGBM where it is installed and there are labels enough, else logistic regression. Five models are fitted, each
without one fold; what they say about their own fold is the out-of-fold probability, their mean is the prediction.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np
import numpy.typing as npt

from skillfirst.skills.tagging import boosting

Block = npt.NDArray[np.float32]
Real = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

TREES, LEAVES, RATE = 120, 15, 0.07
NEGATIVES_KEPT = 12  # a positive; the others are represented by their weight
LOGISTIC_STEPS = 200
RANKED_AT_ONCE = 65_536  # candidates


@dataclass(frozen=True)
class Logistic:
    """Standardised features times weights."""

    mean: Real
    scale: Real
    weights: Real
    bias: float

    def predict(self, features: Block) -> Real:
        return _sigmoid(((features - self.mean) / self.scale) @ self.weights + self.bias)

    def contributions(self, features: Block) -> Real:
        """What each feature adds to the log-odds against an average candidate."""
        return np.asarray((features - self.mean) / self.scale * self.weights, np.float64)


@dataclass(frozen=True)
class Boosted:
    """A LightGBM model, kept as its text."""

    text: str

    def predict(self, features: Block) -> Real:
        return boosting.predict(self.text, features)

    def contributions(self, features: Block) -> Real:
        """What each feature adds to the log-odds (SHAP values of the trees)."""
        return boosting.predict(self.text, features, contributions=True)[:, :-1]


@dataclass(frozen=True)
class Ranker:
    """The mean of its models."""

    models: tuple[Logistic | Boosted, ...]

    def predict(self, features: Block, workers: int = 1) -> Real:
        """Probabilities, float64, by that many threads."""
        if not len(features):
            return np.empty(0)
        pieces = [features[i : i + RANKED_AT_ONCE] for i in range(0, len(features), RANKED_AT_ONCE)]
        with ThreadPoolExecutor(workers) as pool:
            answers = list(pool.map(lambda ask: ask[0].predict(ask[1]), product(self.models, pieces)))
        each = [np.concatenate(answers[i : i + len(pieces)]) for i in range(0, len(answers), len(pieces))]
        return np.asarray(sum(each) / len(self.models), np.float64)

    def contributions(self, features: Block) -> Real:
        """Candidates x features, in log-odds, of the first model: the others were trained on three quarters of the same
        courses, and working out theirs takes longer than tagging."""
        return self.models[0].contributions(features) if len(features) else np.empty(features.shape, np.float64)


def cross_fit(
    features: Block, truth: npt.NDArray[np.bool_], folds: Rows, *, boosted: bool, seed: int, workers: int = 1
) -> tuple[Ranker, Real]:
    """The ranker and its out-of-fold probabilities. `folds`: of each candidate, by course; candidates of fold -1 teach
    every model and get no probability. `seed`: of boosting, the other models draw nothing. `workers`: models that are
    fitted at once."""
    held_out = np.zeros(len(truth))
    fit = partial(_boost, seed=seed) if boosted else _logistic
    parts = [folds != fold for fold in np.unique(folds[folds >= 0])]
    parts = [inside for inside in parts if inside.any()]

    def one(inside: npt.NDArray[np.bool_]) -> tuple[Logistic | Boosted, Real]:
        model = fit(features[inside], truth[inside])
        return model, model.predict(features[~inside])

    # folds side by side, one thread each: far cheaper than threads inside one fit that wait for one another
    with ThreadPoolExecutor(workers) as pool:
        fitted = list(pool.map(one, parts))
    for inside, (_, answer) in zip(parts, fitted, strict=True):
        held_out[~inside] = answer
    models = [model for model, _ in fitted]
    return Ranker(tuple(models)), held_out


def _sampled(truth: npt.NDArray[np.bool_], seed: int) -> tuple[Rows, Real]:
    """All positives and some negatives, with weights that keep the base rate."""
    negative = np.flatnonzero(~truth)
    room = max(2_000, NEGATIVES_KEPT * int(truth.sum()))
    if len(negative) <= room:
        return np.arange(len(truth)), np.ones(len(truth))
    kept = np.sort(np.random.default_rng(seed).choice(negative, room, replace=False))
    rows = np.sort(np.concatenate([np.flatnonzero(truth), kept]))
    return rows, np.where(truth[rows], 1.0, len(negative) / room)


def _boost(features: Block, truth: npt.NDArray[np.bool_], seed: int) -> Boosted:
    rows, weights = _sampled(truth, seed)
    settings = {
        "objective": "binary", "num_iterations": TREES, "num_leaves": LEAVES, "learning_rate": RATE,
        "min_data_in_leaf": 30, "bagging_fraction": 0.8, "bagging_freq": 1, "feature_fraction": 0.6, "lambda_l2": 5.0,
        "max_bin": 63, "verbose": -1, "num_threads": 1, "seed": seed, "deterministic": True, "force_col_wise": True,
    }  # fmt: skip
    return Boosted(boosting.train(features[rows], truth[rows], weights, settings))


def _logistic(features: Block, truth: npt.NDArray[np.bool_]) -> Logistic:
    from sklearn.linear_model import LogisticRegression

    mean = features.mean(axis=0, dtype=np.float64)
    scale = features.std(axis=0, dtype=np.float64)
    scale[scale == 0] = 1.0
    if truth.all() or not truth.any():
        rate = (truth.sum() + 0.5) / (len(truth) + 1)
        return Logistic(mean, scale, np.zeros(features.shape[1]), float(np.log(rate / (1 - rate))))
    model = LogisticRegression(C=0.3, max_iter=LOGISTIC_STEPS)
    model.fit((features - mean) / scale, truth)
    return Logistic(mean, scale, np.asarray(model.coef_[0], np.float64), float(model.intercept_[0]))


def _sigmoid(x: Real) -> Real:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -50, 50))), np.float64)
