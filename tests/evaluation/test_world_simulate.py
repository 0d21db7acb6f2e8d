"""The loop of days: arms, pages of each arm, the log that a lift is read from; baseline pages are fair opponents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from skillfirst.errors import NotFound, UsageError
from skillfirst.evaluation.page_policies import PAGE_POLICIES, ROW_LENGTH, Ledger, Wanted
from skillfirst.evaluation.simulate import Simulation, simulate
from skillfirst.evaluation.trials import PERSONALISED, TRIALS, Arm, Trial, trials
from skillfirst.evaluation.world.catalogue import invent_ground
from skillfirst.evaluation.world.constants import Constants
from skillfirst.evaluation.world.life import World
from skillfirst.experiments.assignment import Experiment, arm_of
from skillfirst.tables.member_document import Channel

GROUND = invent_ground(60, 6, 60, day=date(2025, 1, 6))
BASELINES = Trial(
    "baselines",
    "which?",
    "random",
    (Arm("random", "random"), Arm("curated", "curated"), Arm("top", "popular_in_title")),
)


@pytest.fixture(scope="module")
def run() -> Simulation:
    return simulate(BASELINES, 3, ground=GROUND, members=300, length=8)


def test_every_event_on_a_page_carries_the_arm_of_its_member(run: Simulation) -> None:
    experiment = Experiment("baselines", BASELINES.shares, salt="3")
    shown = run.events.filter(pc.is_in(run.events["kind"], pa.array(["served", "impression", "email_sent"])))
    assert shown.num_rows > 500
    for row in shown.slice(0, 400).to_pylist():
        assert dict(row["arms"]) == {"baselines": arm_of(experiment, row["member_id"])}
    assert set(run.roster["arm"].to_pylist()) == {"random", "curated", "top"}
    assert set(run.roster["listed"].to_pylist()) == {"none", "few", "many"}


def test_the_log_covers_the_period_and_the_mails_come_weekly(run: Simulation) -> None:
    times = run.events["time"]
    assert run.start <= pc.min(times).as_py() < pc.max(times).as_py() < run.end
    assert pc.max(run.past["time"]).as_py() < run.start
    mails = run.events.filter(pc.equal(run.events["kind"], "email_sent"))
    assert set(mails["time"].cast(pa.date32()).to_pylist()) == {date(2025, 1, 12)}
    assert mails.num_rows >= 300
    ids = pa.concat_tables([run.past, run.events])["event_id"]
    assert pc.count_distinct(ids).as_py() == len(ids)


def test_equal_seeds_give_equal_runs_and_others_do_not(run: Simulation) -> None:
    again = simulate(BASELINES, 3, ground=GROUND, members=300, length=8)
    assert again.events.equals(run.events)
    assert again.top.equals(run.top)
    assert not simulate(BASELINES, 4, ground=GROUND, members=300, length=8).events.equals(run.events)


def test_the_recommender_is_asked_for_its_arms_alone_and_sees_only_what_is_known() -> None:
    trial = replace(PERSONALISED, arms=(Arm("ours"), Arm("random", "random")), mail_every=0)
    asked: list[pa.Table] = []

    def night(tables: Mapping[str, pa.Table], day: date, arms: pa.Table) -> pa.Table:
        asked.append(arms)
        assert set(tables) == {"courses", "members", "member_skills", "connections", "activity", "events"}
        assert pc.max(tables["events"]["time"]).as_py().date() < day
        course = tables["courses"]["course_id"][0].as_py()
        size = arms.num_rows // 2  # the others rest
        return pa.table(
            {
                "member_id": arms["member_id"].slice(0, size),
                "channel": arms["channel"].slice(0, size),
                "course_id": [[course]] * size,
                "carousel_rank": [[0]] * size,
                "position": [[1]] * size,
                "context": [["new"]] * size,
            }
        )

    got = simulate(trial, 1, night, ground=GROUND, members=200, length=3)
    arms = dict(zip(got.roster["member_id"].to_pylist(), got.roster["arm"].to_pylist(), strict=True))
    assert {arms[m] for table in asked for m in table["member_id"].to_pylist()} == {"ours"}
    served = got.events.filter(pc.equal(got.events["kind"], "served"))
    ours = sum(arms[m] == "ours" for m in served["member_id"].to_pylist())
    assert ours == sum(t.num_rows // 2 for t in asked)
    with pytest.raises(UsageError, match="recommender"):
        simulate(trial, 1, ground=GROUND, members=20, length=1)


@pytest.mark.parametrize("name", sorted(PAGE_POLICIES))
def test_baseline_pages_hold_only_what_the_member_may_be_shown(name: str) -> None:
    world = World(2, Constants(), members=150, day=date(2025, 1, 6), length=4, weeks=3, ground=GROUND)
    ledger = Ledger(world)
    world.day_begin()
    for channel in (Channel.HOME, Channel.FEED, Channel.EMAIL):
        member = np.arange(150, dtype=np.int32)
        wanted = Wanted(world, ledger, member, np.full(150, int(channel), np.int8), 2)
        pages = PAGE_POLICIES[name](wanted).checked(len(world.people), len(world.course_ids))
        page = np.repeat(np.arange(150), np.diff(pages.offsets))
        assert len(page) > 150
        continued = pages.context == pages.contexts.index("Continue")
        assert wanted.allowed()[page, pages.course][~continued].all()
        assert wanted.going()[page, pages.course][continued].all()
        assert continued.any() == (channel is Channel.HOME)
        assert (pages.row[continued] == 1).all()
        anywhere = replace(wanted, begun="anywhere")
        assert (anywhere.allowed() & anywhere.going()).any()
        assert not (wanted.allowed() & wanted.going()).any()
        slots = page * 10_000 + pages.row * 100 + pages.position
        assert len(np.unique(slots)) == len(slots), "one card a slot"
        assert (np.diff(slots) > 0).all()
        if channel is Channel.HOME:
            assert pages.row.min() == 1
            assert pages.position.max() <= ROW_LENGTH
        else:
            assert (pages.row == 0).all()
    assert ledger.finished.any()


def test_random_pages_differ_between_members_and_curated_ones_do_not() -> None:
    world = World(2, Constants(), members=60, day=date(2025, 1, 6), length=4, weeks=0, ground=GROUND)
    world.day_begin()
    same = np.flatnonzero((world.people.speaks == world.people.speaks[0]).all(axis=1))[:6].astype(np.int32)
    firsts = {}
    for name, policy in PAGE_POLICIES.items():
        pages = policy(Wanted(world, Ledger(world), same, np.full(len(same), int(Channel.HOME), np.int8), 2))
        firsts[name] = {tuple(pages.course[a : a + 5].tolist()) for a in pages.offsets[:-1]}
    assert len(same) > 2
    assert len(firsts["random"]) == len(same)
    assert len(firsts["curated"]) == 1


def test_the_popular_pages_begin_with_what_holders_of_the_title_watched() -> None:
    world = World(2, Constants(), members=60, day=date(2025, 1, 6), length=4, weeks=0, ground=GROUND)
    world.day_begin()
    ledger = Ledger(world)
    wanted = Wanted(world, ledger, np.array([0], np.int32), np.array([int(Channel.FEED)], np.int8), 2)
    course = int(np.flatnonzero(wanted.allowed()[0])[-1])
    ledger.learners[world.people.title[0], course] = 9.0
    assert PAGE_POLICIES["popular_in_title"](wanted).course[0] == course


def test_trials_name_their_control_and_have_distinct_arms() -> None:
    for several in TRIALS.values():
        for trial in several:
            names = [a.name for a in trial.arms]
            assert trial.control in names
            assert len(set(names)) == len(names)
            assert sum(trial.shares.values()) == pytest.approx(1.0)
            assert {a.policy for a in trial.arms} <= {"skillfirst", *PAGE_POLICIES}
    with pytest.raises(NotFound, match="personalised"):
        trials("horoscope")
