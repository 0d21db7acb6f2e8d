"""What is put into the online store belongs together."""

from __future__ import annotations

import pyarrow as pa
import pytest

from skillfirst.errors import StoreError
from skillfirst.publish import render_members
from skillfirst.tables.member_document import documents
from skillfirst.tables.outputs import RECOMMENDATIONS


def rows_of(*members):
    """Rows of members in two channels, without courses."""
    columns = {field.name: pa.nulls(2 * len(members), field.type) for field in RECOMMENDATIONS.schema}
    columns["member_id"] = pa.array([member for member in members for _ in range(2)])
    return pa.RecordBatch.from_arrays(
        [columns[name] for name in RECOMMENDATIONS.schema.names], RECOMMENDATIONS.schema.names
    )


@pytest.mark.parametrize("left", [["ada", "cyd"], ["cyd"], []])
def test_rows_of_members_whose_document_is_gone_are_nobody_elses(left):
    """Also where the rows left would go round: six rows are three for each of two members."""
    there = documents(len(left), member_id=pa.array(left, pa.string()))
    with pytest.raises(StoreError, match="erased while they were published"):
        list(render_members(None, there, rows_of("ada", "bea", "cyd")))
