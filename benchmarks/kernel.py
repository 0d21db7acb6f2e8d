"""How fast is the fused job (affinity, overlap sets, watched, newest first, round robin, top skill) beside peers?

    python benchmarks/kernel.py                      10,000, 24,000 and 100,000 courses, extras and threads
    python benchmarks/kernel.py --quick              2,000 courses, some seconds
    python benchmarks/kernel.py --courses 10000 --only peers

CPU time of one thread, medians of interleaved rounds: every round runs each engine once, so that a ratio compares
neighbours in time. DuckDB, Polars and SciPy do the same job without explanations on fewer members; sparse_dot_topn does
affinity alone (`python benchmarks/peers.py --install` gets Polars and sparse_dot_topn; they are left out, visibly,
where they are missing). "same" is the share of members for whom a peer's list equals ours course by course; those who
sum in another order may differ where scores tie.

`extras`: the same job with fatigue, series and languages on and off; the page; a batch of one. `threads`: two against
one.
"""

from __future__ import annotations

import argparse
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numba
import numpy as np
import pyarrow as pa
import scipy.sparse as sp
from fused import Job, Lists, duckdb_run, polars_run, scipy_run, topn_run
from invented import DAY, EXTRAS, catalogue_of, documents_of, load, plain_policy
from measure import Report, beside, interleaved, median, options

from skillfirst.kernel.fit import count, finish
from skillfirst.kernel.member_arrays import member_arrays
from skillfirst.kernel.model import Model
from skillfirst.kernel.recommend import empty_lists, fill_lists, recommend, widest_list

K = 100
SPINS = 250_000_000  # steps of arithmetic, about as long as the kernel's part
TOPN = "sparse_dot_topn, affinity only"


@dataclass
class Bench:
    """A Model, documents with inferred columns, and the same as the arrays the compiled loop reads."""

    model: Model
    batch: pa.RecordBatch
    members: Any


def build(courses: int, members: int, skew: str, extras: Collection[str] = ()) -> Bench:
    """Model and documents of the seeded workload; half of its members are only counted, for the IDF."""
    policy = plain_policy(extras, K)
    work = load(2 * members, courses, skew)
    catalogue = catalogue_of(work, extras)
    batch = documents_of(work, catalogue, 0, 2 * members, "inferred", extras)
    model = finish([count(batch, catalogue, policy)], catalogue, policy, DAY)
    batch = batch.slice(0, members)
    return Bench(model, batch, member_arrays(batch, model, policy)[0])


def job_of(bench: Bench) -> Job:
    """The same as sparse matrices: members x skills, courses x skills, watched."""
    members, matrix = bench.members, bench.model.catalogue.course_skills
    rows, width, courses = bench.batch.num_rows, matrix.width, len(matrix)
    weights = sp.csr_matrix((members.held + members.wanted, members.skill, members.skill_offsets), shape=(rows, width))
    own = sp.csr_matrix((matrix.values.astype(np.float64), matrix.indices, matrix.offsets), shape=(courses, width))
    ones = np.ones(len(members.course), np.int8)
    watched = sp.csr_matrix((ones, members.course, members.course_offsets), shape=(rows, courses))
    return Job(weights, own, watched, bench.model.layout.date_rank, K)


def run_loop(bench: Bench, channels: tuple[str, ...] = ("feed",)) -> Any:
    """The compiled loop, arrays to arrays, into fresh memory."""
    policy = bench.model.policy
    out = empty_lists(bench.batch.num_rows, channels, sum(widest_list(c, bench.model, policy) for c in channels))
    fill_lists(bench.members, bench.model, policy, out)
    return out


def our_lists(bench: Bench) -> Lists:
    out = run_loop(bench)
    return [out.course[a:b].tolist() for a, b in pairwise(out.offsets.tolist())]


def compare(report: Report, courses: int, asked: argparse.Namespace) -> None:
    bench = build(courses, asked.members, asked.skew)
    job, ours = job_of(bench), our_lists(bench)
    few = asked.few or int(np.clip(1e7 / courses, 100, 1_000))
    peers = {"NumPy/SciPy fused": scipy_run(job), "DuckDB fused": duckdb_run(job), "Polars fused": polars_run(job)}
    alone = topn_run(job)
    work: dict[str, Callable[[], object]] = {
        "skillfirst, loop": lambda: run_loop(bench),
        "skillfirst, recommend()": lambda: recommend(bench.batch, bench.model, ("feed",)),
    }
    members, same = dict.fromkeys((*work, TOPN), asked.members), {}
    if alone:
        work[TOPN] = alone
    else:
        report.skipped("sparse_dot_topn: python benchmarks/peers.py --install")
    for name, run in peers.items():
        if run is None:
            report.skipped(f"{name}: python benchmarks/peers.py --install")
            continue
        work[name] = lambda run=run: run(few)
        members[name] = few
        same[name] = f"{np.mean([a == b for a, b in zip(ours, run(few), strict=False)]):.1%}"
    work["skillfirst, recommend()"]()
    us = {n: median(t) / members[n] * 1e6 for n, t in interleaved(work, asked.rounds).items()}
    loop = us["skillfirst, loop"]
    report.table(
        f"The fused job, {courses:,} courses, {asked.skew} skew, k = {K}",
        ("engine", "us/member", "members/s", "times the loop", "same lists", "members"),
        [(n, x, int(1e6 / x), x / loop, same.get(n, ""), members[n]) for n, x in us.items()],
        f"CPU of one thread, medians of {asked.rounds} interleaved rounds.",
    )
    goals = {10_000: (1.5, 2.5), 24_000: (1.5, 2.5), 100_000: (0.9, 1.6)}
    if alone and courses in goals:
        report.goal(f"{TOPN} / fused, {courses:,} courses", us[TOPN] / loop, *goals[courses])
    if courses == 10_000:
        report.goal("DuckDB fused / fused, 10,000 courses", us["DuckDB fused"] / loop, 80, 150)
        report.goal("NumPy-SciPy fused / fused, 10,000 courses", us["NumPy/SciPy fused"] / loop, 30, 60)


def compare_extras(report: Report, courses: int, asked: argparse.Namespace) -> None:
    """What each rule costs, alone and together; the page; a batch of one."""
    benches = {"feed": build(courses, asked.members, "heavy")}
    for extra in EXTRAS:
        benches[f"feed, {extra}"] = build(courses, asked.members, "heavy", [extra])
    benches["feed, fatigue, series and languages"] = build(courses, asked.members, "heavy", EXTRAS)
    plain = benches["feed"]
    work: dict[str, Callable[[], object]] = {n: lambda b=b: run_loop(b) for n, b in benches.items()}
    work["home"] = lambda: run_loop(plain, ("home",))
    work["feed and home"] = lambda: run_loop(plain, ("feed", "home"))
    work["feed and home, recommend()"] = lambda: recommend(plain.batch, plain.model, ("feed", "home"))
    for run in work.values():
        run()
    us = {n: median(t) / asked.members * 1e6 for n, t in interleaved(work, asked.rounds).items()}
    report.table(
        f"Channels and rules, {courses:,} courses",
        ("job", "us/member", "members/s", "times the plain feed"),
        [(n, x, int(1e6 / x), x / us["feed"]) for n, x in us.items()],
        f"CPU of one thread, medians of {asked.rounds} interleaved rounds, {asked.members:,} members. A rule's row has "
        "the data it needs: 0 to 60 impressions a member, a tenth of the courses in series, two languages and levels.",
    )
    on = us["feed, fatigue, series and languages"] / us["feed"]
    report.goal("the feed with fatigue, series and languages on / off", on, 1.3, 1.1, more=False)
    one_member(report, plain, courses)


def one_member(report: Report, bench: Bench, courses: int) -> None:
    """A batch of one: wall time, as a service feels it."""
    policy = bench.model.policy
    ones = [bench.batch.slice(i, 1) for i in range(min(2_000, bench.batch.num_rows))]
    groups = [member_arrays(one, bench.model, policy)[0] for one in ones]
    width = widest_list("feed", bench.model, policy)

    def loop(group: Any) -> None:
        fill_lists(group, bench.model, policy, empty_lists(1, ["feed"], width))

    rows = []
    for name, run, inputs in (
        ("kernel: arrays to lists, with its memory", loop, groups),
        ("recommend(): document to Arrow row", lambda one: recommend(one, bench.model, ["feed"]), ones),
    ):
        taken = []
        for x in inputs:
            began = time.perf_counter()
            run(x)
            taken.append((time.perf_counter() - began) * 1e6)
        rows.append((name, *[float(np.percentile(taken, p)) for p in (50, 99)]))
    report.table(f"A batch of one, {courses:,} courses", ("call", "p50 us", "p99 us"), rows, "Wall time.")
    if courses == 10_000:
        report.goal("kernel, batch of one, p50", rows[0][1], 50, None, "us", more=False)
        report.goal("kernel, batch of one, p99", rows[0][2], 200, None, "us", more=False)


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def spin(steps: int) -> int:
    """Arithmetic in registers: nothing is shared, nothing is waited for."""
    x = np.uint64(1)
    for _ in range(steps):
        x = x * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
    return int(x)


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def wander(room: Any) -> float:
    """Reads and writes at places all over `room`, as affinities are added up."""
    x, total = np.uint64(1), 0.0
    for _ in range(len(room) * 8):
        x = x * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
        at = int(x >> np.uint64(33)) % len(room)
        total += room[at]
        room[at] += 1.0
    return total


def one_and_two(work: Callable[[Any], object], parts: Sequence[Any]) -> tuple[Callable[[], None], Callable[[], None]]:
    """All parts one after the other, and each by a thread of its own."""

    def one() -> None:
        for part in parts:
            work(part)

    def two() -> None:
        threads = [threading.Thread(target=work, args=(part,)) for part in parts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return one, two


def compare_threads(report: Report, courses: int, asked: argparse.Namespace) -> None:
    """Two threads over two halves against one thread over both, beside what the machine gives to any two threads."""
    bench = build(courses, asked.members, "heavy")
    half = asked.members // 2
    parts = [bench.batch.slice(0, half), bench.batch.slice(half, half)]

    def work(part: pa.RecordBatch) -> None:
        for _ in range(8):
            recommend(part, bench.model, ["feed"])

    work(parts[0])
    spin(1)
    wander(np.zeros(8))
    works = {
        "kernel": one_and_two(work, parts),
        "arithmetic": one_and_two(spin, [SPINS] * 2),
        "places in 8 MB": one_and_two(wander, [np.zeros(10**6), np.zeros(10**6)]),
    }
    runs = {f"{what}, {n}": run for what, both in works.items() for n, run in enumerate(both, 1)}
    best = {name: min(seconds) for name, seconds in interleaved(runs, 5, time.perf_counter).items()}
    rows = [(what, best[f"{what}, 1"], best[f"{what}, 2"], best[f"{what}, 1"] / best[f"{what}, 2"]) for what in works]
    report.table(
        f"Two threads, {courses:,} courses", ("work", "1 thread, s", "2 threads, s", "gain"), rows,
        "Best of 5, wall time, interleaved. Arithmetic stays in registers, places lie in memory of each thread's own: "
        "their gains are what the machine, and whoever shares it, leaves to two threads that share nothing.",
    )  # fmt: skip
    report.goal("kernel, 2 threads / 1 thread", rows[0][3], 1.7, 1.95)


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--courses", type=int, nargs="+", default=[10_000, 24_000, 100_000])
    parser.add_argument("--members", type=int, default=4_096)
    parser.add_argument("--few", type=int, help="members for DuckDB, Polars and SciPy (by default 100 to 1,000)")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--skew", choices=("heavy", "light"), default="heavy")
    parser.add_argument("--quick", action="store_true", help="2,000 courses, 512 members, 3 rounds")
    parser.add_argument("--only", nargs="+", choices=("peers", "extras", "threads"))
    asked = parser.parse_args()
    if asked.quick:
        asked.courses, asked.members, asked.few, asked.rounds = [2_000], 512, 64, 3
    beside()
    report = Report(__doc__, ("numpy", "numba", "scipy", "duckdb", "polars", "pyarrow", "sparse_dot_topn"))
    parts = asked.only or ("peers", "extras", "threads")
    if "peers" in parts:
        for courses in asked.courses:
            compare(report, courses, asked)
    if "extras" in parts:
        compare_extras(report, asked.courses[0], asked)
    if "threads" in parts:
        compare_threads(report, asked.courses[0], asked)
    report.save(asked.out)


if __name__ == "__main__":
    main()
