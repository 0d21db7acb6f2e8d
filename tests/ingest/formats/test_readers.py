"""Files that are not what they seem: one clear message each, never a traceback; broken lines are rejected."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from skillfirst.errors import DataError
from skillfirst.ingest.checks import check, read

HEAD = "course_id,title\n"
FINE = HEAD + "".join(f"c{i},title {i}\n" for i in range(30))


def fatal(data, work):
    with pytest.raises(DataError) as caught:
        read(data, work)
    assert caught.value.table == "courses"
    return str(caught.value)


@pytest.mark.parametrize(
    ("format", "content", "says"),
    [
        ("csv", b"", "empty (0 bytes)"),
        ("csv", b"\n\n", "is empty"),
        ("csv", HEAD.encode(), "no rows"),
        ("csv", FINE.encode("utf-16"), "UTF-16 text"),
        ("csv", b"PAR1....PAR1", "named csv but holds parquet"),
        ("csv", b"PK\x03\x04rest", "a spreadsheet?"),
        ("csv", b"\x1f\x8b\x08rest", "gzip data"),
        ("csv", b'{"course_id": "1", "title": "a"}\n', "holds JSON"),
        ("csv", b"course_id,title,title\n1,a,b\n", "names a column twice"),
        ("csv", b"course_id,t\xfftle\n1,a\n", "header of courses.csv is not UTF-8"),
        ("parquet", b"", "empty (0 bytes)"),
        ("parquet", FINE.encode(), "is no Parquet file"),
        ("parquet", b"PAR1 and then the disk was full", "is cut off"),
        ("parquet", b"PAR1" + b"x" * 40 + b"\x04\x00\x00\x00PAR1", "cannot be read as Parquet"),
        ("jsonl", b'[{"course_id": "1"}]', "one JSON array"),
        ("jsonl", b"hello\n", "holds no JSON object"),
        ("jsonl", b"", "is empty"),
        ("jsonl", '{"course_id": "1"}\n'.encode("utf-16"), "UTF-16 text"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(export, tmp_path, format, content, says):
    data = export(courses=None)
    (data / f"courses.{format}").write_bytes(content)
    checked = check(data, tmp_path / "work")
    assert any(says in str(f) and f.table == "courses" for f in checked.findings), checked.findings
    assert says in fatal(data, tmp_path / "work") or format == "jsonl"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('c99,"never closed\n', "broken quoting"),
        ("c99\n", "fewer cells"),
        ("c99,a,b\n", "more cells"),
        ("c99,br\udc80ken\n", "not UTF-8"),
    ],
)
def test_a_broken_csv_line_is_rejected_and_the_rest_is_read(export, tmp_path, line, reason):
    checked = read(export(courses=(FINE + line).encode("utf-8", "surrogateescape")), tmp_path / "work")
    (finding,) = checked.findings
    assert reason in finding.message
    assert finding.first is not None
    assert finding.first.startswith("line 32: c99")
    assert checked.counts["courses"] == 30
    assert json.loads(checked.rejects["courses"].read_text())["values"]["line"].startswith("c99")


@pytest.mark.parametrize(
    ("line", "reason"),
    [(b"{oops\n", "not valid JSON"), (b"[1]\n", "not a JSON object"), (b'{"course_id": "\xff"}\n', "not UTF-8")],
)
def test_a_broken_json_line_is_rejected_and_the_rest_is_read(export, tmp_path, line, reason):
    rows = b"".join(b'{"course_id": "c%d", "title": "t"}\n\n' % i for i in range(30))
    checked = read(export("jsonl", courses=rows + line, members=[{"member_id": "a"}]), tmp_path / "work")
    (finding,) = checked.findings
    assert reason in finding.message
    assert (finding.first or "").startswith("line 61: ")
    assert checked.counts["courses"] == 30


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("format", ["csv", "jsonl"])
def test_marks_and_line_ends_do_not_matter(export, tmp_path, mark, end, format):
    lines = [b"course_id,title", b'007,"a ""b"", c"', b"8,\xc3\xa9t\xc3\xa9"]
    if format == "jsonl":
        lines = [b'{"course_id": "007", "title": "a \\"b\\", c"}', '{"course_id": 8, "title": "été"}'.encode()]
    content = mark + end.join(lines) + end
    checked = read(export(format, courses=content, members=[{"member_id": "a"}]), tmp_path / "work")
    assert checked.tables["courses"]["course_id"].to_pylist() == ["007", "8"]
    assert checked.tables["courses"]["title"].to_pylist() == ['a "b", c', "été"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(export, tmp_path, delimiter):
    courses = "course_id,title,skills\n1,a,x\n".replace(",", delimiter)
    assert read(export(courses=courses), tmp_path / "work").tables["courses"]["title"].to_pylist() == ["a"]


def test_line_breaks_inside_quotes(export, tmp_path):
    courses = 'course_id,title,description\n1,a,"two\nlines"\n2,b,\n'
    assert read(export(courses=courses), tmp_path / "work").tables["courses"]["description"].to_pylist() == [
        "two\nlines",
        None,
    ]


def test_lists_in_json_keep_their_elements_apart(export, tmp_path):
    courses = [
        {"course_id": "1", "title": "a", "skills": ["x; y", " z ", None, ""]},
        {"course_id": "2", "title": "b", "skills": "p;q"},
    ]
    checked = read(export("jsonl", courses=courses, members=[{"member_id": "a"}]), tmp_path / "work")
    assert checked.tables["courses"]["skills"].to_pylist() == [["x; y", "z"], ["p", "q"]]


def test_parts_in_a_folder(export, tmp_path):
    data = export(courses=None)
    for folder in ("courses.parquet", "events"):
        (data / folder).mkdir()
    for number in range(3):
        rows = [{"course_id": f"c{number}", "title": "t"}]
        pq.write_table(pa.Table.from_pylist(rows), data / "courses.parquet" / f"part-{number}.parquet")
        (data / "events" / f"{number}.csv").write_text("time,member_id,kind,course_id\n2024-01-01,ana,click,c1\n")
    (data / "events" / "_SUCCESS").touch()
    checked = read(data, tmp_path / "work")
    assert checked.tables["courses"]["course_id"].to_pylist() == ["c0", "c1", "c2"]
    assert checked.counts["events"] == 3


def test_csv_parts_with_other_headers(export, tmp_path):
    data = export(courses=None)
    (data / "courses").mkdir()
    (data / "courses" / "a.csv").write_text(HEAD + "1,a\n")
    (data / "courses" / "b.csv").write_text("title,course_id\na,1\n")
    assert "b.csv has another header than a.csv" in fatal(data, tmp_path / "work")


def test_text_in_latin_1_can_be_read_when_the_mapping_says_so(mapped, tmp_path):
    toml = mapped(
        '[sources.courses]\npath = "c.csv"\nencoding = "latin-1"\n[sources.members]\npath = "m.csv"\n',
        m__csv="member_id\nana\n",
    )
    (tmp_path / "c.csv").write_bytes("course_id,title\n1,été\n".encode("latin-1"))
    assert read(toml, tmp_path / "work").tables["courses"]["title"].to_pylist() == ["été"]


def test_maps_from_json_text_and_structs(export, tmp_path):
    base = {"time": "2024-01-01", "member_id": "ana", "kind": "served"}
    arms = ['{"page": "b"}', "page=b;mail=a", "", '{"page": ']
    checked = read(export(events=[{**base, "arms": a} for a in arms]), tmp_path / "work")
    assert (checked.counts["events"], checked.rejected, checked.emptied["events"]) == (4, {}, 1)
    assert [f.column for f in checked.findings if f.table == "events"] == ["arms"]


WINDOWS = "course_id,title,description\n1,„Kosten“ – 5 €,été\n2,b,c\n"


@pytest.mark.parametrize(
    ("name", "codec"),
    [("cp1252", "cp1252"), ("windows-1252", "cp1252"), ("Windows-1252", "cp1252"), ("utf-16-le", "utf-16-le"),
     ("utf-8", "utf-8"), ("utf-16", "utf-16"), ("UTF8", "utf-8-sig"), ("utf-8-sig", "utf-8-sig")],
)  # fmt: skip
def test_the_encoding_is_what_the_mapping_says(mapped, tmp_path, name, codec):
    toml = mapped(f'[sources.courses]\npath = "c.csv"\nencoding = "{name}"\n', members__csv="member_id\nana\n")
    (tmp_path / "c.csv").write_bytes(WINDOWS.encode(codec))
    checked = read(toml, tmp_path / "work")
    assert checked.tables["courses"]["title"].to_pylist() == ["„Kosten“ – 5 €", "b"]
    assert checked.tables["courses"]["description"].to_pylist() == ["été", "c"]
    assert checked.findings == []


def test_encodings_of_other_countries(mapped, tmp_path):
    toml = mapped('[sources.courses]\npath = "c.csv"\nencoding = "shift_jis"\n', members__csv="member_id\nana\n")
    (tmp_path / "c.csv").write_bytes("course_id,title\n1,日本語の表\n".encode("shift_jis"))
    assert read(toml, tmp_path / "work").tables["courses"]["title"].to_pylist() == ["日本語の表"]


def test_a_byte_the_encoding_does_not_have_spoils_its_line_alone(mapped, tmp_path, monkeypatch):
    from skillfirst.ingest.formats import csv

    monkeypatch.setattr(csv, "_CHUNK_BYTES", 7)  # pieces are cut anywhere
    toml = mapped('[sources.courses]\npath = "c.csv"\nencoding = "cp1252"\n', members__csv="member_id\nana\n")
    (tmp_path / "c.csv").write_bytes("course_id,title\n1,5 €\n2,x\n".encode("cp1252") + b"3,a\x81b\n4,y\n")
    checked = read(toml, tmp_path / "work")
    assert checked.tables["courses"]["title"].to_pylist() == ["5 €", "x", "y"]
    (finding,) = checked.findings
    assert (finding.message, finding.next_step) == ("the bytes are not cp1252", "Repair these lines in the file")
    assert (finding.first or "").startswith("line 4: 3,a")


def test_lines_that_are_not_utf_8_lead_to_the_encoding(export, tmp_path):
    checked = read(export(courses=(FINE + "c99,br\udc80ken\n").encode("utf-8", "surrogateescape")), tmp_path / "work")
    assert 'encoding = "cp1252"' in (checked.findings[0].next_step or "")


def test_quoted_cells_in_another_encoding_are_answered_in_our_words(mapped, tmp_path):
    toml = mapped(
        '[sources.courses]\npath = "k.csv"\ncolumns = {course_id = "Nr", title = "Titel", description = "Text"}\n',
        members__csv="member_id\nana\n",
    )
    lines = ["Nr;Titel;Text;Bereich", *(f'K-{i};Python für {i};"Dieser Kurs; mit Übungen.";IT' for i in range(20))]
    (tmp_path / "k.csv").write_bytes("\r\n".join(lines).encode("latin-1"))
    with pytest.raises(DataError) as caught:
        read(toml, tmp_path / "work")
    assert "courses: 20 of 20 rows are bad, more than 5%; most of them: the bytes are not UTF-8" in str(caught.value)
    assert "first: line 2: K-0;Python f" in str(caught.value)
    assert 'encoding = "cp1252"' in str(caught.value)
    assert "strict" not in str(caught.value)


def test_a_file_that_cannot_be_read_at_all_because_of_its_encoding_says_file_and_line(export):
    from skillfirst.ingest.checks import _unreadable
    from skillfirst.ingest.sources import find_sources
    from skillfirst.tables.schemas import COURSES

    sources = find_sources(export(courses="course_id,title\n1,a\n2,für\n".encode("latin-1"))).by_table["courses"]
    found = str(_unreadable(COURSES, sources, "state machine"))
    assert found.startswith("courses: courses.csv is not UTF-8 (first: line 3: 2,f")
    assert 'encoding = "cp1252"' in found


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "cp1252"])
def test_lines_that_end_in_two_ways(mapped, tmp_path, encoding):
    toml = mapped(f'[sources.courses]\npath = "c.csv"\nencoding = "{encoding}"\n', members__csv="member_id\nana\n")
    (tmp_path / "c.csv").write_bytes('course_id,title,level\n1,"é, b",\r\n2,c,\r\n3,d,\n'.encode(encoding))
    checked = read(toml, tmp_path / "work")
    assert checked.tables["courses"]["title"].to_pylist() == ["é, b", "c", "d"]


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ("Invalid Input Error: The CSV Parser state machine reached an invalid state.\nPossible fixes:\n* strict_mode",
         "courses: courses.csv: broken quoting. A quote inside"),
        ("Invalid Input Error: CSV Error on Line: 7\nOriginal Line: x\nOdd.\nPossible fixes:\n* strict_mode=1",
         "courses: courses.csv, line 7 cannot be read: CSV Error on Line: 7 Original Line: x Odd. Check the file"),
    ],
)  # fmt: skip
def test_what_the_reader_gives_up_on_names_the_file_and_no_option_of_the_reader(export, said, says):
    from skillfirst.ingest.checks import _unreadable
    from skillfirst.ingest.sources import find_sources
    from skillfirst.tables.schemas import COURSES

    found = _unreadable(COURSES, find_sources(export()).by_table["courses"], said)
    assert str(found).startswith(says)
    assert "strict_mode" not in str(found)
