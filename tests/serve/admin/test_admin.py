"""The manager's view: numbers that are true, and buttons that do what they say."""

from __future__ import annotations

import re

import pytest

from skillfirst.publish import rendered
from skillfirst.serve import new_key


def token_of(page):
    return re.search(r'name="form_token" value="([^"]+)"', page)[1]


def test_it_opens_for_an_admin_key_only(world):
    text, key = new_key("ops", ["admin"])
    reader_text, reader = new_key("lms", ["read"])
    with world.client(base_url="https://learn.example", client=("192.0.2.7", 5), keys=(key, reader)) as client:
        assert "Service key" in client.get("/admin").text
        assert client.get("/admin/coverage").status_code == 401
        for wrong in ("", "sf_ops_guess", reader_text):
            assert client.post("/admin/login", data={"key": wrong}).status_code == 403
        answer = client.post("/admin/login", data={"key": text}, follow_redirects=False)
        cookie = answer.headers["set-cookie"].lower()
        assert "samesite=strict" in cookie
        assert "httponly" in cookie
        assert "secure" in cookie
        assert text not in cookie
        page = client.get("/admin").text
        assert "Runs" in page
        assert client.get("/admin/coverage").status_code == 200
        assert client.post("/admin/rollback").status_code == 403  # a form without its token
        client.post("/admin/logout", data={"form_token": token_of(page)})
        assert client.get("/admin/coverage").status_code == 401


def test_runs_coverage_and_carousels_say_what_the_run_says(client, world):
    counts = world.run.manifest["counts"]
    runs = client.get("/admin").text
    assert world.run.run_id in runs
    assert f"<strong>{counts['distinct_courses']}</strong>" in runs
    coverage = client.get("/admin/coverage").text
    shown = {
        c for batch in world.run.table("recommendations") for row in batch.column("course_id").to_pylist() for c in row
    }
    assert f"<strong>{counts['catalogue_courses'] - len(shown)}</strong>" in coverage
    events = [
        {"member_id": "ann", "kind": kind, "course_id": f"java-{n}", "context": "skill"}
        for kind, n in (("impression", 0), ("impression", 1), ("impression", 2), ("impression", 3), ("click", 0))
    ]
    client.post("/api/v1/events", json=events)
    row = re.search(r"<code>skill</code>.*?</tr>", client.get("/admin/carousels").text, re.S)[0]
    assert "<td>4</td><td>1</td><td>25.0%</td>" in row


def test_publish_and_rollback(client, world):
    first = world.run.run_id
    world.online.put("other", rendered(world.run), world.online.meta(first))
    world.online.switch("other")
    token = token_of(client.get("/admin").text)
    client.post("/admin/rollback", data={"form_token": token})
    assert world.online.serving() == first
    world.online.switch("other")
    client.post("/admin/publish", data={"form_token": token, "run": first})
    assert world.online.serving() == first
    assert client.get("/health/ready").json()["version"] == first
    assert client.post("/admin/publish", data={"form_token": token, "run": "2020-01-01-001"}).status_code == 404


def test_a_run_that_lost_too_much_is_refused_and_can_be_forced(client, world):
    meta = world.online.meta(world.run.run_id)
    world.online.put("large", rendered(world.run), {**meta, "counts": {**meta["counts"], "served": 1_000}})
    world.online.switch("large")
    token = token_of(client.get("/admin").text)
    refused = client.post("/admin/publish", data={"form_token": token, "run": world.run.run_id}).text
    assert "members with recommendations: 8 instead of 1,000" in refused
    assert "Publish it all the same" in refused
    assert world.online.serving() == "large"
    client.post("/admin/publish", data={"form_token": token, "run": world.run.run_id, "force": "1"})
    assert world.online.serving() == world.run.run_id


@pytest.mark.parametrize(("course", "says"), [("java-0", "shown"), ("nonsense", "there is no course"), ("", "Java")])
def test_the_inspector(client, course, says):
    assert says in client.get("/admin/inspect", params={"member": "ann", "course": course}).text


def test_the_inspector_knows_courses_by_their_titles(client):
    def page(course):
        return client.get("/admin/inspect", params={"member": "ann", "course": course}).text

    assert 'value="java-0"' in page("begin JAVA")
    assert "Which of these?" not in page("begin JAVA")
    many = page("java")
    assert "Which of these?" in many
    assert many.count('href="/admin/inspect?member=ann&amp;course=java-') == 6


def test_why_not(client):
    client.post("/api/v1/members/ann/courses/java-0/dismiss")
    page = client.get("/admin/inspect", params={"member": "ann", "course": "java-0"}).text
    assert "Not shown: it was dismissed" in page


def test_an_id_that_nobody_has_is_said_and_those_like_it_are_offered(client):
    page = client.get("/admin/inspect?member=AN").text
    assert "no member has the id AN." in page
    assert "<table" not in page
    assert '<a href="/admin/inspect?member=ann&amp;course=">' in page
    nobody = client.get("/admin/inspect?member=zz.*").text
    assert "no member has the id zz.*." in nobody
    assert "Which of these members?" not in nobody
    assert "<table" in client.get("/admin/inspect?member=ann").text
