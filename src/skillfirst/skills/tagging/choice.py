"""Which method tags this catalogue: by the number of labelled courses, kept only when it is best out of fold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from skillfirst.skills.tagging import boosting as lightgbm
from skillfirst.skills.tagging.calibration import Curve, expected_calibration_error, fit_curve, fixed_curve
from skillfirst.skills.tagging.candidates import best
from skillfirst.skills.tagging.decisions import Decided
from skillfirst.skills.tagging.features import candidate_features
from skillfirst.skills.tagging.formula import Reading
from skillfirst.skills.tagging.label_models import NAMES, LabelModels, bounded
from skillfirst.skills.tagging.lessons import Asked, among, stacked
from skillfirst.skills.tagging.quality import ndcg
from skillfirst.skills.tagging.ranker import Ranker, cross_fit
from skillfirst.skills.tagging.thresholds import PUBLISH_PRECISION, UNLABELLED, Thresholds, choose_thresholds
from skillfirst.tables.sparse import Csr

FORMULA, RIDGE, LOGISTIC, BOOSTED = "formula", "formula and ridge", "logistic ranker", "boosted ranker"
RIDGE_WEIGHT = 1.5
JUDGED_FROM = 10  # labelled courses: with fewer nothing can be measured out of fold, and the formula stays
RANKER_FROM, BOOSTED_FROM = 50, 150
SIMPLE_CANDIDATES = 50  # candidates a course for formula and ridge, which rank every skill

Block = npt.NDArray[np.float32]
Real = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Choice:
    """The chosen method with what it needs: label models, ranker, curve from score to probability, thresholds.

    `report`: every method tried with its out-of-fold nDCG@10, and the reason in words.
    """

    method: str
    thresholds: Thresholds
    curve: Curve | None
    models: LabelModels | None = None
    ranker: Ranker | None = None
    report: dict[str, Any] = field(default_factory=dict)


@dataclass
class _Judged:
    """Candidates of the labelled courses under one method, out of fold."""

    course: list[Rows] = field(default_factory=list)
    skill: list[Rows] = field(default_factory=list)
    score: list[Block] = field(default_factory=list)

    def add(self, start: int, block: Block) -> None:
        at, skill = np.nonzero(best(block, SIMPLE_CANDIDATES))
        self.course.append(at + start)
        self.skill.append(skill)
        self.score.append(block[at, skill])

    def arrays(self) -> tuple[Rows, Rows, Real]:
        return np.concatenate(self.course), np.concatenate(self.skill), np.concatenate(self.score).astype(np.float64)


def hybrid(formula: Block, ridge: Block) -> Block:
    """Formula and ridge in one score."""
    return np.asarray(formula + np.float32(RIDGE_WEIGHT) * np.maximum(ridge, 0), np.float32)


def choose(
    reading: Reading,
    rows: Rows,
    tags: Csr,
    *,
    decided: Decided | None = None,
    seed: int = 0,
    precision: float = PUBLISH_PRECISION,
    boosting: bool | None = None,
) -> Choice:
    """`rows`: labelled courses in the reading, each with at least one tag; `tags`: their tags, in that order.

    `decided`: other courses of which people accepted or refused single tags. Accepted tags teach the label models, both
    teach the ranker, which is told nothing about the rest of such a course; methods, curve and thresholds are judged
    on labelled courses alone, because what people were asked about is no fair sample.
    """
    if len(rows) < JUDGED_FROM:
        why = "no labelled course" if not len(rows) else f"only {len(rows)} labelled courses, too few to judge by"
        report = {"method": FORMULA, "labelled_courses": len(rows), "why": f"{why}: the fixed formula"}
        return Choice(FORMULA, UNLABELLED, fixed_curve(bool(reading.embeddings)), report=report)
    rows, tags = bounded(reading.courses.ids, rows, tags)
    asked = Asked.of(reading, decided or Decided.nothing(tags.width), len(rows))
    models = LabelModels.fit(reading, np.concatenate([rows, asked.joined.rows]), stacked(tags, asked.joined.accepted))
    ranked = len(rows) >= RANKER_FROM
    available = lightgbm.available() if boosting is None else boosting
    boosted = ranked and len(rows) >= BOOSTED_FROM and available
    plain, ridged, course, skill, features = _held_out(reading, models, ranked)
    judged = {FORMULA: plain.arrays(), RIDGE: ridged.arrays()}
    ranker: Ranker | None = None
    if ranked:
        truth = among(stacked(tags, asked.joined.accepted), course, skill)
        known = (course < len(rows)) | truth | asked.refused(course, skill)
        more = asked.only_refused(reading, models)
        folds = np.concatenate([models.folds[course[known]], np.full(len(more), -1)])
        lessons = np.concatenate([features[known], more]) if len(more) else features[known]
        answers = np.concatenate([truth[known], np.zeros(len(more), bool)])
        ranker, probability = cross_fit(lessons, answers, folds, boosted=boosted, seed=seed, workers=reading.workers)
        judged[BOOSTED if boosted else LOGISTIC] = (course[known], skill[known], probability[: int(known.sum())])
    judged = {name: _only(c < len(rows), c, s, score) for name, (c, s, score) in judged.items()}
    positives = np.diff(tags.offsets)
    quality = {
        name: float(ndcg(c, s, score, among(tags, c, s), positives).mean()) for name, (c, s, score) in judged.items()
    }
    method = max(quality, key=lambda name: quality[name])
    course, skill, score = judged[method]
    truth = among(tags, course, skill)
    curve = None if method == BOOSTED else fit_curve(score, truth)
    probability = score if curve is None else curve(score)
    thresholds = choose_thresholds(probability, truth, int(positives.sum()), precision)
    report = {
        "method": method,
        "labelled_courses": len(rows),
        "decided_courses": len(asked.decided.rows),
        "ndcg_out_of_fold": {name: round(value, 4) for name, value in quality.items()},
        "calibration_error_out_of_fold": round(expected_calibration_error(probability, truth), 4),
        "why": _reason(method, quality, len(rows), available),
    }
    return Choice(method, thresholds, curve, models, ranker if method in (LOGISTIC, BOOSTED) else None, report)


def _only(inside: npt.NDArray[np.bool_], course: Rows, skill: Rows, score: Real) -> tuple[Rows, Rows, Real]:
    return course[inside], skill[inside], score[inside]


def _held_out(reading: Reading, models: LabelModels, ranked: bool) -> tuple[_Judged, _Judged, Rows, Rows, Block]:
    """Scores, candidates and features of the labelled courses by models that have not seen them."""

    def one(part: Reading, start: int, batch: Rows) -> tuple[_Judged, _Judged, Rows, Rows, Block]:
        plain, ridged = _Judged(), _Judged()
        evidences = part.evidences(batch, titles=ranked)
        labelled = {name: models.held_out[name][start : start + len(batch)] for name in NAMES}
        plain.add(start, evidences.formula)
        ridged.add(start, hybrid(evidences.formula, models.spread(labelled["ridge"], evidences.formula.shape[1])))
        if not ranked:
            return plain, ridged, np.empty(0, np.int64), np.empty(0, np.int64), np.empty((0, 0), np.float32)
        at, skill, block = candidate_features(part, batch, evidences, labelled, models)
        return plain, ridged, at + start, skill, block

    plain, ridged, courses, skills, features = zip(*reading.spread(one, models.rows), strict=True)
    return _joined(plain), _joined(ridged), np.concatenate(courses), np.concatenate(skills), np.concatenate(features)


def _joined(parts: Iterable[_Judged]) -> _Judged:
    every = _Judged()
    for part in parts:
        every.course += part.course
        every.skill += part.skill
        every.score += part.score
    return every


def _reason(method: str, quality: dict[str, float], labelled: int, available: bool) -> str:
    others = ", ".join(f"{name} {value:.3f}" for name, value in quality.items() if name != method)
    text = f"{labelled:,} labelled courses: {method} has the best nDCG@10 out of fold, {quality[method]:.3f} ({others})"
    if labelled >= BOOSTED_FROM and not available:
        text += "; LightGBM is not installed (extra `learn`), so the ranker is a logistic regression"
    return text
