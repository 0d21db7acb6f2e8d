"""kernel.infer: documents in, documents with inferred skills out; the only door to inference."""

from __future__ import annotations

import pyarrow as pa

from skillfirst.kernel.model import Model
from skillfirst.skills import inference
from skillfirst.tables.schemas import DOCUMENT, INFERRED


def infer(members: pa.RecordBatch, model: Model) -> pa.RecordBatch:
    """Documents (DOCUMENT schema, any slice) with the INFERRED columns behind them.

    Rows do not depend on one another: a batch of one gives the bytes a batch of thousands gives.
    """
    inferred = inference.infer(members, model.inference, model.policy.inference)
    columns = [members.column(name) for name in DOCUMENT.names] + [inferred.column(name) for name in INFERRED.names]
    return pa.RecordBatch.from_arrays(columns, schema=pa.schema([*DOCUMENT, *INFERRED]))
