"""The pages as text; how they look and feel is tested in a browser."""

from __future__ import annotations

import re

import pytest

from skillfirst.serve.page.about import grouped
from skillfirst.serve.page.words import words

PAGES = ("/?member=ann", "/saved?member=ann", "/skills?member=ann", "/welcome", "/welcome/skills?title=nurse&pick=java",
         "/course/java-0?member=ann", "/course/java-0", "/", "/docs", "/admin", "/admin/coverage", "/admin/carousels",
         "/admin/inspect?member=ann&course=java-0")  # fmt: skip


@pytest.fixture(autouse=True)
def warm(client):
    client.get("/api/v1/members/stranger/home")


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_page_is_whole_and_strict(client, path, language):
    answer = client.get(path, params={**dict(re.findall(r"(\w+)=([^&]*)", path)), "lang": language})
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert answer.text.rstrip().endswith("</html>")
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|https?://(?!127|www\.w3)", answer.text)


def text_of(answer):
    """What a reader reads: without the markup."""
    return re.sub(r"<[^>]+>", "", answer.text)


def test_what_people_write_is_never_markup(client):
    for path in ("/", "/skills", "/saved", "/admin/inspect", "/welcome/skills"):
        page = client.get(path, params={"member": '"><script>x</script>', "search": "<b>", "pick": "<i>"}).text
        assert "<script>x" not in page
        assert "<b>" not in page
    assert client.get("/course/<script>x", headers={"accept": "text/html"}).text.count("<script>x") == 0


def form_token(client, path="/?member=ann"):
    return re.search(r"X-Form-Token&#34;: &#34;([^&]+)&#34;", client.get(path).text)[1]


def test_hiding_a_course_answers_with_undo_and_the_page_follows(client, world):
    headers = {"x-form-token": form_token(client)}
    page = client.get("/?member=ann").text
    course = re.search(r'data-course="([^"]+)"', page)[1]
    hidden = client.post(f"/page/hide?course={course}&rank=1&position=1&context=skill&member=ann", headers=headers)
    assert "Undo" in hidden.text
    assert f'data-course="{course}"' not in client.get("/?member=ann").text
    row = world.log.read_member("ann").to_pylist()[-1]
    assert (row["kind"], row["course_id"], row["carousel_rank"], row["context"]) == ("dismiss", course, 1, "skill")


def test_saving_shows_on_the_saved_page(client):
    headers = {"x-form-token": form_token(client)}
    assert "Nothing saved yet" in client.get("/saved?member=ann").text
    saved = client.post("/page/save?course=java-0&member=ann", headers=headers)
    assert 'aria-pressed="true"' in saved.text
    assert "Begin Java" in client.get("/saved?member=ann").text


def test_the_questionnaire_keeps_the_picks_of_a_member(client, world):
    path = "/welcome/skills?title=nurse&member=new&lang=en"
    token = re.search(r'name="form_token" value="([^"]+)"', client.get(path).text)[1]
    answer = client.post(
        "/welcome?member=new", data={"form_token": token, "title": "nurse", "pick": ["welding", "nonsense"]}
    )
    assert answer.status_code == 200  # after the redirect
    assert "Because you want to learn Welding" in text_of(answer)
    assert [e["skill_id"] for e in world.log.read_member("new").to_pylist()] == ["welding"]


def test_the_preview_changes_with_every_pick(client):
    one = client.get("/welcome/skills?pick=welding&lang=en", headers={"hx-request": "true"}).text
    two = client.get("/welcome/skills?pick=welding&pick=spanish&lang=en", headers={"hx-request": "true"}).text
    assert "<html" not in one
    assert "Best for you" in one
    assert "Welding" in one
    assert one != two


def test_the_head_of_the_page_says_what_is_known(client):
    page = text_of(client.get("/?member=ann&lang=en"))
    head = page[page.index("Your courses") : page.index("Because")]
    assert re.search(r"You want to learn\s*Python", head)
    assert re.search(r"You told us\s*Java\s*SQL", head)
    assert "You told us" not in text_of(client.get("/?member=dee&lang=en"))  # of whom nothing is known


def test_a_course_that_was_begun_says_how_much_is_left(client):
    event = {"member_id": "ann", "kind": "watch", "course_id": "java-1", "seconds": 30 * 60}
    client.post("/api/v1/events", json=event)
    page = client.get("/course/java-1?member=ann&lang=en").text
    assert "1 h left" in page  # of 90 minutes
    assert 'class="begun-fill" width="33"' in client.get("/course/java-0?member=ann").text


def test_a_course_shows_what_it_says_of_itself(client):
    page = text_of(client.get("/course/java-1?member=ann&lang=en"))
    assert "Java as seen from the inside." in page
    assert re.search(r"What is inside\s*Classes\s*Records", page)
    assert "Java as seen from the inside." in client.get("/page/why?course=java-1&member=ann").text
    assert "What is inside" not in client.get("/course/java-0?member=ann&lang=en").text


def test_a_skill_is_found_while_it_is_typed(client):
    assert '<option value="Krankenpflege">' in client.get("/skills/names?skill=krank&member=ann&lang=de").text


def test_two_rows_never_stand_under_one_heading(client):
    for member in ("dee", "nobody-knows-me"):
        page = client.get(f"/?member={member}&lang=en").text
        headings = re.findall(r'<h2 id="row-\d+">(.*?)</h2>', page)
        assert headings
        assert len(set(headings)) == len(headings)


def test_a_refusal_is_a_page_for_people_and_json_for_programs(client):
    people = client.get("/course/nonsense?member=ann", headers={"accept": "text/html"})
    assert people.status_code == 404
    assert "That did not work" in people.text
    assert client.get("/course/nonsense?member=ann", headers={"accept": "*/*"}).json()["error"]["code"] == "not_found"
    assert client.get("/nothing/here", headers={"accept": "text/html"}).status_code == 404


def test_a_fragment_is_one_carousel_or_all(client):
    everything = client.get("/embed/fragment?member=ann&embedded=1").text
    one = client.get("/embed/fragment?member=ann&embedded=1&carousel=wanted").text
    assert everything.count('class="carousel"') > one.count('class="carousel"') == 1
    assert "<html" not in one
    assert client.get("/embed/fragment?member=ann&carousel=nothing").status_code == 404


def test_frames_are_for_those_who_were_named(world):
    with world.client(frame_ancestors=("https://lms.example",)) as client:
        assert (
            "frame-ancestors 'self' https://lms.example"
            in client.get("/?member=ann&embedded=1").headers["content-security-policy"]
        )
        assert client.get("/?member=ann").headers["content-security-policy"].endswith("frame-ancestors 'self'")


def test_static_files_may_be_kept_for_ever(client):
    page = client.get("/?member=ann").text
    for path in set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page)):
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert "immutable" in answer.headers["cache-control"]
    cover = client.get(re.search(r'src="(/covers/[^"]+)"', page)[1].replace("&amp;", "&"))
    assert cover.headers["content-type"] == "image/svg+xml"
    # a module that another one imports has no such address: it may change under its name
    assert "immutable" not in client.get("/static/track.js").headers["cache-control"]
    assert client.get("/static/../app.py").status_code == 404


def test_the_first_line_says_what_the_page_stands_on(client):
    said = {"member_id": "somebody", "kind": "watch", "course_id": "java-0", "seconds": 600}
    assert "We do not know you yet" in text_of(client.get("/?member=somebody&lang=en"))
    client.post("/api/v1/events", json=said)
    page = text_of(client.get("/?member=somebody&lang=en"))
    assert "We do not know you yet" not in page
    assert "Chosen" in page


def known(name, confidence, status="inferred", too_rare=False):
    likely = status != "inferred" or confidence >= 0.3
    return {"skill_id": name, "status": status, "confidence": confidence, "wanted": False, "sources": [],
            "likely": likely, "too_rare": too_rare}  # fmt: skip


def test_who_stated_a_skill_that_is_too_rare_is_told_that_it_does_not_count():
    profile = {"skills": [known("java", 1.0, "yours"), known("cobol", 1.0, "yours", too_rare=True)]}
    (yours,) = grouped(profile, words("en"))
    assert [skill["from"] for skill in yours["skills"]] == [[], ["too rare here to compare by"]]


def test_guesses_too_weak_for_somebodys_face_are_folded_away():
    profile = {"skills": [known("java", 1.0, "yours"), known("sql", 0.31), known("python", 0.16), known("go", 0.3)]}
    yours, inferred = grouped(profile, words("en"))
    assert [skill["skill_id"] for skill in yours["skills"]] == ["java"]
    assert yours["unsure"] == []
    assert [skill["skill_id"] for skill in inferred["skills"]] == ["sql", "go"]
    assert [(skill["skill_id"], skill["percent"]) for skill in inferred["unsure"]] == [("python", 16)]


@pytest.mark.parametrize("member", ["ann", "cyd", "dee", "hal"])
def test_every_skill_that_counts_can_be_taken_out(client, member):
    known = client.get(f"/api/v1/members/{member}/profile").json()["skills"]
    assert all(skill["likely"] == (skill["status"] != "inferred" or skill["confidence"] >= 0.295) for skill in known)
    page = client.get(f"/skills?member={member}&lang=en").text
    assert set(re.findall(r'data-skill="([^"]+)"', page)) == {skill["skill_id"] for skill in known}
    assert page.count("/skills/refuse") == len(known)
    unsure = re.search(r'<details id="unsure">.*?</details>', page, re.S)
    folded = set(re.findall(r'data-skill="([^"]+)"', unsure[0])) if unsure else set()
    assert folded == {skill["skill_id"] for skill in known if not skill["likely"]}
