"""The profile: every skill in one place."""

from __future__ import annotations

import datetime as dt
import re

import pytest

ANN = "/api/v1/members/ann"


def change(client, skill, action):
    return client.post(ANN + "/skills", json={"skill": skill, "action": action}).json()


def skills(known):
    return {skill["skill_id"]: (skill["status"], skill["wanted"], skill["sources"]) for skill in known["skills"]}


@pytest.mark.parametrize("skill", ["java", "python"], ids=["stated", "wished"])
def test_a_refused_skill_stands_under_refused_alone_until_it_is_restored(client, world, skill):
    before = client.get(ANN + "/profile").json()
    assert skill in skills(before)
    after = change(client, skill, "refuse")
    assert [refused["skill_id"] for refused in after["refused"]] == [skill]
    assert skill not in skills(after)
    page = client.get("/skills?member=ann&lang=en").text
    assert len(re.findall(f'data-skill="{skill}"', page)) == 1  # with its way back
    head = client.get("/?member=ann&lang=en").text
    assert skill.capitalize() not in re.findall(r'class="chip[^"]*">([^<]+)<', head)
    numbers = client.get(ANN + "/explain").json()
    assert skill not in [row["skill_id"] for row in numbers["skills"] + numbers["ignored"]]
    world.now += dt.timedelta(minutes=1)
    restored = change(client, skill, "restore")
    assert restored["refused"] == []
    # an undo takes back what was said last and before: a wish that was taken out is no wish until it is said again
    assert skills(restored) == {s: kept for s, kept in skills(before).items() if s != skill or kept[0] == "yours"}
