"""Deterministic draws: which members and which of their skills, by hash, so that order and batches do not matter."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

Hashes = npt.NDArray[np.uint64]

_FNV_OFFSET = np.uint64(14695981039346656037)
_FNV_PRIME = np.uint64(1099511628211)


@njit(cache=True, nogil=True)
def mix(x: Any) -> Any:
    """Finaliser of splitmix64: spreads every bit of a uint64 over all of them."""
    x = np.uint64(x)
    x ^= x >> np.uint64(30)
    x *= np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(27)
    x *= np.uint64(0x94D049BB133111EB)
    x ^= x >> np.uint64(31)
    return x


@njit(cache=True, nogil=True)
def _hash_strings(offsets: Any, data: Any, out: Any) -> None:
    for i in range(len(offsets) - 1):
        h = _FNV_OFFSET
        for j in range(offsets[i], offsets[i + 1]):
            h = (h ^ np.uint64(data[j])) * _FNV_PRIME
        out[i] = mix(h)


def hash_ids(ids: pa.Array) -> Hashes:
    """A uint64 a string (FNV-1a, then splitmix64): the same on every machine, for slices too. Null hashes as empty."""
    out = np.zeros(len(ids), np.uint64)
    if not len(ids):
        return out
    ids = pa.concat_arrays([ids.fill_null("").cast(pa.string())])
    _, offset_buffer, data_buffer = ids.buffers()
    offsets = np.frombuffer(offset_buffer, np.int32, len(ids) + 1, 4 * ids.offset)
    data = np.frombuffer(data_buffer, np.uint8) if data_buffer is not None else np.zeros(0, np.uint8)
    _hash_strings(offsets, data, out)
    return out


@njit(cache=True, nogil=True)
def hidden_skills(member: Any, offsets: Any, skills: Any, share: float, empty_every: int) -> Any:
    """Which skills of each row to hide when the fusion is calibrated: bool a stored skill.

    Of a row of n skills the max(1, round(share n)) with the smallest hash of (member, skill) are hidden; every
    `empty_every`-th member (by hash) shows none at all, so that empty profiles are calibrated too.
    """
    hide = np.zeros(len(skills), np.bool_)
    for i in range(len(offsets) - 1):
        start, stop = offsets[i], offsets[i + 1]
        n = stop - start
        if n == 0:
            continue
        if mix(member[i] + np.uint64(1)) % np.uint64(empty_every) == 0:
            hide[start:stop] = True
            continue
        draws = np.empty(n, np.uint64)
        for j in range(n):
            draws[j] = mix(member[i] ^ mix(np.uint64(skills[start + j]) + np.uint64(11)))
        wanted = max(1, int(np.floor(share * n + 0.5)))
        limit = np.sort(draws)[wanted - 1]
        for j in range(n):
            hide[start + j] = draws[j] <= limit
    return hide
