"""One clear message for every kind of bad input, and rejects for bad rows."""

from __future__ import annotations

import datetime as dt
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from skillfirst.errors import DataError
from skillfirst.ingest.checks import check, read
from skillfirst.ingest.findings import Weight
from skillfirst.tables.schemas import COURSES, INPUT


def fatal(data, work, **options):
    with pytest.raises(DataError) as caught:
        read(data, work, **options)
    return caught.value


def rejected(checked, table):
    return [json.loads(line) for line in checked.rejects[table].read_text(encoding="utf-8").splitlines()]


def rows(checked, table):
    """All clean rows of a member-sized table, as dicts without helpers, in the order of the files."""
    files = [f for n in range(checked.ranges) for f in checked.files(table, n)]
    return [
        {k: v for k, v in r.items() if k != "__bad"}
        for f in files
        for r in pq.read_table(f, partitioning=None).to_pylist()
    ]


@pytest.mark.parametrize("format", ["csv", "jsonl", "parquet"])
def test_every_format_gives_the_same_tables(export, tmp_path, format):
    skills = [{"member_id": "cem", "skill": "welding"}, {"member_id": "ana", "skill": "java"}]
    checked = read(export(format, member_skills=skills), tmp_path / "work")
    courses = checked.tables["courses"]
    assert courses.schema == COURSES.schema
    assert courses["skills"].to_pylist() == [["java"], ["sql", "welding"], ["spanish"]]
    assert courses["created_on"].to_pylist()[0] == dt.date(2024, 1, 10)
    assert courses["language"].to_pylist() == ["en"] * 3
    assert [(r["member"], r["member_id"]) for r in rows(checked, "members")] == [(0, "ana"), (1, "ben"), (2, "cem")]
    assert sorted((r["member"], r["skill"]) for r in rows(checked, "member_skills")) == [(0, "java"), (2, "welding")]
    assert checked.counts == {"courses": 3, "members": 3, "member_skills": 2}
    assert checked.rejects == {}
    assert set(checked.hashes) == {f"{t}/{t}.{format}" for t in ("courses", "members", "member_skills")}


def test_ids_keep_leading_zeros_and_integers_become_text(export, tmp_path):
    courses = pa.table({"course_id": pa.array([7, 12]), "title": ["a", "b"]})
    members = "member_id,title\r\n007, Nurse \r\n 7,\r\n"
    checked = read(export(courses=courses, members=members), tmp_path / "work")
    assert checked.tables["courses"]["course_id"].to_pylist() == ["7", "12"]
    assert [(r["member_id"], r["title"]) for r in rows(checked, "members")] == [("007", "Nurse"), ("7", None)]


def test_ids_of_a_column_with_gaps_are_whole_again(export, tmp_path):
    courses = pa.table({"course_id": ["1"], "title": ["a"]})
    members = pa.table({"member_id": ["1"], "title": ["x"]})
    connections = pa.table({"member_id": pa.array([1.0, None]), "connection_id": pa.array([2.0, 1.0])})
    checked = check(export(courses=courses, members=members, connections=connections), tmp_path / "work")
    assert [r["values"]["connection_id"] for r in rejected(checked, "connections")] == ["2", "1"]


def test_missing_table(export, tmp_path):
    error = fatal(export(members=None), tmp_path / "work")
    assert error.table == "courses" or error.table == "members"
    assert "members: the table is missing" in str(error)
    assert "Add members.parquet" in str(error)


def test_missing_column_names_the_one_it_could_be(export, tmp_path):
    error = fatal(export(courses=[{"courseid": "1", "title": "a"}]), tmp_path / "work")
    assert (error.table, error.column) == ("courses", "course_id")
    assert "Did you mean 'courseid'?" in str(error)


def test_unknown_columns_are_named_and_not_fatal(export, tmp_path):
    checked = read(export(members=[{"member_id": "a", "shoe_size": "43"}]), tmp_path / "work")
    (note,) = checked.findings
    assert note.weight is Weight.NOTE
    assert "shoe_size" in note.message


def test_several_fatal_findings_come_in_one_error(export, tmp_path):
    error = fatal(export(courses=[{"x": "1"}], members=[{"y": "1"}]), tmp_path / "work")
    assert "courses.course_id" in str(error)
    assert "members.member_id" in str(error)


def bad_row(export, tmp_path, table, good, bad):
    """A table of 20 good rows and one bad one: (finding, reject line, counts)."""
    checked = read(export("jsonl", **{table: [*good, bad]}), tmp_path / "work")
    (finding,) = [f for f in checked.findings if f.weight is Weight.WARNING]
    (line,) = rejected(checked, table)
    assert checked.counts[table] == len(good)
    assert checked.rejected[table] == 1
    assert line["row"] == len(good) + 1
    return finding, line


MANY = [{"course_id": f"c{i:02d}", "title": "t"} for i in range(20)]
WATCHES = [{"time": "2024-05-01T10:00:00Z", "member_id": "ana", "kind": "click", "course_id": "c1"} for _ in range(20)]


@pytest.mark.parametrize(
    ("bad", "column", "says", "first"),
    [
        ({"course_id": "x", "title": " "}, "title", "required value is empty", "empty with course_id 'x'"),
        ({"title": "t"}, "course_id", "required value is empty", "empty"),
        ({"course_id": "c03", "title": "t"}, "course_id", "stands there already", "'c03'"),
    ],
)  # fmt: skip
def test_a_bad_course_is_rejected_with_its_reason(export, tmp_path, bad, column, says, first):
    finding, line = bad_row(export, tmp_path, "courses", MANY, bad)
    assert (finding.table, finding.column, finding.count) == ("courses", column, 1)
    assert says in finding.message
    assert first in (finding.first or "")
    assert finding.next_step
    assert (line["column"], line["left_out"]) == (column, "row")
    assert line["values"]["title"] == bad["title"].strip() or column == "title"


def bad_value(export, tmp_path, table, good, bad):
    """A table of 20 good rows and one with a bad value, which stays: (finding, reject line, checked)."""
    checked = read(export("jsonl", **{table: [*good, bad]}), tmp_path / "work")
    (finding,) = [f for f in checked.findings if f.weight is Weight.WARNING]
    (line,) = rejected(checked, table)
    assert checked.counts[table] == len(good) + 1
    assert (checked.rejected, checked.emptied) == ({}, {table: 1})
    assert (line["row"], line["left_out"]) == (len(good) + 1, "value")
    return finding, line, checked


@pytest.mark.parametrize(
    ("value", "column", "says", "left"),
    [
        ("2024-02-30", "created_on", "no date that", None),
        ("0024-02-03", "created_on", "impossible date", None),
        ("03/02/2024", "created_on", "no date that", None),
        ("English", "language", "BCP 47", "en"),
        ("expert", "level", "none of beginner", None),
        ("long", "duration_minutes", "no number", None),
        (-3, "duration_minutes", "at least 0", None),
        ("perhaps", "retired", "neither true nor false", None),
    ],
)  # fmt: skip
def test_a_course_stays_without_a_value_that_cannot_be_read(export, tmp_path, value, column, says, left):
    bad = {"course_id": "x", "title": "t", "author": "ann", column: value}
    finding, line, checked = bad_value(export, tmp_path, "courses", MANY, bad)
    assert (finding.table, finding.column, finding.count) == ("courses", column, 1)
    assert says in finding.message
    assert finding.message.endswith("it is taken as en, the row stays" if left else "it is left empty, the row stays")
    assert finding.first == f"'{value}' with course_id 'x'"
    assert finding.next_step
    assert (line["column"], line["values"][column]) == (column, str(value))
    course = checked.tables["courses"].to_pylist()[-1]
    assert (course["course_id"], course["author"], course[column]) == ("x", "ann", left)


def test_a_row_with_two_bad_values_is_counted_under_both(export, tmp_path):
    courses = [*MANY, {"course_id": "x", "title": "t", "level": "expert", "duration_minutes": "2h"}]
    checked = read(export("jsonl", courses=courses), tmp_path / "work")
    assert {(f.column, f.count) for f in checked.findings} == {("level", 1), ("duration_minutes", 1)}
    assert [line["column"] for line in rejected(checked, "courses")] == ["level", "duration_minutes"]


def test_of_several_languages_the_readable_ones_stay(export, tmp_path):
    members = [{"member_id": "ana", "languages": "de;Klingon;en"}, {"member_id": "ben", "languages": "en"}]
    checked = read(export(members=members), tmp_path / "work")
    assert [r["languages"] for r in rows(checked, "members")] == [["de", "en"], ["en"]]
    (finding,) = checked.findings
    assert finding.message.endswith("such entries are left out, the row stays")
    assert rejected(checked, "members")[0]["values"]["languages"] == "de;Klingon;en"


def test_unreadable_values_of_an_optional_column_stop_nothing_however_many(export, tmp_path):
    members = [{"member_id": f"m{i:03d}", "joined_on": "01.09.2020"} for i in range(200)]
    skills = [{"member_id": f"m{i:03d}", "skill": "java"} for i in range(200)]
    checked = read(export(members=members, member_skills=skills), tmp_path / "work")
    assert (checked.counts["members"], checked.counts["member_skills"]) == (200, 200)
    (finding,) = checked.findings
    assert (finding.column, finding.count, finding.first) == ("joined_on", 200, "'01.09.2020' with member_id 'm000'")
    assert len(rejected(checked, "members")) == 200


def test_what_refers_to_a_rejected_course_follows_from_it(export, tmp_path):
    courses = [{"course_id": f"c{i}", "title": "" if i < 40 else "t", "translation_of": "c0" if i == 50 else ""}
               for i in range(100)]  # fmt: skip
    events = [{**WATCHES[0], "course_id": f"c{i}"} for i in (0, 1, 2, 60, 61, 999)]
    checked = check(export(courses=courses, events=events), tmp_path / "work", max_bad_share=0.2)
    (fatal_one,) = checked.fatal
    assert (fatal_one.table, fatal_one.count) == ("courses", 40)
    told = {(f.table, f.message): f for f in checked.findings if f.weight is Weight.WARNING}
    follows = told["events", "these are rows of rejected courses"]
    assert (follows.column, follows.count) == ("course_id", 3)
    assert "rows of courses are repaired" in (follows.next_step or "")
    assert told["events", "there is no such row in courses"].count == 1
    (value,) = [f for (table, message), f in told.items() if table == "courses" and "rejected" in message]
    assert (value.column, value.count, value.first) == ("translation_of", 1, "'c0'")
    assert {line["reason"] for line in rejected(checked, "events")} == {
        "these are rows of rejected courses", "there is no such row in courses"
    }  # fmt: skip


def test_what_refers_to_a_rejected_member_follows_from_it(export, tmp_path, monkeypatch):
    # members have one required column, their id; a key of two shows that a row is left out and its id known
    from dataclasses import replace

    from skillfirst.ingest import checks
    from skillfirst.tables.schemas import MEMBERS

    columns = tuple(replace(c, required=c.required or c.name == "title") for c in MEMBERS)
    monkeypatch.setitem(checks.INPUT, "members", replace(MEMBERS, columns=columns))
    members = [{"member_id": f"m{i:02d}", "title": "" if i < 5 else "Welder"} for i in range(60)]
    skills = [{"member_id": f"m{i:02d}", "skill": "java"} for i in (*range(5), 7, 77)]
    pairs = [{"member_id": "m07", "connection_id": "m01"}, {"member_id": "m07", "connection_id": "m08"}]
    checked = read(export(members=members, member_skills=skills, connections=pairs), tmp_path / "work")
    told = {(f.table, f.column, f.message): f.count for f in checked.findings}
    assert told == {
        ("members", "title", "a required value is empty"): 5,
        ("member_skills", "member_id", "these are rows of rejected members"): 5,
        ("member_skills", "member_id", "there is no such row in members"): 1,
        ("connections", "connection_id", "these are rows of rejected members"): 1,
    }
    assert checked.counts["member_skills"] == 1
    assert checked.rejected == {"members": 5, "member_skills": 6, "connections": 1}


def test_an_unreadable_source_is_not_taken_for_a_skill_that_somebody_has(export, tmp_path):
    skills = [{"member_id": "ana", "skill": "java", "source": s} for s in ("refused", "refuse", "", "explicit")]
    checked = read(export(member_skills=skills), tmp_path / "work")
    assert sorted(r["source"] for r in rows(checked, "member_skills")) == ["explicit", "explicit", "refused"]
    assert checked.rejected == {"member_skills": 1}


def test_rejects_show_lists_as_the_input_had_them(mapped, tmp_path):
    courses = "id,title,tags,level\n1,a,Java|SQL,genius\n1,b,Java|Go,\n2,,x|y,\n" + "".join(
        f"c{i},t,,\n" for i in range(20)
    )
    toml = mapped(
        '[sources.courses]\npath = "c.csv"\nseparator = "|"\ncolumns = {course_id = "id", skills = "tags"}\n',
        c__csv=courses, members__csv="member_id\nana\n",
    )  # fmt: skip
    shown = {r["values"]["skills"] for r in rejected(read(toml, tmp_path / "work"), "courses")}
    assert shown == {"Java|SQL", "Java|Go", "x|y"}


def test_rejects_of_native_lists_are_lists(export, tmp_path):
    courses = pa.table({"course_id": ["1", "2"], "title": ["a", "b"], "skills": [["x", "y"], []], "level": ["no", ""]})
    assert rejected(read(export(courses=courses), tmp_path / "work"), "courses")[0]["values"]["skills"] == ["x", "y"]


@pytest.mark.parametrize(
    ("change", "column", "says"),
    [
        ({"member_id": "nobody"}, "member_id", "no such row in members"),
        ({"course_id": "c99"}, "course_id", "no such row in courses"),
        ({"kind": "sneeze"}, "kind", "none of served"),
        ({"time": "1970-01-01T00:00:00Z"}, "time", "impossible date"),
        ({"time": "yesterday"}, "time", "no time"),
        ({"course_id": None}, "course_id", "needs a course_id"),
        ({"kind": "interest"}, "skill_id", "needs a skill_id"),
    ],
)
def test_a_bad_event_is_rejected_with_its_reason(export, tmp_path, change, column, says):
    finding, line = bad_row(export, tmp_path, "events", WATCHES, {**WATCHES[0], **change})
    assert (finding.table, finding.column, line["column"]) == ("events", column, column)
    assert says in finding.message


@pytest.mark.parametrize(
    ("change", "column", "says"),
    [
        ({"position": 1.5}, "position", "no whole number"),
        ({"propensity": 1.5}, "propensity", "between 0 and 1"),
        ({"seconds": "ten"}, "seconds", "no number"),
    ],
)
def test_an_event_stays_without_a_value_that_cannot_be_read(export, tmp_path, change, column, says):
    bad = {**WATCHES[0], "event_id": "e", "seconds": 7, "position": 2, **change}
    finding, line, checked = bad_value(export, tmp_path, "events", WATCHES, bad)
    assert (finding.table, finding.column, line["column"]) == ("events", column, column)
    assert says in finding.message
    (event,) = [r for r in rows(checked, "events") if r["event"] is not None]
    kept = {"seconds": 7.0, "position": 2} | {k: None for k in change if k in ("seconds", "position")}
    assert {k: event[k] for k in kept} == kept


def test_a_duplicate_member_leaves_the_first_row(export, tmp_path):
    members = [{"member_id": f"m{i}", "title": "first"} for i in range(30)] + [{"member_id": "m3", "title": "second"}]
    checked = read(export(members=members), tmp_path / "work")
    assert [r["title"] for r in rows(checked, "members")] == ["first"] * 30
    assert rejected(checked, "members")[0]["values"]["title"] == "second"


def test_more_bad_rows_than_allowed_are_fatal_unless_allowed(export, tmp_path):
    courses = [{"course_id": f"c{i}", "title": "" if i < 30 else "t"} for i in range(100)]
    data = export(courses=courses)
    error = fatal(data, tmp_path / "work")
    assert "30 of 100 rows are bad, more than 5%; most of them: a required value is empty" in str(error)
    assert (error.table, error.column, error.count) == ("courses", "title", 30)
    assert error.first == "empty with course_id 'c0'"
    assert read(data, tmp_path / "work", max_bad_share=0.3).counts["courses"] == 70
    (data / "skillfirst.toml").write_text("[checks]\nmax_bad_share = {courses = 0.29}\n")
    assert "more than 29%" in str(fatal(data, tmp_path / "work"))


def test_a_few_bad_rows_of_a_small_table_do_not_stop_a_run(export, tmp_path):
    courses = [{"course_id": f"c{i}", "title": "" if i < 2 else "t"} for i in range(6)]
    checked = read(export(courses=courses), tmp_path / "work")
    assert checked.rejected == {"courses": 2}
    assert checked.passed_over == ["courses"]
    with pytest.raises(DataError, match="2 of 6 rows are bad, more than 5%"):
        read(export(courses=courses), tmp_path / "work", max_bad_share=0.05)


def test_unknown_references_of_the_catalogue(export, tmp_path):
    skills = [
        {"skill_id": "java", "name": "Java", "parents": "coding;nothing"},
        {"skill_id": "coding", "name": "Coding"},
    ]
    titles = [{"title_id": "dev", "name": "Developer"}]
    links = [{"title_id": "dev", "skill_id": s, "weight": 0.5} for s in ("java", "coding", "cobol")]
    courses = [
        {"course_id": "c1", "title": "a", "translation_of": "c9"},
        {"course_id": "c2", "title": "b", "translation_of": "c1"},
    ]
    checked = read(export(courses=courses, skills=skills, titles=titles, title_skills=links), tmp_path / "work")
    assert [p or [] for p in checked.tables["skills"]["parents"].to_pylist()] == [["coding"], []]
    assert checked.tables["title_skills"].num_rows == 2
    assert checked.tables["courses"]["translation_of"].to_pylist() == [None, "c1"]
    assert {(f.table, f.column, f.first) for f in checked.findings} == {
        ("skills", "parents", "'nothing'"), ("title_skills", "skill_id", "'cobol' with title_id 'dev'"),
        ("courses", "translation_of", "'c9'"),
    }  # fmt: skip


def test_skills_of_profiles_are_not_judged_here(export, tmp_path):
    skills = [{"member_id": "ana", "skill": "juggling"}]
    assert read(export(member_skills=skills), tmp_path / "work").counts["member_skills"] == 1


def test_languages_dates_and_times_are_normalised(export, tmp_path):
    courses = [{"course_id": "1", "title": "a", "language": "PT_br", "created_on": "2024-05-01T23:30:00-05:00"},
               {"course_id": "2", "title": "b", "language": "ZH-hant-tw", "created_on": "20240229"}]  # fmt: skip
    members = [{"member_id": "a", "languages": "EN; de-ch", "level": "Advanced"}]
    events = [{"time": "2024-05-01 23:30:00-05:00", "member_id": "a", "kind": "Click", "course_id": "1"}]
    checked = read(export(courses=courses, members=members, events=events), tmp_path / "work")
    assert checked.tables["courses"]["language"].to_pylist() == ["pt-BR", "zh-Hant-TW"]
    assert checked.tables["courses"]["created_on"].to_pylist() == [dt.date(2024, 5, 1), dt.date(2024, 2, 29)]
    assert rows(checked, "members")[0]["languages"] == ["en", "de-CH"]
    assert rows(checked, "members")[0]["level"] == "advanced"
    assert rows(checked, "events")[0]["time"] == dt.datetime(2024, 5, 2, 4, 30, tzinfo=dt.UTC)


def test_a_number_for_a_time_asks_for_its_unit(export, tmp_path):
    events = pa.table({"time": [1_700_000_000], "member_id": ["ana"], "kind": ["click"], "course_id": ["c1"]})
    error = fatal(export(events=events), tmp_path / "work")
    assert (error.table, error.column) == ("events", "time")
    assert "time_unit" in str(error)


def test_a_list_where_one_value_is_asked_for(export, tmp_path):
    members = pa.table({"member_id": ["a"], "title": [["x", "y"]]})
    error = fatal(export(members=members), tmp_path / "work")
    assert (error.table, error.column) == ("members", "title")
    assert "explode" in str(error)


def test_connections_stand_in_both_directions(export, tmp_path):
    checked = read(export(connections=[{"member_id": "cem", "connection_id": "ana"}]), tmp_path / "work")
    assert checked.counts["connections"] == 1
    assert sorted((r["member"], r["connection"]) for r in rows(checked, "connections")) == [(0, 2), (2, 0)]


def test_a_repeated_event_id_is_noted(export, tmp_path):
    checked = read(export(events=[{**WATCHES[0], "event_id": i} for i in ("a", "a", "b", "")]), tmp_path / "work")
    (note,) = checked.findings
    assert (note.table, note.column, note.count) == ("events", "event_id", 1)


def test_members_are_cut_into_ranges(export, tmp_path, monkeypatch):
    from skillfirst.ingest import member_tables

    monkeypatch.setattr(member_tables, "RANGE_ROWS", 4)
    members = [{"member_id": f"m{i:02d}"} for i in range(10)]
    skills = [{"member_id": f"m{i:02d}", "skill": "java"} for i in range(10)]
    checked = read(export(members=members, member_skills=skills), tmp_path / "work")
    assert checked.ranges == 3
    for number, codes in enumerate(([0, 1, 2, 3], [4, 5, 6, 7], [8, 9])):
        for table in ("members", "member_skills"):
            found = [
                c
                for f in checked.files(table, number)
                for c in pq.read_table(f, partitioning=None)["member"].to_pylist()
            ]
            assert sorted(found) == codes


def test_many_ranges_become_longer_ones(export, tmp_path, monkeypatch):
    from skillfirst.ingest import member_tables

    monkeypatch.setattr(member_tables, "RANGE_ROWS", 2)
    monkeypatch.setattr(member_tables, "MOST_RANGES", 3)
    members = [{"member_id": f"m{i:02d}"} for i in range(11)]
    checked = read(export(members=members), tmp_path / "work")
    assert (checked.range_rows, checked.ranges) == (4, 3)
    assert [r["member"] for r in rows(checked, "members")] == list(range(11))


def test_a_second_check_in_the_same_place_starts_afresh(export, tmp_path):
    data = export(courses=[*MANY, {"course_id": "x", "title": ""}])
    first, second = (read(data, tmp_path / "work") for _ in range(2))
    assert len(rejected(second, "courses")) == 1
    assert first.counts == second.counts


def test_every_kind_of_cell_has_words_for_what_is_wrong():
    from skillfirst.ingest.findings import words

    for table in INPUT.values():
        for column in table:
            problem = "choice" if column.choices else column.kind.value
            message, step = words(
                table, column.name, problem if problem not in ("id", "text", "texts", "ids") else "empty"
            )
            assert message
            assert step
