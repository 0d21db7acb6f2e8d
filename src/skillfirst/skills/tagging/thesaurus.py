"""The built-in taxonomy as a thesaurus: meaning for texts and skill names that share no word.

A text and a skill's name are both read against the built-in skills; what each resembles is spread to broader and
narrower skills and to those that stand beside it in the same titles. Two that end up on the same built-in skills
mean something similar. It works for any taxonomy and needs no labels.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from skillfirst.skills.tagging.candidates import best
from skillfirst.skills.tagging.courses import CourseTexts
from skillfirst.skills.tagging.formula import Reading, Rows
from skillfirst.skills.tagging.lexicon import Sparse, unit_rows
from skillfirst.skills.taxonomy import Taxonomy

KEPT = 8  # built-in skills a text resembles most
SPREAD = 40  # kept after spreading, so that 100,000 names stay small
KIN_SHARE, TITLE_SHARE = 0.5, 0.3  # passed on to parents and children, to skills of the same titles


@cache
def builtin_taxonomy() -> Taxonomy:
    """Read once."""
    return Taxonomy.builtin()


def with_concepts(reading: Reading, thesaurus: Taxonomy) -> Reading:
    """The reading with its courses and skills also as rows over the skills of the thesaurus."""
    names = reading.taxonomy.names
    empty = [""] * len(names)
    nothing: list[str | None] = [None] * len(names)
    spelt = CourseTexts(
        [f"\x1f{i}" for i in range(len(names))], names, empty, empty, empty, ["en"] * len(names), nothing
    )
    courses = reading.courses.with_others(spelt)
    same = reading.edges is None and _same_names(reading.taxonomy, thesaurus)
    both = Reading.of(
        courses, reading.taxonomy if same else thesaurus, workers=reading.workers, before=reading if same else None
    )
    kin = _kin(thesaurus)

    def meant(part: Reading, _at: int, rows: Rows) -> Sparse:
        return _spread(part.evidences(rows, titles=False).formula, kin)

    parts = both.spread(meant, np.arange(len(both.courses)))
    if not parts:
        return reading
    rows = sp.vstack(parts).tocsr()
    return replace(reading, concepts=(rows[: len(reading.courses)], rows[len(reading.courses) :]))


def _same_names(one: Taxonomy, other: Taxonomy) -> bool:
    """Whether two taxonomies have the same skills under the same names, so that texts name the same in both."""
    return one is other or (
        one.names == other.names
        and one.skills.ids.equals(other.skills.ids)
        and one.aliases == other.aliases
        and one.labels.equals(other.labels)
        and one.ambiguous == other.ambiguous
        and np.array_equal(one.parents.offsets, other.parents.offsets)
        and np.array_equal(one.parents.indices, other.parents.indices)
    )


@lru_cache(maxsize=2)
def _kin(thesaurus: Taxonomy) -> npt.NDArray[np.float32]:
    """Skills x skills of the thesaurus: what each passes on, 1 to itself."""
    n = len(thesaurus)
    up = np.zeros((n, n), np.float32)
    up[np.repeat(np.arange(n), np.diff(thesaurus.parents.offsets)), thesaurus.parents.indices] = 1
    titles = thesaurus.title_skills
    beside = sp.csr_matrix((titles.weights, titles.indices, titles.offsets), (len(titles), n))
    together = np.asarray((beside.T @ beside).toarray(), np.float32)
    length = np.sqrt(together.diagonal()) + 1e-9
    together /= length[:, None] * length[None, :]
    np.fill_diagonal(together, 0)
    return np.asarray(np.eye(n) + KIN_SHARE * (up + up.T) + TITLE_SHARE * together, np.float32)


def _spread(formula: npt.NDArray[np.float32], kin: npt.NDArray[np.float32]) -> Sparse:
    top = sp.csr_matrix(np.where(best(formula, KEPT), formula, np.float32(0)))
    wide = np.asarray(top @ kin, np.float32)
    return unit_rows(sp.csr_matrix(np.where(best(wide, SPREAD), wide, np.float32(0)))).tocsr()
