"""Counting members: `count` a batch, `merge` what was counted, `finish` into a Model.

Engines map and merge; they never train.
"""

from __future__ import annotations

from dataclasses import dataclass, field

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


@dataclass(frozen=True, slots=True)
class Partial:
    """What a batch of documents adds up to; every part is a sum, so the order of merging does not matter."""

    members: int
    with_skills: int
    holders: Longs  # explicit holders by skill
    learners: dict[str, Learners] = field(default_factory=dict)
    inference: InferenceCounts | None = None
    wants: WantCounts | None = None
    taken: Taken | None = None
    responses: ResponseCounts | None = None


def count(batch: pa.RecordBatch, catalogue: Catalogue, policy: Policy) -> Partial:
    """Everything the Model learns from these documents (DOCUMENT schema)."""
    documents = Documents.of(batch)  # its columns are laid out once for all who count
    offsets, skills = documents.lists("skill")
    holders = np.bincount(skills, minlength=len(catalogue.taxonomy)).astype(np.int64)
    return Partial(
        batch.num_rows,
        int((np.diff(offsets) > 0).sum()),
        holders,
        count_learners(documents, catalogue),
        inference.count(batch, len(catalogue.taxonomy), len(catalogue.taxonomy.titles), policy.inference),
        inference.count_wants(batch, catalogue.course_skills, policy.inference) if policy.inference.interest else None,
        Taken.of(documents, len(catalogue.cards), policy.watching),
        count_responses(documents, catalogue),
    )


def merge(a: Partial, b: Partial) -> Partial:
    """The partial of both parts of the members together."""
    both = a.inference or b.inference
    if a.inference is not None and b.inference is not None:
        both = inference.merge(a.inference, b.inference)
    return Partial(
        a.members + b.members,
        a.with_skills + b.with_skills,
        a.holders + b.holders,
        {name: a.learners[name].plus(b.learners[name]) for name in a.learners},
        both,
        inference.merge_wants(a.wants, b.wants) if a.wants is not None and b.wants is not None else a.wants or b.wants,
        a.taken.plus(b.taken) if a.taken is not None and b.taken is not None else a.taken or b.taken,
        a.responses.plus(b.responses) if a.responses and b.responses else a.responses or b.responses,
    )


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
    assert total.inference is not None
    tables = inference.finish(
        total.inference, catalogue.taxonomy.title_skills, catalogue.course_skills, policy.inference
    )
    interest = None
    if total.wants is not None:
        titles = len(catalogue.taxonomy.titles)
        interest = inference.finish_interest(total.wants, titles, catalogue.course_skills, policy.inference)
    shelves = course_shelves(total.learners, total.holders, catalogue, rarity.considered, policy.trending)
    together = co_watched(total.taken.lists) if total.taken is not None and len(total.taken.hashes) else None
    response = fit_response(total.responses, len(catalogue.cards)) if total.responses else None
    return build_model(
        catalogue, rarity, tables, interest, shelves, together, response, policy, day, total.members, arms or {}
    )
