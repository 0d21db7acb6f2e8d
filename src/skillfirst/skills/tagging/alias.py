"""Alias matching: a course has the skills it names, each with the places where it does.

Ambiguous names (one letter, ordinary words, given names, the taxonomy's own list) must be written in their
proper case and stand in the title, or twice in the text, or beside another skill of the same family.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import pyarrow as pa

from skillfirst.skills.tagging.base import Evidence, TagSource, Use, candidate_table
from skillfirst.skills.tagging.courses import FIELDS, CourseTexts
from skillfirst.skills.tagging.gazetteer import SHORT, Gazetteer, Mention, gazetteer
from skillfirst.skills.taxonomy import Taxonomy

# share of mentions that people confirm, by where a skill is named; set by hand, not fitted to one catalogue
PROBABILITY = {"title": 0.7, "twice": 0.5, "once": 0.3}
SPANS_KEPT = 5
_SENTENCE_ENDS = ".!?:;\n•-–—"


class Counts(dict[str, int]):
    """Times by field, 0 where none; a Counter takes four times as long to make."""

    __slots__ = ()

    def __missing__(self, name: str) -> int:
        return 0

    def total(self) -> int:
        return sum(self.values())

    def add(self, others: Counts) -> None:
        for name, times in others.items():
            self[name] += times


@dataclass(slots=True)
class Spans:
    """Where one skill is named in one course: (field, start, end, text), and how often a field, counted in full."""

    places: list[tuple[str, int, int, str]] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)
    short: Counts = field(default_factory=Counts)
    inner: Counts = field(default_factory=Counts)

    @property
    def total(self) -> int:
        return self.counts.total()

    @property
    def probability(self) -> float:
        """By where the skill is named; 0 when it is only hinted at."""
        if not self.total:
            return 0.0
        return PROBABILITY["title" if self.counts["title"] else "twice" if self.total > 1 else "once"]

    def evidence(self) -> Evidence:
        return [
            {"kind": "alias", "field": f, "start": s, "end": e, "text": t} for f, s, e, t in self.places[:SPANS_KEPT]
        ]


def named_skills(texts: Iterable[tuple[str, str]], known: Gazetteer, taxonomy: Taxonomy) -> dict[int, Spans]:
    """Skill code -> spans over the (field, text) pairs of one course, after the rules for ambiguous names."""
    found: dict[int, Spans] = {}
    doubtful: dict[int, Spans] = {}
    for name, text in texts:
        if not text:
            continue
        for mention in known.find(text):
            for form in mention.forms:
                if form.cased is None:
                    _note(_of(found, form.code), form.level, len(mention.forms), name, mention, text)
                elif _properly_cased(text, mention, form.cased, title=name == "title"):
                    _note(_of(doubtful, form.code), form.level, len(mention.forms), name, mention, text)
    certain = {code for code, spans in found.items() if spans.total}
    for code, spans in sorted(doubtful.items()):
        if spans.counts["title"] or spans.total >= 2 or _relatives(code, taxonomy) & certain:
            kept = _of(found, code)
            kept.places += spans.places
            kept.counts.add(spans.counts)
            kept.short.add(spans.short)
            kept.inner.add(spans.inner)
    return found


def _of(found: dict[int, Spans], code: int) -> Spans:
    spans = found.get(code)
    if spans is None:
        spans = found[code] = Spans()
    return spans


def _note(spans: Spans, level: int, claimants: int, field: str, mention: Mention, text: str) -> None:
    if mention.inner:
        spans.inner[field] += 1
    elif level == SHORT or claimants > 1:
        spans.short[field] += 1
    else:
        spans.counts[field] += 1
        if len(spans.places) < SPANS_KEPT:
            spans.places.append((field, mention.start, mention.end, text[mention.start : mention.end]))


def _properly_cased(text: str, mention: Mention, cased: str, *, title: bool) -> bool:
    """As written in the taxonomy, and in running text not where a capital is only the start of a sentence."""
    written = text[mention.start : mention.end]
    if len(written) == 1 and _glued(text, mention):
        return False
    if written != cased and not (title and len(written) > 1 and written == cased.upper()):
        return False
    if title or not written[0].isupper() or (len(written) > 1 and written.isupper()):
        return True
    before = text[: mention.start].rstrip(" \t\"'“”‘’«»([")
    return bool(before) and before[-1] not in _SENTENCE_ENDS


def _glued(text: str, mention: Mention) -> bool:
    """Whether a single letter is part of something else: R&D, e-mail, vitamin C's, J.R., plan-B."""
    before = text[mention.start - 1] if mention.start else " "
    after = text[mention.end : mention.end + 2] + "  "
    return before in "&'’-." or after[0] in "&'’" or (after[0] in "-." and after[1].isalnum())


def _relatives(code: int, taxonomy: Taxonomy) -> set[int]:
    """Skills with a parent in common, the parents and the children left out."""
    above = taxonomy.parents.row(code)
    return {int(c) for parent in above for c in taxonomy.children.row(int(parent))} - {code}


def alias_candidates(courses: CourseTexts, taxonomy: Taxonomy) -> pa.Table:
    """The alias tagger: CANDIDATES of the skills named in each course, no more than 50 a course."""
    known = gazetteer(taxonomy)
    rows = []
    for i, course_id in enumerate(courses.ids):
        named = named_skills(((f, courses.field(f)[i]) for f in FIELDS), known, taxonomy)
        scored = []
        for code, spans in named.items():
            if not spans.total:
                continue
            use = Use.PUBLISH if spans.counts["title"] else Use.FEATURE
            scored.append((-spans.probability, -spans.total, taxonomy.skills[code], use, spans.evidence()))
        for minus, _, skill_id, use, evidence in sorted(scored, key=lambda s: s[:3])[:50]:
            rows.append((course_id, skill_id, -minus, -minus, use, TagSource.ALIAS, evidence))
    return candidate_table(rows)
