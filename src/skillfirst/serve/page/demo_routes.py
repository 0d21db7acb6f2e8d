"""The demo's own button: now, and tomorrow."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from skillfirst.serve.page.viewing import Viewer, viewer_of
from skillfirst.serve.problems import Refused


async def tomorrow(request: Request) -> Response:
    """Run the night for everybody, publish it, and come back on the next morning."""
    viewer = viewer_of(request, "admin")
    form = await request.form()
    viewer.service.callers.check_form(viewer.caller, str(form.get("form_token", "")), request.app.state.gate.now())
    demo = viewer.service.demo
    if demo is None or not demo.can_turn:
        raise Refused(404, "there is no tomorrow here")
    before = await viewer.service.work(_shown, viewer)
    await viewer.service.work(demo.turn)
    await viewer.service.work(viewer.service.house.refresh)
    fresh = await viewer.service.work(_shown, viewer) - before
    return RedirectResponse(viewer.url("/", morning=len(fresh) if viewer.member_id else None), 303)


def _shown(viewer: Viewer) -> set[str]:
    """The courses on the viewer's page."""
    page = msgspec.json.decode(viewer.service.answers.whole(viewer.member_id, "home", viewer.newcomer).answer.body)
    return {course["course_id"] for row in page["carousels"] for course in row["courses"]}


ROUTES = [Route("/demo/tomorrow", tomorrow, methods=["POST"])]
