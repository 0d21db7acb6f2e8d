"""The loop of days: nights and visits in the invented world, and the log that a lift is read from.

The recommender comes in as a callable, so the loop knows nothing of it:

    recommend_night(tables, day, arms) -> Pages, or a table of the RECOMMENDATIONS schema

`tables`: what the platform knows (courses, members, member_skills, connections, activity, and events so far). `day`:
the night is that before the visits of this day. `arms`: a table member_id, channel, arm of the pages somebody will
look at; a night is the same for a member whoever else is in it, so pages of others need not be computed (but
statistics are to be taken from everybody in `tables`). A page may be missing (a resting member).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from skillfirst.errors import UsageError
from skillfirst.evaluation.page_policies import PAGE_POLICIES, Ledger, Wanted
from skillfirst.evaluation.trials import SKILLFIRST, Trial
from skillfirst.evaluation.world.constants import Constants
from skillfirst.evaluation.world.ground import Ground
from skillfirst.evaluation.world.life import World
from skillfirst.evaluation.world.log import CHANNELS
from skillfirst.evaluation.world.pages import Pages, joined_pages, pages_from_table
from skillfirst.evaluation.world.samplers import pairs
from skillfirst.experiments.assignment import Experiment, assign
from skillfirst.tables.member_document import Channel
from skillfirst.tables.sparse import Csr

Night: TypeAlias = Callable[[Mapping[str, pa.Table], date, pa.Table], Pages | pa.Table]
Progress: TypeAlias = Callable[[int, int], None]

FIRST_DAY = date(2025, 1, 6)  # a Monday
TOP = 10  # cards of a page kept for the measures of diversity


@dataclass(frozen=True)
class Simulation:
    """What a run leaves. `events`: the EVENTS rows of the days; `past`: those of the weeks before. `roster`: member_id,
    arm, listed ("none", "few" up to 4, "many" skills on the first day's profile). `top`: day, member_id, channel, arm,
    course_id (list of the first ten cards) of the pages that were offered, skills (distinct true skills taught by the
    ten), pairs (neighbours among them) and same (those of them with the same set of true skills). `courses`: the
    catalogue on the last day.
    `start`, `end`: the period of the days, [start, end).
    """

    trial: Trial
    seed: int
    events: pa.Table
    past: pa.Table
    roster: pa.Table
    top: pa.Table
    courses: pa.Table
    start: datetime
    end: datetime


def simulate(
    trial: Trial,
    seed: int,
    recommend_night: Night | None = None,
    *,
    constants: Constants | None = None,
    ground: Ground | None = None,
    members: int | None = None,
    length: int | None = None,
    progress: Progress | None = None,
) -> Simulation:
    """One run of a trial in a world of its own; equal arguments give equal logs if the night is deterministic.

    `members` and `length` (days) override the trial's. Members are assigned to arms by the salted hash of
    `experiments.assignment`, the salt being the seed. Raises UsageError when an arm needs a night and there is none.
    """
    if recommend_night is None and any(arm.policy == SKILLFIRST for arm in trial.arms):
        raise UsageError(f"experiment {trial.name!r} has arms that need a recommender")
    length = length or trial.days
    world = World(
        seed,
        constants,
        members=members or trial.members,
        day=FIRST_DAY,
        length=length,
        weeks=trial.weeks,
        ground=ground,
    )
    experiment = Experiment(trial.name, trial.shares, salt=str(seed))
    assigned = assign(experiment, world.member_ids)
    arm_of = np.asarray(assigned.indices.to_numpy(zero_copy_only=False), np.int16)
    ledger = Ledger(world)
    log: list[pa.Table] = []
    top: list[pa.Table] = []
    for nth in range(length):
        world.day_begin()
        tables = {**world.tables(), "events": pa.concat_tables([world.past, *log])}
        wanted = pages_wanted(world, trial, nth)
        pages = tonight(trial, experiment, recommend_night, world, ledger, tables, wanted, arm_of, seed)
        today = world.visit(pages)
        ledger.read(today)
        log.append(today)
        top.append(top_cards(world, pages, experiment))
        if progress:
            progress(nth + 1, length)
    first = datetime.combine(FIRST_DAY, time(), UTC)
    return Simulation(
        trial, seed, pa.concat_tables(log), world.past, roster(world, experiment, arm_of), pa.concat_tables(top),
        world.tables()["courses"], first, first + timedelta(days=length),
    )  # fmt: skip


@dataclass(frozen=True)
class Requests:
    """Pages somebody may look at today: parallel member codes (int32) and channels (int8)."""

    member: npt.NDArray[np.int32]
    channel: npt.NDArray[np.int8]


def pages_wanted(world: World, trial: Trial, nth: int) -> Requests:
    """The page of the channel each visitor comes to, and every `mail_every` days a mail for everybody."""
    visitors = world.visitors().astype(np.int32)
    member, channel = visitors, world.channel[visitors]
    if trial.mail_every and nth % trial.mail_every == trial.mail_every - 1:
        everybody = np.arange(world.present, dtype=np.int32)
        member = np.concatenate([member, everybody])
        channel = np.concatenate([channel, np.full(len(everybody), int(Channel.EMAIL), np.int8)])
    return Requests(member, channel)


def tonight(
    trial: Trial, experiment: Experiment, recommend_night: Night | None, world: World, ledger: Ledger,
    tables: Mapping[str, pa.Table], wanted: Requests, arm_of: npt.NDArray[np.int16], seed: int,
) -> Pages:  # fmt: skip
    """The pages of all arms, each marked with its arm."""
    code = arm_of[wanted.member]
    parts: list[Pages] = []
    ours = np.zeros(len(code), bool)
    for number, name in enumerate(experiment.names):
        here = code == number
        arm = trial.arm(name)
        if arm.policy == SKILLFIRST:
            ours |= here
        elif here.any():
            request = Wanted(world, ledger, wanted.member[here], wanted.channel[here], seed, arm.begun)
            parts.append(PAGE_POLICIES[arm.policy](request))
    if recommend_night is not None and ours.any():
        arms = pa.table(
            {
                "member_id": world.people.ids(wanted.member[ours]),
                "channel": pa.array(CHANNELS).take(pa.array(wanted.channel[ours] - 1)),
                "arm": pa.array(experiment.names).take(pa.array(code[ours])),
            }
        )
        given = recommend_night(tables, world.date, arms)
        if not isinstance(given, Pages):
            given = pages_from_table(given, world.member_ids, world.course_ids)
        parts.append(only(given, wanted.member[ours], wanted.channel[ours]))
    maps = [{trial.name: name} for name in experiment.names]
    return joined_pages([replace(p, arms=arm_of[p.member], arm_maps=maps) for p in parts])


def only(pages: Pages, member: npt.NDArray[np.int32], channel: npt.NDArray[np.int8]) -> Pages:
    """The pages that were asked for; a night may make more."""
    asked = np.isin(pages.member.astype(np.int64) * 16 + pages.channel, member.astype(np.int64) * 16 + channel)
    if asked.all():
        return pages
    cards = np.repeat(asked, np.diff(pages.offsets))
    lengths = np.diff(pages.offsets)[asked]
    per_page = {name: getattr(pages, name)[asked] for name in ("member", "channel", "arms")}
    per_card = {name: getattr(pages, name)[cards] for name in ("course", "row", "position", "propensity", "context")}
    return replace(pages, offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64), **per_page, **per_card)


def top_cards(world: World, pages: Pages, experiment: Experiment) -> pa.Table:
    """The first ten cards of each page, in the order of rows and positions as they were given."""
    counts = np.minimum(np.diff(pages.offsets), TOP)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    at = np.repeat(pages.offsets[:-1], counts) + np.arange(offsets[-1]) - np.repeat(offsets[:-1], counts)
    page = np.repeat(np.arange(len(pages)), counts)
    taught = world.ground.course_skills
    card, skill, _ = pairs(taught, pages.course[at])
    distinct = np.unique(page[card] * taught.width + skill) // max(taught.width, 1)
    sets = skill_sets(taught)[pages.course[at]]
    beside = page[1:] == page[:-1]
    courses = world.course_ids.take(pa.array(pages.course[at]))
    return pa.table(
        {
            "day": pa.array(np.full(len(pages), world.day, np.int32)).cast(pa.date32()),
            "member_id": world.people.ids(pages.member) if len(pages) else pa.array([], pa.string()),
            "channel": pa.array(CHANNELS).take(pa.array(pages.channel - 1)),
            "arm": pa.array(experiment.names).take(pa.array(pages.arms)),
            "course_id": pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), courses),
            "skills": pa.array(np.bincount(distinct, minlength=len(pages)).astype(np.int64)),
            "pairs": pa.array(np.maximum(counts - 1, 0).astype(np.int64)),
            "same": pa.array(np.bincount(page[1:][beside & (sets[1:] == sets[:-1])], minlength=len(pages))),
        }
    )


def skill_sets(taught: Csr) -> npt.NDArray[np.int64]:
    """A number for each course's set of skills, the same for equal sets."""
    known: dict[bytes, int] = {}
    return np.array([known.setdefault(taught.row(c).tobytes(), len(known)) for c in range(len(taught))], np.int64)


def roster(world: World, experiment: Experiment, arm_of: npt.NDArray[np.int16]) -> pa.Table:
    """Everybody who joined, the arm, and how many skills the profile listed on the first day or when joining."""
    skills = world.first_profiles()
    explicit = skills.filter(pc.equal(skills["source"], "explicit"))
    count = np.bincount(pc.index_in(explicit["member_id"].combine_chunks(), world.member_ids).to_numpy(),
                        minlength=len(world.people))[: world.present]  # fmt: skip
    listed = np.where(count == 0, 0, np.where(count <= 4, 1, 2))
    return pa.table(
        {
            "member_id": world.member_ids.slice(0, world.present),
            "arm": pa.array(experiment.names).take(pa.array(arm_of[: world.present])),
            "listed": pa.array(["none", "few", "many"]).take(pa.array(listed)),
        }
    )
