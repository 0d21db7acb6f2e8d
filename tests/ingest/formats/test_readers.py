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
