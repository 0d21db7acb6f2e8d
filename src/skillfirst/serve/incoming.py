"""Events as they arrive: one, a list, or `{"events": [...]}`; as JSON or, from `sendBeacon`, as plain text."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from skillfirst.serve.problems import Refused

LONGEST_AGO = dt.timedelta(days=7)


class Batch(NamedTuple):
    """Events to store, each with its member, and the token that came in the body, if any."""

    events: list[dict[str, Any]]
    token: str | None


def parse_events(body: bytes, most: int) -> Batch:
    """The events of a body. Raises Refused (400, 413, 422) when it holds none or too many."""
    try:
        content = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refused(400, "the body is not JSON") from None
    token = None
    if isinstance(content, dict) and "events" in content:
        unknown = sorted(set(content) - {"events", "token"})
        if unknown:
            raise Refused(422, f"a batch has 'events' and 'token', not {unknown[0][:40]!r}")
        token, content = content.get("token"), content["events"]
        if token is not None and not isinstance(token, str):
            raise Refused(422, "'token' is text")
    events = content if isinstance(content, list) else [content]
    if len(events) > most:
        raise Refused(413, f"{len(events):,} events in one batch", next_step=f"Send at most {most:,} at once.")
    if not events or not all(isinstance(event, dict) for event in events):
        raise Refused(422, "an event is a JSON object", next_step='Send one, a list, or {"events": [...]}.')
    return Batch(events, token)


def complete(event: Mapping[str, Any], now: dt.datetime, member_id: str | None) -> dict[str, Any] | str:
    """The event with its member and time, or why it is refused. `member_id`: the only one the caller may speak for.

    `ago_ms`: milliseconds since it happened, for senders that do not trust their clock. Without it and without a time,
    it happens now.
    """
    whole = dict(event)
    if member_id is not None and str(whole.setdefault("member_id", member_id)) != member_id:
        return "this token speaks for another member"
    ago = whole.pop("ago_ms", None)
    if ago is not None:
        if (
            isinstance(ago, bool)
            or not isinstance(ago, (int, float))
            or not 0 <= ago <= LONGEST_AGO.total_seconds() * 1000
        ):
            return "ago_ms is a number of milliseconds, at most a week"
        whole["time"] = now - dt.timedelta(milliseconds=float(ago))
    elif whole.get("time") is None:
        whole["time"] = now
    return whole
