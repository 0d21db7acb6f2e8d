"""One day's visits: what is seen, examined and clicked, what is watched, and the events that tell of it.

A card is clicked when it is in view, examined (position), and attractive (relevance, quality, level, freshness) to
somebody who is not tired of it: the position-based model of clicks (Chuklin, Markov and de Rijke, Click models for
web search, 2015), with weariness on the attractiveness.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from skillfirst.evaluation.world import behaviour
from skillfirst.evaluation.world.constants import Constants
from skillfirst.evaluation.world.ground import Ground
from skillfirst.evaluation.world.history import HOURS
from skillfirst.evaluation.world.log import Events, events
from skillfirst.evaluation.world.luck import Purpose, luck, normal
from skillfirst.evaluation.world.pages import Pages
from skillfirst.evaluation.world.population import Population
from skillfirst.evaluation.world.samplers import spread
from skillfirst.evaluation.world.state import Standing, State
from skillfirst.tables.member_document import Channel

Array = npt.NDArray[Any]

SECONDS = 86_400
MAIL_HOUR = 7


@dataclass(frozen=True)
class Today:
    """The day as seen by its visits: `channel` int8 a member, 0 for those who stay away; `start` second of the day
    at which a member comes; `near` the kinship of skills.
    """

    seed: int
    day: int
    channel: npt.NDArray[np.int8]
    start: npt.NDArray[np.int64]
    near: Any
    constants: Constants


@dataclass(frozen=True)
class Cards:
    """Cards in view, parallel arrays; `page` is the place of the page."""

    page: Array
    member: Array
    course: Array
    row: Array
    position: Array
    propensity: Array
    context: Array
    time: Array


def who_comes(
    people: Population, present: int, seed: int, day: int, c: Constants
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int64]]:
    """Channel (0: stays away) and second of the day for every member; whoever joins today comes."""
    members = np.arange(len(people))
    comes = luck(seed, Purpose.COMES, day, members) < people.daily_chance(c)
    comes |= people.joined == day
    comes &= members < present
    feed = luck(seed, Purpose.CHANNEL, day, members) < c.feed_share
    channel = np.where(comes, np.where(feed, int(Channel.FEED), int(Channel.HOME)), 0).astype(np.int8)
    hour = np.searchsorted(np.cumsum(HOURS), luck(seed, Purpose.HOUR, day, members), side="right")
    second = (3000 * luck(seed, Purpose.HOUR, day + 1_000_000, members)).astype(np.int64)
    return channel, np.minimum(hour, 23) * 3600 + second


def looked_at(pages: Pages, state: State, today: Today) -> npt.NDArray[np.bool_]:
    """Which pages are opened: those of the channel the member comes to, and some mails."""
    c = today.constants
    mail = pages.channel == int(Channel.EMAIL)
    chance = c.mail_open * behaviour.attentive(state.ignored[pages.member, int(Channel.EMAIL)], c)
    opened = luck(today.seed, Purpose.OPENS, today.day, pages.member) < chance
    return np.where(mail, opened, today.channel[pages.member] == pages.channel)


def in_view(pages: Pages, opened: npt.NDArray[np.bool_], today: Today) -> Cards:
    """The cards that came into view on the opened pages: carousels by scrolling and swiping, lists from the top."""
    c = today.constants
    which = np.flatnonzero(opened)
    place, within = spread(np.diff(pages.offsets)[which])
    page = which[place]
    at = pages.offsets[page] + within
    member, row, position = pages.member[page].astype(np.int64), pages.row[at], pages.position[at]
    channel = pages.channel[page].astype(np.int64)
    scroll = luck(today.seed, Purpose.SCROLLS, today.day, member, channel)
    rows_seen = 1 + np.floor(np.log(np.maximum(scroll, 1e-12)) / np.log(c.row_on))
    cards_seen = 1 + np.floor(np.log(np.maximum(scroll, 1e-12)) / np.log(c.list_on))
    swipe = luck(today.seed, Purpose.SWIPES, today.day, member, row)
    screens = 1 + np.floor(np.log(np.maximum(swipe, 1e-12)) / np.log(max(c.swipe_on, 1e-9)))
    seen = np.where(row > 0, (row <= rows_seen) & (position <= screens * c.cards_in_view), position <= cards_seen)
    mail = channel == int(Channel.EMAIL)
    start = np.where(mail, MAIL_HOUR * 3600 + today.start[member] // 2, today.start[member])
    time = today.day * SECONDS + start + 12 * np.maximum(row, 0) + 4 * position.astype(np.int64)
    columns = (page, member, pages.course[at], row, position, pages.propensity[at], pages.context[at], time)
    return Cards(*(column[seen] for column in columns))


@dataclass(frozen=True)
class Answers:
    """Parallel to `Cards`: bool arrays, and the relevance (float64)."""

    examined: npt.NDArray[np.bool_]
    clicked: npt.NDArray[np.bool_]
    dismissed: npt.NDArray[np.bool_]
    relevance: npt.NDArray[np.float64]


def answers(
    cards: Cards, channel: Array, ground: Ground, people: Population, state: State, wide: Array, row_of: Array,
    visitors: Array, today: Today,
) -> Answers:  # fmt: skip
    """What members do with the cards they see. `wide`, and `row_of` into it, are those of `visitors`."""
    c, day, seed = today.constants, today.day, today.seed
    member, course, who = cards.member, cards.course, row_of[cards.member]
    relevance = behaviour.relevance(wide, who, course, ground.course_skills)
    level = ground.level[course].astype(np.float64)
    standing = state.standing[member, course]
    attracted = behaviour.attraction(
        c,
        relevance,
        ground.quality[course],
        np.where(level > 0, np.abs(level - people.level[member]), 0.0),
        ~people.speaks[member, ground.language[course]],
        (day - ground.created[course]).astype(np.float64),
        behaviour.mastered(state.held[visitors], who, course, ground.course_skills),
        c.resume_gain * (standing == Standing.GOING),
    )
    attracted *= np.where(standing >= Standing.DONE, c.known_again, 1.0)
    exposures = state.tired_exposures(visitors, c)[who, course]
    attracted *= behaviour.tired(exposures, people.tires[member], c)
    look = behaviour.examined(cards.row, cards.position, c) * behaviour.attentive(state.ignored[member, channel], c)
    examined = luck(seed, Purpose.EXAMINES, day, member, course, channel) < look
    clicked = examined & (luck(seed, Purpose.CLICKS, day, member, course, channel) < np.minimum(attracted, 1.0))
    bored = c.dismisses * (1.0 + exposures) * (1.0 - relevance)
    dismissed = examined & ~clicked & (luck(seed, Purpose.DISMISSES, day, member, course) < bored)
    return Answers(examined, clicked, dismissed, relevance)


def remember(cards: Cards, channel: Array, given: Answers, state: State) -> None:
    """Exposures count until a click; a visit without a click makes blind to its channel; dismissed is dismissed."""
    ignored = given.examined & ~given.clicked
    np.add.at(state.exposures, (cards.member[ignored], cards.course[ignored]), np.float32(1.0))
    state.exposures[cards.member[given.clicked], cards.course[given.clicked]] = 0.0
    visit = np.unique(cards.member * 16 + channel)
    state.ignored[visit // 16, visit % 16] += np.float32(1.0)
    state.ignored[cards.member[given.clicked], channel[given.clicked]] = 0.0
    state.standing[cards.member[given.dismissed], cards.course[given.dismissed]] = Standing.DISMISSED


def page_events(
    pages: Pages, opened: npt.NDArray[np.bool_], cards: Cards, channel: Array, given: Answers, today: Today
) -> list[Events]:
    """Served lists, mails, impressions, clicks, bookmarks and dismissals of the day."""
    arms = pages.arms[cards.page]
    visit = today.day * 10_000_000 + cards.page.astype(np.int64)

    def of(kind: str, which: npt.NDArray[np.bool_], delay: int) -> Events:
        return events(
            kind, int(which.sum()), time=cards.time[which] + delay, member=cards.member[which],
            course=cards.course[which], channel=channel[which], row=cards.row[which], position=cards.position[which],
            propensity=cards.propensity[which], context=cards.context[which], arms=arms[which], visit=visit[which],
        )  # fmt: skip

    def whole(kind: str, which: npt.NDArray[np.bool_], second: Array) -> Events:
        at = np.flatnonzero(which)
        return events(
            kind, len(at), time=today.day * SECONDS + second[at], member=pages.member[at], channel=pages.channel[at],
            arms=pages.arms[at], visit=today.day * 10_000_000 + at,
        )  # fmt: skip

    mail = pages.channel == int(Channel.EMAIL)
    in_mail = channel == int(Channel.EMAIL)
    start = today.start[pages.member]
    kept = given.clicked & (luck(today.seed, Purpose.BOOKMARKS, today.day, cards.member, cards.course)
                            < today.constants.bookmarks)  # fmt: skip
    return [
        whole("served", opened & ~mail, start - 1),
        whole("email_sent", mail, np.full(len(pages), MAIL_HOUR * 3600)),
        whole("email_open", opened & mail, MAIL_HOUR * 3600 + start // 2),
        of("impression", np.ones(len(channel), bool), 0),
        of("click", given.clicked & ~in_mail, 3),
        of("email_click", given.clicked & in_mail, 3),
        of("bookmark", kept, 15),
        of("dismiss", given.dismissed, 8),
    ]


@dataclass(frozen=True)
class Sittings:
    """Courses somebody sits down to, each (member, course) once; `time` in seconds since 1970."""

    member: Array
    course: Array
    time: Array


def sittings(cards: Cards, given: Answers, state: State, searched: Sittings, today: Today) -> Sittings:
    """Clicked courses that are started, started ones taken up again, and found ones, in this order of precedence."""
    c, day, seed = today.constants, today.day, today.seed
    starts = given.clicked & (luck(seed, Purpose.STARTS, day, cards.member, cards.course) < c.starts)
    here = np.flatnonzero(today.channel > 0)
    place, course = np.divmod(np.flatnonzero(state.standing[here] == Standing.GOING), state.standing.shape[1])
    member = here[place]
    again = luck(seed, Purpose.RESUMES, day, member, course) < c.resumes
    when = day * SECONDS + today.start[member] + 600
    parts = [
        Sittings(cards.member[starts], cards.course[starts].astype(np.int64), cards.time[starts] + 20),
        Sittings(member[again], course[again], when[again]),
        searched,
    ]
    members = np.concatenate([p.member for p in parts])
    courses = np.concatenate([p.course for p in parts])
    times = np.concatenate([p.time for p in parts])
    first = np.unique(members * state.standing.shape[1] + courses, return_index=True)[1]
    return Sittings(members[first], courses[first], times[first])


def searches(ground: Ground, people: Population, state: State, today: Today) -> Sittings:
    """Courses that visitors look up by an interest of theirs, without any page: one a search."""
    c, day, seed = today.constants, today.day, today.seed
    here = np.flatnonzero(today.channel > 0)
    member = here[luck(seed, Purpose.SEARCHES, day, here) < c.searches]
    weights = np.cumsum(state.interest[member].astype(np.float64), axis=1)
    target = luck(seed, Purpose.SEARCHED_SKILL, day, member) * weights[:, -1] if len(member) else np.zeros(0)
    skill = np.minimum((weights <= target[:, None]).sum(axis=1), state.interest.shape[1] - 1)
    course = ground.course_of_skill.at(skill, luck(seed, Purpose.SEARCHED_COURSE, day, member)).astype(np.int64)
    fine = course >= 0
    fine &= ground.created[course] <= day
    fine &= people.speaks[member, ground.language[course]]
    fine &= state.standing[member, course] < Standing.DONE
    member, course = member[fine], course[fine]
    return Sittings(member, course, day * SECONDS + today.start[member] + 300)


def sit_down(sat: Sittings, relevance: Array, ground: Ground, state: State, today: Today) -> tuple[Events, Events]:
    """Watch events and complete events; what is neither done nor given up goes on another day."""
    c, day, seed = today.constants, today.day, today.seed
    draw = normal(luck(seed, Purpose.SITS, day, sat.member, sat.course),
                  luck(seed, Purpose.SITS_TOO, day, sat.member, sat.course))  # fmt: skip
    length = 60.0 * np.maximum(ground.minutes[sat.course].astype(np.float64), 1.0)
    before = state.watched[sat.member, sat.course].astype(np.float64)
    seconds = np.minimum(behaviour.sitting_seconds(draw, relevance, c), length * np.maximum(1.0 - before, 0.02))
    after = before + seconds / length
    standing = state.standing[sat.member, sat.course]
    done = (after >= c.done_share) & (standing != Standing.DONE)
    leaves = luck(seed, Purpose.GIVES_UP, day, sat.member, sat.course) < behaviour.giving_up(relevance, c)
    state.watched[sat.member, sat.course] = after
    state.standing[sat.member, sat.course] = np.where(
        done | (standing == Standing.DONE), Standing.DONE, np.where(leaves, Standing.LEFT, Standing.GOING)
    )
    # a sitting ends on its day, so that every event of a day is known to its night
    end = np.minimum(sat.time + seconds.astype(np.int64), day * SECONDS + SECONDS - 1)
    watched = events("watch", len(sat.member), time=sat.time, member=sat.member, course=sat.course, seconds=seconds)
    return watched, events(
        "complete", int(done.sum()), time=end[done], member=sat.member[done], course=sat.course[done]
    )
