"""The hot loops of inference: one member at a time, arrays in, arrays out; each row depends on that member alone.

`features_of` turns what the sources say into the numbers the fusion weighs. `infer_rows` keeps the likely skills,
`feature_rows` keeps the numbers for calibration.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from skillfirst.skills.inference.sampling import mix
from skillfirst.skills.inference.sources import EASE, NEIGHBOURS, NET, NOTHING, forget, gather, scratch
from skillfirst.skills.inference.top import by_code, offer
from skillfirst.tables.member_document import Source
from skillfirst.tables.unowned import unowned

FEATURES = 7
"""Intercept, title logit, two of co-occurrence, activity, two of connections."""

BUCKETS = 5
"""Fusion weights stand apart by the number of skills shown: 0, 1-2, 3-5, 6-10, more."""

# plain integers: enum members are not constants to the compiler
TITLE_BIT, CO_BIT = int(Source.TITLE), int(Source.CO_OCCURRENCE)
ACTIVITY_BIT, CONNECTION_BIT = int(Source.ACTIVITY), int(Source.CONNECTIONS)

FAINT = 0.1
"""Share of the threshold that at least one source must reach alone."""

_SMOOTH = 1.0  # a held skill's worth of popularity in the mean conditional probability


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
def features_of(
    everybody: float, title: float, titled: bool, shown: int, method: int, near: float, full: float, bare: float,
    mass: float, count: int, neighbours: int, backoff: float, x: Any, raw: Any,
) -> None:  # fmt: skip
    """The fusion's inputs `x` (FEATURES) and each source's raw probability `raw` (4; 0 where a source is silent).

    `everybody`: P(s). `title`: P(s|title), which is P(s) without one. `near`: sum of conditional probabilities. `full`,
    `bare`: the dense method's value with and without the skills shown. `mass`: activity. `count`: neighbours with it.
    """
    x[0] = 1.0
    x[1] = logit(title)
    x[2] = x[3] = x[4] = x[5] = x[6] = 0.0
    raw[0] = title if titled else 0.0
    raw[1] = raw[2] = raw[3] = 0.0
    if method == NET:
        x[2] = full - bare
        x[3] = bare - x[1]
        if shown > 0:
            raw[1] = 1.0 / (1.0 + np.exp(-full))
    elif method == EASE and shown > 0:
        raw[1] = min(max(full, 0.0), 1.0)
        x[2] = full
        x[3] = logit(min(max(full, 1e-3), 0.999)) - logit(everybody)
    elif method == NEIGHBOURS and shown > 0:
        raw[1] = (near + _SMOOTH * everybody) / (shown + _SMOOTH)
        x[2] = logit(raw[1]) - logit(everybody)
    if mass > 0:
        raw[2] = 1.0 - np.exp(-mass)
        x[4] = raw[2]
    if neighbours > 0:
        raw[3] = (count + backoff * title) / (neighbours + backoff)
        x[5] = logit(raw[3]) - x[1]
        x[6] = x[5] * np.log(neighbours / 20.0)  # what the neighbours say is worth more the more they are


@njit(cache=True, nogil=True)
def weigh(
    s: int, back: float, titled: bool, shown: int, neighbours: int, k: Any, rules: Any, r: Any, x: Any, raw: Any
) -> None:
    """`features_of` skill s as the scratch has it; `shown`, `neighbours`: 0 where they may not speak."""
    everybody = float(k.popularity[s])
    method, full, bare = k.method, 0.0, 0.0
    if not rules.co_occurrence:
        method = NOTHING
    elif method in (NET, EASE):
        a = k.place[s]
        if a < 0:
            method = NOTHING
        else:
            full, bare = float(r.full[a]), float(r.bare[a])
    features_of(
        everybody, back * everybody + r.title[s], titled, shown, method, r.near[s], full, bare, r.mass[s], r.count[s],
        neighbours, rules.connection_backoff, x, raw,
    )  # fmt: skip


@njit(cache=True, nogil=True)
def faint(s: int, back: float, shown: int, floor: float, k: Any, r: Any) -> bool:
    """Whether every source is so weak that the fusion need not be asked (most of thousands of candidates)."""
    if r.mass[s] > 0 or r.count[s] > 0 or back * k.popularity[s] + r.title[s] >= floor:
        return False
    if k.method == NEIGHBOURS:
        return bool(r.near[s] < floor * (shown + _SMOOTH))
    if k.method == NOTHING or k.place[s] < 0:
        return True
    full = float(r.full[k.place[s]])
    return bool(full < floor) if k.method == EASE else bool(floor > 0 and full < np.log(floor / (1 - floor)))


@njit(cache=True, nogil=True)
def fuse(weights: Any, calibrated: Any, rules: Any, x: Any, raw: Any) -> float:
    """One probability: logistic over calibrated sources, noisy-OR with those that could not be calibrated."""
    if calibrated[0]:
        z = 0.0
        for f in range(FEATURES):
            z += weights[f] * x[f]
        p = 1.0 / (1.0 + np.exp(-z))
    else:
        p = rules.trust_title * raw[0]
    if not calibrated[1]:
        p = 1.0 - (1.0 - p) * (1.0 - rules.trust_co * raw[1])
    if not calibrated[2]:
        p = 1.0 - (1.0 - p) * (1.0 - rules.trust_activity * raw[2])
    if not calibrated[3]:
        p = 1.0 - (1.0 - p) * (1.0 - rules.trust_connections * raw[3])
    return float(p)


@njit(cache=True, nogil=True)
def sources_of(everybody: float, method: int, count: int, x: Any, raw: Any) -> int:
    """Bits of the sources that speak for the skill; where none raises it, the title (or skills) leaving it likely."""
    bits = 0
    if raw[0] > everybody * 1.0001:
        bits |= TITLE_BIT
    if raw[1] > 0 and (x[3] > 0 if method == EASE else x[2] > 0):
        bits |= CO_BIT
    if raw[2] > 0:
        bits |= ACTIVITY_BIT
    if raw[3] > 0 and count > 0 and x[5] > 0:
        bits |= CONNECTION_BIT
    if bits == 0:
        if raw[0] > 0:
            bits = TITLE_BIT
        elif raw[1] > 0:
            bits = CO_BIT
    return bits


@njit(cache=True, nogil=True)
def infer_rows(m_: Any, k_: Any, rules: Any, skill: Any, weight: Any, source: Any, parts: Any) -> Any:
    """Likely skills of each member, ascending, into `skill`, `weight`, `source` (n x limit); returns how many each has.

    `parts` (n x limit x 4, or 0 x 0 x 4 when nobody asks) receives each source's raw probability.
    """
    m, k = unowned(m_), unowned(k_)
    members = len(m.now)
    found = np.zeros(members, np.int64)
    own = scratch(len(k.popularity), len(k.active), len(k.active) + k.net_into.shape[0] + 16)
    r = unowned(own)
    x = np.zeros(FEATURES)
    raw = np.zeros(4)
    code = np.empty(rules.limit, np.int32)
    p = np.empty(rules.limit)
    floor = rules.threshold * FAINT
    for i in range(members):
        n, back, evidence = gather(i, m, k, rules, r)
        kept = 0
        shown = m.held_offsets[i + 1] - m.held_offsets[i] if rules.co_occurrence else 0
        near = m.neighbours[i] if rules.connections and m.neighbours[i] >= rules.anonymity else 0
        titled = rules.title and m.title_offsets[i + 1] > m.title_offsets[i]
        weights = k.fusion[bucket_of(shown)]
        if evidence or rules.unsupported:
            for j in range(n):
                s = r.touched[j]
                if faint(s, back, shown, floor, k, r):
                    continue
                weigh(s, back, titled, shown, near, k, rules, r, x, raw)
                value = fuse(weights, k.calibrated, rules, x, raw)
                if value < rules.threshold:
                    continue
                if not rules.unsupported:
                    everybody = float(k.popularity[s])
                    bits = sources_of(everybody, k.method, r.count[s], x, raw)
                    if bits == 0 or (bits == TITLE_BIT and raw[0] < rules.certain and raw[0] < rules.lift * everybody):
                        continue
                kept = offer(code, p, kept, rules.limit, s, value)
            by_code(code, p, kept)
            for j in range(kept):
                s = code[j]
                weigh(s, back, titled, shown, near, k, rules, r, x, raw)
                skill[i, j] = s
                weight[i, j] = p[j]
                source[i, j] = sources_of(float(k.popularity[s]), k.method, r.count[s], x, raw)
                if len(parts):
                    parts[i, j, :] = raw
        found[i] = kept
        forget(i, n, m, r)
    return found[: len(found) + 0 * len(own.touched)]  # `own` is in use until here


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
        shown = m.held_offsets[i + 1] - m.held_offsets[i] if rules.co_occurrence else 0
        near = m.neighbours[i] if rules.connections and m.neighbours[i] >= rules.anonymity else 0
        titled = rules.title and m.title_offsets[i + 1] > m.title_offsets[i]
        for j in range(truth_offsets[i], truth_offsets[i + 1]):
            is_true[truth[j]] = True
        for j in range(n):
            s = r.touched[j]
            if filled == len(out):
                break
            if not is_true[s] and mix(m.key[i] ^ mix(np.uint64(s) + np.uint64(5))) % np.uint64(thin) != 0:
                continue
            weigh(s, back, titled, shown, near, k, rules, r, out[filled], raw)
            label[filled] = is_true[s]
            group[filled] = bucket_of(shown)
            filled += 1
        for j in range(truth_offsets[i], truth_offsets[i + 1]):
            is_true[truth[j]] = False
        forget(i, n, m, r)
    return filled
