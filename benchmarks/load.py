"""Requests over open connections, as fast as they go or at a fixed rate; the load of `serving.py`.

wrk is used for full load where it is installed (it takes less of the machine); this client does the same without it.
At a fixed rate latency counts from the moment a request was due, so that a server that stalls cannot hide the requests
it kept from being sent.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

CONNECTIONS = 16
LUA = """
local paths = {%s}
local at = 0
request = function()
  at = at %% #paths + 1
  return wrk.format("GET", paths[at])
end
"""


@dataclass
class Tally:
    """Latencies in seconds, and answers other than 200."""

    latencies: list[float] = field(default_factory=list)
    failures: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    def at(self, percent: float) -> float:
        """Milliseconds under which so many percent of the requests stayed."""
        ordered = sorted(self.latencies) or [0.0]
        return 1000 * ordered[min(int(len(ordered) * percent / 100), len(ordered) - 1)]


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".encode()


def post(path: str, body: str) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n{body}".encode()


class Lane(asyncio.Protocol):
    """One connection: a request, its answer, the next request when it is due (gap 0: at once)."""

    def __init__(self, requests: Callable[[], bytes], tally: Tally, first: float, gap: float, end: float) -> None:
        self.requests, self.tally, self.due, self.gap, self.end = requests, tally, first, gap, end
        self.buffer, self.missing = b"", -1
        self.loop = asyncio.get_running_loop()
        self.done = self.loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.loop.call_later(max(0.0, self.due - time.perf_counter()), self.ask)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.tally.failures += 1
            self.done.set_result(None)

    def ask(self) -> None:
        if self.gap == 0.0:
            self.due = time.perf_counter()
        self.transport.write(self.requests())

    def data_received(self, data: bytes) -> None:
        if self.missing < 0:
            self.buffer += data
            head = self.buffer.find(b"\r\n\r\n")
            if head < 0:
                return
            at = self.buffer.lower().find(b"content-length: ", 0, head) + 16
            length = int(self.buffer[at : self.buffer.find(b"\r", at)])
            self.tally.failures += not self.buffer.startswith(b"HTTP/1.1 200")
            self.missing = length - (len(self.buffer) - head - 4)
            self.buffer = b""
        else:
            self.missing -= len(data)
        if self.missing > 0:
            return
        self.missing = -1
        now = time.perf_counter()
        self.tally.latencies.append(now - self.due)
        self.due += self.gap
        if max(self.due, now) >= self.end:
            self.done.set_result(None)
            self.transport.close()
        elif self.due > now:
            self.loop.call_later(self.due - now, self.ask)
        else:
            self.ask()


@dataclass(frozen=True)
class Stream:
    """What is asked for over some connections: the next request, and how many a second (0: as many as go)."""

    request: Callable[[], bytes]
    rate: float = 0.0
    connections: int = CONNECTIONS


def drive(port: int, seconds: float, *streams: Stream) -> list[Tally]:
    """Run all streams at once; one Tally each."""

    async def run() -> list[Tally]:
        loop, began = asyncio.get_running_loop(), time.perf_counter()
        tallies, lanes = [Tally() for _ in streams], []
        for stream, tally in zip(streams, tallies, strict=True):
            gap = stream.connections / stream.rate if stream.rate else 0.0
            for number in range(stream.connections):
                first = began + gap * number / stream.connections
                lanes.append(Lane(stream.request, tally, first, gap, began + seconds))
                await loop.create_connection(lambda lane=lanes[-1]: lane, "127.0.0.1", port)
        await asyncio.gather(*(lane.done for lane in lanes))
        for tally in tallies:
            tally.seconds = time.perf_counter() - began
        return tallies

    with suppress(ImportError):
        import uvloop

        return uvloop.run(run())
    return asyncio.run(run())


def in_turn(requests: Sequence[bytes]) -> Callable[[], bytes]:
    """The requests one after the other, for ever."""
    at = -1

    def following() -> bytes:
        nonlocal at
        at = (at + 1) % len(requests)
        return requests[at]

    return following


def full_load(port: int, paths: Sequence[str], seconds: float) -> float:
    """Requests a second at full load, in turn over the paths. Exits where an answer was not 200."""
    if not shutil.which("wrk"):
        tally = drive(port, seconds, Stream(in_turn([get(path) for path in paths])))[0]
        if tally.failures:
            raise SystemExit(f"{tally.failures} requests failed")
        return tally.rate
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "paths.lua"
        script.write_text(LUA % ", ".join(f'"{path}"' for path in paths), encoding="utf-8")
        call = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:.0f}s", "-s", str(script), f"http://127.0.0.1:{port}"]
        text = subprocess.run(call, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in text:
        raise SystemExit(text)
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])  # type: ignore[index]
