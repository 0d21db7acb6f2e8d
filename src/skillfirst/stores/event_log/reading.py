"""Lines of the log as Arrow batches of `tables.schemas.EVENTS`."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.json as pj

from skillfirst.stores.event_log.checking import decode_body
from skillfirst.tables.schemas import EVENTS

#: up to here, building columns in Python is faster than starting Arrow's JSON reader
FEW = 32

SCHEMA = EVENTS.schema
_ARMS = pa.list_(pa.struct([pa.field("key", pa.string(), nullable=False), pa.field("value", pa.string())]))
#: as the lines hold it: time as a number, arms as a list of pairs (Arrow's JSON reader knows no maps)
_LINES = pa.schema(
    [pa.field(f.name, {"time": pa.int64(), "arms": _ARMS}.get(f.name, f.type), f.nullable) for f in SCHEMA]
)
_OPTIONS = pj.ParseOptions(explicit_schema=_LINES, unexpected_field_behavior="error")

EMPTY = pa.RecordBatch.from_pylist([], SCHEMA)


def to_batch(bodies: Sequence[bytes]) -> pa.RecordBatch:
    """One batch in the order of `bodies`."""
    if not bodies:
        return EMPTY
    if len(bodies) <= FEW:
        return _few(bodies)
    lines = b"\n".join(bodies)
    read = pj.ReadOptions(use_threads=True, block_size=max(2**20, len(lines) // 4 + 1))
    table = pj.read_json(pa.BufferReader(lines), read, _OPTIONS).combine_chunks()
    columns = []
    for field in SCHEMA:
        chunked = table.column(field.name)
        column = chunked.chunk(0) if chunked.num_chunks else pa.array([], chunked.type)
        if field.name == "time":
            column = column.cast(field.type)
        elif field.name == "arms":
            column = _maps(column)
        columns.append(column)
    return pa.RecordBatch.from_arrays(columns, schema=SCHEMA)


def _maps(lists: pa.ListArray) -> pa.MapArray:
    """A list of (key, value) structs as a map, null where the list is null."""
    inner = lists.values
    maps = pa.MapArray.from_arrays(
        lists.offsets, inner.field("key"), inner.field("value"), mask=lists.is_null() if lists.null_count else None
    )
    return maps.cast(EVENTS.column("arms").type)


def _few(bodies: Sequence[bytes]) -> pa.RecordBatch:
    events = [decode_body(body) for body in bodies]
    columns = []
    for field in SCHEMA:
        values = [getattr(event, field.name) for event in events]
        if field.name == "arms":
            values = [None if arms is None else [(arm.key, arm.value) for arm in arms] for arms in values]
        columns.append(pa.array(values, field.type))
    return pa.RecordBatch.from_arrays(columns, schema=SCHEMA)
