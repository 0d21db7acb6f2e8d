"""What a platform shows without a recommender: random courses, an editor's lists, what is popular in the title.

They are fair opponents: only courses that exist, in the member's languages, neither completed nor dismissed, those
begun in a row of their own as on the recommender's page, in the same channels and as many as the grid of carousels has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from skillfirst.evaluation.world.life import World
from skillfirst.evaluation.world.pages import Pages
from skillfirst.evaluation.world.samplers import spread, stream
from skillfirst.tables.member_document import Channel

ROW_LENGTH, ROWS = 12, 20  # the grid of a home page, as wide as the recommender's
FEED_LENGTH, MAIL_LENGTH = 48, 6
MEMORY_DAYS = 28.0  # popularity halves
BEGUN_SECONDS = 60.0  # watched so long, a course is taken up
NONE = -1


class Ledger:
    """What the log so far says to a page policy: who is through with what, and what is watched by holders of a title.

    `finished`: bool, members x courses, completed or dismissed. `watched`: float32 seconds. `begun_on`: int32, the day
    of the last watch. `learners`: float32, titles + 1 x courses, watch events halved every 28 days, last row for
    members without a title. `title`: int64 a member, -1 where the profile names none: no opponent may know more than
    the platform's tables do.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        members, courses = len(world.people), len(world.course_ids)
        told = world.told_titles()
        self.title = np.where(told, world.people.title, -1).astype(np.int64)
        self.finished = np.zeros((members, courses), bool)
        self.watched = np.zeros((members, courses), np.float32)
        self.begun_on = np.zeros((members, courses), np.int32)
        self.learners = np.zeros((len(world.ground.titles) + 1, courses), np.float32)
        self.read(world.past)

    def read(self, events: pa.Table) -> None:
        """Take in one more day (or the whole past)."""
        self.learners *= np.float32(2.0 ** (-1.0 / MEMORY_DAYS))
        done, watched = (events.filter(pc.is_in(events["kind"], pa.array(kinds)))
                         for kinds in (["complete", "dismiss"], ["watch"]))  # fmt: skip
        self.finished[self.codes(done)] = True
        member, course = self.codes(watched)
        np.add.at(self.watched, (member, course), watched["seconds"].to_numpy().astype(np.float32))
        day = watched["time"].cast(pa.date32()).cast(pa.int32()).to_numpy()
        np.maximum.at(self.begun_on, (member, course), day)
        np.add.at(self.learners, (self.title[member], course), np.float32(1.0))

    def codes(self, events: pa.Table) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """(member, course) codes of events."""
        member = pc.index_in(events["member_id"].combine_chunks(), self.world.member_ids)
        course = pc.index_in(events["course_id"].combine_chunks(), self.world.course_ids)
        return (np.asarray(member.to_numpy(zero_copy_only=False), np.int64),
                np.asarray(course.to_numpy(zero_copy_only=False), np.int64))  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """Pages to make tonight: parallel `member` (int32 codes) and `channel` (int8).

    `begun`: what becomes of courses a member is in the middle of. "row": as with the recommender, they stand in a row
    of their own on top of the home page and nowhere else. "anywhere": they are shown like all others.
    """

    world: World
    ledger: Ledger
    member: npt.NDArray[np.int32]
    channel: npt.NDArray[np.int8]
    seed: int
    begun: str = "row"

    def going(self) -> npt.NDArray[np.bool_]:
        """Pages x courses: taken up, and neither completed nor dismissed."""
        ledger = self.ledger
        return (ledger.watched[self.member] >= BEGUN_SECONDS) & ~ledger.finished[self.member]

    def allowed(self) -> npt.NDArray[np.bool_]:
        """Pages x courses: may be shown."""
        ground, people = self.world.ground, self.world.people
        there = ground.created <= self.world.day
        fine = there & people.speaks[self.member][:, ground.language] & ~self.ledger.finished[self.member]
        return fine & ~self.going() if self.begun == "row" else fine


PagePolicy = Callable[[Wanted], Pages]


def random_pages(wanted: Wanted) -> Pages:
    """Every permutation of the allowed courses is as likely; the propensity of a card is 1 / number of them."""
    allowed = wanted.allowed()
    rng = stream(wanted.seed, 40, wanted.world.day)
    scores = rng.random(allowed.shape, np.float32) + np.float32(1e-6)
    propensity = 1.0 / np.maximum(allowed.sum(axis=1), 1)
    return laid_out(wanted, np.where(allowed, scores, 0.0), "Random", propensity)


def curated_pages(wanted: Wanted) -> Pages:
    """An editor's fixed list for each category, one carousel each, largest category first; the feed goes round them.

    The editor has taste: lists are ordered by a course's true quality with as much error. They are made on the first
    day and never change. Members see the same but for their languages and what they are through with.
    """
    world = wanted.world
    quality = world.ground.quality + stream(wanted.seed, 41).standard_normal(len(world.course_ids))
    names = world.ground.courses["category"].fill_null("").to_pylist()
    sizes = {name: names.count(name) for name in set(names)}
    shelves = sorted(sizes, key=lambda name: (-sizes[name], name))
    shelf = np.array([shelves.index(name) for name in names])
    order = np.lexsort((-quality, shelf))
    order = order[world.ground.created[order] <= world.first]
    allowed = wanted.allowed()[:, order]
    place = np.zeros(allowed.shape, np.int64)
    for number in range(len(shelves)):
        here = np.flatnonzero(shelf[order] == number)
        place[:, here] = np.cumsum(allowed[:, here], axis=1) - 1
    home = (wanted.channel == int(Channel.HOME))[:, None]
    limit = np.where(home[:, 0], ROW_LENGTH, FEED_LENGTH)[:, None]
    shown = allowed & (place < limit) & ((shelf[order] < ROWS) | ~home)
    key = np.where(home, shelf[order] * len(names) + place, place * len(shelves) + shelf[order])
    page, column = np.nonzero(shown)
    sort = np.lexsort((key[page, column], page))
    page, column = page[sort], column[sort]
    _, within = spread(np.bincount(page, minlength=len(wanted.member)))
    is_home = home[page, 0]
    row = np.where(is_home, 1 + shelf[order][column], 0)
    position = np.where(is_home, 1 + place[page, column], 1 + within)
    keep = is_home | (within < list_length(wanted.channel)[page])
    return made(wanted, page[keep], order[column][keep], row[keep], position[keep], "Editor's choice", None)


def popular_in_title_pages(wanted: Wanted) -> Pages:
    """Most watched by holders of the member's title, then by everybody; ties by newest course."""
    world, ledger = wanted.world, wanted.ledger
    everybody = ledger.learners.sum(axis=0)
    title = ledger.title[wanted.member]
    scores = ledger.learners[title].astype(np.float64) + 0.01 * everybody / max(float(everybody.max(initial=0.0)), 1e-9)
    scores += 1e-6 + 1e-9 * (world.ground.created - world.ground.created.min())
    return laid_out(wanted, np.where(wanted.allowed(), scores, 0.0).astype(np.float64), "Popular in your title", None)


PAGE_POLICIES: dict[str, PagePolicy] = {
    "random": random_pages,
    "curated": curated_pages,
    "popular_in_title": popular_in_title_pages,
}


def list_length(channel: npt.NDArray[np.int8]) -> npt.NDArray[np.int64]:
    """Cards of a page in the channel."""
    lengths = {Channel.HOME: ROWS * ROW_LENGTH, Channel.FEED: FEED_LENGTH, Channel.EMAIL: MAIL_LENGTH}
    by_code = np.array([0, *(lengths[c] for c in sorted(Channel))])
    return np.asarray(by_code[channel], np.int64)


def laid_out(
    wanted: Wanted, scores: npt.NDArray[np.floating], context: str, propensity: npt.NDArray[np.float64] | None
) -> Pages:
    """Pages of the courses with a positive score, best first, filling the grid row by row or the list."""
    most = min(int(list_length(wanted.channel).max(initial=1)), scores.shape[1])
    top = np.argsort(-scores, axis=1, kind="stable")[:, :most]
    shown = np.take_along_axis(scores, top, axis=1) > 0
    shown &= np.arange(most)[None, :] < list_length(wanted.channel)[:, None]
    page, place = np.nonzero(shown)
    home = wanted.channel[page] == int(Channel.HOME)
    row = np.where(home, 1 + place // ROW_LENGTH, 0)
    position = np.where(home, 1 + place % ROW_LENGTH, 1 + place)
    return made(wanted, page, top[page, place], row, position, context, propensity)


def made(
    wanted: Wanted, page: npt.NDArray[np.int64], course: npt.NDArray[np.integer], row: npt.NDArray[np.integer],
    position: npt.NDArray[np.integer], context: str, propensity: npt.NDArray[np.float64] | None,
) -> Pages:  # fmt: skip
    """Pages from cards sorted by page; `propensity` is one a page. Courses begun go on top of a home page."""
    chance = np.full(len(page), np.nan) if propensity is None else propensity[page]
    named = np.zeros(len(page), np.int16)
    if wanted.begun == "row":
        page, course, row, position, chance, named = continued(wanted, page, course, row, position, chance)
    counts = np.bincount(page, minlength=len(wanted.member))
    return Pages(
        member=wanted.member,
        channel=wanted.channel,
        offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        course=course.astype(np.int32),
        row=row.astype(np.int16),
        position=position.astype(np.int16),
        propensity=chance.astype(np.float32),
        context=named.astype(np.int16),
        arms=np.full(len(wanted.member), NONE, np.int16),
        contexts=(context, "Continue"),
    )


Cards = tuple[npt.NDArray[Any], ...]


def continued(
    wanted: Wanted, page: npt.NDArray[np.int64], course: npt.NDArray[np.integer], row: npt.NDArray[np.integer],
    position: npt.NDArray[np.integer], chance: npt.NDArray[np.floating],
) -> Cards:  # fmt: skip
    """(page, course, row, position, propensity, context) with a row of begun courses, newest first, above the others
    on home pages of members who have begun one; what no longer fits under it is dropped."""
    going = wanted.going() & (wanted.channel == int(Channel.HOME))[:, None]
    where, which = np.nonzero(going)
    order = np.lexsort((which, -wanted.ledger.begun_on[wanted.member[where], which], where))
    where, which = where[order], which[order]
    _, within = spread(np.bincount(where, minlength=len(wanted.member)))
    fits = within < ROW_LENGTH
    where, which, within = where[fits], which[fits], within[fits]
    below = row + going.any(axis=1)[page]
    keep = below <= ROWS
    joined = [
        np.concatenate([new, old[keep]])
        for new, old in (
            (where, page), (which, course), (np.ones(len(where), np.int64), below), (within + 1, position),
            (np.full(len(where), np.nan), chance), (np.ones(len(where), np.int64), np.zeros(len(page), np.int64)),
        )
    ]  # fmt: skip
    order = np.lexsort((joined[3], joined[2], joined[0]))
    return tuple(values[order] for values in joined)
