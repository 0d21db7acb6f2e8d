"""How long does the whole night take, tables in, lists out, and how much memory does it need?

    python benchmarks/night.py --members 100000 1000000
    python benchmarks/night.py --members 10000000 --folder /big/disk
    python benchmarks/night.py --members 100000 --turns 5          one worker against two, turn by turn
    python benchmarks/night.py --members 1000000 --form compact    the run stored as codes
    python benchmarks/night.py --members 100000 --lean             feed only, inference off, stored compactly
    python benchmarks/night.py --members 5000 --courses 500        some seconds

An invented academy with profiles, connections, activity and months of events, as Parquet tables; inventing it is not
timed. Both channels, all inference, every stage from the check of the tables to the committed run. Every night runs in
a process of its own, so that its peak memory is the night's alone. `--keep` keeps the tables between calls.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from measure import Report, Used, alone, options, peak_mib

DAY = dt.date(2026, 11, 20)
LEAN = ["inference.title=off", "inference.co_occurrence=off", "inference.activity=off", "inference.connections=off",
        "inference.goals=off", "inference.interest=off"]  # fmt: skip


def invent_tables(members: int, courses: int, data: Path) -> None:
    from skillfirst.evaluation.world import invent, invent_catalogue, write
    from skillfirst.evaluation.world.ground import built_in

    ground = invent_catalogue(built_in(DAY), courses, day=DAY)
    write(invent(members, seed=7, day=DAY, ground=ground, with_personas=False), data)


def night(
    data: Path, store: Path, workers: int, settings: dict[str, str], channels: list[str], form: Any
) -> dict[str, Any]:
    """One night; what it used and what it made."""
    from skillfirst.engines.local import LocalEngine
    from skillfirst.kernel.policy import Policy
    from skillfirst.pipeline import Night, run_night

    policy = Policy().with_settings(settings)
    asked = Night(data, store, DAY, policy=policy, channels=channels, keep_runs=1, store_form=form)
    with Used() as used:
        run = run_night(asked, LocalEngine(workers))
    manifest = run.manifest
    return {
        "wall": used.wall, "cpu": used.cpu, "peak": peak_mib(), "seconds": manifest["seconds"],
        **{name: manifest["counts"][name] for name in ("members", "catalogue_courses", "served", "personal")},
    }  # fmt: skip


def row(what: str, run: dict[str, Any], workers: int) -> tuple[Any, ...]:
    rate = int(run["members"] / run["wall"])
    return what, workers, run["wall"], run["cpu"], rate, run["cpu"] / run["members"] * 1e6, run["peak"]


def goals(report: Report, members: int, workers: int, courses: int, run: dict[str, Any], form: str) -> None:
    stored = ", stored compactly" if form == "compact" else ""
    if members == 1_000_000 and workers == 2 and courses == 10_000:
        goal = f"1 M members x 10,000 courses, whole night{stored}, 2 cores"
        report.goal(goal, run["wall"], 150, 60, "s", more=False)
    if members == 10_000_000:
        goal = f"10 M members: peak memory of the whole night{stored}"
        report.goal(goal, run["peak"] / 1024, 6, 3, "GiB", more=False)


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--members", type=int, nargs="+", default=[100_000])
    parser.add_argument("--courses", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--turns", type=int, default=0, help="nights with one worker and with --workers, interleaved")
    parser.add_argument("--lean", action="store_true", help="feed only, inference off, compact")
    parser.add_argument("--form", choices=("full", "compact"), help="how the run is stored; full unless --lean")
    parser.add_argument("--folder", type=Path, help="where there is room for tables and stores")
    parser.add_argument("--keep", type=Path, help="as --folder, and the tables stay for the next call")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the policy")
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    channels = ["feed"] if asked.lean else ["feed", "home"]
    form = asked.form or ("compact" if asked.lean else "full")
    chosen = asked.set + (LEAN if asked.lean else [])
    if asked.child:
        what, data, store, number = asked.child
        if what == "invent":
            invent_tables(int(number), asked.courses, Path(data))
            print("{}")
        else:
            settings = dict(pair.split("=", 1) for pair in chosen)
            print(json.dumps(night(Path(data), Path(store), int(number), settings, channels, form)))
        return
    report = Report(__doc__)
    passed = [word for pair in asked.set for word in ("--set", pair)] + (["--lean"] if asked.lean else [])
    passed += ["--form", form]
    place = Path(asked.keep or tempfile.mkdtemp(dir=asked.folder))
    place.mkdir(parents=True, exist_ok=True)
    store = Path(tempfile.mkdtemp(dir=place, prefix="store-"))
    rows: list[tuple[Any, ...]] = []
    stages: dict[str, dict[str, float]] = {}

    def run(data: Path, workers: int) -> dict[str, Any]:
        shutil.rmtree(store, ignore_errors=True)  # a store that has run before tags only courses that changed
        return alone("night.py", *passed, "--child", "night", data, store, workers)

    try:
        for members in asked.members:
            data = place / f"data-{members}-{asked.courses}"
            if not (data / "events.parquet").exists():
                data.mkdir(parents=True, exist_ok=True)
                alone("night.py", "--courses", asked.courses, "--child", "invent", data, store, members)
            if asked.turns:
                turns(report, data, members, asked, run)
            else:
                found = run(data, asked.workers)
                rows.append(row(f"{members:,}", found, asked.workers))
                stages[f"{members:,}"] = found["seconds"]
                if not asked.lean:
                    goals(report, members, asked.workers, asked.courses, found, form)
    finally:
        shutil.rmtree(store if asked.keep else place, ignore_errors=True)
    if rows:
        kind = "feed only, inference off" if asked.lean else "both channels, all inference"
        kind += ", stored compactly" if form == "compact" else ""
        report.table(
            f"The whole night, {asked.courses:,} courses, {kind}",
            ("members", "workers", "wall s", "CPU s", "members/s", "CPU us/member", "MiB at most"), rows,
        )  # fmt: skip
        names = [*next(iter(stages.values()))]
        report.table(
            "Wall seconds by stage", ("members", *names), [(m, *(s[n] for n in names)) for m, s in stages.items()]
        )
    report.save(asked.out)


def turns(report: Report, data: Path, members: int, asked: argparse.Namespace, run: Any) -> None:
    """One worker against several, each turn both."""
    kinds = (1, asked.workers)
    found: dict[int, list[dict[str, Any]]] = {n: [] for n in kinds}
    for turn in range(asked.turns):
        for workers in kinds if turn % 2 == 0 else kinds[::-1]:
            found[workers].append(run(data, workers))
    best = {n: min(runs, key=lambda r: r["wall"]) for n, runs in found.items()}
    names = [*best[1]["seconds"]]
    report.table(
        f"Workers, the whole night, {members:,} members, {asked.courses:,} courses",
        ("workers", "best wall s", "CPU s", *names),
        [(n, r["wall"], r["cpu"], *(r["seconds"][name] for name in names)) for n, r in best.items()],
        f"Best of {asked.turns} interleaved turns; stages in wall seconds.",
    )
    report.goal("whole night, 2 workers / 1", best[1]["wall"] / best[asked.workers]["wall"], 1.5, 1.85)


if __name__ == "__main__":
    sys.exit(main())
