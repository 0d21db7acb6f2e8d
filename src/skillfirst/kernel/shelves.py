"""Course lists by cohort: popular and trending."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from skillfirst.contexts.kinds import Basis
from skillfirst.contexts.trending import Trending, trending_courses
from skillfirst.kernel.catalogue import Catalogue
from skillfirst.kernel.learners import Learners, Longs
from skillfirst.kernel.shelf_index import ShelfIndex

LEAST_PEOPLE = 5  # nothing is shown on fewer people


def course_shelves(
    counted: Mapping[str, Learners],
    holders: Longs,
    catalogue: Catalogue,
    rarity: npt.NDArray[np.float64],
    rule: Trending,
) -> ShelfIndex:
    """Course lists by cohort: popular (most learners, then what the population's skills favour) and trending.

    `counted`: learners by kind of cohort. `holders`, `rarity`: N(s) and IDF by skill.
    """
    courses = len(catalogue.cards)
    matrix = catalogue.course_skills
    rows = np.repeat(np.arange(courses), np.diff(matrix.offsets))
    # before anybody has clicked, the population's own affinity says what is popular
    mass = holders * rarity if holders.any() else np.ones(len(rarity))
    prior = np.bincount(rows, mass[matrix.indices] * matrix.weights.astype(np.float64), minlength=courses)
    index = ShelfIndex.empty()
    for kind, learners in counted.items():
        cohort, course = learners.keys // max(courses, 1), learners.keys % max(courses, 1)
        ever = learners.counts[:, 0]
        if kind == "all":
            known = np.zeros(courses, np.int64)
            known[course] = np.where(ever >= LEAST_PEOPLE, ever, 0)
            taken = np.zeros(courses, np.int64)
            taken[course] = ever
            order = np.lexsort((np.arange(courses), -prior, -known))
            index.add("popular", "all", 0, order[: ShelfIndex.KEEP])
            for name, own in (("language", catalogue.language), ("category", catalogue.category)):
                for c in range(int(own.max(initial=-1)) + 1):
                    shelf = order[own[order] == c][: ShelfIndex.KEEP]
                    index.add("popular", name, c, shelf)
                    index.basis[name, c] = _basis(taken[shelf], prior[shelf] * bool(holders.any()))
        else:
            some = ever >= LEAST_PEOPLE
            best = np.lexsort((course[some], -ever[some], cohort[some]))
            for c, found in _runs(cohort[some][best], course[some][best]):
                index.add("popular", kind, c, found[: ShelfIndex.KEEP])
        hot = trending_courses(cohort, course, learners.counts[:, 1], learners.counts[:, 2], learners.active, rule)
        for c, found in _runs(*hot):
            index.add("trending", kind, c, found)
    return index


def _basis(learners: Longs, favoured: npt.NDArray[np.float64]) -> Basis:
    """What a shelf stands on: who took its courses (`learners`), else how the population's skills favour them."""
    if learners.any():
        return Basis.LEARNERS
    return Basis.SKILLS if favoured.any() else Basis.NOTHING


def _runs(keys: Longs, values: Longs) -> list[tuple[int, Longs]]:
    """Values of each run of equal keys."""
    if not len(keys):
        return []
    starts = np.flatnonzero(np.concatenate([[True], np.diff(keys) != 0]))
    ends = np.append(starts[1:], len(keys))
    return [(int(keys[a]), values[a:b]) for a, b in zip(starts, ends, strict=True)]
