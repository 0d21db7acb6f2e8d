"""From a member's weighted skills to buckets of courses: the hot loop's first half.

A bucket is the set of courses whose overlap with the member's skills is the same *set* (never the same float).
Most reached courses share exactly one skill with the member; they are found by two bitmaps and need no scoring
of their own: skill j alone is bucket j. Only courses in `twice` are scored one by one, by a second walk over the
postings that keeps what reaches `twice` (no course is looked up), and their buckets are numbered from `n` on.
"""

from __future__ import annotations

import math

import numpy as np

from skillfirst.ranking.bits import ONE, ZERO, bit_of, get_bit, inner, popcount, set_bit, whole

HASH = np.uint64(0x9E3779B97F4A7C15)
FAR = 16  # steps after which a bucket is sorted as a whole


@inner
def reach(layout, s, n):  # type: ignore[no-untyped-def]
    """Fill `once` and `twice`: courses that teach at least one, at least two of the member's skills."""
    once, twice, words = s.once, s.twice, s.words
    for w in range(words):
        once[w] = ZERO
        twice[w] = ZERO
    for j in range(n):
        skill = s.skill[j]
        row = layout.heavy_row[skill]
        if row >= 0:
            base = row * words
            for w in range(words):
                b = layout.heavy_bits[base + w]
                twice[w] |= once[w] & b
                once[w] |= b
        else:
            for i in range(layout.offsets[skill], layout.offsets[skill + 1]):
                c = layout.newest_course[i]
                w = c >> 6
                b = bit_of(c)
                twice[w] |= once[w] & b
                once[w] |= b


@inner
def settle(s, exposed, low, high):  # type: ignore[no-untyped-def]
    """Keep what is eligible; send exposed courses to the exact path; leave in `once` the singles alone.

    Returns how many courses `twice` holds.
    """
    once, twice, eligible, words = s.once, s.twice, s.eligible, s.words
    for w in range(words):
        once[w] &= eligible[w]
        twice[w] &= eligible[w]
    for at in range(low, high):
        c = exposed[at]
        if get_bit(once, c):
            set_bit(twice, c)
    total = 0
    for w in range(words):
        t = twice[w]
        once[w] &= ~t
        s.before[w] = total
        total += popcount(t)
    return total


@inner
def score_exact(layout, s, n, mask_words, total):  # type: ignore[no-untyped-def]
    """Affinity and matched slots of every course of `twice`.

    Contributions are summed in ascending skill order in float64, so that every engine gets the same bits.
    """
    twice, before, hit = s.twice, s.before, s.hit
    course, course_weight = layout.newest_course, layout.newest_weight
    for at in range(total):
        s.exact_affinity[at] = 0.0
    for at in range(total * mask_words):
        s.exact_mask[at] = ZERO
    for j in range(n):
        skill = s.skill[j]
        found = 0
        for i in range(layout.offsets[skill], layout.offsets[skill + 1]):
            hit[found] = i  # no branch: most postings reach singles, and which do cannot be foreseen
            c = course[i]
            found += whole((twice[c >> 6] >> np.uint64(c & 63)) & ONE)
        weight, word, mine = s.weight[j + 1], j >> 6, bit_of(j)
        for h in range(found):
            i = hit[h]
            c = course[i]
            at = before[c >> 6] + popcount(twice[c >> 6] & (bit_of(c) - ONE))
            s.exact_course[at] = c
            s.exact_affinity[at] += weight * course_weight[i]
            s.exact_mask[at * mask_words + word] |= mine


@inner
def _open_bucket(s, b, size):  # type: ignore[no-untyped-def]
    s.size[b] = size
    s.taken[b] = 0
    s.value[b] = -1.0
    s.fade[b] = 1.0


@inner
def _find(s, mask_words, at, multi, shift):  # type: ignore[no-untyped-def]
    """Bucket (from 0) of the mask of exact course `at`: an earlier one, or the new one `multi`."""
    low = at * mask_words
    h = ZERO
    for w in range(mask_words):
        h = (h ^ s.exact_mask[low + w]) * HASH
        h ^= h >> np.uint64(32)
    last = (1 << (64 - shift)) - 1
    place = whole((h * HASH) >> np.uint64(shift))
    while True:
        b = whole(s.table[place])
        if b < 0:
            s.table[place] = multi
            for w in range(mask_words):
                s.bucket_mask[multi * mask_words + w] = s.exact_mask[low + w]
            return multi
        same = True
        for w in range(mask_words):
            same &= s.bucket_mask[b * mask_words + w] == s.exact_mask[low + w]
        if same:
            return b
        place = (place + 1) & last


@inner
def _number_wide(s, n, mask_words, total, shift):  # type: ignore[no-untyped-def]
    """Members of more than 64 skills."""
    multi = whole(0)
    for at in range(total):
        bits, lowest = whole(0), whole(0)
        for w in range(mask_words):
            word = s.exact_mask[at * mask_words + w]
            if bits == 0:
                lowest = w * 64 + popcount(~word & (word - ONE))
            bits += popcount(word)
        b = whole(lowest)
        if bits > 1:
            found = _find(s, mask_words, at, multi, shift)
            b = n + found
            if found == multi:
                _open_bucket(s, b, bits)
                multi += 1
        s.exact_bucket[at] = b
        s.taken[b] += 1
        s.value[b] = max(s.value[b], s.exact_affinity[at])
    return multi


@inner
def _number_narrow(s, n, total, shift):  # type: ignore[no-untyped-def]
    """The same for at most 64 skills: a set is one word."""
    multi = whole(0)
    last = (1 << (64 - shift)) - 1
    for at in range(total):
        mask = s.exact_mask[at]
        if mask & (mask - ONE) == ZERO:
            b = popcount(mask - ONE)
        else:
            place = whole((mask * HASH) >> np.uint64(shift))
            found = whole(s.table[place])
            while found >= 0 and s.bucket_mask[found] != mask:
                place = (place + 1) & last
                found = whole(s.table[place])
            if found < 0:
                found = multi
                s.table[place] = multi
                s.bucket_mask[multi] = mask
                _open_bucket(s, n + multi, popcount(mask))
                multi += 1
            b = n + found
        s.exact_bucket[at] = b
        s.taken[b] += 1
        s.value[b] = max(s.value[b], s.exact_affinity[at])
    return multi


@inner
def number_buckets(s, n, mask_words, total):  # type: ignore[no-untyped-def]
    """Bucket of every exact course; sizes of the sets, courses and best affinity of each; returns the larger sets."""
    room, shift = 16, 60
    while room < 2 * total:
        room *= 2
        shift -= 1
    for place in range(room):
        s.table[place] = -1
    for j in range(n):
        _open_bucket(s, j, whole(1))
    for at in range(total):
        s.exact_score[at] = s.exact_affinity[at]
    if mask_words == 1:
        return _number_narrow(s, n, total, shift)
    return _number_wide(s, n, mask_words, total, shift)


@inner
def _earlier(layout, s, a, b):  # type: ignore[no-untyped-def]
    """Order inside a bucket: exposure class, newest, affinity, course."""
    ca, cb = s.exact_course[a], s.exact_course[b]
    ka, kb = math.floor(s.exposure[ca]), math.floor(s.exposure[cb])
    if ka != kb:
        return ka < kb
    if layout.date_rank[ca] != layout.date_rank[cb]:
        return layout.date_rank[ca] < layout.date_rank[cb]
    if s.exact_affinity[a] != s.exact_affinity[b]:
        return s.exact_affinity[a] > s.exact_affinity[b]
    return ca < cb


@inner
def _sort_bucket(layout, s, low, high):  # type: ignore[no-untyped-def]
    """Merge sort of exact_sorted[low:high]."""
    width = 1
    n = high - low
    while width < n:
        for left in range(0, n, 2 * width):
            mid = min(left + width, n)
            end = min(left + 2 * width, n)
            i, j = left, mid
            for k in range(left, end):
                a, b = whole(s.exact_sorted[low + min(j, n - 1)]), whole(s.exact_sorted[low + min(i, n - 1)])
                if j >= end or (i < mid and not _earlier(layout, s, a, b)):
                    s.merge[k] = b
                    i += 1
                else:
                    s.merge[k] = a
                    j += 1
        for k in range(n):
            s.exact_sorted[low + k] = s.merge[k]
        width *= 2


@inner
def _settle_in(layout, s, at, place, low):  # type: ignore[no-untyped-def]
    """Move the exact course just laid at `place` to its own place in a sorted bucket that begins at `low`.

    Only courses of one day, or exposed ones, stand out of order, and mostly by a step. Returns False, with the bucket
    unsorted, where the way is long.
    """
    to = place
    while to > low and _earlier(layout, s, at, whole(s.exact_sorted[to - 1])):
        if place - to == FAR:
            return False
        s.exact_sorted[to] = s.exact_sorted[to - 1]
        s.exact_sorted[to - 1] = at
        to -= 1
    return True


@inner
def group_exact(layout, s, buckets, total, fatigue, nearest):  # type: ignore[no-untyped-def]
    """Lay the exact courses under their buckets, each bucket in its own order; they come ascending, newest first."""
    run = 0
    for b in range(buckets):
        s.start[b] = run
        run += s.taken[b]
        s.taken[b] = s.start[b]
        s.unsorted[b] = 0
    s.start[buckets] = run
    disorder = 0
    for at in range(total):
        b = s.exact_bucket[at]
        place, low = s.taken[b], s.start[b]
        s.exact_sorted[place] = at
        s.taken[b] = place + 1
        if place > low:
            apart = s.exact_course[at] - s.exact_course[s.exact_sorted[place - 1]]
            near = fatigue or apart < nearest  # else of another day
            if near and not s.unsorted[b] and not _settle_in(layout, s, at, place, low):
                s.unsorted[b] = 1
                disorder += 1
    for b in range(buckets):
        s.taken[b] = 0
    if disorder > 0:
        for b in range(buckets):
            if s.unsorted[b]:
                _sort_bucket(layout, s, s.start[b], s.start[b + 1])


@inner
def load_buckets(s, buckets, total):  # type: ignore[no-untyped-def]
    """Sum the exposures of every bucket's courses (in course order) into s.load."""
    for b in range(buckets):
        s.load[b] = 0.0
    for at in range(total):
        s.load[s.exact_bucket[at]] += s.exposure[s.exact_course[at]]


@inner
def fade_scores(s, buckets, total):  # type: ignore[no-untyped-def]
    """Scores after fatigue: s.factor fades exposed courses, s.fade those that only share a seen course's set."""
    for b in range(buckets):
        s.value[b] = -1.0
    for at in range(total):
        b, c = s.exact_bucket[at], s.exact_course[at]
        faded = s.factor[c] if s.exposure[c] > 0.0 else s.fade[b]
        s.exact_score[at] = s.exact_affinity[at] * faded
        s.value[b] = max(s.value[b], s.exact_score[at])


@inner
def value_singles(layout, s, n):  # type: ignore[no-untyped-def]
    """Best score of the courses with one skill alone, skill by skill, and the start of each walk over them."""
    for j in range(n):
        skill = s.skill[j]
        low = layout.offsets[skill]
        s.cursor[j] = low
        for i in range(low, layout.offsets[skill + 1]):
            if get_bit(s.once, layout.best_course[i]):
                s.value[j] = max(s.value[j], s.weight[j + 1] * layout.best_weight[i] * s.fade[j])
                break


@inner
def build_buckets(layout, s, n, mask_words, exposed, low, high, nearest):  # type: ignore[no-untyped-def]
    """Reach, settle, score and group; returns (exact courses, buckets). Nothing has faded yet."""
    reach(layout, s, n)
    total = settle(s, exposed, low, high)
    score_exact(layout, s, n, mask_words, total)
    buckets = n + number_buckets(s, n, mask_words, total)
    group_exact(layout, s, buckets, total, high > low, nearest)
    return total, buckets
