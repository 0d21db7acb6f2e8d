"""The demo's own button: now, and tomorrow."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from skillfirst.serve.page.viewing import viewer_of
from skillfirst.serve.problems import Refused


async def tomorrow(request: Request) -> Response:
    """Run the night for everybody, publish it, and come back on the next morning."""
    viewer = viewer_of(request, "admin")
    form = await request.form()
    viewer.service.callers.check_form(viewer.caller, str(form.get("form_token", "")), request.app.state.gate.now())
    demo = viewer.service.demo
    if demo is None or not demo.can_turn:
        raise Refused(404, "there is no tomorrow here")
    await viewer.service.work(demo.turn)
    await viewer.service.work(viewer.service.house.refresh)
    return RedirectResponse(viewer.url("/"), 303)


ROUTES = [Route("/demo/tomorrow", tomorrow, methods=["POST"])]
