"""Skills that come with skills: EASE in closed form where S is small, sparse neighbours where it is not.

EASE: Steck, Embarrassingly Shallow Autoencoders for Sparse Data, WWW 2019:
B = I - P diag(P)^-1, P = (X'X + lambda I)^-1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from skillfirst.skills.inference.top import by_code, offer
from skillfirst.tables.sparse import Csr

Floats = npt.NDArray[np.float32]


@njit(cache=True, nogil=True)
def _gram(offsets: Any, indices: Any, place: Any, out: Any) -> None:
    """Adds X'X over the active skills; `place`: active position of a skill or -1."""
    for i in range(len(offsets) - 1):
        for a in range(offsets[i], offsets[i + 1]):
            x = place[indices[a]]
            if x < 0:
                continue
            for b in range(offsets[i], offsets[i + 1]):
                y = place[indices[b]]
                if y >= 0:
                    out[x, y] += 1


def gram(rows: Csr, place: npt.NDArray[np.int32], active: int) -> npt.NDArray[np.int64]:
    """How many members hold both skills: int64, active x active; the diagonal holds each skill's members."""
    out = np.zeros((active, active), np.int64)
    _gram(rows.offsets, rows.indices, place, out)
    return out


def ease(pairs: npt.NDArray[np.int64], regularisation: float, anonymity: int) -> Floats:
    """Item weights B, float32, active x active, zero diagonal: the score of s is the sum of B[t, s] over held t.

    Pairs of fewer than `anonymity` members count as none.
    """
    g = np.where(pairs >= anonymity, pairs, 0).astype(np.float64)
    g[np.diag_indices_from(g)] += regularisation
    p = np.linalg.inv(g)
    b = -p / np.diag(p)
    np.fill_diagonal(b, 0.0)
    return np.ascontiguousarray(b, np.float32)


@njit(cache=True, nogil=True)
def _neighbours(
    offsets: Any, members: Any, row_offsets: Any, row_skills: Any, total: Any, k: Any, anonymity: Any,
    smoothing: Any, everybody: Any, index: Any, value: Any, found: Any,
) -> None:  # fmt: skip
    """Row-at-a-time with one reused counter of S: no pair list ever exists."""
    n = len(offsets) - 1
    counter = np.zeros(n, np.int32)
    touched = np.empty(n, np.int32)
    best = np.empty(k, np.int32)
    strength = np.empty(k)
    for s in range(n):
        count = 0
        for m in range(offsets[s], offsets[s + 1]):
            row = members[m]
            for j in range(row_offsets[row], row_offsets[row + 1]):
                t = row_skills[j]
                if counter[t] == 0:
                    touched[count] = t
                    count += 1
                counter[t] += 1
        take = 0
        for j in range(count):
            t = touched[j]
            if t != s and counter[t] >= anonymity:
                # cosine: the plain conditional would give every skill the same popular neighbours
                take = offer(best, strength, take, k, t, counter[t] / np.sqrt(float(total[t])))
        by_code(best, strength, take)
        for j in range(take):
            t = best[j]
            index[s, j] = t
            value[s, j] = (counter[t] + smoothing * everybody[t]) / (total[s] + smoothing)
        found[s] = take
        for j in range(count):
            counter[touched[j]] = 0


def neighbours(rows: Csr, everybody: Floats, k: int, anonymity: int, smoothing: float) -> Csr:
    """skills x skills: for each held skill its k nearest by cosine, with P(s | held) smoothed towards P(s).

    Memory: one counter of S and the result, whatever the number of pairs (the notes' winner: 5.6 s for 313 M pairs).
    """
    skills = rows.width
    by_skill = rows.transpose()
    index = np.zeros((skills, k), np.int32)
    value = np.zeros((skills, k), np.float32)
    found = np.zeros(skills, np.int64)
    total = np.diff(by_skill.offsets)
    _neighbours(
        by_skill.offsets, by_skill.indices, rows.offsets, rows.indices, total, k, anonymity, smoothing, everybody,
        index, value, found,
    )  # fmt: skip
    offsets = np.zeros(skills + 1, np.int64)
    np.cumsum(found, out=offsets[1:])
    keep = np.arange(k)[None, :] < found[:, None]
    return Csr(offsets, index[keep], value[keep], skills)
