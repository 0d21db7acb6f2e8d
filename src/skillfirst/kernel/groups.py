"""Groups of arrays the compiled loop reads and writes; the annotations are what it is compiled for."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Members(NamedTuple):
    """A batch as arrays; *_offsets are int64, rows + 1. Codes are the Model's."""

    rows: int
    now: npt.NDArray[np.int64]
    outlook: npt.NDArray[np.int32]  # row of `views` and `opens`, by languages, level and day
    views: npt.NDArray[np.uint64]  # open courses, one a series; outlooks x words
    opens: npt.NDArray[np.uint64]  # all open courses
    level: npt.NDArray[np.int8]
    title: npt.NDArray[np.int32]  # first title, -1 for none
    target: npt.NDArray[np.int32]
    skill_offsets: npt.NDArray[np.int64]  # all scored skills: ascending, with both parts of their weight
    skill: npt.NDArray[np.int32]
    held: npt.NDArray[np.float64]
    wanted: npt.NDArray[np.float64]
    flags: npt.NDArray[np.int32]  # 1 explicit, 2 want stated
    source: npt.NDArray[np.int32]
    want_source: npt.NDArray[np.int32]
    course_offsets: npt.NDArray[np.int64]
    course: npt.NDArray[np.int32]
    course_kind: npt.NDArray[np.int8]
    course_time: npt.NDArray[np.int64]
    course_seconds: npt.NDArray[np.int32]
    exposed_offsets: npt.NDArray[np.int64]
    exposed: npt.NDArray[np.int32]
    exposure: npt.NDArray[np.float64]
    last_seen: npt.NDArray[np.float64]
    seen_position: npt.NDArray[np.float64]
    active: npt.NDArray[np.float64]
    shelves: int  # length of a chain
    shelf: npt.NDArray[np.int32]  # rows x chain: fallback shelves, -1 for none
    shelf_context: npt.NDArray[np.int8]  # by place in the chain
    shelf_evidence: npt.NDArray[np.int32]  # rows x chain
    trends: int
    trend: npt.NDArray[np.int32]  # rows x chain: trending shelves
    trend_context: npt.NDArray[np.int8]
    trend_evidence: npt.NDArray[np.int32]
    resting: npt.NDArray[np.uint8]  # rows x 2: at rest in feed, in home


class Shelves(NamedTuple):
    """Course lists of the Model: `offsets`, `course` of shelves; similar courses; series; categories; lengths."""

    courses: int
    shelves: int  # the plain ones; after them, where a response was learned, as many in the order of each level
    offsets: npt.NDArray[np.int64]
    course: npt.NDArray[np.int32]
    similar_offsets: npt.NDArray[np.int64]
    similar: npt.NDArray[np.int32]
    group: npt.NDArray[np.int32]  # by course, -1 for none
    group_offsets: npt.NDArray[np.int64]
    group_course: npt.NDArray[np.int32]
    twin: npt.NDArray[np.int32]  # by course: its set of translations, -1 for none
    twin_offsets: npt.NDArray[np.int64]
    twin_course: npt.NDArray[np.int32]
    level: npt.NDArray[np.int8]
    categories: int
    category: npt.NDArray[np.int32]
    created: npt.NDArray[np.int64]  # days since 1970, undated very small
    minutes: npt.NDArray[np.float64]
    evidence_start: npt.NDArray[np.int64]  # by context: where the ids it names begin, -1 where it names nothing


class Rules(NamedTuple):
    """The Policy's numbers the loop needs."""

    k: int
    fill: int
    fallback: int
    rows: int
    row_length: int
    row_least: int
    watched_rows: int
    wanted_rows: int
    skill_rows: int
    predicted_rows: int
    inferred_rows: int
    new_days: int
    rows_least: int
    round_robin: int
    levels: int  # of members whose response counts; 0: the plain shelves for all
    nearest: int  # see ranking.layout.nearest
    spill_over: float
    dismiss_rest: float  # seconds
    watching: npt.NDArray[np.float64]
    discount: npt.NDArray[np.float64]


class Out(NamedTuple):
    """Shown courses, list after list: `offsets` int32, one list a member and channel in the order of `channel`."""

    channels: int
    channel: npt.NDArray[np.int8]  # place in CHANNELS
    offsets: npt.NDArray[np.int32]
    course: npt.NDArray[np.int32]
    affinity: npt.NDArray[np.float64]
    score: npt.NDArray[np.float64]
    bucket: npt.NDArray[np.int32]  # from 1, 0 for none
    rank: npt.NDArray[np.int16]
    position: npt.NDArray[np.int16]
    context: npt.NDArray[np.int32]
    evidence: npt.NDArray[np.int32]  # into the Model's evidence, -1 for none


class Desk(NamedTuple):
    """Working memory of the loop beside the ranking's: states of courses, slots of skills, the page in the making."""

    state_course: npt.NDArray[np.int32]
    state: npt.NDArray[np.int32]
    state_time: npt.NDArray[np.int64]
    slot_context: npt.NDArray[np.int8]
    slot_evidence: npt.NDArray[np.int32]
    slot_order: npt.NDArray[np.int32]
    exercised: npt.NDArray[np.uint8]
    watched: npt.NDArray[np.int32]
    watched_time: npt.NDArray[np.int64]
    wanted: npt.NDArray[np.uint64]  # slots a row is made of
    category_count: npt.NDArray[np.int32]
    number: npt.NDArray[np.int32]  # by place of a bucket: its number on the page


class Row(NamedTuple):
    """A row in the making: course, affinity, score, place of the bucket or -1, and what it is sorted by."""

    course: npt.NDArray[np.int32]
    affinity: npt.NDArray[np.float64]
    score: npt.NDArray[np.float64]
    place: npt.NDArray[np.int64]
    key: npt.NDArray[np.int64]
