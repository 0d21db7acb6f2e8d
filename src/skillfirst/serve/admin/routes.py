"""/admin: for a service key with the scope "admin", through a session of some hours; in English."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from skillfirst.errors import NotFound, RunError
from skillfirst.serve.admin import charts, figures
from skillfirst.serve.admin.members import members_called
from skillfirst.serve.callers import ADMIN_COOKIE, ADMIN_SECONDS, Caller
from skillfirst.serve.keys import find_key
from skillfirst.serve.page.home_routes import set_cookie
from skillfirst.serve.page.templating import html, render
from skillfirst.serve.page.viewing import THEME_COOKIE, THEMES
from skillfirst.serve.problems import Refused
from skillfirst.serve.service import Service
from skillfirst.serve.settings import LONGEST_ID


def _admin(request: Request) -> tuple[Service, Caller]:
    """The service, for those who may. Raises Refused."""
    caller: Caller = request.scope["caller"]
    caller.may("admin", caller.member)
    return request.app.state.service, caller


def _shown(request: Request, template: str, **values: Any) -> Response:
    service: Service = request.app.state.service
    caller: Caller = request.scope["caller"]
    theme = request.cookies.get(THEME_COOKIE, "")
    token = service.callers.form_token(caller, request.app.state.gate.now())
    return html(
        render(
            f"admin/{template}", brand=service.settings.brand, theme=theme if theme in THEMES else "", form_token=token,
            charts=charts, by=caller.by, **values,
        )
    )  # fmt: skip


async def _checked_form(request: Request) -> Any:
    form = await request.form()
    service: Service = request.app.state.service
    now = request.app.state.gate.now()
    service.callers.check_form(request.scope["caller"], str(form.get("form_token", "")), now)
    return form


async def runs(request: Request) -> Response:
    """Runs against the one before, and the buttons."""
    if request.scope["caller"].by == "nobody":
        return _shown(request, "login.html", page="login", problem=None)
    service, _ = _admin(request)
    found = await service.work(figures.runs, service)
    return _shown(
        request, "runs.html", page="runs", runs=found, problem=None, refused=None, can_roll=_can_roll(service)
    )


def _can_roll(service: Service) -> bool:
    return service.online.previous() is not None


async def login(request: Request) -> Response:
    """A key in, a session out."""
    service: Service = request.app.state.service
    form = await request.form()
    key = find_key(service.settings.keys, str(form.get("key", "")))
    if key is None or "admin" not in key.scopes:
        request.app.state.gate.failed(request.scope)
        response = _shown(request, "login.html", page="login", problem="This key does not open this door.")
        response.status_code = 403
        return response
    response = RedirectResponse("/admin", 303)
    session = service.callers.admin_session(key.name, request.app.state.gate.now())
    set_cookie(request, response, ADMIN_COOKIE, session, ADMIN_SECONDS, strict=True)
    return response


async def logout(request: Request) -> Response:
    """Forget the session in this browser."""
    await _checked_form(request)
    response = RedirectResponse("/admin", 303)
    response.delete_cookie(ADMIN_COOKIE, path="/")
    return response


async def publish(request: Request) -> Response:
    """Publish a run; one that lost too much is refused, with the reason and the choice."""
    from skillfirst.publish import publish as publish_run

    service, _ = _admin(request)
    form = await _checked_form(request)
    if service.offline is None:
        raise Refused(404, "this service has no runs at hand")
    run_id, force = str(form.get("run", ""))[:40], form.get("force") == "1"
    try:
        run = await service.work(service.offline.open, run_id)
        await service.work(publish_run, run, service.online, force=force)
    except RunError as error:
        found = await service.work(figures.runs, service)
        return _shown(
            request, "runs.html", page="runs", runs=found, problem=error.message, refused=run_id,
            can_roll=_can_roll(service),
        )  # fmt: skip
    await service.work(service.house.refresh)
    return RedirectResponse("/admin", 303)


async def rollback(request: Request) -> Response:
    """Serve the version before."""
    service, _ = _admin(request)
    await _checked_form(request)
    await service.work(service.online.rollback)
    await service.work(service.house.refresh)
    return RedirectResponse("/admin", 303)


async def coverage(request: Request) -> Response:
    """What nobody sees, and who sees nothing of their own."""
    service, _ = _admin(request)
    return _shown(request, "coverage.html", page="coverage", c=await service.work(figures.coverage, service))


async def carousels(request: Request) -> Response:
    """Contexts and their click-through."""
    service, _ = _admin(request)
    return _shown(request, "carousels.html", page="carousels", c=await service.work(figures.carousels, service))


async def inspect(request: Request) -> Response:
    """Why, and why not."""
    service, _ = _admin(request)
    member_id = request.query_params.get("member", "").strip()[:LONGEST_ID]
    course_id = request.query_params.get("course", "").strip()[:LONGEST_ID]
    found, problem = None, None
    named: list[str] = []
    meant: list[dict[str, Any]] = []
    if member_id:
        if course_id:
            meant = await service.work(figures.courses_called, service, course_id)
            if len(meant) == 1:
                course_id = meant.pop()["course_id"]
        try:
            found = await service.work(figures.inspected, service, member_id, "" if meant else course_id)
        except NotFound as error:
            problem = error.message
        if found is not None and not found["known"] and not found["events"]:
            found, problem = None, f"no member has the id {member_id}"
            named = await service.work(members_called, service, member_id)
    return _shown(
        request, "inspect.html", page="inspect", member=member_id, course=course_id, found=found, problem=problem,
        meant=meant, named=named,
    )  # fmt: skip


ROUTES = [
    Route("/admin", runs),
    Route("/admin/login", login, methods=["POST"]),
    Route("/admin/logout", logout, methods=["POST"]),
    Route("/admin/publish", publish, methods=["POST"]),
    Route("/admin/rollback", rollback, methods=["POST"]),
    Route("/admin/coverage", coverage),
    Route("/admin/carousels", carousels),
    Route("/admin/inspect", inspect),
]
