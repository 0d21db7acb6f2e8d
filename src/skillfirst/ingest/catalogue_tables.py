"""Catalogue tables: converted by DuckDB, kept in memory, their keys and references checked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skillfirst.ingest.checked import Checked, RejectFile
from skillfirst.ingest.conversion import Conversion
from skillfirst.ingest.findings import Finding, Weight, words
from skillfirst.ingest.formats.base import PLACES, named, quoted
from skillfirst.tables.schemas import Column, Table
from skillfirst.tables.sparse import list_parts, to_lists

if TYPE_CHECKING:
    import duckdb


def typed_row(table: Table, prefix: str = "") -> str:
    """SQL: a converted row as JSON, for rows whose fault is not in their own cells."""
    row = ", ".join(f"{quoted(c.name)}: CAST({named(prefix + c.name)} AS VARCHAR)" for c in table)
    return f"CAST(to_json({{{row}}}) AS VARCHAR)"


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
    original = f"CASE WHEN __reason IS NOT NULL THEN coalesce(__original, {typed_row(table)}) END AS __original"
    sql = (
        f"SELECT {columns}, __source, __row, __reason, {original} FROM "
        f"(SELECT {columns}, __source, __row, {reason} AS __reason, __original FROM ({conversion.sql})) "
        "ORDER BY __source, __row"
    )
    rows = connection.sql(sql).to_arrow_table()
    bad = pc.is_valid(rows["__reason"])
    findings = reject_rows(table, rows.filter(bad), rejects)
    good = rows.filter(pc.invert(bad)).select(list(table.schema.names)).cast(table.schema).combine_chunks()
    good, more = _references(table, good, checked, rejects)
    checked.tables[table.name] = good
    checked.counts[table.name] = good.num_rows
    return findings + more


def reject_rows(table: Table, bad: pa.Table, rejects: RejectFile) -> list[Finding]:
    """Write bad rows (columns __reason, __original, __row) and say once a reason how many there are."""
    by_reason: dict[str, tuple[int, str]] = {}
    lines = []
    for code, original, row in zip(
        bad["__reason"].to_pylist(), bad["__original"].to_pylist(), bad["__row"].to_pylist(), strict=True
    ):
        column, problem = code.split("|")
        values = json.loads(original)
        count, first = by_reason.get(code, (0, None))
        if first is None:
            first = describe(table, column, values)
        by_reason[code] = (count + 1, first)
        lines.append((column, words(table, column, problem)[0], row % PLACES or None, values))
    rejects.add(lines)
    return [finding(table, code, count, first) for code, (count, first) in by_reason.items()]


def finding(table: Table, code: str, count: int, first: str) -> Finding:
    column, problem = code.split("|")
    message, step = words(table, column, problem)
    return Finding(Weight.WARNING, table.name, column, message, count, first, step)


def describe(table: Table, column: str, values: dict[str, str | None]) -> str:
    """The first offender as text: its value, and the row's key where that says more."""
    value = values.get(column)
    shown = "empty" if value is None else f"'{str(value)[:80]}'"
    key = next((c for c in (table.key or table.required) if c != column and values.get(c)), None)
    return f"{shown} with {key} '{str(values[key])[:80]}'" if key else shown


def _references(table: Table, rows: pa.Table, checked: Checked, rejects: RejectFile) -> tuple[pa.Table, list[Finding]]:
    findings: list[Finding] = []
    for column in table:
        target = rows if column.refers == table.name else checked.tables.get(column.refers or "")
        if column.refers is None or target is None:
            continue  # a table that is not given is the built-in one, which lies above this room
        known = target[column.refers.removesuffix("s") + "_id"]
        if pa.types.is_list(column.type):
            rows, found = _without_unknown_elements(table, column, rows, known)
        elif column.required:
            rows, found = _without_unknown_rows(table, column, rows, known, rejects)
        else:
            rows, found = _without_unknown_values(table, column, rows, known)
        findings += found
    return rows, findings


def _unknown(values: pa.Array | pa.ChunkedArray, known: pa.ChunkedArray) -> pa.Array:
    missing = pc.and_(pc.is_valid(values), pc.invert(pc.is_in(values, known.combine_chunks())))
    return missing.combine_chunks() if isinstance(missing, pa.ChunkedArray) else missing


def _without_unknown_rows(
    table: Table, column: Column, rows: pa.Table, known: pa.ChunkedArray, rejects: RejectFile
) -> tuple[pa.Table, list[Finding]]:
    missing = _unknown(rows[column.name], known)
    bad = rows.filter(missing)
    if not bad.num_rows:
        return rows, []
    message = words(table, column.name, "reference")[0]
    rejects.add((column.name, message, None, row) for row in bad.to_pylist())
    first = describe(table, column.name, bad.slice(0, 1).to_pylist()[0])
    return rows.filter(pc.invert(missing)), [finding(table, f"{column.name}|reference", bad.num_rows, first)]


def _without_unknown_values(
    table: Table, column: Column, rows: pa.Table, known: pa.ChunkedArray
) -> tuple[pa.Table, list[Finding]]:
    missing = _unknown(rows[column.name], known)
    count = missing.true_count
    if not count:
        return rows, []
    place = rows.schema.get_field_index(column.name)
    first = rows[column.name].filter(missing)[0].as_py()
    values = pc.if_else(missing, pa.scalar(None, column.type), rows[column.name])
    message = f"there is no such row in {column.refers}; the value is left out, the row stays"
    note = Finding(Weight.WARNING, table.name, column.name, message, count, f"'{first}'", "Correct the id, or nothing")
    return rows.set_column(place, rows.schema.field(place), values), [note]


def _without_unknown_elements(
    table: Table, column: Column, rows: pa.Table, known: pa.ChunkedArray
) -> tuple[pa.Table, list[Finding]]:
    offsets, flat = list_parts(rows[column.name])
    missing = _unknown(flat, known)
    count = missing.true_count
    if not count:
        return rows, []
    kept = np.concatenate([[0], np.cumsum(~missing.to_numpy(zero_copy_only=False))])
    values = to_lists(kept[offsets], flat.filter(pc.invert(missing))).cast(column.type)
    place = rows.schema.get_field_index(column.name)
    message = f"there is no such row in {column.refers}; the entry is left out, the row stays"
    note = Finding(
        Weight.WARNING,
        table.name,
        column.name,
        message,
        count,
        f"'{flat.filter(missing)[0].as_py()}'",
        "Correct the id, or nothing",
    )
    return rows.set_column(place, rows.schema.field(place), values), [note]
