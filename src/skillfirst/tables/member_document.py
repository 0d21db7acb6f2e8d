"""The member document: its columns, the numbers stored in them, and the columns that inference adds."""

from __future__ import annotations

from enum import IntEnum

import pyarrow as pa


class Interaction(IntEnum):
    """Kinds of a (member, course) interaction in the document; the numbers are stored."""

    CLICK = 1
    WATCH = 2
    ENROL = 3
    COMPLETE = 4
    BOOKMARK = 5
    DISMISS = 6
    UNDO = 7


# kinds by which somebody turns to a course
ENGAGED = (Interaction.CLICK, Interaction.WATCH, Interaction.ENROL, Interaction.COMPLETE, Interaction.BOOKMARK)


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
        ("level", pa.int8()),  # 0 unknown, else 1 + index in schemas.LEVELS
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
