"""The personas of the demo: they say exactly what their story says, and their past fits it."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from skillfirst.errors import UsageError
from skillfirst.evaluation.world.academy import Academy, invent, tables
from skillfirst.evaluation.world.personas import read_personas

DAY = date(2025, 3, 3)


@pytest.fixture(scope="module")
def academy() -> Academy:
    return invent(300, seed=7, day=DAY)


def rows(academy: Academy, part: str, member: str) -> list[dict[str, object]]:
    table = pa.concat_tables(tables(academy, part))
    return table.filter(pc.equal(table["member_id"], member)).to_pylist()


def test_a_persona_says_what_its_story_says_and_nothing_else(academy: Academy) -> None:
    for persona in academy.personas:
        (member,) = rows(academy, "members", persona.member_id)
        assert (member["title"] is None) == (not persona.title_id)
        assert member["languages"] == list(persona.languages)
        skills = rows(academy, "member_skills", persona.member_id)
        assert {s["skill"] for s in skills if s["source"] == "explicit"} == set(persona.skills)
        assert {s["skill"] for s in skills if s["source"] == "interest"} == set(persona.wants)
        assert len(skills) == len(persona.skills) + len(persona.wants)


def test_a_newcomer_has_no_past_and_knows_nobody(academy: Academy) -> None:
    newcomers = [p for p in academy.personas if p.newcomer]
    assert newcomers
    links = pa.concat_tables(tables(academy, "connections"))
    ends = set(links["member_id"].to_pylist()) | set(links["connection_id"].to_pylist())
    for persona in newcomers:
        assert not rows(academy, "events", persona.member_id)
        assert not rows(academy, "activity", persona.member_id)
        assert persona.member_id not in ends
        assert rows(academy, "members", persona.member_id)[0]["joined_on"] == DAY


def test_the_others_completed_courses_on_their_skills_and_began_some_on_their_wishes(academy: Academy) -> None:
    courses = {c["course_id"]: c for c in academy.ground.courses.to_pylist()}
    for persona in (p for p in academy.personas if not p.newcomer):
        past = rows(academy, "events", persona.member_id)
        done = {e["course_id"] for e in past if e["kind"] == "complete"}
        watched = {e["course_id"] for e in past if e["kind"] == "watch"}
        assert done <= watched
        assert len(done) >= 1
        assert len(watched - done) >= 1
        assert all(courses[c]["language"] in persona.languages for c in done)
        seconds = {c: sum(e["seconds"] for e in past if e["kind"] == "watch" and e["course_id"] == c) for c in done}
        assert all(seconds[c] >= 0.9 * 60 * courses[c]["duration_minutes"] for c in done)
        assert max(e["time"] for e in past).date() < DAY
        assert rows(academy, "connections", persona.member_id)


def test_an_academy_smaller_than_its_personas_is_refused() -> None:
    with pytest.raises(UsageError, match="personas"):
        invent(len(read_personas()) - 1, day=DAY)
