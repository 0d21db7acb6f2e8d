"""How fast do events go in and out of the log, and answers in and out of the online store?

    python benchmarks/stores.py ingest --rate 5000 --seconds 20
    python benchmarks/stores.py read --events 10000000
    python benchmarks/stores.py online --url lmdb:/tmp/online --members 200000

CPU seconds stand beside wall seconds, as other work on the machine moves only those.
"""

from __future__ import annotations

import argparse
import datetime as dt
import gc
import hashlib
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

from measure import Report, options, peak_mib

from skillfirst.stores.event_log import Accepted, EventLog
from skillfirst.stores.online import OnlineMember, open_online

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
MEMBERS, COURSES = 1_000_000, 10_000


def event(number: int) -> dict[str, Any]:
    """An impression as a page sends it: twenty cards of one member's list at a time."""
    return {
        "event_id": hashlib.md5(b"%d" % number, usedforsecurity=False).hexdigest(),
        "time": (NOW - dt.timedelta(seconds=number % 86_400)).isoformat(),
        "member_id": f"m{number // 20 * 7919 % MEMBERS:07d}",
        "kind": "impression",
        "course_id": f"c{number * 31 % COURSES:05d}",
        "channel": "home",
        "context": "skill",
        "carousel_rank": number % 20 + 1,
        "position": number % 12 + 1,
        "list_id": f"l{number // 20}",
        "arms": {"fatigue": "on"},
    }


FIGURES: list[dict[str, Any]] = []


def say(**figures: Any) -> None:
    FIGURES.append({**figures, "MiB at most": peak_mib()})


def ingest(asked: argparse.Namespace) -> None:
    """Batches at a steady rate; the time from hand-over to acknowledgement, late starts included."""
    with tempfile.TemporaryDirectory() as folder, EventLog.open(asked.log or folder) as log:
        before = log.size()
        log.touched("nobody", 0)  # as the service does before it calls itself ready
        batches = [[event(asked.first + b * asked.batch + i) for i in range(asked.batch)]
                   for b in range(asked.rate * asked.seconds // asked.batch)]  # fmt: skip
        gc.freeze()  # the events prepared here are no part of what a service holds
        latencies: list[float] = []

        def note(due: float) -> Any:
            return lambda _future: latencies.append(time.perf_counter() - due)

        cpu, start = time.process_time(), time.perf_counter()
        for number, batch in enumerate(batches):
            due = start + number * asked.batch / asked.rate
            time.sleep(max(0.0, due - time.perf_counter()))
            log.submit(batch, NOW).add_done_callback(note(due))
        while len(latencies) < len(batches):
            time.sleep(0.01)
        wall, cpu = time.perf_counter() - start, time.process_time() - cpu
        latencies.sort()
        at = {f"p{p}_ms": round(latencies[int(len(latencies) * p / 100)] * 1e3, 1) for p in (50, 95, 99)}
        say(what="ingest", before=before, events=len(batches) * asked.batch,
            rate=round(len(batches) * asked.batch / wall), cpu_share=round(cpu / wall, 3), **at)  # fmt: skip


def fill(log: EventLog, events: int) -> None:
    waiting: list[Future[Accepted]] = []
    for first in range(0, events, 5_000):
        waiting.append(log.submit([event(n) for n in range(first, min(first + 5_000, events))], NOW))
        if len(waiting) > 4:
            waiting.pop(0).result()
    for future in waiting:
        future.result()


def read(asked: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder, EventLog.open(asked.log or folder) as log:
        cpu, start = time.process_time(), time.perf_counter()
        fill(log, asked.events)
        say(what="fill", events=asked.events, wall_s=round(time.perf_counter() - start, 1),
            cpu_s=round(time.process_time() - cpu, 1))  # fmt: skip
        cpu, start = time.process_time(), time.perf_counter()
        rows = sum(batch.num_rows for batch in log.read(until=NOW + dt.timedelta(days=1)))
        say(what="read", events=rows, wall_s=round(time.perf_counter() - start, 1),
            cpu_s=round(time.process_time() - cpu, 1))  # fmt: skip
        draw = random.Random(1)
        members = [f"m{draw.randrange(MEMBERS):07d}" for _ in range(20_000)]
        position = log.position() - 1_000
        for name, call in (
            ("touched", lambda m: log.touched(m, position)),
            ("read_member", log.read_member),
        ):
            cpu = time.process_time()
            for member in members:
                call(member)
            say(what=name, cpu_us=round((time.process_time() - cpu) / len(members) * 1e6, 1))


def online(asked: argparse.Namespace) -> None:
    page, document = b"x" * asked.page_bytes, b"d" * 1_200

    def rows() -> Iterator[OnlineMember]:
        for number in range(asked.members):
            yield OnlineMember(f"m{number:07d}", document, {"home": page, "feed": document})

    with open_online(asked.url) as store:
        start, cpu = time.perf_counter(), time.process_time()
        store.put("v1", rows())
        wall, cpu = time.perf_counter() - start, time.process_time() - cpu
        say(what="put", members_per_s=round(asked.members / wall), cpu_s=round(cpu, 1), wall_s=round(wall, 1))
        start = time.perf_counter()
        store.switch("v1")
        say(what="switch", wall_ms=round((time.perf_counter() - start) * 1e3, 1))
        draw = random.Random(1)
        members = [f"m{draw.randrange(asked.members):07d}" for _ in range(20_000)]
        cpu, times = time.process_time(), []
        for member in members:
            began = time.perf_counter()
            assert store.get(member, "home") is not None
            times.append(time.perf_counter() - began)
        cpu = time.process_time() - cpu
        times.sort()
        say(what="get", cpu_us=round(cpu / len(members) * 1e6, 1), p50_us=round(times[10_000] * 1e6, 1),
            p99_us=round(times[19_800] * 1e6, 1))  # fmt: skip


def main() -> int:
    parser = options(__doc__)
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("ingest")
    one.add_argument("--rate", type=int, default=5_000)
    one.add_argument("--seconds", type=int, default=20)
    one.add_argument("--batch", type=int, default=100)
    one.add_argument("--log", help="a folder, or postgresql://... (default: a new folder)")
    one.add_argument("--first", type=int, default=0, help="number of the first event: beyond those in the log")
    one.set_defaults(run=ingest)
    two = commands.add_parser("read")
    two.add_argument("--events", type=int, default=10_000_000)
    two.add_argument("--log")
    two.set_defaults(run=read)
    three = commands.add_parser("online")
    three.add_argument("--url", required=True)
    three.add_argument("--members", type=int, default=200_000)
    three.add_argument("--page-bytes", type=int, default=4_000)
    three.set_defaults(run=online)
    asked = parser.parse_args()
    report = Report(__doc__, ("lmdb", "duckdb", "pyarrow", "msgspec"))
    asked.run(asked)
    columns = list(dict.fromkeys(name for figures in FIGURES for name in figures))
    names = [name.replace("_", " ") for name in columns]
    rows = [[figures.get(name) for name in columns] for figures in FIGURES]
    report.table(f"Stores: {asked.run.__name__}", names, rows)
    report.save(asked.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
