"""The loops behind documents.py: profile skills, activity and neighbours of one range of members."""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,assignment,arg-type"

from __future__ import annotations

import numpy as np
from numba import njit

from skillfirst.tables.member_document import Source
from skillfirst.tables.merging import ascending, group
from skillfirst.tables.schemas import MEMBER_SKILLS

# sources of a profile entry by place in the contract's choices
SOURCES = MEMBER_SKILLS.column("source").choices
_INTEREST, _REFUSED = SOURCES.index("interest"), SOURCES.index("refused")
BITS = np.array([{"explicit": Source.EXPLICIT, "credential": Source.CREDENTIAL}.get(s, 0) for s in SOURCES], np.int16)


@njit(cache=True, nogil=True)
def profiles(row, skill, source, rows):
    """Skills held (with Source bits), wanted and refused, each ascending and once a row; refused beats wanted.

    `row`, `skill`: int32, -1 skills are left out; `source`: int8, place in SOURCES.
    Returns (offsets, skill, bits), (offsets, skill), (offsets, skill).
    """
    offsets, order = group(row, rows)
    size = len(order)
    held_at, want_at, refuse_at = (
        np.zeros(rows + 1, np.int64),
        np.zeros(rows + 1, np.int64),
        np.zeros(rows + 1, np.int64),
    )
    held, bits = np.empty(size, np.int32), np.empty(size, np.int16)
    want, refuse = np.empty(size, np.int32), np.empty(size, np.int32)
    h = w = f = 0
    for r in range(rows):
        mine = order[offsets[r] : offsets[r + 1]]
        by_skill = ascending(skill[mine].astype(np.int64))
        p = 0
        while p < len(mine):
            s = skill[mine[by_skill[p]]]
            found = np.int16(0)
            wanted = refused = False
            while p < len(mine) and skill[mine[by_skill[p]]] == s:
                kind = source[mine[by_skill[p]]]
                found |= BITS[kind]
                wanted |= kind == _INTEREST
                refused |= kind == _REFUSED
                p += 1
            if s < 0:
                continue
            if found:
                held[h], bits[h] = s, found
                h += 1
            if refused:
                refuse[f] = s
                f += 1
            elif wanted:
                want[w] = s
                w += 1
        held_at[r + 1], want_at[r + 1], refuse_at[r + 1] = h, w, f
    return held_at, held[:h], bits[:h], want_at, want[:w], refuse_at, refuse[:f]


@njit(cache=True, nogil=True)
def activities(row, skill, time, rows, now, most):
    """(skill, time in s) of each row ascending by both: not after `now`, of them the newest `most`."""
    offsets, order = group(row, rows)
    out = np.zeros(rows + 1, np.int64)
    out_skill, out_time = np.empty(len(order), np.int32), np.empty(len(order), np.int64)
    found = 0
    for r in range(rows):
        mine = order[offsets[r] : offsets[r + 1]]
        n = 0
        for p in range(len(mine)):
            if skill[mine[p]] >= 0 and time[mine[p]] <= now:
                mine[n] = mine[p]
                n += 1
        mine = mine[:n]
        if n > most:
            # newest first; at one time the smaller code
            newest = ascending(-(time[mine] * (1 << 29)) + skill[mine])
            mine = mine[newest[:most]]
        keys = (skill[mine].astype(np.int64) << 34) | time[mine]
        keys = keys[ascending(keys)]
        for p in range(len(keys)):
            out_skill[found], out_time[found] = keys[p] >> 34, keys[p] & ((1 << 34) - 1)
            found += 1
        out[r + 1] = found
    return out, out_skill[:found], out_time[:found]


@njit(cache=True, nogil=True)
def neighbours(row, other, rows, first, held_at, held, skills, most):
    """How many neighbours have a profile, and the `most` commonest of their skills (ties: smaller code), ascending.

    `row`: int32, row of the range; `other`: int32, code of the neighbour among all members; `first`: code of row 0.
    `held_at`, `held`: explicit skills of all members. One counter of `skills` entries serves all rows, so a member
    with 50,000 connections costs their skills and nothing else.
    """
    offsets, order = group(row, rows)
    counter = np.zeros(skills, np.int32)
    touched = np.empty(skills, np.int32)
    profiles_ = np.zeros(rows, np.int32)
    out = np.zeros(rows + 1, np.int64)
    room = np.int64(1024)
    out_skill, out_count = np.empty(room, np.int32), np.empty(room, np.int32)
    found = 0
    for r in range(rows):
        mine = other[order[offsets[r] : offsets[r + 1]]]
        mine = mine[ascending(mine.astype(np.int64))]
        n = 0
        last = np.int32(-1)
        for p in range(len(mine)):
            m = mine[p]
            if m == last or m == first + r:
                continue
            last = m
            if held_at[m + 1] > held_at[m]:
                profiles_[r] += 1
            for q in range(held_at[m], held_at[m + 1]):
                s = held[q]
                if counter[s] == 0:
                    touched[n] = s
                    n += 1
                counter[s] += 1
        chosen = touched[:n].copy()
        if n > most:
            keys = np.empty(n, np.int64)
            for p in range(n):
                keys[p] = (-np.int64(counter[touched[p]]) << 32) | touched[p]
            keys = keys[ascending(keys)]
            chosen = (keys[:most] & 0xFFFFFFFF).astype(np.int32)
        chosen = chosen[ascending(chosen.astype(np.int64))]
        if found + len(chosen) > room:
            room = max(room * 2, found + len(chosen))
            bigger_skill, bigger_count = np.empty(room, np.int32), np.empty(room, np.int32)
            bigger_skill[:found], bigger_count[:found] = out_skill[:found], out_count[:found]
            out_skill, out_count = bigger_skill, bigger_count
        for p in range(len(chosen)):
            out_skill[found], out_count[found] = chosen[p], counter[chosen[p]]
            found += 1
        for p in range(n):
            counter[touched[p]] = 0
        out[r + 1] = found
    return profiles_, out, out_skill[:found].copy(), out_count[:found].copy()
