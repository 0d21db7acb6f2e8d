"""The loop over members: rules of the floor below, called in the one order that makes a recommendation.

Everything here is compiled, holds no lock and writes only to its own arguments, so threads share one Model.
"""

from __future__ import annotations

from pathlib import Path
from zlib import crc32

from numba import njit

from skillfirst.contexts import annotations as skill_contexts
from skillfirst.contexts import carousels
from skillfirst.contexts.annotations import skill_context
from skillfirst.feedback import interactions, loops
from skillfirst.feedback.interactions import COMPLETED, MOSTLY, RESTING, WATCHED, course_states
from skillfirst.feedback.loops import discount_factor, with_spill_over
from skillfirst.kernel import groups, page
from skillfirst.kernel.groups import Desk, Members, Out, Row, Rules, Shelves
from skillfirst.kernel.page import fill_page, shelves_of
from skillfirst.ranking import bits, bucket_order, buckets, feed_order, layout, round_robin, scratch
from skillfirst.ranking.bits import ZERO, clear_bit, get_bit, inner, prefetch, set_bit, whole
from skillfirst.ranking.borrow import borrow
from skillfirst.ranking.bucket_order import order_buckets
from skillfirst.ranking.buckets import build_buckets, fade_scores, load_buckets, value_singles
from skillfirst.ranking.feed_order import reason
from skillfirst.ranking.layout import Layout
from skillfirst.ranking.round_robin import draw, draw_by_score, number_buckets
from skillfirst.ranking.scratch import Scratch

FEED, HOME = 0, 1  # places in CHANNELS

_COMPILED_FROM = (
    skill_contexts, bits, bucket_order, buckets, carousels, feed_order, groups, interactions, layout, loops, page,
    round_robin, scratch,
)  # fmt: skip
# The compiler's cache watches this file alone; the stamp notices a change in any other and in the groups' fields.
STAMP = crc32(b"".join(Path(str(module.__file__)).read_bytes() for module in _COMPILED_FROM))


@inner
def _begin(s, members, shelves, desk, i, states):  # type: ignore[no-untyped-def]
    """Lay out what is eligible: open courses without the resting ones.

    Where a resting course belonged to a series, the next of the series may stand for it.
    """
    low = members.outlook[i] * s.words
    for w in range(s.words):
        s.eligible[w] = members.views[low + w]
        s.used[w] = ZERO
    touched = False
    for a in range(states):
        if desk.state[a] & RESTING:
            c = desk.state_course[a]
            clear_bit(s.eligible, c)
            set_bit(s.used, c)
            t = shelves.twin[c]
            if t >= 0:  # what was taken or refused in one language is not offered in another
                for at in range(shelves.twin_offsets[t], shelves.twin_offsets[t + 1]):
                    other = whole(shelves.twin_course[at])
                    clear_bit(s.eligible, other)
                    set_bit(s.used, other)
                    if shelves.group[other] >= 0:
                        touched = True
            g = shelves.group[c]
            if g < 0:
                continue
            touched = True
            if desk.state[a] & COMPLETED:  # an older version of something completed is no news
                for at in range(shelves.group_offsets[g], shelves.group_offsets[g + 1]):
                    other = shelves.group_course[at]
                    if other > c and shelves.level[other] == shelves.level[c]:
                        set_bit(s.used, other)
    if touched:
        _next_of_series(s, members, shelves, desk, i, states, low)
    for w in range(s.words):
        s.used[w] = ZERO


@inner
def _next_of_series(s, members, shelves, desk, i, states, low):  # type: ignore[no-untyped-def]
    for a in range(states):
        if not desk.state[a] & RESTING:
            continue
        c = desk.state_course[a]
        _choose(s, members, shelves, i, shelves.group[c], low)
        t = shelves.twin[c]
        if t >= 0:
            for at in range(shelves.twin_offsets[t], shelves.twin_offsets[t + 1]):
                _choose(s, members, shelves, i, shelves.group[shelves.twin_course[at]], low)


@inner
def _choose(s, members, shelves, i, g, low):  # type: ignore[no-untyped-def]
    """Of series g the newest at the member's level that is left stands for all, else the newest."""
    best, level = -1, members.level[i]
    if g >= 0:
        for at in range(shelves.group_offsets[g], shelves.group_offsets[g + 1]):
            other = whole(shelves.group_course[at])
            clear_bit(s.eligible, other)
            if not get_bit(members.opens, low * 64 + other) or get_bit(s.used, other):
                continue
            if best < 0 or (shelves.level[best] != level and shelves.level[other] == level):
                best = other
    if best >= 0:
        set_bit(s.eligible, best)


@inner
def _hold(s, members, desk, i):  # type: ignore[no-untyped-def]
    """Lay the member's skills and exposures out; returns how many skills."""
    low = members.skill_offsets[i]
    n = members.skill_offsets[i + 1] - low
    for j in range(n):
        skill = members.skill[low + j]
        s.skill[j] = skill
        s.weight[j + 1] = members.held[low + j] + members.wanted[low + j]
        s.slot[skill] = j
        desk.exercised[j] = 0
        desk.watched[j] = -1
        desk.watched_time[j] = -1
    for at in range(members.exposed_offsets[i], members.exposed_offsets[i + 1]):
        s.exposure[members.exposed[at]] = members.exposure[at]
    return n


@inner
def _release(s, members, i, n):  # type: ignore[no-untyped-def]
    for j in range(n):
        s.slot[s.skill[j]] = -1
    for at in range(members.exposed_offsets[i], members.exposed_offsets[i + 1]):
        c = members.exposed[at]
        s.exposure[c] = 0.0
        s.factor[c] = 1.0


@inner
def _annotate(layout, s, members, desk, i, n, states):  # type: ignore[no-untyped-def]
    """Decide the context of every skill of the member."""
    for a in range(states):
        if not desk.state[a] & WATCHED:
            continue
        c, time = desk.state_course[a], desk.state_time[a]
        for at in range(layout.record_offsets[c], layout.record_offsets[c + 1]):
            j = s.slot[layout.record_skill[at]]
            if j >= 0:
                if desk.state[a] & MOSTLY:
                    desk.exercised[j] = 1
                if time > desk.watched_time[j]:
                    desk.watched[j] = c
                    desk.watched_time[j] = time
    low = members.skill_offsets[i]
    for j in range(n):
        at = low + j
        desk.slot_context[j], desk.slot_evidence[j] = skill_context(
            members.skill[at], members.held[at], members.wanted[at], members.flags[at] & 2 != 0,
            members.want_source[at], members.flags[at] & 1 != 0, members.source[at], desk.exercised[j] != 0,
            desk.watched[j], members.title[i], members.target[i],
        )  # fmt: skip


@inner
def _fade(s, members, rules, i, buckets, total):  # type: ignore[no-untyped-def]
    """Discount factors: exposed courses by themselves and their set's spill-over, the others of a set by one factor."""
    load_buckets(s, buckets, total)
    active = members.active[i]
    at = members.exposed_offsets[i]
    for a in range(total):  # both ascend by course
        c = s.exact_course[a]
        if s.exposure[c] > 0.0:
            while members.exposed[at] != c:
                at += 1
            own = with_spill_over(s.exposure[c], s.load[s.exact_bucket[a]], rules.spill_over)
            s.factor[c] = discount_factor(own, members.last_seen[at], members.seen_position[at], active, rules.discount)
    for b in range(buckets):
        if s.load[b] > 0.0:
            s.fade[b] = discount_factor(rules.spill_over * s.load[b], 0.0, 1.0, active, rules.discount)
    fade_scores(s, buckets, total)


@inner
def _fall_back(s, shelves, members, rules, out, i, low, found):  # type: ignore[no-untyped-def]
    """Go on below `fill` with what others take; returns how many there are then."""
    least = min(rules.fill, rules.k)
    for p in range(found):
        set_bit(s.used, out.course[low + p])
    ordered = shelves_of(shelves, members, rules, i)
    for a in range(members.shelves):
        shelf = members.shelf[i * members.shelves + a]
        if shelf < 0:
            continue
        shelf += ordered
        for at in range(shelves.offsets[shelf], shelves.offsets[shelf + 1]):
            c = shelves.course[at]
            if found >= least:
                break
            if not get_bit(s.eligible, c) or get_bit(s.used, c):
                continue
            set_bit(s.used, c)
            here = low + found
            out.course[here] = c
            out.affinity[here] = 0.0
            out.score[here] = 0.0
            out.bucket[here] = 0
            context = members.shelf_context[a]
            code = members.shelf_evidence[i * members.shelves + a]
            start = shelves.evidence_start[context]
            out.context[here] = context
            out.evidence[here] = start + code if start >= 0 and code >= 0 else -1
            found += 1
    for w in range(s.words):
        s.used[w] = ZERO
    return found


@inner
def _feed(layout, s, shelves, members, rules, desk, out, i, n, count, low):  # type: ignore[no-untyped-def]
    """The round-robin list itself, then the fallback below `fill`; returns where it ends."""
    if rules.round_robin:
        found = draw(layout, s, n, count, rules.k, out, low)
    else:
        found = draw_by_score(layout, s, n, count, rules.k, out, low)
    for here in range(low, low + found):  # the records of scattered courses are far from the processor
        at = layout.record_offsets[out.course[here]]
        prefetch(layout.record_skill, at)
        prefetch(layout.record_weight, at)
    for here in range(low, low + found):
        b = s.order[out.bucket[here] - 1]
        j = whole(b) if b < n else reason(layout, s, out.course[here])[0]
        context, code = desk.slot_context[j], desk.slot_evidence[j]
        start = shelves.evidence_start[context]
        out.context[here] = context
        out.evidence[here] = start + code if start >= 0 and code >= 0 else -1
    if not rules.round_robin:
        number_buckets(s, count, out, low, found)
    if rules.fallback and found < min(rules.fill, rules.k):
        found = _fall_back(s, shelves, members, rules, out, i, low, found)
    for p in range(found):
        out.rank[low + p] = 0
        out.position[low + p] = p + 1
    return low + found


@inner
def _rank(layout, s, shelves, members, rules, desk, i):  # type: ignore[no-untyped-def]
    """From the member's documents to ordered buckets; returns (skills, states, exact courses, buckets in order)."""
    states = course_states(
        members.course, members.course_kind, members.course_time, members.course_seconds,
        members.course_offsets[i], members.course_offsets[i + 1], shelves.minutes, rules.watching,
        members.now[i], rules.dismiss_rest, desk.state_course, desk.state, desk.state_time,
    )  # fmt: skip
    _begin(s, members, shelves, desk, i, states)
    n = _hold(s, members, desk, i)
    _annotate(layout, s, members, desk, i, n, states)
    mask_words = max((n + 63) // 64, 1)
    low, high = members.exposed_offsets[i], members.exposed_offsets[i + 1]
    total, buckets = build_buckets(layout, s, n, mask_words, members.exposed, low, high, rules.nearest)
    if high > low:
        _fade(s, members, rules, i, buckets, total)
    value_singles(layout, s, n)
    count = order_buckets(s, n, mask_words, buckets)
    return n, states, total, count


@njit(cache=True, nogil=True, error_model="numpy")
def recommend_members(stamp, layout_, shelves_, members_, rules_, scratch_, desk_, row_, out_, pages):  # type: ignore[no-untyped-def]
    """Fill the lists of every member of the batch; the groups come as `lend` makes them.

    `pages`: None compiles a loop without the page's rows, for which every channel must be FEED. Returns False where
    `stamp` is not the STAMP this was compiled from, without touching anything.
    """
    if stamp != STAMP:
        return False
    layout, shelves, members, rules = (
        borrow(layout_, Layout), borrow(shelves_, Shelves), borrow(members_, Members), borrow(rules_, Rules),
    )  # fmt: skip
    s, desk, row, out = borrow(scratch_, Scratch), borrow(desk_, Desk), borrow(row_, Row), borrow(out_, Out)
    at, place = whole(0), whole(0)
    out.offsets[0] = 0
    for i in range(members.rows):
        n, states, total, count = _rank(layout, s, shelves, members, rules, desk, i)
        for q in range(out.channels):
            channel = out.channel[q]
            if not members.resting[2 * i + channel]:
                if pages is not None and channel == HOME:
                    at = fill_page(
                        layout, s, shelves, members, rules, desk, row, out, i, n, states, total, count, at
                    )  # fmt: skip
                else:
                    for j in range(n):
                        s.cursor[j] = layout.offsets[s.skill[j]]
                    for p in range(count):
                        s.taken[s.order[p]] = 0
                    at = _feed(layout, s, shelves, members, rules, desk, out, i, n, count, at)
            place += 1
            out.offsets[place] = at
        _release(s, members, i, n)
    return True
