"""What every page loads: styles, scripts, fonts, and the drawn covers. Public, and kept by browsers for ever."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from skillfirst.serve.page.covers import draw_cover
from skillfirst.serve.page.templating import STATIC

FOR_EVER = "public, max-age=31536000, immutable"
AN_HOUR = "public, max-age=3600"
LONGEST = 1_000
KEPT_COVERS = 2_048
#: a file of ours may be loaded by the page it is embedded in
ANYWHERE = {"access-control-allow-origin": "*", "cross-origin-resource-policy": "cross-origin"}


class Files(StaticFiles):
    """Static files: kept for ever where the address changes with the content, else asked for again after an hour."""

    def file_response(self, full_path: Any, stat_result: Any, scope: Any, status_code: int = 200) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        fixed = b"v=" in scope.get("query_string", b"") or "/vendor/" in str(full_path)
        response.headers.update({"cache-control": FOR_EVER if fixed else AN_HOUR, **ANYWHERE})
        return response


@lru_cache(maxsize=KEPT_COVERS)
def _cover(course_id: str, category: str, skill: str) -> bytes:
    return draw_cover(course_id, category, [skill] if skill else []).encode()


async def cover(request: Request) -> Response:
    """The cover of a course: `i` its id, `c` its category, `s` its first skill."""
    course_id, category, skill = (request.query_params.get(name, "")[:LONGEST] for name in "ics")
    headers = {"cache-control": FOR_EVER, "content-security-policy": "default-src 'none'", **ANYWHERE}
    return Response(_cover(course_id, category, skill), 200, headers, "image/svg+xml")


async def embed_script(request: Request) -> Response:
    """The script a host page loads; its address stays, so browsers ask again after an hour."""
    text = (STATIC / "embed.js").read_bytes()
    return Response(text, 200, {"cache-control": AN_HOUR, **ANYWHERE}, "text/javascript")


ROUTES: list[BaseRoute] = [
    Mount("/static", Files(directory=STATIC), name="static"),
    Route("/covers/cover.svg", cover),
    Route("/embed/skillfirst.js", embed_script),
]
