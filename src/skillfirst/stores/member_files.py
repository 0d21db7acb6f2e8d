"""A member in the files of a run: is there anything, and what is left when it is erased.

Three kinds of files name members: tables (Parquet, a column member_id), documents and compact tables (Arrow, the same)
and rejected rows (JSON Lines, any value of a row that was left out). Each is replaced whole, so readers keep what they
have open.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from skillfirst.stores.arrow_parts import KEY, read_arrow, write_arrow
from skillfirst.stores.durable import sync_file
from skillfirst.stores.table_parts import member_bounds, write_parquet


def holds_member(path: Path, member_id: str) -> bool:
    """Whether any row of one file is the member's; files without members hold none."""
    if path.suffix == ".jsonl":
        return _rejected(path, member_id) > 0
    if path.suffix == ".arrow":
        return any(pc.any(pc.equal(batch.column(KEY), member_id)).as_py() for batch in read_arrow(path, [KEY]))
    if KEY not in pq.read_schema(path).names:
        return False
    for group, (least, greatest) in enumerate(member_bounds(path, path.stat().st_mtime_ns)):
        if least is None or greatest is None or least <= member_id <= greatest:
            with pq.ParquetFile(path) as file:
                column = file.read_row_group(group, columns=[KEY], use_threads=False).column(KEY)
            if pc.any(pc.equal(column, member_id)).as_py():
                return True
    return False


def erase_member(path: Path, member_id: str) -> int:
    """Write a file anew without a member's rows, and put it in the old one's place; how many there were."""
    if not holds_member(path, member_id):
        return 0
    if path.suffix == ".jsonl":
        rows = _rejected(path, member_id)
        _replace(path, lambda place: _keep_lines(path, place, member_id))
        return rows
    if path.suffix == ".arrow":
        batches = [*read_arrow(path)]
        kept = [batch.filter(pc.not_equal(batch.column(KEY), member_id)) for batch in batches]
        _replace(path, lambda place: write_arrow(place, kept, batches[0].schema))
        return int(sum(b.num_rows for b in batches) - sum(b.num_rows for b in kept))
    table = pq.read_table(path)
    left = table.filter(pc.not_equal(table.column(KEY), member_id))
    _replace(path, lambda place: write_parquet(place, left))
    return int(table.num_rows - left.num_rows)


def _replace(path: Path, write: Callable[[Path], None]) -> None:
    temporary = path.with_name(f".{path.name}.erasing")
    write(temporary)
    sync_file(temporary)
    temporary.replace(path)
    sync_file(path.parent)


def _rejected(path: Path, member_id: str) -> int:
    with path.open(encoding="utf-8") as lines:
        return sum(_names(line, member_id) for line in lines)


def _keep_lines(path: Path, place: Path, member_id: str) -> None:
    with path.open(encoding="utf-8") as lines, place.open("w", encoding="utf-8") as out:
        out.writelines(line for line in lines if not _names(line, member_id))


def _names(line: str, member_id: str) -> bool:
    """Whether a rejected row names the member in any of its values; a line that was no row at all, anywhere in it."""
    try:
        values: Any = json.loads(line).get("values", {})
    except (ValueError, AttributeError):
        return member_id in line
    if not isinstance(values, dict):
        return member_id in line
    if set(values) == {"line"}:
        return member_id in str(values["line"])
    return any(str(value) == member_id for value in values.values())
