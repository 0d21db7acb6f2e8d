"""What labelled courses say about others: ridge, neighbours, co-occurrence and counts, also out of fold.

Only skills that a labelled course has are columns here (`seen`); the rest of the taxonomy is the formula's.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from skillfirst.skills.tagging import ridge
from skillfirst.skills.tagging.co_occurrence import co_occurrence_scores, conditional
from skillfirst.skills.tagging.formula import Reading
from skillfirst.skills.tagging.neighbours import neighbour_scores
from skillfirst.tables.sparse import Csr

FOLDS = 5
MAX_LABELLED = 3_000  # the solve is cubic; of more labelled courses those with the smallest hash are used

Block = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
NAMES = ("ridge", "neighbours", "co_occurrence", "named_together", "count")
NAMED = 0.3  # similarity of title and name from which a title is taken to name a skill


def folds_of(ids: list[str], count: int) -> Rows:
    """A fold for each course, by the hash of its id in turn, so that folds differ by one course at most."""
    order = np.argsort([hashlib.sha1(i.encode()).hexdigest() for i in ids], kind="stable")
    folds = np.empty(len(ids), np.int64)
    folds[order] = np.arange(len(ids)) % max(1, min(count, len(ids)))
    return folds


def sampled(ids: list[str], count: int) -> Rows:
    """Places of the `count` courses with the smallest hash of their id, ascending."""
    hashes = [hashlib.sha1(i.encode()).hexdigest() for i in ids]
    return np.sort(np.argsort(hashes, kind="stable")[:count]).astype(np.int64)


def bounded(ids: list[str], rows: Rows, tags: Csr) -> tuple[Rows, Csr]:
    """At most MAX_LABELLED labelled courses, those with the smallest hash of their id, in the order given.

    `ids`: of all courses; `rows`: places of the labelled ones among them.
    """
    if len(rows) <= MAX_LABELLED:
        return rows, tags
    kept = sampled([ids[i] for i in rows], MAX_LABELLED)
    codes = [tags.row(int(i)) for i in kept]
    owner = np.repeat(np.arange(len(kept)), [len(row) for row in codes])
    return rows[kept], Csr.from_pairs(owner, np.concatenate(codes), None, (len(kept), tags.width))


@dataclass(frozen=True)
class LabelModels:
    """`rows`: places of the labelled courses in the reading. `targets`: labelled courses x seen skills, 0 or 1.

    `held_out`: for each of NAMES the score of the labelled courses by models that did not see them.
    """

    rows: Rows
    folds: Rows
    seen: Rows
    targets: Block
    model: ridge.KernelRidge
    given: Block
    held_out: dict[str, Block]

    @classmethod
    def fit(cls, reading: Reading, rows: Rows, tags: Csr) -> LabelModels:
        """`tags`: labelled courses x all skills, in the order of `rows`."""
        seen = np.unique(tags.indices).astype(np.int64)
        targets = np.zeros((len(rows), len(seen)), np.float32)
        owner = np.repeat(np.arange(len(tags)), np.diff(tags.offsets))
        targets[owner, np.searchsorted(seen, tags.indices)] = 1
        folds = folds_of([reading.courses.ids[i] for i in rows], FOLDS)
        kernel = reading.kernel(rows, rows)
        model, held_ridge = ridge.fit(kernel, targets, folds)
        held = {name: np.zeros_like(targets) for name in NAMES}
        held["ridge"] = held_ridge
        held["neighbours"] = neighbour_scores(kernel * (folds[:, None] != folds[None, :]), targets)
        named = _named(reading, rows, seen)
        for fold in np.unique(folds):
            inside = np.flatnonzero(folds == fold)
            others = targets[folds != fold]
            given = conditional(others)
            # as many as there would be in all courses, so that the ranker meets the same scale later
            held["count"][inside] = others.sum(axis=0) * (len(targets) / max(1, len(others)))
            held["co_occurrence"][inside] = co_occurrence_scores(held_ridge[inside], given)
            held["named_together"][inside] = co_occurrence_scores(named[inside], given)
        return cls(rows, folds, seen, targets, model, conditional(targets), held)

    def scores(self, reading: Reading, rows: Rows) -> dict[str, Block]:
        """Scores of courses that are not labelled: NAMES -> courses x seen skills."""
        kernel = reading.kernel(rows, self.rows)
        predicted = self.model.predict(kernel)
        return {
            "ridge": predicted,
            "neighbours": neighbour_scores(kernel, self.targets),
            "co_occurrence": co_occurrence_scores(predicted, self.given),
            "named_together": co_occurrence_scores(_named(reading, rows, self.seen), self.given),
            "count": np.broadcast_to(self.targets.sum(axis=0), predicted.shape),
        }

    def spread(self, block: Block, width: int) -> Block:
        """From seen skills to all skills, zero elsewhere."""
        out = np.zeros((len(block), width), np.float32)
        out[:, self.seen] = block
        return out


def _named(reading: Reading, rows: Rows, seen: Rows) -> Block:
    """Courses x seen skills: how much the title names each, zero below NAMED."""
    parts = [reading.title_similarity(batch)[:, seen] for batch in reading.batches(rows)]
    similarity = np.concatenate(parts) if parts else np.zeros((0, len(seen)), np.float32)
    return np.where(similarity >= NAMED, similarity, np.float32(0))
