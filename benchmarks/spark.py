"""Spark on this machine against threads on this machine, after both have started, turn by turn.

    python benchmarks/spark.py --members 200000 --courses 10000 --repeats 3

Both count and recommend the same document parts and write the same Parquet parts. Prints one JSON line a round and one
for the whole: best and median wall seconds of each stage, and Spark's seconds over the threads' of the same round.
`--master` takes any Spark master that sees the folder; `--inference off` leaves the kernel and the writing.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from skillfirst.engines.base import Engine
from skillfirst.engines.local import LocalEngine
from skillfirst.engines.spark import SparkEngine
from skillfirst.evaluation.world.workload import Workload, workload
from skillfirst.kernel.catalogue import Catalogue, build_catalogue
from skillfirst.kernel.fit import finish
from skillfirst.kernel.model import Model
from skillfirst.kernel.policy import Policy
from skillfirst.pipeline import PartWriter
from skillfirst.skills.inference.settings import Inference
from skillfirst.skills.taxonomy import Taxonomy
from skillfirst.tables.schemas import DOCUMENT, Interaction, documents
from skillfirst.tables.sparse import Csr, to_lists
from skillfirst.tables.vocabulary import Vocabulary

DAY, PART = 20_300, 16_384
OFF = Inference(title=False, co_occurrence=False, activity=False, connections=False, goals=False)


def catalogue_of(load: Workload, courses: int) -> Catalogue:
    """The workload's courses as tables, and from there as in a night."""
    skills = [f"s{i:05d}" for i in range(load.course_skills.width)]
    ids = [f"c{i:06d}" for i in range(courses)]
    matrix = load.course_skills
    rows = np.repeat(np.arange(courses), np.diff(matrix.offsets))
    tags = pa.table(
        {
            "course_id": pa.array(ids).take(pa.array(rows)),
            "skill_id": pa.array(skills).take(pa.array(matrix.indices)),
            "weight": pa.array(matrix.values),
            "source": pa.array(["human"] * len(rows)),
            "evidence": pa.array([""] * len(rows)),
        }
    )
    table = pa.table({"course_id": ids, "title": ids, "created_on": pa.array(load.created, pa.date32())})
    taxonomy = Taxonomy.from_tables({"skills": pa.table({"skill_id": skills, "name": skills})})
    return build_catalogue(table, taxonomy, tags, Vocabulary.sorted([]))


def some_rows(rows: Csr, start: int, stop: int) -> tuple[np.ndarray, slice]:
    begin, end = int(rows.offsets[start]), int(rows.offsets[stop])
    return rows.offsets[start : stop + 1] - begin, slice(begin, end)


def write_documents(load: Workload, catalogue: Catalogue, folder: Path) -> list[Path]:
    """The workload's members as document parts: explicit skills and watched courses."""
    code = catalogue.courses.encode(pa.array([f"c{i:06d}" for i in range(load.watched.width)]))
    members, paths = len(load.member_skills), []
    explicit = np.repeat(np.arange(members), np.diff(load.member_skills.offsets))[load.explicit]
    held = Csr(
        np.concatenate([[0], np.cumsum(np.bincount(explicit, minlength=members))]).astype(np.int64),
        load.member_skills.indices[load.explicit], None, load.member_skills.width,
    )  # fmt: skip
    for number, start in enumerate(range(0, members, PART)):
        stop = min(start + PART, members)
        held_at, own = some_rows(held, start, stop)
        watched_at, seen = some_rows(load.watched, start, stop)
        skill, course = held.indices[own], code[load.watched.indices[seen]]
        row = np.repeat(np.arange(stop - start), np.diff(watched_at))
        course = course[np.lexsort((course, row))]
        batch = documents(
            stop - start,
            member_id=pa.array([f"m{i:09d}" for i in range(start, stop)]),
            now=pa.array(np.full(stop - start, (DAY + 1) * 86_400)).cast(pa.timestamp("s", "UTC")),
            skill=to_lists(held_at, skill), skill_source=to_lists(held_at, np.ones(len(skill), np.int16)),
            course=to_lists(watched_at, course),
            course_kind=to_lists(watched_at, np.full(len(course), int(Interaction.COMPLETE), np.int8)),
            course_time=to_lists(watched_at, np.full(len(course), DAY * 86_400 - 40 * 86_400, np.int64)),
            course_seconds=to_lists(watched_at, np.full(len(course), 600, np.int32)),
        )  # fmt: skip
        path = folder / f"part-{number:05d}.arrow"
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, DOCUMENT) as writer:
            writer.write_batch(batch)
        paths.append(path)
    return paths


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


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--members", type=int, default=200_000)
    asked.add_argument("--courses", type=int, default=10_000)
    asked.add_argument("--repeats", type=int, default=3)
    asked.add_argument("--workers", type=int, default=2)
    asked.add_argument("--master")
    asked.add_argument("--inference", choices=("on", "off"), default="on")
    asked.add_argument("--channels", default="feed,home")
    given = asked.parse_args()
    channels = tuple(given.channels.split(","))
    policy = Policy(inference=Inference() if given.inference == "on" else OFF)
    with tempfile.TemporaryDirectory() as folder:
        load = workload(given.members, given.courses)
        catalogue = catalogue_of(load, given.courses)
        turn = Round(write_documents(load, catalogue, Path(folder)), catalogue, policy, Path(folder))
        threads, spark = LocalEngine(given.workers), SparkEngine(master=given.master or f"local[{given.workers}]")
        model = finish(turn.count(threads)[1], catalogue, policy, DAY).save(Path(folder) / "model")
        began = time.perf_counter()
        spark.session.range(1).count()
        started = time.perf_counter() - began
        # processes, compiled loops and pages of the model are there before anything is measured
        turn.recommend(threads, model, channels)
        turn.recommend(spark, model, channels)
        rounds = []
        for number in range(given.repeats):
            seconds: dict[str, float] = {}
            order = (("threads", threads), ("spark", spark))
            for name, engine in order if number % 2 == 0 else order[::-1]:
                seconds[f"count_{name}"], partials = turn.count(engine)
                seconds[f"recommend_{name}"] = turn.recommend(engine, model, channels)
            rounds.append(seconds)
            print(json.dumps({k: round(v, 2) for k, v in seconds.items()}), flush=True)
        peaks = sorted(set(spark.map(peak, range(8 * given.workers))), reverse=True)
        assert finish(partials, catalogue, policy, DAY).version == model.version
        spark.close()
    say(given, rounds, started, [mib for _, mib in peaks])


def peak(_: int) -> tuple[int, int]:
    """A process and its highest memory, MiB."""
    return os.getpid(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def say(given: argparse.Namespace, rounds: list[dict[str, float]], started: float, peaks: list[int]) -> None:
    figures: dict[str, Any] = {**vars(given), "cores": os.cpu_count(), "spark_start_s": round(started, 1)}
    figures |= {"python_workers_peak_mib": peaks, "threads_process_peak_mib": peak(0)[1]}
    for stage in ("count", "recommend"):
        ratios = [r[f"{stage}_spark"] / r[f"{stage}_threads"] for r in rounds]
        best = {name: min(r[f"{stage}_{name}"] for r in rounds) for name in ("threads", "spark")}
        figures[stage] = {
            **{f"{name}_best_s": round(value, 2) for name, value in best.items()},
            "ratio_of_best": round(best["spark"] / best["threads"], 2),
            "ratio_median": round(statistics.median(ratios), 2),
        }
    both = [sum(r[f"{s}_spark"] for s in ("count", "recommend")) for r in rounds]
    alone = [sum(r[f"{s}_threads"] for s in ("count", "recommend")) for r in rounds]
    figures["spark_over_threads"] = round(min(both) / min(alone), 2)
    figures["load"] = [round(x, 1) for x in os.getloadavg()]
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
