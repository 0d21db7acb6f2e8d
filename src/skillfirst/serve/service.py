"""Everything a route needs, put together once; and what the service does in the background."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, ParamSpec, TypeVar

import structlog

from skillfirst.errors import SkillfirstError
from skillfirst.serve.answers import Answer, Answers, Clock, Today, Whole, system_clock
from skillfirst.serve.callers import Caller, Callers
from skillfirst.serve.demo import Demo
from skillfirst.serve.incoming import complete
from skillfirst.serve.metrics import Metrics
from skillfirst.serve.newcomers import Newcomer
from skillfirst.serve.problems import Refused
from skillfirst.serve.served import Served
from skillfirst.serve.serving import House, Serving
from skillfirst.serve.settings import Settings
from skillfirst.stores.event_log import EventLog
from skillfirst.stores.event_log.log import Overloaded
from skillfirst.stores.kept_apart import KeptApart
from skillfirst.stores.offline import OfflineStore
from skillfirst.stores.online import OnlineStore

P = ParamSpec("P")
T = TypeVar("T")
log = structlog.get_logger("skillfirst.serve")

NOBODY = Newcomer()  # of whom nothing was said


class Service:
    """Stores, clock and settings of one application, and the few things several routes do with them."""

    def __init__(
        self, online: OnlineStore, events: EventLog | None, offline: OfflineStore | None, settings: Settings,
        clock: Clock = system_clock, demo: Demo | None = None, kept_apart: KeptApart | None = None,
    ) -> None:  # fmt: skip
        self.settings, self.online, self.log, self.offline, self.demo = settings, online, events, offline, demo
        self.kept_apart = kept_apart
        self.clock = demo.clock if demo is not None else clock
        self.house = House(online, events, settings.touched_members)
        self.answers = Answers(self.house, self.clock, settings.fresh_answers, settings.fresh_seconds)
        self.callers = Callers(settings)
        self.metrics = Metrics()
        self.served = Served(events, self.clock)
        self.started = False
        self.when_warm: Callable[[], object] = lambda: None
        self._pool = ThreadPoolExecutor(settings.threads, thread_name_prefix="answer")
        self._tasks: list[asyncio.Task[None]] = []
        self._watch_metrics()

    def _watch_metrics(self) -> None:
        def age() -> float:
            current = self.house.current
            if current is None:
                return float("nan")
            end = dt.datetime.combine(current.day + dt.timedelta(days=1), dt.time(), dt.UTC)
            return (self.clock() - end).total_seconds()

        def share() -> float:
            return self.house.current.fallback_share if self.house.current else float("nan")

        self.metrics.watch("skillfirst_run_age_seconds", "Since the end of the serving run's day", age)
        self.metrics.watch("skillfirst_fallback_share", "Members of the serving run on a fallback list", share)

    # --- life

    async def start(self) -> None:
        """Open the serving version; ready after this. The compiler is loaded behind the first answers."""
        await asyncio.to_thread(self.house.refresh)
        self.started = True
        self._tasks = [asyncio.create_task(self._warm()), asyncio.create_task(self._watch())]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(SkillfirstError):
            await self.work(self._store_served)
        self._pool.shutdown(wait=True, cancel_futures=False)

    async def _warm(self) -> None:
        """Load the Model and the compiled loops with one answer for nobody, so that nobody waits for them later."""
        with contextlib.suppress(SkillfirstError):
            await self.work(self.answers.warm)
            await self.work(self.house.follow)
            self.when_warm()
            log.info("warm", version=self.house.current.version if self.house.current else None)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self.settings.watch_seconds)
            try:
                if await self.work(self.house.refresh):
                    log.info("serving", version=self.house.current.version if self.house.current else None)
                await self.work(self._store_served)
                await self.work(self.house.follow)
            except SkillfirstError as error:
                log.error("watching the stores failed", error=str(error))

    def _store_served(self) -> None:
        if self.house.current is not None:
            self.served.store(self.house.current.experiments)

    @property
    def ready(self) -> bool:
        return self.started and self.house.current is not None

    async def work(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run something that computes or waits, on a thread of ours."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, partial(function, *args, **kwargs))

    # --- members

    async def answer(
        self, member_id: str, channel: str, newcomer: Newcomer = NOBODY, language: str | None = None
    ) -> Answer:
        if self.answers.quick:
            answer = self.answers.fresh(member_id, channel, newcomer, language)
        else:
            answer = await self.work(self.answers.fresh, member_id, channel, newcomer, language)
        self.metrics.answers[answer.origin].inc()
        return answer

    async def whole(self, member_id: str, channel: str, newcomer: Newcomer = NOBODY) -> Whole:
        whole = await self.work(self.answers.whole, member_id, channel, newcomer)
        self.metrics.answers[whole.answer.origin].inc()
        return whole

    async def today(self, member_id: str, newcomer: Newcomer = NOBODY) -> Today:
        return await self.work(self.answers.today, member_id, newcomer)

    # --- events

    async def record(self, events: Iterable[Mapping[str, Any]], caller: Caller) -> dict[str, Any]:
        """Store events durably; what became of each. Raises Refused when there is no log or it is overloaded."""
        if self.log is None:
            raise Refused(503, "this service has no event log", next_step="Start it with --store.")
        now = self.clock()
        whole: list[dict[str, Any]] = []
        places: list[int] = []
        rejected: list[dict[str, Any]] = []
        for index, event in enumerate(events):
            made = complete(event, now, caller.member)
            if isinstance(made, str):
                rejected.append({"index": index, "reason": made})
            else:
                whole.append(made)
                places.append(index)
        try:
            stored = await asyncio.wrap_future(self.log.submit(whole, now))
        except Overloaded as error:
            raise Refused(429, error.message, next_step=error.next_step, headers={"retry-after": "2"}) from None
        rejected += [{"index": places[r.index], "reason": r.reason} for r in stored.rejected]
        if self.house.current is not None and stored.accepted:
            touched = self.house.current.touched
            members = {str(e["member_id"]) for e in whole if e.get("kind") not in touched.silent and "member_id" in e}
            touched.heard(members, stored.accepted, stored.last)
        counted = {"accepted": stored.accepted, "duplicate": stored.duplicates, "rejected": len(rejected)}
        for outcome, number in counted.items():
            self.metrics.events[outcome].inc(number)
        rejected.sort(key=lambda r: int(r["index"]))
        return {"accepted": stored.accepted, "duplicates": stored.duplicates, "rejected": rejected}

    async def happened(self, caller: Caller, member_id: str, kind: str, **columns: Any) -> None:
        """Store one event that a page or a route makes itself. Raises Refused when it cannot be taken."""
        outcome = await self.record([{"member_id": member_id, "kind": kind, **columns}], caller)
        if outcome["rejected"]:
            raise Refused(422, outcome["rejected"][0]["reason"])

    def course_code(self, course_id: str, serving: Serving | None = None) -> int:
        """The code of a course in the serving Model, or in that of a version at hand. Raises Refused 404."""
        code = (serving or self.house.now_serving()).model.courses.code(course_id)
        if code < 0:
            raise Refused(404, f"there is no course {course_id[:80]!r}")
        return code

    def skill_id(self, skill: str) -> str:
        """The id of a skill by id, name or alias. Raises Refused 404."""
        import pyarrow as pa

        taxonomy = self.house.now_serving().model.taxonomy
        code = int(taxonomy.resolve(pa.array([skill], pa.string()))[0])
        if code < 0:
            raise Refused(404, f"there is no skill {skill[:80]!r}")
        return taxonomy.skills[code]
