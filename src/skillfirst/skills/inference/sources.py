"""What each source says about one member, added up in scratch arrays that are used again for the next."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from skillfirst.tables.member_document import Interaction

NOTHING, NEIGHBOURS, EASE, NET = 0, 1, 2, 3
"""How co-occurrence is known."""

WATCH, COMPLETE = int(Interaction.WATCH), int(Interaction.COMPLETE)


class Members(NamedTuple):
    """The arrays of `profiles.Profiles`, flat; `side`: (offsets, profile column of the network, value)."""

    now: Any
    held_offsets: Any
    held: Any
    title_offsets: Any
    title: Any
    title_weight: Any
    refused_offsets: Any
    refused: Any
    activity_offsets: Any
    activity: Any
    activity_time: Any
    course_offsets: Any
    course: Any
    course_kind: Any
    course_time: Any
    course_seconds: Any
    neighbours: Any
    neighbour_offsets: Any
    neighbour: Any
    neighbour_count: Any
    side_offsets: Any
    side: Any
    side_value: Any
    key: Any  # uint64 a member, thins out negatives in calibration


class Knowledge(NamedTuple):
    """The arrays of `tables.InferenceTables`, flat."""

    popularity: Any
    base: Any
    excess_offsets: Any
    excess_skill: Any
    excess: Any
    method: Any
    active: Any  # int32, A: codes of the skills a dense method knows
    place: Any  # int32, S: position of a skill in `active`, -1
    near_offsets: Any
    near_skill: Any
    near: Any
    ease: Any
    net_intercept: Any
    net_linear: Any
    net_into: Any
    net_hidden: Any
    net_out: Any
    course_offsets: Any
    course_skill: Any
    course_weight: Any
    fusion: Any  # float64, BUCKETS x FEATURES
    calibrated: Any  # int64, 4: title and popularity, co-occurrence, activity, connections


class Rules(NamedTuple):
    """Numbers of `settings.Inference`, as the loops read them (float64, int64 or bool)."""

    title: Any
    co_occurrence: Any
    activity: Any
    connections: Any
    threshold: Any
    limit: Any
    lift: Any
    certain: Any
    unsupported: Any
    anonymity: Any
    half_life: Any  # seconds
    watch_seconds: Any
    complete_weight: Any
    watch_weight: Any
    event_weight: Any
    connection_backoff: Any
    trust_title: Any
    trust_co: Any
    trust_activity: Any
    trust_connections: Any


class Scratch(NamedTuple):
    """Reused from member to member; all of length S but `values`, `full`, `bare` (A), `places` (inputs)."""

    state: Any  # int8: 0 untouched, 1 candidate, 2 held or refused
    touched: Any  # int32: candidates in order of arrival
    title: Any  # float64: sum of title excess
    near: Any  # float64: sum of conditional probabilities or EASE weights
    mass: Any  # float64: activity
    count: Any  # int32: neighbours with the skill
    full: Any
    bare: Any
    places: Any
    values: Any


@njit(cache=True, nogil=True)
def profile_inputs(
    title_offsets: Any, title: Any, title_weight: Any, level: Any, industry: Any, country: Any, column: Any,
    titles: int, industries: int, countries: int, levels: int,
) -> Any:  # fmt: skip
    """What `tables.ProfileColumns` makes of profiles: (offsets, columns, values), titles first, then industry,
    country and level. `industry`, `country`: codes, -1 unknown. `column`: of a title, -1 for none."""
    members = len(level)
    offsets = np.zeros(members + 1, np.int64)
    inputs = np.empty(len(title) + 3 * members, np.int32)
    values = np.empty(len(title) + 3 * members, np.float32)
    n = 0
    for i in range(members):
        for j in range(title_offsets[i], title_offsets[i + 1]):
            place = column[title[j]] if len(column) else -1
            if place >= 0:
                inputs[n], values[n] = place, title_weight[j]
                n += 1
        if industry[i] >= 0:
            inputs[n], values[n] = titles + industry[i], 1.0
            n += 1
        if country[i] >= 0:
            inputs[n], values[n] = titles + industries + country[i], 1.0
            n += 1
        inputs[n], values[n] = titles + industries + countries + min(max(int(level[i]), 0), levels - 1), 1.0
        n += 1
        offsets[i + 1] = n
    return offsets, inputs[:n], values[:n]


@njit(cache=True, nogil=True)
def scratch(skills: int, active: int, inputs: int) -> Any:
    """Room for one member, used again for the next."""
    return Scratch(
        np.zeros(skills, np.int8), np.empty(skills, np.int32), np.zeros(skills), np.zeros(skills), np.zeros(skills),
        np.zeros(skills, np.int32), np.zeros(active, np.float32), np.zeros(active, np.float32),
        np.zeros(inputs, np.int32), np.zeros(inputs, np.float32),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def touch(s: int, state: Any, touched: Any, n: int) -> int:
    """Makes a skill a candidate, unless it is one already, held or refused."""
    if state[s] == 0:
        state[s] = 1
        touched[n] = s
        return n + 1
    return n


@njit(cache=True, nogil=True)
def add_rows(start: int, stop: int, codes: Any, offsets: Any, index: Any, value: Any, total: Any,
             state: Any, touched: Any, n: int) -> int:  # fmt: skip
    """Adds the rows codes[start:stop] of a sparse matrix to `total`; returns how many candidates there are then."""
    for j in range(start, stop):
        row = codes[j]
        for e in range(offsets[row], offsets[row + 1]):
            s = index[e]
            n = touch(s, state, touched, n)
            total[s] += value[e]
    return n


@njit(cache=True, nogil=True)
def add_titles(start: int, stop: int, title: Any, weight: Any, offsets: Any, index: Any, value: Any, total: Any,
               state: Any, touched: Any, n: int) -> int:  # fmt: skip
    """Adds what each title holds beyond popularity, by the title's weight."""
    for j in range(start, stop):
        t, w = title[j], float(weight[j])
        for e in range(offsets[t], offsets[t + 1]):
            s = index[e]
            n = touch(s, state, touched, n)
            total[s] += w * value[e]
    return n


@njit(cache=True, nogil=True)
def add_courses(start: int, stop: int, now: int, course: Any, kind: Any, time: Any, seconds: Any, offsets: Any,
                index: Any, value: Any, rules: Any, total: Any, state: Any, touched: Any, n: int) -> int:  # fmt: skip
    """Mass of what was watched and completed, halved every half-life; a course counts once, by its best kind."""
    last, best = -1, 0.0
    for j in range(start, stop + 1):
        at = course[j] if j < stop else -1
        if at != last:
            if best > 0 and last < len(offsets) - 1:
                for e in range(offsets[last], offsets[last + 1]):
                    s = index[e]
                    n = touch(s, state, touched, n)
                    total[s] += best * value[e]
            last, best = at, 0.0
        if j == stop:
            break
        weight = 0.0
        if kind[j] == COMPLETE:
            weight = rules.complete_weight
        elif kind[j] == WATCH and seconds[j] >= rules.watch_seconds:
            weight = rules.watch_weight
        if weight > 0:
            best = max(best, weight * 2.0 ** (-max(0, now - time[j]) / rules.half_life))
    return n


@njit(cache=True, nogil=True)
def add_events(start: int, stop: int, now: int, skill: Any, time: Any, rules: Any, total: Any, state: Any,
               touched: Any, n: int) -> int:  # fmt: skip
    """Mass of searches, follows and articles elsewhere on the platform."""
    for j in range(start, stop):
        s = skill[j]
        n = touch(s, state, touched, n)
        total[s] += rules.event_weight * 2.0 ** (-max(0, now - time[j]) / rules.half_life)
    return n


@njit(cache=True, nogil=True)
def add_ease(start: int, stop: int, held: Any, place: Any, weights: Any, full: Any) -> None:
    """Sums the EASE rows of the skills shown, over all active skills."""
    full[:] = 0
    for j in range(start, stop):
        x = place[held[j]]
        if x >= 0:
            row = weights[x]
            for a in range(len(row)):
                full[a] += row[a]


@njit(cache=True, nogil=True)
def score(intercept: Any, linear: Any, into: Any, hidden: Any, out: Any, x: Any, w: Any, n: Any, z: Any) -> None:
    """Logits of one member into `z`; `x[:n]`: input places, `w[:n]`: their values. Sums in the order given."""
    width = len(intercept)
    units = len(hidden)
    h = hidden.copy()
    for j in range(width):
        z[j] = intercept[j]
    for i in range(n):
        value = w[i]
        row = linear[x[i]]
        for j in range(width):
            z[j] += value * row[j]
        row = into[x[i]]
        for j in range(units):
            h[j] += value * row[j]
    for u in range(units):
        value = np.tanh(h[u])
        row = out[u]
        for j in range(width):
            z[j] += value * row[j]


@njit(cache=True, nogil=True)
def ask_net(i: int, m: Any, k: Any, r: Any) -> None:
    """The network's logits with (`full`) and without (`bare`) the skills shown."""
    active = len(k.active)
    inputs = 0
    for j in range(m.side_offsets[i], m.side_offsets[i + 1]):
        r.places[inputs] = active + m.side[j]
        r.values[inputs] = m.side_value[j]
        inputs += 1
    score(k.net_intercept, k.net_linear, k.net_into, k.net_hidden, k.net_out, r.places, r.values, inputs, r.bare)
    alone = inputs
    for j in range(m.held_offsets[i], m.held_offsets[i + 1]):
        x = k.place[m.held[j]]
        if x >= 0:
            r.places[inputs] = x
            r.values[inputs] = 1.0
            inputs += 1
    if inputs > alone:
        score(k.net_intercept, k.net_linear, k.net_into, k.net_hidden, k.net_out, r.places, r.values, inputs, r.full)
    else:
        r.full[:] = r.bare


@njit(cache=True, nogil=True)
def gather(i: int, m: Any, k: Any, rules: Any, r: Any) -> Any:
    """Fills the scratch with all that the sources say of member i.

    Returns how many candidates there are, the share of popularity in the title's probability, and whether anything at
    all is known of the member.
    """
    n = 0
    first, last = m.held_offsets[i], m.held_offsets[i + 1]
    for j in range(first, last):
        r.state[m.held[j]] = 2
    for j in range(m.refused_offsets[i], m.refused_offsets[i + 1]):
        r.state[m.refused[j]] = 2
    back, evidence = 1.0, False
    start, stop = m.title_offsets[i], m.title_offsets[i + 1]
    if rules.title and stop > start:
        evidence = True
        for j in range(start, stop):
            back += m.title_weight[j] * (k.base[m.title[j]] - 1.0)
        n = add_titles(start, stop, m.title, m.title_weight, k.excess_offsets, k.excess_skill, k.excess, r.title,
                       r.state, r.touched, n)  # fmt: skip
    if rules.co_occurrence:
        evidence = evidence or last > first
        if k.method == NEIGHBOURS:
            n = add_rows(first, last, m.held, k.near_offsets, k.near_skill, k.near, r.near, r.state, r.touched, n)
        elif k.method != NOTHING:
            if k.method == EASE:
                add_ease(first, last, m.held, k.place, k.ease, r.full)
            else:
                ask_net(i, m, k, r)
            for a in range(len(k.active)):
                n = touch(k.active[a], r.state, r.touched, n)
    if rules.activity:
        start, stop = m.course_offsets[i], m.course_offsets[i + 1]
        evidence = evidence or stop > start
        n = add_courses(start, stop, m.now[i], m.course, m.course_kind, m.course_time, m.course_seconds,
                        k.course_offsets, k.course_skill, k.course_weight, rules, r.mass, r.state, r.touched,
                        n)  # fmt: skip
        start, stop = m.activity_offsets[i], m.activity_offsets[i + 1]
        evidence = evidence or stop > start
        n = add_events(start, stop, m.now[i], m.activity, m.activity_time, rules, r.mass, r.state, r.touched, n)
    if rules.connections and m.neighbours[i] >= rules.anonymity:
        evidence = True
        for j in range(m.neighbour_offsets[i], m.neighbour_offsets[i + 1]):
            s = m.neighbour[j]
            n = touch(s, r.state, r.touched, n)
            r.count[s] = m.neighbour_count[j]
    return n, back, evidence


@njit(cache=True, nogil=True)
def clear(start: int, stop: int, codes: Any, state: Any, title: Any, near: Any, mass: Any, count: Any) -> None:
    """Empties the scratch at some skills."""
    for j in range(start, stop):
        s = codes[j]
        state[s] = 0
        title[s] = near[s] = mass[s] = 0.0
        count[s] = 0


@njit(cache=True, nogil=True)
def forget(i: int, n: int, m: Any, r: Any) -> None:
    """Empties the scratch of member i."""
    clear(0, n, r.touched, r.state, r.title, r.near, r.mass, r.count)
    clear(m.held_offsets[i], m.held_offsets[i + 1], m.held, r.state, r.title, r.near, r.mass, r.count)
    clear(m.refused_offsets[i], m.refused_offsets[i + 1], m.refused, r.state, r.title, r.near, r.mass, r.count)
