"""How do time and memory grow with members, courses and cores, and what would two large networks cost?

    python benchmarks/scaling.py                 100,000 and 1,000,000 members, 1,000 to 100,000 courses, 1 and 2 cores
    python benchmarks/scaling.py --large         10,000,000 members as well (the same million ten times)
    python benchmarks/scaling.py --quick         40,000 and 80,000 members, a minute

The seeded workload, 28.7 skills a member, as documents on disk: "the night" here reads them, counts, makes the feed of
everybody and stores it as `store_form = compact` does, out of core, every run in a process of its own. Checking and
gathering the tables, which come before it, are measured by `night.py`. "The kernel" is the compiled loop alone, arrays
to arrays, on the same members in the same process, turn by turn. Exits with 1 where memory is not flat.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from measure import Report, Used, alone, interleaved, median, options, peak_mib

LINKEDIN = ((467_000_000, 9_000), (1_200_000_000, 24_000))  # members, courses: then, and now
FEED = ("feed",)
ROOM = 64  # MiB by which the peak may differ: how much the allocator keeps is chance


# --- in processes of their own


def prepare(folder: Path, members: int, courses: int) -> dict[str, Any]:
    """Document parts and a Model; a million members at most are drawn, more are the same ones again."""
    from invented import DAY, catalogue_of, load, plain_policy, write_parts

    from skillfirst.engines.local import LocalEngine
    from skillfirst.kernel.fit import finish

    drawn = min(members, 1_000_000)
    work = load(drawn, courses)
    catalogue = catalogue_of(work)
    parts = write_parts(work, catalogue, folder / "documents", "own")
    for number in range(len(parts), len(parts) * (members // drawn)):
        (folder / "documents" / f"part-{number:05d}.arrow").hardlink_to(parts[number % len(parts)])
    policy = plain_policy()
    finish(LocalEngine(2).count(parts, catalogue, policy), catalogue, policy, DAY).save(folder / "model")
    return {"skills": float(len(work.member_skills.indices) / drawn)}


class Nights:
    """The night over the parts of a folder."""

    def __init__(self, folder: Path) -> None:
        from skillfirst.kernel.model import load_model

        self.parts = sorted((folder / "documents").glob("*.arrow"))
        self.model = load_model(folder / "model")
        self.out = [
            Path(tempfile.mkdtemp(dir=folder)) / f"{name}.arrow" for name in ("recommendations", "member_skills")
        ]
        for table in self.out:
            table.mkdir()
        self.members = 0

    @property
    def bytes(self) -> int:
        """Of what was stored."""
        return sum(part.stat().st_size for table in self.out for part in table.iterdir())

    def count(self, workers: int) -> None:
        from skillfirst.engines.local import LocalEngine

        LocalEngine(workers).count(self.parts, self.model.catalogue, self.model.policy)

    def lists(self, workers: int) -> None:
        from skillfirst.engines.local import LocalEngine
        from skillfirst.pipeline import PartWriter

        sink = PartWriter(*self.out, self.model)
        done = LocalEngine(workers).recommend(self.parts, self.model, FEED, sink, compact=True)
        self.members = sum(members for members, _ in done)

    def night(self, workers: int) -> None:
        self.count(workers)
        self.lists(workers)


def one_run(folder: Path, workers: int) -> dict[str, Any]:
    """One night: wall and CPU seconds, and the peak memory of the process."""
    nights = Nights(folder)
    base = peak_mib()
    with Used() as used:
        nights.night(workers)
    return {"members": nights.members, "wall": used.wall, "cpu": used.cpu, "peak": peak_mib(), "base": base}


def stages(folder: Path, rounds: int) -> dict[str, Any]:
    """CPU microseconds a member of the kernel alone and of the night's stages, one thread, medians of rounds."""
    from skillfirst.ingest.documents import read_part
    from skillfirst.kernel.infer import infer
    from skillfirst.kernel.member_arrays import member_arrays
    from skillfirst.kernel.recommend import ROWS, empty_lists, fill_lists, recommend_compact, widest_list

    nights = Nights(folder)
    model, policy = nights.model, nights.model.policy
    known = [infer(read_part(path), model) for path in nights.parts]
    slices = [part.slice(at, ROWS) for part in known for at in range(0, part.num_rows, ROWS)]
    groups = [member_arrays(part, model, policy)[0] for part in slices]
    width = widest_list("feed", model, policy)

    def kernel() -> None:
        for group in groups:
            fill_lists(group, model, policy, empty_lists(group.rows, FEED, width))

    def read() -> None:
        for path in nights.parts:
            infer(read_part(path), model)

    def rows() -> None:
        for part in known:
            recommend_compact(part, model, FEED)

    nights.lists(1)
    work = {"kernel": kernel, "read": read, "rows": rows}
    work |= {"count": lambda: nights.count(1), "lists": lambda: nights.lists(1)}
    us = {name: median(t) / nights.members * 1e6 for name, t in interleaved(work, rounds).items()}
    return {**us, "bytes": nights.bytes / nights.members, "members": nights.members}


def cores(folder: Path, rounds: int) -> dict[str, Any]:
    """Wall seconds of the night with one and two workers, best of interleaved rounds."""
    nights = Nights(folder)
    nights.night(2)
    taken = interleaved({str(n): lambda n=n: nights.night(n) for n in (1, 2)}, rounds, time.perf_counter)
    return {name: min(seconds) for name, seconds in taken.items()} | {"members": nights.members}


# --- the questions


def over_courses(report: Report, place: Path, asked: argparse.Namespace) -> dict[int, dict[str, Any]]:
    found = {}
    for courses in asked.courses:
        folder = place / f"courses-{courses}"
        alone("scaling.py", "--child", "prepare", folder, asked.sample, courses)
        found[courses] = alone("scaling.py", "--child", "stages", folder, asked.rounds)
        if courses != asked.courses[-1]:
            shutil.rmtree(folder)
    rows = []
    for courses, us in found.items():
        night = us["count"] + us["lists"]
        write = us["lists"] - us["read"] - us["rows"]
        rows.append((courses, us["kernel"], us["count"], us["read"], us["rows"] - us["kernel"], write, night,
                     night / us["kernel"], int(1e6 / night), int(us["bytes"])))  # fmt: skip
    report.table(
        f"Courses, {asked.sample:,} members, feed only, inference off, stored compactly",
        ("courses", "kernel", "count", "read", "arrays", "write", "night", "night / kernel", "members/s",
         "bytes/member"), rows,
        f"CPU microseconds a member, one thread, medians of {asked.rounds} interleaved rounds. Arrays: from documents "
        "to what the loop reads, and from its lists to rows.",
    )  # fmt: skip
    if 10_000 in found:
        us = found[10_000]
        report.goal("night, feed only, stored compactly / kernel alone", (us["count"] + us["lists"]) / us["kernel"],
                    1.8, 1.3, more=False)  # fmt: skip
    return found


def over_members(report: Report, place: Path, asked: argparse.Namespace) -> bool:
    """Whether memory stays flat."""
    rows, peaks = [], {}
    for members in asked.members:
        folder = place / f"members-{members}"
        alone("scaling.py", "--child", "prepare", folder, members, asked.catalogue)
        if members == asked.members[0]:
            best = alone("scaling.py", "--child", "cores", folder, 5)
        for workers in (1, 2):
            run = alone("scaling.py", "--child", "one_run", folder, workers)
            peaks[members, workers] = run["peak"]
            rows.append((members, workers, run["wall"], run["cpu"], int(run["members"] / run["wall"]),
                         run["cpu"] / run["members"] * 1e6, run["base"], run["peak"]))  # fmt: skip
        shutil.rmtree(folder)
    first, last = asked.members[0], asked.members[-1]
    flat = all(peaks[last, w] <= 1.1 * peaks[first, w] + ROOM for w in (1, 2))
    report.table(
        f"Members, {asked.catalogue:,} courses, feed only, inference off, stored compactly",
        ("members", "workers", "wall s", "CPU s", "members/s", "CPU us/member", "MiB at start", "MiB at most"), rows,
        f"A worker more takes {max(peaks[last, 2] - peaks[last, 1], 0):,} MiB more. Memory is "
        f"{'flat' if flat else 'NOT FLAT'} (asserted: from the fewest to the most members the peak grows by no more "
        f"than a tenth and {ROOM} MiB).",
    )  # fmt: skip
    report.table(
        f"Cores, {best['members']:,} members, {asked.catalogue:,} courses", ("workers", "best of 5, s", "members/s"),
        [(n, best[n], int(best["members"] / best[n])) for n in ("1", "2")], "Wall time, interleaved.",
    )  # fmt: skip
    report.goal("night from documents, 2 workers / 1", best["1"] / best["2"], 1.5, 1.85)
    return flat


def project(report: Report, found: dict[int, dict[str, Any]], asked: argparse.Namespace) -> None:
    rows = []
    for members, courses in LINKEDIN:
        if courses not in found:
            report.skipped(f"projection to {courses:,} courses: that many were not measured")
            continue
        us = found[courses]
        hours = [members * us_ / 1e6 / 3600 for us_ in (us["kernel"], us["count"] + us["lists"])]
        rows.append((f"{members / 1e6:,.0f} M x {courses:,}", us["members"], us["kernel"], us["count"] + us["lists"],
                     hours[0], hours[1], int(members * us["bytes"] / 1e9)))  # fmt: skip
        if courses == 24_000:
            goal = "1.2 B x 24,000 projected, feed only, stored compactly"
            report.goal(goal, hours[1], 16, 10, "core-hours", more=False)
    if rows:
        report.table(
            "Projection: core-hours of this machine",
            ("members x courses", "measured", "kernel us", "night us", "kernel core-h", "night core-h", "GB stored"),
            rows,
            "Extends the row of the courses table with as many courses, by members in proportion. Assumes: members "
            "like the workload's (28.7 skills, 0 to 50 courses watched), cores like this one, none waiting for a "
            "disk or a network, documents gathered before; k = 100; no inference, no pages.",
        )  # fmt: skip


def main() -> int:
    parser = options(__doc__)
    parser.add_argument("--members", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--sample", type=int, default=65_536, help="members while courses vary")
    parser.add_argument("--courses", type=int, nargs="+", default=[1_000, 9_000, 10_000, 24_000, 100_000])
    parser.add_argument("--catalogue", type=int, default=10_000, help="courses while members and cores vary")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=("courses", "members"), default=["courses", "members"])
    parser.add_argument("--large", action="store_true", help="10,000,000 members as well")
    parser.add_argument("--quick", action="store_true", help="40,000 and 80,000 members, 1,000 and 24,000 courses")
    parser.add_argument("--folder", type=Path, help="where there is room for documents and lists")
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        what, folder, *numbers = asked.child
        done = {"prepare": prepare, "stages": stages, "cores": cores, "one_run": one_run}[what]
        print(json.dumps(done(Path(folder), *map(int, numbers))))
        return 0
    if asked.quick:
        asked.members, asked.sample, asked.courses = [40_000, 80_000], 16_384, [1_000, 24_000]
        asked.rounds, asked.catalogue = 3, 1_000
    if asked.large:
        asked.members.append(10_000_000)
    report, flat = Report(__doc__), True
    with tempfile.TemporaryDirectory(dir=asked.folder) as place:
        if "courses" in asked.only:
            project(report, over_courses(report, Path(place), asked), asked)
        if "members" in asked.only:
            flat = over_members(report, Path(place), asked)
    report.save(asked.out)
    return 0 if flat else 1


if __name__ == "__main__":
    sys.exit(main())
