"""What the ranker may learn from courses that people have decided about but not labelled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from skillfirst.skills.tagging.decisions import Decided
from skillfirst.skills.tagging.features import candidate_features
from skillfirst.skills.tagging.formula import Reading
from skillfirst.skills.tagging.label_models import LabelModels, bounded
from skillfirst.tables.sparse import Csr

Block = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Asked:
    """`joined`: courses with an accepted tag, which stand behind the first `labelled` of the label models."""

    decided: Decided
    joined: Decided
    labelled: int

    @classmethod
    def of(cls, reading: Reading, decided: Decided, labelled: int) -> Asked:
        some = np.flatnonzero(np.diff(decided.accepted.offsets) > 0)
        # as many as the label models take, by the same rule
        rows, _ = bounded(reading.courses.ids, decided.rows[some], decided.only(decided.rows[some]).accepted)
        return cls(decided, decided.only(rows), labelled)

    def refused(self, course: Rows, skill: Rows) -> Mask:
        """Whether each (course of the label models, skill) was refused."""
        return among(self.joined.refused, course - self.labelled, skill)

    def only_refused(self, reading: Reading, models: LabelModels) -> Block:
        """Features of the refused candidates of the other courses, of which the label models know nothing."""
        rest = self.decided.without(self.joined.rows)
        blocks = []
        for batch in reading.batches(rest.rows):
            at, skill, block = candidate_features(
                reading, batch, reading.evidences(batch), models.scores(reading, batch), models
            )
            place = np.searchsorted(rest.rows, batch)
            blocks.append(block[among(rest.refused, place[at], skill)])
        return np.concatenate(blocks) if blocks else np.empty((0, 0), np.float32)


def among(tags: Csr, course: Rows, skill: Rows) -> Mask:
    """Whether each (course, skill) is among the tags; courses before the first have none."""
    owner = np.repeat(np.arange(len(tags)), np.diff(tags.offsets))
    width = max(1, tags.width)
    return np.asarray(np.isin(course * width + skill, owner * width + tags.indices), bool)


def stacked(above: Csr, below: Csr) -> Csr:
    """The rows of `above`, then those of `below`."""
    offsets = np.concatenate([above.offsets, above.offsets[-1] + below.offsets[1:]])
    return Csr(offsets, np.concatenate([above.indices, below.indices]), None, above.width)
