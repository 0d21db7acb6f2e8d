"""Where an event and a member's events stand in the log, found without touching the disk at random when appending.

The newest events are in dictionaries; from time to time these are sealed into a run: four parallel rows of a
memory-mapped array, sorted, that never change, and neighbouring runs are merged into larger ones. Runs hold 64 bits
of a hash, so what they find are candidates, which the log confirms by looking. Everything here is derived from the
log and is built again where it is missing or broken.

    INDEX/run-<first>-<last>.npy    uint64, 4 x events: event hashes ascending, their numbers,
                                    member hashes ascending, their numbers (ascending within a member)
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from skillfirst.stores.durable import sync_file

#: events in dictionaries before they are sealed: some 30 MB, read again in a fraction of a second when opened
SEAL_EVENTS = 100_000
#: largest run that merging makes: bounds the memory of a merge to some 200 MB
MERGED_EVENTS = 2_000_000
_ERASED = np.uint64(2**64 - 1)
_NAME = re.compile(r"run-(\d+)-(\d+)\.npy")

Array = npt.NDArray[np.uint64]


class Place(NamedTuple):
    """An event in the log: its number, its key, its member."""

    number: int
    key: bytes
    member: bytes


def _key_hashes(keys: Sequence[bytes]) -> Array:
    """The first 64 bits of each key (all of one length)."""
    if not keys:
        return np.empty(0, np.uint64)
    return np.frombuffer(b"".join(keys), np.uint64).reshape(len(keys), -1)[:, 0]


def _member_hash(member: bytes) -> int:
    # the last value is kept for entries that were erased
    return int.from_bytes(hashlib.blake2b(member, digest_size=8).digest(), "little") % (2**64 - 1)


class Recent:
    """The newest events, in dictionaries."""

    def __init__(self, places: Iterable[Place] = ()) -> None:
        self.numbers: dict[bytes, int] = {}
        self.members: dict[bytes, list[int]] = defaultdict(list)
        self.add(places)

    def __len__(self) -> int:
        return len(self.numbers)

    def add(self, places: Iterable[Place]) -> None:
        for number, key, member in places:
            self.numbers[key] = number
            self.members[member].append(number)

    def after(self, number: int) -> Recent:
        """Those of a greater number."""
        keys = {n: key for key, n in self.numbers.items() if n > number}
        places = (Place(n, keys[n], member) for member, found in self.members.items() for n in found if n > number)
        return Recent(sorted(places))

    def erase(self, member: bytes) -> None:
        gone = set(self.members.pop(member, ()))
        self.numbers = {key: number for key, number in self.numbers.items() if number not in gone}

    def arrays(self) -> Array:
        """Four sorted rows, as a run holds them."""
        keys, numbers = (
            _key_hashes(list(self.numbers)),
            np.fromiter(self.numbers.values(), np.uint64, len(self.numbers)),
        )
        members = [(_member_hash(member), found) for member, found in self.members.items()]
        hashes = np.repeat(
            np.array([h for h, _ in members], np.uint64), np.array([len(found) for _, found in members], np.int64)
        )
        places = np.fromiter((n for _, found in members for n in found), np.uint64, len(hashes))
        return _sorted(keys, numbers, hashes, places)


def _sorted(keys: Array, numbers: Array, members: Array, places: Array) -> Array:
    by_key = np.argsort(keys, kind="stable")
    by_member = np.lexsort((places, members))
    return np.stack([keys[by_key], numbers[by_key], members[by_member], places[by_member]])


class Run:
    """Sealed events with first <= number <= last."""

    def __init__(self, path: Path, first: int, last: int) -> None:
        self.path, self.first, self.last = path, first, last
        rows = np.load(path, mmap_mode="r", allow_pickle=False)
        if rows.ndim != 2 or len(rows) != 4 or rows.dtype != np.uint64:
            raise ValueError(f"{path.name} is no run")
        self.rows: Array = rows
        self.keys, self.numbers, self.members, self.places = rows

    def __len__(self) -> int:
        return int(self.rows.shape[1])

    def candidates(self, hashes: Array) -> Iterator[tuple[int, int]]:
        """Pairs (index into `hashes`, number of an event that may be the same)."""
        low = np.searchsorted(self.keys, hashes, "left")
        high = np.searchsorted(self.keys, hashes, "right")
        for index in np.flatnonzero(high > low):
            for place in range(int(low[index]), int(high[index])):
                yield int(index), int(self.numbers[place])

    def of_member(self, member_hash: int, after: int) -> list[int]:
        """Numbers > after that may be the member's, ascending."""
        wanted = np.uint64(member_hash)
        low, high = np.searchsorted(self.members, wanted, "left"), np.searchsorted(self.members, wanted, "right")
        found: list[int] = self.places[low:high].tolist()
        return [number for number in found if number > after]


class Index:
    """All events up to `last`. Methods may be called from any thread; `lock` holds several calls together."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = threading.RLock()
        self.recent = Recent()
        self.sealing: Recent | None = None
        self.runs: list[Run] = []
        folder.mkdir(parents=True, exist_ok=True)
        self._load()
        self.last = self.runs[-1].last if self.runs else 0
        self._sealed = self.last

    def _load(self) -> None:
        """Take the runs there are; what merging made superfluous, or nobody can read, is removed."""
        self.runs = self._chain(1)
        used = {run.path for run in self.runs}
        for path in self.folder.iterdir():
            if _NAME.fullmatch(path.name) and path not in used:
                path.unlink(missing_ok=True)

    def _chain(self, first: int) -> list[Run]:
        """The runs that follow one another from event `first` on, the longest where there are several."""
        found: dict[int, list[tuple[int, Path]]] = defaultdict(list)
        for path in self.folder.iterdir():
            name = _NAME.fullmatch(path.name)
            if name:
                found[int(name[1])].append((int(name[2]), path))
        chain: list[Run] = []
        while found[first]:
            last, path = max(found[first])
            try:
                chain.append(Run(path, first, last))
                first = last + 1
            except (OSError, ValueError, EOFError):
                found[first].remove((last, path))
        return chain

    def _adopt(self) -> None:
        """Take over runs that another process has sealed of events that are recent here."""
        runs = [run for run in self._chain(self._sealed + 1) if run.last <= self.last]
        if runs:
            with self.lock:
                self.runs += runs
                self._sealed = runs[-1].last
                self.recent = self.recent.after(self._sealed)

    def add(self, places: Sequence[Place], last: int) -> None:
        """The events after `self.last` up to `last`; those another thread has added meanwhile are skipped."""
        with self.lock:
            self.recent.add(place for place in places if place.number > self.last)
            self.last = max(self.last, last)

    def full(self) -> bool:
        """Whether it is time to `seal`."""
        return len(self.recent) >= SEAL_EVENTS and self.sealing is None

    def same(self, keys: Sequence[bytes]) -> list[tuple[int, int]]:
        """Pairs (index into `keys`, number of an event that may have this key)."""
        with self.lock:
            generations = [g for g in (self.recent, self.sealing) if g is not None]
            runs = list(self.runs)
            found = [(i, g.numbers[key]) for g in generations for i, key in enumerate(keys) if key in g.numbers]
        if runs:
            hashes = _key_hashes(keys)
            for run in runs:
                found.extend(run.candidates(hashes))
        return found

    def of_member(self, member: bytes, after: int) -> list[int]:
        """Numbers > after of events that may be the member's, ascending."""
        with self.lock:
            generations = [g for g in (self.sealing, self.recent) if g is not None]
            newest = [n for g in generations for n in g.members.get(member, ()) if n > after]
            runs = [run for run in self.runs if run.last > after]
        if not runs:
            return newest
        wanted = _member_hash(member)
        return [n for run in runs for n in run.of_member(wanted, after)] + newest

    def seal(self) -> None:
        """Make a run of the recent events and merge small neighbours; others go on meanwhile.

        One thread of one process at a time.
        """
        self._remove_leftovers()
        self._adopt()
        with self.lock:
            if len(self.recent) < SEAL_EVENTS:
                return
            self.sealing, self.recent = self.recent, Recent()
            first, last = self._sealed + 1, self.last
        run = self._write(self.sealing.arrays(), first, last)
        with self.lock:
            self.runs.append(run)
            self._sealed = last
            self.sealing = None
        while self._merge_two():
            pass

    def _merge_two(self) -> bool:
        """Merge the last two runs unless the older is much larger, so that each event is merged a few times only."""
        with self.lock:
            if len(self.runs) < 2:
                return False
            older, newer = self.runs[-2:]
        if len(older) > 2 * len(newer) or len(older) + len(newer) > MERGED_EVENTS:
            return False
        both = [np.concatenate([a, b]) for a, b in zip(older.rows, newer.rows, strict=True)]
        run = self._write(_sorted(*both), older.first, newer.last)
        with self.lock:
            self.runs[-2:] = [run]
        for gone in (older, newer):
            gone.path.unlink(missing_ok=True)
        return True

    def _write(self, rows: Array, first: int, last: int) -> Run:
        path = self.folder / f"run-{first}-{last}.npy"
        temporary = self.folder / f".{path.name}.{os.getpid()}"
        with temporary.open("wb") as file:
            np.save(file, rows, allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_file(self.folder)
        return Run(path, first, last)

    def erase(self, member: bytes) -> None:
        """Forget a member. Not while any process seals."""
        wanted = np.uint64(_member_hash(member))
        with self.lock:
            self.recent.erase(member)
            for place, run in enumerate(self.runs):
                mine = run.members == wanted
                if mine.any():
                    members, places = np.array(run.members), np.array(run.places)
                    members[mine], places[mine] = _ERASED, 0
                    rows = _sorted(np.array(run.keys), np.array(run.numbers), members, places)
                    self.runs[place] = self._write(rows, run.first, run.last)

    def _remove_leftovers(self) -> None:
        """Half-written runs of processes that are gone."""
        for path in self.folder.glob(".run-*"):
            path.unlink(missing_ok=True)
