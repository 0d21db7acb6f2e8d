"""Rows and values that are left out: written to the rejects as they stood in the input, counted once a reason."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

from skillfirst.ingest.checked import RejectFile
from skillfirst.ingest.conversion import DEFAULTS, Conversion, plain
from skillfirst.ingest.findings import REJECTED, Finding, Weight, words
from skillfirst.ingest.formats.base import PLACES, named, quoted
from skillfirst.tables.schemas import Kind, Table

TOLD = ("__reason", "__empty", "__original", "__source", "__row")  # what a `Rejecting` reads of a converted row


def typed_row(table: Table, prefix: str = "") -> str:
    """SQL: a converted row as JSON, for rows whose fault is not in their own cells."""
    row = ", ".join(f"{quoted(c.name)}: {plain(c, named(prefix + c.name))}" for c in table)
    return f"CAST(to_json({{{row}}}) AS VARCHAR)"


class Rejecting:
    """Takes converted rows (columns TOLD) of one table batch by batch; `findings` says what there was."""

    def __init__(self, table: Table, conversion: Conversion, rejects: RejectFile) -> None:
        self.table, self.rejects, self._separators = table, rejects, conversion.separators
        self._rows: dict[str, tuple[int, str]] = {}
        self._values: dict[str, tuple[int, str]] = {}
        self.lost: set[str] = set()

    def add(self, bad: pa.Table) -> None:
        """Write rows that have a reason, and what is empty in the others."""
        rows, values = [], []
        for reason, empty, original, source, row in zip(*(bad[name].to_pylist() for name in TOLD), strict=True):
            cells = self.as_in_the_file(json.loads(original), source)
            if reason is not None:
                rows.append(self._line(self._rows, reason, row, cells))
                key = cells.get(self.table.key[0]) if self.table.key else None
                if key is not None and not reason.endswith("|duplicate"):
                    self.lost.add(key)
            else:
                values += [self._line(self._values, code, row, cells) for code in empty.split(",")]
        if rows:
            self.rejects.add(rows)
        if values:
            self.rejects.add(values, values_only=True)

    def as_in_the_file(self, cells: dict[str, Any], source: int) -> dict[str, Any]:
        """Lists as the text they were cut from."""
        for name, value in cells.items():
            separator = self._separators.get((source, name))
            if isinstance(value, list) and separator is not None:
                cells[name] = separator.join(value)
        return cells

    @property
    def findings(self) -> list[Finding]:
        return [
            *(finding(self.table, code, count, first) for code, (count, first) in self._rows.items()),
            *(left_out(self.table, code, count, first) for code, (count, first) in self._values.items()),
        ]

    def _line(
        self, counted: dict[str, tuple[int, str]], code: str, row: int, cells: dict[str, Any]
    ) -> tuple[str, str, int | None, dict[str, Any]]:
        column, problem = code.split("|")
        count, first = counted.get(code, (0, ""))
        counted[code] = (count + 1, first or describe(self.table, column, cells))
        return column, words(self.table, column, problem)[0], row % PLACES or None, cells


def finding(table: Table, code: str, count: int, first: str) -> Finding:
    """Rows left out for one reason."""
    column, problem = code.split("|")
    message, step = words(table, column, problem)
    return Finding(Weight.WARNING, table.name, column, message, count, first, step, follows=problem == REJECTED)


def left_out(table: Table, code: str, count: int, first: str) -> Finding:
    """Values left out for one reason, their rows kept."""
    column, problem = code.split("|")
    message, step = words(table, column, problem)
    instead = DEFAULTS.get((table.name, column))
    taken = f"it is taken as {instead}" if instead else "it is left empty"
    if table.column(column).kind is Kind.LANGUAGES:
        taken = "such entries are left out"
    message = f"{message}; {taken}, the row stays"
    return Finding(Weight.WARNING, table.name, column, message, count, first, step, rows_stay=True)


def describe(table: Table, column: str, values: dict[str, Any]) -> str:
    """The first offender as text: its value, and the row's key where that says more."""
    value = values.get(column)
    shown = "empty" if value is None else f"'{str(value)[:80]}'"
    key = next((c for c in (table.key or table.required) if c != column and values.get(c)), None)
    return f"{shown} with {key} '{str(values[key])[:80]}'" if key else shown
