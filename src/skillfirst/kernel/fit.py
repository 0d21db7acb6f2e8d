"""Counting members: `count` a batch, `merge` what was counted, `finish` into a Model. Engines map and merge, never train."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from skillfirst.contexts.trending import WEEK, Trending, trending_courses
from skillfirst.kernel.catalogue import Catalogue
from skillfirst.kernel.model import Model, ShelfIndex, build_model
from skillfirst.kernel.policy import Policy
from skillfirst.ranking.idf import idf
from skillfirst.skills import inference
from skillfirst.skills.inference import InferenceCounts
from skillfirst.tables.schemas import Interaction
from skillfirst.tables.sparse import list_parts

Longs = npt.NDArray[np.int64]
COHORTS = ("all", "title", "family", "industry", "language")
ENGAGED = (Interaction.CLICK, Interaction.WATCH, Interaction.ENROL, Interaction.COMPLETE, Interaction.BOOKMARK)


@dataclass(frozen=True, slots=True)
class Learners:
    """Learners of a kind of cohort by (cohort, course): ever, in the last week, in the eight weeks before.

    `keys`: int64, cohort x courses + course, ascending; `counts`: int64, keys x 3. `active`: learners by cohort in
    both periods.
    """

    keys: Longs
    counts: Longs
    active: Longs

    @staticmethod
    def of(cohort: Longs, course: Longs, window: Longs, member: Longs, cohorts: int, courses: int) -> Learners:
        keys, inverse = np.unique(cohort * courses + course, return_inverse=True)
        counts = np.zeros((len(keys), 3), np.int64)
        np.add.at(counts, (inverse, 0), 1)
        for w in (1, 2):
            np.add.at(counts, (inverse[window == w], w), 1)
        recent = window > 0
        pairs = np.unique(np.stack([cohort[recent], member[recent]]), axis=1)[0]
        return Learners(keys, counts, np.bincount(pairs, minlength=cohorts))

    def plus(self, other: Learners) -> Learners:
        keys, inverse = np.unique(np.concatenate([self.keys, other.keys]), return_inverse=True)
        counts = np.zeros((len(keys), 3), np.int64)
        np.add.at(counts, inverse, np.concatenate([self.counts, other.counts]))
        return Learners(keys, counts, self.active + other.active)


@dataclass(frozen=True, slots=True)
class Partial:
    """What a batch of documents adds up to; every part is a sum, so the order of merging does not matter."""

    members: int
    with_skills: int
    holders: Longs  # explicit holders by skill
    learners: dict[str, Learners] = field(default_factory=dict)
    inference: InferenceCounts | None = None


def cohort_sizes(catalogue: Catalogue) -> dict[str, int]:
    taxonomy = catalogue.taxonomy
    return {
        "all": 1,
        "title": len(taxonomy.titles),
        "family": len(taxonomy.families),
        "industry": len(catalogue.industries),
        "language": len(catalogue.languages),
    }


def first_of_list(lists: pa.ListArray) -> npt.NDArray[np.int32]:
    """First value of each list, -1 where the list is empty."""
    offsets, values = list_parts(lists)
    out = np.full(len(lists), -1, np.int32)
    some = offsets[1:] > offsets[:-1]
    out[some] = values.to_numpy(zero_copy_only=False)[offsets[:-1][some]]
    return out


def count(batch: pa.RecordBatch, catalogue: Catalogue, policy: Policy) -> Partial:
    """Everything the Model learns from these documents (DOCUMENT schema)."""
    offsets, skills = list_parts(batch.column("skill"))
    holders = np.bincount(skills.to_numpy(zero_copy_only=False), minlength=len(catalogue.taxonomy)).astype(np.int64)
    return Partial(
        batch.num_rows,
        int((np.diff(offsets) > 0).sum()),
        holders,
        _learners(batch, catalogue),
        inference.count(batch, len(catalogue.taxonomy), len(catalogue.taxonomy.titles), policy.inference),
    )


def _learners(batch: pa.RecordBatch, catalogue: Catalogue) -> dict[str, Learners]:
    offsets, course = list_parts(batch.column("course"))
    course_code = course.to_numpy(zero_copy_only=False).astype(np.int64)
    kind = list_parts(batch.column("course_kind"))[1].to_numpy(zero_copy_only=False)
    time = list_parts(batch.column("course_time"))[1].to_numpy(zero_copy_only=False)
    rows = np.repeat(np.arange(batch.num_rows), np.diff(offsets))
    engaged = np.isin(kind, ENGAGED)
    rows, course_code, time = rows[engaged], course_code[engaged], time[engaged]
    # one entry a (member, course), with its newest time
    order = np.lexsort((-time, course_code, rows))
    rows, course_code, time = rows[order], course_code[order], time[order]
    first = np.ones(len(rows), bool)
    first[1:] = (rows[1:] != rows[:-1]) | (course_code[1:] != course_code[:-1])
    rows, course_code, time = rows[first], course_code[first], time[first]
    now = batch.column("now").cast(pa.int64()).to_numpy(zero_copy_only=False)
    age = now[rows] - time if len(rows) else np.zeros(0, np.int64)
    window = np.where(age < WEEK, 1, np.where(age < 9 * WEEK, 2, 0))
    title = first_of_list(batch.column("title"))
    family = np.where(title >= 0, catalogue.taxonomy.title_family[title], -1) if len(catalogue.taxonomy.titles) else title
    cohort = {
        "all": np.zeros(batch.num_rows, np.int64),
        "title": title,
        "family": family,
        "industry": catalogue.industries.encode(batch.column("industry")),
    }
    sizes = cohort_sizes(catalogue)
    out = {}
    for name in COHORTS:
        mine = catalogue.language[course_code] if name == "language" else cohort[name][rows]
        known = mine >= 0
        out[name] = Learners.of(
            mine[known].astype(np.int64), course_code[known], window[known], rows[known], sizes[name],
            max(len(catalogue.cards), 1),
        )  # fmt: skip
    return out


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
    )


def finish(
    partials: list[Partial], catalogue: Catalogue, policy: Policy, day: int, arms: dict[str, dict[str, object]] | None = None
) -> Model:
    """The Model of one night. `day`: days since 1970 the night stands at. `partials`: in the order of the parts."""
    total = reduce(merge, partials)
    population = total.members if policy.population == "all" else total.with_skills
    rarity = idf(total.holders, max(population, 1), policy.floor)
    assert total.inference is not None
    tables = inference.finish(
        total.inference, catalogue.taxonomy.title_skills, catalogue.course_skills, policy.inference
    )
    shelves = _shelves(total, catalogue, rarity.considered, policy.trending)
    return build_model(catalogue, rarity, tables, shelves, policy, day, total.members, arms or {})


def _shelves(total: Partial, catalogue: Catalogue, rarity: npt.NDArray[np.float64], rule: Trending) -> ShelfIndex:
    """Course lists by cohort: popular (most learners, then what the population's skills favour) and trending."""
    courses = len(catalogue.cards)
    matrix = catalogue.course_skills
    rows = np.repeat(np.arange(courses), np.diff(matrix.offsets))
    values = matrix.values if matrix.values is not None else np.ones(len(matrix.indices), np.float32)
    # before anybody has clicked, the population's own affinity says what is popular
    mass = total.holders * rarity if total.holders.any() else np.ones(len(rarity))
    prior = np.bincount(rows, mass[matrix.indices] * values.astype(np.float64), minlength=courses)
    index = ShelfIndex.empty()
    for kind, learners in total.learners.items():
        cohort, course = learners.keys // max(courses, 1), learners.keys % max(courses, 1)
        ever = learners.counts[:, 0]
        if kind in ("all", "language"):
            for c in range(len(learners.active)):
                count_of = np.zeros(courses, np.int64)
                mine = cohort == c
                count_of[course[mine]] = ever[mine]
                pool = np.arange(courses) if kind == "all" else np.flatnonzero(catalogue.language == c)
                order = np.lexsort((pool, -prior[pool], -np.where(count_of[pool] >= 5, count_of[pool], 0)))
                index.add("popular", kind, c, pool[order[: ShelfIndex.KEEP]])
        else:  # nothing is shown on fewer than five people
            some = ever >= 5
            order = np.lexsort((course[some], -ever[some], cohort[some]))
            for c, own in _runs(cohort[some][order], course[some][order]):
                index.add("popular", kind, c, own[: ShelfIndex.KEEP])
        if kind != "language":
            hot = trending_courses(cohort, course, learners.counts[:, 1], learners.counts[:, 2], learners.active, rule)
            for c, own in _runs(*hot):
                index.add("trending", kind, c, own)
    return index


def _runs(keys: Longs, values: Longs) -> list[tuple[int, Longs]]:
    """Values of each run of equal keys."""
    if not len(keys):
        return []
    starts = np.flatnonzero(np.concatenate([[True], np.diff(keys) != 0]))
    ends = np.append(starts[1:], len(keys))
    return [(int(keys[a]), values[a:b]) for a, b in zip(starts, ends, strict=True)]
