"""A disk that refuses: one message with the place, what happened and the next step, and nothing half-written."""

from __future__ import annotations

import errno
import resource
import shutil
from contextlib import contextmanager

import pytest

DAY = "2026-06-10"


@contextmanager
def files_no_longer_than(size):
    """What a full disk is like, for every file of this process."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("size", [1_000, 4_000, 12_000])
def test_a_night_on_a_full_disk_names_the_run_and_leaves_nothing(skillfirst, academy, tmp_path, size):
    with files_no_longer_than(size):
        said = skillfirst("run", "--data", academy, "--store", "s", "--day", DAY)
    said.fails(1, f"run {DAY}-001 cannot be written to the store {tmp_path / 's'}: ", "ulimit -f")
    assert not [path for path in (tmp_path / "s").rglob("*") if path.is_file() and path.name != ".lock"]
    assert skillfirst("run", "--data", academy, "--store", "s", "--day", DAY).code == 0
    assert [path.name for path in (tmp_path / "s").iterdir()] == ["runs"]
    assert not list((tmp_path / "s" / "runs" / ".building").iterdir())


def test_a_file_in_the_place_of_the_store(skillfirst, academy, tmp_path):
    (tmp_path / "FILE").touch()
    said = skillfirst("run", "--data", academy, "--store", "FILE", "--day", DAY)
    said.fails(1, f"the store {tmp_path / 'FILE'} cannot be written", "a file, not a folder", "Name a folder.")


def test_what_no_store_says_still_names_the_place_and_the_next_step(skillfirst, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied", "/srv/academy")

    monkeypatch.setattr("skillfirst.cli.explain.open_run", refuse)
    skillfirst("explain", "--store", "s", "m").fails(1, "/srv/academy: this user has no permission.", "chmod")


def test_a_table_is_not_blamed_for_the_disk(skillfirst, academy, tmp_path):
    shutil.copytree(academy, tmp_path / "data")
    with open("data/events.csv", "a") as file:  # times that no table stores in a few bytes
        for n in range(9_000):
            time = f"2026-06-0{1 + n % 9}T{n % 24:02}:{n * 7 % 60:02}:{n * n % 60:02}Z"
            file.write(f"more{n},{time},m1,click,c1,home,1,\n")
    with files_no_longer_than(12_000):
        said = skillfirst("run", "--data", "data", "--store", "s", "--day", DAY)
    said.fails(1, f"run {DAY}-001 cannot be written to the store {tmp_path / 's'}: ", "ulimit -f")


def test_a_demo_that_finds_no_room_names_its_folder(skillfirst, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("skillfirst.cli.demo.invent", full)
    said = skillfirst("demo", "--dir", "academy", "--no-serve")
    assert (said.code, said.out) == (1, "")
    assert "the academy in academy cannot be written: the disk is full. Make room" in said.err
