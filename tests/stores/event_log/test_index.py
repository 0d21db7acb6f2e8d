"""The index finds every event and every member's events, across seals, merges, losses and other processes."""

from __future__ import annotations

import hashlib
import random

import pytest

from skillfirst.stores.event_log.index import Index, Place, Recent


@pytest.fixture(autouse=True)
def _small_runs(monkeypatch):
    monkeypatch.setattr("skillfirst.stores.event_log.index.SEAL_EVENTS", 10)
    monkeypatch.setattr("skillfirst.stores.event_log.index.MERGED_EVENTS", 60)


def key(number):
    return hashlib.blake2b(b"%d" % number, digest_size=16).digest()


def place(number):
    return Place(number, key(number), b"m%d" % (number % 7))


def filled(folder, events, step=4):
    index = Index(folder)
    for first in range(1, events + 1, step):
        last = min(first + step - 1, events)
        index.add([place(n) for n in range(first, last + 1)], last)
        if index.full():
            index.seal()
    return index


def assert_finds(index, events):
    numbers = list(range(1, events + 1))
    random.Random(1).shuffle(numbers)
    assert sorted(index.same([key(n) for n in numbers])) == sorted(enumerate(numbers))
    assert index.same([key(events + 1), key(0)]) == []
    for member in range(7):
        mine = [n for n in range(1, events + 1) if n % 7 == member]
        for after in (0, events // 2, events):
            assert index.of_member(b"m%d" % member, after) == [n for n in mine if n > after]
    assert index.of_member(b"nobody", 0) == []


@pytest.mark.parametrize("events", [0, 1, 9, 12, 40, 203])
def test_everything_is_found_whether_recent_or_sealed(tmp_path, events):
    assert_finds(filled(tmp_path, events), events)


def test_runs_are_merged_but_not_beyond_their_bound(tmp_path):
    index = filled(tmp_path, 600)
    assert max(map(len, index.runs)) <= 60
    assert len(index.runs) <= 22
    assert sorted(p.name for p in tmp_path.glob("run-*")) == sorted(r.path.name for r in index.runs)
    assert [r.first for r in index.runs][1:] == [r.last + 1 for r in index.runs][:-1]


def test_an_index_opened_again_knows_up_to_where_it_was_sealed(tmp_path):
    before = filled(tmp_path, 100)
    index = Index(tmp_path)
    assert index.last == before.runs[-1].last < 100
    index.add([place(n) for n in range(1, 101)], 100)  # what it knows already is skipped
    assert_finds(index, 100)


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"not a run at all"])
def test_a_broken_run_is_left_out_and_what_follows_is_built_again(tmp_path, content):
    index = filled(tmp_path, 200)
    index.runs[1].path.write_bytes(content)
    again = Index(tmp_path)
    assert again.last == index.runs[0].last
    assert len(list(tmp_path.glob("run-*"))) == 1
    again.add([place(n) for n in range(again.last + 1, 201)], 200)
    assert_finds(again, 200)


def test_a_seal_takes_over_what_another_process_has_sealed(tmp_path):
    mine, other = Index(tmp_path), Index(tmp_path)
    mine.add([place(n) for n in range(1, 31)], 30)
    other.add([place(n) for n in range(1, 36)], 35)
    mine.seal()
    other.seal()
    assert [(r.first, r.last) for r in other.runs] == [(1, 30)]
    assert len(other.recent) == 5
    assert_finds(mine, 30)
    assert_finds(other, 35)


def test_an_erased_member_is_forgotten_everywhere(tmp_path):
    index = filled(tmp_path, 105)
    index.erase(b"m3")
    index.erase(b"nobody")
    assert index.of_member(b"m3", 0) == []
    assert index.of_member(b"m4", 0) == [n for n in range(1, 106) if n % 7 == 4]
    again = Index(tmp_path)
    assert again.of_member(b"m3", 0) == []


def test_what_a_killed_seal_left_is_removed_by_the_next(tmp_path):
    index = filled(tmp_path, 8)
    (tmp_path / ".run-1-10.npy.4711").write_bytes(b"half")
    index.add([place(n) for n in range(9, 20)], 19)
    index.seal()
    assert not list(tmp_path.glob(".run-*"))
    assert_finds(index, 19)


def test_the_events_after_a_number():
    recent = Recent(place(n) for n in range(1, 20))
    later = recent.after(12)
    assert sorted(later.numbers.values()) == list(range(13, 20))
    assert later.members[b"m6"] == [13]
    assert 6 not in later.members[b"m6"]
