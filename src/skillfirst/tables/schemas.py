"""The tables that go in, the tables that come out and the member document: names, types, meaning.

Everything that checks, reads, writes or documents a table takes it from here; `docs/tables.md` is generated
from this module.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum, StrEnum

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


# --- tables that come out -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Output:
    """A table a run writes: name, meaning, Arrow schema (list columns are parallel, in shown order)."""

    name: str
    meaning: str
    schema: pa.Schema


COURSE_SKILLS = Output(
    "course_skills",
    "Which skills a course teaches, as affinity uses them.",
    pa.schema(
        [
            ("course_id", pa.string()),
            ("skill_id", pa.string()),
            ("weight", pa.float32()),
            ("source", pa.string()),
            ("evidence", pa.string()),
        ]
    ),
)

MEMBER_SKILLS_OUT = Output(
    "member_skills",
    "Every skill of a member: explicit (weight 1), wanted, and inferred with its probability and sources.",
    pa.schema(
        [
            ("member_id", pa.string()),
            ("skill_id", pa.string()),
            ("weight", pa.float32()),
            ("source", pa.string()),
        ]
    ),
)

INFERRED_SKILLS = Output(
    "inferred_skills",
    "What `infer` writes: the skills a member holds and wants, best first. `weight` is what affinity uses, 0 for a "
    "candidate too unlikely to be used; `confidence` the probability, 1 where somebody said it.",
    pa.schema(
        [
            ("member_id", pa.string()),
            ("skill_id", pa.string()),
            ("part", pa.string()),
            ("weight", pa.float32()),
            ("confidence", pa.float32()),
            ("source", pa.string()),
        ]
    ),
)

SKILL_IDF = Output(
    "skill_idf",
    "IDF(s) = ln(1 + M / N(s)) in nats; null where N(s) is under the support floor.",
    pa.schema([("skill_id", pa.string()), ("members", pa.int64()), ("idf", pa.float64())]),
)

_dictionary = pa.dictionary(pa.int32(), pa.string())

RECOMMENDATIONS = Output(
    "recommendations",
    "One row a member and channel; the lists are parallel, in shown order.",
    pa.schema(
        [
            ("member_id", pa.string()),
            ("channel", pa.string()),
            ("arms", pa.map_(pa.string(), pa.string())),
            ("day", pa.date32()),
            ("model_version", pa.string()),
            ("course_id", pa.list_(_dictionary)),
            ("affinity", pa.list_(pa.float64())),
            ("score", pa.list_(pa.float64())),
            ("bucket", pa.list_(pa.int32())),
            ("carousel_rank", pa.list_(pa.int16())),
            ("position", pa.list_(pa.int16())),
            ("context", pa.list_(_dictionary)),
            ("context_evidence", pa.list_(_dictionary)),
        ]
    ),
)

# the tables of a run
OUTPUT: dict[str, Output] = {t.name: t for t in (COURSE_SKILLS, MEMBER_SKILLS_OUT, SKILL_IDF, RECOMMENDATIONS)}


# --- the member document ------------------------------------------------------------------------------------


class Interaction(IntEnum):
    """Kinds of a (member, course) interaction in the document; the numbers are stored."""

    CLICK = 1
    WATCH = 2
    ENROL = 3
    COMPLETE = 4
    BOOKMARK = 5
    DISMISS = 6
    UNDO = 7


class Channel(IntEnum):
    """Channels as stored in documents."""

    HOME = 1
    FEED = 2
    EMAIL = 3


class Source(IntEnum):
    """Where a skill of a member comes from: bits, so that one skill can have several."""

    EXPLICIT = 1
    CREDENTIAL = 2
    INTEREST = 4
    TITLE = 8
    CO_OCCURRENCE = 16
    ACTIVITY = 32
    CONNECTIONS = 64
    GOAL = 128
    PREDICTED = 256


DOCUMENT = pa.schema(
    [
        # identity and "now": the kernel has no clock
        ("member_id", pa.string()),
        ("now", pa.timestamp("s", "UTC")),
        ("arms", pa.map_(pa.string(), pa.string())),
        # profile; titles are a distribution (codes by falling weight, then code), stated ones have weight 1
        ("title", pa.list_(pa.int32())),
        ("title_weight", pa.list_(pa.float32())),
        ("target_title", pa.list_(pa.int32())),
        ("target_title_weight", pa.list_(pa.float32())),
        ("industry", pa.string()),
        ("country", pa.string()),
        ("languages", pa.list_(pa.string())),
        ("level", pa.int8()),  # 0 unknown, else 1 + index in LEVELS
        # skills by code, ascending; `skill_source` holds Source bits
        ("skill", pa.list_(pa.int32())),
        ("skill_source", pa.list_(pa.int16())),
        ("wanted", pa.list_(pa.int32())),
        ("refused", pa.list_(pa.int32())),
        # the newest event about a skill, ascending by skill: what it says (0 interest, 1 undo, 2 refuse_skill) and when
        # (microseconds since 1970 UTC), so that one that arrives late finds its place
        ("wish_skill", pa.list_(pa.int32())),
        ("wish_says", pa.list_(pa.int8())),
        ("wish_time", pa.list_(pa.int64())),
        # activity elsewhere: (skill, time in s since 1970 UTC), ascending by both
        ("activity_skill", pa.list_(pa.int32())),
        ("activity_time", pa.list_(pa.int64())),
        # interactions with courses, one entry a (course, kind), ascending by both:
        # newest time (s since 1970 UTC) and seconds watched in all
        ("course", pa.list_(pa.int32())),
        ("course_kind", pa.list_(pa.int8())),
        ("course_time", pa.list_(pa.int64())),
        ("course_seconds", pa.list_(pa.int32())),
        # impressions, ascending by (time, course, channel): slot = position in its row, from 1
        ("seen_course", pa.list_(pa.int32())),
        ("seen_channel", pa.list_(pa.int8())),
        ("seen_time", pa.list_(pa.int64())),
        ("seen_slot", pa.list_(pa.int16())),
        # served lists, newest time a channel (s since 1970 UTC), for the cool-off
        ("served_channel", pa.list_(pa.int8())),
        ("served_time", pa.list_(pa.int64())),
        # neighbours with a profile, and how many of them have each skill (codes ascending)
        ("neighbours", pa.int32()),
        ("neighbour_skill", pa.list_(pa.int32())),
        ("neighbour_count", pa.list_(pa.int32())),
    ]
)

INFERRED = pa.schema(
    [
        ("inferred_skill", pa.list_(pa.int32())),  # ascending, never a refused or explicit one
        ("inferred_weight", pa.list_(pa.float32())),  # probability that the member holds it
        ("inferred_source", pa.list_(pa.int16())),  # Source bits
        ("predicted_skill", pa.list_(pa.int32())),  # wanted by goal or prediction, ascending
        ("predicted_weight", pa.list_(pa.float32())),
        ("predicted_source", pa.list_(pa.int16())),
    ]
)


def empty_document(rows: int) -> dict[str, pa.Array]:
    """Columns of `rows` documents in which nothing is known; a base to override, in tests and for newcomers."""
    columns: dict[str, pa.Array] = {}
    for field in DOCUMENT:
        if pa.types.is_list(field.type) or pa.types.is_map(field.type):
            columns[field.name] = pa.array([[]] * rows, field.type)
        elif pa.types.is_integer(field.type):
            columns[field.name] = pa.array([0] * rows, field.type)
        else:
            columns[field.name] = pa.nulls(rows, field.type)
    return columns


def documents(rows: int, **columns: object) -> pa.RecordBatch:
    """A batch of `rows` documents in which the named columns are given and all others are empty."""
    base = empty_document(rows)
    for name, values in columns.items():
        type_ = DOCUMENT.field(name).type
        base[name] = values if isinstance(values, pa.Array) else pa.array(values, type_)
    return pa.RecordBatch.from_arrays([base[f.name] for f in DOCUMENT], schema=DOCUMENT)
