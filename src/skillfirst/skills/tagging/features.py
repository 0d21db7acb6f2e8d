"""Features of a (course, skill) candidate: what the ranker sees, and what evidence can name."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from skillfirst.skills.tagging.candidates import ranks, union
from skillfirst.skills.tagging.formula import Evidences, Reading
from skillfirst.skills.tagging.label_models import LabelModels

Block = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]

RANK_LIMIT = 200
PARTS = (
    "words", "title_words", "grams", "title_grams", "mentions", "title_mentions", "text_mentions",
    "short_mentions", "inner_mentions", "concepts",
)  # fmt: skip
GENERATORS = ("ridge", "neighbours", "co_occurrence", "named_together")
LABELLED = ("ridge", "neighbours", "co_occurrence", "named_together", "count")


def feature_names(meaning: bool) -> list[str]:
    """In the order of the columns; `meaning`: whether there are embeddings."""
    names = ["formula", "formula_rank", "formula_gap", "grams_rank", *PARTS]
    if meaning:
        names += ["title_meaning", "text_meaning"]
    names += [*LABELLED, "ridge_rank", "ridge_gap"]
    return [*names, "name_rarity", "name_length", "mention_rarity", "text_length", "title_length"]


def candidate_features(
    reading: Reading, rows: Rows, evidences: Evidences, labelled: dict[str, Block], models: LabelModels
) -> tuple[Rows, Rows, Block]:
    """Candidates of a batch as (place in the batch, skill code), and their features in the order of `feature_names`.

    `labelled`: the label models' scores of these courses over the seen skills, out of fold for labelled courses.
    """
    width = len(reading.taxonomy.skills)
    parts = evidences.parts
    wide = {name: models.spread(block, width) for name, block in labelled.items()}
    peak = evidences.formula.max(axis=1, keepdims=True, initial=1e-6)
    both = evidences.formula / peak + wide["ridge"]
    generators = [evidences.formula, parts["grams"], both, *(wide[name] for name in GENERATORS)]
    if "text_meaning" in parts:
        generators.append(parts["text_meaning"])
    at, skill = union(generators, (parts["title_mentions"] > 0) | (parts["short_mentions"] >= 3))
    columns = [
        evidences.formula[at, skill],
        ranks(evidences.formula, RANK_LIMIT)[at, skill],
        evidences.formula[at, skill] - evidences.formula.max(axis=1, initial=0)[at],
        ranks(parts["grams"], RANK_LIMIT)[at, skill],
        *(parts[name][at, skill] for name in PARTS),
        *(parts[name][at, skill] for name in ("title_meaning", "text_meaning") if name in parts),
        *(wide[name][at, skill] for name in LABELLED),
        ranks(wide["ridge"], RANK_LIMIT)[at, skill],
        wide["ridge"][at, skill] - wide["ridge"].max(axis=1, initial=0)[at],
        reading.name_rarity[skill],
        reading.name_length[skill],
        reading.mention_idf[skill],
        np.log1p(_lengths(reading.words.bare[rows]))[at],
        _lengths(reading.words.title[rows])[at],
    ]
    return at, skill, np.stack([np.asarray(c, np.float32) for c in columns], axis=1)


def _lengths(counts: object) -> Block:
    return np.asarray(counts.sum(axis=1), np.float32).ravel()  # type: ignore[attr-defined]
