"""The fused job (affinity, exact overlap sets, watched, newest first, round robin, top skill, k = 100) against peers.

    python benchmarks/kernel.py                      10,000, 24,000 and 100,000 courses, about ten minutes
    python benchmarks/kernel.py --quick              2,000 courses, some seconds
    python benchmarks/kernel.py --courses 10000 --extras

CPU time of one thread, medians of interleaved rounds: every round runs each engine once, so that a ratio compares
neighbours in time. DuckDB and SciPy do the same job without explanations on fewer members; sparse_dot_topn
(`pip install sparse_dot_topn`, this benchmark alone uses it) does affinity alone. `same` is the share of members for
whom a peer's list equals ours course by course; those who sum in another order may differ where scores tie.
`--extras` adds the page, and the feed with fatigue, series and languages on; `--threads` adds two threads against one.
"""

from __future__ import annotations

import argparse
import datetime as dt
import platform
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import scipy.sparse as sp

from skillfirst.evaluation.world.workload import Workload, workload
from skillfirst.kernel.catalogue import build_catalogue
from skillfirst.kernel.fit import count, finish
from skillfirst.kernel.member_arrays import member_arrays
from skillfirst.kernel.model import Model
from skillfirst.kernel.policy import Policy
from skillfirst.kernel.recommend import empty_lists, fill_lists, recommend, widest_list
from skillfirst.skills.inference.settings import Inference
from skillfirst.skills.taxonomy import Taxonomy
from skillfirst.tables.schemas import DOCUMENT, INFERRED, Interaction, documents
from skillfirst.tables.sparse import to_lists
from skillfirst.tables.vocabulary import Vocabulary

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
K = 100
SILENT = Inference(
    title=False, co_occurrence=False, activity=False, connections=False, goals=False, sample=10, documents=10
)  # fmt: skip
PLAIN = Policy(floor=2, list_length=K, fallback="none", collapse="none", fatigue="none", inference=SILENT)
Array = np.ndarray[Any, Any]
Lists = list[list[int]]


@dataclass
class Bench:
    """A Model, documents, and the same as plain arrays: weights members x skills, courses x skills, watched."""

    model: Model
    batch: pa.RecordBatch
    members: Any
    weights: sp.csr_matrix
    courses: sp.csr_matrix
    watched: sp.csr_matrix


def series_and_languages(courses: int, rng: np.random.Generator) -> dict[str, pa.Array]:
    """A tenth of the courses in series of two or three, a fifth in another language, levels for all."""
    series = rng.integers(0, max(courses // 25, 1), courses)
    some = rng.random(courses) < 0.1
    return {
        "series_id": pa.array([f"z{s}" if here else None for s, here in zip(series, some, strict=True)], pa.string()),
        "language": pa.array(np.where(rng.random(courses) < 0.2, "de", "en")),
        "level": pa.array(np.array(["beginner", "intermediate", "advanced"])[rng.integers(0, 3, courses)]),
    }


def documents_of(work: Workload, code: Array, seen: int, rng: np.random.Generator) -> pa.RecordBatch:
    """Documents with the inferred columns; `seen` impressions a member at most."""
    skills = work.member_skills
    members = len(skills)
    rows = np.repeat(np.arange(members), np.diff(skills.offsets))

    def lists(mask: Array, values: Array) -> pa.ListArray:
        offsets = np.zeros(members + 1, np.int64)
        np.cumsum(np.bincount(rows[mask], minlength=members), out=offsets[1:])
        return to_lists(offsets, values)

    known, guessed = work.explicit, ~work.explicit
    course = code[work.watched.indices]
    owner = np.repeat(np.arange(members), np.diff(work.watched.offsets))
    course = course[np.lexsort((course, owner))].astype(np.int32)
    per = work.watched.offsets
    many = rng.integers(0, seen + 1, members) if seen else np.zeros(members, np.int64)
    seen_offsets = np.concatenate([[0], np.cumsum(many)])
    now, total = int(NOW.timestamp()), int(seen_offsets[-1])
    at = np.repeat(np.arange(members), many)
    times = now - rng.integers(0, 28 * 86_400, total)
    times = times[np.lexsort((times, at))]
    batch = documents(
        members, member_id=[f"m{i}" for i in range(members)], now=pa.array([NOW] * members, pa.timestamp("s", "UTC")),
        languages=[["en"] if i % 3 else ["de", "en"] for i in range(members)],
        level=pa.array(rng.integers(0, 4, members).astype(np.int8)),
        skill=lists(known, skills.indices[known]), skill_source=lists(known, np.ones(known.sum(), np.int16)),
        course=to_lists(per, course), course_time=to_lists(per, np.ones(len(course), np.int64)),
        course_kind=to_lists(per, np.full(len(course), int(Interaction.COMPLETE), np.int8)),
        course_seconds=to_lists(per, np.zeros(len(course), np.int32)),
        seen_course=to_lists(seen_offsets, rng.integers(0, len(code), total).astype(np.int32)),
        seen_channel=to_lists(seen_offsets, np.ones(total, np.int8)), seen_time=to_lists(seen_offsets, times),
        seen_slot=to_lists(seen_offsets, rng.integers(1, 12, total).astype(np.int16)),
    )  # fmt: skip
    none = [pa.array([[]] * members, field.type) for field in list(INFERRED)[3:]]
    inferred = [
        lists(guessed, skills.indices[guessed]), lists(guessed, skills.values[guessed]),
        lists(guessed, np.full(guessed.sum(), 8, np.int16)),
    ]  # fmt: skip
    return pa.RecordBatch.from_arrays([*batch.columns, *inferred, *none], schema=pa.schema([*DOCUMENT, *INFERRED]))


def build(courses: int, members: int, skew: str, policy: Policy = PLAIN, extras: bool = False) -> Bench:
    """Model and documents of the seeded workload; half of its members are only counted, for the IDF."""
    work = workload(members=2 * members, courses=courses, skew=skew, seed=1)  # type: ignore[arg-type]
    rng = np.random.default_rng(1)
    width = work.course_skills.width
    names = np.array([f"s{i:05d}" for i in range(width)])
    ids = np.array([f"c{i:06d}" for i in range(courses)])
    taught = work.course_skills
    rows = np.repeat(np.arange(courses), np.diff(taught.offsets))
    tags = pa.table({"course_id": ids[rows], "skill_id": names[taught.indices], "weight": taught.values})
    for column, value in (("source", "tag"), ("evidence", "")):
        tags = tags.append_column(column, pa.array([value] * len(rows)))
    table = {"course_id": ids, "title": ids, "created_on": pa.array(work.created).cast(pa.date32())}
    if extras:
        table |= series_and_languages(courses, rng)
    taxonomy = Taxonomy.from_tables({"skills": pa.table({"skill_id": names, "name": names})})
    catalogue = build_catalogue(pa.table(table), taxonomy, tags, Vocabulary([]))
    code = catalogue.courses.encode(pa.array(ids))
    batch = documents_of(work, code, 60 if extras else 0, rng)
    model = finish([count(batch, catalogue, policy)], catalogue, policy, 20_605)
    batch = batch.slice(0, members)
    group = member_arrays(batch, model, policy)[0]
    matrix = catalogue.course_skills
    shape = (members, width)
    weights = sp.csr_matrix((group.held + group.wanted, group.skill, group.skill_offsets), shape=shape)
    own = sp.csr_matrix((matrix.values.astype(np.float64), matrix.indices, matrix.offsets), shape=(courses, width))
    ones = np.ones(len(group.course), np.int8)
    watched = sp.csr_matrix((ones, group.course, group.course_offsets), shape=(members, courses))
    return Bench(model, batch, group, weights, own, watched)


# --- engines: each returns what one round needs; lists of course codes where they are comparable


def run_loop(bench: Bench, channels: tuple[str, ...] = ("feed",)) -> Any:
    """The compiled loop, arrays to arrays, into fresh memory."""
    policy = bench.model.policy
    out = empty_lists(bench.batch.num_rows, channels, sum(widest_list(c, bench.model, policy) for c in channels))
    fill_lists(bench.members, bench.model, policy, out)
    return out


def run_recommend(bench: Bench, channels: tuple[str, ...] = ("feed",)) -> pa.RecordBatch:
    """Documents in, recommendations out."""
    return recommend(bench.batch, bench.model, channels)


def our_lists(bench: Bench) -> Lists:
    out = run_loop(bench)
    bounds = out.offsets.tolist()
    return [out.course[a:b].tolist() for a, b in pairwise(bounds)]


def scipy_matrices(bench: Bench) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """Skills x courses: weights, and a random 64-bit key of the skill."""
    keys = np.random.default_rng(7).integers(1, 2**63, bench.weights.shape[1], dtype=np.uint64)
    transposed = bench.courses.T.tocsr()
    each = np.repeat(keys, np.diff(transposed.indptr))
    return transposed, sp.csr_matrix((each, transposed.indices, transposed.indptr), transposed.shape)


def run_scipy(bench: Bench, matrices: tuple[sp.csr_matrix, sp.csr_matrix], members: int) -> Lists:
    """Two sparse products (affinity; sums of keys for the overlap sets), then sorting."""
    transposed, marked = matrices
    weights = bench.weights[:members]
    held = sp.csr_matrix((np.ones(weights.nnz, np.uint64), weights.indices, weights.indptr), weights.shape)
    score, overlap = weights @ transposed, held @ marked
    score.sort_indices()
    overlap.sort_indices()
    sizes = np.diff(score.indptr)
    row, course = np.repeat(np.arange(members), sizes), score.indices
    seen = np.repeat(np.arange(members), np.diff(bench.watched.indptr[: members + 1])).astype(np.int64)
    watched = seen * bench.courses.shape[0] + bench.watched.indices[: len(seen)]
    keep = ~np.isin(row.astype(np.int64) * bench.courses.shape[0] + course, watched)
    row, course, key, value = row[keep], course[keep], overlap.data[keep], score.data[keep]
    day = bench.model.layout.date_rank[course]
    order = np.lexsort((course, -value, day, key, row))
    row, course, key, value = row[order], course[order], key[order], value[order]
    new = np.concatenate([[True], (row[1:] != row[:-1]) | (key[1:] != key[:-1])])
    bucket = np.cumsum(new) - 1
    begin = np.flatnonzero(new)
    best = np.maximum.reduceat(value, begin)
    turn = np.arange(len(row)) - begin[bucket]
    order = np.lexsort((bucket, -best[bucket], turn, row))
    row, course = row[order], course[order]
    first = np.searchsorted(row, np.arange(members + 1))
    return [course[a : min(b, a + K)].tolist() for a, b in pairwise(first.tolist())]


SQL = """
with matched as (
    select member, course, sum(w * weight order by skill) affinity, bit_xor(hash(skill)) overlap
    from holds join teaches using (skill) where member < $members group by member, course),
open as (select m.*, day from matched m anti join watched using (member, course) join dated using (course)),
placed as (
    select member, course, max(affinity) over (partition by member, overlap) best, overlap,
           row_number() over (partition by member, overlap order by day, affinity desc, course) turn from open),
ranked as (
    select member, course, row_number() over (partition by member order by turn, best desc, overlap) place from placed)
select member, list(course order by place) from ranked where place <= $k group by member order by member
"""


def duckdb_tables(bench: Bench) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(config={"threads": 1})
    for name, matrix, columns in (
        ("holds", bench.weights, ("member", "skill", "w")),
        ("teaches", bench.courses, ("course", "skill", "weight")),
        ("watched", bench.watched, ("member", "course", "one")),
    ):
        coo = matrix.tocoo()
        table = pa.table({columns[0]: coo.row, columns[1]: coo.col, columns[2]: coo.data})
        con.register("arrow", table)
        con.execute(f"create table {name} as select * from arrow")
    rank = bench.model.layout.date_rank
    con.register("arrow", pa.table({"course": np.arange(len(rank), dtype=np.int32), "day": rank}))
    con.execute("create table dated as select * from arrow")
    return con


def run_duckdb(con: duckdb.DuckDBPyConnection, members: int) -> Lists:
    lists: Lists = [[] for _ in range(members)]
    for member, courses in con.execute(SQL, {"members": members, "k": K}).fetchall():
        lists[member] = courses
    return lists


def topn(bench: Bench) -> Callable[[], Any] | None:
    try:
        from sparse_dot_topn import sp_matmul_topn
    except ImportError:
        return None
    transposed = bench.courses.T.tocsr()
    return lambda: sp_matmul_topn(bench.weights, transposed, top_n=K, sort=True, n_threads=1)


# --- measuring


def interleaved(engines: dict[str, tuple[Callable[[], Any], int]], rounds: int) -> dict[str, float]:
    """Median CPU microseconds a member of each engine (callable, members)."""
    taken: dict[str, list[float]] = {name: [] for name in engines}
    for _ in range(rounds):
        for name, (run, members) in engines.items():
            began = time.process_time()
            run()
            taken[name].append((time.process_time() - began) / members * 1e6)
    return {name: float(np.median(times)) for name, times in taken.items()}


def compare(courses: int, members: int, skew: str, rounds: int, few: int) -> None:
    bench = build(courses, members, skew)
    con = duckdb_tables(bench)
    ours, run_topn, matrices = our_lists(bench), topn(bench), scipy_matrices(bench)
    run_recommend(bench)
    same = {
        "NumPy/SciPy fused": np.mean([a == b for a, b in zip(ours, run_scipy(bench, matrices, few), strict=False)]),
        "DuckDB fused": np.mean([a == b for a, b in zip(ours, run_duckdb(con, few), strict=False)]),
    }
    engines: dict[str, tuple[Callable[[], Any], int]] = {
        "skillfirst, loop": (lambda: run_loop(bench), members),
        "skillfirst, recommend()": (lambda: run_recommend(bench), members),
    }
    if run_topn:
        engines["sparse_dot_topn, affinity only"] = (run_topn, members)
    engines["NumPy/SciPy fused"] = (lambda: run_scipy(bench, matrices, few), few)
    engines["DuckDB fused"] = (lambda: run_duckdb(con, few), few)
    medians = interleaved(engines, rounds)
    loop = medians["skillfirst, loop"]
    print(f"\n{courses:,} courses, {skew} skew, {members:,} members ({few:,} for SciPy and DuckDB), {rounds} rounds")
    print(f"{'engine':34}{'us/member':>12}{'members/s':>12}{'/ loop':>9}{'same':>8}")
    for name, us in medians.items():
        equal = f"{same[name]:8.1%}" if name in same else ""
        print(f"{name:34}{us:12.1f}{1e6 / us:12,.0f}{us / loop:9.2f}{equal}", flush=True)
    if run_topn is None:
        print("sparse_dot_topn is not installed: pip install sparse_dot_topn")


def compare_extras(courses: int, members: int, rounds: int) -> None:
    """The page, and what fatigue, series and languages cost."""
    plain = build(courses, members, "heavy")
    busy = build(courses, members, "heavy", Policy(floor=2, fallback="none", collapse="series", inference=SILENT), True)
    engines: dict[str, tuple[Callable[[], Any], int]] = {
        "feed": (lambda: run_loop(plain), members),
        "feed; fatigue, series, languages": (lambda: run_loop(busy), members),
        "home": (lambda: run_loop(plain, ("home",)), members),
        "feed and home": (lambda: run_loop(plain, ("feed", "home")), members),
        "feed and home, recommend()": (lambda: run_recommend(plain, ("feed", "home")), members),
    }
    for run, _ in engines.values():
        run()
    medians = interleaved(engines, rounds)
    print(f"\n{courses:,} courses, heavy skew, {members:,} members: channels and rules")
    for name, us in medians.items():
        print(f"{name:34}{us:12.1f}{1e6 / us:12,.0f}{us / medians['feed']:9.2f}", flush=True)
    compare_one(plain)


def compare_one(bench: Bench) -> None:
    """A batch of one: wall time, as a service feels it."""
    ones = [bench.batch.slice(i, 1) for i in range(min(1_000, bench.batch.num_rows))]
    groups = [member_arrays(one, bench.model, bench.model.policy)[0] for one in ones]
    width = widest_list("feed", bench.model, bench.model.policy)

    def alone(group: Any) -> None:
        fill_lists(group, bench.model, bench.model.policy, empty_lists(1, ["feed"], width))

    for name, run, inputs in (
        ("one member, loop and its arrays", alone, groups),
        ("one member, recommend()", lambda one: recommend(one, bench.model, ["feed"]), ones),
    ):
        taken = []
        for x in inputs:
            began = time.perf_counter()
            run(x)
            taken.append((time.perf_counter() - began) * 1e6)
        p50, p99 = np.percentile(taken, [50, 99])
        print(f"{name:34}{'p50':>6}{p50:9.0f} us{'p99':>6}{p99:9.0f} us (wall)")


def compare_threads(courses: int, members: int, rounds: int) -> None:
    """Two threads over two halves against one thread over both, wall, best of interleaved rounds."""
    bench = build(courses, members, "heavy")
    half = members // 2
    parts = [bench.batch.slice(0, half), bench.batch.slice(half, half)]

    def work(part: pa.RecordBatch) -> None:
        for _ in range(4):
            recommend(part, bench.model, ["feed"])

    work(parts[0])
    single, double, cpu = [], [], []
    for _ in range(rounds):
        began, used = time.perf_counter(), time.process_time()
        for part in parts:
            work(part)
        single.append(time.perf_counter() - began)
        one = time.process_time() - used
        threads = [threading.Thread(target=work, args=(part,)) for part in parts]
        began, used = time.perf_counter(), time.process_time()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        double.append(time.perf_counter() - began)
        cpu.append((time.process_time() - used) / one)
    faster = min(single) / min(double)
    print(f"\n2 threads / 1 thread: {faster:.2f}x wall (best), CPU for the same work {np.median(cpu):.2f}x")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--courses", type=int, nargs="+", default=[10_000, 24_000, 100_000])
    parser.add_argument("--members", type=int, default=4_096)
    parser.add_argument("--few", type=int, default=1_000, help="members for DuckDB and SciPy")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--skew", choices=("heavy", "light"), default="heavy")
    parser.add_argument("--quick", action="store_true", help="2,000 courses, 512 members, 3 rounds")
    parser.add_argument("--extras", action="store_true")
    parser.add_argument("--threads", action="store_true")
    asked = parser.parse_args()
    if asked.quick:
        asked.courses, asked.members, asked.few, asked.rounds = [2_000], 512, 64, 3
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    versions = []
    for package in ("numpy", "numba", "scipy", "duckdb", "pyarrow", "sparse_dot_topn"):
        try:
            versions.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            continue
    print(f"{models[0] if models else platform.processor()}, {platform.system()}, Python {platform.python_version()}")
    print(", ".join(versions))
    for courses in asked.courses:
        compare(courses, asked.members, asked.skew, asked.rounds, asked.few)
    if asked.extras:
        compare_extras(asked.courses[0], asked.members, asked.rounds)
    if asked.threads:
        compare_threads(asked.courses[0], asked.members, asked.rounds)


if __name__ == "__main__":
    main()
