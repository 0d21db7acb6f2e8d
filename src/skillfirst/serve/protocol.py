"""The server's HTTP with a short way: an answer that is ready is written as soon as its request has been read.

Everything else, and every server but ours, goes through ASGI: a task a request, a message for the head and one for the
body, each header looked at. That takes longer than finding a stored answer and sending it. Which answer, for whom and
under which headers is the Gate's to say on both ways.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from skillfirst.serve.gate import Gate


class _Sent:
    """Stands where uvicorn keeps the request it works on: this one is over."""

    response_complete = True
    message_event = asyncio.Event()


class Protocol(HttpToolsProtocol):
    """uvicorn's own, for an application that is a Gate."""

    def on_headers_complete(self) -> None:
        try:
            content = self._at_once()
        except AttributeError:  # a uvicorn that keeps its state elsewhere: the ordinary way is always there
            content = None
        if content is None:
            super().on_headers_complete()
            return
        self.cycle = _Sent  # type: ignore[assignment]
        self.transport.write(content)
        self.on_response_complete()

    def _at_once(self) -> bytes | None:
        """The whole answer as it goes over the wire, where it is ready and nothing forbids to send it now."""
        gate, parser = self.app, self.parser
        if (
            not isinstance(gate, Gate)
            or not gate.knows(self.url)
            or parser.get_method() != b"GET"
            or self._busy
            or parser.get_http_version() != "1.1"
            or not parser.should_keep_alive()
            or parser.should_upgrade()
            or self.expect_100_continue
        ):
            return None
        scope: dict[str, Any] = self.scope  # type: ignore[assignment]
        scope["method"], scope["raw_path"], scope["query_string"] = "GET", self.url, b""
        ready = gate.at_once(scope)
        if ready is None:
            return None
        content = [STATUS_LINE[200]]
        for name, value in (*self.server_state.default_headers, *ready.headers):
            content += (name, b": ", value, b"\r\n")
        return b"".join((*content, b"\r\n", ready.body))

    @property
    def _busy(self) -> bool:
        """Whether this has to wait: for an earlier request of the connection, for a reader, or for fewer callers."""
        cycle, most = self.cycle, self.limit_concurrency
        return (
            (cycle is not None and not cycle.response_complete)
            or self.flow.write_paused
            or (most is not None and (len(self.connections) >= most or len(self.tasks) >= most))
        )
