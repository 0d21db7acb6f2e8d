"""The page itself and everything that happens on it without leaving it."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from skillfirst.serve.answers import Today, Whole
from skillfirst.serve.callers import MEMBER_COOKIE
from skillfirst.serve.member_api import more_of
from skillfirst.serve.page.about import beside, grouped
from skillfirst.serve.page.cards import Cards, quoted
from skillfirst.serve.page.explaining import explained
from skillfirst.serve.page.templating import shown
from skillfirst.serve.page.viewing import Viewer, check_form, need_member, served_page, viewer_of
from skillfirst.serve.page.words import Words
from skillfirst.serve.problems import Refused
from skillfirst.serve.profiles import LIKELY, counting_skills, profile, progress, saved_courses
from skillfirst.serve.serving import Serving

MORE = 12
SIMILAR = 12
WATCH_SECONDS = 1800.0


async def home(request: Request) -> Response:
    """`/`: the grid. A token in the address becomes a cookie; a language asked for is remembered."""
    caller = request.scope["caller"]
    embedded = request.query_params.get("embedded") == "1"
    if caller.by == "token" and "token" in request.query_params and not embedded:
        response = RedirectResponse("/", 303)
        session = request.app.state.service.callers.member_session(caller.member, request.app.state.gate.now())
        set_cookie(request, response, MEMBER_COOKIE, session)
        return response
    viewer = viewer_of(request)
    if not viewer.member_id:
        return shown("who.html", viewer, viewer.words(), page="home")
    morning = _number(request, "morning") if viewer.service.demo and "morning" in request.query_params else None
    return await viewer.service.work(_home, viewer, await served_page(viewer), morning)


def _home(viewer: Viewer, whole: Whole, morning: int | None) -> Response:
    """`morning`: how many courses the night brought that was just run, in the demo."""
    page = msgspec.json.decode(whole.answer.body)
    words = viewer.words(page["language"])
    about = None
    serving, today = whole.serving, whole.today
    if today is not None:  # the first page does not wait for the compiler
        about = beside(today, serving.touched.events(viewer.member_id), words)
    cards = cards_of(viewer, words, serving, today)
    carousels = cards.carousels(page["carousels"], page["language"], eager=2)
    template = "embedded.html" if viewer.embedded else "home.html"
    return shown(
        template, viewer, words, page="home", carousels=carousels, about=about, arms=page["arms"], channel="home",
        version=serving.version, morning=morning, titles=_titles(serving, viewer, words),
    )  # fmt: skip


def _titles(serving: Serving, viewer: Viewer, words: Words) -> dict[str, str]:
    """The titles of the demo's people, by member, in the language of the page."""
    demo = viewer.service.demo
    if demo is None:
        return {}
    taxonomy = serving.taxonomy
    codes = {person.member_id: taxonomy.titles.code(person.title) for person in demo.people}
    return {member: taxonomy.title_name(code, words.language) if code >= 0 else "" for member, code in codes.items()}


async def more(request: Request) -> Response:
    """The next courses of a carousel, and a way to ask for those after them."""
    viewer = viewer_of(request)
    key, offset = request.query_params.get("carousel", ""), _number(request, "offset")

    def work() -> Response:
        whole = viewer.service.answers.whole(viewer.member_id, "home", viewer.newcomer)
        today = whole.today or viewer.service.answers.today(viewer.member_id, viewer.newcomer)
        page = msgspec.json.decode(whole.answer.body)
        words = viewer.words(page["language"])
        row = more_of(today, page, key, offset, MORE)
        cards = cards_of(viewer, words, today.serving, today)
        made = [cards.card(course, row["rank"], row["context"], row=key) for course in row["courses"]]
        next_url = cards.more_url(key, offset + MORE) if row["remaining"] else None
        return shown("_cards.html", viewer, words, cards=made, more=next_url, remaining=row["remaining"], first=False)

    return await viewer.service.work(work)


async def why(request: Request) -> Response:
    """The real reason of one course, in words, and its numbers. `row`: the carousel in which it was seen."""
    viewer = viewer_of(request, "profile")
    course_id, row = request.query_params.get("course", ""), request.query_params.get("row", "")

    def work() -> Response:
        whole = viewer.service.answers.whole(need_member(viewer), "home", viewer.newcomer)
        today = whole.today or viewer.service.answers.today(viewer.member_id, viewer.newcomer)
        words = viewer.words(_language(today))
        cards = Cards(viewer, words, today.serving)
        card = cards.card(cards.by_id(course_id), 0, "")
        told = explained(today, msgspec.json.decode(whole.answer.body), course_id, row, words)
        return shown("why.html", viewer, words, why=told, card=card)

    return await viewer.service.work(work)


async def act(request: Request) -> Response:
    """Hide, take back, save: the card answers in its own place."""
    viewer = viewer_of(request, "events")
    check_form(request, viewer)
    service, course_id = viewer.service, request.query_params.get("course", "")
    action = request.path_params["action"]
    await service.work(service.course_code, course_id)
    rank, position = _number(request, "rank"), _number(request, "position")
    context, row = request.query_params.get("context", "")[:40], request.query_params.get("row")
    where = {"carousel_rank": rank, "position": position, "context": context or None} if rank else {}
    if action not in ("hide", "unhide", "save", "unsave"):
        raise Refused(404, "there is no such thing to do with a course")
    kind = {"hide": "dismiss", "unhide": "undo", "save": "bookmark", "unsave": "undo"}[action]
    await service.happened(viewer.caller, need_member(viewer), kind, course_id=course_id, channel="home", **where)

    def work() -> Response:
        today = service.answers.today(viewer.member_id, viewer.newcomer)
        words = viewer.words(_language(today))
        cards = cards_of(viewer, words, today.serving, today)
        card = cards.card({**cards.by_id(course_id), "position": position or 1}, rank, context, row=row)
        template = {"hide": "_hidden.html", "unhide": "_card.html"}.get(action, "_save.html")
        return shown(template, viewer, words, card=card)

    return await service.work(work)


def cards_of(viewer: Viewer, words: Words, serving: Serving, today: Today | None) -> Cards:
    """Cards that know what the member has saved and begun, and which skills count."""
    if today is None:
        return Cards(viewer, words, serving)
    return Cards(viewer, words, serving, frozenset(saved_courses(today)), progress(today), counting_skills(today))


def _language(today: Today) -> str:
    """The language the member's page speaks."""
    return today.serving.renderer.language(today.languages)


async def course(request: Request) -> Response:
    """One course: what it teaches, and courses like it."""
    from skillfirst.serve.api import similar_courses

    viewer = viewer_of(request)
    course_id = request.path_params["course_id"]
    done = request.query_params.get("done", "")

    def work() -> Response:
        service = viewer.service
        today = service.answers.today(viewer.member_id, viewer.newcomer) if viewer.member_id else None
        serving = today.serving if today else service.house.now_serving()
        found = similar_courses(service, course_id, 0, SIMILAR, serving)
        code, texts = service.course_code(course_id, serving), serving.texts
        words = viewer.words(_language(today) if today else None)
        cards = cards_of(viewer, words, serving, today)
        own = cards.card({"position": 1, **found["course"]}, 0, "")
        like = [cards.card({"position": i + 1, **c}, 0, "similar") for i, c in enumerate(found["courses"])]
        skills = [cards.skill_name(s) for s in found["course"].get("skills") or []]
        return shown(
            "course.html", viewer, words, page="course", card=own, similar=like, skills=skills,
            description=texts.description(code), contents=texts.contents(code),
            done=words(f"done_{done}") if f"done_{done}" in words else None,
        )  # fmt: skip

    return await viewer.service.work(work)


async def study(request: Request) -> Response:
    """In the demo a course can be watched and completed here."""
    viewer = viewer_of(request, "events")
    course_id, action = request.path_params["course_id"], request.path_params["action"]
    form = await request.form()
    viewer.service.callers.check_form(viewer.caller, str(form.get("form_token", "")), request.app.state.gate.now())
    if viewer.service.demo is None:
        raise Refused(404, "courses are taken on the host platform")
    await viewer.service.work(viewer.service.course_code, course_id)
    if action not in ("watch", "complete"):
        raise Refused(404, "there is no such thing to do with a course")
    kind, seconds = ("watch", WATCH_SECONDS) if action == "watch" else ("complete", None)
    await viewer.service.happened(viewer.caller, need_member(viewer), kind, course_id=course_id, seconds=seconds)
    return RedirectResponse(viewer.url(f"/course/{quoted(course_id)}", done=action), 303)


async def saved(request: Request) -> Response:
    """What the member keeps for later."""
    viewer = viewer_of(request)

    def work() -> Response:
        today = viewer.service.answers.today(need_member(viewer), viewer.newcomer)
        words = viewer.words(_language(today))
        cards = cards_of(viewer, words, today.serving, today)
        ids = saved_courses(today)
        made = [cards.card({**cards.by_id(i), "position": n + 1}, 0, "saved") for n, i in enumerate(ids)]
        return shown("saved.html", viewer, words, page="saved", cards=made)

    return await viewer.service.work(work)


async def skills(request: Request) -> Response:
    """The skill profile: everything believed, where it comes from, and a way to take it out."""
    viewer = viewer_of(request, "profile")
    return await viewer.service.work(_skills, viewer, need_member(viewer), None)


def _skills(viewer: Viewer, member_id: str, problem: str | None, template: str = "skills.html") -> Response:
    today = viewer.service.answers.today(member_id, viewer.newcomer)
    words = viewer.words(_language(today))
    known = profile(today, words.language)
    return shown(
        template, viewer, words, page="skills", groups=grouped(known, words), refused=known["refused"],
        titles=known["titles"], problem=words("unknown_skill") if problem else None, likely=round(100 * LIKELY),
    )  # fmt: skip


async def skill_names(request: Request) -> Response:
    """Names of skills for what has been typed, as options."""
    from skillfirst.serve.offers import described, search_skills

    viewer = viewer_of(request, "profile")
    typed = request.query_params.get("skill", "")[:100]

    def work() -> Response:
        words, serving = viewer.words(), viewer.service.house.now_serving()
        found = described(serving.model, search_skills(serving, typed, words.language), words.language)
        return shown("_skill_names.html", viewer, words, names=[skill["name"] for skill in found])

    return await viewer.service.work(work)


async def change_skill(request: Request) -> Response:
    """Add, refuse or restore; the list answers in place."""
    from skillfirst.serve.member_api import SKILL_EVENTS

    viewer = viewer_of(request, "profile")
    check_form(request, viewer)
    member_id, service = need_member(viewer), viewer.service
    form = await request.form()
    action, skill = request.path_params["action"], str(form.get("skill", ""))[:200]
    if action not in SKILL_EVENTS:
        raise Refused(404, "there is no such thing to do with a skill")
    problem = None
    try:
        skill_id = await service.work(service.skill_id, skill)
        await service.happened(viewer.caller, member_id, SKILL_EVENTS[action], skill_id=skill_id)
    except Refused as refused:
        if refused.status != 404:
            raise
        problem = skill
    return await service.work(_skills, viewer, member_id, problem, "_skills.html")


def _number(request: Request, name: str) -> int:
    text = request.query_params.get(name, "0")
    if not text.isascii() or not text.isdigit() or len(text) > 5:
        raise Refused(422, f"{name} is a whole number")
    return min(int(text), 32_000)


def set_cookie(
    request: Request, response: Response, name: str, value: str, seconds: int | None = None, *, strict: bool = False
) -> None:
    """A cookie that scripts cannot read and other sites' requests do not carry."""
    secure = request.app.state.service.settings.secure_cookies and request.scope["caller"].by != "local"
    secure = secure and request.url.hostname not in ("127.0.0.1", "localhost")
    response.set_cookie(
        name, value, max_age=seconds, httponly=True, secure=secure, path="/", samesite="strict" if strict else "lax"
    )


ROUTES = [
    Route("/", home),
    Route("/page/more", more),
    Route("/page/why", why),
    Route("/page/{action:str}", act, methods=["POST"]),
    Route("/course/{course_id:path}/study/{action:str}", study, methods=["POST"]),
    Route("/course/{course_id:path}", course),
    Route("/saved", saved),
    Route("/skills", skills),
    Route("/skills/names", skill_names),
    Route("/skills/{action:str}", change_skill, methods=["POST"]),
]
