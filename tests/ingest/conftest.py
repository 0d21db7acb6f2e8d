"""Small exports to read: a directory written from rows, as CSV, JSON Lines or Parquet."""

from __future__ import annotations

import csv
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

COURSES = [
    {"course_id": "c1", "title": "Java basics", "created_on": "2024-01-10", "skills": "java"},
    {"course_id": "c2", "title": "SQL for welders", "created_on": "2024-02-10", "skills": "sql;welding"},
    {"course_id": "c3", "title": "Spanish", "created_on": "2024-03-10", "skills": "spanish"},
]
MEMBERS = [{"member_id": "ana", "title": "Developer"}, {"member_id": "ben"}, {"member_id": "cem", "title": "Welder"}]


@pytest.fixture
def export(tmp_path):
    """export(courses=[...], members="csv text", ...) -> directory; rows become CSV unless `format` says otherwise."""
    folder = tmp_path / "data"

    def write(format="csv", **tables):
        folder.mkdir(exist_ok=True)
        for name, rows in {"courses": COURSES, "members": MEMBERS, **tables}.items():
            if rows is None:
                continue
            path = folder / f"{name}.{format}"
            if isinstance(rows, str):
                path.write_text(rows, encoding="utf-8")
            elif isinstance(rows, bytes):
                path.write_bytes(rows)
            elif isinstance(rows, pa.Table):
                pq.write_table(rows, folder / f"{name}.parquet")
            elif format == "csv":
                columns = list(dict.fromkeys(k for row in rows for k in row))
                with path.open("w", newline="", encoding="utf-8") as file:
                    writer = csv.DictWriter(file, columns)
                    writer.writeheader()
                    writer.writerows(rows)
            elif format == "jsonl":
                path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
            else:
                pq.write_table(pa.Table.from_pylist(rows), path)
        return folder

    return write


@pytest.fixture
def mapped(tmp_path):
    """mapped(toml, **files) -> path of a mapping file beside files of the given names and contents."""

    def write(toml, **files):
        for name, content in files.items():
            path = tmp_path / name.replace("__", ".")
            if isinstance(content, pa.Table):
                pq.write_table(content, path)
            else:
                path.write_text(content, encoding="utf-8")
        path = tmp_path / "skillfirst.toml"
        path.write_text(toml, encoding="utf-8")
        return path

    return write
