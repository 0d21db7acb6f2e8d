"""One member's answer: the stored bytes where nothing happened since the night, else computed now, for one.

`stored` is the path of nearly every request and touches neither the kernel nor the log. `fresh` folds the events since
the run's `log_position` into the stored document (or into an empty one, for somebody the night has never seen), and
infers, recommends and renders a batch of one: what a night with the same events, model and "now" would have stored.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import pyarrow as pa

from skillfirst.errors import StoreError
from skillfirst.serve.cost import Cost
from skillfirst.serve.newcomers import Newcomer
from skillfirst.serve.serving import House, Serving
from skillfirst.stores.event_log.checking import StoredEvent
from skillfirst.stores.online.base import DOCUMENT_NAME
from skillfirst.tables.documents import Documents

if TYPE_CHECKING:
    from skillfirst.kernel.policy import Policy

Clock = Callable[[], dt.datetime]
Origin = Literal["stored", "folded", "cold"]
TRIES = 5  # a version that is replaced while it is read is read again
NOBODY = Newcomer()
WARMED = 4  # answers of each channel before the first that somebody waits for


def system_clock() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Answer(NamedTuple):
    body: bytes
    origin: Origin
    version: str


@dataclass(frozen=True, slots=True)
class Today:
    """A member as of now: the document with today's events in it, and the version it was folded over."""

    folded: Documents  # one row
    serving: Serving
    known: bool  # the night has seen the member
    events: int

    @property
    def document(self) -> pa.RecordBatch:
        """The document as an Arrow batch of one row."""
        return self.folded.batch

    @property
    def languages(self) -> list[str]:
        return list(self.folded.one["languages"])

    @property
    def policy(self) -> Policy:
        """The Policy of the member's arms: what every number about this member was reckoned by."""
        from skillfirst.kernel.one_member import own_policy

        return own_policy(self.folded, self.serving.model)


class Whole(NamedTuple):
    """An answer and the member it was made for, both of one version. `today` is None while the model is not open."""

    answer: Answer
    serving: Serving
    today: Today | None


class Answers:
    """Answers out of a House. Thread-safe; `stored` never waits for a computation."""

    def __init__(
        self, house: House, clock: Clock = system_clock, keep: int = 2_048, keep_seconds: float = 60.0
    ) -> None:
        self.house = house
        self.clock = clock
        self._keep, self._keep_seconds = keep, max(keep_seconds, 0.001)
        self._kept: OrderedDict[tuple[str, str, str], tuple[Any, float, Answer]] = OrderedDict()
        self._lock = threading.Lock()
        self._cost = Cost()

    def at_once(self, member_id: str, channel: str) -> Answer | None:
        """The member's answer where nobody has to wait for it: stored, kept, or quickly computed; else None."""
        serving = self.house.current
        if serving is None:
            return None
        body = None if member_id in serving.touched else self.house.online.get(member_id, channel)
        if body is not None:
            return Answer(body, "stored", serving.version)
        return self.fresh(member_id, channel) if self.quick else self.kept(member_id, channel)

    @property
    def quick(self) -> bool:
        """Whether an answer may be computed without handing it to another thread."""
        current = self.house.current
        return current is not None and current.warm and self.house.near and self._cost.quick

    def warm(self) -> None:
        """Load the Model and all that computes, with answers for nobody, and learn what one costs."""
        from skillfirst.serve.newcomers import somebody

        serving = self.house.now_serving()
        now = max(int(self.clock().timestamp()), 0)
        document, events = somebody(serving.model, now)
        for channel in WARMED * ("home", "feed"):
            self._cost.of(lambda c=channel: render_one(_folded(document, events, now, serving, False), c))  # type: ignore[misc]
        self._cost.of(lambda: self.fresh("", "home"))

    def stored(self, member_id: str, channel: str) -> bytes | None:
        """The night's own bytes, or None where something happened since or the member is not known."""
        serving = self.house.current
        if serving is None or member_id in serving.touched:
            return None
        return self.house.online.get(member_id, channel)

    def kept(self, member_id: str, channel: str) -> Answer | None:
        """What was computed since the member's last event, less than `keep_seconds` ago; None where nothing was."""
        return self._kept_at((member_id, channel, ""), *self._mark(member_id, NOBODY))

    def fresh(self, member_id: str, channel: str, newcomer: Newcomer = NOBODY, language: str | None = None) -> Answer:
        """The member's answer with everything that happened today. Raises RunError when nothing is published.

        `newcomer` is what is said about somebody the night does not know; of others only a title and languages they
        never stated count.
        `language`: other texts than in the member's own; who states no languages is taken to understand it.
        """
        newcomer = newcomer.reading(language)
        place = (member_id, channel, language or "")
        mark, now = self._mark(member_id, newcomer)
        kept = self._kept_at(place, mark, now)
        if kept is not None:
            return kept
        answer = self._compute(member_id, channel, newcomer, language)
        with self._lock:
            self._kept[place] = (mark, now, answer)
            self._kept.move_to_end(place)
            while len(self._kept) > self._keep:
                self._kept.popitem(last=False)
        return answer

    def whole(self, member_id: str, channel: str, newcomer: Newcomer = NOBODY) -> Whole:
        """The answer together with the member as of now, read at one moment: for a page that shows both."""
        found, serving = self._read(member_id, (DOCUMENT_NAME, channel))
        stored = found[channel]
        events = serving.touched.events(member_id)
        happened = adds(found[DOCUMENT_NAME], newcomer) or serving.touched.changes(events)
        if stored is not None and not happened and not serving.warm:
            return Whole(Answer(stored, "stored", serving.version), serving, None)
        today = self._today(member_id, found[DOCUMENT_NAME], serving, events, newcomer)
        if stored is not None and not happened:
            return Whole(Answer(stored, "stored", serving.version), serving, today)
        answer = Answer(render_one(today, channel), "folded" if today.known else "cold", serving.version)
        return Whole(answer, serving, today)

    def _kept_at(self, place: tuple[str, str, str], mark: tuple[Any, ...], now: float) -> Answer | None:
        with self._lock:
            kept = self._kept.get(place)
            if kept is None or kept[0] != mark or not 0 <= now - kept[1] < self._keep_seconds:
                return None
            self._kept.move_to_end(place)
            return kept[2]

    def _mark(self, member_id: str, newcomer: Newcomer) -> tuple[tuple[Any, ...], float]:
        """(what a kept answer must have been made from, the present in s since 1970 UTC)."""
        serving, now = self.house.now_serving(), self.clock().timestamp()
        return (serving.version, serving.touched.number(member_id), now // 86_400, newcomer), now

    def _compute(self, member_id: str, channel: str, newcomer: Newcomer, language: str | None) -> Answer:
        found, serving = self._read(member_id, (DOCUMENT_NAME,))
        raw, events = found[DOCUMENT_NAME], serving.touched.events(member_id)
        if raw is not None and language is None and not adds(raw, newcomer) and not serving.touched.changes(events):
            stored = self._of_the_night(member_id, channel)
            if stored is not None:
                return stored
        try:
            return self._cost.of(lambda: self._computed(member_id, channel, raw, serving, events, newcomer, language))
        except ImportError:  # without the compiler the night's answer is the best there is
            stored = self._of_the_night(member_id, channel)
            if stored is None:
                raise
            return stored

    def _of_the_night(self, member_id: str, channel: str) -> Answer | None:
        found, serving = self._read(member_id, (channel,))
        body = found[channel]
        return None if body is None else Answer(body, "stored", serving.version)

    def _computed(
        self, member_id: str, channel: str, raw: bytes | None, serving: Serving, events: list[StoredEvent],
        newcomer: Newcomer, language: str | None,
    ) -> Answer:  # fmt: skip
        today = self._today(member_id, raw, serving, events, newcomer)
        return Answer(render_one(today, channel, language), "folded" if today.known else "cold", serving.version)

    def today(self, member_id: str, newcomer: Newcomer = NOBODY) -> Today:
        """The member's document as of now, for whatever is asked about it."""
        found, serving = self._read(member_id, (DOCUMENT_NAME,))
        return self._today(member_id, found[DOCUMENT_NAME], serving, serving.touched.events(member_id), newcomer)

    def _read(self, member_id: str, names: tuple[str, ...]) -> tuple[dict[str, bytes | None], Serving]:
        """The member's values and the version they are of, out of one snapshot."""
        for _ in range(TRIES):
            with self.house.online.snapshot() as snapshot:
                version, found = snapshot.version, snapshot.get_many(member_id, names)
            serving = self.house.at(version)
            if serving is not None:
                return found, serving
        self.house.now_serving()  # says so when nothing was ever published
        raise StoreError("versions are published faster than they can be read", next_step="Ask again.")

    def _today(
        self, member_id: str, raw: bytes | None, serving: Serving, events: list[StoredEvent], newcomer: Newcomer
    ) -> Today:
        from skillfirst.serve.newcomers import add_unsaid, document_of

        model = serving.model
        now = max(int(self.clock().timestamp()), 0)
        if raw is None:
            document = document_of(member_id, newcomer, model, now, serving.experiments)
        else:
            document = add_unsaid(_read_document(raw), newcomer, model)
        return _folded(document, events, now, serving, raw is not None)


def _folded(document: Documents, events: list[StoredEvent], now: int, serving: Serving, known: bool) -> Today:
    from skillfirst.kernel.fold import fold_one

    return Today(fold_one(document, events, now, serving.model), serving, known, len(events))


def adds(raw: bytes | None, newcomer: Newcomer) -> bool:
    """Whether what is said about a member may say more than the stored document: a title, or the first languages."""
    if newcomer.title:
        return True
    return raw is not None and bool(newcomer.languages) and not _read_document(raw).one["languages"]


def _read_document(raw: bytes) -> Documents:
    try:
        return Documents.read(raw)
    except ValueError:
        raise StoreError(
            "what is published was written by another version of skillfirst",
            next_step="Run the night again and publish it: skillfirst run, skillfirst publish.",
        ) from None


def recommend_one(today: Today, channel: str, policy: Any = None) -> pa.RecordBatch:
    """RECOMMENDATIONS, one row: what `kernel.recommend` says for this member now."""
    from skillfirst.kernel.recommend import recommend

    return recommend(today.document, today.serving.model, [channel], policy)


def render_one(today: Today, channel: str, language: str | None = None) -> bytes:
    """The member's answer as the night would have stored it; in another language if asked for."""
    from skillfirst.kernel.member_arrays import DAY
    from skillfirst.kernel.one_member import lists_of_one
    from skillfirst.kernel.render import Head

    serving, document = today.serving, today.folded
    known = document.one
    languages = [language, *known["languages"]] if language else known["languages"]
    day = (int(document.numbers("now")[0]) - 1) // DAY
    head = Head(known["member_id"], channel, day, known["arms"], languages)
    return serving.renderer.answer(head, lists_of_one(document, serving.model, (channel,)))
