"""Human tags: what people wrote into `courses.skills`, resolved to skills."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from skillfirst.skills.taxonomy import Taxonomy
from skillfirst.tables.sparse import Csr, list_parts


@dataclass(frozen=True, slots=True)
class HumanTags:
    """`tags`: courses x skills without values. `unknown`: the tags nobody knows, most frequent first. `given`: how many
    tags stand in the courses, known or not."""

    tags: Csr
    unknown: list[tuple[str, int]]
    given: int = 0

    @property
    def tagged(self) -> np.ndarray:
        """bool, one a course: whether it has any known tag."""
        return np.diff(self.tags.offsets) > 0


def human_tags(courses: pa.Table, taxonomy: Taxonomy) -> HumanTags:
    """The tags of each course; two names of one skill count once, unknown ones are dropped and counted."""
    n, width = len(courses), len(taxonomy.skills)
    if "skills" not in courses.column_names or not n or pa.types.is_null(courses["skills"].type):
        return HumanTags(Csr.from_pairs([], [], None, (n, width)), [])
    offsets, texts = list_parts(courses["skills"].cast(pa.list_(pa.string())))
    codes = taxonomy.resolve(texts)
    rows = np.repeat(np.arange(n), np.diff(offsets))
    known = codes >= 0
    lost = Counter(t for t in texts.filter(pa.array(~known)).to_pylist() if t)
    return HumanTags(
        Csr.from_pairs(rows[known], codes[known], None, (n, width)),
        sorted(lost.items(), key=lambda item: (-item[1], item[0])),
        int(known.sum()) + lost.total(),
    )
