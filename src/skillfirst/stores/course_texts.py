"""What a course says of itself: description and section titles, kept beside a run for the page that shows them.

The Model leaves them out, because no rule reads them and every worker would carry them. One Arrow file, mapped, so
that a description is read when somebody opens the course and at no other time.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from skillfirst.tables.vocabulary import Vocabulary

FILE = "course_texts.arrow"
LONGEST = 2_000  # characters of a description that a page shows
MOST_SECTIONS = 40
SCHEMA = pa.schema([("description", pa.large_string()), ("contents", pa.large_list(pa.large_string()))])


def write_course_texts(folder: Path, courses: pa.Table, order: Vocabulary) -> None:
    """Write the texts of the checked courses table by course code: row i is course `order[i]`."""
    rows = order.encode(courses["course_id"])
    place = np.full(len(order), -1, np.int64)
    place[rows[rows >= 0]] = np.flatnonzero(rows >= 0)
    take = pa.array(place, mask=place < 0)
    nothing = {"description": pa.nulls(len(order)), "contents": pa.nulls(len(order))}
    columns = [
        courses[field.name].take(take).cast(field.type).combine_chunks()
        if field.name in courses.column_names
        else nothing[field.name].cast(field.type)
        for field in SCHEMA
    ]
    table = pa.Table.from_arrays(columns, schema=SCHEMA)
    with pa.OSFile(str(folder / FILE), "wb") as sink, pa.ipc.new_file(sink, SCHEMA) as writer:
        writer.write_table(table)


class CourseTexts:
    """The texts of one run by course code; of a run that kept none, nothing."""

    def __init__(self, folder: Path) -> None:
        path = folder / FILE
        self._table = pa.ipc.open_file(pa.memory_map(str(path))).read_all() if path.is_file() else SCHEMA.empty_table()

    def description(self, code: int) -> str:
        """The description, shortened at a word when it is very long; empty where there is none."""
        text = str(self._value("description", code) or "").strip()
        return text if len(text) <= LONGEST else text[:LONGEST].rsplit(" ", 1)[0] + " …"

    def contents(self, code: int) -> Sequence[str]:
        """The section titles in their order, at most forty."""
        return [str(s) for s in (self._value("contents", code) or [])[:MOST_SECTIONS] if s]

    def _value(self, name: str, code: int) -> Any:
        return self._table.column(name)[code].as_py() if 0 <= code < len(self._table) else None
