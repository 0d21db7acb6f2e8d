"""Catalogue tables: converted by DuckDB, kept in memory, their keys and references checked."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skillfirst.ingest.checked import Checked, RejectFile
from skillfirst.ingest.conversion import Conversion
from skillfirst.ingest.findings import REJECTED, Finding, Weight, words
from skillfirst.ingest.formats.base import PLACES, named, quoted
from skillfirst.ingest.rejecting import Rejecting, describe, finding, typed_row
from skillfirst.tables.schemas import Column, Table
from skillfirst.tables.sparse import list_parts, to_lists

if TYPE_CHECKING:
    import duckdb


def load(
    connection: duckdb.DuckDBPyConnection, table: Table, conversion: Conversion, checked: Checked, rejects: RejectFile
) -> list[Finding]:
    """Read a catalogue table into `checked.tables`; returns what was found. Of duplicates the first row stays."""
    reason = "__reason"
    if table.key:
        keys = ", ".join(named(k) for k in table.key)
        place = f"row_number() OVER (PARTITION BY __reason IS NULL, {keys} ORDER BY __source, __row)"
        reason = (
            f"CASE WHEN __reason IS NULL AND {place} > 1 THEN {quoted(table.key[0] + '|duplicate')} ELSE __reason END"
        )
    columns = ", ".join(named(c.name) for c in table)
    told = "__reason IS NOT NULL OR __empty IS NOT NULL"
    original = f"CASE WHEN {told} THEN coalesce(__original, {typed_row(table)}) END AS __original"
    sql = (
        f"SELECT {columns}, __source, __row, __reason, __empty, {original} FROM "
        f"(SELECT {columns}, __source, __row, {reason} AS __reason, __empty, __original FROM ({conversion.sql})) "
        "ORDER BY __source, __row"
    )
    rows = connection.sql(sql).to_arrow_table()
    rejecting = Rejecting(table, conversion, rejects)
    bad = pc.is_valid(rows["__reason"])
    rejecting.add(rows.filter(pc.or_(bad, pc.is_valid(rows["__empty"]))))
    findings = rejecting.findings
    checked.lost[table.name] = frozenset(rejecting.lost)
    placed = [pa.field("__source", pa.int32()), pa.field("__row", pa.int64())]
    schema = pa.schema([*table.schema, *placed])
    good = rows.filter(pc.invert(bad)).select(schema.names).cast(schema).combine_chunks()
    for column in table:
        target = good if column.refers == table.name else checked.tables.get(column.refers or "")
        if column.refers is None or target is None:
            continue  # a table that is not given is the built-in one, which lies above this room
        known = target[column.refers.removesuffix("s") + "_id"]
        missing = _Missing(table, column, known, checked.lost.get(column.refers, frozenset()), rejecting)
        good, found = missing.without_them(good)
        findings += found
    checked.tables[table.name] = good.select(table.schema.names)
    checked.counts[table.name] = good.num_rows
    return findings


@dataclass(frozen=True, slots=True)
class _Missing:
    """What a column names and its target does not have; `lost`: ids of the target's rows that were left out."""

    table: Table
    column: Column
    known: pa.ChunkedArray
    lost: Set[str]
    rejecting: Rejecting

    def without_them(self, rows: pa.Table) -> tuple[pa.Table, list[Finding]]:
        """Rows (with __source and __row) that name nothing unknown: entries, values or whole rows are left out."""
        if pa.types.is_list(self.column.type):
            return self._without_elements(rows)
        return self._without_rows(rows) if self.column.required else self._without_values(rows)

    def _among(self, values: pa.Array | pa.ChunkedArray) -> pa.Array:
        missing = pc.and_(pc.is_valid(values), pc.invert(pc.is_in(values, self.known.combine_chunks())))
        return missing.combine_chunks() if isinstance(missing, pa.ChunkedArray) else missing

    def _without_rows(self, rows: pa.Table) -> tuple[pa.Table, list[Finding]]:
        missing = self._among(rows[self.column.name])
        counted: dict[str, tuple[int, str]] = {}
        lines = []
        for place, row in self._as_written(rows.filter(missing)):
            problem = REJECTED if row[self.column.name] in self.lost else "reference"
            count, first = counted.get(problem, (0, ""))
            counted[problem] = (count + 1, first or describe(self.table, self.column.name, row))
            lines.append((self.column.name, words(self.table, self.column.name, problem)[0], place, row))
        if lines:
            self.rejecting.rejects.add(lines)
        found = [finding(self.table, f"{self.column.name}|{why}", *told) for why, told in counted.items()]
        return rows.filter(pc.invert(missing)), found

    def _without_values(self, rows: pa.Table) -> tuple[pa.Table, list[Finding]]:
        column = rows[self.column.name]
        missing = self._among(column)
        if not missing.true_count:
            return rows, []
        found = self._left_out(rows.filter(missing), column.filter(missing), "value")
        return self._with(rows, pc.if_else(missing, pa.scalar(None, self.column.type), column)), found

    def _without_elements(self, rows: pa.Table) -> tuple[pa.Table, list[Finding]]:
        offsets, flat = list_parts(rows[self.column.name])
        missing = self._among(flat)
        if not missing.true_count:
            return rows, []
        gone = missing.to_numpy(zero_copy_only=False)
        before = np.concatenate([[0], np.cumsum(gone)])
        concerned = rows.filter(pa.array(np.diff(before[offsets]) > 0))
        found = self._left_out(concerned, flat.filter(missing), "entry")
        kept = np.concatenate([[0], np.cumsum(~gone)])
        return self._with(rows, to_lists(kept[offsets], flat.filter(pc.invert(missing))).cast(self.column.type)), found

    def _left_out(self, rows: pa.Table, values: pa.Array | pa.ChunkedArray, what: str) -> list[Finding]:
        """Write the rows that lose `values` and stay; say how many values there are of each sort."""
        again = f"Nothing to do here: repair those rows of {self.column.refers}"
        sorts = {
            False: (f"there is no such row in {self.column.refers}", "Correct the id, or nothing"),
            True: (f"the row it names in {self.column.refers} was rejected", again),
        }
        end = f"; the {what} is left out, the row stays"
        named_ = values.to_pylist()
        gone = {value for value in named_ if value not in self.lost}
        lines = []
        for place, row in self._as_written(rows):
            cell = row[self.column.name]
            unknown = any(e in gone for e in cell) if isinstance(cell, list) else cell in gone
            lines.append((self.column.name, sorts[not unknown][0] + end, place, row))
        self.rejecting.rejects.add(lines, values_only=True)
        found = []
        for lost, (message, step) in sorts.items():
            those = [value for value in named_ if (value in self.lost) is lost]
            if those:
                found.append(
                    Finding(
                        Weight.WARNING, self.table.name, self.column.name, message + end, len(those), f"'{those[0]}'",
                        step, rows_stay=True,
                    )
                )  # fmt: skip
        return found

    def _as_written(self, rows: pa.Table) -> list[tuple[int | None, dict[str, Any]]]:
        """(place in the file, the cells) of each row."""
        out = []
        for row in rows.to_pylist():
            source, place = row.pop("__source"), row.pop("__row")
            out.append((place % PLACES or None, self.rejecting.as_in_the_file(row, source)))
        return out

    def _with(self, rows: pa.Table, values: pa.Array | pa.ChunkedArray) -> pa.Table:
        place = rows.schema.get_field_index(self.column.name)
        return rows.set_column(place, rows.schema.field(place), values)
