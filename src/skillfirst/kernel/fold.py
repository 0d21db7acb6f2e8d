"""kernel.fold: today's events into a member's document; then `recommend` answers as a night with them would."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skillfirst.kernel.model import Model
from skillfirst.tables.documents import Documents
from skillfirst.tables.interactions import (
    CHANNEL_CODES,
    KIND_CODES,
    NO_CHANNEL,
    EventRows,
    History,
    event_keys,
    merge_events,
)


def fold(documents: pa.RecordBatch, events: pa.RecordBatch | pa.Table, now: int, model: Model) -> pa.RecordBatch:
    """The documents (DOCUMENT schema) as they stand at `now` (s since 1970 UTC) after `events` (EVENTS schema).

    Events of other members, of courses or skills the Model does not know and later than `now` change nothing; their
    order does not matter. The merge is the night's own.
    """
    table = events if isinstance(events, pa.Table) else pa.Table.from_batches([events])
    rows = pc.index_in(table["member_id"], documents.column("member_id"))
    known = pc.is_valid(rows)
    table, rows = table.filter(known), rows.filter(known)
    happened = EventRows.of(
        rows.to_numpy(), table["kind"], table["time"].cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy(),
        course=model.courses.encode(table["course_id"]), skill=model.taxonomy.skills.encode(table["skill_id"]),
        channel=table["channel"], position=table["position"].cast(pa.float64()).to_numpy(),
        seconds=table["seconds"].cast(pa.float64()).to_numpy(), event=event_keys(table["event_id"]),
    )  # fmt: skip
    return _merged(Documents.of(documents), happened, now).batch


def fold_one(document: Documents, events: Sequence[Any], now: int, model: Model) -> Documents:
    """`fold` for one member and its own events as the log keeps them, which have the columns of EVENTS as attributes
    and their `time` in microseconds since 1970 UTC."""
    course, skill, keys = model.courses.code, model.taxonomy.skills.code, dict[str, int]()
    happened = EventRows.of(
        [0] * len(events), np.array([KIND_CODES.get(e.kind, -1) for e in events], np.int32), [e.time for e in events],
        course=[-1 if e.course_id is None else course(e.course_id) for e in events],
        skill=[-1 if e.skill_id is None else skill(e.skill_id) for e in events],
        channel=np.array([CHANNEL_CODES.get(e.channel, NO_CHANNEL) for e in events], np.int32),
        position=[1 if e.position is None else e.position for e in events],
        seconds=[0.0 if e.seconds is None else e.seconds for e in events],
        event=[0 if e.event_id is None else keys.setdefault(e.event_id, len(keys) + 1) for e in events],
    )  # fmt: skip
    return _merged(document, happened, now)


def _merged(documents: Documents, events: EventRows, now: int) -> Documents:
    merged = merge_events(History.from_documents(documents), events, now).lists()
    return documents.with_columns({**merged, "now": np.full(documents.num_rows, now, np.int64)})
