"""What xAPI and Caliper have in common: JSON in several wrappings, persons, durations, players that start and stop.

Everything here is pure: records in, event dicts (columns of `tables.schemas.EVENTS`, `time` an aware datetime)
and the records kept apart out.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Record = Mapping[str, Any]
Event = dict[str, Any]

_DURATION = re.compile(
    r"P(?:(?P<weeks>\d+(?:\.\d+)?)W)?(?:(?P<days>\d+(?:\.\d+)?)D)?"
    r"(?:T(?:(?P<hours>\d+(?:\.\d+)?)H)?(?:(?P<minutes>\d+(?:\.\d+)?)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)
_PERSON_DIGEST_BYTES = 20


@dataclass(frozen=True, slots=True)
class KeptApart:
    """A record that became no event: its place (from 0; a line of NDJSON counts as one), its verb and why."""

    index: int
    verb: str
    reason: str


@dataclass(slots=True)
class Imported:
    """Events in the order of their records, and what was kept apart."""

    events: list[Event] = field(default_factory=list)
    kept_apart: list[KeptApart] = field(default_factory=list)

    def reasons(self) -> dict[str, int]:
        """How often each reason occurred, most frequent first; unknown verbs are named one by one."""
        counts = Counter(k.reason if not k.verb else f"{k.reason}: {k.verb}" for k in self.kept_apart)
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


@dataclass(slots=True)
class Played:
    """An event of a media player: `starts` or stops playing `media`, at `position` seconds into it if told."""

    event: Event
    media: str
    starts: bool
    position: float | None


def objects_in(content: bytes) -> Iterator[Record | str]:
    """The JSON objects of a file or a request body, in order; a string is the reason why one could not be read.

    Accepted: one object, an array of objects, or one object or array a line (NDJSON); a byte order mark is
    skipped.
    """
    text = content.removeprefix(b"\xef\xbb\xbf").strip()
    if not text:
        return
    try:
        yield from _flat(json.loads(text))
        return
    except (ValueError, RecursionError):
        lines = text.split(b"\n")
    for line in lines:
        if line.strip():
            try:
                yield from _flat(json.loads(line))
            except (ValueError, RecursionError):
                yield "the line is not JSON"


def _flat(value: Any) -> Iterator[Record | str]:
    for item in value if isinstance(value, list) else [value]:
        yield item if isinstance(item, dict) else "not a JSON object"


def record_of(value: Any) -> Record:
    """`value` if it is an object, else an empty one, so that paths through foreign JSON need no checks."""
    return value if isinstance(value, Mapping) else {}


def text_of(value: Any) -> str | None:
    """`value` if it is a text that says something."""
    return value if isinstance(value, str) and value.strip() else None


def time_of(value: Any) -> dt.datetime | None:
    """An ISO 8601 time; without a zone it is UTC."""
    text = text_of(value)
    if text is None:
        return None
    try:
        time = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=dt.UTC)


def seconds_of(value: Any) -> float | None:
    """A duration in seconds: ISO 8601 (`PT1H2M3.5S`; years and months have no length) or a number."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) if 0 <= value < 1e7 else None
    text = text_of(value)
    match = _DURATION.fullmatch(text) if text else None
    if match is None or not any(match.groupdict().values()):
        return None
    parts = {name: float(number) for name, number in match.groupdict().items() if number}
    seconds = dt.timedelta(**parts).total_seconds()
    return seconds if seconds < 1e7 else None


def mail_digest(address: str) -> str:
    """SHA-1 of the mailto IRI in lower case: what xAPI calls mbox_sha1sum, so both ways to name a person agree."""
    lower = address.strip().lower()
    iri = lower if lower.startswith("mailto:") else f"mailto:{lower}"
    return hashlib.sha1(iri.encode(), usedforsecurity=False).hexdigest()


def member_of_mail(digest: str, salt: bytes) -> str:
    """The member id that stands for a mail address: never the address, and with a salt not to be guessed."""
    return "mail:" + hashlib.blake2b(digest.lower().encode(), key=salt, digest_size=_PERSON_DIGEST_BYTES).hexdigest()


def without_prefix(identity: str, prefixes: Sequence[str]) -> str:
    """The host platform's own id: the first matching prefix is cut, and a slash at the end."""
    for prefix in prefixes:
        if identity.startswith(prefix) and len(identity) > len(prefix):
            return identity[len(prefix) :].rstrip("/") or identity
    return identity


def finish_playing(played: Iterable[Played]) -> None:
    """Give each stop the seconds since the start before it, per member and media, where it names none itself.

    Media time is taken where both ends tell it and it went forward, bounded by the clock (someone may have
    jumped); the clock alone otherwise is not trusted, as a page may stay open over night.
    """
    groups: dict[tuple[str, str], list[Played]] = defaultdict(list)
    for item in played:
        groups[item.event["member_id"], item.media].append(item)
    for items in groups.values():
        items.sort(key=lambda item: (item.event["time"], item.starts))
        start: Played | None = None
        for item in items:
            if item.starts:
                start = item
                continue
            if start is not None and "seconds" not in item.event:
                _close(start, item)
            start = None


def _close(start: Played, stop: Played) -> None:
    if start.position is None or stop.position is None or stop.position < start.position:
        return
    clock = (stop.event["time"] - start.event["time"]).total_seconds()
    # players run at up to double speed; more media time than that was skipped, not watched
    stop.event["seconds"] = min(stop.position - start.position, 2.0 * clock)
