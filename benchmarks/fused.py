"""The fused job in other engines: NumPy/SciPy, DuckDB, Polars; and affinity alone in sparse_dot_topn.

Each takes the same matrices and gives the first `k` courses of each member: exact overlap sets by sums or exclusive ors
of random 64-bit keys, watched courses left out, newest first within a set, sets by their best affinity, one of each in
turn. None of them explains its choice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import scipy.sparse as sp

Lists = list[list[int]]
Run = Callable[[int], Lists]  # the lists of the first so many members


@dataclass(frozen=True)
class Job:
    """Weights members x skills, courses x skills, watched members x courses; `day`: 0 is the newest, by course."""

    weights: sp.csr_matrix
    courses: sp.csr_matrix
    watched: sp.csr_matrix
    day: np.ndarray[Any, Any]
    k: int


def scipy_run(job: Job) -> Run:
    """Two sparse products (affinity; sums of keys for the overlap sets), then sorting."""
    keys = _keys(job)
    transposed = job.courses.T.tocsr()
    each = np.repeat(keys, np.diff(transposed.indptr))
    marked = sp.csr_matrix((each, transposed.indices, transposed.indptr), transposed.shape)
    courses = job.courses.shape[0]

    def run(members: int) -> Lists:
        weights = job.weights[:members]
        held = sp.csr_matrix((np.ones(weights.nnz, np.uint64), weights.indices, weights.indptr), weights.shape)
        score, overlap = weights @ transposed, held @ marked
        score.sort_indices()
        overlap.sort_indices()
        row, course = np.repeat(np.arange(members), np.diff(score.indptr)), score.indices
        seen = np.repeat(np.arange(members), np.diff(job.watched.indptr[: members + 1])).astype(np.int64)
        watched = seen * courses + job.watched.indices[: len(seen)]
        keep = ~np.isin(row.astype(np.int64) * courses + course, watched)
        row, course, key, value = row[keep], course[keep], overlap.data[keep], score.data[keep]
        order = np.lexsort((course, -value, job.day[course], key, row))
        row, course, key, value = row[order], course[order], key[order], value[order]
        new = np.concatenate([[True], (row[1:] != row[:-1]) | (key[1:] != key[:-1])])
        bucket, begin = np.cumsum(new) - 1, np.flatnonzero(new)
        best = np.maximum.reduceat(value, begin)
        turn = np.arange(len(row)) - begin[bucket]
        order = np.lexsort((bucket, -best[bucket], turn, row))
        row, course = row[order], course[order]
        first = np.searchsorted(row, np.arange(members + 1))
        return [course[a : min(b, a + job.k)].tolist() for a, b in pairwise(first.tolist())]

    return run


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


def duckdb_run(job: Job) -> Run:
    import duckdb

    con = duckdb.connect(config={"threads": 1})
    for name, table in _tables(job).items():
        con.register("arrow", table)
        con.execute(f"create table {name} as select * from arrow")

    def run(members: int) -> Lists:
        return _by_member(con.execute(SQL, {"members": members, "k": job.k}).fetchall(), members)

    return run


def polars_run(job: Job) -> Run | None:
    """None where Polars is not installed. One thread (POLARS_MAX_THREADS, set by `measure.beside`)."""
    try:
        import polars as pl
    except ImportError:
        return None
    tables = {name: pl.from_arrow(table) for name, table in _tables(job).items()}
    keys = pl.DataFrame({"skill": np.arange(job.courses.shape[1], dtype=np.int32), "key": _keys(job)})
    teaches = tables["teaches"].join(keys, on="skill").lazy()

    def run(members: int) -> Lists:
        found = (
            tables["holds"].lazy().filter(pl.col("member") < members).join(teaches, on="skill")
            .group_by("member", "course")
            .agg((pl.col("w") * pl.col("weight")).sum().alias("affinity"), pl.col("key").bitwise_xor())
            .join(tables["watched"].lazy(), on=["member", "course"], how="anti")
            .join(tables["dated"].lazy(), on="course")
            .sort("member", "key", "day", "affinity", "course", descending=[False, False, False, True, False])
            .with_columns(
                pl.col("affinity").max().over("member", "key").alias("best"),
                pl.int_range(pl.len()).over("member", "key").alias("turn"),
            )
            .sort("member", "turn", "best", "key", descending=[False, False, True, False])
            .group_by("member", maintain_order=True).agg(pl.col("course").head(job.k))
            .collect()
        )  # fmt: skip
        return _by_member(found.iter_rows(), members)

    return run


def topn_run(job: Job) -> Callable[[], object] | None:
    """Affinity alone of all members, sorted; None where sparse_dot_topn is not installed."""
    try:
        from sparse_dot_topn import sp_matmul_topn
    except ImportError:
        return None
    transposed = job.courses.T.tocsr()
    return lambda: sp_matmul_topn(job.weights, transposed, top_n=job.k, sort=True, n_threads=1)


def _keys(job: Job) -> np.ndarray[Any, Any]:
    return np.random.default_rng(7).integers(1, 2**63, job.courses.shape[1], dtype=np.uint64)


def _tables(job: Job) -> dict[str, pa.Table]:
    tables = {"dated": pa.table({"course": np.arange(len(job.day), dtype=np.int32), "day": job.day})}
    for name, matrix, columns in (
        ("holds", job.weights, ("member", "skill", "w")),
        ("teaches", job.courses, ("course", "skill", "weight")),
        ("watched", job.watched, ("member", "course", "one")),
    ):
        coo = matrix.tocoo()
        tables[name] = pa.table(dict(zip(columns, (coo.row, coo.col, coo.data), strict=True)))
    return tables


def _by_member(rows: Any, members: int) -> Lists:
    lists: Lists = [[] for _ in range(members)]
    for member, courses in rows:
        lists[member] = courses
    return lists
