"""xAPI 1.0.3 statements (also 2.0, cmi5 and the video profile) as events, and our impressions and clicks as statements.

A verb is known by its last word within the common vocabularies. What a statement is about is the course itself
or a part of it: finishing a part is watching the course. Verbs we do not know, and statements about groups or
without a time, are kept apart with the reason, never guessed at.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
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

VOCABULARIES = (
    "http://adlnet.gov/expapi/verbs/",
    "https://adlnet.gov/expapi/verbs/",
    "https://w3id.org/xapi/adl/verbs/",
    "https://w3id.org/xapi/video/verbs/",
    "https://w3id.org/xapi/acrossx/verbs/",
    "http://id.tincanapi.com/verb/",
    "http://activitystrea.ms/schema/1.0/",
    "http://activitystrea.ms/",
    "https://activitystrea.ms/schema/1.0/",
)
ENROL = frozenset({"registered", "enrolled", "join", "assigned"})
CLICK = frozenset({"launched", "initialized", "viewed", "opened", "selected", "access"})
WATCH = frozenset(
    {
        "experienced", "progressed", "attempted", "interacted", "suspended", "resumed", "exited", "terminated",
        "watched", "watch", "attended", "answered", "scored", "failed",
    }
)  # fmt: skip
COMPLETE = frozenset({"completed", "passed", "mastered", "satisfied", "waived", "earned", "complete"})
BOOKMARK = frozenset({"bookmarked", "favorited", "favorite", "save", "saved"})
STARTS = frozenset({"played"})
STOPS = frozenset({"paused", "terminated", "completed", "suspended"})

_COURSE_TYPES = frozenset(
    {
        "http://adlnet.gov/expapi/activities/course",
        "https://w3id.org/xapi/cmi5/activitytype/course",
        "http://id.tincanapi.com/activitytype/lms/course",
    }
)
_VIDEO = "https://w3id.org/xapi/video/"
_POSITION = f"{_VIDEO}extensions/time"
_PART_WORDS = ("video", "module", "lesson", "question", "interaction", "assessment", "link", "page", "slide")
#: our own event inside a statement we emit: what is read back is what was sent
OWN_EVENT = "urn:skillfirst:xapi:event"
_OUT_VERBS = {
    "impression": ("http://id.tincanapi.com/verb/viewed", "viewed"),
    "click": ("http://id.tincanapi.com/verb/selected", "selected"),
}
_STATEMENT_IDS = uuid.uuid5(uuid.NAMESPACE_URL, "urn:skillfirst:xapi")


def read_xapi(content: bytes, *, prefixes: Sequence[str] = (), salt: bytes = b"") -> Imported:
    """Statements of a file or a request body: one, an array, `{"statements": [...]}`, or NDJSON.

    Args:
        prefixes: cut from activity ids and account names, so that they become the course ids of the catalogue.
        salt: key of the hash that stands for a mail address (at most 64 bytes).
    """
    return from_statements(_statements(content), prefixes=prefixes, salt=salt)


def _statements(content: bytes) -> Iterable[Record | str]:
    for item in objects_in(content):
        if isinstance(item, Mapping) and "verb" not in item and isinstance(item.get("statements"), list):
            yield from (s if isinstance(s, Mapping) else "not a JSON object" for s in item["statements"])
        else:
            yield item


def from_statements(statements: Iterable[Record | str], *, prefixes: Sequence[str] = (), salt: bytes = b"") -> Imported:
    """Statements as events; a string among them is the reason why a record could not be read."""
    imported = Imported()
    players: list[Played] = []
    for index, statement in enumerate(statements):
        if isinstance(statement, str):
            imported.kept_apart.append(KeptApart(index, "", statement))
            continue
        event = _event(statement, prefixes, salt)
        if isinstance(event, str):
            verb = text_of(record_of(statement.get("verb")).get("id")) or ""
            imported.kept_apart.append(KeptApart(index, verb, event))
            continue
        imported.events.append(event)
        player = _played(statement, event)
        if player is not None:
            players.append(player)
    finish_playing(players)
    return imported


def _event(statement: Record, prefixes: Sequence[str], salt: bytes) -> Event | str:
    own = _own_event(statement)
    if own is not None:
        return own
    word = _word(statement)
    kind = _kind(word)
    if kind is None:
        return "unknown verb"
    time = time_of(statement.get("timestamp")) or time_of(statement.get("stored"))
    if time is None:
        return "the statement has no time"
    member = _member(record_of(statement.get("actor")), prefixes, salt)
    if member is None:
        return "the actor is not one identified person"
    course, whole = _course(statement)
    if course is None:
        return "the object is no activity"
    if kind == "complete" and not whole:
        kind = "watch"  # a finished part of a course
    event: Event = {"time": time, "member_id": member, "kind": kind, "course_id": without_prefix(course, prefixes)}
    identity = text_of(statement.get("id"))
    if identity:
        event["event_id"] = identity
    seconds = seconds_of(record_of(statement.get("result")).get("duration"))
    if kind == "watch" and seconds is not None:
        event["seconds"] = seconds
    return event


def _word(statement: Record) -> str | None:
    """The verb's last word, if its vocabulary is one of the common ones."""
    identity = text_of(record_of(statement.get("verb")).get("id"))
    if identity is None:
        return None
    vocabulary, slash, word = identity.rpartition("/")
    return word.lower() if vocabulary + slash in VOCABULARIES else None


def _kind(word: str | None) -> str | None:
    for kind, words in (
        ("complete", COMPLETE),
        ("watch", WATCH | STARTS | STOPS),
        ("click", CLICK),
        ("enrol", ENROL),
        ("bookmark", BOOKMARK),
    ):
        if word in words:
            return kind
    return None


def _member(actor: Record, prefixes: Sequence[str], salt: bytes) -> str | None:
    """The account's name before anything else; a mail address only as a hash."""
    if actor.get("objectType") == "Group":
        return None
    name = text_of(record_of(actor.get("account")).get("name"))
    if name:
        return without_prefix(name, prefixes)
    mail, digest = text_of(actor.get("mbox")), text_of(actor.get("mbox_sha1sum"))
    if mail or digest:
        return member_of_mail(mail_digest(mail) if mail else str(digest), salt)
    openid = text_of(actor.get("openid"))
    return without_prefix(openid, prefixes) if openid else None


def _course(statement: Record) -> tuple[str | None, bool]:
    """Id of the course and whether the statement is about the whole of it."""
    thing = record_of(statement.get("object"))
    if thing.get("objectType", "Activity") != "Activity":
        return None, False
    identity = text_of(thing.get("id"))
    type_ = text_of(record_of(thing.get("definition")).get("type")) or ""
    if type_ in _COURSE_TYPES:
        return identity, True
    around = record_of(record_of(statement.get("context")).get("contextActivities"))
    above = [_activities(around.get(name)) for name in ("parent", "grouping")]
    for activities in above:
        for activity in activities:
            if text_of(record_of(activity.get("definition")).get("type")) in _COURSE_TYPES:
                return text_of(activity.get("id")), False
    parents = [found for a in above[0] if (found := text_of(a.get("id")))]
    if parents and any(word in type_.lower() for word in _PART_WORDS):
        return parents[0], False
    return identity, True  # a platform whose courses are plain activities


def _activities(value: Any) -> list[Record]:
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, Mapping)]


def _played(statement: Record, event: Event) -> Played | None:
    word = _word(statement)
    if event["kind"] != "watch" or word not in STARTS | STOPS:
        return None
    extensions = record_of(record_of(statement.get("result")).get("extensions"))
    media = text_of(record_of(statement.get("object")).get("id")) or ""
    return Played(event, media, word in STARTS, seconds_of(extensions.get(_POSITION)))


def _own_event(statement: Record) -> Event | None:
    own = record_of(record_of(record_of(statement.get("context")).get("extensions")).get(OWN_EVENT))
    time = time_of(own.get("time"))
    whole = time and text_of(own.get("kind")) and text_of(own.get("member_id"))
    return {**own, "time": time} if whole else None


def to_statement(event: Record, *, platform: str, activity_prefix: str = "urn:skillfirst:course:") -> Event | None:
    """An impression or a click as a statement; None for other kinds.

    Args:
        event: columns of `EVENTS`, `time` an aware datetime.
        platform: IRI of the host platform, home page of the members' accounts.
        activity_prefix: makes an IRI of a course id.
    """
    verb = _OUT_VERBS.get(event["kind"])
    if verb is None:
        return None
    time = event["time"].isoformat().replace("+00:00", "Z")
    told = {name: value for name, value in event.items() if value is not None}
    told["time"] = time
    identity, word = verb
    return {
        "id": str(uuid.uuid5(_STATEMENT_IDS, str(event.get("event_id") or sorted(told.items(), key=str)))),
        "version": "1.0.3",
        "timestamp": time,
        "actor": {"objectType": "Agent", "account": {"homePage": platform, "name": event["member_id"]}},
        "verb": {"id": identity, "display": {"en": word}},
        "object": {
            "objectType": "Activity",
            "id": f"{activity_prefix}{event['course_id']}",
            "definition": {"type": "http://adlnet.gov/expapi/activities/course"},
        },
        "context": {"platform": "skillfirst", "extensions": {OWN_EVENT: told}},
    }
