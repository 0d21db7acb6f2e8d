"""From a cell as exported to a cell of the contract: one SQL expression a kind.

DuckDB evaluates them, so a table of any length is converted out of core.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from skillfirst.errors import DataError
from skillfirst.ingest.formats.base import quoted
from skillfirst.tables.schemas import Column, Kind

FIRST_DAY, LAST_DAY = "1900-01-01", "2199-12-31"  # a course or a joining outside of these is a slip of the pen
FIRST_TIME, LAST_TIME = "1990-01-01", "2199-12-31"  # no platform logged earlier; 1970 is a zero taken for a time
_SPACES = " \t\r\n\u00a0\ufeff"
_NUMBERS = (
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "UHUGEINT",
)
_UNIT = {"s": 1_000_000, "ms": 1_000, "us": 1}
LISTS = (Kind.TEXTS, Kind.IDS, Kind.LANGUAGES)


@dataclass(frozen=True, slots=True)
class Cell:
    """SQL of one column: the `value` in the contract's type (null where unreadable), what makes it bad, how it was written.

    `problems`: (condition, name of the problem); the first that holds is the reason of the row.
    """

    value: str
    problems: tuple[tuple[str, str], ...]
    raw: str


def _is_list(type_: str) -> bool:
    return type_.endswith("[]") or bool(re.search(r"\[\d+\]$", type_))


def _is_number(type_: str) -> bool:
    return type_ in _NUMBERS or _is_float(type_)


def _is_float(type_: str) -> bool:
    return type_ in ("DOUBLE", "FLOAT") or type_.startswith("DECIMAL")


def trimmed(text: str) -> str:
    return f"nullif(trim({text}, {quoted(_SPACES)}), '')"


def as_text(raw: str, type_: str) -> str:
    """A scalar as trimmed text, null when blank; whole floats lose their .0 (ids of a column with gaps)."""
    if _is_float(type_):
        whole = f"isfinite(CAST({raw} AS DOUBLE)) AND CAST({raw} AS DOUBLE) = floor({raw}) AND abs({raw}) < 9e15"
        return (
            f"CASE WHEN {raw} IS NULL OR isnan(CAST({raw} AS DOUBLE)) THEN NULL WHEN {whole} "
            f"THEN CAST(CAST({raw} AS BIGINT) AS VARCHAR) ELSE CAST({raw} AS VARCHAR) END"
        )
    if type_ == "VARCHAR":
        return trimmed(raw)
    return trimmed(f"CAST({raw} AS VARCHAR)")


def as_texts(raw: str, type_: str, separator: str) -> str:
    """A list column, a JSON list or separated text as a list of trimmed texts without blanks; null when null."""
    if _is_list(type_):
        listed = f"CAST({raw} AS VARCHAR[])"
    else:
        text = as_text(raw, type_)
        json = f"starts_with({text}, '[') AND json_valid({text})"
        listed = f"CASE WHEN {json} THEN from_json({text}, '[\"VARCHAR\"]') ELSE string_split({text}, {quoted(separator)}) END"
    return f"list_filter(list_transform({listed}, lambda e: {trimmed('e')}), lambda e: e IS NOT NULL)"


def replaced(text: str, words: dict[str, str]) -> str:
    """Words to words, without regard to case; "*" stands for every other word."""
    if not words:
        return text
    whens = " ".join(f"WHEN {quoted(k.strip().lower())} THEN {quoted(v)}" for k, v in words.items() if k != "*")
    rest = quoted(words["*"]) if "*" in words else text
    chosen = f"CASE lower({text}) {whens} ELSE {rest} END" if whens else rest
    return f"nullif(CASE WHEN {text} IS NOT NULL THEN {chosen} END, '')"


def language(text: str) -> str:
    """A BCP 47 tag in its usual letters (de, pt-BR, zh-Hant); null when it is none."""
    tag = f"replace(lower({text}), '_', '-')"
    part = "CASE WHEN i = 1 THEN p WHEN length(p) = 2 THEN upper(p) WHEN length(p) = 4 THEN upper(p[1]) || p[2:] ELSE p END"
    usual = f"array_to_string(list_transform(string_split({tag}, '-'), lambda p, i: {part}), '-')"
    return f"CASE WHEN regexp_full_match({tag}, '[a-z]{{2,3}}(-[a-z0-9]{{1,8}})*') THEN {usual} END"


def convert(
    column: Column,
    raw: str,
    type_: str,
    *,
    separator: str = ";",
    words: dict[str, str] | None = None,
    unit: str | None = None,
    table: str,
) -> Cell:
    """The cell of one column from SQL `raw` of DuckDB type `type_`.

    Raises DataError when the type as a whole cannot hold the column: a list where one value is asked for, a number
    for a time without a unit.
    """
    structured = _is_list(type_) or type_.startswith(("STRUCT", "MAP"))
    if structured and column.kind not in (*LISTS, Kind.MAP):
        raise DataError(
            f"the type is {type_.lower()}, one {column.kind} is asked for",
            table=table,
            column=column.name,
            next_step="Map another column, or explode the list in the mapping",
        )
    if type_.startswith(("STRUCT", "MAP")) and column.kind in LISTS:
        raise DataError(f"the type is {type_.lower()}, a list is asked for", table=table, column=column.name)
    if column.kind in LISTS:
        return _list_cell(column, raw, type_, separator, words or {})
    if column.kind is Kind.MAP:
        return _map_cell(raw, type_, separator)
    text = as_text(raw, type_)
    if words:
        text, raw, type_ = replaced(text, words), replaced(text, words), "VARCHAR"
    value, problems = _scalar(column, raw, text, type_, unit, table)
    found = [(f"{text} IS NULL", "empty")] if column.required else []
    return Cell(value, (*found, *problems), text)


def _scalar(
    column: Column, raw: str, text: str, type_: str, unit: str | None, table: str
) -> tuple[str, list[tuple[str, str]]]:
    unreadable = f"{text} IS NOT NULL AND {{}} IS NULL"
    if column.kind is Kind.DATE:
        value = _date(raw, text, type_, unit, table, column)
        beyond = f"{value} NOT BETWEEN DATE '{FIRST_DAY}' AND DATE '{LAST_DAY}'"
        return value, [(unreadable.format(value), "date"), (beyond, "beyond")]
    if column.kind is Kind.TIME:
        value = _time(raw, text, type_, unit, table, column)
        beyond = f"{value} NOT BETWEEN TIMESTAMPTZ '{FIRST_TIME} 00:00:00+00' AND TIMESTAMPTZ '{LAST_TIME} 00:00:00+00'"
        return value, [(unreadable.format(value), "time"), (beyond, "beyond")]
    if column.kind in (Kind.NUMBER, Kind.INTEGER):
        number = f"TRY_CAST({text} AS DOUBLE)"
        finite = f"CASE WHEN isfinite({number}) THEN {number} END"
        value = (
            finite
            if column.kind is Kind.NUMBER
            else f"CASE WHEN {finite} = floor({finite}) THEN CAST({finite} AS BIGINT) END"
        )
        problems = [(unreadable.format(value), "number" if column.kind is Kind.NUMBER else "integer")]
        bounds = [f"{value} < {column.low}"] if column.low is not None else []
        bounds += [f"{value} > {column.high}"] if column.high is not None else []
        return value, problems + ([(" OR ".join(bounds), "range")] if bounds else [])
    if column.kind is Kind.FLAG:
        yes, no = "('true', '1', 'yes', 'y', 't')", "('false', '0', 'no', 'n', 'f')"
        value = f"CASE WHEN lower({text}) IN {yes} THEN true WHEN lower({text}) IN {no} THEN false END"
        return value, [(unreadable.format(value), "flag")]
    if column.kind is Kind.LANGUAGE:
        value = language(text)
        return value, [(unreadable.format(value), "language")]
    if column.choices:
        allowed = ", ".join(quoted(c) for c in column.choices)
        return f"lower({text})", [(f"lower({text}) NOT IN ({allowed})", "choice")]
    return text, []


def _number_as_time(raw: str, text: str, type_: str, unit: str | None, table: str, column: Column) -> str:
    if unit:
        number = f"TRY_CAST({text} AS DOUBLE)"
        scale = _UNIT[unit]
        # beyond the year 9999 the cast itself would fail
        return f"CASE WHEN abs({number}) * {scale} < 2.5e17 THEN to_timestamp({number} * {scale} / 1e6) END"
    raise DataError(
        f"the type is {type_.lower()}, a {column.kind} is asked for",
        table=table,
        column=column.name,
        next_step=f'For seconds since 1970 set time_unit = {{{column.name} = "s"}} in the mapping',
    )


def _date(raw: str, text: str, type_: str, unit: str | None, table: str, column: Column) -> str:
    if type_ == "DATE":
        return raw
    if type_.startswith("TIMESTAMP"):
        return f"CAST(CAST({raw} AS TIMESTAMP) AS DATE)"
    if unit or _is_number(type_) or type_ == "BOOLEAN":
        return f"CAST(CAST({_number_as_time(raw, text, type_, unit, table, column)} AS TIMESTAMP) AS DATE)"
    # the day as written: an offset behind the time of day does not move it
    return f"CASE WHEN regexp_matches({text}, '^[0-9]{{4}}[-/]') THEN TRY_CAST({text} AS DATE) END"


def _time(raw: str, text: str, type_: str, unit: str | None, table: str, column: Column) -> str:
    if type_.startswith("TIMESTAMP") or type_ == "DATE":
        return f"CAST({raw} AS TIMESTAMPTZ)"
    if unit or _is_number(type_) or type_ == "BOOLEAN":
        return _number_as_time(raw, text, type_, unit, table, column)
    return f"CASE WHEN regexp_matches({text}, '^[0-9]{{4}}[-/]') THEN TRY_CAST({text} AS TIMESTAMPTZ) END"


def _list_cell(column: Column, raw: str, type_: str, separator: str, words: dict[str, str]) -> Cell:
    listed = as_texts(raw, type_, separator)
    if words:
        listed = f"list_filter(list_transform({listed}, lambda e: {replaced('e', words)}), lambda e: e IS NOT NULL)"
    problems: list[tuple[str, str]] = []
    value = listed
    if column.kind is Kind.LANGUAGES:
        value = f"list_transform({listed}, lambda e: {language('e')})"
        problems.append((f"list_contains(list_transform({value}, lambda e: e IS NULL), true)", "language"))
    return Cell(value, tuple(problems), f"CAST({raw} AS VARCHAR)")


def _map_cell(raw: str, type_: str, separator: str) -> Cell:
    target = "MAP(VARCHAR, VARCHAR)"
    if type_.startswith(("STRUCT", "MAP")):
        return Cell(f"CAST({raw} AS {target})", (), f"CAST({raw} AS VARCHAR)")
    text = as_text(raw, type_)
    pairs = (
        f"map_from_entries(list_transform(string_split({text}, {quoted(separator)}), "
        f"lambda e: {{'k': trim(split_part(e, '=', 1)), 'v': trim(split_part(e, '=', 2))}}))"
    )
    json = f"starts_with({text}, '{{') AND json_valid({text})"
    value = f"CASE WHEN {json} THEN from_json({text}, '\"{target}\"') WHEN contains({text}, '=') THEN {pairs} END"
    return Cell(value, ((f"{text} IS NOT NULL AND {value} IS NULL", "map"),), text)
