"""The automatic tagger: reads, chooses, ranks and says why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from skillfirst.skills.tagging.alias import Spans
from skillfirst.skills.tagging.base import (
    CANDIDATES,
    NO_EVIDENCE,
    Evidence,
    TagSource,
    Use,
    candidate_table,
    evidence_text,
)
from skillfirst.skills.tagging.candidates import best
from skillfirst.skills.tagging.choice import FORMULA, RIDGE, Choice, hybrid
from skillfirst.skills.tagging.features import candidate_features, feature_names
from skillfirst.skills.tagging.formula import Evidences, Reading
from skillfirst.skills.tagging.neighbours import neighbour_weights
from skillfirst.skills.tagging.quality import order_within
from skillfirst.skills.tagging.thresholds import UNNAMED_FEATURE

Block = npt.NDArray[np.float32]
Real = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

NEIGHBOURS_NAMED = 3
FEATURES_NAMED = 3


@dataclass(frozen=True)
class Ranked:
    """Candidates of a batch, by course then falling probability. `features`: None where nothing was trained."""

    course: Rows
    skill: Rows
    probability: Real
    features: Block | None


def rank_batch(reading: Reading, choice: Choice, batch: Rows, evidences: Evidences, keep: int) -> Ranked:
    """The best `keep` skills of each course of a batch, without a threshold."""
    features = None
    labelled = choice.models.scores(reading, batch) if choice.models is not None else {}
    if choice.method in (FORMULA, RIDGE) or choice.ranker is None or choice.models is None:
        score = evidences.formula
        if choice.method == RIDGE and choice.models is not None:
            score = hybrid(score, choice.models.spread(labelled["ridge"], score.shape[1]))
        at, skill = np.nonzero(best(score, keep))
        raw = score[at, skill].astype(np.float64)
    else:
        at, skill, features = candidate_features(reading, batch, evidences, labelled, choice.models)
        raw = choice.ranker.predict(features, reading.workers)
    order, place = order_within(at.astype(np.int64), raw, skill.astype(np.int64))
    order = order[place < keep]
    probability = raw[order] if choice.curve is None else choice.curve(raw[order])
    return Ranked(
        at[order].astype(np.int64), skill[order].astype(np.int64), probability,
        None if features is None else features[order],
    )  # fmt: skip


def tag_rows(reading: Reading, rows: Rows, choice: Choice, keep: int = 50) -> pa.Table:
    """CANDIDATES of some courses of the reading."""
    parts = [_tag_batch(reading, batch, choice, keep) for batch in reading.batches(rows)]
    return pa.concat_tables(parts) if parts else candidate_table([])


def _tag_batch(reading: Reading, batch: Rows, choice: Choice, keep: int) -> pa.Table:
    evidences = reading.evidences(batch, titles=choice.ranker is not None)
    ranked = rank_batch(reading, choice, batch, evidences, keep)
    pairs = list(zip(ranked.course.tolist(), ranked.skill.tolist(), strict=True))
    named = [evidences.spans[at].get(code) for at, code in pairs]
    strength = _strength(ranked, named, choice)
    uses = _uses(ranked, strength, named, evidences, choice)
    near = _nearest(reading, batch, choice)
    drivers = _drivers(ranked, uses, choice, bool(reading.embeddings))
    source = TagSource.FORMULA if choice.models is None else TagSource.MODEL
    sources, texts = [str(source)] * len(pairs), [NO_EVIDENCE] * len(pairs)
    for i, (spans, (at, code)) in enumerate(zip(named, pairs, strict=True)):
        evidence: Evidence = []
        if spans is not None and spans.places:
            evidence += spans.evidence()
            if choice.models is None:
                sources[i] = str(TagSource.ALIAS)
        if near and uses[i] != Use.NONE:
            evidence += [{"kind": "neighbour", "course_id": c, "share": s} for c, s in near[at].get(code, ())]
        if i in drivers:
            evidence.append(drivers[i])
        if evidence:
            texts[i] = evidence_text(evidence)
    counts = np.asarray([use in (Use.PUBLISH, Use.FEATURE) for use in uses], bool)
    columns = [
        pa.array([reading.courses.ids[i] for i in batch], pa.string()).take(pa.array(ranked.course)),
        reading.taxonomy.skills.ids.take(pa.array(ranked.skill)),
        np.where(counts, strength, 0.0).astype(np.float32),
        ranked.probability.astype(np.float32),
        pa.array([str(use) for use in uses], pa.string()),
        pa.array(sources, pa.string()),
        pa.array(texts, pa.string()),
    ]
    return pa.table(columns, schema=CANDIDATES)


def _strength(ranked: Ranked, named: list[Spans | None], choice: Choice) -> Real:
    """The probability; without labels a plainly named skill counts at least as such mentions do elsewhere."""
    if choice.models is not None:
        return ranked.probability
    least = [0.0 if spans is None else spans.probability for spans in named]
    return np.maximum(ranked.probability, np.asarray(least, np.float64))


def _uses(
    ranked: Ranked, probability: Real, named: list[Spans | None], evidences: Evidences, choice: Choice
) -> list[Use]:
    limits = choice.thresholds
    if choice.models is not None:
        publish, feature = probability >= limits.publish, probability >= limits.feature
    else:
        publish = evidences.parts["title_mentions"][ranked.course, ranked.skill] > 0
        plainly = np.asarray([spans is not None and spans.total > 0 for spans in named], bool)
        feature = probability >= np.where(plainly, limits.feature, UNNAMED_FEATURE)
    return [
        Use.PUBLISH if published
        else Use.FEATURE if used
        else Use.REVIEW if p >= limits.review
        else Use.NONE
        for published, used, p in zip(publish.tolist(), feature.tolist(), probability.tolist(), strict=True)
    ]  # fmt: skip


def _nearest(reading: Reading, batch: Rows, choice: Choice) -> list[dict[int, list[tuple[str, float]]]]:
    """For each course: skill -> the nearest labelled courses that have it, with their share of the vote."""
    models = choice.models
    if models is None:
        return []
    weights = neighbour_weights(reading.kernel(batch, models.rows))
    tags = [models.seen[np.flatnonzero(row)].tolist() for row in models.targets]
    near: list[dict[int, list[tuple[str, float]]]] = []
    for row in weights:
        found: dict[int, list[tuple[str, float]]] = {}
        voters = np.flatnonzero(row)
        for j in voters[np.argsort(-row[voters], kind="stable")].tolist():
            vote = (reading.courses.ids[models.rows[j]], round(float(row[j]), 3))
            for code in tags[j]:
                here = found.setdefault(code, [])
                if len(here) < NEIGHBOURS_NAMED:
                    here.append(vote)
        near.append(found)
    return near


def _drivers(ranked: Ranked, uses: list[Use], choice: Choice, meaning: bool) -> dict[int, dict[str, Any]]:
    """The features that raised each used tag most, in log-odds."""
    if choice.ranker is None or ranked.features is None:
        return {}
    used = [i for i, use in enumerate(uses) if use in (Use.PUBLISH, Use.FEATURE)]
    names = feature_names(meaning)
    raised = choice.ranker.contributions(ranked.features[used])
    top = np.argsort(-raised, axis=1, kind="stable")[:, :FEATURES_NAMED]
    return {
        i: {"kind": "features", "log_odds": {names[f]: round(float(raised[row, f]), 2) for f in top[row]}}
        for row, i in enumerate(used)
    }
