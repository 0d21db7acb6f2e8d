"""From a cell as exported to a cell of the contract: one SQL expression a kind.

DuckDB evaluates them, so a table of any length is converted out of core.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from skillfirst.errors import DataError
from skillfirst.ingest.findings import FORMAT
from skillfirst.ingest.formats.base import named, quoted
from skillfirst.tables.schemas import Column, Kind

FIRST_DAY, LAST_DAY = "1900-01-01", "2199-12-31"  # a course or a joining outside of these is a slip of the pen
FIRST_TIME, LAST_TIME = "1990-01-01", "2199-12-31"  # no platform logged earlier; 1970 is a zero taken for a time
_SPACES = " \t\r\n\u00a0\ufeff"
_WHOLE = (
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
    """SQL of one column in three steps, each over the names of the step before, so that no work is done twice.

    `written`: what the file says, as the column `__<name>`. `value`: the contract's type over that column, as `<name>`;
    null where unreadable. `problems`: (condition over both, name of the problem); the first that holds is the reason.
    `rest`: what stays of the value where one of them holds and the row goes on without it.
    """

    written: str
    value: str
    problems: tuple[tuple[str, str], ...]
    rest: str = "NULL"


def _is_list(type_: str) -> bool:
    return type_.endswith("[]") or bool(re.search(r"\[\d+\]$", type_))


def _is_number(type_: str) -> bool:
    return type_ in _WHOLE or _is_float(type_)


def _is_float(type_: str) -> bool:
    return type_ in ("DOUBLE", "FLOAT") or type_.startswith("DECIMAL")


def trimmed(text: str) -> str:
    """Without white space around, null when blank. Most cells need nothing done, and looking is cheaper than doing."""
    clean = f"{text} >= '!' AND {text} <= '~' AND {text}[-1] >= '!' AND {text}[-1] <= '~'"
    return f"CASE WHEN {clean} THEN {text} ELSE nullif(trim({text}, {quoted(_SPACES)}), '') END"


def as_text(raw: str, type_: str) -> str:
    """A scalar as trimmed text, null when blank; whole floats lose their .0 (ids of a column with gaps)."""
    if type_ in _WHOLE:
        return f"CAST({raw} AS VARCHAR)"
    if _is_float(type_):
        whole = f"isfinite(CAST({raw} AS DOUBLE)) AND CAST({raw} AS DOUBLE) = floor({raw}) AND abs({raw}) < 9e15"
        return (
            f"CASE WHEN {raw} IS NULL OR isnan(CAST({raw} AS DOUBLE)) THEN NULL WHEN {whole} "
            f"THEN CAST(CAST({raw} AS BIGINT) AS VARCHAR) ELSE CAST({raw} AS VARCHAR) END"
        )
    return trimmed(raw if type_ == "VARCHAR" else f"CAST({raw} AS VARCHAR)")


def as_texts(raw: str, type_: str, separator: str) -> str:
    """A list column, a JSON list or separated text as a list of trimmed texts without blanks; null when null."""
    if _is_list(type_):
        listed = f"CAST({raw} AS VARCHAR[])"
    else:
        text = as_text(raw, type_)
        json = f"starts_with({text}, '[') AND json_valid({text})"
        split = f"string_split({text}, {quoted(separator)})"
        listed = f"CASE WHEN {json} THEN from_json({text}, '[\"VARCHAR\"]') ELSE {split} END"
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
    region, script = "WHEN length(p) = 2 THEN upper(p)", "WHEN length(p) = 4 THEN upper(p[1]) || p[2:]"
    part = f"CASE WHEN i = 1 THEN p {region} {script} ELSE p END"
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
    formats: tuple[str, ...] = (),
    table: str,
) -> Cell:
    """The cell of one column from SQL `raw` of DuckDB type `type_`; `formats` (of strptime): of dates in other forms.

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
    written = named("__" + column.name)
    if column.kind in LISTS:
        return _list_cell(column, raw, type_, separator, words or {})
    if column.kind is Kind.MAP:
        return _map_cell(column, raw, type_, separator)
    if words:
        raw, type_ = replaced(as_text(raw, type_), words), "TEXT"
    elif not _as_it_is(column.kind, type_, unit):
        raw, type_ = as_text(raw, type_), _Text(type_)
    value, problems = _scalar(column, written, type_, _Moment(unit, formats), table)
    found = [(f"{written} IS NULL", "empty")] if column.required else []
    return Cell(raw, value, (*found, *problems))


@dataclass(frozen=True, slots=True)
class _Moment:
    """How a mapping says that dates and times are written."""

    unit: str | None
    formats: tuple[str, ...]


class _Text(str):
    """A column that has become text; remembers the type it had."""


def _as_it_is(kind: Kind, type_: str, unit: str | None) -> bool:
    """Whether the file's type serves the kind without becoming text first."""
    if kind in (Kind.DATE, Kind.TIME):
        return type_.startswith("TIMESTAMP") or type_ == "DATE" or (unit is not None and _is_number(type_))
    if kind in (Kind.NUMBER, Kind.INTEGER):
        return _is_number(type_)
    return kind is Kind.FLAG and type_ == "BOOLEAN"


def _scalar(column: Column, written: str, type_: str, moment: _Moment, table: str) -> tuple[str, list[tuple[str, str]]]:
    value = named(column.name)
    unreadable = f"{written} IS NOT NULL AND {value} IS NULL"
    kind = column.kind
    if kind in (Kind.DATE, Kind.TIME):
        first, last = (FIRST_DAY, LAST_DAY) if kind is Kind.DATE else (FIRST_TIME, LAST_TIME)
        word = "DATE" if kind is Kind.DATE else "TIMESTAMPTZ"
        # compared in the value's own type: a literal is cast once, the column never
        beyond = f"{value} < {word} '{first}' OR {value} > {word} '{last}'"
        problem = FORMAT if moment.formats else kind.value
        return _moment(column, written, type_, moment, table), [(unreadable, problem), (beyond, "beyond")]
    if kind in (Kind.NUMBER, Kind.INTEGER):
        return _number(column, written, type_, unreadable)
    if kind is Kind.FLAG:
        if type_ == "BOOLEAN":
            return written, []
        yes, no = "('true', '1', 'yes', 'y', 't')", "('false', '0', 'no', 'n', 'f')"
        flag = f"CASE WHEN lower({written}) IN {yes} THEN true WHEN lower({written}) IN {no} THEN false END"
        return flag, [(unreadable, "flag")]
    if kind is Kind.LANGUAGE:
        return language(written), [(unreadable, "language")]
    if column.choices:
        allowed = ", ".join(quoted(c) for c in column.choices)
        return f"lower({written})", [(f"{value} NOT IN ({allowed})", "choice")]
    return written, []


def _number(column: Column, written: str, type_: str, unreadable: str) -> tuple[str, list[tuple[str, str]]]:
    value, kind = named(column.name), column.kind
    bounds = [f"{value} < {column.low}"] if column.low is not None else []
    bounds += [f"{value} > {column.high}"] if column.high is not None else []
    ranges = [(" OR ".join(bounds), "range")] if bounds else []
    if type_ in _WHOLE and type_ not in ("HUGEINT", "UBIGINT", "UHUGEINT"):
        return f"CAST({written} AS {'DOUBLE' if kind is Kind.NUMBER else 'BIGINT'})", ranges
    number = f"TRY_CAST({written} AS DOUBLE)"
    blank = f" AND NOT coalesce(isnan({number}), false)"  # a number that is none is how some writers leave a cell empty
    if kind is Kind.NUMBER:
        return f"CASE WHEN isfinite({number}) THEN {number} END", [(unreadable + blank, "number"), *ranges]
    whole = f"CASE WHEN isfinite({number}) AND {number} = floor({number}) THEN TRY_CAST({number} AS BIGINT) END"
    return whole, [(unreadable + blank, "integer"), *ranges]


def _moment(column: Column, written: str, type_: str, moment: _Moment, table: str) -> str:
    date, unit = column.kind is Kind.DATE, moment.unit
    if type_ == "DATE" or type_.startswith("TIMESTAMP"):
        return f"CAST({written} AS DATE)" if date and type_ == "DATE" else _in_utc(written, date)
    had = str(type_) if isinstance(type_, _Text) else ""
    if unit:
        number, scale = f"TRY_CAST({written} AS DOUBLE)", _UNIT[unit]
        # beyond the year 9999 the cast itself would fail
        instant = f"CASE WHEN abs({number}) * {scale} < 2.5e17 THEN to_timestamp({number} * {scale} / 1e6) END"
        return _in_utc(instant, date)
    if moment.formats:
        formats = "[" + ", ".join(quoted(f) for f in moment.formats) + "]"
        return f"CAST(try_strptime({written}, {formats}) AS {'DATE' if date else 'TIMESTAMPTZ'})"
    if _is_number(had) or had == "BOOLEAN":
        raise DataError(
            f"the type is {had.lower()}, a {column.kind} is asked for",
            table=table,
            column=column.name,
            next_step=f'For seconds since 1970 set time_unit = {{{column.name} = "s"}} in the mapping, for days like '
            f'20240531 date_format = {{{column.name} = "%Y%m%d"}}',
        )
    # a date is the day as written: an offset behind the time of day does not move it
    cast = f"TRY_CAST({written} AS {'DATE' if date else 'TIMESTAMPTZ'})"
    basic = f"WHEN regexp_full_match({written}, '[0-9]{{8}}') THEN CAST(try_strptime({written}, '%Y%m%d') AS DATE) "
    return f"CASE WHEN regexp_matches({written}, '^[0-9]{{4}}[-/]') THEN {cast} {basic if date else ''}END"


def _in_utc(instant: str, date: bool) -> str:
    return f"CAST(CAST({instant} AS TIMESTAMP) AS DATE)" if date else f"CAST({instant} AS TIMESTAMPTZ)"


def _list_cell(column: Column, raw: str, type_: str, separator: str, words: dict[str, str]) -> Cell:
    written, value = named("__" + column.name), named(column.name)
    listed = as_texts(raw, type_, separator)
    if words:
        listed = f"list_filter(list_transform({listed}, lambda e: {replaced('e', words)}), lambda e: e IS NOT NULL)"
    if column.kind is not Kind.LANGUAGES:
        return Cell(listed, written, ())
    tags = f"list_transform({written}, lambda e: {language('e')})"
    wrong = f"len(list_filter({value}, lambda e: e IS NULL)) > 0"
    return Cell(listed, tags, ((wrong, "language"),), f"list_filter({value}, lambda e: e IS NOT NULL)")


def _map_cell(column: Column, raw: str, type_: str, separator: str) -> Cell:
    written, value = named("__" + column.name), named(column.name)
    target = "MAP(VARCHAR, VARCHAR)"
    if type_.startswith(("STRUCT", "MAP")):
        return Cell(raw, f"CAST({written} AS {target})", ())
    pairs = (
        f"map_from_entries(list_transform(string_split({written}, {quoted(separator)}), "
        f"lambda e: {{'k': trim(split_part(e, '=', 1)), 'v': trim(split_part(e, '=', 2))}}))"
    )
    json = f"starts_with({written}, '{{') AND json_valid({written})"
    arms = f"CASE WHEN {json} THEN from_json({written}, '\"{target}\"') WHEN contains({written}, '=') THEN {pairs} END"
    return Cell(as_text(raw, type_), arms, ((f"{written} IS NOT NULL AND {value} IS NULL", "map"),))
