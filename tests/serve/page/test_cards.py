"""What a card says of its course: the skills that speak for it first."""

from __future__ import annotations

import html
import re

import pytest

ROW = re.compile(r'<section class="carousel"[^>]*data-key="([^"]*)".*?</section>', re.S)
CARD = re.compile(r'data-course="([^"]+)".*?<span class="teaches">([^<]*)<', re.S)
BY_SKILL = ("wanted", "predicted", "stay_sharp", "skill", "activity", "inferred")


@pytest.fixture(autouse=True)
def warm(client):
    client.get("/api/v1/members/stranger/home")


def taught(page):
    return {course: skills.split(", ") for course, skills in CARD.findall(page)}


@pytest.mark.parametrize("member", ["ann", "bob", "fay", "gus"])
def test_a_card_names_the_skill_of_its_row_first(client, member):
    client.post("/api/v1/events", json={"member_id": member, "kind": "interest", "skill_id": "sql"})
    seen = []
    page = client.get(f"/?member={member}&lang=en").text
    for row in ROW.finditer(page):
        context, _, skill = row[1].partition(":")
        more = re.search(r'class="more" hx-get="([^"]+)"', row[0])
        cards = taught(row[0]) | (taught(client.get(html.unescape(more[1])).text) if more else {})
        if context in BY_SKILL:
            assert {names[0].lower() for names in cards.values()} == {skill}
            seen.append((skill, len(cards)))
    assert dict(seen)["sql"] >= 3


def test_beside_it_stand_the_skills_that_count_for_the_member(client):
    page = "/course/python-0?member={}&lang=en"  # others like it are of the same author: python-1 teaches SQL too
    assert taught(client.get(page.format("stranger")).text)["python-1"] == ["Python", "SQL"]
    client.post("/api/v1/events", json={"member_id": "cyd", "kind": "interest", "skill_id": "sql"})
    assert taught(client.get(page.format("cyd")).text)["python-1"] == ["SQL", "Python"]
