"""The API of one member: answers, profile, and what the member says back."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from skillfirst.errors import NotFound
from skillfirst.serve.answers import Today, render_one
from skillfirst.serve.hearing import (
    CourseId,
    Language,
    Limit,
    MemberId,
    Offset,
    caller_of,
    json_answer,
    newcomer_of,
    problems,
    service_of,
)
from skillfirst.serve.newcomers import Newcomer
from skillfirst.serve.problems import Refused

router = APIRouter(prefix="/api/v1/members", tags=["members"])
MEMBER = "/{member_id:path}"
About = Annotated[Newcomer, Depends(newcomer_of)]
SKILL_EVENTS = {"add": "interest", "refuse": "refuse_skill", "restore": "undo"}
COURSE_EVENTS = ("dismiss", "undo", "bookmark", "enrol", "complete", "click")


class SkillChange(BaseModel):
    """Add a skill one wants to learn, refuse one, or take either back."""

    skill: str = Field(min_length=1, max_length=200, description="id, name or alias")
    action: Literal["add", "refuse", "restore"]


async def _answer(request: Request, member_id: str, channel: str, about: Newcomer, language: str | None) -> Response:
    caller_of(request).may("read", member_id)
    service = service_of(request)
    answer = await service.answer(member_id, channel, about, language)
    if service.settings.log_served == "all":
        service.served.note(member_id, channel, answer.version)
    return Response(answer.body, 200, {"x-answer": answer.origin, "x-version": answer.version}, "application/json")


@router.get(MEMBER + "/home", summary="The page: a grid of carousels, each with its reason", responses=problems())
async def home(request: Request, member_id: MemberId, about: About, language: Language = None) -> Response:
    """Stored bytes where nothing happened since the night, else computed now. `title`, `skills`, `wants` and
    `languages` describe a member the night does not know; of others only a title and languages they never stated
    count. Who states no languages is taken to understand `language`."""
    return await _answer(request, member_id, "home", about, language)


@router.get(MEMBER + "/feed", summary="The feed: one list, best first, skill sets taking turns", responses=problems())
async def feed(request: Request, member_id: MemberId, about: About, language: Language = None) -> Response:
    """See home."""
    return await _answer(request, member_id, "feed", about, language)


@router.get(MEMBER + "/carousels/{carousel}", summary="More of one carousel", responses=problems(404))
async def carousel(
    request: Request,
    member_id: MemberId,
    carousel: Annotated[str, Path(max_length=400, description="its rank on the page, or `context:evidence`")],
    about: About,
    offset: Offset = 0,
    limit: Limit = 12,
    language: Language = None,
) -> Response:
    """Courses of the carousel after those on the page, in its own order; `offset` counts from the page's last one."""
    service = service_of(request)
    caller_of(request).may("read", member_id)
    about = about.reading(language)

    def work() -> dict[str, Any]:
        whole = service.answers.whole(member_id, "home", about)
        today = whole.today or service.answers.today(member_id, about)
        body = render_one(today, "home", language) if language else whole.answer.body
        return more_of(today, msgspec.json.decode(body), carousel, offset, limit)

    return json_answer(await service.work(work))


def more_of(today: Today, page: dict[str, Any], carousel: str, offset: int, limit: int) -> dict[str, Any]:
    """The carousel's courses beyond the page. Raises NotFound when the page has no such carousel."""
    from skillfirst.serve.more import rest_of_row

    row = next(
        (r for r in page["carousels"] if carousel in (str(r["rank"]), f"{r['context']}:{r['evidence'] or ''}")), None
    )
    if row is None:
        raise NotFound(f"this member's page has no carousel '{carousel[:80]}'")
    shown = {course["course_id"] for r in page["carousels"] for course in r["courses"]}
    renderer, courses = today.serving.renderer, today.serving.model.courses
    rest = [item for item in rest_of_row(today, row["context"], row["evidence"]) if courses[item["code"]] not in shown]
    part = [
        {"position": len(row["courses"]) + offset + i + 1, "affinity": item["affinity"], "score": item["score"],
         **msgspec.json.decode(b"{" + renderer.card(item["code"]) + b"}")}
        for i, item in enumerate(rest[offset : offset + limit])
    ]  # fmt: skip
    head = {name: row[name] for name in ("rank", "context", "evidence", "text")}
    return {**head, "offset": offset, "remaining": max(len(rest) - offset - limit, 0), "courses": part}


@router.get(MEMBER + "/profile", summary="Every skill, where it comes from, how surely", responses=problems())
async def profile(request: Request, member_id: MemberId, about: About, language: Language = None) -> Response:
    service = service_of(request)
    caller_of(request).may("profile", member_id)
    return json_answer(await service.work(_profile, service, member_id, about, language))


def _profile(service: Any, member_id: str, about: Newcomer, language: str | None) -> dict[str, Any]:
    from skillfirst.serve.profiles import profile

    return profile(service.answers.today(member_id, about.reading(language)), language)


@router.post(MEMBER + "/skills", summary="Add, refuse or restore a skill", responses=problems(400, 404, 408, 413))
async def change_skill(
    request: Request, member_id: MemberId, change: SkillChange, language: Language = None
) -> Response:
    """Answers with the profile as it is now; the page follows at once."""
    service, caller = service_of(request), caller_of(request)
    caller.may("profile", member_id)
    skill_id = await service.work(service.skill_id, change.skill)
    await service.happened(caller, member_id, SKILL_EVENTS[change.action], skill_id=skill_id)
    return json_answer(await service.work(_profile, service, member_id, Newcomer(), language))


@router.post(
    MEMBER + "/courses/{course_id:path}/{action}", summary="Dismiss, undo, bookmark, enrol, complete",
    responses=problems(404),
)  # fmt: skip
async def act(
    request: Request,
    member_id: MemberId,
    course_id: CourseId,
    action: Literal["dismiss", "undo", "bookmark", "enrol", "complete", "click"],
) -> Response:
    """What the member does with a course; the next answer shows it. `undo` takes back a dismissal or a bookmark."""
    service, caller = service_of(request), caller_of(request)
    caller.may("events", member_id)
    await service.work(service.course_code, course_id)
    await service.happened(caller, member_id, action, course_id=course_id)
    return json_answer({"member_id": member_id, "course_id": course_id, "done": action})


@router.get(MEMBER + "/explain", summary="What is known of a member, with every number", responses=problems())
async def explain_all(request: Request, member_id: MemberId, about: About) -> Response:
    service = service_of(request)
    caller_of(request).may("profile", member_id)

    def work() -> dict[str, Any]:
        from skillfirst.kernel.explain import explain_member

        today = service.answers.today(member_id, about)
        return explain_member(today.document, today.serving.model, today.policy)

    return json_answer(await service.work(work))


@router.get(
    MEMBER + "/explain/{course_id:path}", summary="Why this course, or why not, with every number",
    responses=problems(404),
)  # fmt: skip
async def explain(request: Request, member_id: MemberId, course_id: CourseId, about: About) -> Response:
    """Matched skills with weights, IDF and contributions, the bucket and its turn, exposure, filters, places."""
    service = service_of(request)
    caller_of(request).may("profile", member_id)

    def work() -> dict[str, Any]:
        from skillfirst.kernel.explain import explain_course

        today = service.answers.today(member_id, about)
        return explain_course(today.document, today.serving.model, course_id, today.policy)

    if "\x00" in course_id:
        raise Refused(404, "there is no such course")
    return json_answer(await service.work(work))
