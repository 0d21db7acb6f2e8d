"""From nothing to carousels in two screens: a title, a few skills, and a page that grows with every pick."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from skillfirst.serve.answers import Today, render_one
from skillfirst.serve.api import offer
from skillfirst.serve.newcomers import Newcomer, codes, title_code
from skillfirst.serve.offers import described, offered_titles
from skillfirst.serve.page.cards import Cards
from skillfirst.serve.page.templating import shown
from skillfirst.serve.page.viewing import TITLE_COOKIE, Viewer, short, viewer_of

PREVIEW_ROWS, PREVIEW_CARDS = 4, 4
TEASED = 5
TITLES_OFFERED = 12
MOST_PICKS = 50


async def titles(request: Request) -> Response:
    """First screen: the title, by search or from those many have."""
    viewer = viewer_of(request, anybody=True)
    search = request.query_params.get("search", "")[:100]
    fragment = request.headers.get("hx-request") == "true"

    def work() -> Response:
        words = viewer.words()
        frequent, found = _offered_titles(viewer, words.language)
        if search:
            frequent, found = [], offer(viewer.service, None, (), search, words.language)["found_titles"]
        template = "_titles.html" if fragment else "welcome.html"
        teaser = None if fragment else _teaser(viewer, words.language)
        return shown(
            template, viewer, words, page="welcome", frequent=frequent, titles=found[:TITLES_OFFERED], search=search,
            teaser=teaser,
        )  # fmt: skip

    return await viewer.service.work(work)


def _teaser(viewer: Viewer, language: str) -> dict[str, Any] | None:
    """What others learn, so that the first question already stands before something to look at."""
    whole = viewer.service.answers.whole("", "home", Newcomer(None, (), (), (language,)))
    page = msgspec.json.decode(whole.answer.body)
    if not page["carousels"]:
        return None
    row = {**page["carousels"][0], "courses": page["carousels"][0]["courses"][:TEASED]}
    return Cards(viewer, viewer.words(), whole.serving).carousel(row, page["language"], eager=True)


def _offered_titles(viewer: Viewer, language: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The titles many members have, and those that the most courses are for."""
    serving = viewer.service.house.now_serving()
    taxonomy = serving.model.taxonomy
    frequent, others = serving.keep("offered titles", lambda: offered_titles(serving, TITLES_OFFERED))
    return tuple(  # type: ignore[return-value]
        [{"title_id": taxonomy.titles[c], "name": taxonomy.title_name(c, language)} for c in codes]
        for codes in (frequent, others)
    )


async def picks(request: Request) -> Response:
    """Second screen, and its live part: offers, picks and the page so far."""
    viewer = viewer_of(request, anybody=True)
    query = request.query_params
    title, search = query.get("title", "")[:200] or None, query.get("search", "")[:100]
    chosen = tuple(dict.fromkeys(p[:200] for p in query.getlist("pick")))[:MOST_PICKS]
    fragment = request.headers.get("hx-request") == "true"

    def work() -> Response:
        words = viewer.words()
        today = viewer.service.answers.today("", Newcomer(title, (), chosen, (words.language,)))
        offered = offer(viewer.service, title, chosen, search, words.language, today.serving)
        model = today.serving.model
        at = title_code(model, title)
        picked = described(model, codes(model, chosen), words.language)
        carousels = _preview(viewer, today, words.language)
        return shown(
            "_picks.html" if fragment else "picks.html", viewer, words, page="welcome", offered=offered, picked=picked,
            search=search, title=title if at >= 0 else None, carousels=carousels,
            title_name=model.taxonomy.title_name(at, words.language) if at >= 0 else None,
        )  # fmt: skip

    return await viewer.service.work(work)


def _preview(viewer: Viewer, today: Today, language: str) -> list[dict[str, Any]]:
    """What such a person would get: the best of the list, then the first rows of the page."""
    words = viewer.words()
    feed = msgspec.json.decode(render_one(today, "feed", language))["courses"]
    page = msgspec.json.decode(render_one(today, "home", language))
    cards = Cards(viewer, words, today.serving)
    best = [course for course in feed if course["bucket"] is not None][:PREVIEW_CARDS]
    first = {course["course_id"] for course in best}
    rows = [{"rank": 0, "context": "", "evidence": None, "text": words("best"), "courses": best}] if best else []
    for row in page["carousels"]:
        if row["text"] in {kept["text"] for kept in rows}:
            continue
        courses = [course for course in row["courses"] if course["course_id"] not in first][:PREVIEW_CARDS]
        if len(courses) == PREVIEW_CARDS and len(rows) < PREVIEW_ROWS:
            rows.append({**row, "courses": courses})
    return [cards.carousel(row, page["language"], eager=True) for row in rows]


async def finish(request: Request) -> Response:
    """Keep the picks as interests, the title in a cookie, and go to the page."""
    from skillfirst.serve.api import keep_picks

    viewer = viewer_of(request, "profile", anybody=True)
    form = await request.form()
    viewer.service.callers.check_form(viewer.caller, str(form.get("form_token", "")), request.app.state.gate.now())
    title = str(form.get("title", ""))[:200]
    chosen = tuple(dict.fromkeys(str(p)[:200] for p in form.getlist("pick")))[:MOST_PICKS]
    member_id = viewer.member_id
    if member_id and chosen:
        await keep_picks(viewer.service, viewer.caller, member_id, Newcomer(None, (), chosen))
    response = RedirectResponse(viewer.url("/"), 303)
    if title:
        value = f"{short(member_id)}.{title.encode('ascii', 'ignore').decode()}"
        response.set_cookie(TITLE_COOKIE, value, max_age=31_536_000, httponly=True, samesite="lax")
    return response


ROUTES = [
    Route("/welcome", titles),
    Route("/welcome/skills", picks),
    Route("/welcome", finish, methods=["POST"]),
]
