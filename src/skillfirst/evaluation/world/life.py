"""The world itself: days on which people join, come, choose, learn and tire."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from skillfirst.errors import UsageError
from skillfirst.evaluation.world import academy, behaviour, history, visits
from skillfirst.evaluation.world.constants import Constants
from skillfirst.evaluation.world.ground import EPOCH, Ground, built_in, days
from skillfirst.evaluation.world.log import Events, events, joined, kind
from skillfirst.evaluation.world.log import table as event_table
from skillfirst.evaluation.world.luck import Purpose, luck
from skillfirst.evaluation.world.pages import Pages
from skillfirst.evaluation.world.population import Population, invent_population
from skillfirst.evaluation.world.state import Standing, State
from skillfirst.tables.schemas import ACTIVITY, MEMBER_SKILLS


@dataclass(frozen=True)
class Newcomers:
    """Codes of members and courses that appear on a day."""

    members: npt.NDArray[np.int64]
    courses: npt.NDArray[np.int64]


class World:
    """People and courses from `day` on, for at most `length` days; the same seed gives the same world.

    A day is `day_begin`, then the night (`tables` shows what it may see), then `visit`. `people` and `ground` hold
    everybody and everything that will ever appear; the recommender sees only `tables()`.
    """

    def __init__(
        self,
        seed: int,
        constants: Constants | None = None,
        *,
        members: int = 10_000,
        day: date = date(2025, 1, 6),
        length: int = 60,
        weeks: int = 4,
        ground: Ground | None = None,
    ) -> None:
        """`members` people on the first day, with `weeks` weeks of history before it (0: none)."""
        if members < 1 or length < 1:
            raise UsageError("a world needs at least one member and one day")
        self.seed, self.constants = seed, constants or Constants()
        self.first, self.length, self.weeks = days(day), length, weeks
        self.day = self.first - 1
        c = self.constants
        self.ground = hold_back(ground or built_in(day), seed, self.first, length, c)
        self.people = grown(self.ground, members, seed, self.first, length, c)
        self.present = members
        self.near = behaviour.kinship(self.ground)
        self.state = State(self.ground, self.people)
        self.member_ids = self.people.ids()
        self.course_ids = self.ground.course_ids
        self._static = self._first_tables()
        self._learned: list[pa.Table] = []
        self._looked_up: list[pa.Table] = []
        self.past = self._history()
        self.channel = np.zeros(len(self.people), np.int8)
        self.start = np.zeros(len(self.people), np.int64)

    # --- a day ---------------------------------------------------------------------------------------------

    def day_begin(self, day: date | None = None) -> Newcomers:
        """The next day begins (`day`, if given, must be it): weariness fades, people join, courses appear."""
        if self.day + 1 >= self.first + self.length:
            raise UsageError(f"this world ends after {self.length} days")
        if day is not None and days(day) != self.day + 1:
            raise UsageError(f"the next day is {self.date + timedelta(days=1)}, not {day}")
        self.day += 1
        if self.day > self.first:
            self.state.fade(self.constants)
        before, self.present = self.present, int(np.searchsorted(self.people.joined[self.present :], self.day, "right"))
        self.present += before
        self.channel, self.start = visits.who_comes(self.people, self.present, self.seed, self.day, self.constants)
        courses = np.flatnonzero((self.ground.created == self.day) & (self.day > self.first))
        return Newcomers(np.arange(before, self.present), courses)

    @property
    def date(self) -> date:
        """Today."""
        return EPOCH + timedelta(days=self.day)

    def visitors(self) -> npt.NDArray[np.int64]:
        """Codes of the members who come today. A night need not compute pages for others: nobody would see them."""
        return np.flatnonzero(self.channel > 0)

    def visit(self, pages: Pages) -> pa.Table:
        """Today's visits to `pages` (of any members; only those who come see theirs); the day's EVENTS rows.

        Propensities, contexts and arms of the pages are passed through. Mail pages are delivered to whoever has one.
        Raises DataError on unknown codes and on a course that stands twice on a page.
        """
        pages.checked(len(self.people), len(self.course_ids))
        today = visits.Today(self.seed, self.day, self.channel, self.start, self.near, self.constants)
        opened = visits.looked_at(pages, self.state, today)
        cards = visits.in_view(pages, opened, today)
        channel = pages.channel[cards.page].astype(np.int64)
        found = visits.searches(self.ground, self.people, self.state, today)
        here = np.union1d(self.visitors(), cards.member)
        row_of = np.full(len(self.people), -1, np.int64)
        row_of[here] = np.arange(len(here))
        wide = behaviour.widened_dense(self.state.interest[here], self.near, self.constants)
        given = visits.answers(cards, channel, self.ground, self.people, self.state, wide, row_of, here, today)
        log = visits.page_events(pages, opened, cards, channel, given, today)
        sat = visits.sittings(cards, given, self.state, found, today)
        visits.remember(cards, channel, given, self.state)
        relevance = behaviour.relevance(wide, row_of[sat.member], sat.course, self.ground.course_skills)
        watched, completed = visits.sit_down(sat, relevance, self.ground, self.state, today)
        self._learn(completed)
        self._search(found)
        log += [watched, completed, events("click", len(found.member), time=found.time - 10, member=found.member,
                                           course=found.course)]  # fmt: skip
        whole = self._with_arms(joined(log), pages)
        return event_table(
            whole, self.ground, self.people, f"d{self.day - self.first}-", contexts=pages.contexts, arms=pages.arm_maps
        )

    # --- what the recommender may see ------------------------------------------------------------------------

    def tables(self) -> dict[str, pa.Table]:
        """What stood in the platform's tables when the last night began: no events, the caller keeps the log."""
        courses = self._static["courses"]
        shown = self.ground.created <= self.day
        return {
            "courses": courses.filter(pa.array(shown)),
            "members": self._static["members"].slice(0, self.present),
            "member_skills": pa.concat_tables([self._until("member_skills"), *self._learned]),
            "connections": self._until("connections"),
            "activity": pa.concat_tables([self._until("activity"), *self._looked_up]),
        }

    def first_profiles(self) -> pa.Table:
        """MEMBER_SKILLS of everybody as they join, before anything is learned."""
        return self._static["member_skills"]

    def told_titles(self) -> npt.NDArray[np.bool_]:
        """Whose profile names a title, in any spelling: bool, one a member."""
        return np.asarray(pc.is_valid(self._static["members"]["title"]).to_numpy(), np.bool_)

    def _until(self, name: str) -> pa.Table:
        """Rows of a table about members who have joined; rows are sorted by the last of their members."""
        return self._static[name].slice(0, int(np.searchsorted(self._last[name], self.present)))

    def _first_tables(self) -> dict[str, pa.Table]:
        """All tables of everybody, each sorted by the newest member in the row."""
        whole = academy.Academy(
            self.ground,
            self.people,
            (),
            self.seed,
            EPOCH + timedelta(days=self.first),
            max(self.weeks, 1),
            self.constants,
        )
        static, self._last = {}, {}
        for name in ("members", "member_skills", "connections", "activity"):
            table = pa.concat_tables(academy.tables(whole, name))
            newest = pc.index_in(table["member_id"], self.member_ids).to_numpy()
            if name == "connections":
                newest = np.maximum(newest, pc.index_in(table["connection_id"], self.member_ids).to_numpy())
            order = np.argsort(newest, kind="stable")
            static[name], self._last[name] = table.take(pa.array(order)), newest[order]
        static["courses"] = told_courses(self.ground, self.seed, self.constants)
        return static

    # --- how it goes on --------------------------------------------------------------------------------------

    def _history(self) -> pa.Table:
        """Events of the weeks before the first day; courses completed then are completed."""
        parts: list[Events] = []
        if self.weeks:
            window = history.Window(self.first - 7 * self.weeks, self.first)
            trends = history.invent_trends(self.ground, self.seed, window.first)
            size = history.chunk_size(self.ground)
            for start in range(0, self.present, size):
                stop = min(start + size, self.present)
                parts.append(history.chunk_events(self.ground, self.people, start, stop, window, trends, self.seed,
                                                  self.constants))  # fmt: skip
        log = joined(parts)
        done = log.take(log.kind == kind("complete"))
        self.state.standing[done.member, done.course] = Standing.DONE
        self.state.learn(self.ground, done.member, done.course, self.constants, self.seed, self.first - 1)
        return event_table(log, self.ground, self.people, "h0-")

    def _learn(self, completed: Events) -> None:
        """Completed courses add their skills; who lists skills adds some of them to the profile."""
        member, skill = self.state.learn(
            self.ground, completed.member, completed.course, self.constants, self.seed, self.day
        )
        told = luck(self.seed, Purpose.TELLS, self.day, member, skill) < self.people.tells[member]
        member, skill = member[told], skill[told]
        if len(member):
            columns = {"member_id": self.people.ids(member), "skill": self.ground.skills.decode(skill)}
            columns["source"] = pa.array(["explicit"] * len(member))
            self._learned.append(filled(MEMBER_SKILLS.schema, columns, len(member)))

    def _search(self, found: visits.Sittings) -> None:
        """Searches are activity on the platform: the words are the title of the course that was found."""
        if len(found.member):
            columns = {
                "member_id": self.people.ids(found.member),
                "time": pa.array(found.time * 1_000_000).cast(pa.timestamp("us", "UTC")),
                "kind": pa.array(["search"] * len(found.member)),
                "text": self.ground.courses["title"].combine_chunks().take(pa.array(found.course)),
            }
            self._looked_up.append(filled(ACTIVITY.schema, columns, len(found.member)))

    def _with_arms(self, log: Events, pages: Pages) -> Events:
        """Events outside of pages carry the arms of the member's pages."""
        arms = np.full(len(self.people), -1, np.int16)
        arms[pages.member[::-1]] = pages.arms[::-1]
        return replace(log, arms=np.where(log.arms < 0, arms[log.member], log.arms).astype(np.int16))


def filled(schema: pa.Schema, columns: dict[str, pa.Array], size: int) -> pa.Table:
    """A table of the schema; columns that are not given are null."""
    arrays = [columns[f.name].cast(f.type) if f.name in columns else pa.nulls(size, f.type) for f in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def hold_back(ground: Ground, seed: int, first: int, length: int, c: Constants) -> Ground:
    """The ground with some of its courses, chosen by lot, appearing in the days to come."""
    size = len(ground.course_skills)
    count = min(round(c.new_courses * size * length), size // 2)
    lot = luck(seed, Purpose.APPEARS, first, np.arange(size))
    later = np.sort(np.argsort(lot, kind="stable")[:count])
    created = np.minimum(ground.created, first).astype(np.int32)
    created[later] = first + 1 + (luck(seed, Purpose.APPEARS, first + 1, later) * max(length - 1, 1)).astype(np.int32)
    column = pa.array(created, mask=created < 0).cast(pa.date32())
    place = ground.courses.column_names.index("created_on")
    return replace(ground, courses=ground.courses.set_column(place, "created_on", column), created=created)


def grown(ground: Ground, members: int, seed: int, first: int, length: int, c: Constants) -> Population:
    """The people of the first day followed by those who will join, in the order of joining."""
    daily = round(c.new_members * members)
    people = invent_population(ground, members + daily * max(length - 1, 0), seed, first, c)
    joined_on = people.joined.copy()
    joined_on[:members] = np.minimum(joined_on[:members], first - 1)
    joined_on[members:] = first + 1 + np.arange(len(joined_on) - members) // max(daily, 1)
    return replace(people, joined=joined_on)


def told_courses(ground: Ground, seed: int, c: Constants) -> pa.Table:
    """The courses as the platform knows them: some carry human tags, and these name some of the true skills."""
    tags = ground.courses["skills"].to_pylist()
    places = np.arange(len(tags))
    tagged = luck(seed, Purpose.TAGGED, 0, places) < c.human_tagged
    told: list[list[str]] = []
    for i, row in enumerate(tags):
        kept = luck(seed, Purpose.TAG_KEPT, 0, np.full(len(row or ()), i), np.arange(len(row or ()))) < c.human_kept
        told.append([t for j, t in enumerate(row or ()) if tagged[i] and (kept[j] or j == 0)])
    place = ground.courses.column_names.index("skills")
    return ground.courses.set_column(place, "skills", pa.array(told, ground.courses.schema.field("skills").type))
