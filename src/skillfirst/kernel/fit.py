"""Counting members: `count` a batch, `merge` what was counted, `finish` into a Model.

Engines map and merge; they never train.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pyarrow as pa

from skillfirst.kernel.arms import Arms
from skillfirst.kernel.catalogue import Catalogue
from skillfirst.kernel.learners import Learners, Longs, count_learners
from skillfirst.kernel.model import Model, build_model
from skillfirst.kernel.policy import Policy
from skillfirst.kernel.responses import count_responses
from skillfirst.kernel.shelves import course_shelves
from skillfirst.kernel.taken import Taken
from skillfirst.ranking.idf import idf
from skillfirst.ranking.response_counts import ResponseCounts
from skillfirst.skills import inference
from skillfirst.skills.inference import InferenceCounts, WantCounts
from skillfirst.tables.documents import Documents

Counted = TypeVar("Counted")


@dataclass(frozen=True, slots=True)
class Partial:
    """What a batch of documents adds up to; every part is a sum, so the order of merging does not matter."""

    members: int
    with_skills: int
    holders: Longs  # explicit holders by skill
    learners: dict[str, Learners]
    inference: InferenceCounts
    wants: WantCounts | None  # None where wants are not predicted
    taken: Taken
    responses: ResponseCounts | None  # None where nothing was shown


def count(batch: pa.RecordBatch, catalogue: Catalogue, policy: Policy) -> Partial:
    """Everything the Model learns from these documents (DOCUMENT schema)."""
    documents = Documents.of(batch)  # its columns are laid out once for all who count
    offsets, skills = documents.lists("skill")
    holders = np.bincount(skills, minlength=len(catalogue.taxonomy)).astype(np.int64)
    return Partial(
        batch.num_rows,
        int((np.diff(offsets) > 0).sum()),
        holders,
        count_learners(documents, catalogue, policy.trending.weeks),
        inference.count(batch, len(catalogue.taxonomy), len(catalogue.taxonomy.titles), policy.inference),
        inference.count_wants(batch, catalogue.course_skills, policy.inference) if policy.inference.interest else None,
        Taken.of(documents, len(catalogue.cards), policy.watching),
        count_responses(documents, catalogue),
    )


def merge(a: Partial, b: Partial) -> Partial:
    """The partial of both parts of the members together."""
    return Partial(
        a.members + b.members,
        a.with_skills + b.with_skills,
        a.holders + b.holders,
        {name: a.learners[name].plus(b.learners[name]) for name in a.learners},
        inference.merge(a.inference, b.inference),
        _of_both(a.wants, b.wants, inference.merge_wants),
        a.taken.plus(b.taken),
        _of_both(a.responses, b.responses, ResponseCounts.plus),
    )


def _of_both(a: Counted | None, b: Counted | None, add: Callable[[Counted, Counted], Counted]) -> Counted | None:
    return add(a, b) if a is not None and b is not None else a or b


def merge_all(partials: list[Partial]) -> Partial:
    """Pairwise, level by level: samples are copied as often as there are levels, not as there are parts."""
    while len(partials) > 1:
        pairs = [merge(a, b) for a, b in zip(partials[::2], partials[1::2], strict=False)]
        partials = pairs + partials[len(pairs) * 2 :]
    return partials[0]


def finish(partials: list[Partial], catalogue: Catalogue, policy: Policy, day: int, arms: Arms | None = None) -> Model:
    """The Model of one night. `day`: days since 1970 the night stands at. `partials`: in the order of the parts."""
    from skillfirst.ranking.co_watch import co_watched
    from skillfirst.ranking.response import fit_response

    total = merge_all(partials)
    population = total.members if policy.population == "all" else total.with_skills
    rarity = idf(total.holders, max(population, 1), policy.floor)
    tables = inference.finish(
        total.inference, catalogue.taxonomy.title_skills, catalogue.course_skills, policy.inference
    )
    interest = None
    if total.wants is not None:
        titles = len(catalogue.taxonomy.titles)
        interest = inference.finish_interest(total.wants, titles, catalogue.course_skills, policy.inference)
    shelves = course_shelves(total.learners, total.holders, catalogue, rarity.considered, policy.trending)
    together = co_watched(total.taken.lists) if len(total.taken.hashes) else None
    response = fit_response(total.responses, len(catalogue.cards)) if total.responses else None
    return build_model(
        catalogue, rarity, tables, interest, shelves, together, response, policy, day, total.members, arms or {}
    )
