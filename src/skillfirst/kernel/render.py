"""kernel.render: recommendations as a page's JSON, with texts in the member's language."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from skillfirst.contexts.kinds import Context
from skillfirst.contexts.texts import spoken, text
from skillfirst.kernel.model import Model
from skillfirst.tables.languages import primary

# what a card says beside its skills, where it is known
SHOWN = ("course_id", "title", "level", "duration_minutes", "language", "category", "author", "url", "image_url")
SHOWN_SKILLS = 3  # skills of a card, heaviest first


class Renderer:
    """Renders rows of one Model; what does not change between members (cards, names) is encoded once."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._cards: dict[int, bytes] = {}
        self._texts: dict[tuple[str, str | None, str], bytes] = {}
        self._encode = msgspec.json.Encoder().encode

    def answers(self, rows: pa.RecordBatch, languages: list[list[str]]) -> Iterator[tuple[str, str, bytes]]:
        """(member_id, channel, JSON) of RECOMMENDATIONS rows; `languages`: the member's, one list a row."""
        # codes instead of strings: the dictionary of course ids is the Model's vocabulary
        course = rows.column("course_id")
        flat = course.flatten()
        codes = (
            self.model.courses.encode(flat.dictionary)[flat.indices.to_numpy(zero_copy_only=False)] if len(flat) else []
        )
        columns = {
            name: rows.column(name).flatten().to_pylist()
            for name in ("affinity", "score", "bucket", "carousel_rank", "position", "context", "context_evidence")
        }
        lengths = course.value_lengths().to_pylist()
        at = 0
        heads = zip(
            rows.column("member_id").to_pylist(), rows.column("channel").to_pylist(), rows.column("day").to_pylist(),
            rows.column("arms").to_pylist(), rows.column("model_version").to_pylist(), strict=True,
        )  # fmt: skip
        for i, (member, channel, day, arms, version) in enumerate(heads):
            part = slice(at, at + (lengths[i] or 0))
            at = part.stop
            language = self.language(languages[i])
            head = {
                "member_id": member, "channel": channel, "day": day.isoformat(), "model_version": version,
                "language": language, "arms": dict(arms or []),
            }  # fmt: skip
            items = {name: values[part] for name, values in columns.items()}
            make = self._grid if channel == "home" else self._list
            yield member, channel, self._encode(head)[:-1] + b"," + make(codes[part], items, language) + b"}"

    def language(self, languages: list[str] | None) -> str:
        """The language a member reads: the first one of the member's that we speak, else the platform's."""
        for tag in languages or []:
            if spoken(tag) == primary(tag):
                return spoken(tag)
        return spoken(self.model.policy.language)

    def card(self, code: int) -> bytes:
        """The JSON members of one course's card, without braces."""
        known = self._cards.get(int(code))
        if known is None:
            row = self.model.catalogue.cards.slice(int(code), 1).to_pylist()[0]
            card = {
                name: row[name]
                for name in SHOWN
                if row[name] is not None
            }  # fmt: skip
            card["skills"] = self.top_skills(int(code))
            known = self._cards[int(code)] = self._encode(card)[1:-1]
        return known

    def top_skills(self, code: int) -> list[str]:
        """Ids of a course's heaviest skills, ties by id."""
        matrix = self.model.catalogue.course_skills
        skills, weights = matrix.row(code), matrix.row_values(code)
        best = np.lexsort((skills, -weights))[:SHOWN_SKILLS]
        return [self.model.taxonomy.skills[int(skills[j])] for j in best]

    def evidence_name(self, context: str, evidence: str | None, language: str) -> str | None:
        """What the context names, as people say it."""
        kind = Context[context.upper()].evidence
        model = self.model
        if evidence is None or kind is None:
            return None
        if kind == "skill":
            return model.taxonomy.name(model.taxonomy.skills.code(evidence), language)
        if kind == "course":
            return str(model.catalogue.cards.column("title")[model.courses.code(evidence)].as_py())
        if kind == "title":
            return model.taxonomy.title_name(model.taxonomy.titles.code(evidence), language)
        if kind == "category" and (code := model.taxonomy.skills.code(evidence)) >= 0:
            return model.taxonomy.name(code, language)
        return evidence.replace("_", " ").replace("-", " ").capitalize() if evidence.islower() else evidence

    def reason(self, context: str, evidence: str | None, language: str) -> bytes:
        """The JSON members `context`, `evidence`, `text` of a row or card, without braces."""
        if context == "continue":
            evidence = None  # every card of the row is its own evidence
        key = (context, evidence, language)
        known = self._texts.get(key)
        if known is None:
            sentence = text(context, self.evidence_name(context, evidence, language), language)
            known = self._encode({"context": context, "evidence": evidence, "text": sentence})[1:-1]
            if len(self._texts) > 200_000:
                self._texts.clear()
            self._texts[key] = known
        return known

    def _item(self, code: int, position: int, affinity: float, score: float, bucket: int | None, more: bytes) -> bytes:
        numbers = b'{"position":%d,"affinity":%s,"score":%s,"bucket":%s,' % (
            position, b"%.6g" % affinity, b"%.6g" % score, b"null" if bucket is None else b"%d" % bucket,
        )  # fmt: skip
        return numbers + more + self.card(code) + b"}"

    def _list(self, codes: Any, items: dict[str, list[Any]], language: str) -> bytes:
        courses = [
            self._item(c, p, a, s, b, self.reason(x, e, language) + b",")
            for c, p, a, s, b, x, e in zip(
                codes, items["position"], items["affinity"], items["score"], items["bucket"], items["context"],
                items["context_evidence"], strict=True,
            )
        ]  # fmt: skip
        return b'"courses":[' + b",".join(courses) + b"]"

    def _grid(self, codes: Any, items: dict[str, list[Any]], language: str) -> bytes:
        rows: dict[int, list[bytes]] = {}
        heads: dict[int, bytes] = {}
        for c, r, p, a, s, b, x, e in zip(
            codes, items["carousel_rank"], items["position"], items["affinity"], items["score"], items["bucket"],
            items["context"], items["context_evidence"], strict=True,
        ):  # fmt: skip
            if r not in rows:
                rows[r] = []
                heads[r] = self.reason(x, e, language)
            rows[r].append(self._item(c, p, a, s, b, b""))
        carousels = [
            b'{"rank":%d,' % rank + heads[rank] + b',"courses":[' + b",".join(cards) + b"]}"
            for rank, cards in rows.items()
        ]
        return b'"carousels":[' + b",".join(carousels) + b"]"
