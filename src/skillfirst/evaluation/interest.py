"""How well do we know what members want to learn? Stated wants they do not hold are ranked among all they do not hold.

Wants of test members are never shown; ours is the library's own door, `skills.inference.infer` with an interest model.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from skillfirst.errors import DataError
from skillfirst.evaluation.drawings import draw_curves, draw_reliability, drawn
from skillfirst.evaluation.inference import BATCH, Scores, baselines, dense, learn
from skillfirst.evaluation.ranked_skills import (
    best_first,
    calibration_error,
    fewer,
    lines_of,
    measure,
    point,
    seen_and_unseen,
    split_members,
)
from skillfirst.skills.inference import (
    Inference,
    InferenceTables,
    InterestTables,
    count_wants,
    finish_interest,
    infer,
    merge_wants,
)
from skillfirst.skills.inference.profiles import held_skills, read_profiles
from skillfirst.skills.inference.wants import wants
from skillfirst.skills.tagging.calibration import reliability
from skillfirst.tables.sparse import Csr, list_parts


def learn_interest(
    documents: pa.RecordBatch, titles: int, course_skills: Csr, settings: Inference
) -> InterestTables | None:
    """Counts, merges and finishes as the night does."""
    total = None
    for start in range(0, max(documents.num_rows, 1), BATCH):
        part = count_wants(documents.slice(start, BATCH), course_skills, settings)
        total = part if total is None else merge_wants(total, part)
    assert total is not None
    return finish_interest(total, titles, course_skills, settings)


def want_scores(
    documents: pa.RecordBatch, tables: InferenceTables, interest: InterestTables, settings: Inference
) -> Scores:
    """members x S: the predicted probability that a skill is wanted, 0 for those held or never wanted."""
    every = replace(settings, interest_threshold=0.0, interest_lift=0.0, interest_limit=tables.skills, goals=False)
    out = np.zeros((documents.num_rows, tables.skills))
    for start in range(0, documents.num_rows, BATCH):
        part = infer(documents.slice(start, BATCH), tables, every, interest)
        offsets, skills = list_parts(part.column("predicted_skill"))
        rows = np.repeat(np.arange(part.num_rows), np.diff(offsets)) + start
        weights = list_parts(part.column("predicted_weight"))[1].to_numpy(zero_copy_only=False)
        out[rows, skills.to_numpy(zero_copy_only=False)] = weights
    return out


def without_wants(documents: pa.RecordBatch) -> pa.RecordBatch:
    """The same members, having said and done nothing about what they want."""
    for name in ("wanted", "course", "course_kind", "course_time", "course_seconds"):
        at = documents.schema.get_field_index(name)
        field = documents.schema.field(at)
        documents = documents.set_column(at, field, pa.array([[]] * documents.num_rows, field.type))
    return documents


def evaluate_interest(
    documents: pa.RecordBatch,
    title_skills: Csr,
    course_skills: Csr,
    settings: Inference | None = None,
    *,
    folder: Path | None = None,
) -> dict[str, Any]:
    """JSON-ready report on a user's own members: {"members", "methods": {method: metrics}, "ECE", "reliability"}; with
    `folder`, where the plots go, also "learning_curve" and "plots".

    Raises DataError when too few members want anything for a model to be learned.
    """
    rules = settings or Inference()
    train, test = split_members(documents)
    wanted = wants(read_profiles(test, title_skills.width), course_skills)
    test = test.filter(pa.array(np.diff(wanted.offsets) > 0))
    interest = learn_interest(train, len(title_skills), course_skills, rules)
    if interest is None or not test.num_rows:
        raise DataError(
            f"fewer than {rules.interest_minimum} members want a skill they do not hold",
            table="member_skills",
            column="source",
            next_step="Add rows with source = interest, or events, or lower policy.inference.interest_minimum.",
        )
    wanted = wants(read_profiles(test, title_skills.width), course_skills)
    held = held_skills(test, title_skills.width)
    possession = replace(rules, co_occurrence=False)
    tables = learn(train, title_skills, course_skills, possession)
    popular = dense(wants(read_profiles(train, title_skills.width), course_skills)).mean(axis=0)
    scores = {f"having: {n}": s for n, s in baselines(train, test, held, len(title_skills)).items()}
    scores["popularity of wanting"] = np.repeat(popular[None, :], test.num_rows, axis=0)
    blank = without_wants(test)
    ours = scores["skillfirst"] = want_scores(blank, tables, interest, rules)
    methods: dict[str, Any] = {}
    for name, score in scores.items():
        lists = best_first(score, held)
        methods[name] = {**measure(lists, wanted), **seen_and_unseen(lists, wanted, popular > 0)}
    open_ = dense(held) == 0
    said, true = ours[open_].clip(0, 1), dense(wanted)[open_] > 0
    report: dict[str, Any] = {
        "members": test.num_rows, "methods": methods,
        "ECE": calibration_error(said, true), "reliability": reliability(said, true),
    }  # fmt: skip
    if folder is not None:
        points = []
        for some in fewer(train):
            model = learn_interest(some, len(title_skills), course_skills, rules)
            if model is not None:
                found = want_scores(blank, learn(some, title_skills, course_skills, possession), model, rules)
                points.append(point(some.num_rows, measure(best_first(found, held), wanted)))
        report["learning_curve"] = points
        report["plots"] = drawn(partial(_draw, report, folder))
    return report


def _draw(report: dict[str, Any], folder: Path) -> list[Path]:
    bins = {"wants": report["reliability"]}
    return [
        draw_reliability(bins, folder / "interest_reliability.svg", "Reliability of predicted wants"),
        draw_curves(lines_of(report["learning_curve"]), folder / "interest_learning_curve.svg", "Learning curve",
                    "members to learn from", "on the test members"),
    ]  # fmt: skip
