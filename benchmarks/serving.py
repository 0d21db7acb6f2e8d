"""The service against raw ASGI with the same bytes, its latency at half load, its memory and its start.

    .venv/bin/python benchmarks/serving.py [--members 2000] [--seconds 20] [--soak 120]

One process serves; wrk (from the system) or, without it, a small asyncio client loads it over loopback, on the same
two cores. "raw" is the smallest ASGI application there is, on the same server with the same flags, answering the very
bytes of one stored page. Ratios hold for one run on one machine; figures of other runs are no comparison.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent
CONNECTIONS = 16
EVENT_CONNECTIONS = 8  # of beacons: a page does not wait for a disk
RAW = """
import sys, uvicorn
body = open(sys.argv[2], "rb").read()
start = {"type": "http.response.start", "status": 200,
         "headers": [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]}
rest = {"type": "http.response.body", "body": body}
async def app(scope, receive, send):
    await send(start)
    await send(rest)
uvicorn.run(app, port=int(sys.argv[1]), log_config=None, access_log=False, server_header=False, date_header=False,
            lifespan="off", proxy_headers=False)
"""
SERVE = """
import sys
from skillfirst.serve import run
run(sys.argv[2], f"lmdb:{sys.argv[2]}/online", port=int(sys.argv[1]))
"""


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


class Process:
    """A server of its own, and how long it took until it answered."""

    def __init__(self, code: str, *arguments: str, ready: str = "/") -> None:
        self.port = free_port()
        began = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, str(self.port), *arguments], stderr=subprocess.DEVNULL
        )
        while True:
            try:
                with urllib.request.urlopen(self.url + ready, timeout=5) as answer:
                    if answer.status == 200:
                        break
            except OSError:
                if self.process.poll() is not None:
                    raise SystemExit("the server did not start") from None
                time.sleep(0.005)
        self.ready_seconds, self.ready_cpu = time.perf_counter() - began, self.cpu()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def memory(self) -> float:
        """Resident MB."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024  # type: ignore[index]

    def cpu(self) -> float:
        """CPU seconds used so far, all threads."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(self.url + path, timeout=60) as answer:
            return answer.read()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


def prepare(members: int, place: Path) -> tuple[Path, list[str]]:
    """An invented academy after one night, published; some of its members."""
    from skillfirst.engines.local import LocalEngine
    from skillfirst.evaluation.world import invent, write
    from skillfirst.pipeline import Night, run_night
    from skillfirst.publish import publish
    from skillfirst.stores.online import open_online

    day = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1)
    write(invent(members=members, seed=7, day=day), place / "data")
    run = run_night(Night(place / "data", place / "store", day), LocalEngine(2))
    with open_online(f"lmdb:{place / 'store' / 'online'}") as online:
        publish(run, online)
    ids = [m for b in run.table("recommendations", ["member_id"]) for m in b.column("member_id").to_pylist()]
    return place / "store", sorted(set(ids))


def load(url: str, seconds: float) -> float:
    """Requests a second at full load, by wrk where it is, else by an asyncio client."""
    if shutil.which("wrk"):
        text = subprocess.run(
            ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:g}s", url], capture_output=True, text=True, check=True
        ).stdout
        if "Non-2xx" in text:
            raise SystemExit(text)
        return float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])  # type: ignore[index]
    return asyncio.run(paced(url, [url.partition("/api")[1] + url.partition("/api")[2]], seconds, 0.0, 0.0))["rate"]


async def paced(base: str, paths: list[str], seconds: float, rate: float, event_share: float) -> dict[str, float]:
    """Requests at a fixed rate (0: as fast as they go) from open connections; latency counts from when each was due."""
    host, port = base.split("//")[1].split("/")[0].split(":")
    latencies: list[float] = []
    posts: list[float] = []
    failures = 0
    end = time.perf_counter() + seconds

    async def worker(number: int) -> None:
        nonlocal failures
        reader, writer = await asyncio.open_connection(host, int(port))
        tells = number >= CONNECTIONS
        share, among = (event_share, EVENT_CONNECTIONS) if tells else (1 - event_share, CONNECTIONS)
        gap = among / (rate * share) if rate else 0.0
        due = time.perf_counter() + gap * (number % among) / among
        turn = number
        while due < end:
            if gap:
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
            else:
                due = time.perf_counter()
            if tells:
                body = json.dumps(
                    {"member_id": f"visitor-{turn % 50}", "kind": "impression", "course_id": "c", "channel": "home"}
                )
                request = (
                    f"POST /api/v1/events HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {len(body)}\r\n\r\n{body}"
                )
            else:
                request = f"GET {paths[turn % len(paths)]} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"
            writer.write(request.encode())
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(re.search(rb"content-length: (\d+)", head)[1]))  # type: ignore[index]
            failures += not head.startswith(b"HTTP/1.1 200")
            (posts if request.startswith("POST") else latencies).append(time.perf_counter() - due)
            turn += CONNECTIONS
            due += gap
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(worker(i) for i in range(CONNECTIONS + (EVENT_CONNECTIONS if event_share else 0))))
    latencies.sort()
    posts.sort()
    n = len(latencies)
    return {
        "rate": (n + len(posts)) / (time.perf_counter() - began), "p50_ms": 1000 * latencies[n // 2],
        "p99_ms": 1000 * latencies[int(n * 0.99)], "worst_ms": 1000 * latencies[-1], "failures": failures,
        "event_p99_ms": 1000 * posts[int(len(posts) * 0.99)] if posts else 0.0,
    }  # fmt: skip


async def events(base: str, seconds: float, rate: int, batch: int) -> dict[str, float]:
    """Batched posts of events at a fixed rate; accepted a second and p99 of a post."""
    host, port = base.split("//")[1].split(":")
    latencies: list[float] = []
    accepted = 0
    end = time.perf_counter() + seconds
    workers = 4

    async def worker(number: int) -> None:
        nonlocal accepted
        reader, writer = await asyncio.open_connection(host, int(port))
        gap, turn = workers * batch / rate, 0
        due = time.perf_counter() + gap * number / workers
        while due < end:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            rows = [
                {"event_id": f"{number}-{turn}-{i}", "member_id": f"e{(turn * batch + i) % 5000}", "kind": "impression",
                 "course_id": f"c{i}", "channel": "home", "position": 1, "ago_ms": 100} for i in range(batch)
            ]  # fmt: skip
            body = json.dumps(rows)
            writer.write(
                f"POST /api/v1/events HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {len(body)}\r\n\r\n{body}".encode()
            )
            head = await reader.readuntil(b"\r\n\r\n")
            answer = await reader.readexactly(int(re.search(rb"content-length: (\d+)", head)[1]))  # type: ignore[index]
            accepted += json.loads(answer)["accepted"]
            latencies.append(time.perf_counter() - due)
            turn += 1
            due += gap
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(worker(i) for i in range(workers)))
    latencies.sort()
    return {
        "events_a_second": accepted / (time.perf_counter() - began), "p50_ms": 1000 * latencies[len(latencies) // 2],
        "p99_ms": 1000 * latencies[int(len(latencies) * 0.99)],
    }  # fmt: skip


def timed(service: Process, path: str, data: bytes | None, times: int) -> dict[str, float]:
    """Milliseconds of one request after the other."""
    took = []
    for _ in range(times):
        request = urllib.request.Request(service.url + path, data, {"content-type": "application/json"} if data else {})
        began = time.perf_counter()
        with urllib.request.urlopen(request) as answer:
            answer.read()
        took.append(1000 * (time.perf_counter() - began))
    took.sort()
    return {"p50_ms": took[times // 2], "p99_ms": took[int(times * 0.99)]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=2_000)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each load")
    parser.add_argument("--soak", type=float, default=120.0, help="seconds at half load")
    parser.add_argument("--rounds", type=int, default=3, help="raw and service in turns")
    options = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="serving-"))
    try:
        report = measure(options, place)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    print(json.dumps({name: _rounded(value) for name, value in report.items()}, indent=1))


def loaded(server: Process, path: str, seconds: float) -> dict[str, float]:
    """Full load on one address: requests a second, and CPU microseconds of the server for each (steadier)."""
    before = server.cpu()
    rate = load(server.url + path, seconds)
    return {"a_second": rate, "cpu_us": 1e6 * (server.cpu() - before) / (rate * seconds)}


def _rounded(value: object) -> object:
    if isinstance(value, dict):
        return {k: _rounded(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_rounded(v) for v in value]
    return round(value, 2) if isinstance(value, float) else value


def measure(options: argparse.Namespace, place: Path) -> dict[str, object]:
    store, members = prepare(options.members, place)
    report: dict[str, object] = {"cores": len(os.sched_getaffinity(0)), "load_at_start": os.getloadavg()[0]}
    starts = []
    for _ in range(3):
        service = Process(SERVE, str(store), ready="/health/ready")
        starts.append({"wall": service.ready_seconds, "cpu": service.ready_cpu})
        service.stop()
    report["ready_seconds"] = starts
    service = Process(SERVE, str(store), ready="/health/ready")
    page = f"/api/v1/members/{members[0]}/home"
    (place / "page.json").write_bytes(service.get(page))
    raw = Process(RAW, str(place / "page.json"))
    while b'"warm":true' not in service.get("/health/ready"):
        time.sleep(0.05)
    report["page_bytes"] = len(service.get(page))
    rounds = [
        (loaded(raw, page, options.seconds), loaded(service, page, options.seconds)) for _ in range(options.rounds)
    ]
    raw.stop()
    report["raw_and_service"] = rounds
    report["ratio_wall"] = sum(s["a_second"] for _, s in rounds) / sum(r["a_second"] for r, _ in rounds)
    report["ratio_cpu"] = sum(r["cpu_us"] for r, _ in rounds) / sum(s["cpu_us"] for _, s in rounds)
    paths = [f"/api/v1/members/{m}/home" for m in members[:1_000]]
    full = asyncio.run(paced(service.url, paths, 5.0, 0.0, 0.0))
    report["asyncio_client_full_load"] = full
    before = service.memory()
    cpu = service.cpu()
    report["half_load"] = asyncio.run(paced(service.url, paths, options.soak, full["rate"] / 2, 0.05))
    report["half_load_cpu_share"] = (service.cpu() - cpu) / options.soak
    report["memory_mb_before_and_after"] = [before, service.memory()]
    report["events_5000_a_second"] = asyncio.run(events(service.url, options.seconds, 5_000, 50))
    picks = json.dumps({"picks": ["python", "machine_learning"], "title": "data_analyst"}).encode()
    timed(service, "/api/v1/questionnaire", picks, 5)
    kept = timed(service, "/api/v1/questionnaire", picks, 200)
    fresh = [
        timed(service, f"/api/v1/members/new-{i}/home?skills=java,sql&title=nurse", None, 1)["p50_ms"]
        for i in range(100)
    ]
    report["questionnaire_kept"], report["computed_p50_ms"] = kept, sorted(fresh)[50]
    service.stop()
    return report


if __name__ == "__main__":
    main()
