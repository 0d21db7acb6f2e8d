"""Codes are read back as the rows they were made of."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from skillfirst.tables.compact import Words, columns_behind, compact_schema, faded_scores, full_rows, row_lengths
from skillfirst.tables.outputs import RECOMMENDATIONS

WORDS = Words(pa.array([f"c{i}" for i in range(9)]), pa.array(["", "skill", "popular"]), pa.array(["java", "sql"]))


def lists(schema, name, values):
    return pa.array(values, schema.field(name).type)


@pytest.fixture
def rows():
    """A feed, an empty page, a page of two rows whose second score is not its affinity."""
    schema = compact_schema(9, 2)
    columns = {
        "member_id": ["ann", "ann", "bob"], "channel": ["feed", "home", "home"], "arms": [[("x", "a")], [], []],
        "day": [20_000] * 3, "model_version": ["v"] * 3, "course": [[8, 0], [], [1, 2, 3]],
        "affinity": [[0.1, 0.0], [], [3.0, 2.0, 1.0]], "faded": [[], [], [1]], "score": [[], [], [1.5]],
        "bucket": [[1, 0], [], [2, 1, 2]], "row_length": [[], [], [2, 1]], "context": [[1, 2], [], [1, 1, 2]],
        "evidence": [[2, 0], [], [1, 1, 0]],
    }  # fmt: skip
    arrays = [pa.array(columns[f.name], pa.int32()).cast(f.type) if f.name == "day" else lists(schema, f.name, v)
              for f, v in zip(schema, columns.values(), strict=True)]  # fmt: skip
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def test_every_column_of_the_full_form_is_worked_out(rows):
    full = full_rows(rows, WORDS)
    assert full.schema.equals(RECOMMENDATIONS.schema)
    ann, nothing, bob = full.to_pylist()
    assert ann["course_id"] == ["c8", "c0"]
    assert ann["score"] == ann["affinity"] == [0.1, 0.0]
    assert ann["bucket"] == [1, None]
    assert (ann["carousel_rank"], ann["position"]) == ([0, 0], [1, 2])
    assert ann["context"] == ["skill", "popular"]
    assert ann["context_evidence"] == ["sql", None]
    assert ann["arms"] == [("x", "a")]
    assert nothing["course_id"] == nothing["position"] == []
    assert bob["score"] == [3.0, 1.5, 1.0]
    assert (bob["carousel_rank"], bob["position"]) == ([1, 1, 2], [1, 2, 1])


def test_a_slice_is_read_as_the_whole_is(rows):
    whole = full_rows(rows, WORDS)
    for at in range(4):
        for length in range(4 - at):
            assert full_rows(rows.slice(at, length), WORDS).to_pylist() == whole.slice(at, length).to_pylist()


@pytest.mark.parametrize("column", RECOMMENDATIONS.schema.names)
def test_one_column_needs_no_more_than_stands_behind_it(rows, column):
    behind = rows.select(columns_behind([column]))
    assert full_rows(behind, WORDS, [column]).to_pydict() == full_rows(rows, WORDS).select([column]).to_pydict()


def test_scores_are_kept_where_they_are_not_the_affinities():
    offsets, affinity = np.array([0, 2, 2, 4, 5]), np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    same = faded_scores(offsets, affinity, affinity, pa.uint16())
    assert [column.to_pylist() for column in same] == [[[]] * 4] * 2
    score = np.array([1.0, 1.5, 3.0, 3.5, 0.5])
    places, scores = faded_scores(offsets, affinity, score, pa.uint16())
    assert places.type == pa.list_(pa.uint16())
    assert places.to_pylist() == [[1], [], [1], [0]]
    assert scores.to_pylist() == [[1.5], [], [3.5], [0.5]]


def test_lengths_of_carousels_whatever_lists_stand_between_them():
    rank = np.array([0, 0, 0, 1, 1, 2, 3, 3, 3, 1])
    position = np.array([1, 2, 3, 1, 2, 1, 1, 2, 3, 1])
    offsets = np.array([0, 3, 3, 9, 10])
    assert row_lengths(offsets, rank, position).to_pylist() == [[], [], [2, 1, 3], [1]]


@pytest.mark.parametrize(("courses", "evidence", "wide"), [(65_536, 65_535, False), (65_537, 65_536, True)])
def test_codes_are_as_wide_as_they_must_be(courses, evidence, wide):
    schema = compact_schema(courses, evidence)
    expected = pa.uint32() if wide else pa.uint16()
    assert schema.field("course").type.value_type == expected
    assert schema.field("evidence").type.value_type == expected
    assert schema.field("bucket").type.value_type == pa.uint32()
