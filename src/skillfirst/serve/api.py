"""The API beside members: courses, the questionnaire, events, health, metrics."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import PlainTextResponse, Response

from skillfirst.serve.hearing import (
    CourseId,
    Language,
    Limit,
    Names,
    Offset,
    caller_of,
    json_answer,
    problems,
    service_of,
    split,
)
from skillfirst.serve.metrics import CONTENT_TYPE
from skillfirst.serve.newcomers import Newcomer, codes, title_code
from skillfirst.serve.problems import Refused
from skillfirst.serve.service import Service
from skillfirst.serve.serving import Serving
from skillfirst.serve.settings import LONGEST_ID

router = APIRouter(prefix="/api/v1")
open_router = APIRouter()
Short = Annotated[str, Field(max_length=200)]


class Picks(BaseModel):
    """The questionnaire's answers. With a member they are kept as interests; without, they are only answered."""

    member_id: str | None = Field(None, min_length=1, max_length=LONGEST_ID)
    title: str | None = Field(None, max_length=200)
    picks: list[Short] = Field([], max_length=100, description="skills to learn: ids, names or aliases")
    skills: list[Short] = Field([], max_length=100, description="skills held already")
    languages: list[Annotated[str, Field(max_length=35)]] = Field([], max_length=8)
    channel: Literal["home", "feed"] = "home"


@router.get(
    "/courses/{course_id:path}/similar", summary="Courses like a course", tags=["courses"], responses=problems(404)
)
async def similar(request: Request, course_id: CourseId, offset: Offset = 0, limit: Limit = 12) -> Response:
    """Most similar first: by skills, rare ones counting more, and by what the same people take. Other versions,
    levels and translations of the course are left out."""
    service = service_of(request)
    caller_of(request).may("read", caller_of(request).member)
    return json_answer(await service.work(similar_courses, service, course_id, offset, limit))


def similar_courses(
    service: Service, course_id: str, offset: int, limit: int, serving: Serving | None = None
) -> dict[str, Any]:
    """The card of a course and of those like it, as the version at hand (the serving one) has them."""
    serving = serving or service.house.now_serving()
    code = service.course_code(course_id, serving)
    arrays, renderer = serving.model.arrays, serving.renderer
    own = arrays["similar"][arrays["similar_offsets"][code] : arrays["similar_offsets"][code + 1]]
    same = {name: int(arrays[name][code]) for name in ("group", "twin")}
    open_ = [
        int(c)
        for c in own
        if not serving.model.catalogue.retired[c]
        and not any(number >= 0 and arrays[name][c] == number for name, number in same.items())
    ]
    cards = [msgspec.json.decode(b"{" + renderer.card(c) + b"}") for c in (code, *open_[offset : offset + limit])]
    return {
        "course": cards[0],
        "offset": offset,
        "remaining": max(len(open_) - offset - limit, 0),
        "courses": cards[1:],
    }


@router.get("/questionnaire", summary="Skills to offer somebody new", tags=["questionnaire"], responses=problems())
async def questionnaire(
    request: Request,
    title: Annotated[str | None, Query(max_length=200)] = None,
    picks: Names = "",
    search: Annotated[str, Query(max_length=100)] = "",
    language: Language = None,
) -> Response:
    """Those of the title first; after each pick, what goes with it. `search` looks for skills and titles by name."""
    service = service_of(request)
    caller_of(request).may("read", caller_of(request).member)
    return json_answer(await service.work(offer, service, title, split(picks), search, language))


def offer(
    service: Service, title: str | None, picks: tuple[str, ...], search: str, language: str | None,
    serving: Serving | None = None,
) -> dict[str, Any]:  # fmt: skip
    """What the questionnaire shows next, out of the version at hand (the serving one)."""
    from skillfirst.serve.offers import described, offers, search_skills, search_titles

    serving = serving or service.house.now_serving()
    model = serving.model
    at, chosen = title_code(model, title), codes(model, picks)
    found_titles = search_titles(serving, search)
    return {
        "title": model.taxonomy.titles[at] if at >= 0 else None,
        "picks": described(model, chosen, language),
        "skills": described(model, offers(serving, at, chosen), language),
        "found_skills": described(model, search_skills(serving, search, language), language),
        "found_titles": [
            {"title_id": model.taxonomy.titles[t], "name": model.taxonomy.title_name(t, language)} for t in found_titles
        ],
    }


@router.post(
    "/questionnaire", summary="Picks in, a page out", tags=["questionnaire"], responses=problems(400, 408, 413)
)  # fmt: skip
async def answer_picks(request: Request, picks: Picks, language: Language = None) -> Response:
    """The answer is computed now, for a member the night has never seen."""
    service, caller = service_of(request), caller_of(request)
    caller.may("read", picks.member_id or caller.member)
    newcomer = Newcomer(picks.title, tuple(picks.skills), tuple(picks.picks), tuple(picks.languages))
    if picks.member_id is not None and picks.picks:
        caller.may("profile", picks.member_id)
        await keep_picks(service, caller, picks.member_id, newcomer)
    answer = await service.answer(picks.member_id or "", picks.channel, newcomer, language)
    return Response(answer.body, 200, {"x-answer": answer.origin}, "application/json")


async def keep_picks(service: Service, caller: Any, member_id: str, newcomer: Newcomer) -> None:
    """Store the picks as the member's interests; a pick that is no skill is left out."""
    model = (await service.work(service.house.now_serving)).model
    wanted = await service.work(codes, model, newcomer.wants)
    events = [{"member_id": member_id, "kind": "interest", "skill_id": model.taxonomy.skills[c]} for c in wanted]
    if events:
        await service.record(events, caller)


EVENT_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            kind: {"schema": {"oneOf": [{"type": "object"}, {"type": "array", "items": {"type": "object"}}]}}
            for kind in ("application/json", "text/plain")
        },
    }
}


@router.post(
    "/events", summary="Events: one, a list, or {\"events\": [...]}", tags=["events"], openapi_extra=EVENT_BODY,
    responses=problems(400, 408, 413),
)  # fmt: skip
async def events(request: Request) -> Response:
    """Stored durably before the answer. An event counts once, by `event_id`, or else by its content. `time` may be
    left out, or replaced by `ago_ms`. `sendBeacon` may put its token into the batch:
    `{"token": ..., "events": [...]}`."""
    # the gate takes them before they come here
    return json_answer(await request.app.state.gate.hear(request.scope, await request.body()))


@open_router.get("/health/live", summary="The process answers", tags=["health"])
async def live() -> dict[str, str]:
    return {"status": "alive"}


@open_router.get("/health/ready", summary="A published run is being served", tags=["health"], responses=problems())
async def ready(request: Request) -> Response:
    service = service_of(request)
    if not service.ready:
        raise Refused(503, "nothing has been published yet", next_step="Publish a run: skillfirst publish.")
    current = service.house.now_serving()
    return json_answer(
        {"status": "ready", "version": current.version, "day": current.meta.get("day"), "warm": current.warm}
    )


@open_router.get(
    "/metrics", summary="Numbers for Prometheus (scope admin)", tags=["health"], responses=problems(),
    response_class=PlainTextResponse,
)  # fmt: skip
async def metrics(request: Request) -> Response:
    caller_of(request).may("admin", caller_of(request).member)
    return Response(service_of(request).metrics.text(), 200, media_type=CONTENT_TYPE)
