"""kernel.fold: today's events into a member's document; then `recommend` answers as a night with them would."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skillfirst.kernel.model import Model
from skillfirst.tables.interactions import EventRows, History, event_keys, merge_events
from skillfirst.tables.schemas import DOCUMENT


def fold(documents: pa.RecordBatch, events: pa.RecordBatch | pa.Table, now: int, model: Model) -> pa.RecordBatch:
    """The documents (DOCUMENT schema) as they stand at `now` (s since 1970 UTC) after `events` (EVENTS schema).

    Events of other members, of courses or skills the Model does not know and later than `now` change nothing; their
    order does not matter. The merge is the night's own.
    """
    table = events if isinstance(events, pa.Table) else pa.Table.from_batches([events])
    rows = pc.index_in(table["member_id"], documents.column("member_id"))
    known = pc.is_valid(rows)
    table, rows = table.filter(known), rows.filter(known)
    merged = merge_events(
        History.from_documents(documents),
        EventRows.of(
            rows.to_numpy(), table["kind"], table["time"].cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy(),
            course=model.courses.encode(table["course_id"]), skill=model.taxonomy.skills.encode(table["skill_id"]),
            channel=table["channel"], position=table["position"].cast(pa.float64()).to_numpy(),
            seconds=table["seconds"].cast(pa.float64()).to_numpy(), event=event_keys(table["event_id"]),
        ),
        now,
    ).columns()  # fmt: skip
    merged["now"] = pa.array(np.full(documents.num_rows, now, np.int64)).cast(pa.timestamp("s", "UTC"))
    columns = [merged[f.name] if f.name in merged else documents.column(f.name) for f in DOCUMENT]
    return pa.RecordBatch.from_arrays(columns, schema=DOCUMENT)
