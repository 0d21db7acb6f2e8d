"""A low-rank softmax over hashed words and n-grams: P(title | text), trained on the names of each title.

Joulin et al., Bag of Tricks for Efficient Text Classification, 2017; one thread, so that the order of steps is fixed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from skillfirst.tables.sparse import Csr

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class LinearTitles:
    """`embed`: buckets x D; `out`: D x titles; `bias`: titles; all float32."""

    embed: Floats
    out: Floats
    bias: Floats


@njit(cache=True, nogil=True)
def _epoch(
    offsets: Any, index: Any, value: Any, label: Any, order: Any, embed: Any, out: Any, bias: Any, rate: Any, salt: Any
) -> None:
    """One pass of stochastic gradient descent; three in ten features sit out at each visit."""
    width, titles = out.shape
    h = np.zeros(width, np.float32)
    g = np.zeros(width, np.float32)
    z = np.zeros(titles, np.float32)
    one = np.float32(1.0)
    for visit in range(len(order)):
        i = order[visit]
        h[:] = 0
        for e in range(offsets[i], offsets[i + 1]):
            if (index[e] * 7919 + (visit + salt) * 104729) % 10 < 3:
                continue
            row = embed[index[e]]
            for d in range(width):
                h[d] += value[e] * row[d]
        z[:] = bias
        for d in range(width):
            row = out[d]
            for k in range(titles):
                z[k] += h[d] * row[k]
        top = z.max()
        total = np.float32(0.0)
        for k in range(titles):
            z[k] = np.exp(z[k] - top)
            total += z[k]
        g[:] = 0
        for k in range(titles):
            p = z[k] / total
            if k == label[i]:
                p -= one
            elif p < 1e-4:
                continue
            for d in range(width):
                g[d] += p * out[d, k]
                out[d, k] -= rate * p * h[d]
            bias[k] -= rate * np.float32(0.1) * p
        for e in range(offsets[i], offsets[i + 1]):
            if (index[e] * 7919 + (visit + salt) * 104729) % 10 < 3:
                continue
            row = embed[index[e]]
            for d in range(width):
                row[d] -= rate * value[e] * g[d]


def train(rows: Csr, label: npt.NDArray[np.int32], titles: int, width: int, epochs: int, seed: int) -> LinearTitles:
    """From normalised rows and the title of each; deterministic by `seed`."""
    draw = np.random.default_rng(seed)
    embed = (draw.standard_normal((rows.width, width)) * (0.5 / np.sqrt(width))).astype(np.float32)
    out, bias = np.zeros((width, titles), np.float32), np.zeros(titles, np.float32)
    for epoch in range(epochs):
        rate = np.float32(0.5 * (1 - epoch / epochs))
        order = draw.permutation(len(rows))
        _epoch(rows.offsets, rows.indices, rows.values, label, order, embed, out, bias, rate, epoch)
    return LinearTitles(embed, out, bias)


@njit(cache=True, nogil=True)
def logits(offsets: Any, index: Any, value: Any, embed: Any, out: Any, bias: Any, i: int, h: Any, z: Any) -> None:
    """Logits of text i over all titles, into `z`."""
    h[:] = 0
    for e in range(offsets[i], offsets[i + 1]):
        row = embed[index[e]]
        for d in range(len(h)):
            h[d] += value[e] * row[d]
    z[:] = bias
    for d in range(len(h)):
        row = out[d]
        for k in range(len(z)):
            z[k] += h[d] * row[k]
