"""kernel.tag: courses in, their skills out; the only door to the taggers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from skillfirst.skills.tagging.alias import named_skills
from skillfirst.skills.tagging.base import CANDIDATES, TagSource, Use, evidence_text
from skillfirst.skills.tagging.choice import JUDGED_FROM, Choice, choose
from skillfirst.skills.tagging.courses import CourseTexts
from skillfirst.skills.tagging.decisions import Decided
from skillfirst.skills.tagging.embeddings import embedder
from skillfirst.skills.tagging.formula import Reading
from skillfirst.skills.tagging.gazetteer import gazetteer
from skillfirst.skills.tagging.human import HumanTags, human_tags
from skillfirst.skills.tagging.incremental import Previous, content_hashes, tagging_key, unchanged
from skillfirst.skills.tagging.japanese import reading_of
from skillfirst.skills.tagging.label_models import bounded, sampled
from skillfirst.skills.tagging.review import apply_decisions
from skillfirst.skills.tagging.tagger import tag_rows
from skillfirst.skills.tagging.thesaurus import builtin_taxonomy, with_concepts
from skillfirst.skills.tagging.thresholds import PUBLISH_PRECISION
from skillfirst.skills.tagging.translations import inherited
from skillfirst.skills.taxonomy import Taxonomy
from skillfirst.tables.outputs import COURSE_SKILLS
from skillfirst.tables.sparse import Csr

UNKNOWN_NAMED = 10
WORKERS = 2
BACKGROUND = 2_000  # courses read beside the changed ones, so that a small catalogue is always tagged alike


@dataclass(frozen=True, slots=True)
class TagSettings:
    """`own_tags`: believe `courses.skills`, as tags and as labels to learn from. `add_to_tagged`: also add automatic
    tags to courses people tagged. `candidates`: kept a course. `embeddings`: see `embedder`.
    `thesaurus`: relate texts and skills through the built-in taxonomy."""

    own_tags: bool = True
    add_to_tagged: bool = False
    candidates: int = 50
    publish_precision: float = PUBLISH_PRECISION
    thesaurus: bool = True
    embeddings: str = "none"
    boosting: bool | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class TagResult:
    """`candidates`: the best of each course, without a threshold. `course_skills`: what affinity uses, by course
    in the order given, then skill id. `report`: what was chosen and why, JSON-ready. `hashes` and `key`: what the
    next tagging needs to leave unchanged courses alone."""

    candidates: pa.Table
    course_skills: pa.Table
    report: dict[str, Any]
    hashes: pa.Table
    key: str
    choice: Choice | None = None


def tag(
    courses: pa.Table,
    taxonomy: Taxonomy,
    labels: pa.Table | None = None,
    settings: TagSettings = TagSettings(),
    *,
    decisions: pa.Table | None = None,
    previous: Previous | None = None,
    workers: int = WORKERS,
) -> TagResult:
    """Tags of courses. `labels`: a courses table whose `skills` are known, to learn from.

    Human tags of `courses` stay (weight 1, source human).

    `decisions`: people's answers to the review sheet, columns course_id, skill_id, decision (accepted, refused, or
    empty where nobody has decided); further columns are ignored. Of two answers to one pair the later row counts.
    They are final: an accepted pair has weight 1 and source review whatever a model says, a refused one is gone, even
    where the course's own tags name it. Where a model is trained they also teach it: as tags and as what is no tag.
    Pairs that name no skill, or no course of `courses` or `labels`, are counted in the report (`decisions.unknown`)
    and otherwise ignored. Give all decisions each time: one that is missing was taken back, and its course is tagged
    again.

    `workers`: threads that work side by side where no lock is held; the result does not depend on it.

    Raises DataError for a table without ids or titles or for a decision of another kind, ExtraMissing or NotFound
    where embeddings are asked for and absent.
    """
    texts = CourseTexts.of(courses)
    people = human_tags(courses if settings.own_tags else courses.drop_columns(_tag_column(courses)), taxonomy)
    every, rows, tags, unknown_labels = _labelled(texts, people, labels, taxonomy)
    decided, asked_about = Decided.of(decisions, every.ids, taxonomy)
    rows, tags = decided.correct(rows, tags)
    decided = decided.without(rows)
    hashes = content_hashes(texts, decisions)
    label_ids = [taxonomy.skills.decode(tags.row(i)).to_pylist() for i in range(len(tags))]
    edges, japanese = reading_of((*every.title, *every.description, *every.contents))
    taught = decisions if len(rows) >= JUDGED_FROM else None  # then every tag depends on every decision
    key = tagging_key(taxonomy, every.only(rows.tolist()), label_ids, f"{settings!r} {edges is not None}", taught)
    kept = unchanged(previous, hashes, key)
    wanted = np.ones(len(texts), bool) if settings.add_to_tagged else ~people.tagged
    wanted &= ~np.asarray(pc.is_in(pa.array(texts.ids, pa.string()), kept).to_numpy(zero_copy_only=False), bool)
    parts = [_human_candidates(texts, taxonomy, people), inherited(texts, taxonomy, people.tags)]
    choice = None
    if previous is not None and len(kept):
        parts.append(_automatic(previous.candidates.filter(pc.is_in(previous.candidates["course_id"], kept))))
    if wanted.any() and len(taxonomy):
        rows, tags = bounded(every.ids, rows, tags)
        needed = np.union1d(np.union1d(np.flatnonzero(wanted), rows), decided.rows)
        # one changed course alone would not tell which words are rare; more than that need not be read
        read = np.union1d(needed, sampled(texts.ids, BACKGROUND))
        reading = Reading.of(
            every.only(read.tolist()), taxonomy, embedder(settings.embeddings), ~np.isin(read, needed), edges, workers
        )
        rows, asked = np.searchsorted(read, rows), np.searchsorted(read, np.flatnonzero(wanted))
        if settings.thesaurus:
            reading = with_concepts(reading, builtin_taxonomy())
        choice = choose(
            reading, rows, tags, decided=decided.moved(np.searchsorted(read, decided.rows)),
            seed=settings.seed, precision=settings.publish_precision, boosting=settings.boosting,
        )  # fmt: skip
        parts.append(tag_rows(reading, asked.astype(np.int64), choice, settings.candidates))
    candidates = _by_course(pa.concat_tables(parts), texts)
    if decisions is not None:
        known = pc.is_in(decisions["skill_id"].cast(pa.string()), taxonomy.skills.ids)
        candidates = _by_course(apply_decisions(candidates, decisions.filter(known)), texts)
    report = {
        "courses": len(courses),
        "skills": len(taxonomy),
        "human_tagged": int(people.tagged.sum()),
        "tagged_now": int(wanted.sum()),
        "kept_from_before": len(kept),
        "embeddings": settings.embeddings,
        "decisions": asked_about,
        "japanese": japanese,
        **_lost(people, unknown_labels),
        "taxonomy_warnings": list(taxonomy.warnings),
        **_chosen(choice),
    }
    used = candidates.filter(pc.is_in(candidates["use"], pa.array([str(Use.PUBLISH), str(Use.FEATURE)])))
    return TagResult(candidates, _sorted_skills(used, texts), report, hashes, key, choice)


def _labelled(
    texts: CourseTexts, people: HumanTags, labels: pa.Table | None, taxonomy: Taxonomy
) -> tuple[CourseTexts, npt.NDArray[np.int64], Csr, list[tuple[str, int]]]:
    """All texts, the places of the labelled courses among them, their tags, and the label names nobody knows.

    A course that stands in both tables keeps its own tags; without any it has those of `labels`.
    """
    rows = {int(i): people.tags.row(int(i)) for i in np.flatnonzero(people.tagged)}
    unknown: list[tuple[str, int]] = []
    every = texts
    if labels is not None and len(labels):
        others = CourseTexts.of(labels)
        known = human_tags(labels, taxonomy)
        unknown = known.unknown
        every = texts.with_others(others)
        place = {course_id: i for i, course_id in enumerate(every.ids)}
        for i in np.flatnonzero(known.tagged).tolist():
            rows.setdefault(place[others.ids[i]], known.tags.row(i))
    order = sorted(rows)
    owner = np.repeat(np.arange(len(order)), [len(rows[i]) for i in order])
    codes = np.concatenate([rows[i] for i in order]) if order else np.empty(0, np.int32)
    return every, np.asarray(order, np.int64), Csr.from_pairs(owner, codes, None, (len(order), len(taxonomy))), unknown


def _tag_column(courses: pa.Table) -> list[str]:
    return ["skills"] if "skills" in courses.column_names else []


def _automatic(candidates: pa.Table) -> pa.Table:
    """Without the rows that are found anew each time."""
    anew = pa.array([str(TagSource.HUMAN), str(TagSource.REVIEW), str(TagSource.TRANSLATION)])
    return candidates.filter(pc.invert(pc.is_in(candidates["source"], anew))).select(CANDIDATES.names)


def _lost(people: HumanTags, labels: list[tuple[str, int]]) -> dict[str, Any]:
    return {
        "given_tags": people.given,
        "unknown_tags": sum(n for _, n in people.unknown),
        "unknown_tags_first": [t for t, _ in people.unknown[:UNKNOWN_NAMED]],
        "unknown_label_tags": sum(n for _, n in labels),
        "unknown_label_tags_first": [t for t, _ in labels[:UNKNOWN_NAMED]],
    }


def _chosen(choice: Choice | None) -> dict[str, Any]:
    if choice is None:
        return {"method": "none", "why": "no course needed an automatic tag"}
    limits = choice.thresholds
    return {
        **choice.report,
        "thresholds": {
            "publish": round(limits.publish, 4) if limits.publish_reachable else None,
            "feature": round(limits.feature, 4),
            "review": round(limits.review, 4),
        },
    }


def _human_candidates(texts: CourseTexts, taxonomy: Taxonomy, people: HumanTags) -> pa.Table:
    tags = people.tags
    rows = np.repeat(np.arange(len(tags)), np.diff(tags.offsets))
    said = [str(Use.PUBLISH), str(TagSource.HUMAN), evidence_text([{"kind": "human"}])]
    columns = [
        pa.array(texts.ids, pa.string()).take(pa.array(rows)),
        taxonomy.skills.ids.take(pa.array(tags.indices)),
        *(np.ones(len(rows), np.float32) for _ in ("weight", "probability")),
        *(pa.array([text], pa.string()).take(pa.array(np.zeros(len(rows), np.int64))) for text in said),
    ]
    return pa.table(columns, schema=CANDIDATES)


def _by_course(candidates: pa.Table, texts: CourseTexts) -> pa.Table:
    """By course in the given order, falling probability, then as given; of a repeated skill the first row stays."""
    place = pc.index_in(candidates["course_id"], pa.array(texts.ids, pa.string()))
    keyed = candidates.append_column("place", place).filter(pc.is_valid(place))
    keyed = keyed.append_column("given", pa.array(np.arange(len(keyed))))
    order = pc.sort_indices(keyed, [("place", "ascending"), ("probability", "descending"), ("given", "ascending")])
    ordered = keyed.take(order).select(CANDIDATES.names)
    pair = pc.binary_join_element_wise(ordered["course_id"], ordered["skill_id"], "\x1f")
    seen = pair.combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
    _, first = np.unique(seen, return_index=True)
    return ordered.take(pa.array(np.sort(first))).combine_chunks()


def _sorted_skills(used: pa.Table, texts: CourseTexts) -> pa.Table:
    place = pc.index_in(used["course_id"], pa.array(texts.ids, pa.string()))
    order = pc.sort_indices(used.append_column("place", place), [("place", "ascending"), ("skill_id", "ascending")])
    return used.take(order).select(COURSE_SKILLS.schema.names).combine_chunks()


def mentioned_skills(texts: pa.Array, taxonomy: Taxonomy) -> list[list[int]]:
    """Codes (ascending) of the skills each text names, by the rules of the alias tagger; a search is a title."""
    lexicon = gazetteer(taxonomy)
    out = []
    for text in texts.to_pylist():
        named = named_skills([("title", text or "")], lexicon, taxonomy)
        out.append(sorted(code for code, spans in named.items() if spans.total))
    return out
