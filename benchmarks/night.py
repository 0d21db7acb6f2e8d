"""The night on invented members, Parquet to Parquet: members a second, peak memory, where the time goes.

    python benchmarks/night.py --members 100000
    python benchmarks/night.py --members 1000000 --courses 10000 --keep /tmp/night

The tables are invented first (not timed) and kept where --keep says. Prints one JSON object; the run itself happens in
a process of its own, so that its peak memory is the night's and nothing else's.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DAY = dt.date(2026, 11, 20)


def invent_tables(members: int, courses: int, data: Path) -> None:
    from skillfirst.evaluation.world import invent, invent_catalogue, write
    from skillfirst.evaluation.world.ground import built_in

    ground = invent_catalogue(built_in(DAY), courses, day=DAY)
    write(invent(members, seed=7, day=DAY, ground=ground, with_personas=False), data)


def night(data: Path, store: Path, workers: int, settings: dict[str, str]) -> dict[str, object]:
    from skillfirst.engines.local import LocalEngine
    from skillfirst.kernel.policy import Policy
    from skillfirst.pipeline import Night, run_night

    wall, cpu = time.perf_counter(), time.process_time()
    policy = Policy().with_settings(settings)
    run = run_night(Night(data, store, DAY, policy=policy), LocalEngine(workers))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    counts = run.manifest["counts"]
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "members": counts["members"],
        "courses": counts["catalogue_courses"],
        "workers": workers,
        "settings": settings,
        "wall_seconds": round(wall, 1),
        "cpu_seconds": round(cpu, 1),
        "members_per_second": round(counts["members"] / wall),
        "peak_rss_gb": round(usage.ru_maxrss / 2**20, 2),
        "seconds": run.manifest["seconds"],
        "served": counts["served"],
        "personal": counts["personal"],
        "load_average": os.getloadavg()[0],
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=100_000)
    parser.add_argument("--courses", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--keep", type=Path, help="folder for tables and store, kept between calls")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the policy")
    parser.add_argument("--child", nargs=2, type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    settings = dict(pair.split("=", 1) for pair in args.set)
    if args.child:
        print(json.dumps(night(*args.child, args.workers, settings)))
        return
    with tempfile.TemporaryDirectory() as scratch:
        place = args.keep or Path(scratch)
        data = place / f"data-{args.members}-{args.courses}"
        if not data.exists():
            data.mkdir(parents=True)
            subprocess.run(
                [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); "
                 f"import night, pathlib; "
                 f"night.invent_tables({args.members}, {args.courses}, pathlib.Path({str(data)!r}))"],
                check=True,
            )  # fmt: skip
        command = [sys.executable, __file__, "--workers", str(args.workers), "--child", str(data), str(place / "store")]
        for pair in args.set:
            command += ["--set", pair]
        print(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip())


if __name__ == "__main__":
    main()
