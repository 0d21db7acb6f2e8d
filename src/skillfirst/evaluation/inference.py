"""How right are the inferred skills? Some of the test members' skills are hidden and ranked among all they do not show.

Ours is the library's own door, `skills.inference.infer`, beside popularity, P(s | title), cosine co-occurrence and
the published formula's affinity. Two tasks: a share of the skills hidden (members of at least four), and all of them
hidden.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from skillfirst.errors import DataError
from skillfirst.evaluation.drawings import draw_curves, draw_reliability, drawn
from skillfirst.evaluation.ranked_skills import (
    best_first,
    calibration_error,
    fewer,
    hide,
    lines_of,
    measure,
    point,
    seen_and_unseen,
    split_members,
    with_skills,
)
from skillfirst.skills.inference import Inference, InferenceTables, count, finish, infer, merge
from skillfirst.skills.inference.profiles import held_skills, titles_of
from skillfirst.skills.tagging.calibration import reliability
from skillfirst.tables.sparse import Csr, list_parts

BATCH = 8_192  # members a part, as the night cuts them
LEAST = 4  # skills of a member of whom some are hidden

Scores = npt.NDArray[np.float64]


def learn(documents: pa.RecordBatch, title_skills: Csr, course_skills: Csr, settings: Inference) -> InferenceTables:
    """Counts, merges and finishes as the night does."""
    skills, titles = title_skills.width, len(title_skills)
    total = None
    for start in range(0, max(documents.num_rows, 1), BATCH):
        part = count(documents.slice(start, BATCH), skills, titles, settings)
        total = part if total is None else merge(total, part)
    assert total is not None
    return finish(total, title_skills, course_skills, settings)


def probabilities(documents: pa.RecordBatch, tables: InferenceTables, settings: Inference) -> Scores:
    """members x S: what `infer` says of every skill it considers; popularity x 1e-6 ranks the others."""
    every = replace(settings, threshold=0.0, limit=tables.skills, unsupported=True)
    out = np.repeat(tables.title.popularity.astype(np.float64)[None, :] * 1e-6, documents.num_rows, axis=0)
    for start in range(0, documents.num_rows, BATCH):
        part = infer(documents.slice(start, BATCH), tables, every)
        offsets, skills = list_parts(part.column("inferred_skill"))
        rows = np.repeat(np.arange(part.num_rows), np.diff(offsets)) + start
        weights = list_parts(part.column("inferred_weight"))[1].to_numpy(zero_copy_only=False)
        out[rows, skills.to_numpy(zero_copy_only=False)] += weights
    return out


def dense(rows: Csr) -> Scores:
    """rows x width, 1 where there is an entry."""
    out = np.zeros((len(rows), rows.width))
    out[np.repeat(np.arange(len(rows)), np.diff(rows.offsets)), rows.indices] = 1.0
    return out


def baselines(train: pa.RecordBatch, test: pa.RecordBatch, shown: Csr, titles: int) -> dict[str, Scores]:
    """Scores of the methods one would write in an afternoon."""
    held = dense(held_skills(train, shown.width))
    seen = dense(shown)
    popularity = held.mean(axis=0)
    both = held.T @ held
    size = np.sqrt(np.maximum(np.diag(both), 1e-9))
    cosine = both / np.outer(size, size)
    np.fill_diagonal(cosine, 0.0)
    idf = np.log(1 + len(held) / np.maximum(held.sum(axis=0), 1))
    return {
        "popularity": np.repeat(popularity[None, :], len(seen), axis=0),
        "P(s | title), k = 20": _by_title(train, held, test, popularity, titles),
        "cosine co-occurrence": seen @ cosine + 1e-6 * popularity,
        "published formula (cosine affinity x IDF)": (seen * idf) @ cosine + 1e-6 * popularity,
    }


def _by_title(train: pa.RecordBatch, held: Scores, test: pa.RecordBatch, popularity: Scores, titles: int) -> Scores:
    def first(documents: pa.RecordBatch) -> npt.NDArray[np.int64]:
        offsets, codes, _ = titles_of(documents)
        some = np.diff(offsets) > 0
        out = np.full(documents.num_rows, titles, np.int64)
        out[some] = codes[offsets[:-1][some]]
        return out

    title = first(train)
    n = np.bincount(title, minlength=titles + 1)
    listed = np.stack([np.bincount(title, column, minlength=titles + 1) for column in held.T], axis=1)
    p = (listed + 20 * popularity) / (n[:, None] + 20)
    p[titles] = popularity
    return np.asarray(p[first(test)])


def evaluate_inference(
    documents: pa.RecordBatch,
    title_skills: Csr,
    course_skills: Csr,
    settings: Inference | None = None,
    *,
    share: float = 0.3,
    folder: Path | None = None,
) -> dict[str, Any]:
    """JSON-ready report on a user's own members (columns of the document; the hash of the member id splits them).

    {"some hidden" | "all hidden": {"members", "methods": {method: metrics}, "ECE", "reliability"}}; with `folder`,
    where the plots go, also "learning_curve" of each and "plots". Raises DataError when nobody lists four skills.
    """
    rules = settings or Inference()
    train, test = split_members(documents)
    enough = np.diff(held_skills(test, title_skills.width).offsets) >= LEAST
    test = test.filter(pa.array(enough))
    if not test.num_rows or not train.num_rows:
        raise DataError(f"no test member lists {LEAST} skills", table="member_skills", column="skill")
    tables = learn(train, title_skills, course_skills, rules)
    held = held_skills(test, title_skills.width)
    seen = np.bincount(held_skills(train, title_skills.width).indices, minlength=title_skills.width) > 0
    report: dict[str, Any] = {}
    for task, part in (("some hidden", share), ("all hidden", 1.0)):
        shown, hidden = hide(test, held, part)
        visible = with_skills(test, shown)
        scores = baselines(train, visible, shown, len(title_skills))
        ours = scores["skillfirst"] = probabilities(visible, tables, rules)
        methods: dict[str, Any] = {}
        for name, score in scores.items():
            lists = best_first(score, shown)
            methods[name] = {**measure(lists, hidden), **seen_and_unseen(lists, hidden, seen)}
        open_ = dense(shown) == 0
        said, true = ours[open_].clip(0, 1), dense(hidden)[open_] > 0
        report[task] = {
            "members": test.num_rows, "methods": methods,
            "ECE": calibration_error(said, true), "reliability": reliability(said, true),
        }  # fmt: skip
    if folder is not None:
        _learning_curves(report, train, test, (title_skills, course_skills, rules, share))
        report["plots"] = drawn(partial(_draw, report, folder))
    return report


def _learning_curves(
    report: dict[str, Any], train: pa.RecordBatch, test: pa.RecordBatch, how: tuple[Csr, Csr, Inference, float]
) -> None:
    """Adds to each task what fewer members to learn from would have given."""
    title_skills, course_skills, rules, share = how
    held = held_skills(test, title_skills.width)
    points: dict[str, list[dict[str, Any]]] = {"some hidden": [], "all hidden": []}
    for some in fewer(train):
        tables = learn(some, title_skills, course_skills, rules)
        for task, part in (("some hidden", share), ("all hidden", 1.0)):
            shown, hidden = hide(test, held, part)
            found = best_first(probabilities(with_skills(test, shown), tables, rules), shown)
            points[task].append(point(some.num_rows, measure(found, hidden)))
    for task, line in points.items():
        report[task]["learning_curve"] = line


def _draw(report: dict[str, Any], folder: Path) -> list[Path]:
    bins = {task: part["reliability"] for task, part in report.items()}
    lines = {f"{task}, nDCG@10": lines_of(part["learning_curve"])["nDCG@10"] for task, part in report.items()}
    return [
        draw_reliability(bins, folder / "inference_reliability.svg", "Reliability of inferred skills"),
        draw_curves(lines, folder / "inference_learning_curve.svg", "Learning curve", "members to learn from",
                    "on the test members"),
    ]  # fmt: skip
