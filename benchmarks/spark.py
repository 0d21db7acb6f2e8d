"""How much slower is Spark on this machine than threads on this machine, after both have started?

    python benchmarks/spark.py --members 200000 --courses 10000 --repeats 3

Both count and recommend the same document parts and write the same Parquet parts, turn by turn. `--master` takes any
Spark master that sees the folder; `--inference off` leaves the kernel and the writing. Needs Java 17.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from invented import DAY, catalogue_of, load, write_parts
from measure import Report, median, options

from skillfirst.engines.base import Engine
from skillfirst.engines.local import LocalEngine
from skillfirst.engines.spark import SparkEngine
from skillfirst.kernel.catalogue import Catalogue
from skillfirst.kernel.fit import finish
from skillfirst.kernel.model import Model
from skillfirst.kernel.policy import Policy
from skillfirst.pipeline import PartWriter
from skillfirst.skills.inference.settings import Inference

OFF = Inference(title=False, co_occurrence=False, activity=False, connections=False, goals=False)
STAGES = ("count", "recommend")


class Round:
    """One engine's turn: the same parts counted, then recommended and written."""

    def __init__(self, parts: list[Path], catalogue: Catalogue, policy: Policy, folder: Path) -> None:
        self.parts, self.catalogue, self.policy, self.folder = parts, catalogue, policy, folder

    def count(self, engine: Engine) -> tuple[float, list[Any]]:
        began = time.perf_counter()
        partials = engine.count(self.parts, self.catalogue, self.policy)
        return time.perf_counter() - began, partials

    def recommend(self, engine: Engine, model: Model, channels: tuple[str, ...]) -> float:
        with tempfile.TemporaryDirectory(dir=self.folder) as place:
            out = [Path(place) / name for name in ("recommendations", "member_skills")]
            for folder in out:
                folder.mkdir()
            began = time.perf_counter()
            for _ in engine.recommend(self.parts, model, channels, PartWriter(*out, model)):
                pass
            return time.perf_counter() - began


def peak(_: int) -> tuple[int, int]:
    """A process and its highest memory, MiB; runs where nothing of this folder can be imported."""
    high = [x for x in Path("/proc/self/status").read_text().splitlines() if x.startswith("VmHWM")]
    return os.getpid(), int(high[0].split()[1]) // 1024


def measure(report: Report, given: argparse.Namespace, folder: Path) -> None:
    channels = tuple(given.channels.split(","))
    policy = Policy(inference=Inference() if given.inference == "on" else OFF)
    work = load(given.members, given.courses)
    catalogue = catalogue_of(work)
    turn = Round(write_parts(work, catalogue, folder / "documents", "none"), catalogue, policy, folder)
    threads, spark = LocalEngine(given.workers), SparkEngine(master=given.master or f"local[{given.workers}]")
    model = finish(turn.count(threads)[1], catalogue, policy, DAY).save(folder / "model")
    began = time.perf_counter()
    spark.session.range(1).count()
    started = time.perf_counter() - began
    # processes, compiled loops and pages of the model are there before anything is measured
    turn.recommend(threads, model, channels)
    turn.recommend(spark, model, channels)
    rounds: list[dict[tuple[str, str], float]] = []
    engines = (("threads", threads), ("spark", spark))
    for number in range(given.repeats):
        seconds: dict[tuple[str, str], float] = {}
        for name, engine in engines if number % 2 == 0 else engines[::-1]:
            seconds["count", name], partials = turn.count(engine)
            seconds["recommend", name] = turn.recommend(engine, model, channels)
        rounds.append(seconds)
    workers = dict(sorted(spark.map(peak, range(8 * given.workers)))).values()
    assert finish(partials, catalogue, policy, DAY).version == model.version
    spark.close()
    best = {key: min(r[key] for r in rounds) for key in rounds[0]}
    table: list[list[Any]] = []
    for stage in STAGES:
        ratios = [r[stage, "spark"] / r[stage, "threads"] for r in rounds]
        alone, other = best[stage, "threads"], best[stage, "spark"]
        table.append([stage, alone, other, other / alone, median(ratios)])
    whole = [min(sum(r[s, name] for s in STAGES) for r in rounds) for name, _ in engines]
    ratios = [sum(r[s, "spark"] for s in STAGES) / sum(r[s, "threads"] for s in STAGES) for r in rounds]
    table.append(["both", *whole, whole[1] / whole[0], median(ratios)])
    report.table(
        f"Spark {given.master or f'local[{given.workers}]'} against {given.workers} threads, {given.members:,} members "
        f"x {given.courses:,} courses, {given.channels}, inference {given.inference}",
        ("stage", "threads, best s", "Spark, best s", "ratio of best", "median ratio"), table,
        f"Wall time, {given.repeats} interleaved rounds. Spark took {started:.1f} s to start. Peak memory: this "
        f"process {peak(0)[1]:,} MiB, Python workers {', '.join(f'{x:,}' for x in workers)} MiB.",
    )  # fmt: skip
    report.goal("Spark local[2] / local 2 threads, after start-up", whole[1] / whole[0], 2.5, 1.5, more=False)


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--members", type=int, default=200_000)
    parser.add_argument("--courses", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--master")
    parser.add_argument("--inference", choices=("on", "off"), default="on")
    parser.add_argument("--channels", default="feed,home")
    given = parser.parse_args()
    report = Report(__doc__, ("pyspark", "pyarrow", "numpy", "numba"))
    if shutil.which("java") or os.environ.get("JAVA_HOME"):
        with tempfile.TemporaryDirectory() as folder:
            measure(report, given, Path(folder))
    else:
        report.skipped("Spark: Java 17 is missing (on Debian: apt install openjdk-17-jre-headless)")
    report.save(given.out)


if __name__ == "__main__":
    main()
