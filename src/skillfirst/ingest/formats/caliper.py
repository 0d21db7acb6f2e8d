"""Caliper 1.1 and 1.2 envelopes as events.

Canvas and Blackboard send 1.1, Open edX 1.2; where the course stands differs between them (the object itself,
the group, an extension), so it is looked for in that order of certainty. Who grades is not who learns, and a
described entity is no event: such records are kept apart with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from skillfirst.ingest.formats.learning_records import (
    Event,
    Imported,
    KeptApart,
    Played,
    Record,
    finish_playing,
    mail_digest,
    member_of_mail,
    objects_in,
    record_of,
    seconds_of,
    text_of,
    time_of,
    without_prefix,
)

VERSIONS = ("http://purl.imsglobal.org/ctx/caliper/v1p1", "http://purl.imsglobal.org/ctx/caliper/v1p2")
CLICK = frozenset({"NavigatedTo", "Viewed", "Launched", "Retrieved"})
WATCH = frozenset({"Submitted", "Completed", "Skipped", "Used", "Started", "Resumed", "Restarted", "Paused", "Ended"})
ENROL = frozenset({"Activated", "Added", "Subscribed", "Created"})
BOOKMARK = frozenset({"Bookmarked", "Saved"})
STARTS = frozenset({"Started", "Resumed", "Restarted"})
STOPS = frozenset({"Paused", "Ended"})

_COURSES = frozenset({"CourseOffering", "CourseSection", "Course"})
_DEPTH = 8


def read_caliper(content: bytes, *, prefixes: Sequence[str] = (), salt: bytes = b"") -> Imported:
    """Envelopes (or bare events) of a file or a request body: one, an array, or NDJSON.

    Args:
        prefixes: cut from ids of persons and courses, so that they become the ids of the tables.
        salt: key of the hash that stands for a mail address (at most 64 bytes).
    """
    return from_events(_records(content), prefixes=prefixes, salt=salt)


def _records(content: bytes) -> Iterator[Record | str]:
    for item in objects_in(content):
        if isinstance(item, str) or not isinstance(item.get("data"), list):
            yield item
        elif item.get("dataVersion") not in VERSIONS:
            yield "the envelope is neither Caliper 1.1 nor 1.2"
        else:
            yield from (e if isinstance(e, Mapping) else "not a JSON object" for e in item["data"])


def from_events(records: Iterable[Record | str], *, prefixes: Sequence[str] = (), salt: bytes = b"") -> Imported:
    """Caliper events as our events; a string among them is the reason why a record could not be read."""
    imported = Imported()
    players: list[Played] = []
    for index, record in enumerate(records):
        event = record if isinstance(record, str) else _event(record, prefixes, salt)
        if isinstance(event, str):
            verb = "" if isinstance(record, str) else _action(record) or ""
            imported.kept_apart.append(KeptApart(index, verb, event))
            continue
        assert not isinstance(record, str)
        imported.events.append(event)
        action = _action(record)
        if event["kind"] == "watch" and action in STARTS | STOPS:
            media = _identity(record.get("object")) or ""
            players.append(Played(event, media, action in STARTS, _position(record)))
    finish_playing(players)
    return imported


def _action(record: Record) -> str | None:
    """The action's word; early 1.1 senders wrote the whole IRI."""
    action = text_of(record.get("action"))
    return action.rpartition("#")[2] if action else None


def _event(record: Record, prefixes: Sequence[str], salt: bytes) -> Event | str:
    action = _action(record)
    if action is None:
        return "an entity, not an event"
    if record.get("type") == "GradeEvent":
        return "who grades is not who learns"
    course, whole = _course(record)
    kind = _kind(action, _type(record.get("object")) == "Membership" or record.get("type") == "MembershipEvent", whole)
    if kind is None:
        return "unknown action"
    time = time_of(record.get("eventTime"))
    if time is None:
        return "the event has no time"
    member = _member(record.get("actor"), prefixes, salt)
    if member is None:
        return "the actor is not one identified person"
    if course is None:
        return "no course is named"
    event: Event = {"time": time, "member_id": member, "kind": kind, "course_id": without_prefix(course, prefixes)}
    identity = text_of(record.get("id")) or text_of(record.get("uuid"))
    if identity:
        event["event_id"] = identity
    return event


def _kind(action: str, membership: bool, whole: bool) -> str | None:
    if action == "Completed" and (whole or membership):
        return "complete"
    if membership:
        return "enrol" if action in ENROL else None
    for kind, actions in (("watch", WATCH), ("click", CLICK), ("bookmark", BOOKMARK)):
        if action in actions:
            return kind
    return None


def _type(entity: Any) -> str:
    """An entity's type without its namespace."""
    type_ = text_of(record_of(entity).get("type")) or text_of(record_of(entity).get("@type")) or ""
    return type_.rpartition("/")[2].rpartition("#")[2]


def _identity(entity: Any) -> str | None:
    """Entities may stand as objects or as their bare id."""
    return text_of(entity) or text_of(record_of(entity).get("id")) or text_of(record_of(entity).get("@id"))


def _member(actor: Any, prefixes: Sequence[str], salt: bytes) -> str | None:
    if _type(actor) not in {"", "Person"}:
        return None
    identity = _identity(actor)
    if identity is None or identity.startswith("_:"):
        return None
    if identity.lower().startswith("mailto:"):
        return member_of_mail(mail_digest(identity), salt)
    return without_prefix(identity, prefixes)


def _course(record: Record) -> tuple[str | None, bool]:
    """Id of the course and whether the event is about the whole of it."""
    thing = record_of(record.get("object"))
    whole = _type(thing) in _COURSES
    told = text_of(record_of(thing.get("extensions")).get("course_id"))
    if told:
        return told, whole
    if whole:
        return _identity(thing), True
    if _type(thing) == "Membership":
        return _identity(thing.get("organization")) or _identity(thing), True
    for start in (record.get("group"), thing.get("isPartOf")):
        found = _course_above(start)
        if found:
            return found, False
    return _identity(record.get("object")), True  # a platform whose courses are plain resources


def _course_above(entity: Any) -> str | None:
    """The nearest course in a chain of `isPartOf` and `subOrganizationOf`."""
    for _ in range(_DEPTH):
        if _type(entity) in _COURSES:
            return _identity(entity)
        entity = record_of(entity).get("isPartOf") or record_of(entity).get("subOrganizationOf")
    return None


def _position(record: Record) -> float | None:
    """Seconds into the media: in the target (a MediaLocation) by the standard, in the object with some senders."""
    thing = record_of(record.get("object"))
    for place in (record_of(record.get("target")), thing, record_of(thing.get("extensions"))):
        seconds = seconds_of(place.get("currentTime"))
        if seconds is not None:
            return seconds
    return None
