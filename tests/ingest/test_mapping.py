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


DATES_TOML = """
[sources.courses]
path = "c.csv"
columns = {course_id = "id"}
date_format = %s
[sources.members]
path = "m.csv"
columns = {member_id = "id"}
date_format = "%%d.%%m.%%Y"
[sources.events]
path = "e.csv"
columns = {member_id = "who"}
date_format = {time = "%%d.%%m.%%Y %%H:%%M"}
constants = {kind = "click"}
"""


@pytest.mark.parametrize("formats", ['["%d.%m.%Y", "%Y"]', '{created_on = ["%d.%m.%Y", "%Y"]}'])
def test_dates_as_other_countries_write_them(mapped, tmp_path, formats):
    toml = mapped(
        DATES_TOML % formats,
        c__csv="id;title;created_on\n1;a;20.05.2025\n2;b;2024\n3;c;31.02.2025\n4;d;\n",
        m__csv="id,joined_on\nana,01.09.2020\nben,9.3.2021\n",
        e__csv="who,course_id,time\nana,1,31.12.2025 23:30\n",
    )
    checked = read(toml, tmp_path / "work")
    days = [dt.date(2025, 5, 20), dt.date(2024, 1, 1), None, None]
    assert checked.tables["courses"]["created_on"].to_pylist() == days
    assert rows(checked, "members", "joined_on") == [(dt.date(2020, 9, 1),), (dt.date(2021, 3, 9),)]
    assert rows(checked, "events", "time") == [(dt.datetime(2025, 12, 31, 23, 30, tzinfo=dt.UTC),)]
    (finding,) = checked.findings
    assert "courses.created_on: the value is not written as date_format says" in str(finding)
    assert finding.first == "'31.02.2025' with course_id '3'"


def test_days_as_numbers_of_eight_digits(mapped, tmp_path):
    toml = mapped(
        '[sources.members]\npath = "m.parquet"\ndate_format = "%Y%m%d"\n',
        m__parquet=pa.table({"member_id": ["a"], "joined_on": [20240531]}), courses__csv="course_id,title\n1,a\n",
    )  # fmt: skip
    assert rows(read(toml, tmp_path / "work"), "members", "joined_on") == [(dt.date(2024, 5, 31),)]


@pytest.mark.parametrize(
    ("table", "column", "value", "names"),
    [
        ("members", "joined_on", "01.09.2020", 'date_format = {joined_on = "%d.%m.%Y"}'),
        ("events", "time", "01.09.2020 10:00", 'date_format = {time = "%d.%m.%Y %H:%M"}'),
    ],
)
def test_the_message_about_an_unreadable_date_names_date_format(export, tmp_path, table, column, value, names):
    good = {"members": [{"member_id": f"m{i}"} for i in range(20)], "events": []}[table]
    good = good or [{"time": "2024-05-01", "member_id": "m", "kind": "served"} for _ in range(20)]
    members = {"members": [{"member_id": "m"}]} | {table: [*good, {**good[0], "member_id": "m", column: value}]}
    (finding,) = read(export("jsonl", **members), tmp_path / "work").findings
    assert finding.column == column
    assert names in (finding.next_step or "")


@pytest.mark.parametrize(
    ("says", "toml"),
    [
        ("written with %, not 'TT.MM.JJJJ'", 'date_format = "TT.MM.JJJJ"'),
        ("written with %, not 5", "date_format = {created_on = 5}"),
        ("'title' is neither a time nor a date", 'date_format = {title = "%d"}'),
        ("Did you mean 'created_on'?", 'date_format = {created = "%d"}'),
        ("a date_format and a time_unit", 'date_format = {created_on = "%d"}\ntime_unit = {created_on = "s"}'),
    ],
)
def test_a_date_format_that_is_none(mapped, says, toml):
    with pytest.raises(DataError) as caught:
        read_mapping(mapped(f'[sources.courses]\npath = "c.csv"\n{toml}\n'))
    assert says in str(caught.value)


def test_a_date_format_of_a_table_without_dates(mapped):
    with pytest.raises(DataError, match="skills has neither a time nor a date"):
        read_mapping(mapped('[sources.skills]\npath = "s.csv"\ndate_format = "%d.%m.%Y"\n'))


def test_a_date_format_with_a_letter_nobody_knows(mapped, tmp_path):
    toml = mapped(
        '[sources.members]\npath = "m.csv"\ndate_format = "%d.%m.%k"\n',
        m__csv="member_id,joined_on\na,\n", courses__csv="course_id,title\n1,a\n",
    )  # fmt: skip
    with pytest.raises(DataError, match=r"members.joined_on: the date_format '%d.%m.%k' cannot be used.*%Y the year"):
        read(toml, tmp_path / "work")


def test_every_key_is_known_with_its_meaning_and_an_example_that_is_read(mapped):
    from dataclasses import fields

    from skillfirst.ingest.mapping import KEYS, SourceSpec

    assert set(KEYS) == {f.name for f in fields(SourceSpec)} - {"table"}
    for name, key in KEYS.items():
        table = "events" if "time" in key.example else "member_skills" if name == "explode" else "courses"
        path = "" if name == "path" else 'path = "a.csv"\n'
        (spec,) = read_mapping(mapped(f"[sources.{table}]\n{path}{name} = {key.example}\n")).sources
        assert getattr(spec, name), name
