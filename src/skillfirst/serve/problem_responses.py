"""A refusal as an answer: JSON for programs, a page for people."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from skillfirst.serve.problems import Refused, problem_body


def problem_response(scope: Any, refused: Refused) -> Response:
    """The answer that tells the sender of this request what went wrong."""
    from skillfirst.serve.page.problem_page import problem_page, wants_page
    from skillfirst.serve.page.templating import html

    if wants_page(scope):
        response: Response = html(problem_page(scope, refused), refused.status)
        response.headers.update(refused.headers)
        return response
    body = problem_body(refused, scope.get("request_id", ""))
    return Response(body, refused.status, refused.headers, "application/json")
