"""Logged impressions as observations: what had been seen before, and whether it was clicked this time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from skillfirst.errors import DataError
from skillfirst.tables.interactions import CHANNEL_CODES

Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

CLICK_WINDOW_SECONDS = 86_400  # engagement: a click within 24 hours of the impression


@dataclass(frozen=True, slots=True)
class ImpressionLog:
    """Impressions sorted by (member, course, time, channel); parallel arrays.

    `member`, `course`: int64 codes. `channel`: int8. `time`: int64, s since 1970 UTC. `slot`: int16, from 1.
    `click_time`: int64, of the click it led to, -1 without. `base`: float64, the score it was shown with, or None.
    """

    member: Longs
    course: Longs
    channel: npt.NDArray[np.int8]
    time: Longs
    slot: npt.NDArray[np.int16]
    click_time: Longs
    base: Floats | None = None

    def __len__(self) -> int:
        return len(self.time)

    @classmethod
    def of(
        cls, member: npt.ArrayLike, course: npt.ArrayLike, channel: npt.ArrayLike, time: npt.ArrayLike,
        slot: npt.ArrayLike, click_time: npt.ArrayLike, base: npt.ArrayLike | None = None,
    ) -> ImpressionLog:  # fmt: skip
        """From columns in any order. Raises DataError when their lengths differ."""
        m, c, t = (np.asarray(x, np.int64) for x in (member, course, time))
        ch, sl, ck = np.asarray(channel, np.int8), np.asarray(slot, np.int16), np.asarray(click_time, np.int64)
        b = None if base is None else np.asarray(base, np.float64)
        if len({len(x) for x in (m, c, t, ch, sl, ck, *(() if b is None else (b,)))}) != 1:
            raise DataError("columns of an impression log differ in length")
        o = np.lexsort((ch, t, c, m))
        return cls(m[o], c[o], ch[o], t[o], sl[o], ck[o], None if b is None else b[o])


@dataclass(frozen=True, slots=True)
class Observations:
    """Counted impressions, one an element. `n`, `count`, `last_seen` (days), `position`: as `impressions.Exposures`,
    but before this impression (0, 0, 0, 1 where it is the first). `slot`, `activity`: of this impression, float64.
    `clicked`: bool. `member`: int64 codes. `base`: float64 or None."""

    member: Longs
    n: Floats
    count: npt.NDArray[np.int32]
    last_seen: Floats
    position: Floats
    slot: Floats
    activity: Floats
    clicked: npt.NDArray[np.bool_]
    base: Floats | None = None

    def __len__(self) -> int:
        return len(self.n)

    def where(self, mask: npt.NDArray[np.bool_]) -> Observations:
        base = None if self.base is None else self.base[mask]
        return Observations(
            self.member[mask], self.n[mask], self.count[mask], self.last_seen[mask], self.position[mask],
            self.slot[mask], self.activity[mask], self.clicked[mask], base,
        )  # fmt: skip


def observe(log: ImpressionLog, half_life_days: float = 14.0, click_rest_days: float = 1.0) -> Observations:
    """Counted impressions of the log with what came before each, at one half-life; order of the log."""
    from skillfirst.feedback.loops import activity_at, earlier_exposures

    counted, n, count, last, position, clicked = earlier_exposures(
        log.member, log.course, log.channel, log.time, log.slot, log.click_time, half_life_days, click_rest_days
    )
    order = np.lexsort((log.time, log.member))
    activity = np.empty(len(log), np.float64)
    activity[order] = activity_at(log.member[order], log.time[order])
    everything = Observations(
        log.member, n, count, last, position, np.maximum(log.slot, 1).astype(np.float64), activity, clicked, log.base
    )
    return everything.where(counted)


def _codes(column: pa.ChunkedArray) -> Longs:
    """Codes by lexicographic order of the ids, so that the order of the rows does not matter."""
    unique = pc.unique(column)
    ordered = unique.take(pc.sort_indices(unique))
    return np.asarray(pc.index_in(column, ordered).to_numpy(), np.int64)


def log_of_events(events: pa.Table) -> ImpressionLog:
    """Impressions and their clicks from an EVENTS table (any order; other kinds are passed over).

    A click goes to the newest impression of the same member and course within the 24 hours before it, in its own
    channel where one is noted there, else in any. Raises DataError when a needed column is missing.
    """
    for name in ("time", "member_id", "kind", "course_id"):
        if name not in events.column_names:
            raise DataError("column is missing", table="events", column=name)
    events = events.filter(pc.is_in(events["kind"], pa.array(["impression", "click"])))
    events = events.filter(pc.is_valid(events["course_id"]))
    rows = events.num_rows
    empty = pa.chunked_array([pa.nulls(rows, pa.int64())])
    slot = events["position"] if "position" in events.column_names else empty
    slot_values = np.clip(np.asarray(pc.fill_null(slot, 1).to_numpy(), np.int64), 1, 32_767).astype(np.int16)
    member, course = _codes(events["member_id"]), _codes(events["course_id"])
    time = np.asarray(events["time"].cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy(), np.int64) // 1_000_000
    channel = np.zeros(rows, np.int8)
    if "channel" in events.column_names:
        known = pc.index_in(events["channel"], pa.array([*CHANNEL_CODES]))  # codes from 1
        channel = (np.asarray(pc.fill_null(known, -1).to_numpy(), np.int64) + 1).astype(np.int8)
    click = np.asarray(pc.equal(events["kind"], "click").to_numpy(), bool)
    # an impression and its click may carry the same second: the impression stands first
    o = np.lexsort((channel, click, time, course, member))
    member, course, time = member[o], course[o], time[o]
    channel, click, slot_values = channel[o], click[o], slot_values[o]
    click_time = _attribute(member, course, time, channel, click)
    shown = ~click
    return ImpressionLog.of(
        member[shown], course[shown], channel[shown], time[shown], slot_values[shown], click_time[shown]
    )


def _attribute(
    member: Longs, course: Longs, time: Longs, channel: npt.NDArray[np.int8], click: npt.NDArray[np.bool_]
) -> Longs:
    """Click time of each row of a log sorted by (member, course, time, click); clicks are few, so plain Python."""
    out = np.full(len(time), -1, np.int64)
    for i in np.flatnonzero(click).tolist():
        found, j = -1, i - 1
        while j >= 0 and member[j] == member[i] and course[j] == course[i]:
            if time[i] - time[j] > CLICK_WINDOW_SECONDS:
                break
            if not click[j]:
                if channel[i] == 0 or channel[j] == 0 or channel[j] == channel[i]:
                    found = j
                    break
                found = j if found < 0 else found
            j -= 1
        if found >= 0 and out[found] < 0:
            out[found] = time[i]
    return out
