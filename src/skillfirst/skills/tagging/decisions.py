"""People's answers to the review sheet as something to learn from: accepted and refused pairs by place and code.

A course that nobody tagged but about which people decided is known in part: what was accepted is true, what was
refused is false, and nothing is known of its other skills.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from skillfirst.skills.tagging.review import ACCEPTED, answers
from skillfirst.skills.taxonomy import Taxonomy
from skillfirst.tables.sparse import Csr

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Decided:
    """`rows`: places of the courses in a reading, ascending; `accepted`, `refused`: their skills, in that order."""

    rows: Rows
    accepted: Csr
    refused: Csr

    @classmethod
    def nothing(cls, width: int) -> Decided:
        none = Csr.from_pairs([], [], None, (0, width))
        return cls(np.empty(0, np.int64), none, none)

    @classmethod
    def of(cls, decisions: pa.Table | None, ids: list[str], taxonomy: Taxonomy) -> tuple[Decided, dict[str, int]]:
        """What was decided about these courses, and how many pairs were accepted, refused, or name a course or a skill
        that is not there. Of two answers to one pair the later row counts."""
        given = {} if decisions is None else answers(decisions)
        place = {course_id: i for i, course_id in enumerate(ids)}
        codes = taxonomy.skills.encode(pa.array([skill for _, skill in given], pa.string())).tolist()
        parts: dict[int, tuple[list[int], list[int]]] = {}
        counts = {"accepted": 0, "refused": 0, "unknown": 0}
        for ((course_id, _), answer), code in zip(given.items(), codes, strict=True):
            if code < 0 or course_id not in place:
                counts["unknown"] += 1
                continue
            counts[answer] += 1
            parts.setdefault(place[course_id], ([], []))[answer != ACCEPTED].append(code)
        rows = sorted(parts)
        accepted, refused = ([parts[i][side] for i in rows] for side in (0, 1))
        return cls(np.asarray(rows, np.int64), _csr(accepted, len(taxonomy)), _csr(refused, len(taxonomy))), counts

    def only(self, rows: Rows) -> Decided:
        """Those of the courses at `rows` (places in the reading)."""
        kept = np.flatnonzero(np.isin(self.rows, rows))
        accepted, refused = ([part.row(int(i)).tolist() for i in kept] for part in (self.accepted, self.refused))
        return Decided(self.rows[kept], _csr(accepted, self.accepted.width), _csr(refused, self.refused.width))

    def without(self, rows: Rows) -> Decided:
        """Those of all other courses."""
        return self.only(np.setdiff1d(self.rows, rows))

    def moved(self, places: Rows) -> Decided:
        """The same decisions where the courses stand at other places, ascending like the old ones."""
        return Decided(places, self.accepted, self.refused)

    def correct(self, rows: Rows, tags: Csr) -> tuple[Rows, Csr]:
        """Labelled courses and their tags after what people decided about them; without any tag left none is labelled.

        `rows`: their places; `tags`: in that order.
        """
        at = {int(row): i for i, row in enumerate(self.rows)}
        corrected: list[list[int]] = []
        for i, row in enumerate(rows.tolist()):
            own = set(tags.row(i).tolist())
            if row in at:
                own |= set(self.accepted.row(at[row]).tolist())
                own -= set(self.refused.row(at[row]).tolist())
            corrected.append(sorted(own))
        some = [i for i, own in enumerate(corrected) if own]
        return rows[some], _csr([corrected[i] for i in some], tags.width)


def _csr(rows: list[list[int]], width: int) -> Csr:
    owner = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    return Csr.from_pairs(owner, [code for row in rows for code in row], None, (len(rows), width))
