"""From an answer's JSON to what the templates show: carousels with their reason, cards with their words."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import quote

import msgspec

from skillfirst.contexts.kinds import Context
from skillfirst.kernel.policy import Page
from skillfirst.serve.page.viewing import Viewer, cover_url
from skillfirst.serve.page.words import Words
from skillfirst.serve.serving import Serving
from skillfirst.tables.languages import primary

#: carousels whose cards come first on a page are fetched at once, the others when they come near
EAGER_CARDS = 5
NOTHING: Mapping[str, float] = MappingProxyType({})


#: contexts whose evidence is one word or two, lit in the heading
LIT = frozenset({"wanted", "predicted", "goal", "stay_sharp", "skill", "title", "activity", "inferred"})


#: contexts whose evidence is a skill, which every course of the row teaches
OF_SKILLS = frozenset(kind.label for kind in Context if kind.evidence == "skill")
SKILLS_OF_CARD = 2


class Reason(NamedTuple):
    """The sentence above a row, cut around what it names."""

    before: str
    named: str
    after: str

    def __str__(self) -> str:
        return "".join(self)


class Cards:
    """Makes cards for one viewer: addresses, names of skills, what is saved, how far a course was watched.

    `serving`: the version all of them are of, so that a publish between two cards is not seen. `progress`: share of a
    course that was watched, by course id. `counting`: ids of the skills that count for the member.
    """

    def __init__(
        self, viewer: Viewer, words: Words, serving: Serving, saved: frozenset[str] = frozenset(),
        progress: Mapping[str, float] = NOTHING, counting: frozenset[str] = frozenset(),
    ) -> None:  # fmt: skip
        self.viewer, self.words, self.serving, self.saved, self.progress = viewer, words, serving, saved, progress
        self.counting = counting

    def skill_name(self, skill_id: str) -> str:
        taxonomy = self.serving.taxonomy
        code = taxonomy.skills.code(skill_id)
        return taxonomy.name(code, self.words.language) if code >= 0 else skill_id

    def told_skills(self, course: dict[str, Any], row: str | None) -> list[str]:
        """Ids of the skills a card names: that of its row, then those that count for the member, then the heaviest."""
        taught = course.get("skills") or []
        if self.counting:  # the member is known, so the Model is open: it has all skills, the answer only some
            serving = self.serving
            taught = serving.renderer.top_skills(serving.model.courses.code(course["course_id"]), None)
        context, _, evidence = (row or "").partition(":")
        first = [evidence] if context in OF_SKILLS and self.serving.taxonomy.skills.code(evidence) >= 0 else []
        matched = [skill for skill in taught if skill in self.counting]
        return list(dict.fromkeys([*first, *matched, *taught]))[:SKILLS_OF_CARD]

    def reason(self, row: dict[str, Any], spoken: str) -> Reason:
        """The sentence above a row in the interface's language; `spoken`: the language of the answer."""
        language = self.words.language
        sentence, name = str(row["text"]), None
        evidence = None if row["context"] == "continue" else row["evidence"]
        if row["context"] and (spoken != language or self.serving.warm):  # the first page does not wait for the model
            name = self.serving.renderer.evidence_name(row["context"], evidence, language)
            if spoken != language:
                sentence = self.serving.renderer.sentence(row["context"], evidence, language)
        if name and row["context"] in LIT:
            return Reason(*sentence.rpartition(name))
        return Reason(sentence, "", "")

    def card(
        self, course: dict[str, Any], rank: int, context: str, eager: bool = False, row: str | None = None
    ) -> dict[str, Any]:
        """What the template shows of a course. `row`: `context:evidence` of the carousel it stands in."""
        words, viewer = self.words, self.viewer
        course_id, language = course["course_id"], course.get("language") or ""
        other = primary(language) != words.language
        level = words.level(course.get("level"))
        facts = [f for f in (level, words.tongue(language) if other and language else "") if f]
        where = {"rank": rank, "position": course["position"], "context": context, "row": row}
        share = self.progress.get(course_id, 0.0)
        minutes = course.get("duration_minutes") or 0
        duration = words.duration(minutes)
        if share and minutes:
            duration = words("time_left", time=words.duration(max(round(minutes * (1 - share)), 1)))
        return {
            "id": course_id, "dom": f"c{rank}-{course['position']}", "title": course["title"], "rank": rank,
            "position": course["position"], "context": context, "facts": facts, "lang": language or "en",
            "author": course.get("author") or "", "duration": duration, "progress": round(100 * share),
            "cover": cover_url(course_id, course.get("category"), course.get("skills") or []),
            "skills": [self.skill_name(s) for s in self.told_skills(course, row)],
            "saved": course_id in self.saved, "eager": eager, "host_url": course.get("url"),
            "href": viewer.url("/course/" + quoted(course_id)),
            "why": viewer.url("/page/why", course=course_id, row=row),
            "hide": viewer.url("/page/hide", course=course_id, **where),
            "unhide": viewer.url("/page/unhide", course=course_id, **where),
            "save": viewer.url("/page/save", course=course_id),
            "unsave": viewer.url("/page/unsave", course=course_id),
        }  # fmt: skip

    def carousels(self, rows: list[dict[str, Any]], spoken: str, eager: int) -> list[dict[str, Any]]:
        """Rows as the page shows them, the first `eager` with their covers at once; no two under one heading."""
        made, said = [], set()
        for i, row in enumerate(rows):
            shown = self.carousel(row, spoken, i < eager)
            if str(shown["reason"]) in said:
                shown["reason"] = Reason(self.words("more_of", reason=str(shown["reason"])), "", "")
            said.add(str(shown["reason"]))
            made.append(shown)
        return made

    def carousel(self, row: dict[str, Any], spoken: str, eager: bool = False) -> dict[str, Any]:
        key = f"{row['context']}:{row['evidence'] or ''}"
        cards = [
            self.card(c, row["rank"], row["context"], eager and i < EAGER_CARDS, key)
            for i, c in enumerate(row["courses"])
        ]
        return {
            "rank": row["rank"], "context": row["context"], "key": key, "reason": self.reason(row, spoken),
            "cards": cards, "more": self.more_url(key, 0) if self._has_more(row) else None,
        }  # fmt: skip

    def _has_more(self, row: dict[str, Any]) -> bool:
        """A row that is not full has nothing more: what is left of it stands elsewhere on the page."""
        length = self.serving.model.policy.page.row_length if self.serving.warm else Page().row_length
        return row["context"] != "continue" and len(row["courses"]) >= length

    def more_url(self, key: str, offset: int) -> str:
        return self.viewer.url("/page/more", carousel=key, offset=offset)

    def by_id(self, course_id: str) -> dict[str, Any]:
        """The card columns of a course, with a position. Raises Refused 404 when there is none."""
        code = self.viewer.service.course_code(course_id, self.serving)
        return {"position": 1, **msgspec.json.decode(b"{" + self.serving.renderer.card(code) + b"}")}


def quoted(course_id: str) -> str:
    """A course id as one part of a path."""
    return quote(course_id, safe="")
