"""Who knows whom: people of one title, one industry or one interest, and a few strangers; degrees are skewed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from skillfirst.evaluation.world.population import CHUNK, Population
from skillfirst.evaluation.world.samplers import categorical, spread, stream

# Share of connections by what two people have in common: title, industry, first interest, nothing. Homophily by
# occupation is the rule in professional networks (McPherson, Smith-Lovin and Cook 2001); the shares are assumed.
IN_COMMON = (0.50, 0.20, 0.15, 0.15)
MEAN_OUT = 6.0
# A target is at place size * u ** SKEW of its group, so early places are popular.
SKEW = 2.0


class Groups:
    """Members sorted by a key, for drawing one of the same key."""

    def __init__(self, key: npt.NDArray[np.integer], shuffled: npt.NDArray[np.int32]) -> None:
        self.key = np.asarray(key, np.int64)
        self.order = shuffled[np.argsort(self.key[shuffled], kind="stable")]
        counts = np.bincount(self.key)
        self.size, self.start = counts, np.cumsum(counts) - counts

    def draw(self, members: npt.NDArray[np.integer], uniform: npt.NDArray[np.float64]) -> npt.NDArray[np.int32]:
        """For each of `members` one member of the same key."""
        key = self.key[members]
        place = self.start[key] + (self.size[key] * uniform**SKEW).astype(np.int64)
        return np.asarray(self.order[place], np.int32)


def connections(
    population: Population, seed: int, mean: float = MEAN_OUT
) -> Iterator[tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]]:
    """Chunks of (member, connection): each ordered pair once, never oneself, about `mean` a member."""
    size = len(population)
    if size < 2:
        return
    first = np.zeros(size, np.int64)
    filled = np.diff(population.interest.offsets) > 0
    first[filled] = population.interest.indices[population.interest.offsets[:-1][filled]]
    keys = (population.title + 1, population.industry + 1, first, np.zeros(size, np.int64))
    shuffled = stream(seed, 2).permutation(size).astype(np.int32)  # who is popular has nothing to do with codes
    groups = [Groups(key, shuffled) for key in keys]
    for start in range(0, size, CHUNK):
        rng = stream(seed, 2, 1 + start // CHUNK)
        here = np.arange(start, min(start + CHUNK, size))
        count = 1 + np.minimum(rng.lognormal(np.log(max(mean - 1, 0.1)) - 0.32, 0.8, len(here)), 500).astype(np.int64)
        place, _ = spread(count)
        member = here[place].astype(np.int64)
        common = categorical(IN_COMMON, len(member), rng)
        uniform = rng.random(len(member))
        other = np.empty(len(member), np.int64)
        for kind, group in enumerate(groups):
            mask = common == kind
            other[mask] = group.draw(member[mask], uniform[mask])
        pair = np.unique((member * size + other)[member != other])
        yield (pair // size).astype(np.int32), (pair % size).astype(np.int32)
