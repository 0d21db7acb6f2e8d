"""Metrics of ranked lists, one value a member.

`lists`: int32 or int64, members x k, codes of skills or courses in shown order, -1 behind the end of a shorter list; a
code stands at most once in a list. `relevant`: Csr, members x codes: what the member holds, wants or went on to take;
its values are gains where a metric uses them. Members with nothing relevant get nan: they say nothing about ranking.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from skillfirst.errors import UsageError
from skillfirst.tables.sparse import Csr

Floats = npt.NDArray[np.float64]
Lists = npt.NDArray[np.integer]


def _gains(lists: Lists, relevant: Csr) -> Floats:
    """Gain of each place: the relevance of the course there, 0 for others; float64, members x k."""
    if len(lists) != len(relevant):
        raise UsageError(f"{len(lists)} lists and {len(relevant)} rows of relevance")
    rows = np.repeat(np.arange(len(relevant), dtype=np.int64), np.diff(relevant.offsets))
    keys = rows * relevant.width + relevant.indices  # ascending: rows ascend, and columns within them
    values = relevant.weights.astype(np.float64)
    asked = np.arange(len(lists), dtype=np.int64)[:, None] * relevant.width + lists
    if not len(keys):
        return np.zeros(lists.shape)
    at = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
    return np.where((keys[at] == asked) & (lists >= 0), values[at], 0.0)


def _ratio(above: npt.NDArray[Any], below: npt.NDArray[Any]) -> Floats:
    """above / below, nan where below is 0."""
    out = np.full(len(below), np.nan)
    np.divide(above, below, out=out, where=below > 0)
    return out


def ndcg(lists: Lists, relevant: Csr, k: int = 10) -> Floats:
    """nDCG@k = DCG / ideal DCG, DCG = sum over places i of gain_i / log2(1 + i), gain = relevance itself
    (K. Jarvelin, J. Kekalainen, TOIS 2002)."""
    weights = 1 / np.log2(np.arange(2, k + 2))
    gains = _gains(lists[:, :k], relevant)
    dcg = gains @ weights[: gains.shape[1]]
    ideal = np.zeros(len(lists))
    for i in range(len(lists)):
        best = np.sort(relevant.row_values(i).astype(np.float64))[::-1][:k]
        ideal[i] = best @ weights[: len(best)]
    return _ratio(dcg, ideal)


def average_precision(lists: Lists, relevant: Csr, k: int = 10) -> Floats:
    """AP@k = sum over relevant places i <= k of precision@i / min(k, relevant courses); its mean is MAP@k."""
    hit = _gains(lists[:, :k], relevant) > 0
    precision = np.cumsum(hit, axis=1) / np.arange(1, hit.shape[1] + 1)
    most = np.minimum(np.diff(relevant.offsets), k)
    return _ratio((precision * hit).sum(axis=1), most)
