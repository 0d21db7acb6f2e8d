"""What every tagger gives: candidates with a probability, what they may be used for, and why they are there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import pyarrow as pa

# rows: by course in the order given, then falling probability, then skill id
CANDIDATES = pa.schema(
    [
        ("course_id", pa.string()),
        ("skill_id", pa.string()),
        ("weight", pa.float32()),  # what affinity uses: 1 for human tags, the probability of features, else 0
        ("probability", pa.float32()),
        ("use", pa.string()),
        ("source", pa.string()),
        ("evidence", pa.string()),
    ]
)

Evidence = list[dict[str, Any]]
NO_EVIDENCE = "[]"


class Use(StrEnum):
    """What a tag is good for: `publish` may stand in an explanation, `feature` counts in affinity with its
    probability, `review` is worth asking a person, `none` is only a candidate."""

    PUBLISH = "publish"
    FEATURE = "feature"
    REVIEW = "review"
    NONE = "none"


class TagSource(StrEnum):
    """Who says so."""

    HUMAN = "human"
    REVIEW = "review"
    TRANSLATION = "translation"
    ALIAS = "alias"
    FORMULA = "formula"
    MODEL = "model"


_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def evidence_text(evidence: Evidence) -> str:
    """Evidence as one line of JSON with a fixed order of keys."""
    return _JSON.encode(evidence) if evidence else NO_EVIDENCE


def candidate_table(rows: Sequence[tuple[str, str, float, float, Use, TagSource, Evidence]]) -> pa.Table:
    """Rows (course, skill, weight, probability, use, source, evidence) as a CANDIDATES table, in the order given."""
    columns: list[list[Any]] = (
        [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in CANDIDATES]
    )
    columns[4] = [str(use) for use in columns[4]]
    columns[5] = [str(source) for source in columns[5]]
    columns[6] = [evidence_text(evidence) for evidence in columns[6]]
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, CANDIDATES, strict=True)], schema=CANDIDATES)
