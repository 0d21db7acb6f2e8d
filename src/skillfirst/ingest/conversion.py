"""A table's sources as one SQL query in the contract's types, each row with the reason why it is bad, if it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skillfirst.errors import DataError
from skillfirst.ingest.columns import LISTS, as_texts, convert
from skillfirst.ingest.findings import Finding, Weight
from skillfirst.ingest.formats import open_source
from skillfirst.ingest.formats.base import Spoiled, named, quoted
from skillfirst.ingest.mapping import did_you_mean
from skillfirst.ingest.sources import Source
from skillfirst.tables.schemas import Column, Kind, Table

if TYPE_CHECKING:
    import duckdb

    from skillfirst.ingest.formats import Scan

# what an event of a kind must name besides the member; the others may name a course, a skill or nothing
NEEDS_COURSE = ("impression", "click", "watch", "complete", "enrol", "bookmark", "dismiss")
NEEDS_SKILL = ("interest", "refuse_skill")
DEFAULTS = {("courses", "language"): "en", ("member_skills", "source"): "explicit"}
# optional, but without them a row says more than was meant: a refusal would become a skill, a doubt a certainty
DECISIVE = (("member_skills", "source"), ("title_skills", "weight"))

_DUCK = {
    Kind.DATE: "DATE", Kind.TIME: "TIMESTAMPTZ", Kind.NUMBER: "DOUBLE", Kind.INTEGER: "BIGINT", Kind.FLAG: "BOOLEAN",
    Kind.TEXTS: "VARCHAR[]", Kind.IDS: "VARCHAR[]", Kind.LANGUAGES: "VARCHAR[]", Kind.MAP: "MAP(VARCHAR, VARCHAR)",
}  # fmt: skip


@dataclass
class Conversion:
    """`sql`: our columns, then __source, __row (place in the file), __reason ("column|problem" or null: why the row is
    left out), __empty (the same of values that are left out of rows that stay, joined by ","), __original (the row as
    written, as JSON, where one of both is there).

    `given`: columns that at least one source has. `separators`: what lists were cut at, by source and column, where
    they were texts. `findings`: what is known before a row is read. `spoiled`: asked after the query has run.
    """

    sql: str
    given: set[str] = field(default_factory=set)
    separators: dict[tuple[int, str], str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    spoiled: list[Callable[[duckdb.DuckDBPyConnection], list[Spoiled]]] = field(default_factory=list)


def convert_table(
    connection: duckdb.DuckDBPyConnection, table: Table, sources: tuple[Source, ...], first_number: int, work: Path
) -> Conversion:
    """The query over all sources of a table. Findings that are fatal come with a query that must not be run."""
    conversion = Conversion("")
    parts: list[str] = []
    for place, source in enumerate(sources):
        try:
            scan = open_source(connection, source, first_number + place, work)
            if scan.empty:
                conversion.findings.append(
                    Finding(
                        Weight.WARNING,
                        table.name,
                        None,
                        f"{source.label} is empty",
                        next_step="Nothing is read from it",
                    )
                )
                continue
            part = _part(connection, table, source, scan, place, conversion)
            if part is not None:
                parts.append(part)
                conversion.spoiled.append(scan.spoiled)
        except DataError as error:
            conversion.findings.append(Finding.of(error, table.name))
    conversion.sql = " UNION ALL ".join(parts) if parts else _nothing(table)
    return conversion


def _nothing(table: Table) -> str:
    columns = ", ".join(f"CAST(NULL AS {_DUCK.get(c.kind, 'VARCHAR')}) AS {named(c.name)}" for c in table)
    tail = "0 AS __source, 0 AS __row, " + ", ".join(
        f"CAST(NULL AS VARCHAR) AS {name}" for name in ("__reason", "__empty", "__original")
    )
    return f"SELECT {columns}, {tail} WHERE false"


def _part(
    connection: duckdb.DuckDBPyConnection, table: Table, source: Source, scan: Scan, place: int, conversion: Conversion
) -> str | None:
    """The query over one source; None where fatal findings were added instead."""
    spec = source.spec
    relation, types, ordinal = scan.relation, scan.columns, scan.ordinal
    if spec.query:
        relation = "(" + spec.query.replace("{path}", relation) + ")"
        types = _described(connection, table, f"SELECT * FROM {relation}", "query")
        ordinal = "row_number() OVER ()"
    taken = _taken(table, source, types, conversion)
    if any(f.weight is Weight.FATAL for f in conversion.findings):
        return None
    inner = _inner(table, source, relation, types, ordinal, taken)
    _described(connection, table, inner, "where" if spec.where else "query")
    written: list[str] = []
    values: list[str] = []
    problems: list[tuple[str, str]] = []
    left: dict[str, tuple[tuple[tuple[str, str], ...], str]] = {}
    there = [c for c in table if c.name in taken or c.name in spec.constants]
    _formats_work(connection, table, spec.date_format)
    for column in there:
        text = column.name in spec.constants or column.name == spec.explode
        type_ = "VARCHAR" if text else types[taken[column.name]]
        cell = convert(
            column,
            named(column.name),
            type_,
            separator=spec.separator,
            words=spec.values.get(column.name),
            unit=spec.time_unit.get(column.name),
            formats=spec.date_format.get(column.name, ()),
            table=table.name,
        )
        written.append(f"{cell.written} AS {named('__' + column.name)}")
        values.append(f"{cell.value} AS {named(column.name)}")
        if column.required or (table.name, column.name) in DECISIVE:
            problems += [(condition, f"{column.name}|{problem}") for condition, problem in cell.problems]
        elif cell.problems:
            left[column.name] = cell.problems, cell.rest
        if column.kind in LISTS and type_ == "VARCHAR" and source.format != "jsonl":
            conversion.separators[place, column.name] = spec.separator
    problems += _needs(table, {c.name for c in there})
    conversion.given |= {c.name for c in there}
    return _in_steps(table, inner, place, there, written, values, problems, left)


def _in_steps(
    table: Table,
    inner: str,
    place: int,
    there: list[Column],
    written: list[str],
    values: list[str],
    problems: list[tuple[str, str]],
    left: dict[str, tuple[tuple[tuple[str, str], ...], str]],
) -> str:
    """As written, converted, judged: a step a query, so that each expression is computed once.

    `problems` cost the row; `left` (by column: its problems, what stays of the value) cost the value alone.
    """
    whens = " ".join(f"WHEN {condition} THEN {quoted(reason)}" for condition, reason in problems)
    reason = f"CASE {whens} END" if whens else "CAST(NULL AS VARCHAR)"
    row = ", ".join(f"{quoted(c.name)}: {plain(c, named('__' + c.name))}" for c in there)
    names = {c.name for c in there}
    columns = []
    for column in table:
        default = DEFAULTS.get((table.name, column.name))
        value = named(column.name) if column.name in names else "NULL"
        if column.name in left:
            found, rest = left[column.name]
            value = f"CASE WHEN __empty IS NOT NULL AND ({_any(found)}) THEN {rest} ELSE {value} END"
        value = f"coalesce({value}, {quoted(default)})" if default else value
        columns.append(f"CAST({value} AS {_DUCK.get(column.kind, 'VARCHAR')}) AS {named(column.name)}")
    as_written = f"SELECT {', '.join(written)}, __row FROM ({inner})"
    converted = f"SELECT *, {', '.join(values)} FROM ({as_written})"
    judged = f"SELECT *, {reason} AS __reason, {_emptied(left)} AS __empty FROM ({converted})"
    original = f"CAST(to_json({{{row}}}) AS VARCHAR)"
    return (
        f"SELECT {', '.join(columns)}, {place} AS __source, __row, __reason, __empty, "
        f"CASE WHEN __reason IS NOT NULL OR __empty IS NOT NULL THEN {original} END AS __original FROM ({judged})"
    )


def _any(problems: tuple[tuple[str, str], ...]) -> str:
    return " OR ".join(f"({condition})" for condition, _ in problems)


def _emptied(left: dict[str, tuple[tuple[tuple[str, str], ...], str]]) -> str:
    """SQL: the codes of all values left out of a row, null for most rows, which never get to the texts."""
    if not left:
        return "CAST(NULL AS VARCHAR)"
    codes = []
    for column, (problems, _) in left.items():
        whens = " ".join(f"WHEN {condition} THEN {quoted(f'{column}|{name}')}" for condition, name in problems)
        codes.append(f"CASE {whens} END")
    wrong = " OR ".join(_any(problems) for problems, _ in left.values())
    return f"CASE WHEN {wrong} THEN concat_ws(',', {', '.join(codes)}) END"


def plain(column: Column, value: str) -> str:
    """SQL: a value as JSON shows it; lists and maps as they are, the rest as text."""
    return value if column.kind in (*LISTS, Kind.MAP) else f"CAST({value} AS VARCHAR)"


def _needs(table: Table, there: set[str]) -> list[tuple[str, str]]:
    """An event without the course or skill its kind is about says nothing."""
    if table.name != "events":
        return []
    found = []
    for column, kinds in (("course_id", NEEDS_COURSE), ("skill_id", NEEDS_SKILL)):
        empty = f"{named(column)} IS NULL" if column in there else "true"
        found.append((f"kind IN ({', '.join(quoted(k) for k in kinds)}) AND {empty}", f"{column}|needs"))
    return found


def _formats_work(connection: duckdb.DuckDBPyConnection, table: Table, formats: dict[str, tuple[str, ...]]) -> None:
    import duckdb

    for column, given in formats.items():
        for format_ in given:
            try:
                connection.execute("SELECT try_strptime('x', ?)", [format_]).fetchall()
            except duckdb.Error as error:
                reason = str(error).splitlines()[0].split("specifier ")[-1]
                raise DataError(
                    f"the date_format {format_!r} cannot be used: {reason}", table=table.name, column=column,
                    next_step="%d is the day, %m the month, %Y the year, %H:%M:%S the time of day",
                ) from None  # fmt: skip


def _described(connection: duckdb.DuckDBPyConnection, table: Table, sql: str, key: str) -> dict[str, str]:
    import duckdb

    try:
        return {name: type_ for name, type_, *_ in connection.execute(f"DESCRIBE {sql}").fetchall()}
    except duckdb.Error as error:
        raise DataError(
            f"the mapping's '{key}' cannot be run: {' '.join(str(error).split())[:300]}",
            table=table.name,
            next_step="Correct the SQL",
        ) from None


def _taken(table: Table, source: Source, types: dict[str, str], conversion: Conversion) -> dict[str, str]:
    """Our column -> the file's column, after checking that what is asked for is there."""
    spec = source.spec
    stated = spec.columns or {}
    for ours, theirs in stated.items():
        if theirs and theirs not in types:
            conversion.findings.append(
                Finding(
                    Weight.FATAL, table.name, ours, f"{source.label} has no column '{theirs}'",
                    next_step=did_you_mean(theirs, types),
                )
            )  # fmt: skip
    taken = {ours: theirs for ours, theirs in stated.items() if theirs in types}
    names = [c.name for c in table]
    taken |= {n: n for n in names if n in types and n not in stated and n not in spec.constants}
    missing = [c for c in table.required if c not in taken and c not in spec.constants and c not in stated]
    for column in missing:
        others = [t for t in types if t not in taken.values()]
        conversion.findings.append(
            Finding(
                Weight.FATAL, table.name, column, f"{source.label} has no column '{column}', which is required",
                next_step=f'Map one in skillfirst.toml: [sources.{table.name}] path = "..." '
                f'columns = {{{column} = "..."}}. {did_you_mean(column, others)}',
            )
        )  # fmt: skip
    if spec.explode and spec.explode not in taken:
        conversion.findings.append(
            Finding(Weight.FATAL, table.name, spec.explode, "the column to explode is not mapped",
                    next_step=f"Add columns = {{{spec.explode} = \"...\"}}")
        )  # fmt: skip
    unknown = [t for t in types if t not in taken.values() and t not in names]
    if unknown and spec.columns is None and not spec.query:
        shown = ", ".join(unknown[:8]) + (f" and {len(unknown) - 8} more" if len(unknown) > 8 else "")
        hint = did_you_mean(unknown[0], [n for n in names if n not in taken])
        conversion.findings.append(
            Finding(Weight.NOTE, table.name, None, f"{source.label} has columns that are not used: {shown}",
                    next_step=hint if hint.startswith("Did") else "Map them in skillfirst.toml if they mean something")
        )  # fmt: skip
    return taken


def _inner(
    table: Table, source: Source, relation: str, types: dict[str, str], ordinal: str, taken: dict[str, str]
) -> str:
    """Our names over the file's own columns: filtered, exploded, distinct; and the row's place."""
    spec = source.spec
    columns = []
    for column in table:
        if column.name in spec.constants:
            columns.append(f"{_constant(spec.constants[column.name], spec.separator)} AS {named(column.name)}")
        elif column.name in taken:
            raw = named(taken[column.name])
            if spec.explode == column.name:
                raw = f"unnest({as_texts(raw, types[taken[column.name]], spec.separator)})"
            columns.append(f"{raw} AS {named(column.name)}")
    # the window is computed before the filter, so that a place is a place in the file
    base = f"SELECT *, {ordinal} AS __row FROM {relation}"
    where = f" WHERE ({spec.where})" if spec.where else ""
    if spec.distinct:
        rows = f"SELECT {', '.join(columns)}, __row FROM ({base}){where}"
        return f"SELECT * EXCLUDE (__row), min(__row) AS __row FROM ({rows}) GROUP BY ALL"
    return f"SELECT {', '.join(columns)}, __row FROM ({base}){where}"


def _constant(value: Any, separator: str) -> str:
    if isinstance(value, list):
        return quoted(separator.join(str(v) for v in value))
    if isinstance(value, dict):
        return quoted(json.dumps({str(k): str(v) for k, v in value.items()}))
    if isinstance(value, bool):
        return quoted("true" if value else "false")
    return quoted(str(value))
