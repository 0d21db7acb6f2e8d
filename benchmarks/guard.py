"""Has the kernel become slower than it was, beside a yardstick that does not change?

    python benchmarks/guard.py              exit code 1 when it has
    python benchmarks/guard.py --slower 3   every call three times over: shows that the guard bites

The yardstick is the plainest compiled form of a part of the job: a member's skills walk their postings and add up the
affinities of all courses, and the accumulators are read once from end to end. Both run on the same members in turn, in
CPU time, and each is judged by its best round: what disturbs a round can only add to it. `USUAL` is the ratio the
kernel had when this was written; twice that fails, so that no load of the machine does and a kernel three times slower
cannot pass. Never seconds: another machine moves both.

Why not count instructions: hardware counters are missing in most virtual machines, valgrind does not know the newest
vector instructions the compiler uses, and the number depends on processor and compiler as much as time does.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from measure import Report, interleaved, options

from kernel import Bench, build, run_loop

USUAL = {"feed": 1.5, "home": 2.5}  # times the yardstick
LIMIT = 2.0  # times the usual ratio
COURSES, MEMBERS, ROUNDS = 10_000, 1_024, 15

Array = np.ndarray[Any, Any]


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def add_up(
    starts: Array, skills: Array, weights: Array, offsets: Array, courses: Array, values: Array, many: int, out: Array
) -> None:
    """out[m] = the sum over all courses of the member's affinity squared."""
    affinity = np.zeros(many)
    for member in range(len(starts) - 1):
        for i in range(starts[member], starts[member + 1]):
            weight = weights[i]
            for j in range(offsets[skills[i]], offsets[skills[i] + 1]):
                affinity[courses[j]] += weight * values[j]
        total = 0.0
        for course in range(many):
            total += affinity[course] * affinity[course]
            affinity[course] = 0.0
        out[member] = total


def yardstick(bench: Bench) -> tuple[Callable[[], None], Array]:
    """The yardstick over the members of the bench, and where its result stands."""
    import scipy.sparse as sp

    matrix, members = bench.model.catalogue.course_skills, bench.members
    shape = (len(matrix), matrix.width)
    postings = sp.csr_matrix((matrix.values.astype(np.float64), matrix.indices, matrix.offsets), shape=shape).T.tocsr()
    out = np.zeros(bench.batch.num_rows)
    weights = members.held + members.wanted

    def run() -> None:
        add_up(
            members.skill_offsets, members.skill, weights, postings.indptr, postings.indices, postings.data,
            len(matrix), out,
        )  # fmt: skip

    return run, out


def judge(ratio: float, usual: float) -> bool:
    """Whether a ratio passes."""
    return ratio <= LIMIT * usual


def main() -> int:
    parser = options(__doc__)
    parser.add_argument("--slower", type=int, default=1, help="run the kernel so many times over")
    asked = parser.parse_args()
    report = Report(__doc__)
    bench = build(COURSES, MEMBERS, "heavy")
    plain, _ = yardstick(bench)

    def kernel(channel: str) -> Callable[[], None]:
        def run() -> None:
            for _ in range(asked.slower):
                run_loop(bench, (channel,))

        return run

    work = {"yardstick": plain, **{channel: kernel(channel) for channel in USUAL}}
    for run in work.values():
        run()
    best = {name: min(taken) for name, taken in interleaved(work, ROUNDS, time.thread_time).items()}
    rows, passed = [], True
    for channel, usual in USUAL.items():
        ratio = best[channel] / best["yardstick"]
        fine = judge(ratio, usual)
        passed &= fine
        us = best[channel] / MEMBERS * 1e6
        rows.append((channel, us, ratio, usual, LIMIT * usual, "passes" if fine else "FAILS"))
    report.table(
        f"The kernel beside its yardstick, {COURSES:,} courses",
        ("channel", "us/member", "times the yardstick", "usual", "limit", "verdict"), rows,
        f"CPU time, best of {ROUNDS} interleaved rounds.",
    )  # fmt: skip
    report.save(asked.out)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
