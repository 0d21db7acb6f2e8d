"""Every route by its meaning; what anybody could send stands in test_openapi."""

from __future__ import annotations

import datetime as dt
import json
from urllib.parse import quote

import pytest

ANN = "/api/v1/members/ann"


def test_more_of_a_carousel_goes_on_where_the_page_ends(client):
    page = client.get(ANN + "/home").json()
    row = next(r for r in page["carousels"] if r["context"] == "skill" and r["evidence"] == "java")
    more = client.get(f"{ANN}/carousels/{row['rank']}").json()
    assert (more["context"], more["evidence"], more["text"]) == ("skill", "java", row["text"])
    shown = {c["course_id"] for r in page["carousels"] for c in r["courses"]}
    rest = [c["course_id"] for c in more["courses"]]
    assert rest
    assert not shown & set(rest)
    assert all(c.startswith("java") for c in rest)
    assert more["courses"][0]["position"] == len(row["courses"]) + 1
    by_key = client.get(f"{ANN}/carousels/skill:java", params={"limit": 1, "offset": 0}).json()
    assert by_key["courses"] == more["courses"][:1]
    assert client.get(f"{ANN}/carousels/skill:nonsense").status_code == 404


def test_every_row_of_somebody_unknown_goes_on(client):
    rows = client.get("/api/v1/members/dee/home").json()["carousels"]
    assert "popular_category" in [r["context"] for r in rows]
    for row in rows:
        more = client.get(f"/api/v1/members/dee/carousels/{row['rank']}")
        assert more.status_code == 200, row["context"]
        assert not {c["course_id"] for c in more.json()["courses"]} & {c["course_id"] for c in row["courses"]}


def test_similar_courses_share_a_skill_or_their_people(client, world):
    answer = client.get("/api/v1/courses/java-0/similar").json()
    assert answer["course"]["course_id"] == "java-0"
    assert {c["course_id"] for c in answer["courses"]} == {f"java-{n}" for n in range(1, 6)}
    assert client.get("/api/v1/courses/nonsense/similar").status_code == 404
    like_welding = client.get("/api/v1/courses/welding-0/similar").json()["courses"]
    assert "spanish-0" in [c["course_id"] for c in like_welding]  # no skill in common; six people took both


def test_other_versions_of_a_course_are_not_like_it(client):
    found = [c["course_id"] for c in client.get("/api/v1/courses/sql-4/similar").json()["courses"]]
    assert "sql-3" in found
    assert "sql-5" not in found  # its newer version


def test_the_questionnaire_offers_what_the_title_brings_first(client):
    offered = client.get("/api/v1/questionnaire", params={"title": "nurse"}).json()
    assert offered["title"] == "nurse"
    assert offered["skills"][0]["skill_id"] == "nursing"
    assert all(s["courses"] >= 3 for s in offered["skills"])
    after = client.get("/api/v1/questionnaire", params={"title": "nurse", "picks": "nursing,Nonsense"}).json()
    assert [p["skill_id"] for p in after["picks"]] == ["nursing"]
    assert "nursing" not in [s["skill_id"] for s in after["skills"]]
    found = client.get("/api/v1/questionnaire", params={"search": "krank", "language": "de"}).json()
    assert found["found_skills"][0] == {"skill_id": "nursing", "name": "Krankenpflege", "courses": 6}


def test_picks_are_answered_at_once_and_kept_when_a_member_says_them(client, world):
    picks = {"picks": ["Welding"], "channel": "feed"}
    answer = client.post("/api/v1/questionnaire", json=picks)
    assert answer.headers["x-answer"] == "cold"
    assert answer.json()["courses"][0]["evidence"] == "welding"
    assert world.log.size() == 0
    client.post("/api/v1/questionnaire", json={**picks, "member_id": "new"})
    again = client.get("/api/v1/members/new/feed").json()
    assert again["courses"][0]["evidence"] == "welding"


def test_the_profile_names_sources_and_follows_at_once(client):
    skills = {s["skill_id"]: s for s in client.get(ANN + "/profile").json()["skills"]}
    assert (skills["java"]["status"], skills["java"]["confidence"], skills["java"]["sources"][0]) == (
        "yours",
        1.0,
        "explicit",
    )
    assert skills["python"]["wanted"] is True
    after = client.post(ANN + "/skills", json={"skill": "Java", "action": "refuse"}).json()
    assert [r["skill_id"] for r in after["refused"]] == ["java"]
    page = client.get(ANN + "/home").json()
    assert not [r for r in page["carousels"] if r["evidence"] == "java"]
    restored = client.post(ANN + "/skills", json={"skill": "java", "action": "restore"})
    assert restored.status_code == 200
    wanted = client.post(ANN + "/skills", json={"skill": "spanish", "action": "add"}).json()
    assert "spanish" in [s["skill_id"] for s in wanted["skills"] if s["wanted"]]
    assert client.post(ANN + "/skills", json={"skill": "flying", "action": "add"}).status_code == 404


def test_restoring_a_refused_skill_brings_it_back(client, world):
    client.post(ANN + "/skills", json={"skill": "java", "action": "refuse"})
    world.now += dt.timedelta(minutes=1)
    after = client.post(ANN + "/skills", json={"skill": "java", "action": "restore"}).json()
    assert after["refused"] == []
    assert "java" in [s["skill_id"] for s in after["skills"]]


def test_dismiss_and_undo(client, world, courses_of):
    first = courses_of(client.get(ANN + "/feed").json())[0]
    assert client.post(f"{ANN}/courses/{first}/dismiss").json()["done"] == "dismiss"
    assert first not in courses_of(client.get(ANN + "/feed").json())
    why_not = client.get(f"{ANN}/explain/{first}").json()
    assert why_not["filters"]
    world.now += dt.timedelta(minutes=1)
    client.post(f"{ANN}/courses/{first}/undo")
    assert first in courses_of(client.get(ANN + "/feed").json())


def test_the_last_word_within_a_second_counts(client, world, courses_of):
    first = courses_of(client.get(ANN + "/feed").json())[0]
    for action, there in (("dismiss", False), ("undo", True), ("dismiss", False), ("undo", True)):
        world.now += dt.timedelta(milliseconds=3)
        client.post(f"{ANN}/courses/{first}/{action}")
        assert (first in courses_of(client.get(ANN + "/feed").json())) is there, action


def test_a_completed_course_disappears_at_once(client, courses_of):
    first = courses_of(client.get(ANN + "/home").json())[0]
    client.post(f"{ANN}/courses/{first}/complete")
    assert first not in courses_of(client.get(ANN + "/home").json())


def test_explain_adds_up(client):
    feed = client.get(ANN + "/feed").json()["courses"]
    for course in feed[:5]:
        why = client.get(f"{ANN}/explain/{course['course_id']}").json()
        assert sum(m["contribution"] for m in why["matched"]) == pytest.approx(course["affinity"], rel=1e-5)
        assert why["feed"]["position"] == course["position"]
    everything = client.get(ANN + "/explain").json()
    assert {s["skill_id"] for s in everything["skills"]} >= {"java", "sql", "python"}
    assert client.get(ANN + "/explain/nonsense").status_code == 404


def test_events_count_once_and_each_bad_one_is_named(client, world):
    events = [
        {"event_id": "1", "member_id": "ann", "kind": "click", "course_id": "java-0", "time": "2026-11-21T11:00:00Z"},
        {"event_id": "1", "member_id": "ann", "kind": "click", "course_id": "java-0", "time": "2026-11-21T11:00:00Z"},
        {"member_id": "ann", "kind": "juggle"},
        {"member_id": "ann", "kind": "click", "course_id": "java-0", "time": "2031-01-01T00:00:00Z"},
        {"kind": "click", "course_id": "java-0"},
        {"member_id": "ann", "kind": "click", "course_id": "java-0", "ago_ms": "long"},
    ]
    answer = client.post("/api/v1/events", json={"events": events}).json()
    assert (answer["accepted"], answer["duplicates"]) == (1, 1)
    assert [r["index"] for r in answer["rejected"]] == [2, 3, 4, 5]
    assert client.post("/api/v1/events", json=events[0]).json()["duplicates"] == 1
    assert world.log.size() == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"not json", 400), (b"[]", 422), (b"[1]", 422), (b'"text"', 422), (b'{"events": 7}', 422), (b"\xff\xfe", 400),
     (b'{"events": [], "extra": 1}', 422), (b"[" * 100_000, 400), (b'{"events":[{}],"token":5}', 422)],
)  # fmt: skip
def test_a_body_that_is_no_events_is_refused(client, body, status):
    assert client.post("/api/v1/events", content=body).status_code == status


@pytest.mark.parametrize(
    "member",
    ["a/b", "../../etc/passwd", "ä ö", "%", "home", "a\x00b", "' OR 1=1", "<script>", "日本", "a" * 900, "/", "a//b"],
)
def test_strange_ids_are_just_ids(client, member):
    escaped = quote(member, safe="")
    for rest in ("home", "feed", "profile", "explain"):
        answer = client.get(f"/api/v1/members/{escaped}/{rest}")
        assert answer.status_code == 200, (member, rest, answer.text)
        assert answer.json()["member_id"] == member
    client.post("/api/v1/events", json={"member_id": member, "kind": "interest", "skill_id": "welding"})
    assert client.get(f"/api/v1/members/{escaped}/feed").json()["courses"][0]["evidence"] == "welding"


def test_too_long_an_id_is_refused(client):
    assert client.get(f"/api/v1/members/{'a' * 1001}/home").status_code == 422


def test_health_and_metrics(client):
    assert client.get("/health/live").json() == {"status": "alive"}
    ready = client.get("/health/ready").json()
    assert ready["status"] == "ready"
    client.get(ANN + "/home")
    client.get("/api/v1/members/stranger/home")
    client.post("/api/v1/events", json={"member_id": "ann", "kind": "click", "course_id": "java-0"})
    client.get(ANN + "/home")
    text = client.get("/metrics").text
    for line in (
        'skillfirst_answers_total{origin="stored"} 1.0', 'skillfirst_answers_total{origin="folded"} 1.0',
        'skillfirst_events_total{outcome="accepted"} 1.0', "skillfirst_run_age_seconds 43200.0",
        'skillfirst_requests_total{route="/api/v1/members/{member_id}/home",status="200"}', "skillfirst_fallback_share",
    ):  # fmt: skip
        assert line in text, line
    assert 'origin="cold"} 1.0' in text or 'origin="cold"} 2.0' in text
    assert "stranger" not in text


def test_before_anything_is_published_the_answer_is_503(world):
    from skillfirst.stores.online.memory import MemoryStore

    world.online = MemoryStore()
    with world.client() as client:
        assert client.get("/health/ready").status_code == 503
        assert client.get("/health/live").status_code == 200
        for path in (ANN + "/home", ANN + "/profile", "/api/v1/questionnaire", "/", "/admin", "/admin/coverage"):
            assert client.get(path).status_code in (200, 503), path
        answer = client.get(ANN + "/home")
        assert answer.status_code == 503
        assert "retry-after" in answer.headers
        assert "skillfirst publish" in answer.json()["error"]["next_step"]


def test_the_hot_routes_stand_in_the_documentation(client):
    spec = client.get("/api/openapi.json").json()
    for path in ("/api/v1/members/{member_id}/home", "/api/v1/members/{member_id}/feed", "/api/v1/events"):
        assert path in spec["paths"], sorted(spec["paths"])
    assert json.dumps(spec)
