"""The page, or one carousel, as a fragment for somebody else's page."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from skillfirst.serve.page.cards import Cards
from skillfirst.serve.page.templating import html, render
from skillfirst.serve.page.viewing import Viewer, need_member, served_page, viewer_of
from skillfirst.serve.problems import Refused
from skillfirst.serve.profiles import saved_courses


async def fragment(request: Request) -> Response:
    """Carousels as HTML: all, or `carousel=` one of them (its rank, its context, or `context:evidence`)."""
    viewer = viewer_of(request)
    need_member(viewer)
    wanted = request.query_params.get("carousel", "")[:400]
    answer = await served_page(viewer)
    return await viewer.service.work(_fragment, viewer, answer.body, wanted)


def _fragment(viewer: Viewer, body: bytes, wanted: str) -> Response:
    page = msgspec.json.decode(body)
    rows = [row for row in page["carousels"] if not wanted or wanted in names_of(row)]
    if wanted and not rows:
        raise Refused(404, f"this member's page has no carousel {wanted[:80]!r}")
    words = viewer.words(page["language"])
    serving = viewer.service.house.now_serving()
    saved: frozenset[str] = frozenset()
    if serving.warm:
        saved = frozenset(saved_courses(viewer.service.answers.today(viewer.member_id, viewer.newcomer)))
    cards = Cards(viewer, words, saved)
    carousels = cards.carousels(rows, page["language"], eager=len(rows))
    text = render(
        "fragment.html", viewer=viewer, w=words, url=viewer.url, carousels=carousels, arms=page["arms"], page="embed"
    )  # fmt: skip
    return html(text)


def names_of(row: dict[str, Any]) -> set[str]:
    """What a carousel may be asked for by."""
    return {str(row["rank"]), row["context"], f"{row['context']}:{row['evidence'] or ''}"}


ROUTES = [Route("/embed/fragment", fragment)]
