"""The offline store: dated runs, each whole or absent.

    STORE/runs/2026-11-22-001/            a run: tables (`<name>.parquet/`), model/, documents/, manifest.json;
                                          stored compactly: two tables as `<name>.arrow/`, and words/ (compact.py)
    STORE/runs/latest                     symbolic link to the run committed last, replaced atomically
    STORE/runs/published.json             which runs which online stores serve or can go back to; never pruned
    STORE/runs/.building/<run id>/        a run being written; invisible to readers
    STORE/runs/.building/<run id>.lock    held by the writing process for as long as it lives
    STORE/runs/.removing/                 pruned runs on their way out
    STORE/.work-*/                        what a run being written lies on; of killed processes, removed likewise
    STORE/rejects/                        bad rows of the last night, when they were too many for a run

A run is written aside, forced to the disk, given its manifest as the last file, and renamed into place: before
the rename no reader can see it, after the rename it is complete. Whatever a killed process leaves behind is
removed when the next run begins, and only if the kernel says (by the dropped lock) that the process is gone.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from skillfirst.errors import NotFound, RunError, StoreError, UsageError
from skillfirst.stores.arrow_parts import SUFFIX
from skillfirst.stores.compact import full_batches, full_member, full_part, is_compact
from skillfirst.stores.disk_errors import disk_error, refused, telling
from skillfirst.stores.document_parts import document_parts
from skillfirst.stores.durable import FileLock, sync_file, sync_tree, write_file
from skillfirst.stores.member_files import erase_member, holds_member
from skillfirst.stores.table_parts import TableWriter, iter_batches, member_rows, part_path
from skillfirst.tables.outputs import RECOMMENDATIONS

MANIFEST = "manifest.json"
LATEST = "latest"
PUBLISHED = "published.json"
WORK = ".work-"  # how folders begin in which a night keeps what lies between the tables and the run
REJECTS = "rejects"  # the folder, of a run or of the store, with rows that were left out
#: runs kept by `prune` unless told otherwise: a week of nights
KEEP_RUNS = 7

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_RUN_ID = re.compile(r"\d{4}-\d{2}-\d{2}-\d{3,}")


def _order(run_id: str) -> tuple[str, int]:
    """Runs by day, then by sequence as a number (the thousandth run of a day comes after the 999th)."""
    return run_id[:10], int(run_id[11:])


def _manifest_text(manifest: Mapping[str, Any]) -> bytes:
    return json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False, default=str).encode()


@dataclass(frozen=True, slots=True)
class Run:
    """A committed run. It never changes, but for members being erased; it disappears only by `prune`."""

    run_id: str
    path: Path
    manifest: Mapping[str, Any]

    def table_path(self, name: str) -> Path:
        """Where the table or the folder of artefacts `name` is.

        Raises:
            NotFound: this run has no such table.
        """
        for path in (self.path / f"{name}.parquet", self.path / f"{name}{SUFFIX}", self.path / name):
            if path.exists():
                return path
        raise NotFound(f"run {self.run_id} has no table {name!r}")

    def table(self, name: str, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
        """The rows of a table in their order, streamed; memory is bounded by one row group. However it is stored, the
        rows are those of the full form."""
        path = self.table_path(name)
        return full_batches(path, columns) if is_compact(path) else iter_batches(path, columns)

    def rows(self, name: str, member_id: str) -> pa.Table | None:
        """All rows of one member in a table that is in member_id order, or None."""
        path = self.table_path(name)
        return full_member(path, member_id) if is_compact(path) else member_rows(path, member_id)

    def member(self, member_id: str, channel: str) -> dict[str, Any] | None:
        """The member's row of `recommendations` in one channel as a dict with parallel lists, or None."""
        found = self.rows(RECOMMENDATIONS.name, member_id)
        if found is None:
            return None
        return next((row for row in found.to_pylist() if row["channel"] == channel), None)


def table_part(run: Path, name: str, number: int) -> pa.RecordBatch | None:
    """Part `number` of a table of the run in folder `run`, in the full form; None where it has no rows."""
    compact = part_path(run / f"{name}{SUFFIX}", number)
    if compact.is_file() and is_compact(compact.parent):
        batches = [*full_part(compact)]
        return pa.concat_batches(batches) if batches else None
    file = part_path(run / f"{name}.parquet", number)
    if not file.is_file():
        return None
    found = pq.read_table(file, partitioning=None, use_threads=False).combine_chunks().to_batches()
    return found[0] if found else None


class RunWriter:
    """A run being written. Ends by `commit` or `abort`; used as a context manager it aborts on an exception."""

    def __init__(self, store: OfflineStore, run_id: str, lock: FileLock) -> None:
        self.run_id = run_id
        self.folder = store.building / run_id
        self._store = store
        self._lock = lock
        self._tables: dict[str, TableWriter] = {}
        self.folder.mkdir()

    def table_writer(self, name: str, schema: pa.Schema, *, compact: bool = False) -> TableWriter:
        """Begin the table `<name>.parquet`, or `<name>.arrow` where rows come in a compact form; its
        `write_part(index, batch)` may be called from several threads."""
        if name in self._tables:
            raise RunError(f"run {self.run_id} already has a table {name!r}")
        writer = TableWriter(self.folder / f"{name}{SUFFIX if compact else '.parquet'}", schema)
        self._tables[name] = writer
        return writer

    def write_part(self, name: str, index: int, rows: pa.RecordBatch | pa.Table) -> None:
        """Write part `index` of a table begun with `table_writer`."""
        self._tables[name].write_part(index, rows)

    def adopt_part(self, name: str, index: int, rows: int) -> None:
        """Take in part `index` of a table, written beside the data by `table_parts.write_part_apart`."""
        self._tables[name].adopt(index, rows)

    def rows(self, name: str) -> int:
        """Rows of a table so far."""
        return self._tables[name].rows

    def commit(self, manifest: Mapping[str, Any]) -> Run:
        """Make the run visible, whole. `run_id` and `tables` (rows and parts of each) are added to the manifest.

        Raises:
            RunError: a run of this id was committed in the meantime.
        """
        for writer in self._tables.values():
            writer.close()
        tables = {name: {"rows": w.rows, "parts": w.parts} for name, w in sorted(self._tables.items())}
        complete = {"run_id": self.run_id, "tables": tables, **manifest}
        sync_tree(self.folder)
        write_file(self.folder / MANIFEST, _manifest_text(complete))
        run = self._store._place(self)
        self._lock.release(remove=True)
        return run

    def abort(self) -> None:
        """Leave nothing of this run behind; what a disk does not let go, the next run removes."""
        shutil.rmtree(self.folder, ignore_errors=True)
        with suppress(OSError):
            self._lock.release(remove=True)

    def __enter__(self) -> RunWriter:
        return self

    def __exit__(self, kind: object, error: BaseException | None, *_: object) -> None:
        if kind is None:
            return
        self.abort()
        refusing = disk_error(error)
        if refusing is not None and self._concerns(refusing):
            raise refused(f"run {self.run_id} cannot be written to the store {self._store.path}", refusing) from error

    def _concerns(self, error: OSError) -> bool:
        """Whether it is the store's disk: an error that names a file elsewhere, such as a table, speaks for itself."""
        return not error.filename or Path(os.fsdecode(error.filename)).is_relative_to(self._store.path)


class OfflineStore:
    """Dated runs below one directory. Any number of processes may read and write it at once."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.folder = self.path / "runs"
        self.building = self.folder / ".building"
        self.removing = self.folder / ".removing"
        self.rejects = self.path / REJECTS
        self._lock = self.folder / ".lock"

    # --- reading

    def runs(self) -> list[str]:
        """Ids of all committed runs, oldest first."""
        if not self.folder.is_dir():
            return []
        names = [p.name for p in self.folder.iterdir() if _RUN_ID.fullmatch(p.name) and (p / MANIFEST).is_file()]
        return sorted(names, key=_order)

    def latest(self) -> str | None:
        """The run committed last, or None; should the pointer be lost, the newest run."""
        try:
            run_id = os.readlink(self.folder / LATEST)
        except OSError:
            run_id = ""
        if _RUN_ID.fullmatch(run_id) and (self.folder / run_id / MANIFEST).is_file():
            return run_id
        runs = self.runs()
        return runs[-1] if runs else None

    def open(self, run_id: str = LATEST) -> Run:
        """A committed run by its id, or the latest one.

        Raises:
            NotFound: there is no such run.
            StoreError: its manifest cannot be read.
        """
        wanted = self.latest() if run_id == LATEST else run_id
        if wanted is None:
            raise NotFound(f"no run in {self.path}", next_step="Begin with: skillfirst run")
        if not _RUN_ID.fullmatch(wanted):
            raise UsageError(f"{wanted!r} is not a run id such as 2026-11-22-001")
        path = self.folder / wanted
        try:
            manifest = json.loads((path / MANIFEST).read_bytes())
        except FileNotFoundError:
            raise NotFound(f"no run {wanted} in {self.path}", next_step=f"There are: {self._some_runs()}") from None
        except ValueError as error:
            raise StoreError(f"the manifest of run {wanted} cannot be read: {error}") from error
        return Run(wanted, path, manifest)

    def _some_runs(self) -> str:
        return ", ".join(self.runs()[-5:]) or "none"

    # --- writing

    def begin(self, run: str | dt.date) -> RunWriter:
        """Begin a run, after removing what killed runs left behind.

        Args:
            run: a full run id (`2026-11-22-001`), or a day, which gets the next free sequence number of that
                day; two runs begun at once get two numbers.

        Raises:
            RunError: a run of this id exists or is being written.
            UsageError: `run` is neither a run id nor a day.
            StoreError: the disk refuses.
        """
        asked = str(run)
        if not (_RUN_ID.fullmatch(asked) or _DAY.fullmatch(asked)):
            raise UsageError(f"{asked!r} is neither a run id such as 2026-11-22-001 nor a day such as 2026-11-22")
        with telling(f"the store {self.path} cannot be written"):
            return self._begin(asked)

    def _begin(self, asked: str) -> RunWriter:
        self.building.mkdir(parents=True, exist_ok=True)
        with FileLock(self._lock):
            self._remove_leftovers()
            run_id = asked if _RUN_ID.fullmatch(asked) else self._next_id(asked)
            if (self.folder / run_id).exists():
                raise RunError(f"run {run_id} exists already", next_step=f"Give the day ({run_id[:10]}) alone")
            lock = FileLock(self.building / f"{run_id}.lock")
            if not lock.acquire(wait=False):
                raise RunError(
                    f"run {run_id} is being written by another process",
                    next_step=f"Wait for it, or give the day ({run_id[:10]}) alone",
                )
            return RunWriter(self, run_id, lock)

    def _next_id(self, day: str) -> str:
        taken = {p.name for p in self.folder.iterdir()} | {
            p.name.removesuffix(".lock") for p in self.building.iterdir()
        }
        numbers = [int(name[11:]) for name in taken if _RUN_ID.fullmatch(name) and name.startswith(day)]
        return f"{day}-{max(numbers, default=0) + 1:03d}"

    def _remove_leftovers(self) -> None:
        """Called with the store's lock held."""
        alive = False
        for path in sorted(self.building.glob("*.lock")):
            lock = FileLock(path)
            if not lock.acquire(wait=False):
                alive = True  # its writer
                continue
            run_id = path.name.removesuffix(".lock")
            if (self.folder / run_id / MANIFEST).is_file():
                self._point_to(run_id)  # killed between its rename and the pointer
            shutil.rmtree(self.building / run_id, ignore_errors=True)
            lock.release(remove=True)
        shutil.rmtree(self.removing, ignore_errors=True)
        for path in () if alive else self.path.glob(f"{WORK}*"):
            shutil.rmtree(path, ignore_errors=True)

    def _place(self, writer: RunWriter) -> Run:
        target = self.folder / writer.run_id
        with FileLock(self._lock):
            if target.exists():
                raise RunError(f"run {writer.run_id} was committed by somebody else")
            writer.folder.rename(target)
            sync_file(self.folder)
            self._point_to(writer.run_id)
        return self.open(writer.run_id)

    def _point_to(self, run_id: str) -> None:
        """Replace the pointer; readers see the old run or the new one."""
        temporary = self.folder / f".{LATEST}.{os.getpid()}"
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(run_id)
        temporary.replace(self.folder / LATEST)
        sync_file(self.folder)

    def prune(self, keep: int = KEEP_RUNS, protect: Collection[str] = ()) -> list[str]:
        """Remove old runs; returns the ids removed, oldest first.

        The rule: the `keep` newest runs stay (by day, then sequence), and so do the latest one, those that an online
        store serves or could roll back to (`published`), and every run in `protect`. Readers that have a removed
        run's files open keep them.
        """
        if keep < 1:
            raise UsageError("at least one run must be kept")
        if not self.folder.is_dir():
            return []
        with FileLock(self._lock):
            runs = self.runs()
            spared = {*runs[-keep:], *protect, self.latest()}.union(*self.published().values())
            gone = [run_id for run_id in runs if run_id not in spared]
            for run_id in gone:
                self.removing.mkdir(exist_ok=True)
                (self.folder / run_id).rename(self.removing / run_id)
            sync_file(self.folder)
            shutil.rmtree(self.removing, ignore_errors=True)
        return gone

    def published(self) -> dict[str, list[str]]:
        """The runs each online store may need, by its place.

        Raises:
            StoreError: the note cannot be read; nothing is pruned then.
        """
        try:
            noted = json.loads((self.folder / PUBLISHED).read_bytes())
            return {str(place): [str(run_id) for run_id in runs] for place, runs in noted.items()}
        except FileNotFoundError:
            return {}
        except (ValueError, AttributeError, TypeError) as error:
            raise StoreError(
                f"{self.folder / PUBLISHED} cannot be read: {error}", next_step="Remove it and publish again."
            ) from error

    def note_published(self, place: str, runs: Collection[str]) -> None:
        """Say which runs the online store at `place` serves or could go back to; none when it is no longer fed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self._lock):
            noted = self.published()
            noted.pop(place, None)
            if runs:
                noted[place] = sorted(set(runs))
            write_file(self.folder / PUBLISHED, _manifest_text(noted))

    def keep_rejects(self, files: Iterable[Path]) -> Path:
        """Keep the bad rows of a night that becomes no run, in place of an earlier night's; returns their folder.

        Without files nothing is kept: a night that becomes a run holds its own.
        """
        shutil.rmtree(self.rejects, ignore_errors=True)
        for path in files:
            self.rejects.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, self.rejects / path.name)
        return self.rejects

    def erase(self, member_id: str) -> int:
        """Remove a member's rows from every table of every run; returns how many there were.

        The one change a committed run can undergo. Each file is replaced whole, so readers keep working; the
        number of erased rows is added to the manifest, which names nobody. What a model learned from everybody
        stays. A run being written is not touched: erase before the night, or again after it.
        """
        total = sum(erase_member(path, member_id) for path in sorted(self.rejects.glob("*.jsonl")))
        for run_id in self.runs():
            folder = self.folder / run_id
            erased = sum(erase_member(path, member_id) for path in self._member_files(folder))
            if erased:
                manifest = json.loads((folder / MANIFEST).read_bytes())
                manifest["erased_rows"] = manifest.get("erased_rows", 0) + erased
                write_file(folder / MANIFEST, _manifest_text(manifest))
            total += erased
        return total

    def holds(self, member_id: str) -> list[str]:
        """The files, below the store, that still hold rows of a member: empty after `erase`, which proves it."""
        runs = [self.folder / run_id for run_id in self.runs()]
        files = [*sorted(self.rejects.glob("*.jsonl")), *(p for folder in runs for p in self._member_files(folder))]
        found = [path for path in files if holds_member(path, member_id)]
        return [str(path.relative_to(self.path)) for path in found]

    @staticmethod
    def _member_files(folder: Path) -> list[Path]:
        """Tables, documents and rows that were left out; a Model names no member."""
        arrow = [*document_parts(folder), *folder.glob(f"*{SUFFIX}/*{SUFFIX}")]
        found = [*folder.rglob("*.parquet"), *arrow, *(folder / REJECTS).glob("*.jsonl")]
        return sorted(p for p in found if p.is_file() and not p.name.startswith("."))
