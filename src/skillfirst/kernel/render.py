"""kernel.render: recommendations as a page's JSON, with texts in the member's language."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import NamedTuple

import msgspec
import numpy as np
import pyarrow as pa

from skillfirst.contexts.kinds import LABELS, Context
from skillfirst.contexts.languages import language_name
from skillfirst.contexts.texts import spoken, text
from skillfirst.kernel.groups import Out
from skillfirst.kernel.model import Model
from skillfirst.tables.languages import primary

# what a card says beside its skills, where it is known
SHOWN = ("course_id", "title", "level", "duration_minutes", "language", "category", "author", "url", "image_url")
SHOWN_SKILLS = 3  # skills of a card, heaviest first
MOST_TEXTS = 200_000  # reasons kept, about 200 bytes each
EPOCH = dt.date(1970, 1, 1)


class Shown(NamedTuple):
    """One member's list in a channel, in shown order: parallel lists; `bucket` 0 for none."""

    course: list[int]
    rank: list[int]
    position: list[int]
    affinity: list[float]
    score: list[float]
    bucket: list[int]


class Head(NamedTuple):
    """What stands before the courses of an answer. `day`: days since 1970."""

    member_id: str
    channel: str
    day: int
    arms: Sequence[tuple[str, str]]
    languages: Sequence[str]


class Renderer:
    """Renders answers of one Model; what does not change between members (cards, names) is encoded once."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._cards: list[bytes | None] = [None] * len(model.courses)
        self._texts: dict[tuple[str, str | None, str], bytes] = {}
        self._reasons: dict[tuple[int, int, str], bytes] = {}
        self._encode = msgspec.json.Encoder().encode

    def answers(self, rows: pa.RecordBatch, languages: list[list[str]]) -> Iterator[tuple[str, str, bytes]]:
        """(member_id, channel, JSON) of RECOMMENDATIONS rows; `languages`: the member's, one list a row."""
        # codes instead of strings: the dictionary of course ids is the Model's vocabulary
        course = rows.column("course_id")
        flat = course.flatten()
        codes: list[int] = (
            self.model.courses.encode(flat.dictionary)[flat.indices.to_numpy(zero_copy_only=False)].tolist()
            if len(flat)
            else []
        )
        names = ("carousel_rank", "position", "affinity", "score", "bucket")
        values = [rows.column(name).flatten().fill_null(0).to_numpy(zero_copy_only=False).tolist() for name in names]
        context, evidence = (_words(rows.column(name).flatten()) for name in ("context", "context_evidence"))
        lengths = course.value_lengths().to_pylist()
        heads = zip(
            rows.column("member_id").to_pylist(), rows.column("channel").to_pylist(),
            rows.column("day").cast(pa.int32()).to_pylist(), rows.column("arms").to_pylist(), languages, strict=True,
        )  # fmt: skip
        versions = rows.column("model_version").to_pylist()
        at = 0
        for i, head in enumerate(heads):
            start, at = at, at + (lengths[i] or 0)
            shown = Shown(codes[start:at], *(column[start:at] for column in values))
            language = self.language(head[4])

            def reason(place: int, start: int = start, language: str = language) -> bytes:
                return self.reason(context(start + place), evidence(start + place), language)  # type: ignore[arg-type]

            yield head[0], head[1], self._answer(Head(*head), versions[i], language, shown, reason)

    def answer(self, head: Head, out: Out) -> bytes:
        """JSON of `one_member.lists_of_one` for the one channel of `head`, as `answers` writes it for its row."""
        size = int(out.offsets[1])
        shown = Shown(
            out.course[:size].tolist(), out.rank[:size].tolist(), out.position[:size].tolist(),
            out.affinity[:size].tolist(), out.score[:size].tolist(), out.bucket[:size].tolist(),
        )  # fmt: skip
        context, evidence = out.context[:size].tolist(), out.evidence[:size].tolist()
        language = self.language(head.languages)
        known = self._reasons

        def reason(place: int) -> bytes:
            key = (context[place], evidence[place], language)
            return known.get(key) or self._reason_of_codes(*key)

        return self._answer(head, self.model.version, language, shown, reason)

    def _answer(self, head: Head, version: str, language: str, shown: Shown, reason: Callable[[int], bytes]) -> bytes:
        make = self._grid if head.channel == "home" else self._list
        return self.about(head, version, language) + b"," + make(shown, reason) + b"}"

    def about(self, head: Head, version: str, language: str) -> bytes:
        """The JSON members that stand before the courses, with the opening brace."""
        about = {
            "member_id": head.member_id, "channel": head.channel, "day": _dates(head.day), "model_version": version,
            "language": language, "arms": dict(head.arms or ()),
        }  # fmt: skip
        return self._encode(about)[:-1]

    def language(self, languages: Sequence[str] | None) -> str:
        """The language a member reads: the first one of the member's that we speak, else of the platform's."""
        for tag in languages or []:
            if spoken(tag) == primary(tag):
                return spoken(tag)
        return self._platform

    @cached_property
    def _platform(self) -> str:
        known = self.model.platform(self.model.policy)
        return next((t for t in known if spoken(t) == t), spoken(self.model.policy.language))

    def card(self, code: int) -> bytes:
        """The JSON members of one course's card, without braces."""
        known = self._cards[int(code)]
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

    def top_skills(self, code: int, most: int | None = SHOWN_SKILLS) -> list[str]:
        """Ids of a course's heaviest skills, ties by id; `most`: None for all."""
        matrix = self.model.catalogue.course_skills
        skills, weights = matrix.row(code), matrix.row_values(code)
        best = np.lexsort((skills, -weights))[:most]
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
        if kind == "language":
            return language_name(evidence, language)
        if kind == "category" and (code := model.taxonomy.skills.code(evidence)) >= 0:
            return model.taxonomy.name(code, language)
        return evidence.replace("_", " ").replace("-", " ").capitalize() if evidence.islower() else evidence

    def sentence(self, context: str, evidence: str | None, language: str) -> str:
        """What stands above a row or card, in one of the languages texts are written in."""
        name = self.evidence_name(context, evidence, language)
        return text(context, name, language, self.model.popular_basis(context, evidence))

    def reason(self, context: str, evidence: str | None, language: str) -> bytes:
        """The JSON members `context`, `evidence`, `text` of a row or card, without braces."""
        if context == "continue":
            evidence = None  # every card of the row is its own evidence
        key = (context, evidence, language)
        known = self._texts.get(key)
        if known is None:
            sentence = self.sentence(context, evidence, language)
            known = self._encode({"context": context, "evidence": evidence, "text": sentence})[1:-1]
            if len(self._texts) > MOST_TEXTS:
                self._texts.clear()
            self._texts[key] = known
        return known

    def _reason_of_codes(self, context: int, evidence: int, language: str) -> bytes:
        """`reason` by the codes of the loop: of a context, and of an id in the Model's evidence (-1: none)."""
        name = self.model.evidence[0][evidence].as_py() if evidence >= 0 else None
        made = self.reason(LABELS[context], name, language)
        if len(self._reasons) > MOST_TEXTS:
            self._reasons.clear()
        self._reasons[context, evidence, language] = made
        return made

    def _items(self, shown: Shown, more: Sequence[bytes]) -> list[bytes]:
        """The JSON of every course, `more` before its card."""
        cards = self._cards
        numbers = zip(
            shown.position, shown.affinity, shown.score, shown.bucket, more,
            [cards[code] or self.card(code) for code in shown.course], strict=True,
        )  # fmt: skip
        return [
            b'{"position":%d,"affinity":%.6g,"score":%.6g,"bucket":%b,%b%b}'
            % (position, affinity, score, b"%d" % bucket if bucket else b"null", extra, card)
            for position, affinity, score, bucket, extra, card in numbers
        ]

    def _list(self, shown: Shown, reason: Callable[[int], bytes]) -> bytes:
        reasons = [reason(place) + b"," for place in range(len(shown.course))]
        return b'"courses":[' + b",".join(self._items(shown, reasons)) + b"]"

    def _grid(self, shown: Shown, reason: Callable[[int], bytes]) -> bytes:
        items = self._items(shown, [b""] * len(shown.course))
        starts = [place for place, position in enumerate(shown.position) if position == 1]  # a carousel's first course
        carousels = [
            b'{"rank":%d,%b,"courses":[%b]}' % (shown.rank[start], reason(start), b",".join(items[start:stop]))
            for start, stop in pairwise([*starts, len(items)])
        ]
        return b'"carousels":[' + b",".join(carousels) + b"]"


def _words(column: pa.DictionaryArray) -> Callable[[int], str | None]:
    """Texts of a dictionary array by place."""
    words, places = column.dictionary.to_pylist(), column.indices.fill_null(-1).to_numpy(zero_copy_only=False).tolist()
    return lambda place: words[places[place]] if places[place] >= 0 else None


@lru_cache(maxsize=64)
def _dates(day: int) -> str:
    return (EPOCH + dt.timedelta(days=day)).isoformat()
