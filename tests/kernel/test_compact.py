"""What the loop found is the same in both forms, for every rule, in any batch."""

from __future__ import annotations

import pyarrow as pa
import pytest

from skillfirst.kernel.compact import schema_of, words_of
from skillfirst.kernel.fit import count, finish
from skillfirst.kernel.policy import Policy
from skillfirst.kernel.recommend import recommend, recommend_compact
from skillfirst.skills.inference.settings import Inference
from skillfirst.tables.compact import full_rows
from skillfirst.tables.member_document import DOCUMENT

ARMS = {"length": {"short": {"list_length": 5, "fill": 3}, "plain": {"diversify": "none", "fatigue": "none"}}}


@pytest.fixture(scope="module")
def busy(busy_world):
    """A Model, and members with something of everything in three arms."""
    catalogue, members = busy_world(4, 150, 90, 60, 20)
    arms = pa.array([[("length", ("short", "plain", "other")[i % 3])] for i in range(150)], DOCUMENT.field("arms").type)
    members = members.set_column(members.schema.get_field_index("arms"), DOCUMENT.field("arms"), arms)
    policy = Policy(floor=2, inference=Inference(calibration_minimum=10_000))
    return finish([count(members.select(DOCUMENT.names), catalogue, policy)], catalogue, policy, 20_605, ARMS), members


@pytest.mark.parametrize("channels", [("feed", "home"), ("home",), ("feed",)])
def test_compact_rows_say_what_full_rows_say(busy, channels):
    model, members = busy
    compact = recommend_compact(members, model, channels)
    assert compact.schema.equals(schema_of(model))
    read = [full_rows(batch, words_of(model)) for batch in compact.to_batches()]
    full = recommend(members, model, channels)
    assert pa.Table.from_batches(read).to_pylist() == full.to_pylist()
    assert full.column("score").to_pylist() != full.column("affinity").to_pylist(), "something has faded"
    kept = [len(row) for row in compact.column("score").to_pylist()]
    assert 0 < sum(kept) < sum(len(row) for row in compact.column("affinity").to_pylist()), "and something has not"


def test_nobody_gets_no_rows(busy):
    model, members = busy
    assert recommend_compact(members.slice(0, 0), model).num_rows == 0
