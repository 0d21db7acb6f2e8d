"""The people inside a record of learning: told apart from what they did, and without their mail addresses.

A record that is kept although it became no event is kept so that an import can read it later and finds the same
members as it would have found in the record as it was sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from skillfirst.ingest.formats.learning_records import Record, mail_digest, member_of_mail, record_of, text_of

#: home page of an account that stands for a mail address
MAIL_ACCOUNTS = "urn:skillfirst:mail"
#: levels of a record that are kept; no standard needs a third of them
DEEPEST = 60

_LONGEST_NUMBER = 64  # bits
_MAIL = "mailto:"
_MAIL_ID = "mail:"
_AGENT = frozenset({"mbox", "mbox_sha1sum", "account", "openid"})  # what identifies a person in xAPI


def without_mail(record: Record, salt: bytes) -> dict[str, Any]:
    """A copy in which each mail address that names somebody is the member id that an import makes of it, and names of
    people are left out; so is what stands deeper than `DEEPEST` levels.

    Args:
        salt: key of the hash that stands for a mail address (at most 64 bytes).
    """
    copy: dict[str, Any] = _copy(record, salt, 0)
    return copy


def _copy(value: Any, salt: bytes, depth: int) -> Any:
    if isinstance(value, str):
        return member_of_mail(mail_digest(value), salt) if value.lower().startswith(_MAIL) else value
    if not isinstance(value, list | Mapping):
        # a number of thousands of digits is read by nobody
        return None if isinstance(value, int) and value.bit_length() > _LONGEST_NUMBER else value
    if depth == DEEPEST:
        return None
    if isinstance(value, list):
        return [_copy(item, salt, depth + 1) for item in value]
    left_out: frozenset[str] = frozenset()
    if _AGENT & value.keys() or value.get("type") == "Person":
        left_out = frozenset({"mbox", "mbox_sha1sum", "name"})
    made = {name: _copy(item, salt, depth + 1) for name, item in value.items() if name not in left_out}
    mail, digest = text_of(value.get("mbox")), text_of(value.get("mbox_sha1sum"))
    if (mail or digest) and not text_of(record_of(value.get("account")).get("name")):
        member = member_of_mail(mail_digest(mail) if mail else str(digest), salt)
        made["account"] = {"homePage": MAIL_ACCOUNTS, "name": member}
    return made


def people_in(value: Any) -> Iterator[str]:
    """Ids of the people that a record from `without_mail`, or a part of one, speaks of; prefixes are not cut."""
    if isinstance(value, str):
        if value.startswith(_MAIL_ID):
            yield value
    elif isinstance(value, list):
        for item in value:
            yield from people_in(item)
    elif isinstance(value, Mapping):
        yield from _named(value)
        for item in value.values():
            yield from people_in(item)


def _named(thing: Record) -> Iterator[str]:
    """Who an object names itself: an agent of xAPI, a person of Caliper, or an actor given by id alone."""
    actor = thing.get("actor")
    person = (thing.get("id") or thing.get("@id")) if "Person" in (thing.get("type"), thing.get("@type")) else None
    alone = record_of(actor).get("id") or actor
    for found in (record_of(thing.get("account")).get("name"), thing.get("openid"), person, alone):
        if name := text_of(found):
            yield name


def speaks_of(record: Record, member_id: str) -> bool:
    """Whether a record from `without_mail` names this member, with whatever before the id its sender writes."""
    for identity in people_in(record):
        name = identity.rstrip("/")
        if name == member_id or (name.endswith(member_id) and not name[-len(member_id) - 1].isalnum()):
            return True
    return False
