"""One stored document read without Arrow says what Arrow reads; columns changed since then replace the stored ones."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillfirst.tables.documents import LIST_TYPES, NUMBER_TYPES, TEXTS, Documents
from skillfirst.tables.member_document import DOCUMENT, INFERRED, documents
from skillfirst.tables.vocabulary import Vocabulary

LISTS = [name for name in LIST_TYPES if name in DOCUMENT.names]
NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
TEXT = st.text(st.characters(codec="utf-8"), max_size=5)


@st.composite
def one_document(draw):
    """Any document, as columns of one value."""
    columns = {"member_id": draw(TEXT), "now": draw(st.sampled_from([None, NOON]))}
    for name in ("industry", "country"):
        columns[name] = draw(st.none() | TEXT)
    columns["languages"] = draw(st.none() | st.lists(TEXT, max_size=3))
    columns["arms"] = draw(st.none() | st.lists(st.tuples(TEXT, TEXT), max_size=2))
    for name in ("level", "neighbours"):
        columns[name] = draw(st.none() | st.integers(0, 100))
    for name in LISTS:
        number = st.integers(0, 100) if LIST_TYPES[name].kind == "i" else st.floats(0, 1, width=32)
        columns[name] = draw(st.lists(number, max_size=3) if draw(st.booleans()) else st.just([]))
    return columns


def batch_of(*rows):
    return documents(len(rows), **{name: [row[name] for row in rows] for name in rows[0]})


def assert_equal(one, other):
    """All columns of two Documents of one row are the same, in value and in dtype."""
    assert one.one == other.one
    for name in NUMBER_TYPES:
        assert one.nulls(name) == other.nulls(name)
        assert one.numbers(name).tolist() == other.numbers(name).tolist()
        assert one.numbers(name).dtype == other.numbers(name).dtype == NUMBER_TYPES[name]
    for name in LISTS:
        for mine, theirs in zip(one.lists(name), other.lists(name), strict=True):
            assert (mine.tolist(), mine.dtype) == (theirs.tolist(), theirs.dtype)
        assert one.first(name).tolist() == other.first(name).tolist()
        assert not any(d.lists(name)[1].flags.writeable for d in (one, other))


@settings(max_examples=60, deadline=None)
@given(one_document(), one_document())
def test_a_stored_document_reads_as_arrow_reads_it(before, mine):
    batch = batch_of(before, mine).slice(1)
    stored = Documents.read(bytes(batch.serialize()))
    assert_equal(stored, Documents.of(batch))
    assert stored.batch.equals(batch_of(mine))


def test_a_batch_lays_its_rows_out():
    batch = documents(3, member_id=["a", "b", "c"], skill=[[1, 2], [], [3]], industry=["x", None, "y"], level=[1, 2, 3])
    rows = Documents.of(batch.slice(1))
    assert [x.tolist() for x in rows.lists("skill")] == [[0, 0, 1], [3]]
    assert rows.first("skill").tolist() == [-1, 3]
    assert rows.numbers("level").tolist() == [2, 3]
    assert rows.codes("industry", Vocabulary(["y", "x"])).tolist() == [-1, 0]
    assert Documents.of(rows) is rows


def test_the_first_of_each_list_and_minus_one_for_none():
    batch = documents(4, title=[[4, 5], [], None, [7]])
    assert Documents.of(batch).first("title").tolist() == [4, -1, -1, 7]
    assert Documents.of(batch.slice(1)).first("title").tolist() == [-1, -1, 7]


def test_columns_that_changed_stand_in_the_batch():
    batch = documents(1, member_id=["a"], skill=[[1]], wanted=[[2]], industry=["x"])
    inferred = {
        name: (np.array([0, 2]), np.array([7, 8], LIST_TYPES[name]))
        if "skill" in name
        else (np.zeros(2, int), _none(name))
        for name in INFERRED.names
    }
    for document in (Documents.of(batch), Documents.read(bytes(batch.serialize()))):
        changed = document.with_lists({"wanted": [3, 4]}).with_columns({"now": np.array([int(NOON.timestamp())])})
        assert changed.lists("wanted")[1].tolist() == [3, 4]
        assert (changed.nulls("now"), document.nulls("now")) == (0, 1)
        assert changed.batch.equals(
            documents(1, member_id=["a"], skill=[[1]], wanted=[[3, 4]], industry=["x"], now=[NOON])
        )
        assert document.batch.equals(batch)  # what it was made from stays
        more = changed.with_columns(inferred).batch
        assert more.schema.names == [*DOCUMENT.names, *INFERRED.names]
        assert more.column("inferred_skill").to_pylist() == [[7, 8]]


def _none(name):
    return np.empty(0, LIST_TYPES[name])


def test_a_new_document_is_what_is_said_and_nothing_else():
    made = Documents.new(
        "new", int(NOON.timestamp()), [("x", "a")], ["de"], 2, {"skill": [1, 5], "skill_source": [1, 1]}
    )
    batch = documents(
        1, member_id=["new"], now=[NOON], arms=[[("x", "a")]], languages=[["de"]], level=pa.array([2], pa.int8()),
        skill=[[1, 5]], skill_source=[[1, 1]],
    )  # fmt: skip
    assert_equal(made, Documents.of(batch))
    assert made.batch.equals(batch)


@pytest.mark.parametrize("name", TEXTS)
def test_texts_are_codes_of_a_vocabulary(name):
    one = Documents.read(bytes(documents(1, **{name: ["b"]}).serialize()))
    assert one.codes(name, Vocabulary(["a", "b"])).tolist() == [1]
    assert one.codes(name, Vocabulary(["a"])).tolist() == [-1]


def test_anything_else_is_no_document():
    batch = documents(2, member_id=["a", "b"])
    whole = bytes(batch.slice(0, 1).serialize())
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
        writer.write_batch(batch.slice(0, 1))
    packed = bytes([*pa.ipc.MessageReader.open_stream(sink.getvalue())][1].serialize())
    schema = bytes(batch.schema.serialize())
    other = bytes(batch.slice(0, 1).select(["member_id"]).serialize())
    for raw in (b"", b"no document at all", whole[:100], whole[:-64], bytes(batch.serialize()), packed, schema, other):
        with pytest.raises(ValueError):
            Documents.read(raw)
    assert Documents.read(whole).one["member_id"] == "a"
