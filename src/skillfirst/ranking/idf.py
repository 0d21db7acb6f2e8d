"""How rare a skill is among members: IDF(s) = ln(1 + M / N(s))."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

# bounds of the automatic support floor: a share of 1 in 10,000 members, at least 5 (nobody is singled out),
# at most the published 100
AUTO_SHARE = 10_000
AUTO_LOW = 5
AUTO_HIGH = 100


def support_floor(members: int, floor: int | Literal["auto"] = "auto") -> int:
    """Members who must hold a skill for it to count: `auto` = clamp(ceil(M / 10,000), 5, 100)."""
    if floor != "auto":
        return int(floor)
    return min(max(math.ceil(members / AUTO_SHARE), AUTO_LOW), AUTO_HIGH)


@dataclass(frozen=True, slots=True)
class Idf:
    """IDF of every skill.

    `members`: int64 by skill code, N(s), explicit holders. `population`: M. `floor`: the support floor.
    `considered`: float64 in nats, ln(1 + M / N(s)); 0 where N(s) < floor, which takes the skill out.
    `floored`: the same with N(s) raised to the floor: for a skill somebody asked for, and for one that was inferred,
    which few or nobody may list yet. Without it a first day with titles alone would score nothing.
    """

    members: npt.NDArray[np.int64]
    population: int
    floor: int
    considered: npt.NDArray[np.float64]
    floored: npt.NDArray[np.float64]


def idf(members: npt.ArrayLike, population: int, floor: int | Literal["auto"] = "auto") -> Idf:
    """IDF as published, with natural logarithm.

    `members`: N(s), how many members have skill s on their profile; `population`: M, the number of members.
    A skill with N(s) equal to the floor is kept. Where no member has any explicit skill, IDF is 1 for all:
    nothing is known about rarity, and a first day must still score.
    """
    counts = np.asarray(members, np.int64)
    least = support_floor(population, floor)
    if not counts.any():
        ones = np.ones(len(counts), np.float64)
        return Idf(counts, population, least, ones, ones)
    with np.errstate(divide="ignore"):
        raw = np.log(1.0 + population / np.maximum(counts, 1))
        floored = np.log(1.0 + population / np.maximum(counts, max(least, 1)))
    considered = np.where((counts >= least) & (counts > 0), raw, 0.0)
    return Idf(counts, population, least, considered, np.where(considered > 0, considered, floored))
