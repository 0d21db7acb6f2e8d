"""What nights of several modules have in common: two dozen courses on a few skills, and parts of a few rows."""

from __future__ import annotations

import datetime as dt

import pytest

from skillfirst.ingest import member_tables


@pytest.fixture(scope="session")
def teaching():
    """`teaching(skills)`: the tables of these skills and of courses that teach two of them each, as rows of its own."""

    def rows(skills):
        many = len(skills)
        taught = [(skills[i % many], skills[(i // 2 + 1) % many]) for i in range(24)]
        return {
            "courses": [
                {"course_id": f"c{i:02d}", "title": f"{one} and {other}, part {i}",
                 "created_on": dt.date(2026, 1, 1 + i), "skills": [one, other]}
                for i, (one, other) in enumerate(taught)
            ],
            "skills": [{"skill_id": s, "name": s.capitalize()} for s in skills],
        }  # fmt: skip

    return rows


@pytest.fixture(scope="module")
def small_parts():
    """Members come in parts of sixteen."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(member_tables, "RANGE_ROWS", 16)
        yield
