"""The tables that come out: names, Arrow schemas, meaning. `docs/tables.md` is generated from here and `schemas`."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Output:
    """A table a run writes: name, meaning, Arrow schema (list columns are parallel, in shown order)."""

    name: str
    meaning: str
    schema: pa.Schema


COURSE_SKILLS = Output(
    "course_skills",
    "Which skills a course teaches, as affinity uses them.",
    pa.schema(
        [
            ("course_id", pa.string()),
            ("skill_id", pa.string()),
            ("weight", pa.float32()),
            ("source", pa.string()),
            ("evidence", pa.string()),
        ]
    ),
)

MEMBER_SKILLS_OUT = Output(
    "member_skills",
    "Every skill of a member: explicit (weight 1), wanted, and inferred with its probability and sources.",
    pa.schema(
        [
            ("member_id", pa.string()),
            ("skill_id", pa.string()),
            ("weight", pa.float32()),
            ("source", pa.string()),
        ]
    ),
)

INFERRED_SKILLS = Output(
    "inferred_skills",
    "What `infer` writes: the skills a member holds and wants, best first. `weight` is what affinity uses, 0 for a "
    "candidate too unlikely to be used; `confidence` the probability, 1 where somebody said it.",
    pa.schema(
        [
            ("member_id", pa.string()),
            ("skill_id", pa.string()),
            ("part", pa.string()),
            ("weight", pa.float32()),
            ("confidence", pa.float32()),
            ("source", pa.string()),
        ]
    ),
)

SKILL_IDF = Output(
    "skill_idf",
    "IDF(s) = ln(1 + M / N(s)) in nats; null where N(s) is under the support floor.",
    pa.schema([("skill_id", pa.string()), ("members", pa.int64()), ("idf", pa.float64())]),
)

_dictionary = pa.dictionary(pa.int32(), pa.string())

RECOMMENDATIONS = Output(
    "recommendations",
    "One row a member and channel; the lists are parallel, in shown order.",
    pa.schema(
        [
            ("member_id", pa.string()),
            ("channel", pa.string()),
            ("arms", pa.map_(pa.string(), pa.string())),
            ("day", pa.date32()),
            ("model_version", pa.string()),
            ("course_id", pa.list_(_dictionary)),
            ("affinity", pa.list_(pa.float64())),
            ("score", pa.list_(pa.float64())),
            ("bucket", pa.list_(pa.int32())),
            ("carousel_rank", pa.list_(pa.int16())),
            ("position", pa.list_(pa.int16())),
            ("context", pa.list_(_dictionary)),
            ("context_evidence", pa.list_(_dictionary)),
        ]
    ),
)

# the tables of a run
OUTPUT: dict[str, Output] = {t.name: t for t in (COURSE_SKILLS, MEMBER_SKILLS_OUT, SKILL_IDF, RECOMMENDATIONS)}
