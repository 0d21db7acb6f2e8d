"""What "Why this?" tells: never that a course in front of one's eyes is not shown, and the reason of its own row."""

from __future__ import annotations

import html
import re

import pytest

MEMBERS = ("ann", "bob", "cyd", "dee", "eve", "fay", "gus", "hal", "stranger")
SHOWN, NOT_SHOWN = "Why you see this course", "Why this course is not on your page"
CARD = re.compile(r'<li class="card"[^>]*data-course="([^"]+)".*?class="why"[^>]*hx-get="([^"]+)"', re.S)
ROW = re.compile(r'<section class="carousel"[^>]*data-context="(\w+)".*?<h2[^>]*>(.*?)</h2>(.*?)</section>', re.S)
EVENTS = (
    {"kind": "watch", "course_id": "java-1", "seconds": 600},
    {"kind": "watch", "course_id": "spanish-1", "seconds": 60 * 80},
    {"kind": "interest", "skill_id": "welding"},
)


@pytest.fixture(autouse=True)
def warm(client):
    client.get("/api/v1/members/stranger/home")


def words_of(markup):
    """What a reader reads, in one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup)).split())


def rows_of(page):
    """(context, heading, [(course, address of its reason)]) of every row."""
    return [
        (context, html.unescape(re.sub(r"<[^>]+>", "", heading)),
         [(course, html.unescape(address)) for course, address in CARD.findall(cards)])
        for context, heading, cards in ROW.findall(page)
    ]  # fmt: skip


def asked(client, address):
    answer = client.get(address)
    assert answer.status_code == 200, address
    return words_of(answer.text)


@pytest.mark.parametrize("lived", [False, True], ids=["after the night", "after a day"])
@pytest.mark.parametrize("member", MEMBERS)
def test_every_card_of_a_page_is_explained_as_shown_by_the_reason_of_its_row(client, member, lived):
    for event in EVENTS if lived else ():
        client.post("/api/v1/events", json={"member_id": member, **event})
    rows = rows_of(client.get(f"/?member={member}&lang=en").text)
    assert rows
    for _, heading, cards in rows:
        assert cards
        for course, address in cards:
            told = asked(client, address)
            assert told.startswith(SHOWN), (course, told)
            assert heading.removeprefix("More: ") in told, (course, told)
            assert "like you" not in told


def test_a_course_that_was_begun_is_explained_by_that(client):
    client.post("/api/v1/events", json={"member_id": "ann", **EVENTS[0]})
    told = asked(client, "/page/why?course=java-1&member=ann&lang=en")
    assert "Continue where you left off" in told
    assert "You have begun it and not completed it." in told
    assert "it stands under Continue" not in told


def test_what_comes_with_show_more_is_explained_by_its_row(client):
    page = client.get("/?member=dee&lang=en").text
    found = 0
    for address in {html.unescape(a) for a in re.findall(r'class="more" hx-get="([^"]+)"', page)}:
        for course, why in CARD.findall(client.get(address + "&lang=en").text):
            told = asked(client, html.unescape(why))
            assert told.startswith(SHOWN), (course, told)
            found += 1
    assert found > 3


def test_what_stands_nowhere_is_explained_as_not_shown(client):
    address = "/page/why?course=java-0&member=eve&lang=en"
    for told in (asked(client, address), asked(client, address + "&row=popular:")):  # nor does asking make it stand
        assert told.startswith(NOT_SHOWN)
        assert "You have completed it." in told


def test_of_whom_nothing_is_known_nothing_is_claimed(client):
    rows = rows_of(client.get("/?member=dee&lang=en").text)
    for address in [cards[0][1] for context, _, cards in rows if context.startswith("popular")]:
        told = asked(client, address)
        assert "This row is for all learners, whatever their skills." in told
        assert "for you." not in told  # no skill counts for somebody without any


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "ja"])
def test_words_come_first_and_numbers_only_when_asked_for(client, language):
    page = client.get(f"/page/why?course=python-1&member=ann&row=wanted:python&lang={language}").text
    first, numbers, last = re.fullmatch(r"(.*)<details class=\"numbers\">(.*)</details>(.*)", page, re.S).groups()
    assert re.findall(r'class="bar-fill" width="([0-9.]+)%"', first)[0] == "100.0"
    plain = words_of(first.replace("Understand Python", ""))
    assert not re.search(r"\d[.,]\d|×|=", plain.split("Teacher Python")[1])
    assert len(re.findall(r'class="bar-number">[^<]*×[^<]*<', numbers)) == first.count('class="bar-fill"') == 2
    assert len(re.findall(r"<li>", numbers)) > 2  # and what else moved it
    assert "bar-number" not in first + last
