"""What several API routes declare: parameters with their bounds, and the answers to what is wrong."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import Path, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from skillfirst.serve.callers import Caller
from skillfirst.serve.newcomers import Newcomer
from skillfirst.serve.service import Service
from skillfirst.serve.settings import LONGEST_ID

MemberId = Annotated[str, Path(min_length=1, max_length=LONGEST_ID, description="the host platform's id of the member")]
CourseId = Annotated[str, Path(min_length=1, max_length=LONGEST_ID, description="id of the course")]
Language = Annotated[
    str | None,
    Query(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$", max_length=35, description="language of the texts, BCP 47"),
]
Names = Annotated[str, Query(max_length=4_000, description="ids or names, separated by commas")]
Offset = Annotated[int, Query(ge=0, le=100_000)]
Limit = Annotated[int, Query(ge=1, le=100)]
MOST_NAMES = 200


class Problem(BaseModel):
    """What went wrong, in words, and what to do."""

    code: str
    message: str
    next_step: str | None = None
    request_id: str


class Problems(BaseModel):
    error: Problem


_MEANING = {
    400: "the body is not JSON", 401: "no key, or not a valid one", 403: "the key or token is not good for this",
    404: "not here", 408: "the body came too slowly", 413: "too large", 422: "a value is missing or wrong",
    429: "too many requests", 503: "nothing is published yet, or a store does not answer",
}  # fmt: skip


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error answers of a route for its documentation; those that any route can give are included."""
    return {s: {"model": Problems, "description": _MEANING[s]} for s in sorted({401, 403, 422, 429, 503, *statuses})}


def service_of(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


def caller_of(request: Request) -> Caller:
    caller: Caller = request.scope["caller"]
    return caller


def json_answer(content: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(content), status, headers, "application/json")


def split(names: str) -> tuple[str, ...]:
    """Comma-separated names, the first 200, without empty ones."""
    return tuple(part for n in names.split(",")[:MOST_NAMES] if (part := n.strip()))


class About(BaseModel):
    """What a request may say about a member the night has never seen."""

    title: str | None = Field(None, max_length=200, description="title: id, name or alias")
    skills: list[Annotated[str, Field(max_length=200)]] = Field([], max_length=MOST_NAMES, description="skills held")
    wants: list[Annotated[str, Field(max_length=200)]] = Field([], max_length=MOST_NAMES, description="skills wanted")
    languages: list[Annotated[str, Field(max_length=35)]] = Field([], max_length=8, description="BCP 47")

    def newcomer(self) -> Newcomer:
        return Newcomer(self.title, tuple(self.skills), tuple(self.wants), tuple(self.languages))


def newcomer_of(
    title: Annotated[
        str | None, Query(max_length=200, description="title, if the night does not know the member")
    ] = None,
    skills: Names = "",
    wants: Names = "",
    languages: Names = "",
) -> Newcomer:
    return Newcomer(title or None, split(skills), split(wants), split(languages))
