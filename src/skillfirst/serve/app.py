"""From stores and settings to an ASGI application."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from skillfirst import __version__
from skillfirst.errors import SkillfirstError
from skillfirst.serve import api, member_api, records_api
from skillfirst.serve.admin import routes as admin_routes
from skillfirst.serve.answers import Clock, system_clock
from skillfirst.serve.demo import Demo
from skillfirst.serve.gate import Gate
from skillfirst.serve.page import asset_routes, demo_routes, embed_routes, home_routes, reference_routes, welcome_routes
from skillfirst.serve.problem_responses import problem_response
from skillfirst.serve.problems import Refused, our_mistake, refusal_of
from skillfirst.serve.service import Service
from skillfirst.serve.settings import Settings
from skillfirst.stores.event_log import EventLog
from skillfirst.stores.kept_apart import KeptApart
from skillfirst.stores.offline import OfflineStore
from skillfirst.stores.online import OnlineStore

SUMMARY = """Recommendations by skills, with true reasons.

Send a service key or a member token as `Authorization: Bearer ...`. Without any configured key the service answers
the machine it runs on. Every error is `{"error": {"code", "message", "next_step", "request_id"}}`."""


def create_app(
    online: OnlineStore, events: EventLog | None = None, offline: OfflineStore | None = None, *,
    settings: Settings | None = None, clock: Clock = system_clock, demo: Demo | None = None,
    kept_apart: KeptApart | None = None,
) -> Gate:  # fmt: skip
    """The ASGI application. The stores stay the caller's: it opened them, it closes them.

    Args:
        online: where answers come from.
        events: the event log; without it nothing can be told to the service, and stored answers are all it knows.
        offline: the runs, for the manager's view.
        clock: the present; a demo brings its own.
        kept_apart: where records of learning go that become no event; without it no such records are taken.
    """
    settings = settings or Settings()
    service = Service(online, events, offline, settings, clock, demo, kept_apart)

    @contextlib.asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        await service.start()
        yield
        await service.stop()

    web = FastAPI(
        title="skillfirst", version=__version__, description=SUMMARY, lifespan=life, docs_url=None, redoc_url=None,
        openapi_url="/api/openapi.json", redirect_slashes=False,
    )  # fmt: skip
    web.state.service = service
    for router in (member_api.router, api.router, records_api.router, api.open_router):
        web.include_router(router)
    for room in (asset_routes, home_routes, welcome_routes, embed_routes, demo_routes, reference_routes, admin_routes):
        web.router.routes.extend(room.ROUTES)
    _answer_errors(web)
    gate = Gate(web, settings, service.callers, service.answers, service.metrics)
    web.state.gate = gate
    gate.service = service
    return gate


def _answer_errors(web: FastAPI) -> None:
    async def ours(request: Request, error: Exception) -> Response:
        refused = refusal_of(error)
        if refused is None:
            raise error
        return _problem(request, refused)

    async def unforeseen(request: Request, error: Exception) -> Response:
        return _problem(request, our_mistake())  # the gate writes the log

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        first: Any = error.errors()[0] if error.errors() else {"loc": (), "msg": "not understood"}
        where = ".".join(str(part) for part in first["loc"] if part != "body")
        status = 400 if first.get("type") == "json_invalid" else 422
        return _problem(request, Refused(status, f"{where}: {first['msg']}"[:300]))

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return _problem(request, Refused(error.status_code, str(error.detail), headers=dict(error.headers or {})))

    web.add_exception_handler(Exception, unforeseen)
    web.add_exception_handler(Refused, ours)
    web.add_exception_handler(SkillfirstError, ours)
    web.add_exception_handler(RequestValidationError, invalid)
    web.add_exception_handler(HTTPException, http)


def _problem(request: Request, refused: Refused) -> Response:
    return problem_response(request.scope, refused)
