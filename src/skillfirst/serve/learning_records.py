"""Statements of xAPI and envelopes of Caliper as a request brings them: read as an import reads them from a file.

What becomes no event is set apart in the form it is kept in. A request is taken as a whole or refused as a whole.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from skillfirst.ingest.formats.caliper import VERSIONS, from_events
from skillfirst.ingest.formats.learning_records import Imported, without_prefix
from skillfirst.ingest.formats.persons import people_in, without_mail
from skillfirst.ingest.formats.xapi import from_statements
from skillfirst.serve.problems import Refused
from skillfirst.serve.settings import Limits, Records

XAPI, CALIPER = "xapi", "caliper"
NOT_TAKEN = "the event log does not take it"
_STATEMENT_IDS = uuid.uuid5(uuid.NAMESPACE_URL, "urn:skillfirst:received")
_LONGEST_VERB = 200  # characters of a verb that are reported


@dataclass(frozen=True, slots=True, order=True)
class Apart:
    """A record that became no event: its place in the request (from 0), its verb, and why."""

    index: int
    verb: str
    reason: str


@dataclass(frozen=True, slots=True)
class Sent:
    """A request's records. `places`: of each event the index of its record. `ids`: of the statements of xAPI."""

    standard: str
    records: Sequence[Mapping[str, Any]]
    events: Sequence[dict[str, Any]]
    places: Sequence[int]
    apart: tuple[Apart, ...]
    ids: Sequence[str] = ()

    def to_keep(self, apart: Sequence[Apart], settings: Records) -> list[dict[str, Any]]:
        """The records that are kept apart, without mail addresses."""
        return [without_mail(self.records[a.index], settings.salt) for a in apart]

    def check_speaker(self, member_id: str, settings: Records) -> None:
        """Raises Refused 403 unless every record is of this member."""
        strangers = [event for event in self.events if event["member_id"] != member_id]
        for apart in self.apart:
            actor = without_mail({"actor": self.records[apart.index].get("actor")}, settings.salt)
            if {without_prefix(name, settings.prefixes) for name in people_in(actor)} != {member_id}:
                strangers.append(actor)
        if strangers:
            raise Refused(403, "this token is good for another member only")


def reasons(apart: Sequence[Apart]) -> str:
    """How often each reason occurred, the most frequent first: `unknown verb: 2; the object is no activity: 1`."""
    counts = sorted(Counter(a.reason for a in apart).items(), key=lambda item: (-item[1], item[0]))
    return "; ".join(f"{reason}: {count}" for reason, count in counts)


def read_statements(body: bytes, statement_id: str | None, now: dt.datetime, settings: Records, limits: Limits) -> Sent:
    """The statements of a body: one or an array; with `statement_id`, the one that is put there.

    One without a time happens now. One without an id gets one of its content: the same for the same content and time.
    Raises Refused (400, 413) when any of them is no statement.
    """
    content = _json(body)
    if statement_id is not None:
        content = _put(content, statement_id)
    sent = content if isinstance(content, list) else [content]
    _check_number(sent, limits)
    statements = [_whole(statement, now, settings.salt) for statement in sent]
    imported = from_statements(statements, prefixes=settings.prefixes, salt=settings.salt)
    return _sent(XAPI, statements, imported, [statement["id"] for statement in statements])


def read_envelope(body: bytes, settings: Records, limits: Limits) -> Sent:
    """The events of an envelope. Raises Refused (400, 413, 422) when it is none of Caliper 1.1 or 1.2."""
    content = _json(body)
    if not isinstance(content, Mapping) or not isinstance(content.get("data"), list):
        raise Refused(422, "an envelope is a JSON object with 'data'", next_step="See docs/operations.md.")
    if content.get("dataVersion") not in VERSIONS:
        raise Refused(422, "the envelope is neither Caliper 1.1 nor 1.2", next_step=f"dataVersion is {VERSIONS[1]}.")
    _check_number(content["data"], limits)
    records = [_object(record, 422) for record in content["data"]]
    imported = from_events(records, prefixes=settings.prefixes, salt=settings.salt)
    return _sent(CALIPER, records, imported)


def _sent(standard: str, records: Sequence[Mapping[str, Any]], imported: Imported, ids: Sequence[str] = ()) -> Sent:
    apart = tuple(Apart(k.index, k.verb[:_LONGEST_VERB], k.reason) for k in imported.kept_apart)
    without = {a.index for a in apart}
    places = [index for index in range(len(records)) if index not in without]
    return Sent(standard, records, imported.events, places, apart, ids)


def _json(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refused(400, "the body is not JSON") from None


def _check_number(records: Sequence[Any], limits: Limits) -> None:
    if len(records) > limits.events:
        raise Refused(413, f"{len(records):,} records at once", next_step=f"Send at most {limits.events:,} at once.")


def _object(record: Any, status: int) -> dict[str, Any]:
    if not isinstance(record, dict):
        raise Refused(status, "a record is a JSON object")
    return record


def _put(content: Any, statement_id: str) -> dict[str, Any]:
    statement = _object(content, 400)
    if statement.get("id", statement_id) != statement_id:
        raise Refused(400, "the statement has another id than the address says")
    return {**statement, "id": statement_id}


def _whole(sent: Any, now: dt.datetime, salt: bytes) -> dict[str, Any]:
    """A statement with an id and a time, as a learning record store gives them where they are missing."""
    statement = _object(sent, 400)
    for part in ("actor", "verb", "object"):
        if not isinstance(statement.get(part), dict):
            raise Refused(400, f"the {part} of a statement is a JSON object")
    if statement.get("timestamp") is None and statement.get("stored") is None:
        statement = {**statement, "timestamp": now.isoformat()}
    identity = statement.get("id")
    if identity is None:
        # its own content, so that what is sent again because no answer came counts once
        content = json.dumps(without_mail(statement, salt), sort_keys=True)
        return {**statement, "id": str(uuid.uuid5(_STATEMENT_IDS, content))}
    if not isinstance(identity, str) or not _is_uuid(identity):
        raise Refused(400, "the id of a statement is a UUID")
    return statement


def _is_uuid(text: str) -> bool:
    try:
        return len(text) == len(str(uuid.UUID(text)))
    except ValueError:
        return False
