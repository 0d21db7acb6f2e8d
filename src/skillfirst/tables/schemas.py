"""The tables that go in: names, types, meaning.

Everything that checks, reads, writes or documents an input table takes it from here; `docs/tables.md` is generated
from this module and `outputs`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import pyarrow as pa


class Kind(StrEnum):
    """What a cell may hold."""

    ID = "id"
    TEXT = "text"
    DATE = "date"
    TIME = "time"
    NUMBER = "number"
    INTEGER = "integer"
    FLAG = "flag"
    LANGUAGE = "language"
    TEXTS = "texts"
    IDS = "ids"
    LANGUAGES = "languages"
    MAP = "map"


ARROW: dict[Kind, pa.DataType] = {
    Kind.ID: pa.string(),
    Kind.TEXT: pa.string(),
    Kind.DATE: pa.date32(),
    Kind.TIME: pa.timestamp("us", "UTC"),
    Kind.NUMBER: pa.float64(),
    Kind.INTEGER: pa.int64(),
    Kind.FLAG: pa.bool_(),
    Kind.LANGUAGE: pa.string(),
    Kind.TEXTS: pa.list_(pa.string()),
    Kind.IDS: pa.list_(pa.string()),
    Kind.LANGUAGES: pa.list_(pa.string()),
    Kind.MAP: pa.map_(pa.string(), pa.string()),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `kind` fixes its Arrow type; `refers` names the table whose key it must exist in."""

    name: str
    kind: Kind
    meaning: str
    required: bool = False
    refers: str | None = None
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None

    @property
    def type(self) -> pa.DataType:
        return ARROW[self.kind]


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its `key` columns are distinct together; `columns` in the order they are written."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    needed: bool = False

    @property
    def schema(self) -> pa.Schema:
        return pa.schema([pa.field(c.name, c.type) for c in self.columns])

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.columns if c.required)

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    def column(self, name: str) -> Column:
        return next(c for c in self.columns if c.name == name)


LEVELS = ("beginner", "intermediate", "advanced")

EVENT_KINDS = (
    "served", "impression", "click", "watch", "complete", "enrol", "bookmark", "dismiss", "undo",
    "interest", "refuse_skill", "email_sent", "email_open", "email_click",
)  # fmt: skip

COURSES = Table(
    "courses",
    "What can be recommended.",
    (
        Column("course_id", Kind.ID, "identity of the course", required=True),
        Column("title", Kind.TEXT, "as shown on the card", required=True),
        Column("created_on", Kind.DATE, "first day it can be taken; undated courses sort last"),
        Column("description", Kind.TEXT, "what it teaches"),
        Column("contents", Kind.TEXTS, "section titles"),
        Column("transcript", Kind.TEXT, "spoken text"),
        Column("category", Kind.TEXT, "the catalogue's own shelf"),
        Column("author", Kind.TEXT, "teacher or provider"),
        Column("language", Kind.LANGUAGE, "language of instruction, BCP 47 (default en)"),
        Column("level", Kind.TEXT, "beginner, intermediate or advanced", choices=LEVELS),
        Column("duration_minutes", Kind.NUMBER, "length in minutes", low=0),
        Column("url", Kind.TEXT, "where the course is taken"),
        Column("image_url", Kind.TEXT, "picture of the host platform"),
        Column("series_id", Kind.ID, "shared by versions and levels of one course"),
        Column("translation_of", Kind.ID, "the course this one translates", refers="courses"),
        Column("skills", Kind.TEXTS, "human tags: skill ids, names or aliases"),
        Column("retired", Kind.FLAG, "no longer offered"),
    ),
    key=("course_id",),
    needed=True,
)

SKILLS = Table(
    "skills",
    "The taxonomy; without it the built-in one serves.",
    (
        Column("skill_id", Kind.ID, "identity of the skill", required=True),
        Column("name", Kind.TEXT, "as shown", required=True),
        Column("aliases", Kind.TEXTS, "other names of the same skill"),
        Column("parents", Kind.IDS, "broader skills", refers="skills"),
        Column("kind", Kind.TEXT, "field, group, tool, knowledge, ability, language ..."),
    ),
    key=("skill_id",),
)

SKILL_LABELS = Table(
    "skill_labels",
    "Names of skills in other languages.",
    (
        Column("skill_id", Kind.ID, "the skill", required=True, refers="skills"),
        Column("language", Kind.LANGUAGE, "BCP 47", required=True),
        Column("label", Kind.TEXT, "its name there; the first one of a language is shown", required=True),
    ),
)

TITLES = Table(
    "titles",
    "Job titles.",
    (
        Column("title_id", Kind.ID, "identity of the title", required=True),
        Column("name", Kind.TEXT, "as shown", required=True),
        Column("aliases", Kind.TEXTS, "other names, other languages"),
        Column("family", Kind.ID, "group of related titles"),
    ),
    key=("title_id",),
)

TITLE_LABELS = Table(
    "title_labels",
    "Names of titles in other languages.",
    (
        Column("title_id", Kind.ID, "the title", required=True, refers="titles"),
        Column("language", Kind.LANGUAGE, "BCP 47", required=True),
        Column("label", Kind.TEXT, "its name there; the first one of a language is shown", required=True),
    ),
)

TITLE_SKILLS = Table(
    "title_skills",
    "Skills a title implies.",
    (
        Column("title_id", Kind.ID, "the title", required=True, refers="titles"),
        Column("skill_id", Kind.ID, "the skill", required=True, refers="skills"),
        Column("weight", Kind.NUMBER, "how surely, 0 to 1", low=0.0, high=1.0),
    ),
    key=("title_id", "skill_id"),
)

MEMBERS = Table(
    "members",
    "Who gets recommendations.",
    (
        Column("member_id", Kind.ID, "identity of the member", required=True),
        Column("title", Kind.TEXT, "title id or free text"),
        Column("target_title", Kind.TEXT, "the title the member works towards"),
        Column("industry", Kind.TEXT, "industry"),
        Column("country", Kind.TEXT, "country"),
        Column("languages", Kind.LANGUAGES, "languages the member learns in, BCP 47"),
        Column("level", Kind.TEXT, "beginner, intermediate or advanced", choices=LEVELS),
        Column("joined_on", Kind.DATE, "day of joining"),
    ),
    key=("member_id",),
    needed=True,
)

MEMBER_SKILLS = Table(
    "member_skills",
    "Skills on the members' profiles.",
    (
        Column("member_id", Kind.ID, "the member", required=True, refers="members"),
        Column("skill", Kind.TEXT, "skill id, name or alias", required=True),
        Column(
            "source",
            Kind.TEXT,
            "explicit (default), interest (wants to learn), credential, refused (never again)",
            choices=("explicit", "interest", "credential", "refused"),
        ),
        Column("level", Kind.TEXT, "beginner, intermediate or advanced", choices=LEVELS),
    ),
)

CONNECTIONS = Table(
    "connections",
    "Who knows whom; each pair may stand once or in both directions.",
    (
        Column("member_id", Kind.ID, "one end", required=True, refers="members"),
        Column("connection_id", Kind.ID, "the other end", required=True, refers="members"),
    ),
)

ACTIVITY = Table(
    "activity",
    "What the member did elsewhere on the platform.",
    (
        Column("member_id", Kind.ID, "the member", required=True, refers="members"),
        Column("time", Kind.TIME, "when, UTC", required=True),
        Column("kind", Kind.TEXT, "search, follow, read ..."),
        Column("skill", Kind.TEXT, "skill id, name or alias"),
        Column("text", Kind.TEXT, "words in which skills are looked for"),
    ),
)

EVENTS = Table(
    "events",
    "What members did with courses and skills.",
    (
        Column("event_id", Kind.ID, "identity; an event counts once"),
        Column("time", Kind.TIME, "when, UTC", required=True),
        Column("member_id", Kind.ID, "the member", required=True, refers="members"),
        Column("kind", Kind.TEXT, "what happened", required=True, choices=EVENT_KINDS),
        Column("course_id", Kind.ID, "the course, as the kind requires", refers="courses"),
        Column("skill_id", Kind.ID, "the skill, as the kind requires", refers="skills"),
        Column("channel", Kind.TEXT, "home, feed, email"),
        Column("context", Kind.TEXT, "context of the row"),
        Column("carousel_rank", Kind.INTEGER, "row on the page, from 1", low=0),
        Column("position", Kind.INTEGER, "place in the row, from 1", low=0),
        Column("propensity", Kind.NUMBER, "probability with which it was shown", low=0.0, high=1.0),
        Column("seconds", Kind.NUMBER, "seconds watched", low=0),
        Column("list_id", Kind.ID, "the served list"),
        Column("arms", Kind.MAP, "experiment -> arm"),
    ),
)

INPUT: dict[str, Table] = {
    t.name: t
    for t in (
        COURSES, SKILLS, SKILL_LABELS, TITLES, TITLE_LABELS, TITLE_SKILLS, MEMBERS, MEMBER_SKILLS, CONNECTIONS,
        ACTIVITY, EVENTS,
    )
}  # fmt: skip
