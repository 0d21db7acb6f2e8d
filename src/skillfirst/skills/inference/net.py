"""A small network with skill dropout: P(s | the skills shown, titles, profile columns), for up to a thousand skills.

logit(s) = b_s + sum_x W[x, s] + sum_h C[h, s] tanh(a_h + sum_x A[x, h]) over the inputs x of a member. The linear
part alone is the logistic model per skill of the literature, the hidden layer adds what skills mean together. Trained
as a denoising autoencoder (Vincent et al. 2008): some of a member's skills are hidden at each visit, and the loss is on
the skills not shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from skillfirst.skills.inference.settings import Inference

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Net:
    """Weights, float32: `intercept` A; `linear` inputs x A; `into` inputs x H; `hidden` H; `out` H x A.

    The inputs are the A active skills first, then the profile columns.
    """

    intercept: Floats
    linear: Floats
    into: Floats
    hidden: Floats
    out: Floats

    @property
    def width(self) -> int:
        return len(self.intercept)


def no_net() -> Net:
    """A network over nothing."""
    zero = np.zeros((0, 0), np.float32)
    return Net(np.zeros(0, np.float32), zero, zero, np.zeros(0, np.float32), zero)


def train(
    shown: Floats, side: Floats, target: Floats, settings: Inference, *, dropout: tuple[float, float], l2: float
) -> Net:
    """Fits the network by Adam (Kingma & Ba 2015), rate falling to zero; deterministic by `settings.seed`.

    `shown`: members x A, 1 where the member shows a skill. `side`: members x profile columns. `target`: members x A,
    what is to be predicted. A share of each member's skills, drawn evenly from `dropout`, is hidden at each visit, and
    in `settings.net_empty` of the visits all of them, so that empty profiles are learned too. The loss leaves out
    skills that are shown: where the target is the skills themselves those hidden are learned, where it is wants all
    skills the member lacks. (The mean of four networks gained nothing.)
    """
    draw = np.random.default_rng(settings.seed)
    recall = shown is target
    members, width = shown.shape
    inputs = width + side.shape[1]
    units = settings.net_width
    prior = np.clip(target.mean(axis=0, dtype=np.float64), 1e-4, 1 - 1e-4)
    weights = {
        "b": np.log(prior / (1 - prior)).astype(np.float32),
        "W": np.zeros((inputs, width), np.float32),
        "A": (draw.standard_normal((inputs, units)) * 0.1).astype(np.float32),
        "a": np.zeros(units, np.float32),
        "C": (draw.standard_normal((units, width)) * 0.05).astype(np.float32),
    }
    first = {k: np.zeros_like(v) for k, v in weights.items()}
    second = {k: np.zeros_like(v) for k, v in weights.items()}
    batch, step = 256, 0
    epochs = settings.net_epochs
    total = epochs * -(-members // batch)
    for _ in range(epochs):
        order = draw.permutation(members)
        for start in range(0, members, batch):
            rows = order[start : start + batch]
            share = draw.uniform(*dropout, size=(len(rows), 1))
            share[draw.random(len(rows)) < settings.net_empty] = 1.0
            seen = shown[rows] * (draw.random((len(rows), width), dtype=np.float32) > share)
            gradient = _gradient(weights, seen, side[rows], target[rows], seen if recall else shown[rows], l2)
            step += 1
            rate = np.float32(0.01 * (1 - step / (total + 1)))
            for k, g in gradient.items():
                first[k] += np.float32(0.1) * (g - first[k])
                second[k] += np.float32(0.001) * (g * g - second[k])
                correction = np.float32(np.sqrt(1 - 0.999**step) / (1 - 0.9**step))
                weights[k] -= rate * correction * first[k] / (np.sqrt(second[k]) + np.float32(1e-8))
    w = weights
    return Net(w["b"], w["W"], w["A"], w["a"], w["C"])


def _gradient(
    weights: dict[str, Any], seen: Floats, side: Floats, target: Floats, known: Floats, l2: float
) -> dict[str, Any]:
    """Gradient of the mean cross-entropy over the skills not `known`."""
    x = np.hstack([seen, side]).astype(np.float32, copy=False)
    h = np.tanh(x @ weights["A"] + weights["a"])
    z = weights["b"] + x @ weights["W"] + h @ weights["C"]
    p = 1 / (1 + np.exp(-np.clip(z, -30, 30)))
    d = (p - target) * (1 - known) / np.float32(len(seen))
    d = d.astype(np.float32, copy=False)
    back = (d @ weights["C"].T) * (1 - h * h)
    l2_ = np.float32(l2)
    return {
        "b": d.sum(0),
        "W": x.T @ d + l2_ * weights["W"],
        "A": x.T @ back + l2_ * weights["A"],
        "a": back.sum(0),
        "C": h.T @ d + l2_ * weights["C"],
    }
