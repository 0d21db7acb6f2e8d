"""The compiled loops of fatigue: arrays in, arrays out. Import it only where scoring happens: it loads Numba."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float64]
Longs = npt.NDArray[np.int64]

DAY = 86_400
GATE_SECONDS = 1_800  # one impression a member, course and channel in 30 minutes
ACTIVITY_DAYS = 28  # four whole weeks, so that every weekday counts equally


@njit(cache=True, nogil=True)
def slot_weight(slot: float) -> float:
    """e(k) = 1 / log2(1 + k): the chance that slot k of a row was looked at, relative to the first."""
    return 1.0 / math.log2(1.0 + max(slot, 1.0))


@njit(cache=True, nogil=True)
def behaviour_value(form: float, x: float, scale: float) -> float:
    """f_b(x) of `discount.Behaviour`; 0 for form none."""
    u = max(x, 0.0) / scale
    if form == 1.0:
        return math.exp(-u)
    if form == 2.0:
        return min(u, 1.0)
    if form == 3.0:
        return 1.0 / (1.0 + u)
    if form == 4.0:
        return min(u, 1.0) * min(u, 1.0)
    return 0.0


@njit(cache=True, nogil=True)
def discount_factor(n: float, last_seen: float, position: float, activity: float, parameters: Floats) -> float:
    """Factor of one course; see `discount.discount` for the arguments, `Discount.parameters()` for the last one."""
    form, floor, ceiling = parameters[0], parameters[1], parameters[2]
    if n <= 0.0 or form == 0.0:
        return 1.0
    if form == 5.0:
        d: float = 1.0
        d += parameters[9] * behaviour_value(parameters[8], n, parameters[10])
        d += parameters[12] * behaviour_value(parameters[11], last_seen, parameters[13])
        d += parameters[15] * behaviour_value(parameters[14], position, parameters[16])
        d += parameters[18] * behaviour_value(parameters[17], activity, parameters[19])
        return float(min(max(d, floor), ceiling))
    if activity < parameters[3]:
        beta = parameters[5]
    elif activity < parameters[4]:
        beta = parameters[6]
    else:
        beta = parameters[7]
    x: float = beta * n
    if form == 1.0:
        shape = math.exp(-x)
    elif form == 2.0:
        shape = max(1.0 - x, 0.0)
    elif form == 3.0:
        # a negative beta mirrors the curve, as 1 / (1 + x) would pass through infinity
        shape = 1.0 / (1.0 + x) if x >= 0.0 else 2.0 - 1.0 / (1.0 - x)
    else:
        rest = max(1.0 - x, 0.0)
        shape = rest * rest
    return float(min(max(floor + (1.0 - floor) * shape, floor), ceiling))


@njit(cache=True, nogil=True)
def with_spill_over(own: float, together: float, share: float) -> float:
    """Exposure of a course: its own, and `share` of that of the other courses with the same matched set.

    `together`: sum over all courses of the set, in ascending course codes. For a course never seen itself this is
    share * together: one value, hence one factor, a bucket.
    """
    return own + share * (together - own)


@njit(cache=True, nogil=True)
def discount_all(n: Floats, last_seen: Floats, position: Floats, activity: Floats, parameters: Floats) -> Floats:
    """`discount_factor` of each element of four float64 arrays of one length."""
    out = np.empty(len(n), np.float64)
    for i in range(len(n)):
        out[i] = discount_factor(n[i], last_seen[i], position[i], activity[i], parameters)
    return out


@njit(cache=True, nogil=True)
def active_days(times: Longs, start: int, stop: int, now: int) -> int:
    """Distinct UTC days of times[start:stop] (ascending, s since 1970) within the 28 days up to `now`."""
    days, previous = 0, -1
    for i in range(start, stop):
        if times[i] > now or times[i] <= now - ACTIVITY_DAYS * DAY:
            continue
        day = times[i] // DAY
        if day != previous:
            days += 1
            previous = day
    return days


@njit(cache=True, nogil=True)
def expose(
    now: Longs,
    offsets: Longs,
    course: npt.NDArray[np.int32],
    channel: npt.NDArray[np.int8],
    time: Longs,
    slot: npt.NDArray[np.int16],
    clicked_offsets: Longs,
    clicked_course: npt.NDArray[np.int32],
    clicked_kind: npt.NDArray[np.int8],
    clicked_time: Longs,
    click_kind: int,
    half_life_days: float,
    click_rest_days: float,
) -> tuple[Longs, npt.NDArray[np.int32], Floats, npt.NDArray[np.int32], Floats, Floats, Floats]:
    """Counted exposures of a batch, row by row; see `impressions.exposures` for what they mean.

    Out: offsets, course, n, count, last seen (days), position (slot of the newest), and activity of each row.
    Sums run in (time, channel) order within a course, courses ascending.
    """
    rows, total = len(now), len(course)
    out_offsets = np.zeros(rows + 1, np.int64)
    out_course = np.empty(total, np.int32)
    out_n = np.empty(total, np.float64)
    out_count = np.empty(total, np.int32)
    out_last = np.empty(total, np.float64)
    out_position = np.empty(total, np.float64)
    activity = np.zeros(rows, np.float64)
    gate = np.zeros(256, np.int64)  # newest counted time of each channel, valid where gate_of holds this course's turn
    gate_of = np.full(256, -1, np.int64)
    turn, made = 0, 0
    rest_seconds = click_rest_days * DAY
    for row in range(rows):
        start, stop, today = offsets[row], offsets[row + 1], now[row]
        activity[row] = active_days(time, start, stop, today)
        keys = np.empty(stop - start, np.int64)
        for i in range(start, stop):
            keys[i - start] = (np.int64(course[i]) << 32) | (i - start)
        keys.sort()
        click, click_stop = clicked_offsets[row], clicked_offsets[row + 1]
        k = 0
        while k < len(keys):
            this = keys[k] >> 32
            while click < click_stop and (
                clicked_course[click] < this or (clicked_course[click] == this and clicked_kind[click] < click_kind)
            ):
                click += 1
            reset = -1.0e18
            here = click < click_stop and clicked_course[click] == this and clicked_kind[click] == click_kind
            if here and clicked_time[click] <= today:
                reset = clicked_time[click] + rest_seconds
            turn += 1
            n, count, newest, newest_slot = 0.0, 0, np.int64(0), np.int16(1)
            while k < len(keys) and keys[k] >> 32 == this:
                i = start + (keys[k] & 0xFFFFFFFF)
                k += 1
                where = np.int64(channel[i]) & 255
                if time[i] > today or (gate_of[where] == turn and time[i] - gate[where] < GATE_SECONDS):
                    continue
                gate_of[where], gate[where] = turn, time[i]
                if time[i] <= reset:
                    continue
                age = (today - time[i]) / DAY
                n += slot_weight(float(slot[i])) * 2.0 ** (-age / half_life_days)
                count += 1
                newest, newest_slot = time[i], slot[i]
            if count:
                out_course[made], out_n[made], out_count[made] = this, n, count
                out_last[made] = (today - newest) / DAY
                out_position[made] = max(float(newest_slot), 1.0)
                made += 1
        out_offsets[row + 1] = made
    return (
        out_offsets, out_course[:made], out_n[:made], out_count[:made], out_last[:made], out_position[:made], activity,
    )  # fmt: skip


@njit(cache=True, nogil=True)
def earlier_exposures(
    member: Longs,
    course: Longs,
    channel: npt.NDArray[np.int8],
    time: Longs,
    slot: npt.NDArray[np.int16],
    click_time: Longs,
    half_life_days: float,
    click_rest_days: float,
) -> tuple[npt.NDArray[np.bool_], Floats, npt.NDArray[np.int32], Floats, Floats, npt.NDArray[np.bool_]]:
    """What the member had seen of the course before each impression of a log sorted by (member, course, time, channel).

    `click_time`: s since 1970 UTC of the click it led to, -1 without. Out, one an impression: counted (False inside the
    gate of 30 minutes or in the rest after a click), n, count, last seen (days), position, clicked (a click on an
    impression inside a gate belongs to the one that opened it).
    """
    total = len(time)
    counted = np.zeros(total, np.bool_)
    n_before = np.zeros(total, np.float64)
    count_before = np.zeros(total, np.int32)
    last_seen = np.zeros(total, np.float64)
    position = np.ones(total, np.float64)
    clicked = np.zeros(total, np.bool_)
    gate = np.zeros(256, np.int64)  # index of the impression that opened the gate of each channel
    gate_of = np.full(256, -1, np.int64)
    turn = 0
    n, count, newest, newest_slot, reset = 0.0, 0, np.int64(0), np.int16(1), -1.0e18
    for i in range(total):
        if i == 0 or member[i] != member[i - 1] or course[i] != course[i - 1]:
            turn += 1
            n, count, newest, newest_slot, reset = 0.0, 0, time[i], np.int16(1), -1.0e18
        where = np.int64(channel[i]) & 255
        if gate_of[where] == turn and time[i] - time[gate[where]] < GATE_SECONDS:
            if click_time[i] >= 0:
                clicked[gate[where]] = counted[gate[where]]
                n, count, reset = 0.0, 0, max(reset, click_time[i] + click_rest_days * DAY)
            continue
        gate_of[where], gate[where] = turn, i
        if time[i] > reset:
            n *= 2.0 ** (-((time[i] - newest) / DAY) / half_life_days)
            counted[i], n_before[i], count_before[i] = True, n, count
            if count:
                last_seen[i], position[i] = (time[i] - newest) / DAY, max(float(newest_slot), 1.0)
            n += slot_weight(float(slot[i]))
            count += 1
            newest, newest_slot = time[i], slot[i]
        if click_time[i] >= 0:
            clicked[i] = counted[i]
            n, count, reset = 0.0, 0, max(reset, click_time[i] + click_rest_days * DAY)
    return counted, n_before, count_before, last_seen, position, clicked


@njit(cache=True, nogil=True)
def activity_at(member: Longs, time: Longs) -> Floats:
    """Distinct UTC days with an impression in the 28 days up to each impression; sorted by (member, time)."""
    total = len(time)
    out = np.zeros(total, np.float64)
    days = np.zeros(total, np.int64)  # distinct days of the member at hand, ascending, with the newest time of each
    newest = np.zeros(total, np.int64)
    first, made = 0, 0
    for i in range(total):
        if i == 0 or member[i] != member[i - 1]:
            first, made = 0, 0
        day = time[i] // DAY
        if made == 0 or days[made - 1] != day:
            days[made] = day
            made += 1
        newest[made - 1] = time[i]
        while newest[first] <= time[i] - ACTIVITY_DAYS * DAY:
            first += 1
        out[i] = made - first
    return out
