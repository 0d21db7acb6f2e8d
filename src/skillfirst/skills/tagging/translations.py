"""Tags inherited between translations of one course: the strongest signal where a catalogue has the link."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from skillfirst.skills.tagging.base import TagSource, Use, candidate_table
from skillfirst.skills.tagging.courses import CourseTexts
from skillfirst.skills.taxonomy import Taxonomy
from skillfirst.tables.sparse import Csr

PROBABILITY = 0.95  # the same lessons in another language; what differs is rarely the subject


def inherited(texts: CourseTexts, taxonomy: Taxonomy, tags: Csr) -> pa.Table:
    """CANDIDATES of the courses without tags from those they translate, or that translate them.

    All versions linked by `translation_of`, directly or through others, form one family; a chain or a circle of
    links is no problem. The evidence names the course the tag was taken from (the first by id).
    """
    family = _families(texts)
    tagged = np.diff(tags.offsets) > 0
    source: dict[int, dict[int, str]] = {}
    for i in sorted(np.flatnonzero(tagged).tolist(), key=lambda i: texts.ids[i]):
        for code in tags.row(i).tolist():
            source.setdefault(family[i], {}).setdefault(code, texts.ids[i])
    rows = []
    for i, course_id in enumerate(texts.ids):
        if tagged[i]:
            continue
        for code, origin in sorted(source.get(family[i], {}).items()):
            evidence = [{"kind": "translation", "course_id": origin}]
            row = (
                course_id,
                taxonomy.skills[code],
                PROBABILITY,
                PROBABILITY,
                Use.PUBLISH,
                TagSource.TRANSLATION,
                evidence,
            )
            rows.append(row)
    return candidate_table(rows)


def _families(texts: CourseTexts) -> list[int]:
    """For each course the lowest place of any course in its family."""
    place = {course_id: i for i, course_id in enumerate(texts.ids)}
    root = list(range(len(texts)))

    def find(i: int) -> int:
        while root[i] != i:
            root[i] = root[root[i]]
            i = root[i]
        return i

    for i, other in enumerate(texts.translation_of):
        j = place.get(other) if other else None
        if j is not None:
            a, b = sorted((find(i), find(j)))
            root[b] = a
    return [find(i) for i in range(len(root))]
