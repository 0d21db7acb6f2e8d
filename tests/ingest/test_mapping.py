"""Mapping files: other people's names for our tables, and what a wrong one says."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from skillfirst.errors import DataError
from skillfirst.ingest.checks import read
from skillfirst.ingest.mapping import read_mapping
from skillfirst.ingest.sources import find_sources
from skillfirst.tables.schemas import EVENT_KINDS

PEOPLE = pa.table(
    {
        "id": [3, 1, 2],
        "job": ["Welder", None, "Nurse"],
        "does": [["Welding", "SQL"], None, ["Nursing"]],
        "wants": [["Java"], ["SQL", "Java"], []],
    }
)
CATALOGUE = (
    "code,name,provider,tongue,tags\n01,Steel,ACME,German,Welding|Safety\n02,Data,,English,SQL\n03,Java,,Klingon,\n"
)
LOG = pa.table({"user": [7, 7, 8], "item": ["01", "02", "01"], "ts": [1_500_000_000, 1_600_000_000, 1_500_000_001]})

TOML = """
[variables]
place = "."

[sources.courses]
path = "{place}/catalogue.csv"
values = {language = {English = "en", german = "de", "*" = ""}}
separator = "|"

[sources.courses.columns]
course_id = "code"
title = "name"
author = "provider"
language = "tongue"
skills = "tags"
description = "name"

[sources.members]
path = "people.parquet"
columns = {member_id = "id", title = "job"}

[[sources.member_skills]]
path = "people.parquet"
columns = {member_id = "id", skill = "does"}
explode = "skill"
values = {skill = {Nursing = "Care"}}

[[sources.member_skills]]
path = "people.parquet"
columns = {member_id = "id", skill = "wants"}
explode = "skill"
constants = {source = "interest"}
"""


def rows(checked, table, *columns):
    files = [f for n in range(checked.ranges) for f in checked.files(table, n)]
    return sorted(tuple(r[c] for c in columns) for f in files for r in pq.read_table(f, partitioning=None).to_pylist())


def test_an_export_needs_only_a_mapping(mapped, tmp_path):
    checked = read(mapped(TOML, catalogue__csv=CATALOGUE, people__parquet=PEOPLE), tmp_path / "work")
    courses = checked.tables["courses"].to_pylist()
    assert [c["course_id"] for c in courses] == ["01", "02", "03"]
    assert [c["language"] for c in courses] == ["de", "en", "en"]
    assert [c["skills"] for c in courses] == [["Welding", "Safety"], ["SQL"], None]
    assert courses[0]["description"] == courses[0]["title"] == "Steel"
    assert rows(checked, "members", "member", "member_id") == [(0, "1"), (1, "2"), (2, "3")]
    assert rows(checked, "member_skills", "member", "skill", "source") == [
        (0, "Java", "interest"), (0, "SQL", "interest"), (1, "Care", "explicit"), (2, "Java", "interest"),
        (2, "SQL", "explicit"), (2, "Welding", "explicit"),
    ]  # fmt: skip
    assert checked.findings == []


LOG_TOML = """
[sources.courses]
path = "catalogue.csv"
columns = {course_id = "code", title = "name"}
[sources.members]
path = "log.parquet"
columns = {member_id = "user"}
distinct = true
[sources.events]
path = "log.parquet"
where = "ts < 1550000000"
columns = {member_id = "user", course_id = "item", time = "ts"}
time_unit = {time = "s"}
constants = {kind = "watch", seconds = 3600}
"""


def test_members_and_events_from_a_log(mapped, tmp_path):
    checked = read(mapped(LOG_TOML, catalogue__csv=CATALOGUE, log__parquet=LOG), tmp_path / "work")
    assert rows(checked, "members", "member_id") == [("7",), ("8",)]
    assert rows(checked, "events", "member", "kind", "course", "seconds") == [
        (0, EVENT_KINDS.index("watch"), 0, 3600.0), (1, EVENT_KINDS.index("watch"), 0, 3600.0),
    ]  # fmt: skip
    assert rows(checked, "events", "time")[0][0] == dt.datetime(2017, 7, 14, 2, 40, tzinfo=dt.UTC)


def test_a_query_stands_for_the_file(mapped, tmp_path):
    toml = LOG_TOML.split("[sources.events]")[0].replace(
        "distinct = true", 'query = "SELECT user, count(*) AS n FROM {path} GROUP BY user HAVING n > 1"'
    )
    checked = read(mapped(toml, catalogue__csv=CATALOGUE, log__parquet=LOG), tmp_path / "work")
    assert rows(checked, "members", "member_id") == [("7",)]


def test_tables_beside_the_mapping_file_count_and_columns_of_our_names_need_no_entry(mapped, tmp_path):
    toml = mapped(
        '[sources.courses]\npath = "c.csv"\ncolumns = {course_id = "code", level = ""}\n',
        c__csv="code,title,level\n1,a,hard\n", members__csv="member_id\nana\n",
    )  # fmt: skip
    checked = read(toml.parent, tmp_path / "work")
    assert checked.tables["courses"].select(["title", "level"]).to_pylist() == [{"title": "a", "level": None}]
    assert checked.counts["members"] == 1


def test_variables_can_be_given(mapped, tmp_path, monkeypatch):
    toml = mapped(TOML, people__parquet=PEOPLE)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "catalogue.csv").write_text(CATALOGUE)
    with pytest.raises(DataError, match="there is no file"):
        read(toml, tmp_path / "work")
    assert read(toml, tmp_path / "work", variables={"place": "elsewhere"}).counts["courses"] == 3
    # a path typed at a prompt is meant from there
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert read(toml, tmp_path / "work", variables={"place": "."}).counts["courses"] == 3


def test_an_optional_source_may_be_missing(mapped, tmp_path):
    toml = mapped(
        TOML + '[sources.titles]\npath = "none.csv"\noptional = true\n',
        catalogue__csv=CATALOGUE,
        people__parquet=PEOPLE,
    )
    (note,) = read(toml, tmp_path / "work").findings
    assert (note.table, "none.csv" in note.message) == ("titles", True)


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("[sources.courses\n", "not valid TOML"),
        ('[sources.courses]\npath = "a"\n[sources.courses]\npath = "b"\n', "not valid TOML"),
        ('[sources.corses]\npath = "a"\n', "Did you mean 'courses'?"),
        ('[sources.courses]\npaht = "a"\n', "Did you mean 'path'?"),
        ("[sources.courses]\n", "has no path"),
        ('[sources.courses]\npath = "a"\ncolumns = {titel = "x"}\n', "Did you mean 'title'?"),
        ('[sources.courses]\npath = "a"\ncolumns = "x"\n', "'columns' is a dict"),
        ('[sources.events]\npath = "a"\ntime_unit = {time = "days"}\n', "one of s, ms, us"),
        ('[sources.events]\npath = "a"\ntime_unit = {kind = "s"}\n', "neither a time nor a date"),
        ('[sources.courses]\npath = "a"\nencoding = "klingon"\n', "one of utf-8"),
        ("[checks]\nmax_bad_share = 5\n", "between 0 and 1"),
        ("[checks]\nmax_bad = 0.1\n", "knows no 'max_bad'"),
        ("[variables]\nplace = 3\n", "are texts"),
    ],
)
def test_a_wrong_mapping_file_says_where(mapped, toml, says):
    with pytest.raises(DataError) as caught:
        read_mapping(mapped(toml))
    assert says in str(caught.value)


def test_an_unknown_variable_is_named(mapped):
    with pytest.raises(DataError, match=r"no variable 'shard'\. Did you mean 'shared'"):
        read_mapping(mapped('[variables]\nshared = "x"\n'), {"shard": "y"})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (('"provider"', '"vendor"'), "has no column 'vendor'"),
        (
            ('path = "{place}/catalogue.csv"', 'path = "{place}/catalogue.csv"\nwhere = "nothing > 1"'),
            "'where' cannot be run",
        ),
        (
            ('path = "{place}/catalogue.csv"', 'path = "{place}/catalogue.csv"\nquery = "SELEC"'),
            "'query' cannot be run",
        ),
        (('course_id = "code"', 'course_id = "tags"'), "more than 0%"),
    ],
)
def test_a_mapping_that_does_not_fit_the_file(mapped, tmp_path, change, says):
    toml = mapped(TOML.replace(*change), catalogue__csv=CATALOGUE, people__parquet=PEOPLE)
    with pytest.raises(DataError) as caught:
        read(toml, tmp_path / "work", max_bad_share=0.0)
    assert says in str(caught.value)


def test_words_that_become_no_language_are_said_and_cost_no_course(mapped, tmp_path):
    toml = mapped(TOML.replace('"*" = ""', '"*" = "??"'), catalogue__csv=CATALOGUE, people__parquet=PEOPLE)
    checked = read(toml, tmp_path / "work", max_bad_share=0.0)
    (finding,) = checked.findings
    assert (finding.column, finding.count, checked.counts["courses"]) == ("language", 1, 3)
    assert "'??' with course_id '03'" in str(finding)


def test_a_table_given_twice(export, mapped, tmp_path):
    data = export()
    (data / "courses.jsonl").write_text('{"course_id": "1", "title": "a"}\n')
    with pytest.raises(DataError, match=r"courses: the table is given twice: courses.csv, courses.jsonl"):
        find_sources(data)
    toml = mapped(
        '[sources.courses]\npath = "other.csv"\n', other__csv="course_id,title\n", courses__csv="course_id,title\n"
    )
    with pytest.raises(DataError, match="given twice"):
        find_sources(toml)


@pytest.mark.parametrize(
    ("make", "says"), [(None, "there is nothing at"), ("dir", "no table was found"), ("file", "neither a directory")]
)
def test_data_that_is_no_data(tmp_path, make, says):
    path = tmp_path / "data"
    if make == "dir":
        path.mkdir()
    elif make == "file":
        path.write_text("hello")
    with pytest.raises(DataError, match=says):
        find_sources(path)
