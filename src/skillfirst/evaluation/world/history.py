"""Weeks of events before the first night: visits to a plain front page, choices that come from hidden interests.

The old front page shows popular courses and what the member searched for; nobody recommends yet. In the last week
some courses trend among the holders of some titles.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from skillfirst.evaluation.world import behaviour
from skillfirst.evaluation.world.constants import Constants
from skillfirst.evaluation.world.ground import Ground
from skillfirst.evaluation.world.log import Events, events, joined
from skillfirst.evaluation.world.population import Population, title_shares
from skillfirst.evaluation.world.samplers import RowSampler, categorical, pairs, spread, stream
from skillfirst.tables.member_document import Channel
from skillfirst.tables.sparse import Csr

DAY = 86_400
CARDS_LEAST, CARDS_MORE = 3, 4.0  # a visit shows 3 + Poisson(4) cards
LIKED_SHARE = 0.5  # of the cards come from what the member searched for, the rest is popular
MOST_VISITS = 60
MOST_SITTINGS = 6
TREND_TITLES, TREND_COURSES = 0.4, 2  # titles with a trend, courses that trend in one
TREND_PULL = 0.6  # visits of the last week in which such a member takes up a trending course
VISITS_SPAN = 4096  # visits a member at most, for numbering


@dataclass(frozen=True)
class Trends:
    """Courses that trend in the last week: `courses` is titles x TREND_COURSES, -1 where nothing trends."""

    courses: npt.NDArray[np.int32]


def invent_trends(ground: Ground, seed: int, before: int) -> Trends:
    """Trending courses fit the title and are older than `before` (days since 1970): there is a past to compare."""
    rng = stream(seed, 3)
    size = len(ground.titles)
    courses = np.full((size, TREND_COURSES), -1, np.int32)
    old = (ground.created >= 0) & (ground.created < before) & (ground.language == 0)
    likely = np.argsort(-title_shares(ground), kind="stable")[: max(1, int(TREND_TITLES * size))]
    place, skill, weight = pairs(ground.course_skills, np.arange(len(ground.course_skills)))
    for title in likely.tolist():
        wish = np.zeros(len(ground.skills))
        wish[ground.title_skills.row(title)] = ground.title_skills.row_values(title)
        fit = np.bincount(place, weights=wish[skill] * weight, minlength=len(old)) * old
        best = np.lexsort((np.arange(len(fit)), -fit))[:8]
        best = best[fit[best] > 0]
        if len(best) >= TREND_COURSES:
            courses[title] = rng.choice(best, TREND_COURSES, replace=False)
    return Trends(courses)


def part(rows: Csr, start: int, stop: int) -> Csr:
    """Rows start to stop of a matrix."""
    a, b = rows.offsets[start], rows.offsets[stop]
    values = None if rows.values is None else rows.values[a:b]
    return Csr(rows.offsets[start : stop + 1] - a, rows.indices[a:b], values, rows.width)


def chunk_size(ground: Ground) -> int:
    """Members a chunk, so that a dense members x skills array stays near 80 MB."""
    return int(np.clip(20_000_000 // max(len(ground.skills), 1), 256, 25_000))


@dataclass(frozen=True)
class Window:
    """The days of the history: `first` <= day < `end`, days since 1970; the last week begins 7 days before `end`."""

    first: int
    end: int


def chunk_events(
    ground: Ground, population: Population, start: int, stop: int, window: Window, trends: Trends, seed: int,
    c: Constants,
) -> Events:  # fmt: skip
    """The history of members `start` to `stop`, sorted by time."""
    rng = stream(seed, 4, start)
    interest = part(population.interest, start, stop)
    member, day, second = visits(population, start, stop, window, rng, c)
    visit = (member.astype(np.int64) * VISITS_SPAN) + (day - window.first)
    cards = show(ground, population, interest, start, member, day, trends, window, rng)
    place, course, row, position, wave = cards
    who = member[place] - start
    near = behaviour.kinship(ground)
    wide = behaviour.widened(interest, np.arange(stop - start), near, c)
    relevance = behaviour.relevance(wide, who, course, ground.course_skills)
    click = choose(ground, population, start, who, course, row, position, day[place], relevance, rng, c) | wave
    when = day[place] * DAY + second[place] + 4 * position.astype(np.int64) + 12 * np.maximum(row, 0)
    shared: dict[str, npt.NDArray[Any]] = {
        "member": member[place],
        "course": course,
        "row": row,
        "position": position,
        "visit": visit[place],
        "channel": np.where(row > 0, int(Channel.HOME), int(Channel.FEED)),
    }

    def of(name: str, which: npt.NDArray[np.bool_], delay: int) -> Events:
        columns = {k: v[which] for k, v in shared.items()}
        return events(name, int(which.sum()), time=when[which] + delay, **columns)

    first = np.concatenate([[True], place[1:] != place[:-1]]) if len(place) else np.zeros(0, bool)
    seen = ~wave
    bored = seen & ~click & (rng.random(len(course)) < c.dismisses * (1 - relevance))
    kept = click & (rng.random(len(course)) < c.bookmarks)
    served = events(
        "served", int(first.sum()), time=when[first] - 6, member=member[place][first], visit=visit[place][first],
        channel=shared["channel"][first],
    )  # fmt: skip
    starts = np.flatnonzero(click & (wave | (rng.random(len(course)) < c.starts)))
    watched = watch(
        member[place][starts], course[starts], when[starts] + 20, relevance[starts], ground.minutes, window.end, rng, c
    )
    return joined([served, of("impression", seen, 0), of("click", click, 3), of("bookmark", kept, 15),
                   of("dismiss", bored, 8), *watched])  # fmt: skip


def visits(
    population: Population, start: int, stop: int, window: Window, rng: np.random.Generator, c: Constants
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(member, day, second of the day) of every visit; everybody comes on the day of joining."""
    born = np.maximum(population.joined[start:stop].astype(np.int64), window.first)
    free = np.maximum(window.end - born, 0)
    count = np.minimum(rng.binomial(free, population.daily_chance(c)[start:stop]), MOST_VISITS)
    place, _ = spread(count)
    day = born[place] + (rng.random(len(place)) * free[place]).astype(np.int64)
    new = np.flatnonzero((population.joined[start:stop] >= window.first) & (free > 0))
    place, day = np.concatenate([place, new]), np.concatenate([day, born[new]])
    key = np.unique(place * 100_000 + day)
    place, day = key // 100_000, key % 100_000
    hour = rng.choice(24, len(place), p=HOURS)
    return place + start, day, hour * 3600 + rng.integers(0, 3000, len(place))


# Visits by hour of the day (UTC): before work, around noon, most in the evening; assumed.
HOURS = np.array([1, 1, 1, 1, 1, 2, 4, 6, 8, 7, 6, 6, 8, 7, 6, 6, 6, 7, 9, 10, 9, 7, 4, 2]) / 125.0


def show(
    ground: Ground, population: Population, interest: Csr, start: int, member: npt.NDArray[np.int64],
    day: npt.NDArray[np.int64], trends: Trends, window: Window, rng: np.random.Generator,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.int16], npt.NDArray[np.int16],
           npt.NDArray[np.bool_]]:  # fmt: skip
    """Cards of every visit: (visit, course, row, position, taken up in the wave of a trend)."""
    place, _ = spread(CARDS_LEAST + rng.poisson(CARDS_MORE, len(member)))
    liked = rng.random(len(place)) < LIKED_SHARE
    course = categorical(ground.popularity, len(place), rng).astype(np.int32)
    skill = RowSampler(interest).draw(member[place[liked]] - start, rng)
    course[liked] = ground.course_of_skill.draw(skill, rng)
    title = population.title[member].astype(np.int64)
    which = rng.integers(0, TREND_COURSES, len(member))
    pull = (day >= window.end - 7) & (rng.random(len(member)) < TREND_PULL) & (title >= 0)
    pull &= trends.courses[title, which] >= 0
    pulled = np.flatnonzero(pull)
    place = np.concatenate([place, pulled])
    course = np.concatenate([course, trends.courses[title[pulled], which[pulled]]])
    wave = np.arange(len(place)) >= len(place) - len(pulled)

    language = ground.language[course].astype(np.int64)
    fine = (course >= 0) & (ground.created[course] <= day[place])
    fine &= population.speaks[member[place], language] | (rng.random(len(place)) < 0.05)
    place, course, wave = place[fine], course[fine], wave[fine]
    # a course stands once on a page; where a wave meets a card, the wave stays
    order = np.lexsort((~wave, course, place))
    place, course, wave = place[order], course[order], wave[order]
    keep = np.concatenate([[True], (place[1:] != place[:-1]) | (course[1:] != course[:-1])]) if len(place) else wave
    place, course, wave = place[keep], course[keep], wave[keep]
    order = np.lexsort((rng.random(len(place)), wave, place))
    place, course, wave = place[order], course[order], wave[order]
    _, within = spread(np.bincount(place, minlength=len(member)))
    feed = (rng.random(len(member)) < 0.5)[place]
    row = np.where(feed, 0, 1 + within // 4).astype(np.int16)
    position = np.where(feed, 1 + within, 1 + within % 4).astype(np.int16)
    return place, course, row, position, wave


def choose(
    ground: Ground, population: Population, start: int, who: npt.NDArray[np.int64], course: npt.NDArray[np.int32],
    row: npt.NDArray[np.int16], position: npt.NDArray[np.int16], day: npt.NDArray[np.int64],
    relevance: npt.NDArray[np.float64], rng: np.random.Generator, c: Constants,
) -> npt.NDArray[np.bool_]:  # fmt: skip
    """Which cards are clicked: looked at, and attractive."""
    member = who + start
    level = ground.level[course].astype(np.float64)
    attracted = behaviour.attraction(
        c,
        relevance,
        ground.quality[course],
        np.where(level > 0, np.abs(level - population.level[member]), 0.0),
        ~population.speaks[member, ground.language[course]],
        (day - ground.created[course]).astype(np.float64),
        np.zeros(len(course)),
    )
    chance = behaviour.examined(row, position, c) * attracted
    return np.asarray(rng.random(len(course)) < chance, np.bool_)


def watch(
    member: npt.NDArray[np.int64], course: npt.NDArray[np.int32], time: npt.NDArray[np.int64],
    relevance: npt.NDArray[np.float64], minutes: npt.NDArray[np.float32], end: int, rng: np.random.Generator,
    c: Constants,
) -> list[Events]:  # fmt: skip
    """Sittings of started courses, days apart, until done, given up or the window's end: watch and complete events."""
    sittings = np.minimum(rng.geometric(behaviour.giving_up(relevance, c)), MOST_SITTINGS)
    place, within = spread(sittings)
    seconds = behaviour.sitting_seconds(rng.standard_normal(len(place)), relevance[place], c)
    gap = np.where(within > 0, rng.integers(1, 5, len(place)) * DAY + rng.integers(-7200, 7200, len(place)), 0)
    when = time[place] + running(gap, place, sittings)
    total = running(seconds, place, sittings)
    length = 60.0 * minutes[course[place]].astype(np.float64)
    fine = (total - seconds < c.done_share * length) & (when < end * DAY)
    seconds = np.minimum(seconds, length - (total - seconds))
    done = fine & (total >= c.done_share * length)
    columns: dict[str, npt.NDArray[Any]] = {"member": member[place], "course": course[place]}
    watched = events("watch", int(fine.sum()), time=when[fine], seconds=seconds[fine],
                     **{k: v[fine] for k, v in columns.items()})  # fmt: skip
    done_at = (when + seconds.astype(np.int64))[done]
    key = columns["member"][done] * len(minutes) + columns["course"][done]
    order = np.lexsort((done_at, key))
    first = order[np.concatenate([[True], np.diff(key[order]) != 0])] if len(order) else order
    finished = events("complete", len(first), time=done_at[first], **{k: v[done][first] for k, v in columns.items()})
    return [watched, finished.take(finished.time < end * DAY)]


def running(values: npt.NDArray[Any], place: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    """Running sum within each group of `counts` entries."""
    total = np.cumsum(values)
    before = np.concatenate([[0], total])[(np.cumsum(counts) - counts)]
    return np.asarray(total - before[place])
