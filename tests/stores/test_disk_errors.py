"""Every library's way to say that the disk refused, in the same plain words."""

from __future__ import annotations

import errno
import os
import sqlite3

import lmdb
import numpy as np
import pyarrow as pa
import pytest

from skillfirst.errors import RunError, StoreError
from skillfirst.stores.disk_errors import disk_error, refusal, refused, telling


@pytest.mark.parametrize(
    ("error", "words", "step"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full", "Make room"),
        (OSError("Error writing bytes to file. Detail: [errno 27] File too large"), "longer than", "ulimit -f"),
        (OSError("2457 requested and 992 written"), "not everything could be written", "Make room"),
        (PermissionError(errno.EACCES, "Permission denied", "/srv/x"), "no permission", "chmod"),
        (OSError(errno.EROFS, "Read-only file system"), "read-only", "Mount"),
        (NotADirectoryError(errno.ENOTDIR, "Not a directory"), "a file, not a folder", "Name a folder"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "share of the disk", "quota"),
        (sqlite3.OperationalError("database or disk is full"), "the disk is full", "Make room"),
        (sqlite3.OperationalError("attempt to write a readonly database"), "read-only", "Mount"),
        (lmdb.DiskError("mdb_txn_commit: No space left on device"), "the disk is full", "Make room"),
    ],
)
def test_what_the_disk_refused_is_said_in_plain_words_with_the_next_step(error, words, step):
    found = refused("the store s cannot be written", error)
    assert isinstance(found, StoreError)
    assert found.message.startswith("the store s cannot be written: ")
    assert words in found.message
    assert step in str(found)
    assert "errno" not in str(found).lower()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_what_numpy_and_arrow_raise_on_a_full_disk_is_understood():
    with open("/dev/full", "wb", buffering=0) as full, pytest.raises(OSError) as numpy_said:
        np.zeros(10_000).tofile(full)
    with pytest.raises(OSError) as arrow_said, pa.OSFile("/dev/full", "wb") as sink:
        sink.write(b"0" * 10_000)
    assert all("full" in refusal(said.value).what for said in (numpy_said, arrow_said))


def test_what_is_not_of_the_disk_keeps_its_own_words():
    assert refusal(ValueError("a number")) is None
    assert str(refused("the store s cannot be read", ValueError("a number"))) == "the store s cannot be read: a number"


def test_the_disk_is_found_behind_the_error_of_a_part():
    full = OSError(errno.ENOSPC, "No space left on device")
    part = RunError("part 3 could not be computed")
    part.__cause__ = full
    assert disk_error(part) is full
    assert disk_error(RunError("of its own")) is None
    assert disk_error(StoreError("has said it")) is None


def test_telling_names_what_was_done_and_the_file():
    with (
        pytest.raises(StoreError, match=r"^run r was not written \(/srv/x\): this user has no permission"),
        telling("run r was not written"),
    ):
        raise PermissionError(errno.EACCES, "Permission denied", "/srv/x")
    with pytest.raises(StoreError, match=r"^already said$"), telling("run r was not written"):
        raise StoreError("already said")
