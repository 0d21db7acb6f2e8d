"""Chance that belongs to who, what and when, not to the order of draws.

A uniform number is a hash of (seed, purpose, day, keys), so the same member has the same luck with the same course on
the same day whatever else is on the page: two policies in two copies of a world differ by what they show alone.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
FIRST, SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


class Purpose(IntEnum):
    """What a draw decides; the numbers are part of every result."""

    COMES = 1
    CHANNEL = 2
    HOUR = 3
    SCROLLS = 4
    SWIPES = 5
    EXAMINES = 6
    CLICKS = 7
    DISMISSES = 8
    BOOKMARKS = 9
    STARTS = 10
    SITS = 11
    SITS_TOO = 12
    GIVES_UP = 13
    RESUMES = 14
    SEARCHES = 15
    SEARCHED_SKILL = 16
    SEARCHED_COURSE = 17
    OPENS = 18
    MOVES_ON = 19
    TELLS = 20
    TAGGED = 21
    TAG_KEPT = 22
    APPEARS = 23


def mixed(x: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Finaliser of splitmix64 (Steele, Lea and Flood 2014)."""
    x = (x ^ (x >> np.uint64(30))) * FIRST
    x = (x ^ (x >> np.uint64(27))) * SECOND
    return x ^ (x >> np.uint64(31))


def mixed_in(state: npt.NDArray[np.uint64], part: np.uint64 | npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The state after one more key."""
    return mixed((state + GOLDEN) ^ np.multiply(part, SECOND, dtype=np.uint64))


def luck(seed: int, purpose: Purpose, day: int, *keys: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
    """Uniform numbers in [0, 1), one for each entry of the parallel `keys`."""
    state = np.full(len(keys[0]), np.uint64(seed), np.uint64)
    with np.errstate(over="ignore"):
        state = mixed_in(mixed_in(state, np.uint64(int(purpose))), np.uint64(day))
        for key in keys:
            state = mixed_in(state, np.asarray(key, np.int64).astype(np.uint64))
    return np.asarray((state >> np.uint64(11)).astype(np.float64) * 2.0**-53, np.float64)


def normal(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Standard normal numbers from two independent uniform ones (Box and Muller)."""
    return np.asarray(np.sqrt(-2.0 * np.log1p(-one)) * np.cos(2.0 * np.pi * other), np.float64)
