"""The door of the log: an event as it arrives becomes a line that can be stored, or a reason why not.

Pure: "now" is passed in. What an event may hold is `tables.schemas.EVENTS`; which columns a kind requires stands
here.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

from skillfirst.tables.schemas import EVENT_KINDS

#: clocks of browsers and servers differ; beyond this an event from the future is refused
LARGEST_SKEW = dt.timedelta(minutes=5)
#: nothing was logged by anybody before this; an older time is a unit mistaken or a clock never set
EARLIEST = dt.datetime(1990, 1, 1, tzinfo=dt.UTC)
LONGEST_ID = 1_000
LONGEST_TEXT = 200
MOST_ARMS = 50
DERIVED_PREFIX = "derived:"
KEY_BYTES = 16

_KINDS = frozenset(EVENT_KINDS)
NEEDS_COURSE = frozenset({"impression", "click", "watch", "complete", "enrol", "bookmark", "dismiss"})
NEEDS_SKILL = frozenset({"interest", "refuse_skill"})
NEEDS_EITHER = frozenset({"undo"})

_Id = Annotated[str, Meta(min_length=1, max_length=LONGEST_ID)] | int
_Text = Annotated[str, Meta(max_length=LONGEST_TEXT)]
_Rank = Annotated[int, Meta(ge=0, le=32_767)]
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


class IncomingEvent(msgspec.Struct, forbid_unknown_fields=True):
    """One event as a host platform or our page sends it; ids may be integers, which become text."""

    time: dt.datetime
    member_id: _Id
    kind: str
    event_id: _Id | None = None
    course_id: _Id | None = None
    skill_id: _Id | None = None
    channel: _Text | None = None
    context: _Text | None = None
    carousel_rank: _Rank | None = None
    position: _Rank | None = None
    propensity: Annotated[float, Meta(ge=0.0, le=1.0)] | None = None
    seconds: Annotated[float, Meta(ge=0.0, le=1e7)] | None = None
    list_id: _Id | None = None
    arms: Annotated[dict[_Text, _Text], Meta(max_length=MOST_ARMS)] | None = None


class StoredArm(msgspec.Struct):
    key: str
    value: str


class StoredEvent(msgspec.Struct, omit_defaults=True):
    """One event as a line of the log; `time` in microseconds since 1970 UTC, arms ascending by experiment."""

    time: int
    member_id: str
    kind: str
    event_id: str | None = None
    course_id: str | None = None
    skill_id: str | None = None
    channel: str | None = None
    context: str | None = None
    carousel_rank: int | None = None
    position: int | None = None
    propensity: float | None = None
    seconds: float | None = None
    list_id: str | None = None
    arms: list[StoredArm] | None = None


class Entry(NamedTuple):
    """What a ledger keeps: `key` is the event's identity, hashed; `body` the JSON line."""

    key: bytes
    member: bytes
    time: int
    body: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """An event that was not taken: its place in the batch (from 0) and why, in words for its sender."""

    index: int
    reason: str


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(StoredEvent).decode


def member_bytes(member_id: str) -> bytes:
    return member_id.encode("utf-8", "surrogatepass")


def event_key(event_id: str) -> bytes:
    """The identity of an event, of fixed length."""
    return hashlib.blake2b(event_id.encode(), digest_size=KEY_BYTES).digest()


def decode_body(body: bytes | str) -> StoredEvent:
    return _decode(body)


def check_event(event: Mapping[str, Any], now: dt.datetime) -> Entry | str:
    """The event as the log keeps it, or the reason why it is refused.

    A time without zone is UTC. An event without id gets one from its content, so that sending the same thing
    twice counts once.
    """
    try:
        incoming = msgspec.convert(event, IncomingEvent)
    except msgspec.ValidationError as error:
        return str(error)
    except (TypeError, ValueError, OverflowError) as error:
        return f"not an event: {type(error).__name__}"
    reason = _missing(incoming) or _impossible(incoming, now)
    if reason:
        return reason
    try:
        return _entry(incoming)
    except UnicodeEncodeError:
        return "holds text that is not valid Unicode"


def _missing(event: IncomingEvent) -> str | None:
    kind = event.kind
    if kind not in _KINDS:
        return f"unknown kind {kind[:40]!r}; kinds are {', '.join(EVENT_KINDS)}"
    if kind in NEEDS_COURSE and event.course_id is None:
        return f"kind {kind!r} needs a course_id"
    if kind in NEEDS_SKILL and event.skill_id is None:
        return f"kind {kind!r} needs a skill_id"
    if kind in NEEDS_EITHER and event.course_id is None and event.skill_id is None:
        return f"kind {kind!r} needs a course_id or a skill_id"
    return None


def _impossible(event: IncomingEvent, now: dt.datetime) -> str | None:
    if event.time.tzinfo is None:
        event.time = event.time.replace(tzinfo=dt.UTC)
    if event.time > now + LARGEST_SKEW:
        return f"its time {event.time.isoformat()} is more than {LARGEST_SKEW.seconds // 60} minutes in the future"
    if event.time < EARLIEST:
        return f"its time {event.time.isoformat()} is before {EARLIEST.year}"
    return None


def _text(value: str | int | None) -> str | None:
    return value if value is None or type(value) is str else str(value)


def _entry(event: IncomingEvent) -> Entry:
    member = str(event.member_id)
    stored = StoredEvent(
        (event.time - _EPOCH) // _MICROSECOND,
        member,
        event.kind,
        _text(event.event_id),
        _text(event.course_id),
        _text(event.skill_id),
        event.channel,
        event.context,
        event.carousel_rank,
        event.position,
        event.propensity,
        event.seconds,
        _text(event.list_id),
        [StoredArm(key, value) for key, value in sorted(event.arms.items())] if event.arms else None,
    )
    if stored.event_id is None:
        stored.event_id = DERIVED_PREFIX + hashlib.blake2b(_encode(stored), digest_size=KEY_BYTES).hexdigest()
    return Entry(event_key(stored.event_id), member.encode(), stored.time, _encode(stored).decode())
