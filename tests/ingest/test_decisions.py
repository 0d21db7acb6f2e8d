"""Sheets of decided tags: found beside the tables and in the store, later ones overrule."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from skillfirst.errors import DataError
from skillfirst.ingest.decisions import decided, find_sheets, kept_decisions

SHEET = "course_id,title,skill_id,decision\n"


@pytest.fixture
def places(tmp_path):
    data, store = tmp_path / "data", tmp_path / "store"
    data.mkdir()
    (store / "decisions").mkdir(parents=True)
    return data, store


def test_without_a_sheet_nobody_has_decided(places, tmp_path):
    assert kept_decisions(*places) is None
    assert kept_decisions(places[0]) is None
    assert find_sheets(places[0], tmp_path / "nowhere") == []


def test_the_stores_sheets_come_after_the_one_beside_the_tables_in_name_order(places):
    data, store = places
    (store / "decisions" / "2026-02.csv").write_text(SHEET + "c1,Java,sql, Refused \nc1,Java,java,\n")
    pq.write_table(
        pa.table({"course_id": ["c1"], "skill_id": ["sql"], "decision": ["accepted"]}),
        store / "decisions" / "2026-01.parquet",
    )
    (store / "decisions" / ".draft.csv").write_text("x")
    (store / "decisions" / "notes.txt").write_text("x")
    (data / "decisions.jsonl").write_text('{"course_id": "c2", "skill_id": "sql", "decision": "refused"}\n')
    rows = [tuple(row.values()) for row in kept_decisions(data, store).to_pylist()]
    assert rows == [("c2", "sql", "refused"), ("c1", "sql", "accepted"), ("c1", "sql", "refused")]


def test_a_mapping_files_folder_is_the_data(places):
    data, store = places
    (data / "skillfirst.toml").write_text("")
    (data / "decisions.csv").write_text(SHEET + "7,x,9,accepted\n")
    assert kept_decisions(data / "skillfirst.toml", store)["course_id"].to_pylist() == ["7"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("course_id,skill_id\nc1,java\n", r"decisions\.decision: .*sheet\.csv has no such column"),
        (SHEET + "c1,x,java,perhaps\n", r"neither accepted nor refused \(1 row, first: perhaps\)"),
        (SHEET + "c1,x,java,accepted,more\n", r"sheet\.csv cannot be read"),
    ],
)
def test_a_sheet_that_says_something_else_is_named(places, text, words):
    data, store = places
    (store / "decisions" / "sheet.csv").write_text(text)
    with pytest.raises(DataError, match=words):
        kept_decisions(data, store)


def test_a_sheet_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match=r"gone\.csv cannot be read"):
        decided(tmp_path / "gone.csv")
