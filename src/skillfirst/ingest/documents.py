"""Rows laid under each member: checked tables in, member documents out.

    result = gather(
        checked,                                   # ingest.checks.read(...)
        Resolvers(                                 # ingest.resolving
            skills=taxonomy.resolve,               # distinct texts -> int32 codes, -1 unknown
            skill_count=len(taxonomy),
            titles=...,                            # distinct texts -> (lists of codes, lists of weights)
            find_skills=...,                       # distinct texts -> lists of skill codes
            arms=...,                              # member ids -> the arms column
        ),
        courses,                                   # Vocabulary, code 0 = newest
        now=1_764_547_200,                         # seconds since 1970 UTC
        out_dir=work / "documents",
    )
    for path in result.parts:                      # part-00000.arrow, ... in member_id order
        batch = read_part(path)                    # one RecordBatch of at most batch_rows rows, schema DOCUMENT

Ranges of members are independent, so time grows with the members and memory with the length of a range, and whoever
calls may have them spread over threads, processes or machines that see the same files. With connections the explicit
skills of everyone are needed: files of 4 bytes a skill and 8 bytes a member, mapped.
"""

from __future__ import annotations

import shutil
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from skillfirst.ingest.checked import Checked
from skillfirst.ingest.resolving import Lookup, Resolvers, dictionary
from skillfirst.tables.interactions import EventRows, History, merge_events
from skillfirst.tables.member_document import DOCUMENT
from skillfirst.tables.schemas import LEVELS
from skillfirst.tables.sparse import list_parts, to_lists
from skillfirst.tables.vocabulary import Vocabulary

BATCH_ROWS = 16_384
ACTIVITY_MOST = 512  # activity rows a document holds, the newest, as with impressions
NEIGHBOUR_SKILLS = 64
THREADS = 2
HELD, HELD_AT = "held.tmp", "held-at.npy"
MICROSECONDS = 1_000_000

EVENTS_READ = ("kind", "course", "skill_id", "channel", "time", "position", "seconds", "event")
_GIVEN = {"position": pa.int64(), "seconds": pa.float64()}

# results of a function of a range's number, in the order of the numbers; the function pickles
Spread = Callable[[Callable[[int], Any], Sequence[int]], Iterable[Any]]
_Pair = tuple[npt.NDArray[np.int64], npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class GatherResult:
    """`parts`: Arrow IPC files, one record batch each, in member_id order. `counts`: rows that went in, by name.

    `counts`: members, explicit_skills, wanted, refused, activity, interactions, impressions, unknown_skills (entries
    left out). `unknown_skills`: the texts behind them with their counts, most frequent first, at most 100.
    """

    parts: list[Path]
    counts: dict[str, int]
    unknown_skills: list[tuple[str, int]] = field(default_factory=list)


def read_part(path: Path) -> pa.RecordBatch:
    """The batch of documents in one part."""
    with pa.memory_map(str(path)) as source, pa.ipc.open_file(source) as reader:
        return reader.get_batch(0)


def write_part(path: Path, batch: pa.RecordBatch) -> None:
    """Write a part of documents, whole or not at all: whoever dies while writing leaves none."""
    options = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
    unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    with pa.OSFile(str(unfinished), "wb") as sink, pa.ipc.new_file(sink, DOCUMENT, options=options) as writer:
        writer.write_batch(batch)
    unfinished.replace(path)


def gather(
    checked: Checked,
    resolvers: Resolvers,
    courses: Vocabulary,
    *,
    now: int | datetime,
    out_dir: Path,
    batch_rows: int = BATCH_ROWS,
    threads: int = THREADS,
    spread: Spread | None = None,
) -> GatherResult:
    """Write the documents of all members, ascending by member_id, into `out_dir` (emptied before).

    Events and activity after `now` (s since 1970 UTC) are ignored. Equal input gives equal bytes, whatever
    `threads`; `batch_rows` only decides where parts are cut. `spread` maps over the ranges, elsewhere perhaps, in place
    of threads; `resolvers` pickle then, and paths are the same everywhere.
    """
    moment = int(now.timestamp()) if isinstance(now, datetime) else int(now)
    shutil.rmtree(out_dir, ignore_errors=True)
    out_dir.mkdir(parents=True)
    task = _Gathering(checked, Lookup(resolvers), courses, moment, out_dir, batch_rows)
    with ThreadPoolExecutor(max(1, threads)) as pool:
        each = spread or pool.map
        if "connections" in checked.large:
            _lay_out_everyone(task, each)
        done = list(each(task.write_range, range(checked.ranges)))
    task.close()
    counts: Counter[str] = Counter({"members": checked.members})
    unknown: Counter[str] = Counter()
    for _, more, missing in done:
        counts.update(more)
        unknown.update(missing)
    most = sorted(unknown.items(), key=lambda item: (-item[1], item[0]))[:100]
    return GatherResult([path for paths, *_ in done for path in paths], dict(counts), most)


def _lay_out_everyone(task: _Gathering, each: Spread) -> None:
    """Explicit skills of all members, offsets and codes, as two files in `out_dir` that every range maps."""
    offsets = np.lib.format.open_memmap(task.out_dir / HELD_AT, "w+", np.int64, (task.checked.members + 1,))
    offsets[0], at = 0, 0
    for lengths in each(task.write_held, range(task.checked.ranges)):
        offsets[at + 1 : at + 1 + len(lengths)] = offsets[at] + np.cumsum(lengths)
        at += len(lengths)
    offsets.flush()
    with (task.out_dir / HELD).open("wb") as whole:
        for number in range(task.checked.ranges):
            path = task.held_path(number)
            with path.open("rb") as piece:
                shutil.copyfileobj(piece, whole)
            path.unlink()


@dataclass
class _Gathering:
    """One gather under way; pickles without the catalogue tables and without what is mapped."""

    checked: Checked
    lookup: Lookup
    courses: Vocabulary
    now: int
    out_dir: Path
    batch_rows: int
    _everyone: _Pair | None = None

    def __post_init__(self) -> None:
        # events name courses by their row in the table; the last entry answers "none" (-1)
        ids = self.checked.tables["courses"]["course_id"]
        self.course_codes = np.append(self.courses.encode(ids), np.int32(-1))

    def __getstate__(self) -> dict[str, Any]:
        light = replace(self.checked, tables={}, findings=[])
        return {**self.__dict__, "checked": light, "_everyone": None}

    @property
    def everyone(self) -> _Pair | None:
        """Explicit skills of all members as (offsets, codes), mapped; None without connections."""
        if self._everyone is None and "connections" in self.checked.large:
            offsets = np.asarray(np.load(self.out_dir / HELD_AT, mmap_mode="r+"))
            # "r+" although nothing is written: the compiled loop knows one type
            codes = np.memmap(self.out_dir / HELD, np.int32, "r+") if offsets[-1] else np.empty(0, np.int32)
            self._everyone = offsets, np.asarray(codes)
        return self._everyone

    def close(self) -> None:
        """Remove what only this gather needs."""
        self._everyone = None
        for name in (HELD, HELD_AT):
            (self.out_dir / name).unlink(missing_ok=True)

    def held_path(self, number: int) -> Path:
        return self.out_dir / f"held-{number:05d}.tmp"

    def write_held(self, number: int) -> npt.NDArray[np.int64]:
        """Write the explicit skills of one range of members; returns how many each member has."""
        held_at, held, *_ = self._apart().profiles(number)
        self.held_path(number).write_bytes(held.tobytes())
        return np.asarray(held_at[1:] - held_at[:-1], np.int64)

    def write_range(self, number: int) -> tuple[list[Path], Counter[str], Counter[str]]:
        """Write the parts of one range of members: (paths, rows by name, unknown skills by text)."""
        own = self._apart()
        return (*own._write_range(number), own.lookup.unknown_skills)

    def _apart(self) -> _Gathering:
        """This gather with a count of its own of what is unknown; ranges run beside each other."""
        own = object.__new__(_Gathering)
        own.__dict__.update(self.__dict__, lookup=self.lookup.apart())
        return own

    def _write_range(self, number: int) -> tuple[list[Path], Counter[str]]:
        members = pq.read_table(self.checked.files("members", number)[0], partitioning=None, use_threads=False)
        counts: Counter[str] = Counter()
        first, rows = number * self.checked.range_rows, members.num_rows
        held_at, held, bits, want_at, want, refuse_at, refuse, unknown = self.profiles(number)
        history = History.stated((want_at, want), (refuse_at, refuse))
        merged, more = self.history(number, first, history)
        columns = self.stated(members)
        columns["skill"], columns["skill_source"] = to_lists(held_at, held), to_lists(held_at, bits)
        columns |= merged.columns()
        columns |= self.activity(number, first, rows, counts)
        columns |= self.network(number, first, rows)
        counts.update(
            explicit_skills=len(held), wanted=len(merged.values["wanted"]), refused=len(merged.values["refused"]),
            interactions=len(merged.values["course"]), impressions=len(merged.values["seen_course"]),
            unknown_skills=unknown + more,
        )  # fmt: skip
        batch = pa.RecordBatch.from_arrays([columns[f.name].cast(f.type) for f in DOCUMENT], schema=DOCUMENT)
        return list(self.parts(number, batch)), counts

    def parts(self, number: int, batch: pa.RecordBatch) -> Iterator[Path]:
        each = -(-self.checked.range_rows // self.batch_rows)
        for place, start in enumerate(range(0, batch.num_rows, self.batch_rows)):
            path = self.out_dir / f"part-{number * each + place:05d}.arrow"
            write_part(path, batch.slice(start, self.batch_rows))
            yield path

    def profiles(self, number: int) -> tuple[Any, ...]:
        """Skills on the profiles of a range: see gathering.profiles; last, how many entries are unknown."""
        from skillfirst.ingest import gathering

        first = number * self.checked.range_rows
        rows = min(self.checked.range_rows, self.checked.members - first)
        table = self._read("member_skills", number, ("skill", "source"), ("skill", "source"))
        if table is None:
            none = np.empty(0, np.int32)
            return (*gathering.profiles(none, none, np.empty(0, np.int8), rows), 0)
        codes, unknown = self.lookup.skills(table["skill"])
        places, words = dictionary(table["source"])
        sources = np.array([gathering.SOURCES.index(w or "explicit") for w in [*words, None]], np.int8)[places]
        row = table["member"].to_numpy() - np.int32(first)
        return (*gathering.profiles(row, codes, sources, rows), unknown)

    def history(self, number: int, first: int, before: History) -> tuple[History, int]:
        """What the events of a range did; and how many name an unknown skill."""
        files = self.checked.files("events", number)
        if not files:
            return before, 0
        unknown: list[int] = []
        size = sum(pq.read_metadata(path).num_rows for path in files)
        # a range may hold tens of millions of events: as arrays they take a tenth of what they take as a table
        tables = self._pieces("events", number, EVENTS_READ, ("skill_id",))
        events = EventRows.joined((self._events(table, first, unknown) for table in tables), size)
        return merge_events(before, events, self.now), sum(unknown)

    def _events(self, table: pa.Table, first: int, unknown: list[int]) -> EventRows:
        """Events of a piece of a table; how many name an unknown skill is added to `unknown`."""
        skill, missing = self.lookup.skills(table["skill_id"])
        unknown.append(missing)
        return EventRows.of(
            table["member"].to_numpy() - np.int32(first),
            table["kind"].to_numpy(),
            _microseconds(table["time"]),
            course=self.course_codes[pc.fill_null(table["course"], -1).to_numpy()],
            skill=skill,
            channel=table["channel"].to_numpy(),
            position=_floats(table["position"]),
            seconds=_floats(table["seconds"]),
            event=pc.fill_null(table["event"], 0).to_numpy(),
        )

    def activity(self, number: int, first: int, rows: int, counts: Counter[str]) -> dict[str, pa.Array]:
        """Skills used elsewhere on the platform: named ones, and those found in the words."""
        from skillfirst.ingest import gathering

        table = self._read("activity", number, ("skill", "text", "time"), ("skill", "text"))
        row, skill, time = np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.int64)
        if table is not None:
            own = table["member"].to_numpy() - np.int32(first)
            at = _microseconds(table["time"]) // MICROSECONDS
            named, unknown = self.lookup.skills(table["skill"])
            offsets, found = list_parts(self.lookup.found(table["text"]))
            times = np.diff(offsets)
            row, time = np.concatenate([own, np.repeat(own, times)]), np.concatenate([at, np.repeat(at, times)])
            skill = np.concatenate([named, found.to_numpy(zero_copy_only=False)])
            counts["unknown_skills"] += unknown
        offsets, skill, time = gathering.activities(row, skill, time, rows, self.now, ACTIVITY_MOST)
        counts["activity"] += len(skill)
        return {"activity_skill": to_lists(offsets, skill), "activity_time": to_lists(offsets, time)}

    def network(self, number: int, first: int, rows: int) -> dict[str, pa.Array]:
        """What the neighbours of a range know."""
        from skillfirst.ingest import gathering

        table = self._read("connections", number, ("connection",), ()) if self.everyone is not None else None
        if table is None or self.everyone is None:
            none = to_lists(np.zeros(rows + 1, np.int64), np.empty(0, np.int32))
            return {"neighbours": pa.array(np.zeros(rows, np.int32)), "neighbour_skill": none, "neighbour_count": none}
        profiles, offsets, skill, count = gathering.neighbours(
            table["member"].to_numpy() - np.int32(first), np.array(table["connection"], np.int32), rows, first,
            *self.everyone, self.lookup.resolvers.skill_count, NEIGHBOUR_SKILLS,
        )  # fmt: skip
        return {
            "neighbours": pa.array(profiles),
            "neighbour_skill": to_lists(offsets, skill),
            "neighbour_count": to_lists(offsets, count),
        }

    def stated(self, members: pa.Table) -> dict[str, pa.Array]:
        """Columns that are stated on profiles, and the columns of the moment."""
        rows = members.num_rows
        ids = members["member_id"].combine_chunks()
        arms = self.lookup.resolvers.arms
        none = pa.MapArray.from_arrays(
            np.zeros(rows + 1, np.int32), pa.array([], pa.string()), pa.array([], pa.string())
        )
        level = pc.index_in(members["level"].combine_chunks(), pa.array(LEVELS))
        titles, weights = self.lookup.titles(members["title"])
        targets, target_weights = self.lookup.titles(members["target_title"])
        return {
            "member_id": ids,
            "now": pa.array(np.full(rows, self.now), pa.timestamp("s", "UTC")),
            "arms": none if arms is None else arms(ids),
            "title": titles,
            "title_weight": weights,
            "target_title": targets,
            "target_title_weight": target_weights,
            "industry": members["industry"].combine_chunks(),
            "country": members["country"].combine_chunks(),
            "languages": _without_nulls(members["languages"]),
            "level": pc.add(pc.fill_null(level, -1), 1),
        }

    def _read(self, name: str, number: int, columns: tuple[str, ...], texts: tuple[str, ...]) -> pa.Table | None:
        """Rows of a table in a range, `texts` as dictionaries, columns that nobody gave as nulls; None without rows."""
        pieces = list(self._pieces(name, number, columns, texts))
        return pa.concat_tables(pieces) if pieces else None

    def _pieces(self, name: str, number: int, columns: tuple[str, ...], texts: tuple[str, ...]) -> Iterator[pa.Table]:
        """The same, a row group at a time."""
        for path in self.checked.files(name, number):
            metadata = pq.read_metadata(path)
            names = set(metadata.schema.to_arrow_schema().names)
            with pq.ParquetFile(path, metadata=metadata, read_dictionary=[t for t in texts if t in names]) as file:
                there = [c for c in ("member", *columns) if c in names]
                for group in range(metadata.num_row_groups):
                    table = file.read_row_group(group, there, use_threads=False)
                    for column in (c for c in columns if c not in names):
                        nothing = pa.nulls(table.num_rows, _GIVEN.get(column, pa.string()))
                        table = table.append_column(column, pa.chunked_array([nothing]))
                    yield table


def _microseconds(column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    return np.asarray(column.cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy(), np.int64)


def _floats(column: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    return np.asarray(column.cast(pa.float64()).to_numpy(), np.float64)


def _without_nulls(lists: pa.ChunkedArray) -> pa.ListArray:
    offsets, flat = list_parts(lists)
    return to_lists(offsets, flat)
