"""Files are replaced whole, and a lock ends with the process that held it."""

from __future__ import annotations

import os
import subprocess
import sys

from skillfirst.stores.durable import FileLock, sync_tree, write_file


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path):
    write_file(tmp_path / "manifest.json", b"old")
    write_file(tmp_path / "manifest.json", b"new")
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"manifest.json": b"new"}


def test_a_tree_is_forced_to_the_disk_children_before_parents(tmp_path, monkeypatch):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").touch()
    synced = []
    monkeypatch.setattr("skillfirst.stores.durable.sync_file", synced.append)
    sync_tree(tmp_path)
    assert synced == [tmp_path / "a" / "b" / "file", tmp_path / "a" / "b", tmp_path / "a", tmp_path]


def test_only_one_holds_a_lock(tmp_path):
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert first.acquire(wait=False)
    assert not second.acquire(wait=False)
    first.release()
    assert second.acquire(wait=False)
    second.release(remove=True)
    assert not (tmp_path / "lock").exists()


def test_a_lock_ends_with_its_process(tmp_path):
    path = tmp_path / "lock"
    code = (
        "import sys; from pathlib import Path; from skillfirst.stores.durable import FileLock; "
        "print(FileLock(Path(sys.argv[1])).acquire(wait=False), flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"True\n"
        mine = FileLock(path)
        assert not mine.acquire(wait=False)
        other.kill()
    assert mine.acquire(wait=False)
    mine.release()


def test_a_lock_whose_name_was_taken_away_is_not_held_by_two(tmp_path):
    path = tmp_path / "lock"
    old, new = FileLock(path), FileLock(path)
    assert old.acquire(wait=False)
    path.unlink()
    assert new.acquire(wait=False), "a new file is a new lock"
    descriptor = os.open(path, os.O_RDONLY)
    os.close(descriptor)
    assert not old._still_named(old._descriptor)
    old.release()
    new.release()
