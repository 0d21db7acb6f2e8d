"""The member's page inside the compiled loop: rows in carousel order, one pass, a course once a page."""

from __future__ import annotations

from skillfirst.contexts.carousels import newest_end, take_in_order, take_new, use
from skillfirst.contexts.kinds import Context
from skillfirst.feedback.interactions import IN_PROGRESS, WATCHED
from skillfirst.ranking.bits import ZERO, inner, set_bit, whole
from skillfirst.ranking.feed_order import locate, ready_for_rows, shares_skill, take_by_skills, take_in_feed_order

# plain integers: enum members are not constants to the compiler
C_CONTINUE, C_WATCHED = int(Context.CONTINUE), int(Context.WATCHED)
C_WANTED, C_GOAL = int(Context.WANTED), int(Context.GOAL)
C_PREDICTED, C_STAY_SHARP, C_SKILL = int(Context.PREDICTED), int(Context.STAY_SHARP), int(Context.SKILL)
C_TITLE, C_ACTIVITY, C_INFERRED = int(Context.TITLE), int(Context.ACTIVITY), int(Context.INFERRED)
C_NEW, C_POPULAR_TITLE = int(Context.NEW), int(Context.POPULAR_TITLE)


@inner
def _keep_row(s, shelves, rules, row, out, found, context, evidence, rank, least, at):  # type: ignore[no-untyped-def]
    """Write a finished row from `at` on unless it is too short; returns (rank of the next row, where it begins)."""
    if found < least or found == 0 or rank > rules.rows:
        return rank, at
    use(s, row.course, found)
    start = shelves.evidence_start[context]
    code = start + evidence if start >= 0 and evidence >= 0 else -1
    for p in range(found):
        here = at + p
        c = row.course[p]
        out.course[here] = c
        out.affinity[here] = row.affinity[p]
        out.score[here] = row.score[p]
        out.bucket[here] = row.place[p] + 1
        out.rank[here] = rank
        out.position[here] = p + 1
        out.context[here] = context
        out.evidence[here] = start + c if context == C_CONTINUE else code
    return rank + 1, at + found


@inner
def _locate_row(layout, s, row, found):  # type: ignore[no-untyped-def]
    for p in range(found):
        row.affinity[p], row.score[p], row.place[p] = locate(layout, s, row.course[p])


@inner
def _own_rows(layout, s, shelves, rules, desk, row, out, n, states, at):  # type: ignore[no-untyped-def]
    """Continue and watched: rows that stand on the member's own courses, newest first.

    Who is in the middle of one course is reminded of it: this row alone has no least length.
    """
    rank, found = whole(1), whole(0)
    for a in range(states):  # insertion by newest time, then course
        if desk.state[a] & IN_PROGRESS:
            to, time = found, desk.state_time[a]
            while to > 0 and row.key[to - 1] < time:
                row.course[to] = row.course[to - 1]
                row.key[to] = row.key[to - 1]
                to -= 1
            if to < rules.row_length:
                row.course[to] = desk.state_course[a]
                row.key[to] = time
                found = min(found + 1, rules.row_length)
    _locate_row(layout, s, row, found)
    rank, at = _keep_row(s, shelves, rules, row, out, found, whole(C_CONTINUE), whole(-1), rank, whole(1), at)
    last_time, last_course = whole(1 << 62), whole(-1)
    for _ in range(rules.watched_rows):
        best = -1
        for a in range(states):
            t, c = desk.state_time[a], desk.state_course[a]
            older = t < last_time or (t == last_time and c > last_course)
            if desk.state[a] & WATCHED and older and (best < 0 or t > desk.state_time[best]):
                best = a
        if best < 0:
            break
        last_time, last_course = desk.state_time[best], whole(desk.state_course[best])
        found = take_in_feed_order(
            layout, s, n, shelves.similar, shelves.similar_offsets[last_course],
            shelves.similar_offsets[last_course + 1], rules.row_length, row,
        )  # fmt: skip
        kind = whole(C_WATCHED)
        rank, at = _keep_row(s, shelves, rules, row, out, found, kind, last_course, rank, rules.row_least, at)
    return rank, at


@inner
def _skill_rows(layout, s, shelves, rules, desk, row, out, n, count, first, second, limit, rank, at):  # type: ignore[no-untyped-def]
    """One row a skill of two kinds of context, heaviest skill first, at most `limit` rows."""
    made = 0
    mask_words = max((n + 63) // 64, 1)
    for a in range(n):
        j = whole(desk.slot_order[a])
        kind = whole(desk.slot_context[j])
        if kind != first and kind != second:
            continue
        if made >= limit or rank > rules.rows:
            break
        set_bit(desk.wanted, j)
        found = take_by_skills(layout, s, n, mask_words, count, desk.wanted, rules.row_length, row)
        desk.wanted[j >> 6] = ZERO
        rank, now = _keep_row(s, shelves, rules, row, out, found, kind, whole(s.skill[j]), rank, rules.row_least, at)
        made += whole(now > at)
        at = now
    return rank, at


@inner
def _group_row(layout, s, shelves, rules, desk, row, out, n, count, kind, rank, begin, at):  # type: ignore[no-untyped-def]
    """One row for all skills whose context is `kind` (title, goal): the evidence is shared.

    What a wish took into a row above counts for its length: who says more does not lose the row. Two it holds itself.
    """
    evidence = whole(-1)
    mask_words = max((n + 63) // 64, 1)
    for j in range(n):
        if desk.slot_context[j] == kind:
            set_bit(desk.wanted, j)
            evidence = whole(desk.slot_evidence[j])
    if evidence >= 0 and rank <= rules.rows:
        found = take_by_skills(layout, s, n, mask_words, count, desk.wanted, rules.row_length, row)
        above = whole(0)
        for here in range(begin, at):
            place = out.bucket[here] - 1
            if place >= 0 and shares_skill(s, n, mask_words, desk.wanted, s.order[place]):
                above += 1
        least = max(rules.row_least - above, min(rules.row_least, 2))
        rank, at = _keep_row(s, shelves, rules, row, out, found, kind, evidence, rank, least, at)
    for w in range(mask_words):
        desk.wanted[w] = ZERO
    return rank, at


@inner
def _trend_row(layout, s, shelves, members, rules, row, out, i, rank, at):  # type: ignore[no-untyped-def]
    """What trends: the first shelf of the chain that fills a row."""
    for a in range(members.trends):
        shelf = members.trend[i * members.trends + a]
        if shelf < 0 or rank > rules.rows:
            continue
        low, high = shelves.offsets[shelf], shelves.offsets[shelf + 1]
        found = take_in_order(s, shelves.course, low, high, rules.row_length, row.course)
        _locate_row(layout, s, row, found)
        context = whole(members.trend_context[a])
        evidence = whole(members.trend_evidence[i * members.trends + a])
        now, at = _keep_row(s, shelves, rules, row, out, found, context, evidence, rank, rules.row_least, at)
        if now > rank:
            return now, at
    return rank, at


@inner
def _new_row(layout, s, shelves, members, rules, desk, row, out, i, begin, rank, at):  # type: ignore[no-untyped-def]
    """New courses of the category the member's page is most about; of the whole catalogue where there is none."""
    if rank > rules.rows:
        return rank, at
    for category in range(shelves.categories):
        desk.category_count[category] = 0
    best = whole(-1)
    for here in range(begin, at):
        category = whole(shelves.category[out.course[here]])
        if category >= 0 and out.bucket[here] > 0:
            desk.category_count[category] += 1
            many, most = desk.category_count[category], desk.category_count[max(best, 0)]
            if best < 0 or many > most or (many == most and category < best):
                best = category
    oldest = members.now[i] // 86400 - rules.new_days
    end = newest_end(shelves.created, shelves.courses, oldest)
    found = take_new(s, shelves.category, best, end, rules.row_length, row.course)
    _locate_row(layout, s, row, found)
    return _keep_row(s, shelves, rules, row, out, found, whole(C_NEW), best, rank, rules.row_least, at)


@inner
def shelves_of(shelves, members, rules, i):  # type: ignore[no-untyped-def]
    """Where the shelves begin that stand in the order of what members of i's level respond to; 0: the plain ones."""
    if rules.levels == 0:
        return 0
    return shelves.shelves * (1 + min(max(whole(members.level[i]), 0), rules.levels - 1))


@inner
def _shelf_rows(layout, s, shelves, members, rules, row, out, i, begin, rank, at):  # type: ignore[no-untyped-def]
    """Below `fill` courses, or few rows, the page goes on with what others take; a page is never empty."""
    for a in range(members.shelves):
        enough = at - begin >= rules.fill and rank > rules.rows_least
        if enough or rank > rules.rows or not rules.fallback:
            break
        shelf = members.shelf[i * members.shelves + a]
        context = whole(members.shelf_context[a])
        if shelf < 0 or context < C_POPULAR_TITLE:
            continue  # trending shelves had their row
        shelf += shelves_of(shelves, members, rules, i)
        low, high = shelves.offsets[shelf], shelves.offsets[shelf + 1]
        found = take_in_order(s, shelves.course, low, high, rules.row_length, row.course)
        _locate_row(layout, s, row, found)
        least = rules.row_least if at > begin else 1
        evidence = whole(members.shelf_evidence[i * members.shelves + a])
        rank, at = _keep_row(s, shelves, rules, row, out, found, context, evidence, rank, least, at)
    return rank, at


@inner
def _number_buckets(desk, out, count, begin, at):  # type: ignore[no-untyped-def]
    """Buckets by first appearance on the page as shown, from 1."""
    for place in range(count):
        desk.number[place] = 0
    numbered = 0
    for here in range(begin, at):
        place = out.bucket[here] - 1
        if place >= 0:
            if desk.number[place] == 0:
                numbered += 1
                desk.number[place] = numbered
            out.bucket[here] = desk.number[place]


@inner
def fill_page(layout, s, shelves, members, rules, desk, row, out, i, n, states, total, count, begin):  # type: ignore[no-untyped-def]
    """The grid of member i, row by row, from `begin` on; returns where it ends."""
    ready_for_rows(s, n, total)
    for j in range(n):  # slots by weight, heaviest first, then skill
        to, weight = j, s.weight[j + 1]
        while to > 0 and s.weight[desk.slot_order[to - 1] + 1] < weight:
            desk.slot_order[to] = desk.slot_order[to - 1]
            to -= 1
        desk.slot_order[to] = j
    rank, at = _own_rows(layout, s, shelves, rules, desk, row, out, n, states, begin)
    for step in range(6):  # a loop, so that the compiler lays each kind of row out once
        if step == 0:
            first, second, limit = C_WANTED, C_WANTED, rules.wanted_rows
        elif step == 2:
            first, second, limit = C_SKILL, C_STAY_SHARP, rules.skill_rows
        elif step == 4:
            first, second, limit = C_PREDICTED, C_PREDICTED, rules.predicted_rows
        else:
            first, second, limit = C_INFERRED, C_ACTIVITY, rules.inferred_rows
        if step == 1 or step == 3:
            kind = C_GOAL if step == 1 else C_TITLE
            rank, at = _group_row(layout, s, shelves, rules, desk, row, out, n, count, kind, rank, begin, at)
        else:
            rank, at = _skill_rows(
                layout, s, shelves, rules, desk, row, out, n, count, first, second, limit, rank, at
            )  # fmt: skip
    rank, at = _trend_row(layout, s, shelves, members, rules, row, out, i, rank, at)
    rank, at = _new_row(layout, s, shelves, members, rules, desk, row, out, i, begin, rank, at)
    rank, at = _shelf_rows(layout, s, shelves, members, rules, row, out, i, begin, rank, at)
    for w in range(s.words):
        s.used[w] = ZERO
    _number_buckets(desk, out, count, begin, at)
    return at
