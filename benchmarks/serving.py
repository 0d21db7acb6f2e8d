"""How much of what the web server can do is left when it serves pages, and how long do members wait?

    python benchmarks/serving.py                       about five minutes
    python benchmarks/serving.py --soak 120            the two minutes at half load, stated
    python benchmarks/serving.py --members 300 --seconds 1 --soak 3 --rounds 1      some seconds

One process serves; wrk (from the system) or, without it, the client of `load.py` loads it over loopback, on the same
two cores. "raw" is the smallest ASGI application there is, on the same server with the same settings, answering the
very bytes of one stored page; both take turns. Beside requests a second stand CPU microseconds of the server for each
request, which do not depend on the client. "Computed" is what one page costs in this process alone, part by part, from
the store and the log to its bytes. Half load: pages at half the highest rate, every twentieth request posts an event of
a visitor, then of the very members whose pages are being read: those pages are computed anew.
"""

from __future__ import annotations

import argparse
import atexit
import datetime as dt
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from load import CONNECTIONS, Stream, drive, full_load, get, in_turn, post
from measure import Report, median, options

EVENT_SHARE, EVENT_CONNECTIONS = 0.05, 8  # a page does not wait for the disk that an event waits for
TOUCHED = 700  # members with events today
CATALOGUE = 10_000  # courses that a page is computed from, where that is measured part by part
SERVER = "log_config=None, access_log=False, proxy_headers=False, server_header=False, date_header=False"
RAW = f"""
import sys, uvicorn
from skillfirst.serve.server import settle_memory
sys.setswitchinterval(0.0005)
body = open(sys.argv[2], "rb").read()
start = {{"type": "http.response.start", "status": 200,
         "headers": [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]}}
rest = {{"type": "http.response.body", "body": body}}
async def app(scope, receive, send):
    await send(start)
    await send(rest)
settle_memory()
uvicorn.run(app, port=int(sys.argv[1]), lifespan="off", limit_concurrency=2000, timeout_keep_alive=30, {SERVER})
"""
SERVE = """
import sys
from skillfirst.serve import Settings, run
kept = Settings(fresh_seconds=float(sys.argv[3])) if len(sys.argv) > 3 else Settings()
log = sys.argv[4] if len(sys.argv) > 4 else None
run(sys.argv[2], f"lmdb:{sys.argv[2]}/online", port=int(sys.argv[1]), settings=kept, events=log)
"""


class Server:
    """A server process, and how long it took until it answered."""

    def __init__(self, code: str, *arguments: str, ready: str = "/") -> None:
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = int(s.getsockname()[1])
        began = time.perf_counter()
        call = [sys.executable, "-c", code, str(self.port), *arguments]
        self.process = subprocess.Popen(call, stderr=subprocess.DEVNULL)
        atexit.register(self.process.kill)  # whatever happens here, no server stays behind
        while True:
            try:
                self.get(ready)
                break
            except OSError:
                if self.process.poll() is not None:
                    raise SystemExit("the server did not start") from None
                time.sleep(0.005)
        self.ready_seconds, self.ready_cpu = time.perf_counter() - began, self.cpu()

    def memory(self) -> float:
        """Resident MiB."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024  # type: ignore[index]

    def cpu(self) -> float:
        """CPU seconds used so far, all threads."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def get(self, path: str, data: bytes | None = None) -> bytes:
        head = {"content-type": "application/json"} if data else {}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, head)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()

    def loaded(self, paths: Sequence[str], seconds: float) -> tuple[float, float]:
        """Full load: requests a second, and CPU microseconds of the server for each."""
        before = self.cpu()
        rate = full_load(self.port, paths, seconds)
        return rate, 1e6 * (self.cpu() - before) / (rate * seconds)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


def warm(store: Path, *arguments: str) -> Server:
    """A service that has loaded all that computes."""
    service = Server(SERVE, str(store), *arguments, ready="/health/ready")
    while b'"warm":true' not in service.get("/health/ready"):
        time.sleep(0.05)
    return service


def prepare(members: int, place: Path, courses: int = 0) -> tuple[Path, list[str]]:
    """An invented academy after one night, published; its members. Its courses stand there again and again, under
    other ids and titles, until there are `courses`."""
    from skillfirst.engines.local import LocalEngine
    from skillfirst.evaluation.world import invent, write
    from skillfirst.pipeline import Night, run_night
    from skillfirst.publish import publish
    from skillfirst.stores.online import open_online

    day = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1)
    write(invent(members=members, seed=7, day=day), place / "data")
    multiply(place / "data" / "courses.parquet", courses)
    run = run_night(Night(place / "data", place / "store", day), LocalEngine(2))
    with open_online(f"lmdb:{place / 'store' / 'online'}") as online:
        publish(run, online)
    ids = [m for b in run.table("recommendations", ["member_id"]) for m in b.column("member_id").to_pylist()]
    return place / "store", sorted(set(ids))


def multiply(file: Path, courses: int) -> None:
    table = pq.read_table(file)
    copies = [table]
    while sum(map(len, copies)) < courses:
        copy, mark = table, pa.scalar(f"part {len(copies)}")
        for name in ("course_id", "series_id", "translation_of", "title"):
            other = pc.binary_join_element_wise(copy[name], mark, ", ")
            copy = copy.set_column(copy.column_names.index(name), name, other)
        copies.append(copy)
    if len(copies) > 1:
        pq.write_table(pa.concat_tables(copies).slice(0, courses).cast(table.schema), file)


def page_of(member: str) -> str:
    return f"/api/v1/members/{member}/home"


def event_of(member: str, number: int) -> str:
    row = {"event_id": f"{member}-{number}", "member_id": member, "kind": "impression", "course_id": "c",
           "channel": "home", "position": 1}  # fmt: skip
    return json.dumps(row)


def starts(report: Report, store: Path) -> None:
    rows = []
    for number in range(3):
        service = Server(SERVE, str(store), ready="/health/ready")
        rows.append((f"start {number + 1}", service.ready_seconds, service.ready_cpu, service.memory()))
        service.stop()
    report.table("Ready", ("process", "wall s", "CPU s", "memory MiB"), rows, "Until /health/ready answers.")
    report.goal("service ready, median", median([r[1] for r in rows]), 2.0, None, "s", more=False)


def throughput(
    report: Report, service: Server, store: Path, members: list[str], asked: argparse.Namespace, place: Path
) -> None:
    """Stored page against raw ASGI with the same bytes, and pages with events of today."""
    page = page_of(members[0])
    (place / "page.json").write_bytes(service.get(page))
    raw = Server(RAW, str(place / "page.json"))
    half = len(members) // 2
    touched, others = members[-min(TOUCHED, half) :], members[: min(1_000, half)]
    anew = warm(store, "0", str(place / "events anew"))  # keeps nothing that it has computed
    for number, member in enumerate(touched):
        for server in (service, anew):
            server.get("/api/v1/events", event_of(member, number).encode())
    paths = [page_of(m) for m in touched]
    kinds = {
        "raw ASGI, the same bytes": (raw, [page]),
        "stored page": (service, [page]),
        f"stored pages, {len(others):,} members": (service, [page_of(m) for m in others]),
        f"pages with today's events, {len(paths):,} members": (service, paths),
        "page with today's events, computed at each request": (anew, paths),
    }
    for path in paths:
        service.get(path)

    def turn() -> dict[str, tuple[float, float]]:
        return {name: server.loaded(paths, asked.seconds) for name, (server, paths) in kinds.items()}

    turns = [turn() for _ in range(asked.rounds)]
    raw.stop()
    anew.stop()
    rates = {name: [median([turn[name][i] for turn in turns]) for i in (0, 1)] for name in kinds}
    base = rates["raw ASGI, the same bytes"]
    size = len(service.get(page))
    report.table(
        f"Full load, {CONNECTIONS} connections, pages of {size:,} bytes",
        ("answer", "requests/s", "of raw", "CPU us/request", "of raw, by CPU"),
        [(name, rate, rate / base[0], us, base[1] / us) for name, (rate, us) in rates.items()],
        f"Medians of {asked.rounds} turns of {asked.seconds:g} s. A folded page is kept for a minute or until the "
        "member's next event; at each request: by a service that keeps none.",
    )
    _, stored, _, folded, _ = rates.values()
    report.goal("stored page / raw ASGI", stored[0] / base[0], 0.8, None)
    report.goal("page with today's events / raw ASGI", folded[0] / base[0], 0.4, None)


def half_load(report: Report, service: Server, members: list[str], asked: argparse.Namespace, place: Path) -> None:
    """Half of what the service does at most of such requests, every twentieth an event; raw ASGI tells the client's
    share of the waits."""
    readers = members[: min(1_000, len(members) // 2)]
    pages = [get(page_of(m)) for m in readers]
    rows = []
    visitors = [f"visitor-{i}" for i in range(50)]
    highest = []
    for who, authors in (("events of visitors", visitors), ("events of the readers", readers)):
        many = authors * (80_000 // len(authors))
        random.Random(7).shuffle(many)  # in the order of the pages, those of a hundred readers would follow one another
        posts = [post("/api/v1/events", event_of(author, 10**6 + i)) for i, author in enumerate(many)]
        every = int(1 / EVENT_SHARE)
        # more than can be asked for: an event that comes again is no work
        mixed = [posts.pop() if i % every == 0 else pages[i % len(pages)] for i in range(200_000)]
        for author in authors:  # as they are after some time: each has done something today
            service.get("/api/v1/events", event_of(author, 10**9).encode())
        highest.append(drive(service.port, min(5.0, asked.seconds), Stream(in_turn(mixed)))[0].rate)
        rate = highest[-1] / 2
        if not rows:
            raw = Server(RAW, str(place / "page.json"))
            reads = drive(raw.port, min(asked.soak, 20.0), Stream(in_turn(pages), rate))[0]
            waits = [reads.at(percent) for percent in (50, 99, 99.9)]
            rows.append(("none, raw ASGI", reads.rate, *waits, None, reads.failures, None, None, None))
            raw.stop()
        before, cpu = service.memory(), service.cpu()
        reads, tells = drive(
            service.port, asked.soak, Stream(in_turn(pages), rate * (1 - EVENT_SHARE)),
            Stream(in_turn(posts), rate * EVENT_SHARE, EVENT_CONNECTIONS),
        )  # fmt: skip
        rows.append(
            (who, reads.rate + tells.rate, reads.at(50), reads.at(99), reads.at(99.9), tells.at(99),
             reads.failures + tells.failures, (service.cpu() - cpu) / asked.soak, before, service.memory())
        )  # fmt: skip
    report.table(
        f"Half the highest load for {asked.soak:g} s, every twentieth request an event",
        ("5 % of requests", "requests/s", "page p50 ms", "p99", "p99.9", "event p99", "failures", "cores used",
         "MiB before", "MiB after"), rows,
        f"The highest loads were {highest[0]:,.0f} and {highest[1]:,.0f} requests a second. A reader's event changes "
        "the page that the reader asks for next.",
    )  # fmt: skip
    for who, _, _, p99, *_, before, after in rows[1:]:
        report.goal(f"page p99 at half load, {who}", p99, 10, None, "ms", more=False)
        report.goal(f"memory after / before half load, {who}", after / before, 1.05, None, more=False)


def others(report: Report, service: Server, asked: argparse.Namespace) -> None:
    """Batches of events, the questionnaire, pages of newcomers: one after the other."""
    number = iter(range(10**9))

    def batch() -> bytes:
        first = next(number)
        rows = [json.loads(event_of(f"e{(first * 50 + i) % 5_000}", 2 * 10**6 + first * 50 + i)) for i in range(50)]
        return post("/api/v1/events", json.dumps(rows))

    batches = in_turn([batch() for _ in range(int(100 * asked.seconds) + 10)])
    told = drive(service.port, asked.seconds, Stream(batches, 100.0, 4))[0]
    picks = json.dumps({"picks": ["python", "machine_learning"], "title": "data_analyst"}).encode()
    newcomer = "/api/v1/members/new-{}/home?skills=java,sql&title=nurse"
    rows = [("100 batches of 50 events a second", told.at(50), told.at(99))]
    for name, calls in (
        ("questionnaire, the same picks", [("/api/v1/questionnaire", picks)] * 200),
        ("page of a newcomer, computed", [(newcomer.format(i), None) for i in range(200)]),
    ):
        service.get(*calls[0])
        taken = []
        for call in calls:
            began = time.perf_counter()
            service.get(*call)
            taken.append(1000 * (time.perf_counter() - began))
        taken.sort()
        rows.append((name, taken[len(taken) // 2], taken[int(len(taken) * 0.99)]))
    report.table("Other requests", ("request", "p50 ms", "p99 ms"), rows)


def computed(report: Report, store: Path, members: list[str]) -> None:
    """One page from the store and the log to its bytes, in this process: CPU of the thread, warm."""
    from skillfirst.kernel.fold import fold_one
    from skillfirst.kernel.infer import infer_documents
    from skillfirst.kernel.member_arrays import member_arrays
    from skillfirst.kernel.one_member import own_policy
    from skillfirst.kernel.recommend import empty_lists, fill_lists, widest_list
    from skillfirst.kernel.render import Head
    from skillfirst.serve.answers import Answers
    from skillfirst.serve.serving import House
    from skillfirst.stores.event_log import EventLog
    from skillfirst.stores.online import open_online
    from skillfirst.tables.documents import Documents

    with open_online(f"lmdb:{store / 'online'}") as online, EventLog.open(store / "events") as log:
        house = House(online, log, 10_000)
        house.refresh()
        serving, now = house.now_serving(), dt.datetime.now(dt.UTC)
        model, answers = serving.model, Answers(house, keep=1)
        some, ids = members[-300:], model.courses.ids.to_pylist()
        events = [
            {
                "event_id": f"{m}-{i}",
                "member_id": m,
                "time": now,
                "kind": kind,
                "course_id": ids[(97 * j + i) % len(ids)],
            }
            for j, m in enumerate(some)
            for i, kind in enumerate(("impression", "click", "dismiss"))
        ]
        log.append(events, now)
        house.follow()

        def rows(document: Documents, policy: Any) -> Any:
            out = empty_lists(1, ("home",), widest_list("home", model, policy))
            fill_lists(member_arrays(document, model, policy)[0], model, policy, out)
            return out

        def page(member: str) -> list[int]:
            at = [time.thread_time_ns()]
            stored = online.get_document(member) or b""
            at.append(time.thread_time_ns())
            news = serving.touched.events(member)
            at.append(time.thread_time_ns())
            document = Documents.read(stored)
            at.append(time.thread_time_ns())
            document = fold_one(document, news, int(now.timestamp()), model)
            at.append(time.thread_time_ns())
            policy = own_policy(document, model)
            document = infer_documents(document, model, policy)
            at.append(time.thread_time_ns())
            out = rows(document, policy)
            at.append(time.thread_time_ns())
            serving.renderer.answer(Head(member, "home", model.day, (), document.one["languages"]), out)
            at.append(time.thread_time_ns())
            return [b - a for a, b in pairwise(at)]

        for _ in range(3):
            parts = [page(member) for member in some]
        whole = []
        for member in some:
            began = time.thread_time_ns()
            answers.fresh(member, "home")
            whole.append((time.thread_time_ns() - began) / 1e3)
    names = ("document out of the store", "news out of the log", "document laid out", "fold", "infer",
             "recommend: arrays and loop", "JSON")  # fmt: skip
    table = [(name, median([row[i] / 1e3 for row in parts])) for i, name in enumerate(names)]
    table.append(("all of it, as the service does it", median(whole)))
    report.table(
        f"A page computed, {len(ids):,} courses", ("part", "CPU us"), table,
        f"Medians of {len(some)} members with three events of today, one after the other in one thread.",
    )  # fmt: skip
    report.goal("a page computed, CPU", median(whole) / 1e3, 2.0, 1.0, "ms", more=False)


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--members", type=int, default=2_000)
    parser.add_argument("--courses", type=int, default=CATALOGUE, help="of the pages computed part by part")
    parser.add_argument("--seconds", type=int, default=8, help="of each load, whole ones (wrk)")
    parser.add_argument("--soak", type=float, default=120.0, help="seconds at half load, for each kind of events")
    parser.add_argument("--rounds", type=int, default=3, help="turns of raw and service")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    report = Report(__doc__, ("uvicorn", "starlette", "uvloop", "httptools", "lmdb", "msgspec", "numpy", "numba"))
    place = Path(tempfile.mkdtemp(prefix="serving-"))
    try:
        store, members = prepare(asked.members, place)
        starts(report, store)
        service = warm(store)
        throughput(report, service, store, members, asked, place)
        half_load(report, service, members, asked, place)
        others(report, service, asked)
        service.stop()
        computed(report, *prepare(asked.members, place / "many courses", asked.courses))
    finally:
        shutil.rmtree(place, ignore_errors=True)
    report.save(asked.out)


if __name__ == "__main__":
    main()
