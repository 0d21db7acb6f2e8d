"""Records of learning that became no event, kept for the day when somebody says what they mean.

    STORE/kept_apart/xapi.jsonl           one record a line, as `skillfirst import xapi` reads them
    STORE/kept_apart/xapi.older.jsonl     those before, once the file was full; what it replaces is gone
    STORE/kept_apart/caliper.jsonl        the same of the other standard
    STORE/kept_apart/lock                 held by whoever writes

A line is forced to the disk before its sender is told. A line torn by a crash was acknowledged to nobody: the next one
begins on a line of its own.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from skillfirst.ingest.formats.persons import speaks_of
from skillfirst.stores.disk_errors import telling
from skillfirst.stores.durable import FileLock, sync_file, write_file

STANDARDS = ("xapi", "caliper")
#: bytes of a file before it becomes the older one; of a standard, the newest one to two times as much is kept
LARGEST = 64_000_000


class KeptApart:
    """The records in one folder. Any number of threads and processes may append."""

    def __init__(self, folder: str | Path, largest: int = LARGEST) -> None:
        self.folder = Path(folder)
        self._largest = largest

    def append(self, standard: str, records: Sequence[Mapping[str, Any]]) -> None:
        """Keep records (of `ingest.formats.persons.without_mail`); returns when they would survive a power cut.

        Raises StoreError when the disk refuses.
        """
        content = b"".join(json.dumps(record).encode() + b"\n" for record in records)
        with self._locked():
            path = self._path(standard)
            size = path.stat().st_size if path.exists() else 0
            if size and size + len(content) > self._largest:
                path.replace(self._path(standard, older=True))
                size = 0
            with path.open("a+b") as file:
                if size:
                    file.seek(-1, os.SEEK_END)
                    if file.read(1) != b"\n":
                        content = b"\n" + content
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            if not size:
                sync_file(self.folder)

    def erase(self, member_id: str) -> int:
        """Remove every record that names a member, and torn lines; returns how many records there were."""
        removed = 0
        if not self.folder.is_dir():
            return removed
        with self._locked():
            for path in self._paths():
                lines = path.read_bytes().splitlines(keepends=True)
                names = [_names(line, member_id) for line in lines]
                kept = [line for line, named in zip(lines, names, strict=True) if named is False]
                removed += sum(named is True for named in names)
                if len(kept) < len(lines):
                    write_file(path, b"".join(kept))
        return removed

    def holds(self, member_id: str) -> int:
        """How many records name a member."""
        with self._telling("read"):
            return sum(
                _names(line, member_id) is True for path in self._paths() for line in path.read_bytes().splitlines()
            )

    def _path(self, standard: str, *, older: bool = False) -> Path:
        return self.folder / f"{standard}{'.older' if older else ''}.jsonl"

    def _paths(self) -> list[Path]:
        both = [self._path(standard, older=older) for standard in STANDARDS for older in (True, False)]
        return [path for path in both if path.exists()]

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._telling("written"):
            self.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self.folder / "lock"):
                yield

    def _telling(self, what: str) -> AbstractContextManager[None]:
        return telling(f"what is kept apart in {self.folder} cannot be {what}")


def _names(line: bytes, member_id: str) -> bool | None:
    """Whether the record of a line names a member; None for a torn line."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return speaks_of(record, member_id) if isinstance(record, dict) else None
