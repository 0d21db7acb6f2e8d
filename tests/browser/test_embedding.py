"""The plain site of docs/embedding, on another origin: a carousel in it, and the whole page in a frame."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

EXAMPLE = Path(__file__).parents[2] / "docs" / "embedding" / "index.html"
SECRET = b"the platform's own secret, 32 by"
MEMBER = "persona-haruka"


@pytest.fixture
def sites(stores, server_class):
    from skillfirst.serve import Settings, create_app, mint_token

    online, log, offline = stores
    page = {"html": ""}

    async def index(_):
        return HTMLResponse(page["html"])

    with server_class(Starlette(routes=[Route("/", index)])) as host:
        settings = Settings(token_secrets=(SECRET,), origins=(host.url,), frame_ancestors=(host.url,))
        with server_class(create_app(online, log, offline, settings=settings)) as service:
            token = mint_token(SECRET, MEMBER, int(time.time()))
            text = EXAMPLE.read_text().replace("SERVICE", service.url).replace("TOKEN", token)
            page["html"] = text.replace("CAROUSEL", "")
            yield host, service


@pytest.fixture
def page(sites, chromium):
    host, service = sites
    context = chromium.new_context(viewport={"width": 1200, "height": 900})
    context.set_default_timeout(60_000)
    opened = context.new_page()
    problems: list[str] = []
    opened.on("console", lambda m: m.type == "error" and problems.append(m.text))
    opened.on("pageerror", lambda e: problems.append(str(e)))
    opened.on("request", lambda r: r.url.startswith((host.url, service.url, "data:")) or problems.append(r.url))
    opened.goto(host.url)
    yield opened
    context.close()
    assert [p for p in problems if "404" not in p and "401" not in p] == []  # no favicon; the expired token


def test_a_carousel_inside_a_plain_site(page, stores, eventually):
    place = page.locator("#learn")
    page.locator("#learn[data-state=ready]").wait_for()
    cards = place.locator(".card[data-course]")
    assert cards.count() >= 3
    # nobody's styles reach the other
    assert "italic" not in place.locator("h2").first.evaluate("h => getComputedStyle(h).fontStyle")
    assert page.locator("body > h2").first.evaluate("h => getComputedStyle(h).fontStyle") == "italic"
    assert cards.first.locator("img").evaluate("i => i.decode().then(() => i.naturalWidth > 0)")
    assert place.locator("[data-scroll='-1']").first.is_disabled()
    assert page.evaluate("document.fonts.load('15px \"skillfirst Inter\"').then((faces) => faces.length)") > 0
    place.locator(".why").first.click()
    place.get_by_role("dialog").get_by_role("heading", level=2).wait_for()
    page.keyboard.press("Escape")
    course = cards.nth(1).get_attribute("data-course")
    cards.nth(1).hover()
    cards.nth(1).locator(".hide").click()
    place.locator(".card.gone").get_by_role("button", name="Undo").wait_for()
    events = stores[1].read_member(MEMBER).to_pylist()
    assert (events[-1]["kind"], events[-1]["course_id"]) == ("dismiss", course)
    chosen = cards.first.get_attribute("data-course")
    cards.first.locator("h3 a").click()
    assert page.locator("#chosen").inner_text() == f"You chose {chosen}"
    eventually(
        lambda: chosen in [e["course_id"] for e in stores[1].read_member(MEMBER).to_pylist() if e["kind"] == "click"]
    )


def test_the_page_in_a_frame_without_cookies(page):
    frame = page.frame_locator("iframe")
    frame.locator(".card[data-course]").first.wait_for()
    assert page.context.cookies() == []
    frame.locator(".why").first.click()
    frame.get_by_role("dialog").get_by_role("heading", level=2).wait_for()


def test_an_expired_token_is_announced(page):
    from skillfirst.serve import mint_token

    page.locator("#learn[data-state=ready]").wait_for()
    valid = page.locator("#learn").get_attribute("data-token")
    page.evaluate("window.heard = 0; learn.addEventListener('skillfirst:token', () => { window.heard += 1 })")
    page.evaluate("token => { learn.dataset.token = token }", mint_token(SECRET, MEMBER, 1_700_000_000))
    page.locator("#learn[data-state=failed]").wait_for()
    assert page.evaluate("window.heard") == 1
    page.evaluate("token => { learn.dataset.token = token }", valid)
    page.locator("#learn[data-state=ready]").wait_for()
    assert page.evaluate("window.heard") == 1
    assert page.locator("#learn .card[data-course]").count() >= 3


def test_another_site_is_not_framed(sites, chromium, server_class):
    _, service = sites
    frame = f'<iframe src="{service.url}/?embedded=1"></iframe>'

    async def index(_):
        return HTMLResponse(frame)

    with server_class(Starlette(routes=[Route("/", index)])) as stranger:
        context = chromium.new_context()
        page = context.new_page()
        refused: list[str] = []
        page.on("console", lambda m: "frame-ancestors" in m.text.lower() and refused.append(m.text))
        page.goto(stranger.url)
        page.wait_for_load_state("load")
        assert page.frames[-1].url.startswith("chrome-error") or refused
        context.close()
