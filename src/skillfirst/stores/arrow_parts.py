"""Parts of a table as Arrow files: what the compact form is written as, because it costs next to nothing to write.

A part is a stream of record batches of some thousand rows, compressed by LZ4; a folder of them ends in `.arrow`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

KEY = "member_id"
SUFFIX = ".arrow"


def write_arrow(path: Path, batches: Sequence[pa.RecordBatch], schema: pa.Schema) -> None:
    """Batches as one Arrow file, as they stand."""
    options = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema, options=options) as writer:
        for batch in batches:
            writer.write_batch(batch)


def read_arrow(path: Path, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """The batches of a part, one in memory at a time; `columns`: in the order of the file."""
    with pa.memory_map(str(path)) as source:
        included = None
        if columns is not None:
            with pa.ipc.open_file(source) as reader:
                included = [i for i, name in enumerate(reader.schema.names) if name in columns]
        options = pa.ipc.IpcReadOptions(use_threads=False, included_fields=included)
        with pa.ipc.open_file(source, options=options) as reader:
            for number in range(reader.num_record_batches):
                yield reader.get_batch(number)


def arrow_rows(path: Path) -> int:
    """How many rows a part has."""
    return sum(batch.num_rows for batch in read_arrow(path, [KEY]))


def greatest_member(path: Path) -> str | None:
    """The last member of a part in member_id order; None if it has no rows."""
    last = [batch.column(KEY)[-1].as_py() for batch in read_arrow(path, [KEY]) if batch.num_rows]
    return str(last[-1]) if last else None


def member_in_part(path: Path, member_id: str) -> tuple[list[pa.RecordBatch], bool]:
    """A member's rows in one part in member_id order, and whether later parts can only hold later members."""
    found: list[pa.RecordBatch] = []
    beyond = False
    for number, ids in enumerate(read_arrow(path, [KEY])):
        places = pc.indices_nonzero(pc.equal(ids.column(KEY), member_id))
        if len(places):
            with pa.memory_map(str(path)) as source, pa.ipc.open_file(source) as reader:
                found.append(reader.get_batch(number).slice(places[0].as_py(), len(places)))
        if ids.num_rows and ids.column(KEY)[-1].as_py() > member_id:
            beyond = True
            break
    return found, beyond
