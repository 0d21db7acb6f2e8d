"""How right are the tags? The labelled courses of a table are split, the tagger learns from one part and is
measured on the other, beside popularity, name match and the fixed formula.

Definitions: a course is for training when `int(sha1(lower-case title), 16) % 100 < 60`; courses that repeat a
title are left out; every metric is the mean over test courses except micro-F1 (its threshold chosen out of fold
on the training part) and the seen and unseen recall (over all test tags of skills with and without a training course).
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from skillfirst.errors import DataError
from skillfirst.evaluation.drawings import draw_curves, draw_reliability, drawn
from skillfirst.kernel.tag import TagResult, TagSettings, tag
from skillfirst.skills.tagging.alias import alias_candidates
from skillfirst.skills.tagging.calibration import expected_calibration_error, reliability
from skillfirst.skills.tagging.courses import CourseTexts
from skillfirst.skills.tagging.human import human_tags
from skillfirst.skills.tagging.quality import ndcg, order_within
from skillfirst.skills.taxonomy import Taxonomy
from skillfirst.tables.sparse import Csr

TRAIN_PERCENT = 60
DEPTH = 10
BOOTSTRAP_DRAWS = 500
CURVE_SIZES = (0, 20, 50, 100, 200, 500, 1000, 2000)
INTERVAL = (2.5, 97.5)

Rows = npt.NDArray[np.int64]
Real = npt.NDArray[np.float64]


def title_hash(title: str) -> int:
    """SHA-1 of the trimmed, lower-case title, modulo 100."""
    return int(hashlib.sha1(title.strip().lower().encode()).hexdigest(), 16) % 100


def split(courses: pa.Table, taxonomy: Taxonomy) -> tuple[pa.Table, pa.Table]:
    """Training and test courses: those with a known tag, the first of each title. Raises DataError without any."""
    titles = [(t or "").strip().lower() for t in courses["title"].to_pylist()]
    tagged = human_tags(courses, taxonomy).tagged
    seen: set[str] = set()
    train: list[int] = []
    test: list[int] = []
    for i, title in enumerate(titles):
        if tagged[i] and title not in seen:
            seen.add(title)
            (train if title_hash(title) < TRAIN_PERCENT else test).append(i)
    if not test:
        raise DataError("no course with a known tag is left to test on", table="courses", column="skills")
    return courses.take(pa.array(train, pa.int64())), courses.take(pa.array(test, pa.int64()))


def evaluate_tagging(
    courses: pa.Table,
    taxonomy: Taxonomy,
    settings: TagSettings | None = None,
    *,
    learning_curve: bool = False,
    folder: Path | None = None,
    draws: int = BOOTSTRAP_DRAWS,
) -> dict[str, Any]:
    """JSON-ready report. `courses`: with human `skills`. `folder`: for the plots, none without the extra `plots`."""
    train, test = split(courses, taxonomy)
    truth = human_tags(test, taxonomy).tags
    learnt = human_tags(train, taxonomy).tags
    seen = np.zeros(len(taxonomy), bool)
    seen[learnt.indices] = True
    blind = replace(settings or TagSettings(), own_tags=False)
    catalogue = pa.concat_tables([test, train.select(test.column_names)])
    methods: dict[str, dict[str, Any]] = {
        "popularity": measure(_popularity(test, learnt, taxonomy), test, truth, taxonomy, seen, draws=draws),
        "name match": measure(
            alias_candidates(CourseTexts.of(test), taxonomy), test, truth, taxonomy, seen, draws=draws
        ),
    }
    formula = tag(catalogue, taxonomy, None, blind)
    methods["formula, no labels"] = _measured(formula, test, truth, taxonomy, seen, draws)
    ours = tag(test, taxonomy, train, blind)
    methods["ours"] = _measured(ours, test, truth, taxonomy, seen, draws)
    report: dict[str, Any] = {
        "train_courses": len(train), "test_courses": len(test), "skills": len(taxonomy),
        "test_tags_unseen": round(float((~seen[truth.indices]).mean()), 4),
        "chosen": ours.report["method"], "why": ours.report["why"], "thresholds": ours.report["thresholds"],
        "methods": methods,
        "publish": _published(ours, test, truth, taxonomy),
    }  # fmt: skip
    probability, hit = _pairs(ours.candidates, test, truth, taxonomy)[2:]
    report["reliability"] = reliability(probability, hit)
    if learning_curve:
        report["learning_curve"] = _learning_curve(train, test, truth, taxonomy, seen, blind)
    if folder is not None:
        report["plots"] = drawn(partial(draw_plots, report, folder))
    return report


def measure(
    candidates: pa.Table,
    courses: pa.Table,
    truth: Csr,
    taxonomy: Taxonomy,
    seen: npt.NDArray[np.bool_],
    threshold: float | None = None,
    draws: int = BOOTSTRAP_DRAWS,
) -> dict[str, Any]:
    """Metrics of a candidates table; each with its 95 % bootstrap interval over courses, as [value, low, high]."""
    course, skill, probability, hit = _pairs(candidates, courses, truth, taxonomy)
    order, place = order_within(course, -np.arange(len(course), dtype=np.float64), skill)  # the order given
    course, skill, probability, hit = course[order], skill[order], probability[order], hit[order]
    n, positives = len(courses), np.diff(truth.offsets)

    def hits_within(depth: Rows | int) -> Real:
        inside = place < (depth if isinstance(depth, int) else depth[course])
        return np.bincount(course[inside & hit], minlength=n).astype(np.float64)

    some = np.flatnonzero(positives > 0)
    ranking = -place.astype(np.float64) + 1e6
    by_course = {
        "P@1": hits_within(1)[some],
        "P@5": hits_within(5)[some] / 5,
        "R@10": hits_within(DEPTH)[some] / positives[some],
        "nDCG@10": ndcg(course, skill, ranking, hit, positives),
        "R-precision": hits_within(positives.astype(np.int64))[some] / positives[some],
    }
    picks = np.random.default_rng(0).integers(0, len(some), (draws, len(some)))
    out: dict[str, Any] = {name: _interval(float(v.mean()), v[picks].mean(axis=1)) for name, v in by_course.items()}
    if threshold is not None:
        over = probability >= threshold
        chosen = np.bincount(course[over], minlength=n).astype(np.float64)[some]
        good = np.bincount(course[over & hit], minlength=n).astype(np.float64)[some]
        real = positives[some].astype(np.float64)
        f1 = 2 * good[picks].sum(1) / np.maximum(chosen[picks].sum(1) + real[picks].sum(1), 1)
        out["micro-F1"] = _interval(float(2 * good.sum() / max(1.0, chosen.sum() + real.sum())), f1)
        out["ECE"] = round(expected_calibration_error(probability, hit), 4)
    top = hit & (place < DEPTH)
    known = seen[truth.indices]
    out["seen R@10"] = round(float((top & seen[skill]).sum() / max(1, known.sum())), 4)
    out["unseen R@10"] = round(float((top & ~seen[skill]).sum() / max(1, (~known).sum())), 4)
    return out


def _measured(
    result: TagResult, test: pa.Table, truth: Csr, taxonomy: Taxonomy, seen: npt.NDArray[np.bool_], draws: int
) -> dict[str, Any]:
    choice = result.choice
    threshold = choice.thresholds.feature if choice is not None else None
    return measure(result.candidates, test, truth, taxonomy, seen, threshold, draws)


def _interval(value: float, drawn: Real) -> list[float]:
    low, high = np.percentile(drawn, INTERVAL) if len(drawn) else (value, value)
    return [round(value, 4), round(float(low), 4), round(float(high), 4)]


def _pairs(
    candidates: pa.Table, courses: pa.Table, truth: Csr, taxonomy: Taxonomy
) -> tuple[Rows, Rows, Real, npt.NDArray[np.bool_]]:
    """(course place, skill code, probability, whether it is a tag) of the candidates of these courses."""
    place = pc.fill_null(pc.index_in(candidates["course_id"], courses["course_id"].combine_chunks()), -1)
    course = np.asarray(place.to_numpy(), np.int64)
    inside = course >= 0
    skill = taxonomy.skills.encode(candidates["skill_id"]).astype(np.int64)[inside]
    probability = candidates["probability"].to_numpy().astype(np.float64)[inside]
    course = course[inside]
    owner = np.repeat(np.arange(len(truth)), np.diff(truth.offsets))
    width = max(1, len(taxonomy))
    return course, skill, probability, np.isin(course * width + skill, owner * width + truth.indices)


def _popularity(test: pa.Table, learnt: Csr, taxonomy: Taxonomy) -> pa.Table:
    counts = np.bincount(learnt.indices, minlength=len(taxonomy))
    top = [int(c) for c in np.argsort(-counts, kind="stable")[:50] if counts[c] > 0]
    ids = test["course_id"].to_pylist()
    return pa.table(
        {
            "course_id": pa.array([i for i in ids for _ in top], pa.string()),
            "skill_id": pa.array([taxonomy.skills[c] for _ in ids for c in top], pa.string()),
            "probability": pa.array([counts[c] / max(1, len(learnt)) for _ in ids for c in top], pa.float64()),
        }
    )


def _published(result: TagResult, test: pa.Table, truth: Csr, taxonomy: Taxonomy) -> dict[str, Any]:
    """What the threshold `publish` gives on the test courses."""
    published = result.candidates.filter(pc.equal(result.candidates["use"], "publish"))
    hit = _pairs(published, test, truth, taxonomy)[3]
    count = len(hit)
    return {
        "tags": count,
        "precision": round(float(hit.mean()), 4) if count else None,
        "recall": round(float(hit.sum() / max(1, len(truth.indices))), 4),
    }


def _learning_curve(
    train: pa.Table, test: pa.Table, truth: Csr, taxonomy: Taxonomy, seen: npt.NDArray[np.bool_], blind: TagSettings
) -> list[dict[str, Any]]:
    """nDCG@10, R@10 and micro-F1 by number of labelled courses, smaller sets inside larger ones (by hash of id)."""
    order = sorted(range(len(train)), key=lambda i: hashlib.sha1(str(train["course_id"][i]).encode()).hexdigest())
    sizes = [*[s for s in CURVE_SIZES if s < len(train)], len(train)]
    points = []
    for size in sizes:
        some = train.take(pa.array(order[:size], pa.int64()))
        result = tag(test, taxonomy, some, blind)
        metrics = _measured(result, test, truth, taxonomy, seen, 50)
        point = {name: metrics[name] for name in ("nDCG@10", "R@10", "micro-F1")}
        points.append({"labelled_courses": size, "method": result.report["method"], **point})
    return points


def draw_plots(report: dict[str, Any], folder: Path) -> list[Path]:
    """Reliability diagram and, where measured, learning curve as SVG. Raises ExtraMissing without matplotlib."""
    bins = {"tags": report["reliability"]}
    drawn = [draw_reliability(bins, folder / "tagging_reliability.svg", "Reliability of tag probabilities")]
    if report.get("learning_curve"):
        lines = {
            name: [(p["labelled_courses"], *p[name]) for p in report["learning_curve"] if p.get(name)]
            for name in ("nDCG@10", "R@10", "micro-F1")
        }
        path = folder / "tagging_learning_curve.svg"
        drawn.append(draw_curves(lines, path, "Learning curve", "labelled courses", "on the test courses"))
    return drawn
