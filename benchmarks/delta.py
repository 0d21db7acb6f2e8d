"""What a delta run saves: CPU seconds of a whole night and of deltas after some events, on invented members.

    python benchmarks/delta.py --members 100000

Tables are invented first, without a table of events (not timed); events come through the event log, each of a random
member. Prints one JSON object a run: CPU seconds by stage, of all threads, which other work on the machine disturbs
little. The first night tags and compiles; the second is the one to compare with.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from skillfirst.engines.local import LocalEngine
from skillfirst.pipeline import Night, delta, night, run_delta, run_night
from skillfirst.pipeline.plan import Clock
from skillfirst.stores.event_log import EventLog

DAY = dt.date(2026, 11, 20)
NINE = dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)


class CpuClock(Clock):
    """CPU seconds of the process instead of wall seconds."""

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started = time.process_time()
        yield
        self.seconds[name] = round(self.seconds.get(name, 0.0) + time.process_time() - started, 2)


def invent_tables(members: int, courses: int, data: Path) -> None:
    from skillfirst.evaluation.world import invent, invent_catalogue, write
    from skillfirst.evaluation.world.ground import built_in

    ground = invent_catalogue(built_in(DAY), courses, day=DAY)
    write(invent(members, seed=7, day=DAY, ground=ground, with_personas=False), data)
    (data / "events.parquet").unlink()


def watch(data: Path, store: Path, first: int, many: int) -> None:
    """So many events in the log, numbered from `first`."""
    rng = np.random.default_rng(first)
    members = pq.read_table(data / "members.parquet", columns=["member_id"])["member_id"]
    courses = pq.read_table(data / "courses.parquet", columns=["course_id"])["course_id"]
    with EventLog.open(store / "events") as log:
        for start in range(0, many, 1000):
            log.append(
                [
                    {
                        "event_id": f"x{first + start + i}", "kind": "watch", "seconds": 300, "time": NINE.isoformat(),
                        "member_id": members[int(rng.integers(len(members)))].as_py(),
                        "course_id": courses[int(rng.integers(len(courses)))].as_py(),
                    }
                    for i in range(min(1000, many - start))
                ],
                NINE + dt.timedelta(hours=1),
            )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=100_000)
    parser.add_argument("--courses", type=int, default=5_000)
    parser.add_argument("--events", type=int, nargs="*", default=[0, 1, 100, 1_000, 10_000])
    args = parser.parse_args()
    night.Clock = delta.Clock = CpuClock
    with tempfile.TemporaryDirectory() as scratch:
        data, store = Path(scratch) / "data", Path(scratch) / "store"
        invent_tables(args.members, args.courses, data)
        plan = [("first night", run_night, 0), ("night", run_night, 0)]
        plan += [(f"delta after {many} events", run_delta, many) for many in args.events]
        first = 0
        for what, run, many in plan:
            watch(data, store, first, many)
            first += many
            started = time.process_time()
            done = run(Night(data, store, DAY), LocalEngine())
            seconds = round(time.process_time() - started, 1)
            told = {"what": what, "cpu_seconds": seconds, "by_stage": done.manifest["seconds"]}
            print(json.dumps({**told, "delta": done.manifest.get("delta")}), flush=True)


if __name__ == "__main__":
    main()
