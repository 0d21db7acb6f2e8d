"""A table as a folder of parts: written by any number of threads, read as a stream, looked up by member.

`<table>.parquet/` holds Parquet, `<table>.arrow/` Arrow files (arrow_parts.py). Parts are numbered by their place in
the table, so that threads may finish in any order and the table still reads in its order (members ascending).
"""

from __future__ import annotations

import functools
import threading
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from skillfirst.errors import DataError
from skillfirst.stores.arrow_parts import KEY, SUFFIX, greatest_member, member_in_part, read_arrow, write_arrow

#: rows that are decoded together; small enough that looking up one member decodes little
ROW_GROUP_ROWS = 4_096
#: zstd level 1: within a few percent of level 3 in size on lists of codes, and twice as fast
ZSTD_LEVEL = 1


def part_paths(folder: Path) -> list[Path]:
    """The parts of a table in their order (a table may also be a single file)."""
    if folder.is_file():
        return [folder]
    return sorted(p for p in folder.glob(f"*{_ending(folder)}") if not p.name.startswith((".", "_")))


class TableWriter:
    """Writes one table of a run; `write_part` may be called from several threads at once.

    Args:
        folder: where the parts go; created here.
        schema: every part has exactly this schema.
    """

    def __init__(self, folder: Path, schema: pa.Schema) -> None:
        self.folder = folder
        self.schema = schema
        self._lock = threading.Lock()
        self._rows: dict[int, int] = {}
        folder.mkdir(parents=True)

    @property
    def rows(self) -> int:
        return sum(self._rows.values())

    @property
    def parts(self) -> int:
        return len(self._rows)

    def write_part(self, index: int, rows: pa.RecordBatch | pa.Table) -> None:
        """Write part number `index` (from 0). A part without rows leaves no file.

        Raises:
            DataError: the part's schema is not the table's, or this part was written before.
        """
        table = pa.Table.from_batches([rows], rows.schema) if isinstance(rows, pa.RecordBatch) else rows
        if not table.schema.equals(self.schema):
            raise DataError(f"a part has other columns than the table: {table.schema.names}", table=self.folder.stem)
        self.adopt(index, table.num_rows)
        if table.num_rows:
            write_table(self._path(index), table)

    def adopt(self, index: int, rows: int) -> None:
        """Take part `index`, that `write_part_apart` has written from wherever it was computed, into the table.

        Raises:
            DataError: this part was written before.
        """
        with self._lock:
            if index in self._rows:
                raise DataError(f"part {index} was written twice", table=self.folder.stem)
            self._rows[index] = rows

    def _path(self, index: int) -> Path:
        return part_path(self.folder, index)

    def close(self) -> None:
        """A table without rows still says which columns it has; what lost workers left unfinished is removed."""
        for path in self.folder.glob(".part-*"):
            path.unlink(missing_ok=True)
        if not self.rows:
            write_table(self._path(0), self.schema.empty_table())


def part_path(folder: Path, index: int) -> Path:
    """Where part `index` of the table in `folder` lies; a part without rows has no file."""
    return folder / f"part-{index:06d}{_ending(folder)}"


def _ending(folder: Path) -> str:
    return SUFFIX if folder.suffix == SUFFIX else ".parquet"


def write_table(path: Path, table: pa.Table) -> None:
    """A part in the format of its folder."""
    if path.parent.suffix == SUFFIX:
        write_arrow(path, table.to_batches(), table.schema)
    else:
        write_parquet(path, table)


def write_part_apart(folder: Path, index: int, rows: pa.RecordBatch | pa.Table) -> int:
    """Write part `index` of a table from another process or machine; returns its rows, for `TableWriter.adopt`.

    The part is there whole or not at all, also when the process dies. Writing it again, because nobody heard that
    it was done, puts the same rows in its place.
    """
    if rows.num_rows:
        path = part_path(folder, index)
        unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
        write_table(unfinished, rows if isinstance(rows, pa.Table) else pa.Table.from_batches([rows], rows.schema))
        unfinished.replace(path)
    return int(rows.num_rows)


def iter_batches(folder: Path, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
    """The table's rows in their order, one row group at a time; memory is bounded by one row group."""
    for path in part_paths(folder):
        if path.suffix == SUFFIX:
            yield from read_arrow(path, columns)
            continue
        with pq.ParquetFile(path, memory_map=True) as file:
            for group in range(file.num_row_groups):
                yield from file.read_row_group(group, columns=columns, use_threads=False).to_batches()


@functools.lru_cache(maxsize=4_096)
def member_bounds(path: Path, _modified_ns: int) -> tuple[tuple[str | None, str | None], ...]:
    """Smallest and greatest member of every row group; None where the file does not say."""
    metadata = pq.read_metadata(path)
    column = next(i for i in range(metadata.num_columns) if metadata.schema.column(i).path == KEY)
    bounds = []
    for group in range(metadata.num_row_groups):
        statistics = metadata.row_group(group).column(column).statistics
        known = statistics is not None and statistics.has_min_max
        bounds.append((statistics.min, statistics.max) if known else (None, None))
    return tuple(bounds)


def _greatest(path: Path) -> str | None:
    """The last member of a part, None if it has no rows; very long ids are not in the statistics, but in the rows."""
    if path.suffix == SUFFIX:
        return greatest_member(path)
    bounds = member_bounds(path, path.stat().st_mtime_ns)
    if bounds and bounds[-1][1] is not None:
        return str(bounds[-1][1])
    column = pq.read_table(path, columns=[KEY]).column(KEY)
    return str(column[-1].as_py()) if len(column) else None


def write_parquet(path: Path, table: pa.Table) -> None:
    """A table as one Parquet file, as all parts are written.

    Two things that cost time and bring nothing are left out: dictionaries of fractions, which hardly repeat, and of the
    small numbers that count up in every list; and the least and greatest value of what stands in lists.
    """
    leaves = _leaves(table.schema)
    pq.write_table(
        table, path, compression="zstd", compression_level=ZSTD_LEVEL, row_group_size=ROW_GROUP_ROWS,
        use_dictionary=[n for n, type_ in leaves if not pa.types.is_floating(type_) and not pa.types.is_int16(type_)],
        write_statistics=[name for name, _ in leaves if "." not in name],
    )  # fmt: skip


def _leaves(schema: pa.Schema) -> list[tuple[str, pa.DataType]]:
    """Columns as Parquet stores them: path and type of the values, those of a list under the list's name."""
    found = []
    for field in schema:
        if pa.types.is_map(field.type):
            found += [(f"{field.name}.key_value.key", field.type.key_type)]
            found += [(f"{field.name}.key_value.value", field.type.item_type)]
        elif pa.types.is_list(field.type):
            found.append((f"{field.name}.list.element", field.type.value_type))
        else:
            found.append((field.name, field.type))
    return found


def member_rows(folder: Path, member_id: str) -> pa.Table | None:
    """All rows of one member, or None. The table must be in member_id order.

    Binary search over the parts (their footers are kept), then only row groups whose range holds the member
    are decoded: a few milliseconds whatever the size of the table.
    """
    return rows_in_parts(part_paths(folder), member_id)


def rows_in_parts(paths: Sequence[Path], member_id: str) -> pa.Table | None:
    """The same among parts in member_id order."""
    low, high = 0, len(paths)
    while low < high:
        middle = probe = (low + high) // 2
        while probe < high and (greatest := _greatest(paths[probe])) is None:
            probe += 1  # a part without rows tells nothing
        if probe < high and greatest is not None and greatest < member_id:
            low = probe + 1
        else:
            high = middle
    found: list[pa.Table] = []
    for path in paths[low:]:
        if path.suffix == SUFFIX:
            batches, beyond = member_in_part(path, member_id)
            found.extend(pa.Table.from_batches([batch]) for batch in batches)
        else:
            rows, beyond = _rows_in_part(path, member_id)
            found.extend(rows)
        if beyond:
            break
    return pa.concat_tables(found) if found else None


def _rows_in_part(path: Path, member_id: str) -> tuple[list[pa.Table], bool]:
    """The member's rows in one part, and whether later parts can only hold later members."""
    found: list[pa.Table] = []
    with pq.ParquetFile(path, memory_map=True) as file:
        for group, (least, greatest) in enumerate(member_bounds(path, path.stat().st_mtime_ns)):
            if least is not None and least > member_id:
                return found, True
            if greatest is not None and greatest < member_id:
                continue
            members = file.read_row_group(group, columns=[KEY], use_threads=False).column(KEY)
            places = pc.indices_nonzero(pc.equal(members, member_id))
            if len(places):
                rows = file.read_row_group(group, use_threads=False)
                found.append(rows.slice(places[0].as_py(), len(places)))
            if len(members) and members[-1].as_py() > member_id:
                return found, True
    return found, False
