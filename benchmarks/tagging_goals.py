"""Recomputes the goals of course -> skills on real catalogues, beside the baselines.

    python benchmarks/tagging_goals.py --shared ../shared/data [--only C21 C24 C25 ESCO SPEED] [--json FILE]

Splits and metrics: by SHA-1 of the lower-case title, 60 % to learn from; see `skillfirst.evaluation.tagging`.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from skillfirst.evaluation.tagging import evaluate_tagging, split
from skillfirst.kernel.tag import TagSettings, tag
from skillfirst.skills.tagging.courses import CourseTexts
from skillfirst.skills.tagging.formula import Reading
from skillfirst.skills.taxonomy import Taxonomy

SNAPSHOT = {"C21": "coursera_2021_10", "C24": "coursera_2024", "C25": "coursera_2025"}
GOALS = {  # metric: (must, ambitious)
    "C21": {"R@10": (0.56, 0.64), "nDCG@10": (0.54, 0.62), "micro-F1": (0.40, 0.47), "ECE": (0.02, 0.01)},
    "C21 no labels": {"R@10": (0.50, 0.56), "nDCG@10": (0.48, 0.54)},
    "C24": {"R@10": (0.48, 0.57), "nDCG@10": (0.49, 0.59), "micro-F1": (0.36, 0.43), "ECE": (0.02, 0.01)},
    "C25": {"R-precision": (0.35, 0.39), "P@5": (0.51, 0.56), "micro-F1": (0.34, 0.39), "ECE": (0.02, 0.01)},
    "ESCO": {"house_test MRR": (0.31, 0.36), "tech_validation MRR": (0.55, 0.62)},
    "ESCO with embeddings": {"house_test MRR": (0.40, 0.50), "tech_validation MRR": (0.62, 0.72)},
    "SPEED": {"train 1,000 courses, s": (20, 5), "tag 1,000 courses, s": (10, 3)},
}


def catalogue(shared: Path, name: str, shelf: bool = True) -> tuple[pa.Table, Taxonomy]:
    """Tagged courses of one snapshot, tags merged by case; the taxonomy is every tag used anywhere in it."""
    table = pq.read_table(shared / "coursera" / "courses.parquet")
    table = table.filter(pc.equal(table["snapshot"], SNAPSHOT[name]))
    if name == "C21":
        table = table.filter(pc.fill_null(pc.equal(table["language"], "English"), False))
    if name != "C25":
        table = table.filter(pc.is_valid(table["description"]))
    table = table.filter(pc.greater(pc.list_value_length(table["skills"]), 0))
    tags = [sorted({t.strip().lower() for t in row}) for row in table["skills"].to_pylist()]
    names: dict[str, str] = {}
    for row in table["skills"].to_pylist():
        for written in row:
            names.setdefault(written.strip().lower(), written.strip())
    ids = sorted(names)
    taxonomy = Taxonomy.from_tables({"skills": pa.table({"skill_id": ids, "name": [names[i] for i in ids]})})
    columns: dict[str, Any] = {
        "course_id": table["course_id"].cast(pa.string()),
        "title": table["title"].cast(pa.string()),
        "skills": pa.array(tags, pa.list_(pa.string())),
    }
    if name != "C25":
        columns["description"] = table["description"].cast(pa.string())
    if shelf:
        columns |= {"category": table["category"].cast(pa.string()), "author": table["provider"].cast(pa.string())}
    return pa.table(columns), taxonomy


def esco(shared: Path, settings: TagSettings) -> dict[str, float]:
    """MRR of the first right skill among ten, by the formula alone, over preferred labels."""
    skills = pq.read_table(shared / "esco_v1_2_0" / "skills_en.parquet")
    names = sorted({n.strip() for n in skills["preferredLabel"].to_pylist() if n})
    taxonomy = Taxonomy.from_tables({"skills": pa.table({"skill_id": [n.lower() for n in names], "name": names})})
    rows = pq.read_table(shared / "skill_extraction_esco" / "sentences.parquet").to_pylist()
    known = set(taxonomy.skills.ids.to_pylist())
    out = {}
    for subset in ("house_test", "tech_validation", "house_validation"):
        truth: dict[str, set[str]] = {}
        for row in rows:
            if row["subset"] == subset and row["label"] and row["label"].strip().lower() in known:
                truth.setdefault(row["sentence"], set()).add(row["label"].strip().lower())
        sentences = sorted(truth)
        courses = pa.table({"course_id": [f"{i:04d}" for i in range(len(sentences))], "title": sentences})
        found = tag(courses, taxonomy, None, settings).candidates
        ranked: dict[str, list[str]] = {}
        for course, skill in zip(found["course_id"].to_pylist(), found["skill_id"].to_pylist(), strict=True):
            ranked.setdefault(course, []).append(skill)
        gains = []
        for i, sentence in enumerate(sentences):
            places = [p for p, s in enumerate(ranked.get(f"{i:04d}", [])[:10], 1) if s in truth[sentence]]
            gains.append(1 / places[0] if places else 0.0)
        out[f"{subset} MRR"] = round(float(np.mean(gains)), 4)
        out[f"{subset} sentences"] = len(sentences)
    return out


def speed(shared: Path, settings: TagSettings) -> dict[str, float]:
    """Wall seconds on this machine: the ranker trained on about 1,000 labelled courses, and 1,000 courses tagged."""
    courses, taxonomy = catalogue(shared, "C21")
    train = courses.slice(0, 1000)
    start = time.perf_counter()
    Reading.of(CourseTexts.of(train), taxonomy)
    read = time.perf_counter() - start
    start = time.perf_counter()
    few = tag(train.slice(0, 1), taxonomy, train, TagSettings(own_tags=False))
    trained = time.perf_counter() - start
    start = time.perf_counter()
    tag(train, taxonomy, train, TagSettings(own_tags=False))
    both = time.perf_counter() - start
    start = time.perf_counter()
    tag(train, taxonomy, None, TagSettings(own_tags=False))
    plain = time.perf_counter() - start
    scale = 1000 / len(train)
    return {
        "courses": len(train), "method": few.report["method"],
        "read 1,000 courses, s": round(read * scale, 2),
        "train 1,000 courses, s": round(trained * scale, 2),
        "tag 1,000 courses, s": round((both - trained + read) * scale, 2),
        "tag 1,000 courses without labels, s": round(plain * scale, 2),
    }  # fmt: skip


def show(name: str, metrics: dict[str, Any], goals: dict[str, tuple[float, float]]) -> None:
    for metric, (must, ambitious) in goals.items():
        value = metrics.get(metric)
        if value is None:
            continue
        number = value[0] if isinstance(value, list) else value
        less = metric == "ECE" or metric.endswith(", s")
        sign = -1 if less else 1
        reached = [sign * number >= sign * goal for goal in (must, ambitious)]
        verdict = "ambitious" if reached[1] else "must" if reached[0] else "MISSED"
        interval = f" [{value[1]:.3f}, {value[2]:.3f}]" if isinstance(value, list) else ""
        print(f"{name:28} {metric:24} {number:8.4f}{interval:18} must {must:<6} ambitious {ambitious:<6} {verdict}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--only", nargs="*", default=["C21", "C24", "C25", "ESCO", "SPEED"])
    parser.add_argument("--embeddings", default="none")
    parser.add_argument("--text-only", action="store_true", help="without category and author")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    if not arguments.shared.is_dir():
        print(f"SKIPPED: tagging: the folder with real data, --shared {arguments.shared}, is not there")
        return
    settings = TagSettings(embeddings=arguments.embeddings)
    reports: dict[str, Any] = {}
    for name in arguments.only:
        if name in SNAPSHOT:
            courses, taxonomy = catalogue(arguments.shared, name, not arguments.text_only)
            train, test = split(courses, taxonomy)
            report = reports[name] = evaluate_tagging(courses, taxonomy, settings)
            print(
                f"\n{name}: {len(train)} to learn from, {len(test)} to test on, {len(taxonomy)} skills; {report['why']}"
            )
            for method, metrics in report["methods"].items():
                print(f"  {method:20}", {k: v[0] if isinstance(v, list) else v for k, v in metrics.items()})
            show(name, report["methods"]["ours"], GOALS[name])
            show(f"{name} no labels", report["methods"]["formula, no labels"], GOALS.get(f"{name} no labels", {}))
        elif name == "ESCO":
            reports[name] = esco(arguments.shared, settings)
            print("\nESCO sentences:", reports[name])
            show(name, reports[name], GOALS["ESCO" if arguments.embeddings == "none" else "ESCO with embeddings"])
        elif name == "SPEED":
            reports[name] = speed(arguments.shared, settings)
            print("\nSpeed:", reports[name])
            show(name, reports[name], GOALS["SPEED"])
    if arguments.json:
        arguments.json.write_text(json.dumps(reports, indent=1))


if __name__ == "__main__":
    main()
