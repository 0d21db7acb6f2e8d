"""Events of members into the event columns of their documents: the one merge that the night and the day share.

The night starts from what profiles state and merges every event; the day starts from the stored document and merges
today's. Both give the same columns, because newest times, sums and "newest 512" can be taken in parts, and because a
document keeps when a wish was said: an event that arrives late finds its place among those before it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from skillfirst.tables.documents import LIST_TYPES, Documents
from skillfirst.tables.member_document import Channel
from skillfirst.tables.schemas import EVENT_KINDS
from skillfirst.tables.sparse import to_lists

SEEN_DAYS = 112  # eight half-lives of an exposure (14 days): what is older weighs less than 0.4 %
SEEN_MOST = 512  # impressions a document holds, the newest
SECONDS_A_DAY = 86_400
NO_CHANNEL = 0  # a channel that is none of Channel
KIND_CODES = {kind: code for code, kind in enumerate(EVENT_KINDS)}
CHANNEL_CODES = {channel.name.lower(): int(channel) for channel in Channel}
_INT16, _INT32 = int(np.iinfo(np.int16).max), int(np.iinfo(np.int32).max)

Offsets = npt.NDArray[np.int64]
Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class EventRows:
    """Events of the members of a batch, in any order: parallel arrays.

    `row`: int32, row of the batch. `kind`: int8, place in EVENT_KINDS. `time`: int64, microseconds since 1970 UTC.
    `course`, `skill`: int32 codes, -1 for none. `channel`: int8, `Channel` or 0. `slot`: int16, position from 1.
    `seconds`: int32. `event`: uint64, equal for events with the same id, 0 without one.
    """

    row: npt.NDArray[np.int32]
    kind: npt.NDArray[np.int8]
    time: npt.NDArray[np.int64]
    course: npt.NDArray[np.int32]
    skill: npt.NDArray[np.int32]
    channel: npt.NDArray[np.int8]
    slot: npt.NDArray[np.int16]
    seconds: npt.NDArray[np.int32]
    event: npt.NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.row)

    @classmethod
    def joined(cls, pieces: Iterable[EventRows], size: int) -> EventRows:
        """Pieces one behind the other, `size` events in all; each piece may be gone when the next one comes."""
        whole, at = None, 0
        for piece in pieces:
            if whole is None:
                whole = cls(*(np.empty(size, getattr(piece, f.name).dtype) for f in fields(cls)))
            for f in fields(cls):
                getattr(whole, f.name)[at : at + len(piece)] = getattr(piece, f.name)
            at += len(piece)
        if whole is None:
            return cls.of([], np.empty(0, np.int8), [])
        assert at == size, "as many events as were announced"
        return whole

    @classmethod
    def of(
        cls,
        row: npt.ArrayLike,
        kind: pa.Array | pa.ChunkedArray | Array,
        time: npt.ArrayLike,
        *,
        course: npt.ArrayLike | None = None,
        skill: npt.ArrayLike | None = None,
        channel: pa.Array | pa.ChunkedArray | Array | None = None,
        position: npt.ArrayLike | None = None,
        seconds: npt.ArrayLike | None = None,
        event: npt.ArrayLike | None = None,
    ) -> EventRows:
        """From kinds and channels as texts or as their numbers, times in microseconds, seconds as floats.

        An unknown kind raises ValueError. A position that is not known counts as the first; seconds are rounded to
        whole ones, not known is 0.
        """
        # copies, so that the loops see one layout (contiguous and writable) and are compiled once
        rows = np.array(row, np.int32)
        size = len(rows)
        kinds = _codes(kind, EVENT_KINDS)
        if size and kinds.min() < 0:
            raise ValueError("an event of an unknown kind")
        channels = np.zeros(size, np.int8) if channel is None else _codes(channel, ("", *CHANNEL_CODES))
        slots = np.ones(size) if position is None else _filled(position, 1.0)
        spent = np.zeros(size) if seconds is None else _filled(seconds, 0.0)
        return cls(
            rows,
            kinds.astype(np.int8),
            np.array(time, np.int64),
            np.full(size, -1, np.int32) if course is None else np.array(course, np.int32),
            np.full(size, -1, np.int32) if skill is None else np.array(skill, np.int32),
            np.maximum(channels, NO_CHANNEL).astype(np.int8),
            np.minimum(np.maximum(slots, 1), _INT16).astype(np.int16),
            np.minimum(np.maximum(np.rint(spent), 0), _INT32).astype(np.int32),
            np.zeros(size, np.uint64) if event is None else np.array(event, np.uint64),
        )


def _filled(values: npt.ArrayLike, unknown: float) -> npt.NDArray[np.float64]:
    numbers = np.asarray(values, np.float64)
    return np.where(np.isnan(numbers), unknown, numbers)


def _codes(values: pa.Array | pa.ChunkedArray | Array, names: tuple[str, ...]) -> npt.NDArray[np.int32]:
    """Place of each text in `names`, -1 for others and null; numbers are such places already."""
    if isinstance(values, np.ndarray):
        return np.where((values >= 0) & (values < len(names)), values, -1).astype(np.int32)
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    known = pa.array(list(names), pa.string())
    if isinstance(values, pa.DictionaryArray):
        words = np.append(_codes(values.dictionary.cast(pa.string()), names), np.int32(-1))
        places = pc.fill_null(values.indices, len(words) - 1).to_numpy(zero_copy_only=False)
        return np.asarray(words[places], np.int32)
    found = pc.fill_null(pc.index_in(values.cast(pa.string()), known), -1)
    return np.asarray(found.to_numpy(zero_copy_only=False), np.int32)


def event_keys(ids: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.uint64]:
    """One number a distinct event id, 0 for null: what `EventRows.event` asks for, exact within this batch."""
    if isinstance(ids, pa.ChunkedArray):
        ids = ids.combine_chunks()
    codes = pc.fill_null(pc.cast(ids.dictionary_encode().indices, pa.int64()), -1)
    return (np.asarray(codes.to_numpy(zero_copy_only=False)) + 1).astype(np.uint64)


# document columns by group: the first names the group, all of a group are parallel lists
_GROUPS: dict[str, tuple[str, ...]] = {
    "wanted": ("wanted",),
    "refused": ("refused",),
    "wish": ("wish_skill", "wish_says", "wish_time"),
    "course": ("course", "course_kind", "course_time", "course_seconds"),
    "seen": ("seen_course", "seen_channel", "seen_time", "seen_slot"),
    "served": ("served_channel", "served_time"),
}
COLUMNS = tuple(name for names in _GROUPS.values() for name in names)


@dataclass(frozen=True, slots=True)
class History:
    """The event columns of a batch of documents as arrays.

    `offsets`: int64, rows + 1, by group (wanted, refused, wish, course, seen, served). `values`: flat array by
    column of the document, in its dtype and order.
    """

    offsets: dict[str, Offsets]
    values: dict[str, Array]

    def __len__(self) -> int:
        return len(self.offsets["course"]) - 1

    @classmethod
    def empty(cls, rows: int) -> History:
        """Of members who did nothing."""
        return cls(
            {group: np.zeros(rows + 1, np.int64) for group in _GROUPS},
            {name: np.empty(0, LIST_TYPES[name]) for name in COLUMNS},
        )

    @classmethod
    def stated(cls, wanted: tuple[Offsets, Array], refused: tuple[Offsets, Array]) -> History:
        """Of members of whom only the wishes on their profiles are known: (offsets, codes ascending in a row)."""
        base = cls.empty(len(wanted[0]) - 1)
        base.offsets["wanted"], base.values["wanted"] = wanted[0], np.array(wanted[1], np.int32)
        base.offsets["refused"], base.values["refused"] = refused[0], np.array(refused[1], np.int32)
        return base

    @classmethod
    def from_documents(cls, batch: pa.RecordBatch | Documents) -> History:
        """Of a batch of documents."""
        documents = Documents.of(batch)
        offsets = {group: documents.lists(names[0])[0] for group, names in _GROUPS.items()}
        # copies, as the loops are compiled for arrays that may be written to
        return cls(offsets, {name: documents.lists(name)[1].copy() for name in COLUMNS})

    def lists(self) -> dict[str, tuple[Offsets, Array]]:
        """The columns as offsets and flat values."""
        return {name: (self.offsets[group], self.values[name]) for group, names in _GROUPS.items() for name in names}

    def columns(self) -> dict[str, pa.ListArray]:
        """The columns as Arrow lists, in the types of DOCUMENT."""
        return {name: to_lists(*lists) for name, lists in self.lists().items()}


def merge_events(before: History, events: EventRows, now: npt.ArrayLike) -> History:
    """The history after `events`; events after `now` (s since 1970 UTC, one for all or one a row) are ignored.

    An event id counts once. Of one (course, kind) the newest time and the sum of seconds stay. A skill is wanted or
    refused as the newest of interest, refuse_skill and undo says; what a profile states is older than any event. Of
    dismissal, bookmark and undo of a course in one second the last counts (times are kept to the second: where an
    undo came before, it is moved one second back).
    Impressions: the last 112 days, of these the newest 512.
    """
    from skillfirst.tables import merging

    rows = len(before)
    until = np.broadcast_to(np.asarray(now, np.int64), (rows,)).copy()
    at, had = before.offsets, before.values
    offsets, order = merging.group(events.row, rows)
    keep = merging.counting(
        offsets, order, until, events.event, events.time, events.kind, events.course, events.skill, events.channel,
        events.slot, events.seconds,
    )  # fmt: skip
    w_at, w, r_at, r, wish_at, wish, says, said_at = merging.wishes(
        offsets, order, keep, events.kind, events.skill, events.time, at["wanted"], had["wanted"], at["refused"],
        had["refused"], at["wish"], had["wish_skill"], had["wish_says"], had["wish_time"],
    )  # fmt: skip
    course_at, course, kind, newest, seconds = merging.courses(
        offsets, order, keep, events.kind, events.course, events.time, events.seconds,
        at["course"], had["course"], had["course_kind"], had["course_time"], had["course_seconds"],
    )  # fmt: skip
    seen_at, seen, seen_channel, seen_time, slot = merging.seen(
        offsets, order, keep, until, SEEN_DAYS * SECONDS_A_DAY, SEEN_MOST,
        events.kind, events.course, events.channel, events.time, events.slot,
        at["seen"], had["seen_course"], had["seen_channel"], had["seen_time"], had["seen_slot"],
    )  # fmt: skip
    served_at, served, served_time = merging.served(
        offsets, order, keep, events.kind, events.channel, events.time,
        at["served"], had["served_channel"], had["served_time"],
    )  # fmt: skip
    return History(
        {"wanted": w_at, "refused": r_at, "wish": wish_at, "course": course_at, "seen": seen_at, "served": served_at},
        {
            "wanted": w, "refused": r, "wish_skill": wish, "wish_says": says, "wish_time": said_at,
            "course": course, "course_kind": kind, "course_time": newest,
            "course_seconds": seconds, "seen_course": seen, "seen_channel": seen_channel, "seen_time": seen_time,
            "seen_slot": slot, "served_channel": served, "served_time": served_time,
        },
    )  # fmt: skip
