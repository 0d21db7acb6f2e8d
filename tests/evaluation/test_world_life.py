"""The living world: people look, choose, tire and learn as the constants say, and chance belongs to who and what."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from skillfirst.errors import DataError, UsageError
from skillfirst.evaluation.world import behaviour
from skillfirst.evaluation.world.catalogue import invent_ground
from skillfirst.evaluation.world.constants import Constants
from skillfirst.evaluation.world.life import World
from skillfirst.evaluation.world.luck import Purpose, luck
from skillfirst.evaluation.world.pages import Pages, joined_pages, pages_from_table
from skillfirst.tables.member_document import Channel
from skillfirst.tables.outputs import RECOMMENDATIONS
from skillfirst.tables.schemas import EVENTS, INPUT

DAY = date(2025, 3, 3)
GROUND = invent_ground(60, 6, 50, day=DAY)
# everybody comes every day, to the home page
EAGER = Constants(daily_share=1.0, weekly_share=0.0, once_share=0.0, daily_rate=1.0, feed_share=0.0, searches=0.0)


def world(constants: Constants = EAGER, members: int = 200, length: int = 20, weeks: int = 0) -> World:
    return World(5, constants, members=members, day=DAY, length=length, weeks=weeks, ground=GROUND)


def pages(
    w: World, courses: npt.NDArray[np.integer], channel: Channel = Channel.HOME, width: int = 12,
    members: npt.NDArray[np.integer] | None = None,
) -> Pages:  # fmt: skip
    """The same `courses` for everybody (or one row of courses a member), laid out in rows of `width`."""
    members = w.visitors() if members is None else members
    cards = np.broadcast_to(courses, (len(members), np.shape(courses)[-1]))
    size = cards.shape[1]
    place = np.tile(np.arange(size), len(members))
    home = channel is Channel.HOME
    return Pages(
        member=members.astype(np.int32),
        channel=np.full(len(members), int(channel), np.int8),
        offsets=np.arange(len(members) + 1, dtype=np.int64) * size,
        course=cards.ravel().astype(np.int32),
        row=(1 + place // width if home else 0 * place).astype(np.int16),
        position=(1 + place % width if home else 1 + place).astype(np.int16),
        propensity=np.full(place.size, 0.25, np.float32),
        context=np.zeros(place.size, np.int16),
        arms=(members % 2).astype(np.int16),
        contexts=("skill",),
        arm_maps=({"trial": "a"}, {"trial": "b"}),
    )


def there(w: World) -> npt.NDArray[np.int64]:
    """Codes of the courses that exist today."""
    return np.flatnonzero(w.ground.created <= w.day)


def count(events: pa.Table, kind: str) -> int:
    return events.filter(pc.equal(events["kind"], kind)).num_rows


def test_a_day_of_events_holds_the_contract_and_passes_arms_and_propensities_through() -> None:
    w = world()
    w.day_begin(DAY)
    events = w.visit(pages(w, there(w)[:30]))
    assert events.schema.equals(EVENTS.schema)
    assert pc.count_distinct(events["event_id"]).as_py() == events.num_rows
    assert set(events["time"].cast(pa.date32()).to_pylist()) == {DAY}
    seen = events.filter(pc.equal(events["kind"], "impression"))
    assert set(seen["propensity"].to_pylist()) == {0.25}
    assert set(seen["context"].to_pylist()) == {"skill"}
    codes = pc.index_in(seen["member_id"], w.member_ids).to_pylist()
    assert [dict(a)["trial"] for a in seen["arms"].to_pylist()] == ["ab"[c % 2] for c in codes]
    assert count(events, "served") == len(w.visitors())
    assert count(events, "click") > 0


def test_what_is_seen_falls_with_row_and_position() -> None:
    w = world(members=600)
    w.day_begin()
    events = w.visit(pages(w, there(w)[:40], width=8))
    seen = events.filter(pc.equal(events["kind"], "impression"))
    rows = np.bincount(seen["carousel_rank"].to_numpy(), minlength=6)
    places = np.bincount(seen["position"].to_numpy(), minlength=9)
    assert rows[1] > rows[2] > rows[3] > rows[4] > rows[5] > 0
    assert places[4] > 2 * places[5] > 0
    look = behaviour.examined(np.array([1, 1, 2, 9]), np.array([1, 2, 1, 1]), Constants())
    assert look[0] == 1.0
    assert (np.diff(look[[0, 1]]) < 0).all()
    assert look[0] > look[2] > look[3]


def test_clicks_follow_hidden_interests_not_listed_skills() -> None:
    w = world(members=800)
    w.day_begin()
    who = w.visitors()
    wide = behaviour.widened(w.people.interest, who, w.near, w.constants)
    courses = there(w)
    row, course = np.repeat(np.arange(len(who)), len(courses)), np.tile(courses, len(who))
    fit = behaviour.relevance(wide, row, course, w.ground.course_skills).reshape(len(who), -1)
    order = np.argsort(fit, axis=1, kind="stable")
    best, worst = courses[order[:, -10:][:, ::-1]], courses[order[:, :10]]
    twin = world(members=800)
    twin.day_begin()
    good, bad = count(w.visit(pages(w, best)), "click"), count(twin.visit(pages(twin, worst)), "click")
    assert good > 2 * bad


def test_equal_worlds_give_equal_days_and_the_order_of_pages_does_not_matter() -> None:
    logs = []
    for turned in (False, True):
        w = world(length=3)
        for _ in range(3):
            w.day_begin()
            who = w.visitors()[::-1] if turned else w.visitors()
            log = w.visit(pages(w, there(w)[:20], members=who))
        logs.append(log.drop_columns(["event_id", "list_id"]))
    assert logs[0].num_rows > 100
    assert logs[0].equals(logs[1])


def test_luck_belongs_to_the_card_whatever_else_is_on_the_page() -> None:
    short, long = world(), world()
    clicked = []
    for w, size in ((short, 6), (long, 24)):
        w.day_begin()
        events = w.visit(pages(w, there(w)[:size], width=6))
        first = events.filter(pc.and_(pc.equal(events["kind"], "click"), pc.equal(events["carousel_rank"], 1)))
        clicked.append(set(zip(first["member_id"].to_pylist(), first["course_id"].to_pylist(), strict=True)))
    assert clicked[0] == clicked[1]
    assert clicked[0]


def test_uniform_numbers_are_uniform_and_independent_of_other_keys() -> None:
    u = luck(1, Purpose.CLICKS, 3, np.arange(20_000), np.full(20_000, 7))
    v = luck(1, Purpose.CLICKS, 3, np.arange(20_000), np.full(20_000, 8))
    histogram = np.bincount((u * 10).astype(int), minlength=10)
    assert abs(histogram - 2_000).max() < 200
    assert abs(np.corrcoef(u, v)[0, 1]) < 0.03
    assert (luck(2, Purpose.CLICKS, 3, np.arange(5), np.full(5, 7)) != u[:5]).all()


def test_what_was_examined_and_ignored_tires_and_is_forgotten_with_time() -> None:
    w = world(EAGER, members=100)
    w.day_begin()
    shown = there(w)[:8]
    w.visit(pages(w, shown))
    after = w.state.exposures.copy()
    assert after[:, shown].sum() > 50
    assert after.sum() == after[:, shown].sum()
    w.day_begin()
    np.testing.assert_allclose(w.state.exposures, after * behaviour.faded(w.constants.memory_days), rtol=1e-6)
    assert behaviour.faded(10.0, 10.0) == pytest.approx(0.5)


def test_repetition_lowers_click_through_and_a_rest_brings_it_back() -> None:
    c = Constants(**{f: getattr(EAGER, f) for f in ("daily_share", "weekly_share", "once_share", "daily_rate",
                  "feed_share", "searches")}, warming_share=0.0, base_click=0.05, tiring=1.0)  # fmt: skip
    w = world(c, members=1500)
    rates = []
    for nth in range(16):
        w.day_begin()
        if 7 <= nth < 15:
            continue  # nobody is shown anything for a week
        log = w.visit(pages(w, there(w)[:8]))
        rates.append(count(log, "click") / count(log, "impression"))
    first, worn, rested = rates[0], rates[6], rates[7]
    assert worn < 0.7 * first
    assert worn < rested < first


def test_tiring_falls_for_most_and_first_rises_for_those_whom_repetition_attracts() -> None:
    n = np.array([0.0, 1.0, 3.0, 30.0])
    assert (np.diff(behaviour.tired(n, np.full(4, 0.6), Constants())) < 0).all()
    warm = behaviour.tired(n, np.full(4, -0.25), Constants())
    assert warm[0] == 1.0
    assert warm[1] < warm[2]
    assert warm[3] < warm[2]


def test_a_completed_course_adds_its_skills_sates_interest_and_shows_on_some_profiles() -> None:
    c = Constants(**{f: getattr(EAGER, f) for f in ("daily_share", "weekly_share", "once_share", "daily_rate",
                  "feed_share", "searches")}, base_click=0.4, session_minutes=300.0)  # fmt: skip
    w = world(c, members=150, length=4)
    before_held, before = w.state.held.copy(), w.state.interest.copy()
    rows = w.tables()["member_skills"].num_rows
    done: set[tuple[int, int]] = set()
    for _ in range(4):
        w.day_begin()
        log = w.visit(pages(w, there(w)[:16]))
        finished = log.filter(pc.equal(log["kind"], "complete"))
        done |= set(zip(pc.index_in(finished["member_id"], w.member_ids).to_pylist(),
                        pc.index_in(finished["course_id"], w.course_ids).to_pylist(), strict=True))  # fmt: skip
    assert len(done) > 20
    assert all(w.state.held[m, w.ground.course_skills.row(k)].all() for m, k in done)
    assert (w.state.held & ~before_held).sum() > 10
    wished = [(m, s) for m, k in done for s in w.ground.course_skills.row(k) if before[m, s] > 0.3]
    assert sum(w.state.interest[m, s] < before[m, s] for m, s in wished) > 0.7 * len(wished) > 0
    assert w.tables()["member_skills"].num_rows > rows


def test_a_completed_or_dismissed_course_is_hardly_clicked_again() -> None:
    c = Constants(**{f: getattr(EAGER, f) for f in ("daily_share", "weekly_share", "once_share", "daily_rate",
                  "feed_share", "searches")}, base_click=0.5, known_again=0.0)  # fmt: skip
    w = world(c, members=200)
    w.day_begin()
    shown = there(w)[:8]
    w.state.standing[:100, shown] = 3
    log = w.visit(pages(w, shown))
    clicks = log.filter(pc.equal(log["kind"], "click"))
    codes = pc.index_in(clicks["member_id"], w.member_ids).to_numpy()
    assert len(codes) > 50
    assert codes.min() >= 100


def test_members_and_courses_appear_day_by_day_and_are_not_in_the_tables_before() -> None:
    w = world(Constants(new_members=0.05, new_courses=0.02), members=200, length=10, weeks=1)
    sizes, courses = [], []
    for nth in range(10):
        new = w.day_begin()
        tables = w.tables()
        sizes.append(tables["members"].num_rows)
        courses.append(tables["courses"].num_rows)
        assert pc.max(tables["courses"]["created_on"]).as_py() <= w.date
        known = tables["members"]["member_id"].combine_chunks()
        for name in ("member_skills", "connections", "activity"):
            assert pc.all(pc.is_in(tables[name]["member_id"], known)).as_py(), name
            assert tables[name].schema.equals(INPUT[name].schema)
        assert pc.all(pc.is_in(tables["connections"]["connection_id"], known)).as_py()
        assert len(new.members) == (10 if nth else 0)
        assert set(new.members.tolist()) <= set(w.visitors().tolist()), "who joins comes"
    assert np.diff(sizes).tolist() == [10] * 9
    assert courses[-1] == 50 > courses[0]


def test_members_come_daily_weekly_monthly_or_once() -> None:
    w = world(Constants(new_members=0.0), members=1500, length=20)
    visits = np.zeros(1500)
    for _ in range(20):
        w.day_begin()
        visits[w.visitors()] += 1
    means = [visits[w.people.tempo == tempo].mean() for tempo in range(4)]
    assert means[0] > 10 > means[1] > 1.5 > means[2] > 0.2 > means[3]


def test_mails_are_delivered_to_all_opened_by_some_and_clicked_by_few() -> None:
    w = world(members=900)
    w.day_begin()
    log = w.visit(pages(w, there(w)[:6], Channel.EMAIL, members=np.arange(900)))
    assert count(log, "email_sent") == 900
    assert 0.15 < count(log, "email_open") / 900 < 0.3
    assert 0 < count(log, "email_click") < count(log, "email_open")
    assert count(log, "served") == 0


def test_visits_without_a_click_make_blind_to_the_channel() -> None:
    w = world(members=300)
    w.day_begin()
    w.visit(pages(w, there(w)[:8]))
    ignored = w.state.ignored[:, int(Channel.HOME)]
    assert set(np.unique(ignored).tolist()) == {0.0, 1.0}
    assert w.state.ignored[:, int(Channel.FEED)].sum() == 0
    assert behaviour.attentive(np.array([0.0]), w.constants)[0] == 1.0
    assert behaviour.attentive(np.array([3.0]), w.constants)[0] < 0.9


def test_wrong_pages_and_days_are_refused() -> None:
    w = world(length=1)
    with pytest.raises(UsageError, match="next day"):
        w.day_begin(date(2030, 1, 1))
    w.day_begin()
    with pytest.raises(DataError, match="twice"):
        w.visit(pages(w, np.array([1, 1])))
    with pytest.raises(DataError, match="unknown code"):
        w.visit(pages(w, np.array([999])))
    with pytest.raises(UsageError, match="ends"):
        w.day_begin()


def test_a_recommendations_table_becomes_pages() -> None:
    w = world(members=3)
    ids = w.course_ids.to_pylist()
    rows = [
        {"member_id": "m000002", "channel": "home", "arms": [("trial", "b")], "course_id": [ids[4], ids[2]],
         "carousel_rank": [1, 2], "position": [1, 1], "context": ["skill", "new"]},
        {"member_id": "m000000", "channel": "feed", "arms": [], "course_id": [], "carousel_rank": [], "position": [],
         "context": []},
    ]  # fmt: skip
    plain = pa.Table.from_pylist(
        rows,
        pa.schema([f for f in RECOMMENDATIONS.schema if f.name in rows[0] and not f.name.startswith("co")]
                  + [("course_id", pa.list_(pa.string())), ("context", pa.list_(pa.string()))]),
    )  # fmt: skip
    for table in (plain, plain.slice(0, 1)):
        found = pages_from_table(table, w.member_ids, w.course_ids)
        assert found.member.tolist() == [2, 0][: table.num_rows]
        assert found.course.tolist() == [4, 2]
        assert found.row.tolist() == [1, 2]
        assert [found.contexts[c] for c in found.context] == ["skill", "new"]
        assert found.arm_maps == [{"trial": "b"}]
        assert np.isnan(found.propensity).all()
    both = joined_pages([found, found])
    assert both.course.tolist() == [4, 2, 4, 2]
    assert both.offsets.tolist() == [0, 2, 4]
    with pytest.raises(DataError, match="not in the world"):
        pages_from_table(plain, w.member_ids.slice(0, 1), w.course_ids)
