"""`skillfirst.toml`: whose file and whose column stands for which of our tables and columns.

    [variables]
    exports = "../exports"                 # `{exports}` in a path or a query; a value given by the caller wins

    [checks]
    max_bad_share = 0.05                   # or one share a table: {events = 0.2}

    [sources.courses]                      # [[sources.courses]] where a table has several sources
    path = "{exports}/catalogue.csv"       # relative to this file; a file, a folder of parts, or a pattern with *
    columns = {course_id = "id", title = "name", author = "provider", level = ""}   # "" leaves a column out
    constants = {language = "en"}          # the same value in every row
    values = {language = {English = "en", Spanish = "es", "*" = ""}}    # words to words; "*": all others
    separator = ";"                        # between the elements of a list written as text
    delimiter = ","                        # between the columns of a CSV file (found by itself when not given)
    encoding = "cp1252"                    # of a CSV file (utf-8 when not given)
    format = "csv"                         # when the ending of the name does not tell
    date_format = "%d.%m.%Y"               # of dates and times; or one a column: {created_on = "%d.%m.%Y"}
    time_unit = {time = "s"}               # s, ms or us since 1970 UTC, for a time given as a number
    explode = "skill"                      # one row an element of this list column
    distinct = true                        # equal rows count once
    where = "ts < 1504224000"              # SQL condition over the file's own columns
    query = "SELECT user, min(ts) AS first FROM {path} GROUP BY user"   # SQL instead of the file as it stands
    optional = true                        # a path that is not there is no error

Columns of the file that already bear our names need no entry.
"""

from __future__ import annotations

import codecs
import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skillfirst.errors import DataError
from skillfirst.tables.schemas import INPUT, Kind

MAPPING_NAME = "skillfirst.toml"
TIME_UNITS = ("s", "ms", "us")
# read by DuckDB itself; whatever else Python knows is written again as UTF-8 first
ENCODINGS = {"utf-8": "utf-8", "iso8859-1": "latin-1", "utf-16": "utf-16"}
_FORMATS = ("parquet", "csv", "jsonl")


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """One source of one table, as a mapping file states it. `columns` is None where no mapping was given."""

    table: str
    path: str
    columns: dict[str, str] | None = None
    constants: dict[str, Any] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    separator: str = ";"
    delimiter: str | None = None
    encoding: str = "utf-8"
    format: str | None = None
    date_format: dict[str, tuple[str, ...]] = field(default_factory=dict)
    time_unit: dict[str, str] = field(default_factory=dict)
    explode: str | None = None
    distinct: bool = False
    where: str | None = None
    query: str | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True)
class MappingFile:
    """A mapping file: its sources in the order written, variables after overriding, shares of bad rows by table."""

    sources: tuple[SourceSpec, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)
    max_bad_share: float | None = None
    max_bad_shares: dict[str, float] = field(default_factory=dict)

    def bad_share(self, table: str) -> float | None:
        """The share stated for a table, None where none is."""
        return self.max_bad_shares.get(table, self.max_bad_share)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint for a misspelt word, else the words there are."""
    known = list(known)
    close = difflib.get_close_matches(word, known, 1)
    return f"Did you mean '{close[0]}'?" if close else f"There are: {', '.join(known) or 'none'}"


def read_mapping(path: Path, variables: Mapping[str, str] | None = None) -> MappingFile:
    """Read and check a mapping file. `variables` override its [variables]; other sections are not ours to judge.

    Raises DataError on a file that is not TOML, an unknown table, column or key, or a value of the wrong kind.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"the mapping file {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise DataError(f"the mapping file {path} is not UTF-8", next_step="Save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        hint = "A table with several sources is written [[sources.<table>]]" if "overwrite" in str(error) else None
        raise DataError(f"the mapping file {path} is not valid TOML: {error}", next_step=hint) from None
    chosen = _variables(path, document, variables or {})
    share, shares = _shares(path, document.get("checks", {}))
    specs: list[SourceSpec] = []
    sources = document.get("sources", {})
    if not isinstance(sources, dict):
        raise DataError(f"{path}: [sources] holds one section a table", next_step="Write [sources.courses]")
    for table, entries in sources.items():
        if table not in INPUT:
            raise DataError(f"{path}: there is no table '{table}'", next_step=did_you_mean(table, INPUT))
        for entry in entries if isinstance(entries, list) else [entries]:
            specs.append(_spec(path, table, entry, chosen))
    return MappingFile(tuple(specs), chosen, share, shares)


def _variables(path: Path, document: dict[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    stated = document.get("variables", {})
    if not isinstance(stated, dict) or not all(isinstance(v, str) for v in stated.values()):
        raise DataError(f"{path}: [variables] are texts")
    unknown = [name for name in given if name not in stated]
    if unknown:
        raise DataError(f"{path} has no variable '{unknown[0]}'", next_step=did_you_mean(unknown[0], stated))
    chosen = dict(stated)
    for name, value in given.items():
        # a path typed at a prompt is meant from there, not from the mapping file
        chosen[name] = str(Path(value).resolve()) if Path(value).exists() else value
    return chosen


def _shares(path: Path, checks: Any) -> tuple[float | None, dict[str, float]]:
    if not isinstance(checks, dict):
        raise DataError(f"{path}: [checks] is a section")
    unknown = [key for key in checks if key != "max_bad_share"]
    if unknown:
        raise DataError(
            f"{path}: [checks] knows no '{unknown[0]}'", next_step=did_you_mean(unknown[0], ["max_bad_share"])
        )
    stated = checks.get("max_bad_share")
    if stated is None:
        return None, {}
    by_table = stated if isinstance(stated, dict) else {}
    for name, value in (by_table or {"": stated}).items():
        if name and name not in INPUT:
            raise DataError(f"{path}: there is no table '{name}'", next_step=did_you_mean(name, INPUT))
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
            raise DataError(f"{path}: max_bad_share lies between 0 and 1, not {value!r}")
    share = None if isinstance(stated, dict) else float(stated)
    return share, {name: float(value) for name, value in by_table.items()}


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a source: the types its value may have, an example in TOML, and what it does."""

    types: tuple[type, ...]
    example: str
    meaning: str


KEYS = {
    "path": Key((str,), '"exports/catalogue.csv"', "needed: a file, a folder of parts or a pattern with `*`, seen from "
        "the mapping file; `{name}` stands for a variable of `[variables]`"),
    "columns": Key((dict,), '{course_id = "id", title = "name", level = ""}', "our column = the file's column; `\"\"` "
        "leaves one out; columns that bear our names already need no entry"),
    "constants": Key((dict,), '{language = "de"}', "the same value in every row, instead of a column"),
    "values": Key((dict,), '{language = {German = "de", "*" = ""}}', "words of a column to the words asked for, "
        "without regard to case; `\"*\"` stands for all others, `\"\"` for empty"),
    "separator": Key((str,), '"|"', "between the elements of a list in one cell; `;` when not given"),
    "delimiter": Key((str,), '","', "between the columns of a CSV file; found by itself when not given"),
    "encoding": Key((str,), '"cp1252"', "of a CSV file, `utf-8` when not given; `cp1252` is what Windows exports, "
        "`latin-1`, `utf-16` and every other encoding that Python knows by name are taken too"),
    "format": Key((str,), '"csv"', "parquet, csv or jsonl, where the ending of the name does not tell"),
    "date_format": Key((str, list, dict), '"%d.%m.%Y"', "how dates and times are written, for 31.05.2024 as here; "
        "several in a list, the first that fits; by column as `{created_on = \"%d.%m.%Y\"}`; ISO 8601 when not given"),
    "time_unit": Key((dict,), '{time = "s"}', "s, ms or us since 1970 UTC, for dates and times given as numbers"),
    "explode": Key((str,), '"skill"', "one row an element of this list column"),
    "distinct": Key((bool,), "true", "equal rows count once"),
    "where": Key((str,), '"ts < 1504224000"', "an SQL condition over the file's own columns"),
    "query": Key((str,), '"SELECT user, min(ts) AS first FROM {path} GROUP BY user"', "SQL (of DuckDB) instead of the "
        "file as it stands; `{path}` is the file"),
    "optional": Key((bool,), "true", "a path that is not there is no error"),
}  # fmt: skip


def _spec(path: Path, table: str, entry: Any, variables: dict[str, str]) -> SourceSpec:
    where = f"{path}: [sources.{table}]"
    if not isinstance(entry, dict):
        raise DataError(f"{where} is a section with at least a path")
    for key, value in entry.items():
        if key not in KEYS:
            raise DataError(f"{where} knows no '{key}'", next_step=did_you_mean(key, KEYS))
        if not isinstance(value, KEYS[key].types):
            kinds = " or a ".join(kind.__name__ for kind in KEYS[key].types)
            raise DataError(f"{where} '{key}' is a {kinds}, not {value!r}")
    if not entry.get("path"):
        raise DataError(f"{where} has no path", next_step='Add path = "..."')
    for key in ("columns", "constants", "values", "time_unit"):
        for column in entry.get(key, {}):
            _known_column(where, table, column, key)
    if entry.get("explode"):
        _known_column(where, table, entry["explode"], "explode")
    for column, unit in entry.get("time_unit", {}).items():
        if INPUT[table].column(column).kind not in (Kind.TIME, Kind.DATE):
            raise DataError(f"{where} time_unit: '{column}' is neither a time nor a date")
        _one_of(where, f"time_unit.{column}", unit, TIME_UNITS)
    if "format" in entry:
        _one_of(where, "format", entry["format"], _FORMATS)
    if len(entry.get("delimiter", ",")) != 1 or not entry.get("separator", ";"):
        raise DataError(f"{where} a delimiter is one character, a separator at least one")
    fields = dict(entry)
    fields["path"] = fill(fields["path"], variables)
    if "query" in fields:
        fields["query"] = fill(fields["query"], variables)
    fields["encoding"] = _encoding(where, fields.get("encoding", "utf-8"))
    fields["date_format"] = _date_formats(where, table, fields.get("date_format", {}), fields.get("time_unit", {}))
    fields["values"] = {c: {str(k): str(v) for k, v in words.items()} for c, words in fields.get("values", {}).items()}
    return SourceSpec(table=table, **fields)


def _encoding(where: str, name: str) -> str:
    """The name by which the reader knows an encoding."""
    try:
        found = codecs.lookup(name)
        "".encode(found.name)
    except LookupError:
        known = f"{', '.join(ENCODINGS.values())}, cp1252 or another that Python knows"
        raise DataError(f"{where} 'encoding' is one of {known}, not {name!r}") from None
    return ENCODINGS.get(found.name, found.name)


def _date_formats(where: str, table: str, stated: Any, units: dict[str, str]) -> dict[str, tuple[str, ...]]:
    """Formats by column; one for the whole table is that of each of its dates and times without a unit."""
    moments = [c.name for c in INPUT[table] if c.kind in (Kind.TIME, Kind.DATE)]
    by_column = stated if isinstance(stated, dict) else {name: stated for name in moments if name not in units}
    if stated and not moments:
        raise DataError(f"{where} date_format: {table} has neither a time nor a date")
    out = {}
    for column, given in by_column.items():
        _known_column(where, table, column, "date_format")
        if column not in moments:
            raise DataError(f"{where} date_format: '{column}' is neither a time nor a date")
        if column in units:
            raise DataError(f"{where} '{column}' has a date_format and a time_unit", next_step="Keep one of them")
        formats = tuple(given) if isinstance(given, list) else (given,)
        if not formats or not all(isinstance(f, str) and "%" in f for f in formats):
            example = 'A day like 31.05.2024 is "%d.%m.%Y", with a time of day "%d.%m.%Y %H:%M"'
            raise DataError(f"{where} date_format.{column} is written with %, not {given!r}", next_step=example)
        out[column] = formats
    return out


def _known_column(where: str, table: str, column: str, key: str) -> None:
    names = [c.name for c in INPUT[table]]
    if column not in names:
        raise DataError(f"{where} {key}: there is no column '{column}'", next_step=did_you_mean(column, names))


def _one_of(where: str, key: str, value: Any, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise DataError(f"{where} '{key}' is one of {', '.join(choices)}, not {value!r}")


def fill(text: str, variables: Mapping[str, str]) -> str:
    """Put variables in; braces that name none stay as they are ({path} is filled when the file is opened)."""
    for name, value in variables.items():
        text = text.replace("{" + name + "}", value)
    return text
