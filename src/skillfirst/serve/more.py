"""The rest of one carousel: its pool in its own order, without what the page shows already."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from skillfirst.contexts.kinds import Context
from skillfirst.errors import NotFound
from skillfirst.serve.answers import Today, recommend_one
from skillfirst.tables.languages import primary

LONGEST_POOL = 5_000  # courses of the member's list that are looked through
MOST_LOOKUPS = 60  # courses without a match whose filters are asked one by one

_BY_SKILL = {Context.WANTED, Context.PREDICTED, Context.STAY_SHARP, Context.SKILL, Context.ACTIVITY, Context.INFERRED}
_SHELVES = {
    Context.TRENDING: "trending_all", Context.TRENDING_TITLE: "trending_title",
    Context.TRENDING_FAMILY: "trending_family",
    Context.TRENDING_INDUSTRY: "trending_industry", Context.POPULAR_TITLE: "popular_title",
    Context.POPULAR_INDUSTRY: "popular_industry", Context.POPULAR_CATEGORY: "popular_category",
}  # fmt: skip


def rest_of_row(today: Today, context: str, evidence: str | None) -> list[dict[str, Any]]:
    """Every course for which this context is true for the member, in the row's order: code, affinity, score, bucket.

    Raises NotFound for a context that does not exist.
    """
    if context.upper() not in Context.__members__:
        raise NotFound(f"there is no carousel '{context}'")
    kind, model = Context[context.upper()], today.serving.model
    everything = replace(today.policy, list_length=LONGEST_POOL, fill=LONGEST_POOL, fallback="on")
    row = recommend_one(today, "feed", everything).to_pylist()[0]
    items = {
        model.courses.code(course): {"affinity": a, "score": s, "bucket": b, "context": c, "evidence": e}
        for course, a, s, b, c, e in zip(
            row["course_id"], row["affinity"], row["score"], row["bucket"], row["context"], row["context_evidence"],
            strict=True,
        )
    }  # fmt: skip
    nothing = {"affinity": 0.0, "score": 0.0, "bucket": None}
    return [{**items.get(code, nothing), "code": code} for code in _pool(today, kind, evidence, items)]


def _pool(today: Today, kind: Context, evidence: str | None, items: dict[int, dict[str, Any]]) -> Iterator[int]:
    model = today.serving.model
    if kind in _BY_SKILL:
        skill = model.taxonomy.skills.code(evidence or "")
        taught = model.catalogue.course_skills
        teaches = set(np.repeat(np.arange(len(taught)), np.diff(taught.offsets))[taught.indices == skill].tolist())
        yield from (c for c, item in items.items() if item["bucket"] is not None and c in teaches)
    elif kind in (Context.TITLE, Context.GOAL):
        yield from (c for c, item in items.items() if item["context"] == kind.label and item["evidence"] == evidence)
    elif kind is Context.WATCHED:
        course = model.courses.code(evidence or "")
        offsets, similar = model.arrays["similar_offsets"], model.arrays["similar"]
        near = set(similar[offsets[course] : offsets[course + 1]].tolist()) if course >= 0 else set()
        yield from (c for c in items if c in near)
    elif kind is Context.NEW:
        yield from _new(today, evidence, items)
    elif kind is not Context.CONTINUE:
        yield from (c for c in dict.fromkeys(_shelf(today, kind, evidence)) if c in items)


def _shelf(today: Today, kind: Context, evidence: str | None) -> list[int]:
    """The courses of a shelf of the Model, in its order; of several for what is popular in the member's languages."""
    model = today.serving.model
    arrays, catalogue = model.arrays, model.catalogue
    if kind is Context.POPULAR:
        spoken = [primary(t) for t in today.languages]
        tongues = [evidence] if evidence else dict.fromkeys([*spoken, *model.platform(model.policy)])
        shelves = [int(arrays["popular_language"][catalogue.languages.code(t)]) for t in tongues]
    else:
        vocabulary = {
            "title": model.taxonomy.titles, "family": model.taxonomy.families, "industry": catalogue.industries,
            "category": catalogue.categories,
        }.get(kind.evidence or "")  # fmt: skip
        at = vocabulary.code(evidence or "") if vocabulary is not None else 0
        shelves = [int(arrays[_SHELVES[kind]][at])]
    offsets, course = arrays["shelf_offsets"], arrays["shelf_course"]
    return [int(c) for s in shelves if s >= 0 for c in course[offsets[s] : offsets[s + 1]]]


def _new(today: Today, category: str | None, items: dict[int, dict[str, Any]]) -> Iterator[int]:
    from skillfirst.kernel.explain import filters

    model = today.serving.model
    catalogue = model.catalogue
    oldest = int(today.document.column("now")[0].as_py().timestamp()) // 86_400 - today.policy.page.new_days
    wanted = catalogue.categories.code(category) if category else -1
    asked = 0
    for code in range(len(catalogue.cards)):
        if catalogue.created[code] < oldest:
            return
        if wanted >= 0 and catalogue.category[code] != wanted:
            continue
        if code not in items:
            asked += 1
            if asked > MOST_LOOKUPS or filters(today.document, model, code, today.policy):
                continue
        yield code
