"""What is known before any member is counted: courses, skills and titles under their codes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from skillfirst.skills.taxonomy import Taxonomy
from skillfirst.tables.languages import primary
from skillfirst.tables.schemas import COURSES, LEVELS
from skillfirst.tables.sparse import Csr
from skillfirst.tables.vocabulary import Vocabulary

UNDATED = np.iinfo(np.int32).min
# what a card shows and the rules read; descriptions and transcripts stay outside the Model
CARD_COLUMNS = (
    "course_id", "title", "created_on", "category", "author", "language", "level", "duration_minutes", "url",
    "image_url", "series_id", "translation_of", "retired",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Courses newest first (created_on descending, undated last, then course_id), with their skills.

    `cards`: the card columns by course code. `course_skills`: courses x skills, float32 weights in (0, 1].
    `sources`: where each course skill comes from and its evidence, parallel to `course_skills.indices`.
    `industries`: the members' industries, sorted.
    """

    taxonomy: Taxonomy
    cards: pa.Table
    course_skills: Csr
    sources: pa.Table
    industries: Vocabulary

    @cached_property
    def courses(self) -> Vocabulary:
        return Vocabulary(self.cards.column("course_id").combine_chunks())

    @cached_property
    def created(self) -> npt.NDArray[np.int64]:
        """Days since 1970 by course; UNDATED where unknown."""
        days = self.cards.column("created_on").cast(pa.int32()).fill_null(UNDATED)
        return np.asarray(days.to_numpy(), np.int64)

    @cached_property
    def minutes(self) -> npt.NDArray[np.float64]:
        """Length by course in minutes, NaN where unknown."""
        return np.asarray(
            self.cards.column("duration_minutes").cast(pa.float64()).fill_null(np.nan).to_numpy(), np.float64
        )

    @cached_property
    def level(self) -> npt.NDArray[np.int8]:
        """0 unknown, else 1 + place in LEVELS."""
        return (Vocabulary(LEVELS).encode(self.cards.column("level")) + 1).astype(np.int8)

    @cached_property
    def retired(self) -> npt.NDArray[np.bool_]:
        return np.asarray(self.cards.column("retired").fill_null(False).to_numpy(), bool)

    @cached_property
    def languages(self) -> Vocabulary:
        """Primary language subtags of the courses, sorted."""
        return Vocabulary.sorted(pa.array([primary(t) for t in self.cards.column("language").unique().to_pylist()]))

    @cached_property
    def language(self) -> npt.NDArray[np.int32]:
        """Language code of each course."""
        tags = self.cards.column("language").to_pylist()
        return self.languages.encode(pa.array([primary(t) for t in tags], pa.string()))

    @cached_property
    def categories(self) -> Vocabulary:
        return Vocabulary.sorted(self.cards.column("category"))

    @cached_property
    def category(self) -> npt.NDArray[np.int32]:
        """Category code of each course, -1 for none."""
        return self.categories.encode(self.cards.column("category"))


def newest_first(courses: pa.Table) -> pa.Table:
    """Courses by created_on descending (undated last), then course_id."""
    days = courses.column("created_on").cast(pa.int32()).fill_null(UNDATED)
    ids = courses.column("course_id")
    keyed = pa.table({"day": days, "id": ids})
    order = pc.sort_indices(keyed, sort_keys=[("day", "descending"), ("id", "ascending")])
    return courses.take(order)


def build_catalogue(
    courses: pa.Table, taxonomy: Taxonomy, course_skills: pa.Table, industries: Vocabulary, language: str = "en"
) -> Catalogue:
    """From the checked courses table (COURSES schema) and the tags (COURSE_SKILLS schema, weight > 0).

    A course without a language gets `language`. Tags of courses or skills that are not here are left out.
    """
    cards = newest_first(courses.select([c for c in CARD_COLUMNS if c in courses.column_names]))
    for name in CARD_COLUMNS:
        if name not in cards.column_names:
            cards = cards.append_column(name, pa.nulls(len(cards), COURSES.column(name).type))
    cards = cards.select(list(CARD_COLUMNS)).combine_chunks()
    at = cards.column_names.index("language")
    cards = cards.set_column(at, "language", cards.column("language").fill_null(language))
    vocabulary = Vocabulary(cards.column("course_id").combine_chunks())
    rows = vocabulary.encode(course_skills.column("course_id"))
    skills = taxonomy.skills.encode(course_skills.column("skill_id"))
    weights = course_skills.column("weight").to_numpy().astype(np.float32)
    known = (rows >= 0) & (skills >= 0) & (weights > 0)
    order = np.lexsort((-weights, skills, rows))
    order = order[known[order]]
    pair = rows[order].astype(np.int64) * max(len(taxonomy.skills), 1) + skills[order]
    order = order[np.concatenate([[True], np.diff(pair) != 0])] if len(order) else order
    matrix = Csr.from_pairs(rows[order], skills[order], weights[order], (len(vocabulary), len(taxonomy.skills)))
    sources = course_skills.select(["source", "evidence"]).take(pa.array(order)).combine_chunks()
    return Catalogue(taxonomy, cards, matrix, sources, industries)
