"""What taggers read of a course: its texts, cut to a bounded length, and a hash that changes when they change."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from skillfirst.errors import DataError

FIELD_CHARACTERS = 100_000  # of each field; a description of 2 MB says nothing new after this
TRANSCRIPT_CHARACTERS = 4_000  # read only where there is neither description nor contents: more adds nothing
FIELDS = ("title", "description", "contents")


@dataclass(frozen=True, slots=True)
class CourseTexts:
    """Parallel lists, one entry a course; a missing text is empty. `shelf`: category and author as words."""

    ids: list[str]
    title: list[str]
    description: list[str]
    contents: list[str]
    shelf: list[str]
    language: list[str]
    translation_of: list[str | None]

    def __len__(self) -> int:
        return len(self.ids)

    def field(self, name: str) -> list[str]:
        """One of FIELDS."""
        texts: list[str] = getattr(self, name)
        return texts

    @classmethod
    def of(cls, courses: pa.Table) -> CourseTexts:
        """From a courses table. Raises DataError when `course_id` or `title` is missing or null."""
        for name in ("course_id", "title"):
            if name not in courses.column_names:
                raise DataError("the column is missing", table="courses", column=name)
        ids = courses["course_id"].cast(pa.string())
        if ids.null_count:
            raise DataError("the id is missing", table="courses", column="course_id", count=ids.null_count)
        if pc.count_distinct(ids).as_py() != len(ids):
            raise DataError(
                "an id stands twice",
                table="courses",
                column="course_id",
                count=len(ids) - pc.count_distinct(ids).as_py(),
            )
        description, contents = _texts(courses, "description"), _texts(courses, "contents")
        transcript = _texts(courses, "transcript")
        for i, spoken in enumerate(transcript):
            if spoken and not description[i] and not contents[i]:
                description[i] = spoken[:TRANSCRIPT_CHARACTERS]
        category, author = _texts(courses, "category"), _texts(courses, "author")
        return cls(
            ids=ids.to_pylist(),
            title=_texts(courses, "title"),
            description=description,
            contents=contents,
            shelf=[f"{c}\n{a}".strip() for c, a in zip(category, author, strict=True)],
            language=[text or "en" for text in _texts(courses, "language")],
            translation_of=(
                courses["translation_of"].cast(pa.string()).to_pylist()
                if "translation_of" in courses.column_names
                else [None] * len(courses)
            ),
        )

    def with_others(self, others: CourseTexts) -> CourseTexts:
        """These courses, then those of `others` whose id is not here."""
        known = set(self.ids)
        new = [i for i, course_id in enumerate(others.ids) if course_id not in known]
        return CourseTexts(*(getattr(self, f) + [getattr(others, f)[i] for i in new] for f in self.__slots__))

    def only(self, rows: Sequence[int]) -> CourseTexts:
        """Some of the courses."""
        return CourseTexts(*([getattr(self, f)[i] for i in rows] for f in self.__slots__))

    def content_hashes(self) -> list[str]:
        """One hash a course over everything a tagger reads of it (BLAKE2b, 16 bytes, hexadecimal)."""
        rows = zip(
            self.title, self.description, self.contents, self.shelf, self.language, self.translation_of, strict=True
        )
        return [
            hashlib.blake2b("\x1f".join(part or "" for part in row).encode(), digest_size=16).hexdigest()
            for row in rows
        ]

    def joined(self) -> list[str]:
        """Everything but the title as one text a course."""
        return [f"{d}\n{c}" for d, c in zip(self.description, self.contents, strict=True)]


def _texts(courses: pa.Table, name: str) -> list[str]:
    if name not in courses.column_names:
        return [""] * len(courses)
    column = courses[name]
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        joined = ("\n".join(str(part) for part in row if part) if row else "" for row in column.to_pylist())
        return [text[:FIELD_CHARACTERS] for text in joined]
    return [(text or "")[:FIELD_CHARACTERS] for text in column.cast(pa.string()).to_pylist()]
