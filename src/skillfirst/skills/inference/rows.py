"""The hot loops of inference: one member at a time, arrays in, arrays out; each row depends on that member alone.

`gather` collects what the sources say about a member into scratch arrays, `features_of` turns it into the numbers the
fusion weighs. `infer_rows` keeps the likely skills, `feature_rows` keeps the numbers for calibration.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from skillfirst.skills.inference.net import score
from skillfirst.skills.inference.sampling import mix

NOTHING, NEIGHBOURS, EASE, NET = 0, 1, 2, 3
"""How co-occurrence is known."""

FEATURES = 7
"""Intercept, title logit, two of co-occurrence, activity, two of connections."""

BUCKETS = 5
"""Fusion weights stand apart by the number of skills shown: 0, 1-2, 3-5, 6-10, more."""

TITLE_BIT, CO_BIT, ACTIVITY_BIT, CONNECTION_BIT = 8, 16, 32, 64  # tables.schemas.Source

WATCH, COMPLETE = 2, 4  # tables.schemas.Interaction

_SMOOTH = 1.0  # a held skill's worth of popularity in the mean conditional probability


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
def scratch(skills: int, active: int, inputs: int) -> Any:
    """Room for one member, used again for the next."""
    return Scratch(
        np.zeros(skills, np.int8), np.empty(skills, np.int32), np.zeros(skills), np.zeros(skills), np.zeros(skills),
        np.zeros(skills, np.int32), np.zeros(active, np.float32), np.zeros(active, np.float32),
        np.zeros(inputs, np.int32), np.zeros(inputs, np.float32),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def bucket_of(shown: int) -> int:
    """Which fusion weights serve a member who shows so many skills."""
    if shown == 0:
        return 0
    if shown <= 2:
        return 1
    if shown <= 5:
        return 2
    return 3 if shown <= 10 else 4


@njit(cache=True, nogil=True)
def logit(p: float) -> float:
    p = min(max(p, 1e-6), 1 - 1e-6)
    return float(np.log(p / (1 - p)))


@njit(cache=True, nogil=True)
def _touch(s: int, r: Any, n: int) -> int:
    if r.state[s] == 0:
        r.state[s] = 1
        r.touched[n] = s
        return n + 1
    return n


@njit(cache=True, nogil=True)
def _mass(i: int, m: Any, k: Any, rules: Any, r: Any, n: int) -> int:
    """What was watched, completed, done elsewhere, halved every half-life; a course counts once, by its best kind."""
    last, best = -1, 0.0
    start, stop = m.course_offsets[i], m.course_offsets[i + 1]
    for j in range(start, stop + 1):
        course = m.course[j] if j < stop else -1
        if course != last:
            if best > 0 and last < len(k.course_offsets) - 1:
                for e in range(k.course_offsets[last], k.course_offsets[last + 1]):
                    s = k.course_skill[e]
                    n = _touch(s, r, n)
                    r.mass[s] += best * k.course_weight[e]
            last, best = course, 0.0
        if j == stop:
            break
        weight = 0.0
        if m.course_kind[j] == COMPLETE:
            weight = rules.complete_weight
        elif m.course_kind[j] == WATCH and m.course_seconds[j] >= rules.watch_seconds:
            weight = rules.watch_weight
        if weight > 0:
            age = max(0, m.now[i] - m.course_time[j])
            best = max(best, weight * 2.0 ** (-age / rules.half_life))
    for j in range(m.activity_offsets[i], m.activity_offsets[i + 1]):
        s = m.activity[j]
        age = max(0, m.now[i] - m.activity_time[j])
        n = _touch(s, r, n)
        r.mass[s] += rules.event_weight * 2.0 ** (-age / rules.half_life)
    return n


@njit(cache=True, nogil=True)
def _dense(i: int, m: Any, k: Any, rules: Any, r: Any, n: int) -> int:
    """Scores of all active skills at once: EASE or the network, with and without the skills shown."""
    start, stop = m.held_offsets[i], m.held_offsets[i + 1]
    if k.method == EASE:
        r.full[:] = 0
        for j in range(start, stop):
            x = k.place[m.held[j]]
            if x >= 0:
                row = k.ease[x]
                for a in range(len(row)):
                    r.full[a] += row[a]
    else:
        active = len(k.active)
        inputs = 0
        for j in range(m.side_offsets[i], m.side_offsets[i + 1]):
            r.places[inputs] = active + m.side[j]
            r.values[inputs] = m.side_value[j]
            inputs += 1
        score(k.net_intercept, k.net_linear, k.net_into, k.net_hidden, k.net_out, r.places, r.values, inputs, r.bare)
        alone = inputs
        for j in range(start, stop):
            x = k.place[m.held[j]]
            if x >= 0:
                r.places[inputs] = x
                r.values[inputs] = 1.0
                inputs += 1
        if inputs > alone:
            score(
                k.net_intercept, k.net_linear, k.net_into, k.net_hidden, k.net_out, r.places, r.values, inputs, r.full
            )
        else:
            r.full[:] = r.bare
    for a in range(len(k.active)):
        n = _touch(k.active[a], r, n)
    return n


@njit(cache=True, nogil=True)
def gather(i: int, m: Any, k: Any, rules: Any, r: Any) -> Any:
    """Fills the scratch with all that the sources say of member i.

    Returns how many candidates there are, the share of popularity in the title's probability, and whether anything at
    all is known of the member.
    """
    n = 0
    for j in range(m.held_offsets[i], m.held_offsets[i + 1]):
        r.state[m.held[j]] = 2
    for j in range(m.refused_offsets[i], m.refused_offsets[i + 1]):
        r.state[m.refused[j]] = 2
    back, evidence = 1.0, False
    if rules.title:
        for j in range(m.title_offsets[i], m.title_offsets[i + 1]):
            t, w = m.title[j], float(m.title_weight[j])
            evidence = True
            back += w * (k.base[t] - 1.0)
            for e in range(k.excess_offsets[t], k.excess_offsets[t + 1]):
                s = k.excess_skill[e]
                n = _touch(s, r, n)
                r.title[s] += w * k.excess[e]
    shown = m.held_offsets[i + 1] - m.held_offsets[i]
    if rules.co_occurrence:
        evidence = evidence or shown > 0
        if k.method == NEIGHBOURS:
            for j in range(m.held_offsets[i], m.held_offsets[i + 1]):
                t = m.held[j]
                for e in range(k.near_offsets[t], k.near_offsets[t + 1]):
                    s = k.near_skill[e]
                    n = _touch(s, r, n)
                    r.near[s] += k.near[e]
        elif k.method != NOTHING:
            n = _dense(i, m, k, rules, r, n)
    if rules.activity:
        before = n
        n = _mass(i, m, k, rules, r, n)
        evidence = evidence or n > before or m.activity_offsets[i + 1] > m.activity_offsets[i]
        evidence = evidence or m.course_offsets[i + 1] > m.course_offsets[i]
    if rules.connections and m.neighbours[i] >= rules.anonymity:
        evidence = True
        for j in range(m.neighbour_offsets[i], m.neighbour_offsets[i + 1]):
            s = m.neighbour[j]
            n = _touch(s, r, n)
            r.count[s] = m.neighbour_count[j]
    return n, back, evidence


@njit(cache=True, nogil=True)
def features_of(i: int, s: int, back: float, m: Any, k: Any, rules: Any, r: Any, x: Any, raw: Any) -> None:
    """The fusion's inputs `x` (FEATURES) and each source's raw probability `raw` (4; 0 where a source is silent)."""
    everybody = float(k.popularity[s])
    title = back * everybody + r.title[s]
    x[0] = 1.0
    x[1] = logit(title)
    x[2] = x[3] = x[4] = x[5] = x[6] = 0.0
    raw[0] = title if rules.title and m.title_offsets[i + 1] > m.title_offsets[i] else 0.0
    raw[1] = raw[2] = raw[3] = 0.0
    shown = m.held_offsets[i + 1] - m.held_offsets[i]
    if rules.co_occurrence and k.method == NEIGHBOURS and shown > 0:
        raw[1] = (r.near[s] + _SMOOTH * everybody) / (shown + _SMOOTH)
        x[2] = logit(raw[1]) - logit(everybody)
    elif rules.co_occurrence and k.method != NOTHING:
        a = k.place[s]
        if a >= 0 and k.method == EASE and shown > 0:
            raw[1] = min(max(float(r.full[a]), 0.0), 1.0)
            x[2] = float(r.full[a])
            x[3] = logit(min(max(float(r.full[a]), 1e-3), 0.999)) - logit(everybody)
        elif a >= 0 and k.method == NET:
            x[2] = float(r.full[a]) - float(r.bare[a])
            x[3] = float(r.bare[a]) - x[1]
            if shown > 0:
                raw[1] = 1.0 / (1.0 + np.exp(-float(r.full[a])))
    if r.mass[s] > 0:
        raw[2] = 1.0 - np.exp(-r.mass[s])
        x[4] = raw[2]
    n = m.neighbours[i]
    if rules.connections and n >= rules.anonymity:
        raw[3] = (r.count[s] + rules.connection_backoff * title) / (n + rules.connection_backoff)
        x[5] = logit(raw[3]) - x[1]
        x[6] = x[5] * np.log(n / 20.0)  # what the neighbours say is worth more the more they are


@njit(cache=True, nogil=True)
def fuse(bucket: int, k: Any, rules: Any, x: Any, raw: Any) -> float:
    """One probability: logistic over calibrated sources, noisy-OR with those that could not be calibrated."""
    p = 0.0
    if k.calibrated[0]:
        z = 0.0
        for f in range(FEATURES):
            z += k.fusion[bucket, f] * x[f]
        p = 1.0 / (1.0 + np.exp(-z))
    else:
        p = 1.0 - (1.0 - p) * (1.0 - rules.trust_title * raw[0])
    if not k.calibrated[1]:
        p = 1.0 - (1.0 - p) * (1.0 - rules.trust_co * raw[1])
    if not k.calibrated[2]:
        p = 1.0 - (1.0 - p) * (1.0 - rules.trust_activity * raw[2])
    if not k.calibrated[3]:
        p = 1.0 - (1.0 - p) * (1.0 - rules.trust_connections * raw[3])
    return float(p)


@njit(cache=True, nogil=True)
def sources_of(i: int, s: int, m: Any, k: Any, x: Any, raw: Any, r: Any) -> int:
    """Bits of the sources that speak for the skill; where none raises it, the title (or skills) leaving it likely."""
    everybody = float(k.popularity[s])
    bits = 0
    if raw[0] > everybody * 1.0001:
        bits |= TITLE_BIT
    if raw[1] > 0 and (x[2] > 0 if k.method != EASE else x[3] > 0):
        bits |= CO_BIT
    if raw[2] > 0:
        bits |= ACTIVITY_BIT
    if raw[3] > 0 and r.count[s] > 0 and x[5] > 0:
        bits |= CONNECTION_BIT
    if bits == 0:
        if raw[0] > 0:
            bits = TITLE_BIT
        elif raw[1] > 0:
            bits = CO_BIT
    return bits


@njit(cache=True, nogil=True)
def forget(i: int, n: int, m: Any, r: Any) -> None:
    """Empties the scratch of member i."""
    for j in range(n):
        s = r.touched[j]
        r.state[s] = 0
        r.title[s] = 0.0
        r.near[s] = 0.0
        r.mass[s] = 0.0
        r.count[s] = 0
    for j in range(m.held_offsets[i], m.held_offsets[i + 1]):
        s = m.held[j]
        r.state[s] = 0
        r.title[s] = r.near[s] = r.mass[s] = 0.0
        r.count[s] = 0
    for j in range(m.refused_offsets[i], m.refused_offsets[i + 1]):
        s = m.refused[j]
        r.state[s] = 0
        r.title[s] = r.near[s] = r.mass[s] = 0.0
        r.count[s] = 0


@njit(cache=True, nogil=True)
def infer_rows(m: Any, k: Any, rules: Any, skill: Any, weight: Any, source: Any, parts: Any) -> Any:
    """Likely skills of each member, ascending, into `skill`, `weight`, `source` (n x limit); returns how many each has.

    `parts` (n x limit x 4, or 0 x 0 x 4 when nobody asks) receives each source's raw probability.
    """
    members = len(m.now)
    skills = len(k.popularity)
    found = np.zeros(members, np.int64)
    r = scratch(skills, len(k.active), len(k.active) + k.net_into.shape[0] + 16)
    x = np.zeros(FEATURES)
    raw = np.zeros(4)
    code = np.empty(skills, np.int32)
    p = np.empty(skills)
    for i in range(members):
        n, back, evidence = gather(i, m, k, rules, r)
        kept = 0
        if evidence or rules.unsupported:
            bucket = bucket_of(m.held_offsets[i + 1] - m.held_offsets[i]) if rules.co_occurrence else 0
            for j in range(n):
                s = r.touched[j]
                features_of(i, s, back, m, k, rules, r, x, raw)
                value = fuse(bucket, k, rules, x, raw)
                if value < rules.threshold:
                    continue
                if not rules.unsupported:
                    bits = sources_of(i, s, m, k, x, raw, r)
                    everybody = float(k.popularity[s])
                    if bits == 0 or (bits == TITLE_BIT and raw[0] < rules.certain and raw[0] < rules.lift * everybody):
                        continue
                code[kept] = s
                p[kept] = -value
                kept += 1
            by_code = np.argsort(code[:kept], kind="mergesort")
            if kept > rules.limit:
                order = by_code[np.argsort(p[:kept][by_code], kind="mergesort")][: rules.limit]
                by_code = order[np.argsort(code[order], kind="mergesort")]
                kept = rules.limit
            for j in range(kept):
                s = code[by_code[j]]
                skill[i, j] = s
                weight[i, j] = -p[by_code[j]]
                features_of(i, s, back, m, k, rules, r, x, raw)
                source[i, j] = sources_of(i, s, m, k, x, raw, r)
                if len(parts):
                    parts[i, j, :] = raw
        found[i] = kept
        forget(i, n, m, r)
    return found


@njit(cache=True, nogil=True)
def feature_rows(
    m: Any, k: Any, rules: Any, truth_offsets: Any, truth: Any, thin: Any, out: Any, label: Any, group: Any
) -> Any:
    """Fusion inputs of every candidate of every member: all that are true, of the others one in `thin` by hash.

    Returns how many rows of `out` (rows x FEATURES), `label` and `group` (bucket) were filled; stops when full.
    """
    r = scratch(len(k.popularity), len(k.active), len(k.active) + k.net_into.shape[0] + 16)
    raw = np.zeros(4)
    is_true = np.zeros(len(k.popularity), np.bool_)
    filled = 0
    for i in range(len(m.now)):
        n, back, _ = gather(i, m, k, rules, r)
        for j in range(truth_offsets[i], truth_offsets[i + 1]):
            is_true[truth[j]] = True
        for j in range(n):
            s = r.touched[j]
            if r.state[s] != 1 or filled == len(out):
                continue
            if not is_true[s] and mix(m.key[i] ^ mix(np.uint64(s) + np.uint64(5))) % np.uint64(thin) != 0:
                continue
            features_of(i, s, back, m, k, rules, r, out[filled], raw)
            label[filled] = is_true[s]
            group[filled] = bucket_of(m.held_offsets[i + 1] - m.held_offsets[i])
            filled += 1
        for j in range(truth_offsets[i], truth_offsets[i + 1]):
            is_true[truth[j]] = False
        forget(i, n, m, r)
    return filled
