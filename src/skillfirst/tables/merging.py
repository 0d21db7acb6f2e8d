"""The loops behind tables/interactions.py: events of many members into sorted lists, one member after the other.

Arrays in, arrays out; an event belongs to row `row[e]`, and `order[offsets[r]:offsets[r + 1]]` are the events of row r
in any order. Nothing depends on that order: sums are of integers, ties go by content.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,assignment"

from __future__ import annotations

import numpy as np
from numba import njit

from skillfirst.tables.member_document import Channel, Interaction
from skillfirst.tables.schemas import EVENT_KINDS

_IMPRESSION = EVENT_KINDS.index("impression")
_SERVED, _SENT = EVENT_KINDS.index("served"), EVENT_KINDS.index("email_sent")
_INTEREST, _REFUSE, _UNDO = (EVENT_KINDS.index(k) for k in ("interest", "refuse_skill", "undo"))
_EMAIL = int(Channel.EMAIL)
_CHANNELS = 1 + max(int(c) for c in Channel)
_FEW = 32  # up to here comparing all pairs is faster than sorting

# event kind -> kind of interaction with a course, 0 for none; a click in an e-mail is a click
_NAMES = {i.name.lower(): int(i) for i in Interaction} | {"email_click": int(Interaction.CLICK)}
INTERACTION = np.array([_NAMES.get(kind, 0) for kind in EVENT_KINDS], np.int8)
# UNDO is the last kind of a course: those before it stand before it
_SAVED, _HIDDEN, _TAKE_BACK = int(Interaction.BOOKMARK), int(Interaction.DISMISS), int(Interaction.UNDO)
_INT32 = np.iinfo(np.int32).max


@njit(cache=True, nogil=True)
def ascending(keys):
    """Places of the keys in ascending order; the one sort that all loops share, so that it is compiled once."""
    return np.argsort(keys)


@njit(cache=True, nogil=True)
def group(row, rows):
    """Counting sort: (offsets int64 rows + 1, order int64). Rows out of [0, rows) are left out."""
    offsets = np.zeros(rows + 1, np.int64)
    for e in range(len(row)):
        if 0 <= row[e] < rows:
            offsets[row[e] + 1] += 1
    for r in range(rows):
        offsets[r + 1] += offsets[r]
    place = offsets[:-1].copy()
    order = np.empty(offsets[rows], np.int64)
    for e in range(len(row)):
        if 0 <= row[e] < rows:
            order[place[row[e]]] = e
            place[row[e]] += 1
    return offsets, order


@njit(cache=True, nogil=True)
def _earlier(a, b, time, kind, course, skill, channel, slot, seconds):
    """Whether event a stands before b in the total order by content."""
    if time[a] != time[b]:
        return time[a] < time[b]
    if kind[a] != kind[b]:
        return kind[a] < kind[b]
    if course[a] != course[b]:
        return course[a] < course[b]
    if skill[a] != skill[b]:
        return skill[a] < skill[b]
    if channel[a] != channel[b]:
        return channel[a] < channel[b]
    if slot[a] != slot[b]:
        return slot[a] < slot[b]
    return seconds[a] < seconds[b]


@njit(cache=True, nogil=True)
def counting(offsets, order, now, event, time, kind, course, skill, channel, slot, seconds):
    """bool an event: not after its row's `now` (s), and the first in content order that bears its id (0 = no id)."""
    keep = np.zeros(len(event), np.bool_)
    for r in range(len(offsets) - 1):
        low, high = offsets[r], offsets[r + 1]
        for p in range(low, high):
            keep[order[p]] = time[order[p]] // 1_000_000 <= now[r]
        if high - low <= _FEW:
            for p in range(low, high):
                a = order[p]
                for q in range(p + 1, high):
                    b = order[q]
                    if event[a] != 0 and event[a] == event[b] and keep[a] and keep[b]:
                        if _earlier(b, a, time, kind, course, skill, channel, slot, seconds):
                            keep[a] = False
                        else:
                            keep[b] = False
        else:
            mine = order[low:high]
            by_id = ascending(event[mine].astype(np.int64))
            best = -1
            for p in range(len(mine)):
                e = mine[by_id[p]]
                if event[e] == 0 or not keep[e]:
                    continue
                if best >= 0 and event[best] == event[e]:
                    if _earlier(e, best, time, kind, course, skill, channel, slot, seconds):
                        keep[best] = False
                        best = e
                    else:
                        keep[e] = False
                else:
                    best = e
    return keep


@njit(cache=True, nogil=True)
def _in_order(course, kind, time, exact, low, undo):
    """Move an undo, and what it takes back, a second before what followed it within its second."""
    overtaken = False
    first = undo
    while first > low and course[first - 1] == course[undo]:
        first -= 1
        if (kind[first] == _SAVED or kind[first] == _HIDDEN) and time[first] == time[undo]:
            overtaken = overtaken or exact[first] > exact[undo]
    if not overtaken:
        return
    for i in range(first, undo):
        if (kind[i] == _SAVED or kind[i] == _HIDDEN) and time[i] == time[undo] and exact[i] <= exact[undo]:
            time[i] -= 1
    time[undo] -= 1


@njit(cache=True, nogil=True)
def courses(offsets, order, keep, kind, course, time, seconds, base, base_course, base_kind, base_time, base_seconds):
    """Interactions by (course, kind): newest time in s, sum of seconds. Returns offsets and the four columns.

    An undo is taken for later than a dismissal or bookmark of its second; where it came before one, it stands one
    second earlier, and so do those of its second that it takes back.
    """
    rows = len(offsets) - 1
    most = base[rows] + len(order)
    out = np.zeros(rows + 1, np.int64)
    out_course, out_kind = np.empty(most, np.int32), np.empty(most, np.int8)
    out_time, out_seconds = np.empty(most, np.int64), np.empty(most, np.int32)
    exact = np.empty(most, np.int64)  # newest time in microseconds
    found = 0
    for r in range(rows):
        size = base[r + 1] - base[r] + offsets[r + 1] - offsets[r]
        keys, times, sums = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
        n = 0
        for p in range(base[r], base[r + 1]):
            keys[n] = np.int64(base_course[p]) * 16 + base_kind[p]
            times[n], sums[n] = base_time[p] * 1_000_000, base_seconds[p]
            n += 1
        for p in range(offsets[r], offsets[r + 1]):
            e = order[p]
            as_kind = INTERACTION[kind[e]]
            if keep[e] and as_kind > 0 and course[e] >= 0:
                keys[n] = np.int64(course[e]) * 16 + as_kind
                times[n], sums[n] = time[e], seconds[e]
                n += 1
        if n > 0:
            by_key = ascending(keys[:n])
            last = np.int64(-1)
            total = np.int64(0)
            for p in range(n):
                i = by_key[p]
                if keys[i] != last:
                    last = keys[i]
                    total = 0
                    out_course[found], out_kind[found] = last // 16, last % 16
                    exact[found] = times[i]
                    found += 1
                total += sums[i]
                out_seconds[found - 1] = min(total, _INT32)
                exact[found - 1] = max(exact[found - 1], times[i])
        for j in range(out[r], found):
            out_time[j] = exact[j] // 1_000_000
        for j in range(out[r], found):
            if out_kind[j] == _TAKE_BACK:
                _in_order(out_course, out_kind, out_time, exact, out[r], j)
        out[r + 1] = found
    return out, out_course[:found], out_kind[:found], out_time[:found], out_seconds[:found]


@njit(cache=True, nogil=True)
def seen(
    offsets, order, keep, now, window, most, kind, course, channel, time, slot,
    base, base_course, base_channel, base_time, base_slot,
):  # fmt: skip
    """Impressions of the last `window` s, the newest `most` of a row, ascending by (time, course, channel, slot)."""
    rows = len(offsets) - 1
    size_all = base[rows] + len(order)
    out = np.zeros(rows + 1, np.int64)
    out_course, out_channel = np.empty(size_all, np.int32), np.empty(size_all, np.int8)
    out_time, out_slot = np.empty(size_all, np.int64), np.empty(size_all, np.int16)
    found = 0
    for r in range(rows):
        first = now[r] - window
        size = base[r + 1] - base[r] + offsets[r + 1] - offsets[r]
        keys, slots = np.empty(size, np.int64), np.empty(size, np.int64)
        n = 0
        for p in range(base[r], base[r + 1]):
            if first <= base_time[p] <= now[r]:
                keys[n] = ((base_time[p] - first) << 39) | (np.int64(base_course[p]) << 8) | np.int64(base_channel[p])
                slots[n] = base_slot[p]
                n += 1
        for p in range(offsets[r], offsets[r + 1]):
            e = order[p]
            at = time[e] // 1_000_000
            if keep[e] and kind[e] == _IMPRESSION and course[e] >= 0 and at >= first:
                keys[n] = ((at - first) << 39) | (np.int64(course[e]) << 8) | np.int64(channel[e])
                slots[n] = slot[e]
                n += 1
        by_key = ascending(keys[:n])
        # equal keys stand by slot; they are few, so each is put in its place among those before it
        for p in range(1, n):
            mine = by_key[p]
            q = p
            while q > 0 and keys[by_key[q - 1]] == keys[mine] and slots[by_key[q - 1]] > slots[mine]:
                by_key[q] = by_key[q - 1]
                q -= 1
            by_key[q] = mine
        for p in range(max(0, n - most), n):
            key = keys[by_key[p]]
            out_time[found] = (key >> 39) + first
            out_course[found] = (key >> 8) & 0x7FFFFFFF
            out_channel[found] = key & 0xFF
            out_slot[found] = slots[by_key[p]]
            found += 1
        out[r + 1] = found
    return out, out_course[:found], out_channel[:found], out_time[:found], out_slot[:found]


@njit(cache=True, nogil=True)
def served(offsets, order, keep, kind, channel, time, base, base_channel, base_time):
    """Newest time (s) a list was served or an e-mail sent, by channel ascending."""
    rows = len(offsets) - 1
    out = np.zeros(rows + 1, np.int64)
    out_channel, out_time = np.empty(rows * _CHANNELS, np.int8), np.empty(rows * _CHANNELS, np.int64)
    newest = np.empty(_CHANNELS, np.int64)
    found = 0
    for r in range(rows):
        newest[:] = -1
        for p in range(base[r], base[r + 1]):
            newest[base_channel[p]] = max(newest[base_channel[p]], base_time[p])
        for p in range(offsets[r], offsets[r + 1]):
            e = order[p]
            if keep[e] and (kind[e] == _SERVED or kind[e] == _SENT):
                where = _EMAIL if kind[e] == _SENT else channel[e]
                newest[where] = max(newest[where], time[e] // 1_000_000)
        for where in range(_CHANNELS):
            if newest[where] >= 0:
                out_channel[found], out_time[found] = where, newest[where]
                found += 1
        out[r + 1] = found
    return out, out_channel[:found], out_time[:found]


@njit(cache=True, nogil=True)
def wishes(
    offsets, order, keep, kind, skill, time, wanted, wanted_skill, refused, refused_skill,
    base, base_skill, base_says, base_time,
):  # fmt: skip
    """Wanted and refused skills, ascending: what the newest of interest, undo, refuse_skill says, else as before.

    At one and the same time refuse_skill goes before undo, undo before interest. Undo takes back both. `base`: the
    newest event about a skill that was merged before. Last come the newest events about each skill, of both.
    """
    rows = len(offsets) - 1
    most = wanted[rows] + refused[rows] + base[rows] + len(order)
    out_w, out_r, out = np.zeros(rows + 1, np.int64), np.zeros(rows + 1, np.int64), np.zeros(rows + 1, np.int64)
    want, refuse = np.empty(most, np.int32), np.empty(most, np.int32)
    said, says_out, said_at = np.empty(most, np.int32), np.empty(most, np.int8), np.empty(most, np.int64)
    found_w = found_r = found = 0
    for r in range(rows):
        high = offsets[r + 1] - offsets[r] + wanted[r + 1] - wanted[r] + refused[r + 1] - refused[r]
        high += base[r + 1] - base[r]
        skills, ranks = np.empty(high, np.int64), np.empty(high, np.int64)
        n = 0
        # statuses before any event: rank -2 wanted, -1 refused
        for p in range(wanted[r], wanted[r + 1]):
            skills[n], ranks[n] = wanted_skill[p], -2
            n += 1
        for p in range(refused[r], refused[r + 1]):
            skills[n], ranks[n] = refused_skill[p], -1
            n += 1
        for p in range(base[r], base[r + 1]):
            skills[n], ranks[n] = base_skill[p], base_time[p] * 4 + base_says[p]
            n += 1
        for p in range(offsets[r], offsets[r + 1]):
            e = order[p]
            k = kind[e]
            if keep[e] and skill[e] >= 0 and k in (_INTEREST, _UNDO, _REFUSE):
                says = 0 if k == _INTEREST else (1 if k == _UNDO else 2)
                skills[n], ranks[n] = skill[e], time[e] * 4 + says
                n += 1
        by_skill = ascending(skills[:n])
        p = 0
        while p < n:
            s = skills[by_skill[p]]
            top = np.int64(-3)
            while p < n and skills[by_skill[p]] == s:
                top = max(top, ranks[by_skill[p]])
                p += 1
            if top == -2 or (top >= 0 and top % 4 == 0):
                want[found_w] = s
                found_w += 1
            elif top == -1 or (top >= 0 and top % 4 == 2):
                refuse[found_r] = s
                found_r += 1
            if top >= 0:
                said[found], says_out[found], said_at[found] = s, top % 4, top // 4
                found += 1
        out_w[r + 1], out_r[r + 1], out[r + 1] = found_w, found_r, found
    return out_w, want[:found_w], out_r, refuse[:found_r], out, said[:found], says_out[:found], said_at[:found]
