"""kernel.infer: documents in, documents with inferred skills out; the only door to inference."""

from __future__ import annotations

import pyarrow as pa

from skillfirst.kernel.arms import by_policy
from skillfirst.kernel.model import Model
from skillfirst.kernel.policy import Policy
from skillfirst.skills import inference
from skillfirst.tables.schemas import DOCUMENT, INFERRED


def infer(members: pa.RecordBatch, model: Model, policy: Policy | None = None) -> pa.RecordBatch:
    """Documents (DOCUMENT schema, any slice) with the INFERRED columns behind them.

    `policy`: one for all, instead of the Model's with the arms' overrides. Rows do not depend on one another: a batch
    of one gives the bytes a batch of thousands gives.
    """

    def work(batch: pa.RecordBatch, theirs: Policy) -> pa.RecordBatch:
        interest = model.interest if theirs.inference.interest else None
        inferred = inference.infer(batch, model.inference, theirs.inference, interest)
        columns = [batch.column(name) for name in DOCUMENT.names] + [inferred.column(name) for name in INFERRED.names]
        return pa.RecordBatch.from_arrays(columns, schema=pa.schema([*DOCUMENT, *INFERRED]))

    return by_policy(members, policy or model.policy, {} if policy else model.arms, work)
