"""What comes out of the check: catalogue tables in memory, member-sized tables as clean files by ranges of members."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from skillfirst.errors import DataError
from skillfirst.ingest.findings import Finding, Weight

CATALOGUE = ("courses", "skills", "skill_labels", "titles", "title_labels", "title_skills")
LARGE = ("members", "member_skills", "connections", "activity", "events")
MOST_FINDINGS_IN_AN_ERROR = 20


@dataclass
class Checked:
    """Checked tables.

    `tables`: catalogue tables that were given, exactly in the schema of tables/schemas.py, in the order of the file.
    `large`: folders of the member-sized tables that were given. `members/part-00000.parquet` and so on hold ranges of
    `range_rows` members ascending by member_id, with `member` (int32), the member's code = place in that order over
    all parts. The other folders hold `part=<range>/*.parquet` with `member` in place of member_id, in no order;
    A column that no source has is not in the file. `connections` has each pair in both directions as (member,
    connection). `events` has `event` (uint64, hash of event_id), `kind` (int8, place in EVENT_KINDS), `course` (int32,
    row of tables["courses"]), `channel` (int8, `Channel` or 0), and of the rest what a document needs.
    `counts`, `rejected`, `emptied`: rows kept, rows rejected and values left out of rows kept, by table. `rejects`:
    files of both (JSON Lines: column, reason, row, left_out, values). `lost`: ids of rejected rows of catalogue tables.
    `passed_over`: tables with a larger share of bad rows than allowed, but few. `hashes`: SHA-256 of the input files by
    "<table>/<file>".
    """

    work: Path
    range_rows: int
    tables: dict[str, pa.Table] = field(default_factory=dict)
    large: dict[str, Path] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    rejected: dict[str, int] = field(default_factory=dict)
    emptied: dict[str, int] = field(default_factory=dict)
    rejects: dict[str, Path] = field(default_factory=dict)
    lost: dict[str, frozenset[str]] = field(default_factory=dict)
    passed_over: list[str] = field(default_factory=list)
    hashes: dict[str, str] = field(default_factory=dict)

    @property
    def members(self) -> int:
        return self.counts.get("members", 0)

    @property
    def ranges(self) -> int:
        """Number of member ranges."""
        return -(-self.members // self.range_rows)

    @property
    def fatal(self) -> list[Finding]:
        return [f for f in self.findings if f.weight is Weight.FATAL]

    def files(self, table: str, number: int) -> list[Path]:
        """Clean files of a table for one range of members, in name order; [] where it has no row there."""
        if table not in self.large:
            return []
        if table == "members":
            return [range_file(self.large[table], number)]
        return sorted((self.large[table] / f"part={number}").glob("*.parquet"))

    def raise_fatal(self) -> None:
        """Raise the one fatal finding, or all of them in one error."""
        fatal = self.fatal
        if len(fatal) == 1:
            raise fatal[0].error()
        if fatal:
            shown = fatal[:MOST_FINDINGS_IN_AN_ERROR]
            more = f"\n  and {len(fatal) - len(shown)} more" if len(fatal) > len(shown) else ""
            raise DataError("the tables cannot be used:\n  " + "\n  ".join(str(f) for f in shown) + more)


def range_file(folder: Path, number: int) -> Path:
    """Where range `number` of the members lies in their folder."""
    return folder / f"part-{number:05d}.parquet"


@dataclass
class RejectFile:
    """What is left out of one table, one JSON object a line: column, reason, row (place in the file, where known),
    left_out (row, or value: the row stays without it), values (of the row)."""

    path: Path
    rows: int = 0
    values: int = 0

    def add(self, rows: Iterable[tuple[str, str, int | None, dict[str, Any]]], *, values_only: bool = False) -> None:
        """Append (column, reason, row, values)."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        left_out, count = ("value" if values_only else "row"), 0
        with self.path.open("a", encoding="utf-8") as file:
            for column, reason, row, values in rows:
                line = {"column": column or None, "reason": reason, "row": row, "left_out": left_out, "values": values}
                file.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
                count += 1
        if values_only:
            self.values += count
        else:
            self.rows += count
