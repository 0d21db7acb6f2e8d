"""Small populations a reader can hold in mind: two trades, four skills, people who connect and watch."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from skillfirst.skills.inference import Inference, InferenceTables, count, finish, merge
from skillfirst.tables.member_document import Source, documents
from skillfirst.tables.sparse import Csr

JAVA, SPANISH, SQL, WELDING = range(4)  # codes in the order of the names
ENGINEER, WELDER = range(2)
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def people(rows: list[dict[str, Any]]) -> pa.RecordBatch:
    """Documents from what each person has: `skills`, `title`, `refused`, `watched` ... all optional."""

    def each(name: str, default: Any) -> list[Any]:
        return [row.get(name, default) for row in rows]

    skills = [sorted(row.get("skills", [])) for row in rows]
    titles = each("title", [])
    targets = each("target", [])
    courses = each("courses", [])  # (course, kind, seconds since 1970, seconds watched)
    activity = each("activity", [])  # (skill, seconds since 1970)
    near = each("near", {})
    return documents(
        len(rows),
        member_id=[row.get("id", f"m{i}") for i, row in enumerate(rows)],
        now=[NOW] * len(rows),
        skill=skills,
        skill_source=[row.get("source", [int(Source.EXPLICIT)] * len(s)) for row, s in zip(rows, skills, strict=True)],
        title=titles,
        title_weight=[row.get("title_weight", [1.0] * len(t)) for row, t in zip(rows, titles, strict=True)],
        target_title=targets,
        target_title_weight=[[1.0] * len(t) for t in targets],
        industry=each("industry", None),
        refused=each("refused", []),
        wanted=each("wanted", []),
        course=[[c[0] for c in row] for row in courses],
        course_kind=[[c[1] for c in row] for row in courses],
        course_time=[[c[2] for c in row] for row in courses],
        course_seconds=[[c[3] for c in row] for row in courses],
        activity_skill=[[a[0] for a in row] for row in activity],
        activity_time=[[a[1] for a in row] for row in activity],
        neighbours=each("neighbours", 0),
        neighbour_skill=[sorted(n) for n in near],
        neighbour_count=[[n[s] for s in sorted(n)] for n in near],
    )


def learn(
    batches: list[pa.RecordBatch],
    settings: Inference,
    prior: list[dict[int, float]] | None = None,
    courses: list[dict[int, float]] | None = None,
) -> InferenceTables:
    """Tables of a population of four skills and two titles."""
    total = None
    for batch in batches:
        part = count(batch, 4, 2, settings)
        total = part if total is None else merge(total, part)
    assert total is not None
    return finish(total, Csr.from_rows(prior or [{}, {}], 4), Csr.from_rows(courses or [{}], 4), settings)


def town(size: int = 400) -> pa.RecordBatch:
    """Engineers hold Java and SQL, every third Spanish too; welders hold Welding, every fourth Spanish."""
    rows: list[dict[str, Any]] = []
    for i in range(size):
        if i % 2:
            rows.append({"title": [ENGINEER], "skills": [JAVA, SQL] + ([SPANISH] if i % 3 == 0 else [])})
        else:
            rows.append({"title": [WELDER], "skills": [WELDING] + ([SPANISH] if i % 4 == 0 else [])})
    return people(rows)


@pytest.fixture
def make_people() -> Any:
    return people


@pytest.fixture
def make_tables() -> Any:
    return learn


@pytest.fixture
def make_town() -> Any:
    return town


@pytest.fixture
def now_s() -> int:
    return int(NOW.timestamp())


@pytest.fixture(scope="module")
def make_town_module() -> Any:
    return town()


@pytest.fixture(scope="module")
def make_tables_module() -> Any:
    return learn
