"""A small academy that has lived through one night: eight members, thirty-six courses, seven skills."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pytest
from starlette.testclient import TestClient

from skillfirst.engines.local import LocalEngine
from skillfirst.kernel.policy import Policy
from skillfirst.pipeline import Night, run_night
from skillfirst.publish import publish
from skillfirst.serve import Settings, create_app
from skillfirst.stores.event_log import EventLog
from skillfirst.stores.kept_apart import KeptApart
from skillfirst.stores.offline import OfflineStore, Run
from skillfirst.stores.online import OnlineStore
from skillfirst.stores.online.memory import MemoryStore

DAY = dt.date(2026, 11, 20)
NOON = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)  # the day after the night's day
SKILLS = ("Java", "SQL", "Python", "Welding", "Spanish", "Nursing", "Statistics")
LEVELS = ("beginner", "intermediate", "advanced")


def _write(folder: Path, name: str, rows: list[dict[str, Any]]) -> None:
    columns = {key: [row.get(key) for row in rows] for key in rows[0]}
    pacsv.write_csv(
        pa.table({k: pa.array([None if v is None else str(v) for v in vs], pa.string()) for k, vs in columns.items()}),
        folder / f"{name}.csv",
    )


def write_tables(folder: Path) -> None:
    """Six courses on each of six skills; Ann and Bob know Java and SQL, Cyd welds, Dee says nothing at all."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder, "skills", [{"skill_id": s.lower(), "name": s, "aliases": f"{s} basics"} for s in SKILLS])
    _write(folder, "skill_labels", [{"skill_id": "nursing", "language": "de", "label": "Krankenpflege"}])
    _write(folder, "titles", [
        {"title_id": "developer", "name": "Developer", "family": "software"},
        {"title_id": "nurse", "name": "Nurse", "family": "health"},
    ])  # fmt: skip
    _write(folder, "title_skills", [
        {"title_id": "developer", "skill_id": "java", "weight": 0.9},
        {"title_id": "nurse", "skill_id": "nursing", "weight": 0.9},
    ])  # fmt: skip
    courses = []
    for skill in SKILLS[:6]:
        for n, verb in enumerate(("Begin", "Understand", "Practise", "Measure", "Repair", "Teach")):
            courses.append({
                "course_id": f"{skill.lower()}-{n}", "title": f"{verb} {skill}",
                "created_on": f"2026-0{n + 1}-10", "category": "tech" if skill in SKILLS[:3] else "life",
                "author": f"Teacher {skill}", "language": "en", "level": LEVELS[n // 2],
                "duration_minutes": 45 * (n + 1),
                "description": f"{skill} as seen from the inside." if n == 1 else None,
                "contents": "Classes;Records" if n == 1 else None,
                "series_id": "sql-again" if skill == "SQL" and n >= 4 else None,
                "skills": skill.lower() + (";sql" if skill == "Python" and n == 1 else ""),
            })  # fmt: skip
    _write(folder, "courses", courses)
    people = ("ann", "bob", "cyd", "dee", "eve", "fay", "gus", "hal")
    _write(folder, "members", [
        {"member_id": m, "title": "Developer" if m in ("ann", "bob") else None,
         "industry": "Software" if m < "e" else None,
         "languages": "en"} for m in people
    ])  # fmt: skip
    held = {"ann": "java sql", "bob": "java sql python", "cyd": "welding", "eve": "java sql", "fay": "spanish nursing",
            "gus": "python sql java", "hal": "welding spanish"}  # fmt: skip
    rows = [{"member_id": m, "skill": s, "source": "explicit"} for m, skills in held.items() for s in skills.split()]
    rows.append({"member_id": "ann", "skill": "python", "source": "interest"})
    _write(folder, "member_skills", rows)
    _write(folder, "events", [
        {"event_id": f"e{i}", "time": f"2026-11-1{i}T10:00:00Z", "member_id": m, "kind": kind, "course_id": c}
        for i, (m, kind, c) in enumerate(
            [("bob", "click", "sql-0"), ("eve", "complete", "java-0"), ("gus", "click", "sql-1")]
        )
    ] + [
        {"event_id": f"{c}-{m}", "time": "2026-10-01T10:00:00Z", "member_id": m, "kind": "complete", "course_id": c}
        for m in ("bob", "cyd", "eve", "fay", "gus", "hal")
        for c in ("welding-0", "spanish-0")
    ])  # fmt: skip


@dataclass
class Academy:
    """The night's results; `online` is a store of its own a test."""

    data: Path
    store: Path
    run: Run


POLICY = Policy().with_settings({"floor": 1, "page.row_least": 2, "page.row_length": 2})


@pytest.fixture(scope="session")
def academy(tmp_path_factory: pytest.TempPathFactory) -> Academy:
    place = tmp_path_factory.mktemp("academy")
    write_tables(place / "data")
    run = run_night(Night(place / "data", place / "store", DAY, POLICY), LocalEngine(1))
    return Academy(place / "data", place / "store", run)


@dataclass
class World:
    """A service before its first request: stores, and a clock that stands still until it is set."""

    online: OnlineStore
    log: EventLog
    offline: OfflineStore
    run: Run
    kept_apart: KeptApart
    now: dt.datetime = NOON
    made: list[Any] = field(default_factory=list)

    def clock(self) -> dt.datetime:
        return self.now

    def app(self, **settings: Any) -> Any:
        options = {"watch_seconds": 3600.0, **settings}
        return create_app(
            self.online, self.log, self.offline,
            settings=Settings(**options), clock=self.clock, kept_apart=self.kept_apart,
        )  # fmt: skip

    def client(
        self, base_url: str = "http://127.0.0.1", client: tuple[str, int] = ("127.0.0.1", 5), **settings: Any
    ) -> TestClient:
        return TestClient(self.app(**settings), base_url=base_url, client=client, raise_server_exceptions=False)


@pytest.fixture
def world(academy: Academy, tmp_path: Path) -> Iterator[World]:
    online = MemoryStore()
    publish(academy.run, online)
    with EventLog.open(tmp_path / "events") as log:
        yield World(online, log, OfflineStore(academy.store), academy.run, KeptApart(tmp_path / "kept_apart"))
    online.close()


@pytest.fixture
def client(world: World) -> Iterator[TestClient]:
    with world.client() as client:
        yield client


@pytest.fixture
def courses_of() -> Callable[[Any], list[str]]:
    """Course ids of an answer in shown order."""

    def ids(answer: Any) -> list[str]:
        rows = answer.get("carousels", [answer])
        return [course["course_id"] for row in rows for course in row["courses"]]

    return ids
