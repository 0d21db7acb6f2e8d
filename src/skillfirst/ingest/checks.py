"""The one check at the door, used by `check` and by the first step of `run`.

    checked = read("data/", work)              # raises DataError when the tables cannot be used
    checked = check("data/", work)             # never raises for what is in the tables: see checked.findings
    checked.tables["courses"]                  # pa.Table, schema COURSES
    checked.files("member_skills", 0)          # Parquet files of the first range of members
    documents = gather(checked, ...)           # ingest/documents.py

Bad rows go to `work/rejects/<table>.jsonl`, and rows that stay without a value of an optional column that cannot be
read; fatal are missing tables and columns, unreadable files, and more bad rows than `max_bad_share` allows. Values left
empty and rows that refer to rejected ones do not count towards it.
"""

from __future__ import annotations

import difflib
import re
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from skillfirst.ingest import catalogue_tables, member_tables
from skillfirst.ingest.checked import CATALOGUE, LARGE, Checked, RejectFile
from skillfirst.ingest.conversion import Conversion, convert_table
from skillfirst.ingest.findings import SAY_THE_ENCODING, Finding, Weight, missing_needed, words
from skillfirst.ingest.formats.csv import not_utf_8
from skillfirst.ingest.mapping import MAPPING_NAME, SourceSpec
from skillfirst.ingest.sources import Source, Sources, find_sources, shortened
from skillfirst.tables.schemas import INPUT, Table

if TYPE_CHECKING:
    import duckdb

MAX_BAD_SHARE = 0.05  # of a table's rows; more looks like a wrong mapping rather than a few bad rows
FEW_ROWS = 10  # so few bad rows are a few bad rows whatever their share, unless they are most of the table
MEMORY = "1GB"
THREADS = 2
NEEDED = tuple(name for name, table in INPUT.items() if table.needed)


def read(
    data: Path | str,
    work: Path | str,
    *,
    variables: Mapping[str, str] | None = None,
    memory: str = MEMORY,
    threads: int = THREADS,
    max_bad_share: float | None = None,
) -> Checked:
    """Check DATA and give back what can be used; see `check`. Raises DataError on any fatal finding."""
    checked = check(data, work, variables=variables, memory=memory, threads=threads, max_bad_share=max_bad_share)
    checked.raise_fatal()
    return checked


def check(
    data: Path | str | Sources,
    work: Path | str,
    *,
    variables: Mapping[str, str] | None = None,
    memory: str = MEMORY,
    threads: int = THREADS,
    max_bad_share: float | None = None,
    log: Path | None = None,
    needed: Collection[str] = NEEDED,
) -> Checked:
    """Check every table of DATA (a directory, a mapping file, or `Sources`) and write clean member-sized tables under
    `work`.

    `variables` override those of the mapping file; `max_bad_share` overrides its [checks]; `memory` and `threads`
    bound DuckDB, which spills to `work`. `log`: events of the store's own log (Parquet, EVENTS schema), read beside
    the table of events; its members may be unknown here (visitors), so its bad rows never stop a run. `needed`: tables
    without which the caller cannot go on. Raises DataError only where there is nothing to check: no such path, a
    broken mapping file, a table given twice.
    """
    sources = data if isinstance(data, Sources) else find_sources(data, variables)
    if log is not None:
        own = Source(SourceSpec(table="events", path=str(log)), (log,), "parquet")
        sources = replace(sources, by_table={**sources.by_table, "events": (*sources.by_table.get("events", ()), own)})
    work = Path(work)
    for name in ("clean", "rejects", "spill"):
        shutil.rmtree(work / name, ignore_errors=True)
    (work / "clean").mkdir(parents=True)
    checked = Checked(work / "clean", member_tables.RANGE_ROWS)
    for spec in sources.skipped:
        checked.findings.append(
            Finding(Weight.NOTE, spec.table, None, f"an optional source is not there: {spec.path}", next_step=None)
        )
    if sources.unread:
        checked.findings.append(_not_read(sources))
    for name in needed:
        if name not in sources.by_table:
            checked.findings.append(missing_needed(name))
    with _duckdb(work, memory, threads) as connection:
        for number, name in enumerate((*CATALOGUE, *LARGE)):
            if name in sources.by_table:
                share = 1.0 if name == "events" and log is not None else max_bad_share
                _check_table(connection, INPUT[name], sources, number * 1000, checked, share)
    if not checked.fatal:
        checked.hashes = sources.hashes()
    return checked


def _not_read(sources: Sources) -> Finding:
    """Files lying beside tables under names that nobody knows, perhaps misspelt."""
    absent = [name for name in INPUT if name not in sources.by_table]
    close = [difflib.get_close_matches(Path(name).stem.lower(), absent, 1) for name in sources.unread]
    hint = next((f"Did you mean '{words[0]}'?" for words in close if words), None)
    return Finding(
        Weight.NOTE, None, None, f"files that are not read: {shortened(sources.unread)}",
        next_step=hint or f"Known names are: {', '.join(INPUT)}; others are named in a {MAPPING_NAME}",
    )  # fmt: skip


@contextmanager
def _duckdb(work: Path, memory: str, threads: int) -> Iterator[duckdb.DuckDBPyConnection]:
    import duckdb

    connection = duckdb.connect()
    spill = work / "spill"
    try:
        # nothing may be fetched at run time; times without an offset are UTC
        connection.execute("SET autoinstall_known_extensions = false")
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET memory_limit = ?", [memory])
        connection.execute(f"SET threads = {int(threads)}")
        connection.execute("SET temp_directory = ?", [str(spill)])
        connection.execute("SET enable_progress_bar = false")
        yield connection
    finally:
        connection.close()
        shutil.rmtree(spill, ignore_errors=True)


def _check_table(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    sources: Sources,
    number: int,
    checked: Checked,
    share: float | None,
) -> None:
    import duckdb

    conversion = convert_table(connection, table, sources.by_table[table.name], number, checked.work)
    checked.findings += conversion.findings
    if any(f.weight is Weight.FATAL for f in conversion.findings):
        return
    if table.name in LARGE and table.name != "members" and "members" not in checked.large:
        return  # what is wrong with members has been said; nothing can refer to them
    if table.name == "events" and "courses" not in checked.tables:
        return  # the same with courses
    rejects = RejectFile(checked.work.parent / "rejects" / f"{table.name}.jsonl")
    try:
        if table.name in CATALOGUE:
            found = catalogue_tables.load(connection, table, conversion, checked, rejects)
        elif table.name == "members":
            found = member_tables.write_members(connection, table, conversion, checked, rejects)
        else:
            found = member_tables.write_rows(connection, table, conversion, checked, rejects)
        found += _spoiled(connection, table, conversion, rejects)
    except duckdb.Error as error:
        checked.findings.append(_unreadable(table, sources.by_table[table.name], str(error)))
        return
    checked.findings += found
    _conclude(table, checked, found, rejects, share if share is not None else sources.mapping.bad_share(table.name))


def _unreadable(table: Table, sources: tuple[Source, ...], said: str) -> Finding:
    """What DuckDB could not read at all, in the words of whoever exported it."""
    for source in sources:
        found = not_utf_8(source)
        if found is not None:
            path, line, text = found
            return Finding(
                Weight.FATAL, table.name, None, f"{path.name} is not UTF-8", first=f"line {line}: {text}",
                next_step=SAY_THE_ENCODING,
            )  # fmt: skip
    names = ", ".join(source.label for source in sources)
    place = re.search(r"\bLine: (\d+)", said)
    where = f"{names}, line {place[1]}" if place else names
    if "state machine" in said:
        step = "A quote inside a quoted cell is doubled; check the quotes, or export it again"
        return Finding(Weight.FATAL, table.name, None, f"{where}: broken quoting", next_step=step)
    # its advice is about options that stand nowhere here
    text = re.split(r"Possible (?:fixes|solutions?)", said.split("\n\n")[0], flags=re.IGNORECASE)[0]
    text = " ".join(text.split())[:300].removeprefix("Invalid Input Error: ")
    return Finding(
        Weight.FATAL,
        table.name,
        None,
        f"{where} cannot be read: {text}",
        next_step="Check the file, or export it again",
    )


def _spoiled(
    connection: duckdb.DuckDBPyConnection, table: Table, conversion: Conversion, rejects: RejectFile
) -> list[Finding]:
    """Lines that were no rows at all."""
    found = []
    for ask in conversion.spoiled:
        for spoiled in ask(connection):
            rejects.add(("", spoiled.reason, line, {"line": text}) for line, text in spoiled.lines)
            line, text = spoiled.lines[0]
            message, step = words(table, "", spoiled.reason)
            shown = text.splitlines()[0][:120] if text else ""
            found.append(
                Finding(Weight.WARNING, table.name, None, message, len(spoiled.lines), f"line {line}: {shown}", step)
            )
    return found


def _conclude(table: Table, checked: Checked, found: list[Finding], rejects: RejectFile, share: float | None) -> None:
    rows, left_out = checked.counts.get(table.name, 0), rejects.rows
    if left_out:
        checked.rejected[table.name] = left_out
    if rejects.values:
        checked.emptied[table.name] = rejects.values
    if left_out or rejects.values:
        checked.rejects[table.name] = rejects.path
    # what follows from another table's bad rows is that table's to answer for
    bad = left_out - sum(f.count or 0 for f in found if f.follows)
    total = rows + left_out
    limit = MAX_BAD_SHARE if share is None else share
    if bad > limit * total:
        if share is None and bad <= FEW_ROWS and bad * 2 <= total:
            checked.passed_over.append(table.name)
            return
        own = [f for f in found if f.weight is Weight.WARNING and not f.rows_stay and not f.follows]
        main = max(own, key=lambda f: f.count or 0)
        message = f"{bad:,} of {total:,} rows are bad, more than {limit:.0%}; most of them: {main.message}"
        step = f"{main.next_step}. All are in {rejects.path}; to allow more set [checks] max_bad_share"
        checked.findings.append(Finding(Weight.FATAL, table.name, main.column, message, main.count, main.first, step))
    elif not rows and table.needed:
        checked.findings.append(
            Finding(Weight.FATAL, table.name, None, "the table has no rows", next_step="Export it again")
        )
    elif not rows and not any(f.table == table.name and "is empty" in f.message for f in checked.findings):
        checked.findings.append(Finding(Weight.NOTE, table.name, None, "the table has no rows"))
