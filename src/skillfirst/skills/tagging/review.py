"""The review loop: which undecided tags a person should look at, and what becomes of the answers.

A person's decision is never overridden: an accepted tag is as good as a human one, a refused one never returns.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skillfirst.errors import DataError
from skillfirst.skills.tagging.base import CANDIDATES, TagSource, Use, evidence_text
from skillfirst.skills.taxonomy import Taxonomy

SHEET = pa.schema(
    [
        ("course_id", pa.string()),
        ("title", pa.string()),
        ("skill_id", pa.string()),
        ("skill", pa.string()),
        ("probability", pa.float32()),
        ("evidence", pa.string()),
        ("decision", pa.string()),  # empty; a person writes accepted or refused
    ]
)
DECISIONS = pa.schema([("course_id", pa.string()), ("skill_id", pa.string()), ("decision", pa.string())])
ACCEPTED, REFUSED = "accepted", "refused"
PER_COURSE = 5


def review_sheet(
    candidates: pa.Table,
    courses: pa.Table,
    taxonomy: Taxonomy,
    *,
    shown: pa.Table | None = None,
    decisions: pa.Table | None = None,
    rows: int = 200,
) -> pa.Table:
    """The most valuable undecided tags, most valuable first: SHEET.

    Value = 4 p (1 - p) x (1 + ln(1 + times shown)): uncertain, on courses people see. `shown`: course_id, count.
    At most PER_COURSE a course, so that one unclear course does not fill the sheet. Ties by course, then skill.
    """
    undecided = candidates.filter(pc.invert(pc.is_in(candidates["source"], pa.array(["human", "review"]))))
    undecided = undecided.filter(pc.not_equal(undecided["use"], str(Use.NONE)))
    if decisions is not None and len(decisions):
        undecided = undecided.filter(pc.invert(pc.is_in(_pairs(undecided), _pairs(_checked(decisions)))))
    p = undecided["probability"].to_numpy().astype(np.float64)
    value = 4 * p * (1 - p) * (1 + np.log1p(_times_shown(undecided["course_id"], shown)))
    ids, skills = undecided["course_id"].to_pylist(), undecided["skill_id"].to_pylist()
    taken: dict[str, int] = {}
    chosen: list[int] = []
    for i in sorted(range(len(ids)), key=lambda i: (-value[i], ids[i], skills[i])):
        if len(chosen) >= rows:
            break
        if taken.get(ids[i], 0) < PER_COURSE:
            taken[ids[i]] = taken.get(ids[i], 0) + 1
            chosen.append(i)
    sheet = undecided.take(pa.array(chosen, pa.int64()))
    titles = dict(zip(courses["course_id"].to_pylist(), courses["title"].to_pylist(), strict=True))
    codes = taxonomy.skills.encode(sheet["skill_id"])
    columns = [
        sheet["course_id"],
        pa.array([titles.get(c) for c in sheet["course_id"].to_pylist()], pa.string()),
        sheet["skill_id"],
        pa.array([taxonomy.names[c] if c >= 0 else None for c in codes], pa.string()),
        sheet["probability"],
        sheet["evidence"],
        pa.array([""] * len(sheet), pa.string()),
    ]
    return pa.table(columns, schema=SHEET)


def apply_decisions(candidates: pa.Table, decisions: pa.Table) -> pa.Table:
    """CANDIDATES after people's answers: accepted tags have weight 1 and source review, refused ones are gone.

    An accepted pair that is no candidate is added. Of two answers to one pair the later row counts; rows without
    an answer are undecided. A human tag of the course itself is only taken back by a refusal.
    """
    given = answers(decisions)
    decided = pa.array([f"{c}\x1f{s}" for c, s in given], pa.string())
    human = pc.equal(candidates["source"], str(TagSource.HUMAN))
    refused = pa.array([f"{c}\x1f{s}" for (c, s), d in given.items() if d == REFUSED], pa.string())
    gone = pc.or_(
        pc.and_(human, pc.is_in(_pairs(candidates), refused)),
        pc.and_(pc.invert(human), pc.is_in(_pairs(candidates), decided)),
    )
    kept = candidates.filter(pc.invert(gone))
    standing = set(_pairs(kept).to_pylist())
    accepted = [pair for pair, d in given.items() if d == ACCEPTED and "\x1f".join(pair) not in standing]
    evidence = evidence_text([{"kind": "review"}])
    added = pa.table(
        [
            pa.array([c for c, _ in accepted], pa.string()),
            pa.array([s for _, s in accepted], pa.string()),
            pa.array([1.0] * len(accepted), pa.float32()),
            pa.array([1.0] * len(accepted), pa.float32()),
            pa.array([str(Use.PUBLISH)] * len(accepted), pa.string()),
            pa.array([str(TagSource.REVIEW)] * len(accepted), pa.string()),
            pa.array([evidence] * len(accepted), pa.string()),
        ],
        schema=CANDIDATES,
    )
    return pa.concat_tables([kept, added])


def answers(decisions: pa.Table) -> dict[tuple[str, str], str]:
    """(course id, skill id) -> ACCEPTED or REFUSED; of two answers the later row counts, rows without one are left out.

    Raises DataError for a missing column or any other answer.
    """
    columns = (_checked(decisions)[name].to_pylist() for name in DECISIONS.names)
    return {(c, s): d for c, s, d in zip(*columns, strict=True) if d in (ACCEPTED, REFUSED)}


def _checked(decisions: pa.Table) -> pa.Table:
    for name in DECISIONS.names:
        if name not in decisions.column_names:
            raise DataError("the column is missing", table="decisions", column=name)
    answers = pc.utf8_lower(pc.utf8_trim_whitespace(pc.fill_null(decisions["decision"].cast(pa.string()), "")))
    wrong = answers.filter(pc.invert(pc.is_in(answers, pa.array([ACCEPTED, REFUSED, ""]))))
    if len(wrong):
        raise DataError(
            "is neither accepted nor refused", table="decisions", column="decision", count=len(wrong),
            first=wrong[0].as_py(), next_step="Write accepted, refused or nothing.",
        )  # fmt: skip
    ids = [decisions[name].cast(pa.string()) for name in ("course_id", "skill_id")]
    return pa.table([*ids, answers], schema=DECISIONS)


def _pairs(table: pa.Table) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(table["course_id"], table["skill_id"], "\x1f")


def _times_shown(course_ids: pa.ChunkedArray, shown: pa.Table | None) -> np.ndarray:
    if shown is None or not len(shown):
        return np.zeros(len(course_ids))
    counts = dict(zip(shown["course_id"].to_pylist(), shown["count"].to_pylist(), strict=True))
    return np.asarray([counts.get(c, 0) or 0 for c in course_ids.to_pylist()], np.float64)
