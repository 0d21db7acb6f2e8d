"""The page, or one carousel, as a fragment for somebody else's page."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from skillfirst.serve.answers import Whole
from skillfirst.serve.page.home_routes import cards_of
from skillfirst.serve.page.templating import html, render
from skillfirst.serve.page.viewing import Viewer, need_member, served_page, viewer_of
from skillfirst.serve.problems import Refused


async def fragment(request: Request) -> Response:
    """Carousels as HTML: all, or `carousel=` one of them (its rank, its context, or `context:evidence`)."""
    viewer = viewer_of(request)
    need_member(viewer)
    wanted = request.query_params.get("carousel", "")[:400]
    return await viewer.service.work(_fragment, viewer, await served_page(viewer), wanted)


def _fragment(viewer: Viewer, whole: Whole, wanted: str) -> Response:
    page = msgspec.json.decode(whole.answer.body)
    rows = [row for row in page["carousels"] if not wanted or wanted in names_of(row)]
    if wanted and not rows:
        raise Refused(404, f"this member's page has no carousel {wanted[:80]!r}")
    words = viewer.words(page["language"])
    cards = cards_of(viewer, words, whole.serving, whole.today)
    carousels = cards.carousels(rows, page["language"], eager=len(rows))
    text = render(
        "fragment.html", viewer=viewer, w=words, url=viewer.url, carousels=carousels, arms=page["arms"], page="embed"
    )  # fmt: skip
    return html(text)


def names_of(row: dict[str, Any]) -> set[str]:
    """What a carousel may be asked for by."""
    return {str(row["rank"]), row["context"], f"{row['context']}:{row['evidence'] or ''}"}


ROUTES = [Route("/embed/fragment", fragment)]
