"""What a course truly teaches: the world's own truth, wider than the tags that anybody is told.

The packaged tags, which editors wrote with care but not for every course, are the core. A course without tags takes
those of its translation or of the other versions of its series, else the skills its title names. Broader skills are
taught along with the narrower ones, with less weight. Nothing here is shared with the taggers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from skillfirst.evaluation.world.samplers import unit_rows
from skillfirst.tables.sparse import Csr

BROADER = 0.4  # weight of a parent, grandparents are not taught
WORDS_MOST = 4  # words of a skill's name looked for in titles
TOKEN = re.compile(r"[\w#+.&]+")


def taught_skills(courses: pa.Table, known: Mapping[str, int], parents: Csr, top: frozenset[int]) -> Csr:
    """Courses x skills, rows of length 1. `known`: casefolded id, name, alias -> code; `top`: fields, never taught."""
    tags = [{known[t.casefold()] for t in row or () if t.casefold() in known} for row in courses["skills"].to_pylist()]
    ids = courses["course_id"].to_pylist()
    place = {id_: i for i, id_ in enumerate(ids)}
    series: dict[str, set[int]] = {}
    names = courses["series_id"].to_pylist()
    for name, own in zip(names, tags, strict=True):
        if name:
            series.setdefault(name, set()).update(own)
    originals = courses["translation_of"].to_pylist()
    titles = courses["title"].to_pylist()
    rows: list[dict[int, float]] = []
    for i, own in enumerate(tags):
        found = own
        if not found and originals[i] in place:
            found = tags[place[originals[i]]]
        if not found and names[i]:
            found = series[names[i]]
        rows.append(with_parents(found or named(titles[i], known), parents, top))
    return unit_rows(Csr.from_rows(rows, parents.width))


def with_parents(skills: set[int], parents: Csr, top: frozenset[int]) -> dict[int, float]:
    """Weights of the skills (1) and of their parents (0.4)."""
    weights = {int(p): BROADER for s in skills for p in parents.row(s) if int(p) not in top}
    weights.update(dict.fromkeys(skills, 1.0))
    return dict(sorted(weights.items()))


def named(title: str, known: Mapping[str, int]) -> set[int]:
    """Skills whose name or alias stands in the title, longest first; one or two letters do not count."""
    words = [w.strip(".").casefold() for w in TOKEN.findall(title)]
    free = np.ones(len(words), bool)
    found: set[int] = set()
    for length in range(WORDS_MOST, 0, -1):
        for start in range(len(words) - length + 1):
            phrase = " ".join(words[start : start + length])
            if len(phrase) > 2 and phrase in known and free[start : start + length].all():
                free[start : start + length] = False
                found.add(known[phrase])
    return found
