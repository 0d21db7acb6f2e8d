"""The short way to a stored answer says what the long way says, and leaves to the long way what is not that simple."""

from __future__ import annotations

import asyncio

import pytest
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from skillfirst.serve import new_key
from skillfirst.serve.protocol import Protocol
from skillfirst.serve.settings import Limits

HOME, FEED = "/api/v1/members/ann/home", "/api/v1/members/ann/feed"
HEADERS = "host: 127.0.0.1\r\nx-request-id: mine-7\r\n"


class Wire(asyncio.Transport):
    """A connection without a network: keeps what is written."""

    def __init__(self, client):
        super().__init__({"peername": client, "sockname": ("127.0.0.1", 80)})
        self.written, self.closed, self.writes = b"", False, 0

    def write(self, data):
        self.written += data
        self.writes += 1

    def close(self):
        self.closed = True

    def is_closing(self):
        return self.closed

    def pause_reading(self):
        pass

    def resume_reading(self):
        pass


class Talk:
    """What a client says on one connection, and what has been written to it."""

    def __init__(self, app, protocol, client=("127.0.0.1", 5), **config):
        # no keep-alive of the test's own: the timer would outlive it
        self.state = ServerState()
        self.wire = Wire(client)
        settled = Config(app, lifespan="off", proxy_headers=False, access_log=False, **config)
        self.protocol = protocol(settled, self.state, {}, asyncio.get_running_loop())
        self.protocol.connection_made(self.wire)

    def say(self, text):
        """Sends; returns what stands on the wire before anything else had a turn."""
        self.protocol.data_received(text.encode())
        return self.wire.written

    async def whole(self, text):
        """Sends; returns what stands on the wire when all is said."""
        self.say(text)
        while self.state.tasks:
            await asyncio.gather(*self.state.tasks)
        return self.wire.written


def talk(world, scene, settings=None, **further):
    """Run `scene(short, long)`, a connection of each way to one application."""

    async def run():
        app = world.app(**(settings or {}))
        await app.service.start()
        try:
            talks = [Talk(app, protocol, **further) for protocol in (Protocol, HttpToolsProtocol)]
            try:
                return await scene(*talks)
            finally:
                for each in talks:
                    each.protocol.connection_lost(None)
        finally:
            await app.service.stop()

    return asyncio.run(run())


def request(path=HOME, headers="", method="GET", version="1.1", body=""):
    return f"{method} {path} HTTP/{version}\r\n{HEADERS}{headers}\r\n{body}"


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        (request(), {}),
        (request(FEED), {}),
        (request("/api/v1/members/a%6En/home"), {}),
        (request(headers="origin: https://lms.example\r\n"), {"origins": ("https://lms.example",)}),
        (request(headers="content-length: 2\r\n", body="hi"), {}),
    ],
)
def test_a_stored_answer_is_sent_at_once_and_as_the_application_sends_it(world, text, settings):
    async def scene(short, long):
        at_once = short.say(text)
        assert at_once.startswith(b"HTTP/1.1 200 OK\r\n")
        assert not short.state.tasks
        assert at_once == await long.whole(text)
        assert b"x-answer: stored\r\n" in at_once
        assert short.state.total_requests == long.state.total_requests == 1

    talk(world, scene, settings)


@pytest.mark.parametrize(
    "text",
    [
        request("/api/v1/members/ann/home?count=3"),
        request("/api/v1/members/ann/profile"),
        request("/health/live"),
        request(method="HEAD"),
        request(method="DELETE"),
        request(version="1.0"),
        request(headers="connection: close\r\n"),
        request(headers="expect: 100-continue\r\ncontent-length: 0\r\n"),
        request("/api/v1/members/" + "a" * 2000 + "/home"),
        request(headers="x-forwarded-for: 192.0.2.7\r\n"),
    ],
)
def test_everything_else_goes_the_long_way(world, text):
    async def scene(short, long):
        assert short.say(text) == b""
        assert await short.whole("") == await long.whole(text)
        assert short.wire.closed == long.wire.closed

    talk(world, scene)


def test_requests_sent_without_waiting_are_answered_in_their_order(world):
    async def scene(short, long):
        text = request() + request("/health/live") + request(FEED) + request()
        assert short.say(text).count(b"HTTP/1.1 200 OK") == 1  # the others wait for the second
        long.say(text)
        for each in (short, long):
            while each.state.total_requests < 4:
                await each.whole("") if each.state.tasks else await asyncio.sleep(0)
        (_, *bodies), (_, *expected) = (t.wire.written.split(b"HTTP/1.1 200 OK\r\n") for t in (short, long))
        assert bodies == expected
        assert len(bodies) == 4
        sent = short.wire.written
        assert short.say(request())[len(sent) :].startswith(b"HTTP/1.1 200 OK")  # afterwards at once again

    talk(world, scene)


def test_a_client_that_does_not_read_is_waited_for(world):
    async def scene(short, long):
        short.protocol.pause_writing()
        assert short.say(request()) == b""
        short.protocol.resume_writing()
        assert (await short.whole("")).startswith(b"HTTP/1.1 200 OK")

    talk(world, scene)


def test_more_connections_than_allowed_are_told_so(world):
    async def scene(short, long):
        assert (await short.whole(request())).startswith(b"HTTP/1.1 503")

    talk(world, scene, limit_concurrency=1)


def test_a_wrong_key_is_counted_once_and_metrics_know_both_ways(world):
    text, key = new_key("lms", ["read", "admin"])
    limits = Limits(failures_rate=0.001, failures_burst=2)
    good, bad = (f"authorization: Bearer {t}\r\n" for t in (text, text[:-1]))

    async def scene(short, long):
        for status in (b"401", b"401", b"429"):
            before = len(short.wire.written)
            assert (await short.whole(request(headers=bad)))[before:].startswith(b"HTTP/1.1 " + status)
        short.say(request(headers=good))
        await long.whole(request(headers=good))
        before = len(long.wire.written)
        told = (await long.whole(request("/metrics", good)))[before:]
        route = b'skillfirst_requests_total{route="/api/v1/members/{member_id}/home",status='
        assert route + b'"200"} 2.0' in told
        assert b'skillfirst_answers_total{origin="stored"} 2.0' in told

    talk(world, scene, {"keys": (key,), "limits": limits}, client=("192.0.2.7", 5))


def test_an_answer_that_is_not_ready_is_asked_for_once(world, monkeypatch):
    async def scene(short, long):
        answers, asked = short.protocol.app.answers, []
        monkeypatch.setattr(answers, "at_once", lambda member, channel: asked.append(member))
        assert (await short.whole(request())).startswith(b"HTTP/1.1 200 OK")
        assert asked == ["ann"]

    talk(world, scene)


def test_with_a_server_that_keeps_its_state_elsewhere_the_long_way_is_left(world):
    async def scene(short, long):
        del short.protocol.flow.write_paused
        assert short.say(request()) == b""
        short.protocol.flow.write_paused = False
        assert await short.whole("") == await long.whole(request())

    talk(world, scene)
