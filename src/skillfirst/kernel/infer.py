"""kernel.infer: documents in, documents with inferred skills out; the only door to inference."""

from __future__ import annotations

import pyarrow as pa

from skillfirst.kernel.arms import by_policy
from skillfirst.kernel.model import Model
from skillfirst.kernel.policy import Policy
from skillfirst.skills import inference
from skillfirst.tables.documents import Documents
from skillfirst.tables.member_document import DOCUMENT, INFERRED


def infer(members: pa.RecordBatch, model: Model, policy: Policy | None = None) -> pa.RecordBatch:
    """Documents (DOCUMENT schema, any slice) with the INFERRED columns behind them.

    `policy`: one for all, instead of the Model's with the arms' overrides. Rows do not depend on one another: a batch
    of one gives the bytes a batch of thousands gives.
    """

    def work(batch: pa.RecordBatch, theirs: Policy) -> pa.RecordBatch:
        return infer_documents(Documents.of(batch), model, theirs).batch.select([*DOCUMENT.names, *INFERRED.names])

    return by_policy(members, policy or model.policy, {} if policy else model.arms, work)


def infer_documents(documents: Documents, model: Model, policy: Policy) -> Documents:
    """`infer` for members of one Policy."""
    interest = model.interest if policy.inference.interest else None
    return documents.with_columns(inference.infer_lists(documents, model.inference, policy.inference, interest))
