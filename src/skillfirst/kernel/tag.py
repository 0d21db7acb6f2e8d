"""kernel.tag: courses in, their skills out; the only door to the taggers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skillfirst.skills.tagging.alias import alias_candidates
from skillfirst.skills.tagging.base import TagSource, Use, candidate_table
from skillfirst.skills.tagging.courses import CourseTexts
from skillfirst.skills.tagging.human import HumanTags, human_tags
from skillfirst.skills.taxonomy import Taxonomy
from skillfirst.tables.schemas import COURSE_SKILLS


@dataclass(frozen=True, slots=True)
class TagSettings:
    """`own_tags`: believe `courses.skills`. `add_to_tagged`: also add automatic tags to courses people tagged."""

    own_tags: bool = True
    add_to_tagged: bool = False
    candidates: int = 50
    seed: int = 0


@dataclass(frozen=True, slots=True)
class TagResult:
    """`candidates`: the best of each course, without a threshold. `course_skills`: what affinity uses, by course
    in the order given, then skill id. `report`: what was chosen and why, JSON-ready."""

    candidates: pa.Table
    course_skills: pa.Table
    report: dict[str, Any] = field(default_factory=dict)


def tag(
    courses: pa.Table, taxonomy: Taxonomy, labels: pa.Table | None = None, settings: TagSettings = TagSettings()
) -> TagResult:
    """Tags of courses. `labels`: a courses table whose `skills` are known, to learn from.

    Human tags of `courses` stay (weight 1, source human). Raises DataError for a table without ids or titles.
    """
    texts = CourseTexts.of(courses)
    people = human_tags(courses if settings.own_tags else courses.slice(0, 0), taxonomy)
    tagged = people.tagged if settings.own_tags else np.zeros(len(courses), bool)
    human = _human_candidates(texts, taxonomy, people)
    wanted = courses if settings.add_to_tagged else courses.filter(pa.array(~tagged))
    found = alias_candidates(CourseTexts.of(wanted), taxonomy)
    candidates = _by_course(pa.concat_tables([human, found]), texts)
    used = candidates.filter(pc.is_in(candidates["use"], pa.array([Use.PUBLISH, Use.FEATURE])))
    course_skills = _sorted_skills(used, texts)
    report = {
        "courses": len(courses),
        "human_tagged": int(tagged.sum()),
        "unknown_tags": sum(n for _, n in people.unknown),
        "unknown_tags_first": [t for t, _ in people.unknown[:10]],
        "taxonomy_warnings": list(taxonomy.warnings),
    }
    return TagResult(candidates, course_skills, report)


def _human_candidates(texts: CourseTexts, taxonomy: Taxonomy, people: HumanTags) -> pa.Table:
    skill_ids = taxonomy.skills.ids.to_pylist()
    return candidate_table(
        [
            (texts.ids[i], skill_ids[s], 1.0, 1.0, Use.PUBLISH, TagSource.HUMAN, [{"kind": "human"}])
            for i in range(len(people.tags))
            for s in people.tags.row(i).tolist()
        ]
    )


def _by_course(candidates: pa.Table, texts: CourseTexts) -> pa.Table:
    """By course in the given order, falling probability, skill id; of a repeated skill the first row stays."""
    place = pc.index_in(candidates["course_id"], pa.array(texts.ids, pa.string()))
    keyed = candidates.append_column("place", place)
    order = pc.sort_indices(keyed, [("place", "ascending"), ("probability", "descending"), ("skill_id", "ascending")])
    return _first_of_pair(candidates.take(order))


def _first_of_pair(table: pa.Table) -> pa.Table:
    pair = pc.binary_join_element_wise(table["course_id"], table["skill_id"], "\x1f")
    seen = pc.dictionary_encode(pair).combine_chunks().indices.to_numpy()
    _, first = np.unique(seen, return_index=True)
    return table.take(pa.array(np.sort(first)))


def _sorted_skills(used: pa.Table, texts: CourseTexts) -> pa.Table:
    place = pc.index_in(used["course_id"], pa.array(texts.ids, pa.string()))
    order = pc.sort_indices(used.append_column("place", place), [("place", "ascending"), ("skill_id", "ascending")])
    return used.select(COURSE_SKILLS.schema.names).take(order).combine_chunks()
