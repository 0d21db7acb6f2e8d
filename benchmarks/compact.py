"""Lists stored compactly: six bytes a shown course, one binary value a member."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from skillfirst.tables.sparse import list_parts

SMALL = 65_535  # codes up to here take two bytes, and it stands for none


@dataclass(frozen=True)
class CompactLists:
    """A sink of `Engine.recommend`: member_id and `list`, records of (course code, affinity, evidence) in shown order.

    Course and evidence are codes of the Model's own tables in two bytes each, four where there are more than 65,535;
    the affinity is a float16, which orders nothing: the place in the list does. One Parquet file a part. Give back the
    bytes written.
    """

    folder: Path

    def __call__(self, part: int, _members: pa.RecordBatch, rows: pa.RecordBatch) -> int:
        offsets, course = list_parts(rows.column("course_id"))
        evidence = list_parts(rows.column("context_evidence"))[1]
        named = evidence.indices.fill_null(SMALL if len(evidence.dictionary) < SMALL else -1)
        records = np.empty(
            len(course),
            [
                ("course", "<u2" if len(course.dictionary) < SMALL else "<u4"),
                ("affinity", "<f2"),
                ("evidence", "<u2" if len(evidence.dictionary) < SMALL else "<i4"),
            ],
        )
        records["course"] = course.indices.to_numpy(zero_copy_only=False)
        records["affinity"] = list_parts(rows.column("affinity"))[1].to_numpy(zero_copy_only=False)
        records["evidence"] = named.to_numpy(zero_copy_only=False)
        bounds = pa.py_buffer((np.asarray(offsets) * records.dtype.itemsize).astype(np.int32))
        packed = pa.Array.from_buffers(pa.binary(), rows.num_rows, [None, bounds, pa.py_buffer(records)])
        table = pa.table({"member_id": rows.column("member_id"), "list": packed})
        path = self.folder / f"part-{part:05d}.parquet"
        pq.write_table(table, path, compression="zstd", compression_level=1, use_dictionary=False)
        return path.stat().st_size
