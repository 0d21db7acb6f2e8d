import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillfirst.errors import DataError
from skillfirst.feedback.discount import Discount
from skillfirst.feedback.impressions import exposures
from skillfirst.tables.member_document import Channel, Interaction, documents

NOW = 1_700_000_000
DAY = 86_400
JAVA, SQL, WELDING = 2, 5, 7


def member(*seen, interactions=(), now=NOW):
    """One document: seen = (course, channel, time, slot), interactions = (course, kind, time)."""
    return members([(now, seen, interactions)])


def members(rows):
    seen = [sorted(s, key=lambda x: (x[2], x[0], x[1])) for _, s, _ in rows]
    acts = [sorted(a) for _, _, a in rows]
    return documents(
        len(rows),
        now=[r[0] for r in rows],
        seen_course=[[x[0] for x in s] for s in seen],
        seen_channel=[[x[1] for x in s] for s in seen],
        seen_time=[[x[2] for x in s] for s in seen],
        seen_slot=[[x[3] for x in s] for s in seen],
        course=[[x[0] for x in a] for a in acts],
        course_kind=[[x[1] for x in a] for a in acts],
        course_time=[[x[2] for x in a] for a in acts],
        course_seconds=[[0 for _ in a] for a in acts],
    )


def n_of(batch, settings=None, now=None):
    return exposures(batch, now, settings or Discount()).row(0)


def test_slot_one_counts_one_and_slot_three_a_half():
    assert n_of(member((JAVA, 1, NOW, 1), (SQL, 1, NOW, 3))) == {JAVA: 1.0, SQL: 0.5}


def test_an_exposure_halves_in_fourteen_days():
    assert n_of(member((JAVA, 1, NOW - 14 * DAY, 1))) == {JAVA: 0.5}
    assert n_of(member((JAVA, 1, NOW - 14 * DAY, 1)), Discount(half_life_days=math.inf)) == {JAVA: 1.0}


def test_one_impression_in_thirty_minutes_and_channel():
    at = NOW - 7200
    flicker = [(JAVA, Channel.HOME, at + s, 1) for s in (0, 60, 1799, 1800, 3000)]
    e = exposures(member(*flicker), None, Discount(half_life_days=math.inf))
    assert e.count.tolist() == [2]  # the gate opens again after 1800 s, counted from the one that counted
    e = exposures(member(*flicker, (JAVA, Channel.EMAIL, at + 60, 1)), None, Discount(half_life_days=math.inf))
    assert e.count.tolist() == [3]  # another channel has its own gate, and its exposure pools


def test_a_click_forgets_what_came_before_it():
    seen = [(JAVA, 1, NOW - 5 * DAY, 1), (JAVA, 1, NOW - 3 * DAY, 1), (SQL, 1, NOW - 5 * DAY, 1)]
    batch = member(*seen, interactions=[(JAVA, Interaction.CLICK, NOW - 4 * DAY)])
    e = exposures(batch, None, Discount(click_rest_days=0))
    assert e.courses.tolist() == [JAVA, SQL]
    assert e.count.tolist() == [1, 1]
    assert e.last_seen.tolist() == [3.0, 5.0]


def test_other_interactions_do_not_reset():
    batch = member(
        (JAVA, 1, NOW - DAY, 1), interactions=[(JAVA, Interaction.WATCH, NOW), (SQL, Interaction.CLICK, NOW)]
    )
    assert list(n_of(batch)) == [JAVA]


def test_cards_seen_within_a_day_of_the_click_do_not_count():
    batch = member(
        (JAVA, 1, NOW - 2 * DAY, 1),
        (JAVA, 1, NOW - DAY, 1),
        interactions=[(JAVA, Interaction.CLICK, NOW - 2 * DAY - 60)],
    )
    assert exposures(batch, None, Discount()).count.tolist() == [1]
    assert exposures(batch, None, Discount(click_rest_days=0)).count.tolist() == [2]


def test_what_happens_after_now_has_not_happened():
    batch = member((JAVA, 1, NOW - DAY, 1), (SQL, 1, NOW + 1, 1), interactions=[(JAVA, Interaction.CLICK, NOW + 1)])
    assert list(n_of(batch)) == [JAVA]
    assert n_of(batch, now=NOW - 2 * DAY) == {}


def test_activity_counts_days_of_the_last_four_weeks():
    seen = [(SQL, 1, NOW - d * DAY, 1) for d in (0, 1, 1, 5, 27, 28, 60)]
    assert exposures(member(*seen), None, Discount()).activity.tolist() == [4.0]


def test_position_and_last_seen_are_those_of_the_newest_counted_impression():
    e = exposures(member((JAVA, 1, NOW - 3 * DAY, 2), (JAVA, 2, NOW - 2 * DAY, 4)), None, Discount())
    assert (e.position.tolist(), e.last_seen.tolist(), e.count.tolist()) == ([4.0], [2.0], [2])


def test_factors_stand_beside_their_courses():
    e = exposures(member((JAVA, 1, NOW, 1), (SQL, 1, NOW - 14 * DAY, 1)), None, Discount())
    assert e.factors(Discount()) == pytest.approx([0.05 + 0.95 * math.exp(-0.231), 0.05 + 0.95 * math.exp(-0.1155)])


def test_a_seen_document_without_its_moment_is_refused():
    batch = documents(2, seen_course=[[], [JAVA]], seen_channel=[[], [1]], seen_time=[[], [NOW]], seen_slot=[[], [1]])
    with pytest.raises(DataError, match=r"documents\.now"):
        exposures(batch, None, Discount())
    assert exposures(batch, NOW, Discount()).row(1) == {JAVA: 1.0}


def test_an_empty_batch_and_unseen_members_are_fine():
    assert exposures(documents(0), None, Discount()).offsets.tolist() == [0]
    assert exposures(documents(3), None, Discount()).offsets.tolist() == [0, 0, 0, 0]


def by_hand(row, s):
    """The slow and obvious version of one member."""
    now, seen, acts = row
    out = {}
    counted = {}
    for course, channel, time, slot in sorted(seen, key=lambda x: (x[2], x[0], x[1])):
        if time > now or time - counted.get((course, channel), -(10**12)) < 1800:
            continue
        counted[course, channel] = time
        click = max((t for c, k, t in acts if c == course and k == Interaction.CLICK and t <= now), default=None)
        if click is not None and time <= click + s.click_rest_days * DAY:
            continue
        age = (now - time) / DAY
        out[course] = out.get(course, 0.0) + 1 / math.log2(1 + slot) * 2.0 ** (-age / s.half_life_days)
    return out


TIME = st.integers(NOW - 40 * DAY, NOW + 2 * DAY) | st.integers(NOW - 9000, NOW)
SEEN = st.lists(
    st.tuples(st.integers(0, 4), st.integers(1, 3), TIME, st.integers(1, 9)), max_size=25, unique_by=lambda x: x[:3]
)
ACTS = st.lists(
    st.tuples(st.integers(0, 4), st.sampled_from([1, 2, 4, 6, 7]), TIME), max_size=6, unique_by=lambda x: x[:2]
)
ROWS = st.lists(st.tuples(st.just(NOW), SEEN, ACTS), min_size=1, max_size=5)


@settings(max_examples=60, deadline=None)
@given(ROWS, st.sampled_from([0.0, 1.0]), st.integers(0, 4))
def test_rows_equal_the_obvious_version_in_any_batch(rows, rest, cut):
    s = Discount(click_rest_days=rest)
    batch = members(rows)
    whole = exposures(batch, None, s)
    for i, row in enumerate(rows):
        expected = by_hand(row, s)
        assert whole.row(i) == pytest.approx(expected, rel=1e-12)
        assert whole.courses[whole.offsets[i] : whole.offsets[i + 1]].tolist() == sorted(expected)
    part = exposures(batch.slice(cut), None, s)
    for i in range(len(part)):
        assert part.row(i) == whole.row(cut + i)
        assert part.activity[i] == whole.activity[cut + i]
