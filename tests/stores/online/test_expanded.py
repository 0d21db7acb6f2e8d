"""Answers expanded before are given again, as long as the store says the same."""

from __future__ import annotations

import pytest

from skillfirst.stores.online.base import OnlineMember
from skillfirst.stores.online.expanded import Expanded
from skillfirst.stores.online.lmdb_store import LmdbStore
from skillfirst.stores.online.memory import MemoryStore
from skillfirst.tables import shorthand

ANN = ("ann", "home")


def test_what_was_made_of_other_bytes_is_not_given():
    kept = Expanded()
    kept.keep(ANN, b"short", b"in full")
    assert kept.get(ANN, b"short") == b"in full"
    assert kept.get(ANN, b"other") is None
    assert kept.get(("ann", "feed"), b"short") is None
    kept.keep(ANN, b"other", b"another")
    assert (kept.get(ANN, b"short"), kept.get(ANN, b"other"), len(kept)) == (None, b"another", 1)


def test_the_answer_kept_longest_gives_way():
    kept = Expanded(most=2)
    for member in ("ann", "bob", "ann", "cyd"):
        kept.keep((member, "home"), b"short", member.encode())
    assert [kept.get((m, "home"), b"short") for m in ("ann", "bob", "cyd")] == [b"ann", None, b"cyd"]


@pytest.fixture(params=["memory", "lmdb"])
def store(request, tmp_path):
    with MemoryStore() if request.param == "memory" else LmdbStore(str(tmp_path / "online")) as store:
        yield store


def put(store, version, card):
    phrases = shorthand.Phrases([card])
    short = shorthand.HEAD.pack(shorthand.MAGIC, phrases.name, 1, 0) + b"\0\0\0\0<\0>"
    store.put(version, [OnlineMember("ann", b"document", {"home": short})], {}, phrases)
    store.switch(version)


def test_a_kept_answer_is_gone_when_its_version_or_its_member_is(store):
    put(store, "v1", b"old")
    assert [store.get("ann", "home") for _ in range(3)] == [b"<old>"] * 3
    assert store.get("ann", "home") is store.get("ann", "home")  # put together once
    put(store, "v2", b"new")
    assert store.get("ann", "home") == b"<new>"
    store.rollback()
    assert store.get("ann", "home") == b"<old>"
    store.erase("ann")
    assert store.get("ann", "home") is None


def test_what_is_not_in_shorthand_is_not_kept(store):
    store.put("v1", [OnlineMember("ann", b"document", {"home": b"as it is"})], {})
    store.switch("v1")
    assert store.get("ann", "home") == b"as it is"
    assert store.get("ann", "feed") is None
    assert not len(store._expanded)
