"""Where a course stands in feed order, without drawing the whole list: what the rows of a page ask.

In feed order a course is known by its turn (its place inside its bucket) and the place of its bucket.
"""

from __future__ import annotations

from skillfirst.ranking.bits import ONE, ZERO, bit_of, get_bit, inner, popcount, whole
from skillfirst.ranking.round_robin import newer_single, rewind, take


@inner
def exact_index(s, c):  # type: ignore[no-untyped-def]
    """Index of a course of `twice` among the exact ones."""
    return s.before[c >> 6] + popcount(s.twice[c >> 6] & (bit_of(c) - ONE))


@inner
def reason(layout, s, c):  # type: ignore[no-untyped-def]
    """(slot, contribution) of the skill that adds most to course c; ties go to the smaller skill; slot -1 without."""
    best, most = -1, 0.0
    for at in range(layout.record_offsets[c], layout.record_offsets[c + 1]):
        j = whole(s.slot[layout.record_skill[at]])
        part = s.weight[j + 1] * layout.record_weight[at]  # slot -1 weighs nothing: no branch to foresee
        better = part > most
        best = j if better else best
        most = part if better else most
    return best, most


@inner
def locate(layout, s, c):  # type: ignore[no-untyped-def]
    """(affinity, score, place of its bucket or -1) of any course."""
    if get_bit(s.twice, c):
        at = exact_index(s, c)
        return s.exact_affinity[at], s.exact_score[at], whole(s.place[s.exact_bucket[at]])
    if get_bit(s.once, c):
        j, affinity = reason(layout, s, c)
        return affinity, affinity * s.fade[j], whole(s.place[j])
    return 0.0, 0.0, -1


@inner
def _lay(layout, s, j):  # type: ignore[no-untyped-def]
    """Number the singles of slot j newest first, once a member."""
    skill, turn = s.skill[j], 0
    for i in range(layout.offsets[skill], layout.offsets[skill + 1]):
        c = layout.newest_course[i]
        s.turn[c] = turn  # only singles are ever read
        turn += whole(get_bit(s.once, c))
    s.laid[j] = 1


@inner
def feed_key(layout, s, n, c):  # type: ignore[no-untyped-def]
    """Turn << 32 | place of the bucket of course c; -1 when no skill of the member matches it."""
    if get_bit(s.once, c):
        j, affinity = reason(layout, s, c)
        if not s.laid[j]:
            _lay(layout, s, j)
        turn = whole(s.turn[c])
        for place in range(s.start[j], s.start[j + 1]):
            turn += whole(not newer_single(layout, s, c, affinity, whole(s.exact_sorted[place])))
        return (turn << 32) + s.place[j] if s.place[j] >= 0 else -1
    if not get_bit(s.twice, c):
        return -1
    at = exact_index(s, c)
    b = s.exact_bucket[at]
    turn = whole(s.exact_place[at] - s.start[b])
    if b < n:  # an exposed course among singles
        skill = s.skill[b]
        for i in range(layout.offsets[skill], layout.offsets[skill + 1]):
            other = layout.newest_course[i]
            if get_bit(s.once, other):
                if not newer_single(layout, s, other, s.weight[b + 1] * layout.newest_weight[i], at):
                    break
                turn += 1
    return (turn << 32) + s.place[b] if s.place[b] >= 0 else -1


@inner
def ready_for_rows(s, n, total):  # type: ignore[no-untyped-def]
    """Once a member, before rows are asked for."""
    for j in range(n):
        s.laid[j] = 0
    for place in range(total):
        s.exact_place[s.exact_sorted[place]] = place


@inner
def shares_skill(s, n, mask_words, wanted, b):  # type: ignore[no-untyped-def]
    """Whether the matched skills of bucket b include a slot of the bit set `wanted`."""
    if b < n:
        return get_bit(wanted, b)
    common = ZERO
    for w in range(mask_words):
        common |= s.bucket_mask[(b - n) * mask_words + w] & wanted[w]
    return common != ZERO


@inner
def take_by_skills(layout, s, n, mask_words, count, wanted, limit, row):  # type: ignore[no-untyped-def]
    """Courses whose matched skills include a slot of the bit set `wanted`, in feed order; returns how many."""
    queue = s.merge
    alive = 0
    for place in range(count):
        b = s.order[place]
        if shares_skill(s, n, mask_words, wanted, b):
            rewind(layout, s, n, b)
            queue[alive] = place
            alive += 1
    found = 0
    while alive > 0 and found < limit:
        kept = 0
        for q in range(alive):
            place = queue[q]
            c, affinity, score = take(layout, s, n, s.order[place])
            if c < 0:
                continue
            queue[kept] = place
            kept += 1
            if not get_bit(s.used, c):
                row.course[found] = c
                row.affinity[found] = affinity
                row.score[found] = score
                row.place[found] = place
                found += 1
                if found == limit:
                    return found
        alive = kept
    return found


@inner
def take_in_feed_order(layout, s, n, courses, low, high, limit, row):  # type: ignore[no-untyped-def]
    """Courses of a list in feed order: by turn, then bucket; those without a matched skill follow as listed."""
    found = 0
    last = 1 << 60
    for i in range(low, high):
        c = courses[i]
        if not get_bit(s.eligible, c) or get_bit(s.used, c):
            continue
        key = feed_key(layout, s, n, c)
        if key < 0:
            key = last + i
        at = found
        while at > 0 and row.key[at - 1] > key:
            row.key[at] = row.key[at - 1]
            row.course[at] = row.course[at - 1]
            at -= 1
        row.key[at] = key
        row.course[at] = c
        found += 1
    found = min(found, limit)
    for at in range(found):
        row.affinity[at], row.score[at], row.place[at] = locate(layout, s, row.course[at])
    return found
