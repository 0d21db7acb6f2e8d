"""The gate every request passes: who calls, how often, how much; a number for the log; one kind of error out.

Written as plain ASGI: a stored answer leaves here without having met a framework.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast
from urllib.parse import parse_qs, unquote_to_bytes

import msgspec
import structlog

from skillfirst.serve.answers import Answers
from skillfirst.serve.callers import NOBODY, Caller, Callers, same_site
from skillfirst.serve.incoming import parse_events
from skillfirst.serve.limits import Buckets
from skillfirst.serve.metrics import Metrics
from skillfirst.serve.problem_responses import problem_response
from skillfirst.serve.problems import Refused, our_mistake, refusal_of
from skillfirst.serve.request_ids import request_id_of
from skillfirst.serve.settings import LONGEST_ID, Settings

Scope = Any
Receive = Any
Send = Any
Header = tuple[bytes, bytes]
App = Callable[[Scope, Receive, Send], Any]

API = "/api/v1"
EVENTS_PATH = API + "/events"
#: where a body may be as large as many events are
EVENT_PATHS = frozenset({EVENTS_PATH, API + "/xapi/statements", API + "/caliper"})
PUBLIC = ("/health/", "/static/", "/covers/", "/embed/")
TOKEN_PATHS = re.compile(r"/|/embed/.*|/welcome|/profile|/saved|/course/.*")
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_HOT = re.compile(rb"/api/v1/members/([^/?]{1,3000})/(home|feed)")
_ROUTES = {name.encode(): (name, API + "/members/{member_id}/" + name) for name in ("home", "feed")}
_ORIGINS = {origin: (b"x-answer", origin.encode()) for origin in ("stored", "folded", "cold")}
JSON = (b"content-type", b"application/json")
COMMON = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"same-origin"))
OWN_ORIGIN = (b"cross-origin-resource-policy", b"same-origin")
ANY_ORIGIN = (b"cross-origin-resource-policy", b"cross-origin")
PRIVATE = (b"cache-control", b"private, no-store")
TRIED = "tried"  # in a scope: nothing was ready `at_once`; what went wrong, or None

log = structlog.get_logger("skillfirst.serve")


class Ready(NamedTuple):
    """A whole answer of status 200."""

    headers: list[Header]
    body: bytes


class Gate:
    """See the module. `scope["caller"]` and `scope["request_id"]` are what it leaves for the routes."""

    def __init__(self, app: App, settings: Settings, callers: Callers, answers: Answers, metrics: Metrics) -> None:
        self.app, self.settings, self.callers, self.answers, self.metrics = app, settings, callers, answers, metrics
        self.service: Any = None
        limits = settings.limits
        self._members = Buckets(limits.member_rate, limits.member_burst, limits.callers)
        self._services = Buckets(limits.service_rate, limits.service_burst, limits.callers)
        self._failures = Buckets(limits.failures_rate, limits.failures_burst, limits.callers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        headers = dict(scope["headers"])
        scope["request_id"] = request_id = request_id_of(headers)
        answer = _Answer(send, request_id, self._cors(headers))
        try:
            if refused := scope.get(TRIED):
                raise refused
            ready = None if TRIED in scope else self._ready(scope, headers)
            if ready is not None:
                await answer.ready(ready)
            elif scope["method"] == "OPTIONS" and b"origin" in headers and b"access-control-request-method" in headers:
                await answer.plain(204, b"")
            else:
                receive = await self._admit(scope, headers, receive)
                if scope["method"] == "POST" and scope["path"] == EVENTS_PATH:
                    await self._heard(scope, (await receive())["body"], answer)
                else:
                    await self.app(scope, receive, answer)
        except Exception as error:
            await self._refuse(scope, error, answer)
        finally:
            self._note(scope, answer.status, time.perf_counter() - started)

    @staticmethod
    def now() -> int:
        """The present of keys and tokens (s since 1970): real, also where a demo turns its own calendar."""
        return int(time.time())

    def failed(self, scope: Scope) -> None:
        """Count a wrong key that came in a form. Raises Refused when there were too many from this address."""
        if wait := self._failures.wait((scope.get("client") or ("nowhere",))[0], time.monotonic()):
            raise _too_many(wait)

    def knows(self, url: bytes) -> bool:
        """Whether this is the address of a page or feed, of which an answer may be ready."""
        return _HOT.fullmatch(url) is not None

    def at_once(self, scope: Scope) -> Ready | None:
        """The answer to such a GET where it is ready, with `scope` as far as it stands before any application: for a
        server that can send it without one. None: call the application, which also says what is wrong."""
        started = time.perf_counter()
        headers = dict(scope["headers"])
        scope["request_id"] = request_id_of(headers)
        try:
            ready = self._ready(scope, headers)
        except Exception as error:
            scope[TRIED] = error  # said by the application; a wrong key is counted once
            return None
        if ready is None:
            scope[TRIED] = None
        else:
            self._note(scope, 200, time.perf_counter() - started)
        return ready

    def _ready(self, scope: Scope, headers: Mapping[bytes, bytes]) -> Ready | None:
        """A page or feed that nobody has to wait for, as it is sent: the path of nearly every request, and therefore
        without a call that could be spared. Raises Refused."""
        if scope["method"] != "GET" or scope["query_string"]:
            return None
        found = _HOT.fullmatch(scope.get("raw_path") or b"")
        if found is None:
            return None
        raw, name = found.groups()
        member_id = (unquote_to_bytes(raw) if b"%" in raw else raw).decode("utf-8", "replace")
        if len(member_id) > LONGEST_ID:
            return None  # the routes say what is wrong with it
        self._caller(scope, headers, None).may("read", member_id)
        channel, scope["route_name"] = _ROUTES[name]
        made = self.answers.at_once(member_id, channel)
        if made is None:
            del scope["route_name"]
            return None
        body, origin, version = made
        self.metrics.answers[origin].number += 1
        if self.settings.log_served == "all":
            self.service.served.note(member_id, channel, version)
        return Ready(_headers(scope["request_id"], body, OWN_ORIGIN, _ORIGINS[origin], *self._cors(headers)), body)

    async def _heard(self, scope: Scope, body: bytes, answer: _Answer) -> None:
        """Events, of which there are as many as of pages. Raises Refused."""
        scope["route_name"] = EVENTS_PATH
        outcome = await self.hear(scope, body)
        # a beacon from an embedded page comes without CORS: nobody reads its answer, which must not be an error
        await answer.plain(200, msgspec.json.encode(outcome), origin=ANY_ORIGIN)

    async def hear(self, scope: Scope, body: bytes) -> dict[str, Any]:
        """Store the events of a body durably; what became of each. Raises Refused."""
        batch = parse_events(body, self.settings.limits.events)
        caller = scope["caller"]
        if caller is NOBODY and batch.token is not None:
            caller = self.callers.who(scope, {b"authorization": b"Bearer " + batch.token.encode()}, self.now(), None)
        caller.may("events", caller.member)
        outcome: dict[str, Any] = await self.service.record(batch.events, caller)
        return outcome

    def _caller(self, scope: Scope, headers: Mapping[bytes, bytes], token: str | None) -> Caller:
        """Who calls, counted. Raises Refused."""
        if "caller" in scope:
            return scope["caller"]  # type: ignore[no-any-return]
        now = time.monotonic()
        address = (scope.get("client") or ("nowhere",))[0]
        try:
            caller = self.callers.who(scope, headers, self.now(), token)
        except Refused as refused:
            if refused.status == 401 and (wait := self._failures.wait(address, now)):
                raise _too_many(wait) from None
            raise
        if caller.by in ("key", "local"):
            wait = self._services.wait(caller.name, now)
        else:
            wait = self._members.wait(caller.member or address, now)
        if wait:
            raise _too_many(wait)
        scope["caller"] = caller
        return caller

    async def _admit(self, scope: Scope, headers: Mapping[bytes, bytes], receive: Receive) -> Receive:
        """Let a request through to the routes, its body read whole. Raises Refused."""
        path, method = scope["path"], scope["method"]
        if path.startswith(PUBLIC[0]):
            return receive  # who asks for our health is not asked back
        token = None
        if scope["query_string"] and b"token=" in scope["query_string"] and TOKEN_PATHS.fullmatch(path):
            token = parse_qs(scope["query_string"].decode("latin-1")).get("token", [None])[0]
        caller = self._caller(scope, headers, token)
        if method in UNSAFE:
            if caller.ambient and not same_site(headers):
                raise Refused(
                    403, "another site's page sent this", next_step="Send a token in the Authorization header."
                )
            limits = self.settings.limits
            most = limits.events_bytes if path in EVENT_PATHS else limits.body_bytes
            body = await read_body(headers, receive, most, limits.body_seconds)
            return _given(body)
        return receive

    def _cors(self, headers: Mapping[bytes, bytes]) -> tuple[tuple[bytes, bytes], ...]:
        origin = headers.get(b"origin")
        if origin is None or not self.settings.origins or origin.decode("latin-1") not in self.settings.origins:
            return ()
        return (
            (b"access-control-allow-origin", origin), (b"vary", b"Origin"), (b"access-control-max-age", b"600"),
            (b"access-control-allow-methods", b"GET, POST, PUT"),
            (b"access-control-allow-headers", b"authorization, content-type, x-experience-api-version"),
        )  # fmt: skip

    async def _refuse(self, scope: Scope, error: Exception, answer: _Answer) -> None:
        refused = refusal_of(error)
        if refused is None:
            log.error("failed", request_id=scope["request_id"], path=_shown(scope["path"]), exc_info=error)
            refused = our_mistake()
        if answer.started:
            return  # too late to say anything else: the server closes the connection
        await problem_response(scope, refused)(scope, receive_nothing, cast(Any, answer))

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = scope.get("route_name")
        if route is None:
            found = scope.get("route")
            route = getattr(found, "path_format", None) or getattr(found, "path", None) or "other"
        self.metrics.request(route, status, seconds)
        settings = self.settings
        if settings.access_log or status >= 400 or seconds > settings.slow_seconds:
            caller = scope.get("caller")
            log.info(
                "request", request_id=scope["request_id"], method=scope["method"], route=route, status=status,
                ms=round(seconds * 1000, 2), caller=caller.name if caller else None,
            )  # fmt: skip


class _Answer:
    """The send side of one request: adds what every answer carries, and remembers what was sent."""

    __slots__ = ("_extra", "_request_id", "_send", "started", "status")

    def __init__(self, send: Send, request_id: str, extra: tuple[tuple[bytes, bytes], ...]) -> None:
        self._send, self._request_id, self._extra = send, request_id, extra
        self.started, self.status = False, 500

    async def __call__(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.started, self.status = True, message["status"]
            given = message["headers"] = list(message.get("headers", ()))
            names = {name for name, _ in given}
            given += ((b"x-request-id", self._request_id.encode()), *COMMON)
            if b"access-control-allow-origin" not in names:
                given += self._extra
            if b"cache-control" not in names:
                given.append(PRIVATE)
            if b"cross-origin-resource-policy" not in names:
                given.append(OWN_ORIGIN)
        await self._send(message)

    async def plain(
        self, status: int, body: bytes, *headers: tuple[bytes, bytes], origin: tuple[bytes, bytes] = OWN_ORIGIN
    ) -> None:
        """A whole JSON answer at once."""
        await self._whole(status, _headers(self._request_id, body, origin, *headers, *self._extra), body)

    async def ready(self, ready: Ready) -> None:
        await self._whole(200, ready.headers, ready.body)

    async def _whole(self, status: int, headers: list[Header], body: bytes) -> None:
        self.started, self.status = True, status
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})


def _headers(request_id: str, body: bytes, *further: Header) -> list[Header]:
    """What a JSON answer of this body carries."""
    length = (b"content-length", b"%d" % len(body))
    return [JSON, length, (b"x-request-id", request_id.encode()), PRIVATE, *COMMON, *further]


async def read_body(headers: Mapping[bytes, bytes], receive: Receive, most: int, seconds: float) -> bytes:
    """The whole body. Raises Refused 413 when it is or says it is too long, 408 when it does not arrive in time."""
    said = headers.get(b"content-length")
    if said is not None and said.isdigit() and int(said) > most:
        raise _too_large(most)
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(seconds):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Refused(400, "the sender went away")
                part = message.get("body", b"")
                size += len(part)
                if size > most:
                    raise _too_large(most)
                parts.append(part)
                if not message.get("more_body", False):
                    return b"".join(parts)
    except TimeoutError:
        raise Refused(
            408, f"the body did not arrive within {seconds:g} seconds", headers={"connection": "close"}
        ) from None


def _given(body: bytes) -> Receive:
    """A receive side that hands out a body that was read already."""
    given = False

    async def receive() -> dict[str, Any]:
        nonlocal given
        if given:
            return {"type": "http.disconnect"}
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def receive_nothing() -> dict[str, Any]:
    return {"type": "http.disconnect"}


def _too_many(wait: float) -> Refused:
    return Refused(429, "too many requests", next_step="Try again later.", headers={"retry-after": str(int(wait) + 1)})


def _too_large(most: int) -> Refused:
    return Refused(413, f"the body is larger than {most:,} bytes", headers={"connection": "close"})


def _shown(path: str) -> str:
    """A path as it may stand in a log: without the ids of people."""
    return re.sub(r"/members/.*?/", "/members/-/", path)[:200]
