"""The loop over members: rules of the floor below, called in the one order that makes a recommendation.

Everything here is compiled, holds no lock and writes only to its own arguments, so threads share one Model.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from skillfirst.contexts.annotations import skill_context
from skillfirst.contexts.carousels import take_by_skills, take_in_feed_order, take_in_order, use
from skillfirst.feedback.interactions import COMPLETED, IN_PROGRESS, MOSTLY, RESTING, WATCHED, course_states
from skillfirst.feedback.loops import discount_factor, with_spill_over
from skillfirst.ranking.borrow import borrow
from skillfirst.ranking.bits import ONE, clear_bit, get_bit, set_bit
from skillfirst.ranking.buckets import build_buckets, order_buckets, value_buckets
from skillfirst.ranking.round_robin import draw, lay_pools

# contexts and the order of carousels without feedback, as plain integers
C_CONTINUE, C_WATCHED, C_WANTED, C_GOAL, C_PREDICTED, C_STAY_SHARP, C_SKILL, C_TITLE, C_ACTIVITY, C_INFERRED = range(1, 11)
C_TRENDING_TITLE, C_NEW, C_POPULAR_TITLE = 11, 15, 16
ZERO = np.uint64(0)


class Members(NamedTuple):
    """A batch as arrays; *_offsets are int64, rows + 1. Codes are the Model's."""

    now: npt.NDArray[np.int64]
    outlook: npt.NDArray[np.int32]  # row of the views, by languages, level and day
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
    shelf: npt.NDArray[np.int32]  # rows x chain: fallback shelves, -1 for none
    shelf_context: npt.NDArray[np.int8]
    shelf_evidence: npt.NDArray[np.int32]
    trend: npt.NDArray[np.int32]  # rows x chain: trending shelves
    trend_context: npt.NDArray[np.int8]
    trend_evidence: npt.NDArray[np.int32]
    resting: npt.NDArray[np.bool_]  # rows x 2: at rest in feed, in home


class Shelves(NamedTuple):
    """Course lists of the Model: `offsets`, `course` of shelves; similar courses; series; categories; lengths."""

    offsets: npt.NDArray[np.int64]
    course: npt.NDArray[np.int32]
    similar_offsets: npt.NDArray[np.int64]
    similar: npt.NDArray[np.int32]
    group: npt.NDArray[np.int32]  # by course, -1 for none
    group_offsets: npt.NDArray[np.int64]
    group_course: npt.NDArray[np.int32]
    level: npt.NDArray[np.int8]
    category: npt.NDArray[np.int32]
    created: npt.NDArray[np.int64]  # days since 1970, undated very small
    minutes: npt.NDArray[np.float64]


class Rules(NamedTuple):
    """The Policy's numbers the loop needs."""

    k: int
    fill: int
    fallback: bool
    rows: int
    row_length: int
    row_least: int
    watched_rows: int
    wanted_rows: int
    skill_rows: int
    inferred_rows: int
    new_days: int
    spill_over: float
    watching: npt.NDArray[np.float64]
    discount: npt.NDArray[np.float64]


class Out(NamedTuple):
    """Output rows of one channel: members x width, and how many of each are filled."""

    count: npt.NDArray[np.int32]
    course: npt.NDArray[np.int32]
    affinity: npt.NDArray[np.float64]
    score: npt.NDArray[np.float64]
    bucket: npt.NDArray[np.int32]
    rank: npt.NDArray[np.int16]
    position: npt.NDArray[np.int16]
    context: npt.NDArray[np.int8]
    evidence: npt.NDArray[np.int32]


class Desk(NamedTuple):
    """Working memory of the loop beside the ranking's: states of courses, slots of skills, a row in the making."""

    state_course: npt.NDArray[np.int32]
    state: npt.NDArray[np.int32]
    state_time: npt.NDArray[np.int64]
    slot_context: npt.NDArray[np.int8]
    slot_evidence: npt.NDArray[np.int32]
    slot_order: npt.NDArray[np.int32]
    exercised: npt.NDArray[np.bool_]
    watched: npt.NDArray[np.int32]
    watched_time: npt.NDArray[np.int64]
    row: npt.NDArray[np.int32]
    keys: npt.NDArray[np.int64]
    bits: npt.NDArray[np.uint64]
    category_count: npt.NDArray[np.int32]


@njit(cache=True, nogil=True)
def _rest_courses(s, shelves, desk, states, open_, level):  # type: ignore[no-untyped-def]
    """Take resting courses out; where one belonged to a series, the next of the series may stand for it."""
    touched = False
    for i in range(states):
        if desk.state[i] & RESTING:
            c = desk.state_course[i]
            clear_bit(s.eligible, c)
            set_bit(s.used, c)
            g = shelves.group[c]
            if g < 0:
                continue
            touched = True
            if desk.state[i] & COMPLETED:  # an older version of something completed is no news
                for j in range(shelves.group_offsets[g], shelves.group_offsets[g + 1]):
                    other = shelves.group_course[j]
                    if other > c and shelves.level[other] == shelves.level[c]:
                        set_bit(s.used, other)
    if touched:
        for i in range(states):
            c = desk.state_course[i]
            g = shelves.group[c]
            if not desk.state[i] & RESTING or g < 0:
                continue
            best = -1
            for j in range(shelves.group_offsets[g], shelves.group_offsets[g + 1]):
                other = shelves.group_course[j]
                clear_bit(s.eligible, other)
                if not get_bit(open_, other) or get_bit(s.used, other):
                    continue
                if best < 0 or (shelves.level[best] != level and shelves.level[other] == level):
                    best = other
            if best >= 0:
                set_bit(s.eligible, best)
    s.used[:] = ZERO


@njit(cache=True, nogil=True)
def _hold(s, members, i, desk):  # type: ignore[no-untyped-def]
    """Lay the member's skills on the desk; returns how many."""
    low, high = members.skill_offsets[i], members.skill_offsets[i + 1]
    n = high - low
    for j in range(n):
        skill = members.skill[low + j]
        s.weight[skill] = members.held[low + j] + members.wanted[low + j]
        s.slot[skill] = j
        if j < 64:
            s.bit[skill] = ONE << np.uint64(j)
        desk.exercised[j] = False
        desk.watched[j] = -1
        desk.watched_time[j] = -1
    return n


@njit(cache=True, nogil=True)
def _release(s, members, i):  # type: ignore[no-untyped-def]
    for at in range(members.skill_offsets[i], members.skill_offsets[i + 1]):
        skill = members.skill[at]
        s.weight[skill] = 0.0
        s.slot[skill] = -1
        s.bit[skill] = ZERO
    for at in range(members.exposed_offsets[i], members.exposed_offsets[i + 1]):
        c = members.exposed[at]
        s.exposure[c] = 0.0
        s.factor[c] = 1.0


@njit(cache=True, nogil=True)
def _annotate(layout, s, members, i, n, desk, states):  # type: ignore[no-untyped-def]
    """Decide the context of every skill of the member."""
    for a in range(states):
        if not desk.state[a] & WATCHED:
            continue
        c = desk.state_course[a]
        for at in range(layout.record_offsets[c], layout.record_offsets[c + 1]):
            j = s.slot[layout.record_skill[at]]
            if j < 0:
                continue
            if desk.state[a] & MOSTLY:
                desk.exercised[j] = True
            if desk.state_time[a] > desk.watched_time[j]:
                desk.watched[j], desk.watched_time[j] = c, desk.state_time[a]
    low = members.skill_offsets[i]
    for j in range(n):
        at = low + j
        desk.slot_context[j], desk.slot_evidence[j] = skill_context(
            members.skill[at], members.held[at], members.wanted[at], members.flags[at] & 2 != 0,
            members.want_source[at], members.flags[at] & 1 != 0, members.source[at], desk.exercised[j],
            desk.watched[j], members.title[i], members.target[i],
        )  # fmt: skip


@njit(cache=True, nogil=True)
def _fade(s, members, i, n, m, multi, rules):  # type: ignore[no-untyped-def]
    """Discount factors: exposed courses by themselves and their set's spill-over, the others of a set by one factor."""
    low, high = members.exposed_offsets[i], members.exposed_offsets[i + 1]
    if low == high:
        return
    active = members.active[i]
    for a in range(m):
        c = s.exact_course[a]
        if s.exposure[c] > 0.0:
            at = low
            while members.exposed[at] != c:
                at += 1
            own = with_spill_over(s.exposure[c], s.load[s.exact_bucket[a]], rules.spill_over)
            s.factor[c] = discount_factor(own, members.last_seen[at], members.seen_position[at], active, rules.discount)
    for b in range(n + multi):
        if s.load[b] > 0.0:
            s.fade[b] = discount_factor(rules.spill_over * s.load[b], 0.0, 1.0, active, rules.discount)


@njit(cache=True, nogil=True)
def _reason(layout, s, desk, c):  # type: ignore[no-untyped-def]
    """The slot that contributes most to course c; ties go to the smaller skill. -1 when nothing matches."""
    best, most = -1, 0.0
    for at in range(layout.record_offsets[c], layout.record_offsets[c + 1]):
        skill = layout.record_skill[at]
        j = s.slot[skill]
        if j >= 0 and s.weight[skill] * layout.record_weight[at] > most:
            best, most = j, s.weight[skill] * layout.record_weight[at]
    return best


@njit(cache=True, nogil=True)
def _feed(layout, s, shelves, members, i, skills, n, count, rules, desk, out):  # type: ignore[no-untyped-def]
    """The round-robin list itself, then the fallback below `fill`."""
    found = 0
    if n > 0:
        found = draw(
            layout, s, skills, n, count, rules.k, out.course[i], out.affinity[i], out.score[i], out.bucket[i]
        )  # fmt: skip
    for p in range(found):
        c = out.course[i, p]
        j = _reason(layout, s, desk, c)
        out.context[i, p] = desk.slot_context[j]
        out.evidence[i, p] = desk.slot_evidence[j]
        set_bit(s.used, c)
    if rules.fallback and found < min(rules.fill, rules.k):
        for a in range(members.shelf.shape[1]):
            shelf = members.shelf[i, a]
            if shelf < 0:
                continue
            for at in range(shelves.offsets[shelf], shelves.offsets[shelf + 1]):
                c = shelves.course[at]
                if found >= min(rules.fill, rules.k):
                    break
                if not get_bit(s.eligible, c) or get_bit(s.used, c):
                    continue
                set_bit(s.used, c)
                out.course[i, found] = c
                out.affinity[i, found] = 0.0
                out.score[i, found] = 0.0
                out.bucket[i, found] = 0
                out.context[i, found] = members.shelf_context[i, a]
                out.evidence[i, found] = members.shelf_evidence[i, a]
                found += 1
    for p in range(found):
        out.rank[i, p] = 0
        out.position[i, p] = p + 1
    out.count[i] = found
    s.used[:] = ZERO


@njit(cache=True, nogil=True)
def _keep_row(s, i, desk, found, context, evidence, rank, least, out):  # type: ignore[no-untyped-def]
    """Write a finished row unless it is too short; returns the rank of the next row."""
    if found < least or found == 0:
        return rank
    use(s, desk.row, found)
    at = out.count[i]
    for p in range(found):
        c = desk.row[p]
        out.course[i, at] = c
        matched = get_bit(s.once, c) or get_bit(s.twice, c)
        out.affinity[i, at] = s.pool_affinity[s.place[c]] if matched else 0.0
        out.score[i, at] = s.pool_score[s.place[c]] if matched else 0.0
        out.bucket[i, at] = s.rank[c] + 1 if matched else 0
        out.rank[i, at] = rank
        out.position[i, at] = p + 1
        out.context[i, at] = context
        out.evidence[i, at] = c if context == C_CONTINUE else evidence
        at += 1
    out.count[i] = at
    return rank + 1


@njit(cache=True, nogil=True)
def _own_rows(s, shelves, i, rules, desk, states, out):  # type: ignore[no-untyped-def]
    """Continue and watched: rows that stand on the member's own courses, newest first. Returns the next rank."""
    rank = 1
    found = 0
    for a in range(states):  # insertion by newest time, then course
        if desk.state[a] & IN_PROGRESS:
            at = found
            while at > 0 and desk.keys[at - 1] < desk.state_time[a]:
                desk.row[at], desk.keys[at] = desk.row[at - 1], desk.keys[at - 1]
                at -= 1
            if at < rules.row_length:
                desk.row[at], desk.keys[at] = desk.state_course[a], desk.state_time[a]
                found = min(found + 1, rules.row_length)
    rank = _keep_row(s, i, desk, found, C_CONTINUE, -1, rank, rules.row_least, out)
    last_time, last_course = np.int64(1) << 62, -1
    for _ in range(rules.watched_rows):
        best = -1
        for a in range(states):
            t, c = desk.state_time[a], desk.state_course[a]
            if desk.state[a] & WATCHED and (t < last_time or (t == last_time and c > last_course)):
                if best < 0 or t > desk.state_time[best]:
                    best = a
        if best < 0:
            break
        last_time, last_course = desk.state_time[best], desk.state_course[best]
        found = take_in_feed_order(
            s, shelves.similar, shelves.similar_offsets[last_course], shelves.similar_offsets[last_course + 1],
            rules.row_length, desk.row, desk.keys,
        )  # fmt: skip
        rank = _keep_row(s, i, desk, found, C_WATCHED, last_course, rank, rules.row_least, out)
    return rank


@njit(cache=True, nogil=True)
def _skill_rows(s, members, i, n, count, rules, desk, first, second, limit, rank, out):  # type: ignore[no-untyped-def]
    """One row a skill of two kinds of context, heaviest skill first, at most `limit` rows."""
    made = 0
    words = len(desk.bits)
    for a in range(n):
        j = desk.slot_order[a]
        kind = desk.slot_context[j]
        if kind != first and kind != second:
            continue
        if made >= limit or rank > rules.rows:
            break
        desk.bits[:] = ZERO
        desk.bits[j >> 6] |= ONE << np.uint64(j & 63)
        found = take_by_skills(s, n, count, desk.bits[:words], rules.row_length, desk.row)
        skill = members.skill[members.skill_offsets[i] + j]
        now = _keep_row(s, i, desk, found, kind, skill, rank, rules.row_least, out)
        made += now - rank
        rank = now
    return rank


@njit(cache=True, nogil=True)
def _group_row(s, members, i, n, count, rules, desk, kind, rank, out):  # type: ignore[no-untyped-def]
    """One row for all skills whose context is `kind` (title, goal): the evidence is shared."""
    if rank > rules.rows:
        return rank
    desk.bits[:] = ZERO
    evidence = -1
    for j in range(n):
        if desk.slot_context[j] == kind:
            desk.bits[j >> 6] |= ONE << np.uint64(j & 63)
            evidence = desk.slot_evidence[j]
    if evidence < 0:
        return rank
    found = take_by_skills(s, n, count, desk.bits, rules.row_length, desk.row)
    return _keep_row(s, i, desk, found, kind, evidence, rank, rules.row_least, out)


@njit(cache=True, nogil=True)
def _new_row(s, shelves, members, i, rules, desk, rank, out):  # type: ignore[no-untyped-def]
    """New courses of the category the member's page is most about; of the whole catalogue where there is none."""
    if rank > rules.rows:
        return rank
    desk.category_count[:] = 0
    best = -1
    for p in range(out.count[i]):
        category = shelves.category[out.course[i, p]]
        if category >= 0 and out.bucket[i, p] > 0:
            desk.category_count[category] += 1
            if best < 0 or desk.category_count[category] > desk.category_count[best] or (
                desk.category_count[category] == desk.category_count[best] and category < best
            ):
                best = category
    oldest = members.now[i] // 86400 - rules.new_days
    found = 0
    for c in range(len(shelves.created)):
        if shelves.created[c] < oldest or found == rules.row_length:
            break
        if get_bit(s.eligible, c) and not get_bit(s.used, c) and (best < 0 or shelves.category[c] == best):
            desk.row[found] = c
            found += 1
    return _keep_row(s, i, desk, found, C_NEW, best, rank, rules.row_least, out)


@njit(cache=True, nogil=True)
def _shelf_rows(s, shelves, members, i, rules, desk, rank, out):  # type: ignore[no-untyped-def]
    """Below `fill` courses the page goes on with what others take; a page is never empty."""
    for a in range(members.shelf.shape[1]):
        if out.count[i] >= rules.fill or rank > rules.rows or not rules.fallback:
            break
        shelf = members.shelf[i, a]
        if shelf < 0 or members.shelf_context[i, a] < C_POPULAR_TITLE:
            continue  # trending shelves had their row
        low, high = shelves.offsets[shelf], shelves.offsets[shelf + 1]
        found = take_in_order(s, shelves.course, low, high, rules.row_length, desk.row)
        least = rules.row_least if out.count[i] > 0 else 1
        rank = _keep_row(
            s, i, desk, found, members.shelf_context[i, a], members.shelf_evidence[i, a], rank, least, out
        )  # fmt: skip
    return rank


@njit(cache=True, nogil=True)
def _home(layout, s, shelves, members, i, skills, n, count, rules, desk, states, out):  # type: ignore[no-untyped-def]
    """The grid, row by row."""
    out.count[i] = 0
    lay_pools(layout, s, skills, n, count)
    for j in range(n):  # slots by weight, heaviest first, then skill
        at = j
        while at > 0 and s.weight[skills[desk.slot_order[at - 1]]] < s.weight[skills[j]]:
            desk.slot_order[at] = desk.slot_order[at - 1]
            at -= 1
        desk.slot_order[at] = j
    rank = _own_rows(s, shelves, i, rules, desk, states, out)
    rank = _skill_rows(s, members, i, n, count, rules, desk, C_WANTED, C_PREDICTED, rules.wanted_rows, rank, out)
    rank = _group_row(s, members, i, n, count, rules, desk, C_GOAL, rank, out)
    rank = _skill_rows(s, members, i, n, count, rules, desk, C_SKILL, C_STAY_SHARP, rules.skill_rows, rank, out)
    rank = _group_row(s, members, i, n, count, rules, desk, C_TITLE, rank, out)
    rank = _skill_rows(s, members, i, n, count, rules, desk, C_INFERRED, C_ACTIVITY, rules.inferred_rows, rank, out)
    for a in range(members.trend.shape[1]):
        shelf = members.trend[i, a]
        if shelf < 0 or rank > rules.rows:
            continue
        low, high = shelves.offsets[shelf], shelves.offsets[shelf + 1]
        found = take_in_order(s, shelves.course, low, high, rules.row_length, desk.row)
        now = _keep_row(
            s, i, desk, found, members.trend_context[i, a], members.trend_evidence[i, a], rank, rules.row_least, out
        )  # fmt: skip
        if now > rank:
            rank = now
            break
    rank = _new_row(s, shelves, members, i, rules, desk, rank, out)
    _shelf_rows(s, shelves, members, i, rules, desk, rank, out)
    s.used[:] = ZERO
    _number_buckets(s, i, out)


@njit(cache=True, nogil=True)
def _number_buckets(s, i, out):  # type: ignore[no-untyped-def]
    """Buckets by first appearance in the list as shown, from 1."""
    numbered = 0
    for p in range(out.count[i]):
        b = out.bucket[i, p]
        if b > 0:
            known = s.start[b - 1]
            if known >= 0:
                s.start[b - 1] = -1 - numbered
                known = -1 - numbered
                numbered += 1
            out.bucket[i, p] = -known


@njit(cache=True, nogil=True)
def recommend_members(layout_, shelves_, views, opens, members_, rules_, scratch, desk_, feed_, home_):  # type: ignore[no-untyped-def]
    """Fill the output rows of every member of the batch; `feed` or `home` of width 0 is not asked for."""
    layout, shelves, members, rules = borrow(layout_), borrow(shelves_), borrow(members_), borrow(rules_)
    s, desk, feed, home = borrow(scratch), borrow(desk_), borrow(feed_), borrow(home_)
    for i in range(len(members.outlook)):
        s.eligible[:] = views[members.outlook[i]]
        s.used[:] = ZERO
        states = course_states(
            members.course, members.course_kind, members.course_time, members.course_seconds,
            members.course_offsets[i], members.course_offsets[i + 1], shelves.minutes, rules.watching,
            desk.state_course, desk.state, desk.state_time,
        )  # fmt: skip
        _rest_courses(s, shelves, desk, states, opens[members.outlook[i]], members.level[i])
        n = _hold(s, members, i, desk)
        _annotate(layout, s, members, i, n, desk, states)
        skills = members.skill[members.skill_offsets[i] : members.skill_offsets[i + 1]]
        low, high = members.exposed_offsets[i], members.exposed_offsets[i + 1]
        for at in range(low, high):
            s.exposure[members.exposed[at]] = members.exposure[at]
        m, multi = build_buckets(layout, s, skills, n, members.exposed[low:high])
        _fade(s, members, i, n, m, multi, rules)
        count = value_buckets(layout, s, skills, n, m, multi)
        order_buckets(s, n, count)
        if feed.course.shape[1] > 0 and not members.resting[i, 0]:
            _feed(layout, s, shelves, members, i, skills, n, count, rules, desk, feed)
        if home.course.shape[1] > 0 and not members.resting[i, 1]:
            _home(layout, s, shelves, members, i, skills, n, count, rules, desk, states, home)
        _release(s, members, i)
