"""The few file operations on which every "whole or absent" promise of the stores rests."""

from __future__ import annotations

import fcntl
import os
import shutil
import uuid
from pathlib import Path


def sync_file(path: Path) -> None:
    """Force the bytes of one file, or the entries of one directory, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Force every file below `folder` and every directory entry to the disk, children before parents."""
    for root, _, files in os.walk(folder, topdown=False):
        for name in files:
            sync_file(Path(root, name))
        sync_file(Path(root))


def write_file(path: Path, content: bytes) -> None:
    """Replace `path` by `content`: a reader sees the old bytes or the new ones, also after a power cut."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_file(path.parent)


def share_file(path: str | Path, place: str | Path) -> None:
    """Give a file that never changes a second name, whole or not at all; a copy where links are not to be had."""
    place = Path(place)
    temporary = place.with_name(f".{place.name}.{uuid.uuid4().hex}")
    try:
        os.link(path, temporary)
    except OSError:
        shutil.copy2(path, temporary)
    temporary.replace(place)
    temporary.unlink(missing_ok=True)  # two names of one file are not renamed onto one another


class FileLock:
    """An advisory lock that the kernel drops when the last process holding it is gone, however it went.

    The file is only a name for the lock. It may be unlinked by its holder, therefore taking the lock checks
    that the name still leads to the file that was locked.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self, *, wait: bool) -> bool:
        """True when this object now holds the lock; False (only without `wait`) when somebody else does."""
        while True:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                os.close(descriptor)
                return False
            if self._still_named(descriptor):
                self._descriptor = descriptor
                return True
            os.close(descriptor)

    def _still_named(self, descriptor: int) -> bool:
        try:
            named = self.path.stat()
        except FileNotFoundError:
            return False
        mine = os.fstat(descriptor)
        return (named.st_dev, named.st_ino) == (mine.st_dev, mine.st_ino)

    def release(self, *, remove: bool = False) -> None:
        """Give the lock back; `remove` also takes the name away, while nobody else can hold it."""
        if self._descriptor is None:
            return
        try:
            if remove:
                self.path.unlink(missing_ok=True)
        finally:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> FileLock:
        self.acquire(wait=True)
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
