"""A refusal as a page, for people; programs get JSON."""

from __future__ import annotations

from typing import Any

from skillfirst.serve.page.templating import environment
from skillfirst.serve.page.words import preferred, words
from skillfirst.serve.problems import Refused


class _Nobody:
    """What the frame of a page needs when nobody may be looking."""

    theme, member_id, path, embedded = "", "", "/", False
    headers: dict[str, str] = {}  # noqa: RUF012  never written


def wants_page(scope: Any) -> bool:
    """Whether a browser asked for something outside of the API, not from within a page."""
    headers = dict(scope["headers"])
    accept = headers.get(b"accept", b"")
    return b"text/html" in accept and not scope["path"].startswith("/api/") and b"hx-request" not in headers


def problem_page(scope: Any, refused: Refused) -> str:
    """The page that says what went wrong."""
    w = words(preferred(dict(scope["headers"]).get(b"accept-language", b"").decode("latin-1")) or "en")

    def url(path: str, **values: str) -> str:
        return path

    return environment().get_template("problem.html").render(
        viewer=_Nobody, w=w, url=url, brand="skillfirst", demo=None, page="problem", message=refused.message,
        next_step=refused.next_step, request_id=scope.get("request_id", ""),
    )  # fmt: skip
