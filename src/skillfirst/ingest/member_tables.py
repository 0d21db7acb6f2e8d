"""Member-sized tables: converted and checked out of core, written in ranges of members.

Members are sorted by id once; their place is their code, and every other table is joined to the code and cut into
ranges of it, so that laying rows under each member (documents.py) needs no string and no more memory than a range.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from skillfirst.ingest.checked import Checked, RejectFile, range_file
from skillfirst.ingest.conversion import Conversion
from skillfirst.ingest.findings import REJECTED, Finding, Weight
from skillfirst.ingest.formats.base import listed, named, quoted
from skillfirst.ingest.rejecting import TOLD, Rejecting, typed_row
from skillfirst.tables.member_document import Channel
from skillfirst.tables.schemas import EVENT_KINDS, Table

if TYPE_CHECKING:
    import duckdb

RANGE_ROWS = 131_072  # members a range: 20 skills and 10 events each are some 150 MB while they are gathered
MOST_RANGES = 96  # DuckDB keeps a file open a range and thread; beyond 12 M members ranges double in length
_FETCH_ROWS = 65_536
_KINDS = "[" + ", ".join(quoted(k) for k in EVENT_KINDS) + "]"
_CHANNELS = "[" + ", ".join(quoted(c.name.lower()) for c in sorted(Channel)) + "]"
# codes are a quarter of the texts to move: place in EVENT_KINDS, row of the courses table, Channel
_EVENT_COLUMNS = {
    "event": "CASE WHEN s.event_id IS NOT NULL THEN hash(s.event_id) END",
    "kind": f"CAST(list_position({_KINDS}, s.kind) - 1 AS TINYINT)",
    "course": "c.course",
    "channel": f"CAST(coalesce(list_position({_CHANNELS}, lower(s.channel)), 0) AS TINYINT)",
}
# the log keeps these for whoever reads an experiment; no document holds them
_CHECKED_ONLY = {"events": ("context", "carousel_rank", "propensity", "list_id", "arms")}
_REASON_BATCH = 10_000


def write_members(
    connection: duckdb.DuckDBPyConnection, table: Table, conversion: Conversion, checked: Checked, rejects: RejectFile
) -> list[Finding]:
    """Write members ascending by id into ranges; of duplicates the first row stays."""
    columns = ", ".join(named(c.name) for c in table)
    folder = checked.work / "members"
    folder.mkdir()
    sql = (
        f"SELECT {columns}, __source, __row, __reason, __empty, __original FROM ({conversion.sql}) "
        "ORDER BY __reason IS NOT NULL, member_id, __source, __row"
    )
    reader = connection.sql(sql).to_arrow_reader(_FETCH_ROWS)
    told = _ToldApart(checked.work / "members-told.parquet")
    writer = _RangeWriter(folder, checked.range_rows)
    last: str | None = None
    for batch in reader:
        rows = pa.Table.from_batches([batch])
        faulty = pc.is_valid(rows["__reason"])
        if pc.any(faulty).as_py():
            told.write(rows.filter(faulty))
            rows = rows.filter(pc.invert(faulty))
        if not rows.num_rows:
            continue
        again, last = _repeated(rows["member_id"].combine_chunks(), last)
        if again.any():
            told.write(_as_duplicates(rows.filter(pa.array(again))))
            rows = rows.filter(pa.array(~again))
        told.write(rows.filter(pc.is_valid(rows["__empty"])))
        writer.write(rows.select(list(table.schema.names)).cast(table.schema))
    checked.counts["members"] = writer.close()
    findings = told.findings(connection, Rejecting(table, conversion, rejects))
    if writer.rows:
        checked.large["members"] = folder
        checked.range_rows = _coarser(folder, checked)
        files = listed(tuple(sorted(folder.glob("*.parquet"))))
        connection.execute(f"CREATE VIEW member_codes AS SELECT member_id, member FROM read_parquet({files})")
    return findings


def _repeated(ids: pa.StringArray, last: str | None) -> tuple[npt.NDArray[np.bool_], str]:
    """Where a sorted id equals the one before it; `last` is the id before the first."""
    again = np.zeros(len(ids), bool)
    again[0] = ids[0].as_py() == last
    if len(ids) > 1:
        again[1:] = pc.equal(ids.slice(1), ids.slice(0, len(ids) - 1)).to_numpy(zero_copy_only=False)
    return again, ids[-1].as_py()


def _as_duplicates(rows: pa.Table) -> pa.Table:
    place = rows.schema.get_field_index("__reason")
    rows = rows.set_column(place, "__reason", pa.array(["member_id|duplicate"] * rows.num_rows, pa.string()))
    names = [n for n in rows.column_names if not n.startswith("__")]
    originals = [json.dumps(r, ensure_ascii=False, default=str) for r in rows.select(names).to_pylist()]
    place = rows.schema.get_field_index("__original")
    return rows.set_column(place, "__original", pa.array(originals, pa.string()))


class _ToldApart:
    """Rows that the rejects tell of, on disk until the order of the file says which came first.

    Leaves the ids of those left out as the table rejected_members, so that what refers to them can be told apart.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writer: pq.ParquetWriter | None = None

    def write(self, rows: pa.Table) -> None:
        if rows.num_rows:
            rows = rows.select(list(TOLD))
            self._writer = self._writer or pq.ParquetWriter(self.path, rows.schema, compression="lz4")
            self._writer.write_table(rows)

    def findings(self, connection: duckdb.DuckDBPyConnection, rejecting: Rejecting) -> list[Finding]:
        if self._writer is None:
            connection.execute("CREATE TEMP TABLE rejected_members (id VARCHAR)")
            return []
        self._writer.close()
        relation = f"read_parquet({quoted(str(self.path))})"
        connection.execute(
            f"CREATE TEMP TABLE rejected_members AS SELECT DISTINCT __original ->> 'member_id' AS id FROM {relation} "
            "WHERE __reason <> 'member_id|duplicate' AND __original ->> 'member_id' IS NOT NULL"
        )
        _read_in_order(connection, relation, rejecting)
        self.path.unlink()
        return rejecting.findings


def _read_in_order(connection: duckdb.DuckDBPyConnection, relation: str, rejecting: Rejecting) -> None:
    sql = f"SELECT {', '.join(TOLD)} FROM {relation} ORDER BY __source, __row, __original"
    for batch in connection.sql(sql).to_arrow_reader(_REASON_BATCH):
        rejecting.add(pa.Table.from_batches([batch]))


class _RangeWriter:
    """Cuts a stream of rows into files of equally many members and numbers them."""

    def __init__(self, folder: Path, range_rows: int) -> None:
        self.folder, self.range_rows, self.rows = folder, range_rows, 0
        self._pending: list[pa.Table] = []
        self._waiting = 0
        self._written = 0

    def write(self, rows: pa.Table) -> None:
        self._pending.append(rows)
        self._waiting += rows.num_rows
        while self._waiting >= self.range_rows:
            whole = pa.concat_tables(self._pending)
            self._flush(whole.slice(0, self.range_rows))
            self._pending = [whole.slice(self.range_rows)]
            self._waiting -= self.range_rows

    def close(self) -> int:
        if self._waiting:
            self._flush(pa.concat_tables(self._pending))
        return self.rows

    def _flush(self, rows: pa.Table) -> None:
        codes = pa.array(np.arange(self.rows, self.rows + rows.num_rows, dtype=np.int32))
        path = range_file(self.folder, self._written)
        pq.write_table(rows.add_column(0, "member", codes), path, compression="lz4")
        self.rows += rows.num_rows
        self._written += 1


def _coarser(folder: Path, checked: Checked) -> int:
    """Length of the ranges, doubled until there are few enough; joins neighbouring files accordingly."""
    length = checked.range_rows
    while -(-checked.members // length) > MOST_RANGES:
        length *= 2
    if length > checked.range_rows:
        files = sorted(folder.glob("*.parquet"))
        each = length // checked.range_rows
        for number in range(0, len(files), each):
            whole = pa.concat_tables([pq.read_table(f) for f in files[number : number + each]])
            for path in files[number : number + each]:
                path.unlink()
            pq.write_table(whole, range_file(folder, number // each), compression="lz4")
    return length


def write_rows(
    connection: duckdb.DuckDBPyConnection, table: Table, conversion: Conversion, checked: Checked, rejects: RejectFile
) -> list[Finding]:
    """Write the rows of a table that refers to members into ranges of member codes, bad rows apart."""
    folder = checked.work / table.name
    joins = "LEFT JOIN member_codes m ON m.member_id = s.member_id"
    faults = ["WHEN m.member IS NULL THEN 'member_id|reference'"]
    columns = {"member": "m.member"}
    dropped = {"member_id", *_CHECKED_ONLY.get(table.name, ())}
    if table.name == "connections":
        joins += " LEFT JOIN member_codes o ON o.member_id = s.connection_id"
        faults.append("WHEN o.member IS NULL THEN 'connection_id|reference'")
        columns["connection"] = "o.member"
        dropped.add("connection_id")
    if table.name == "events":
        places = checked.tables["courses"].select(["course_id"])
        connection.register("course_rows", places.append_column("course", pa.array(range(places.num_rows), pa.int32())))
        joins += " LEFT JOIN course_rows c ON c.course_id = s.course_id"
        faults.append("WHEN s.course_id IS NOT NULL AND c.course IS NULL THEN 'course_id|reference'")
        columns |= _EVENT_COLUMNS
        dropped |= {"event_id", "course_id", "kind", "channel"}
    # a column that is always null costs as much to write as one that is not
    columns |= {c.name: f"s.{named(c.name)}" for c in table if c.name in conversion.given and c.name not in dropped}
    why = f"coalesce(s.__reason, CASE {' '.join(faults)} END)"
    chosen = ", ".join(f"{sql} AS {named(name)}" for name, sql in columns.items())
    bad = (
        "CASE WHEN __why IS NOT NULL OR __empty IS NOT NULL THEN CAST(to_json({'why': __why, 'empty': __empty, "
        f"'source': __source, 'row': __row, 'original': coalesce(__original, {typed_row(table, 's_')})}}) AS VARCHAR) "
        "END AS __bad"
    )
    # names of the contract stay apart (s_) from those written, which may be the same
    own = ", ".join(f"s.{named(c.name)} AS {named('s_' + c.name)}" for c in table)
    joined = (
        f"SELECT {chosen}, {why} AS __why, s.__empty, s.__source, s.__row, s.__original, {own} "
        f"FROM ({conversion.sql}) s {joins}"
    )
    part = f"CASE WHEN __why IS NULL THEN member // {checked.range_rows} ELSE -1 END AS part"
    select = f"SELECT {part}, {', '.join(named(n) for n in columns)}, {bad} FROM ({joined})"
    if table.name == "connections":
        select = _both_directions(select, checked.range_rows)
    connection.execute("SET preserve_insertion_order = false")
    connection.execute(f"SET partitioned_write_max_open_files = {MOST_RANGES + 8}")
    options = "FORMAT parquet, PARTITION_BY (part), COMPRESSION lz4_raw, OVERWRITE_OR_IGNORE"
    connection.execute(f"COPY ({select}) TO {quoted(str(folder))} ({options})")
    connection.execute("SET preserve_insertion_order = true")
    folder.mkdir(exist_ok=True)
    if table.name == "events":
        lost = pa.table({"id": pa.array(sorted(checked.lost.get("courses", ())), pa.string())})
        connection.register("rejected_courses", lost)
    findings = _told(connection, table, folder, Rejecting(table, conversion, rejects))
    rows = sum(pq.read_metadata(f).num_rows for f in folder.glob("part=*/*.parquet"))
    checked.counts[table.name] = rows // 2 if table.name == "connections" else rows
    checked.large[table.name] = folder
    if table.name == "events":
        findings += _counted_once(connection, checked)
    return findings


def _both_directions(select: str, range_rows: int) -> str:
    """Each good pair under both of its ends; a bad row once."""
    ends = (
        "CASE WHEN __bad IS NULL THEN [{'m': member, 'o': connection}, {'m': connection, 'o': member}] "
        "ELSE [{'m': member, 'o': connection}] END"
    )
    part = f"CASE WHEN __bad IS NULL THEN e.m // {range_rows} ELSE -1 END AS part"
    return (
        f"SELECT {part}, e.m AS member, e.o AS connection, __bad FROM (SELECT *, unnest({ends}) AS e FROM ({select}))"
    )


def _told(connection: duckdb.DuckDBPyConnection, table: Table, folder: Path, rejecting: Rejecting) -> list[Finding]:
    """Tell of the rows that have something to be told, and remove those left out from the folder."""
    files = tuple(sorted(folder.glob("part=*/*.parquet")))
    if not files:
        return []
    why = "__bad ->> 'why'"
    whens = "".join(
        f"WHEN {why} = '{column.name}|reference' AND (__bad ->> 'original' ->> '{column.name}') IN "
        f"(SELECT id FROM rejected_{column.refers}) THEN '{column.name}|{REJECTED}' "
        for column in table
        if column.refers in ("members", "courses")
    )
    relation = (
        f"(SELECT CASE {whens}ELSE {why} END AS __reason, __bad ->> 'empty' AS __empty, "
        "__bad ->> 'original' AS __original, CAST(__bad ->> 'source' AS INTEGER) AS __source, "
        "CAST(__bad ->> 'row' AS BIGINT) AS __row "
        f"FROM read_parquet({listed(files)}, hive_partitioning = false) WHERE __bad IS NOT NULL)"
    )
    _read_in_order(connection, relation, rejecting)
    shutil.rmtree(folder / "part=-1", ignore_errors=True)
    return rejecting.findings


def _counted_once(connection: duckdb.DuckDBPyConnection, checked: Checked) -> list[Finding]:
    """Events whose id stands there before: kept in the files, counted once when they are gathered."""
    again = 0
    for number in range(checked.ranges):
        files = checked.files("events", number)
        if files:
            row: Any = connection.execute(
                "SELECT count(event) - count(DISTINCT (member, event)) FILTER (event IS NOT NULL) "
                f"FROM read_parquet({listed(tuple(files))})"
            ).fetchone()
            again += int(row[0])
    if not again:
        return []
    message = "the id stands there already; such an event counts once"
    return [Finding(Weight.NOTE, "events", "event_id", message, again)]
