"""One suite for every online store: a store is in when it passes."""

from __future__ import annotations

import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from skillfirst.errors import NotFound, RunError, StoreError, UsageError
from skillfirst.stores.online import DOCUMENT_NAME, OnlineMember, open_online
from skillfirst.stores.online.base import SHARED
from skillfirst.tables import shorthand

STORES = [
    "memory",
    "lmdb",
    "sqlite",
    pytest.param("redis", marks=pytest.mark.server),
    pytest.param("postgresql", marks=pytest.mark.server),
]


@pytest.fixture(params=STORES)
def open_store(request, tmp_path):
    """Opens the same place again and again: each call gives a store of its own onto it."""
    opened = []
    if request.param == "memory":
        shared = open_online("memory:")

        def open_():
            return shared

    elif request.param == "redis":
        client = request.getfixturevalue("redis_client")
        client.flushall()

        def open_():
            opened.append(open_online(f"unix://{client.socket_file}?db=0"))
            return opened[-1]

    elif request.param == "postgresql":
        address = request.getfixturevalue("postgres_address")
        forget_everything(address)

        def open_():
            opened.append(open_online(address))
            return opened[-1]

    else:

        def open_():
            opened.append(open_online(f"{request.param}:{tmp_path / 'online'}"))
            return opened[-1]

    yield open_
    for store in opened:
        store.close()


def forget_everything(address):
    import psycopg

    with psycopg.connect(address, autocommit=True) as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE tablename LIKE 'skillfirst%'").fetchall()
        for (name,) in names:
            connection.execute(f"DROP TABLE {name}")


@pytest.fixture
def store(open_store):
    return open_store()


def member(member_id, text):
    return OnlineMember(
        member_id, f"document {text}".encode(), {"home": f"home {text}".encode(), "feed": text.encode()}
    )


def published(store, version, *ids):
    store.put(version, [member(i, f"{i} {version}") for i in ids], {"run_id": version})
    store.switch(version)


def test_nothing_is_served_before_the_first_switch(store):
    assert store.serving() is None
    assert store.get("ann", "home") is None
    store.put("v1", [member("ann", "1")])
    assert store.serving() is None
    assert store.get("ann", "home") is None
    assert store.get_document("ann") is None
    with store.snapshot() as snapshot:
        assert snapshot.version is None
        assert snapshot.get("ann", "home") is None
    assert store.versions() == ["v1"]


def test_a_switch_serves_the_rows_as_they_were_put(store):
    assert store.put("v1", [member("ann", "1"), member("bob", "2")], {"run_id": "r1"}) == 2
    store.switch("v1")
    assert store.serving() == "v1"
    assert store.get("ann", "home") == b"home 1"
    assert store.get("bob", "feed") == b"2"
    assert store.get_document("bob") == b"document 2"
    assert store.get("ann", "email") is None
    assert store.get("eve", "home") is None
    assert store.get_many("ann", [DOCUMENT_NAME, "home", "x"]) == {"": b"document 1", "home": b"home 1", "x": None}
    assert store.meta("v1") == {"run_id": "r1", "members": 2}


def in_shorthand(phrases, member_id):
    short = shorthand.HEAD.pack(shorthand.MAGIC, phrases.name, 1, 0) + b"\0\0\0\0<\0>"
    return OnlineMember(member_id, shorthand.packed(b"document " * 50), {"home": short, "feed": b"as it is"})


def test_answers_in_shorthand_are_read_in_full(open_store, stranger):
    for version in ("v1", "v2", "v3"):
        phrases = shorthand.Phrases([f"card of {version}".encode()])
        store = open_store()
        assert store.put(version, [in_shorthand(phrases, "ann"), in_shorthand(phrases, "bob")], {}, phrases) == 2
        store.switch(version)
        full = f"<card of {version}>".encode()
        assert store.get("ann", "home") == full
        assert store.get_many("bob", ["home", "feed", "", "x"]) == {
            "home": full, "feed": b"as it is", "": b"document " * 50, "x": None
        }  # fmt: skip
        with open_store().snapshot() as snapshot:
            assert snapshot.get("bob", "home") == full
            assert snapshot.stored("bob", ["home"])["home"] == in_shorthand(phrases, "bob").answers["home"]
    assert store.meta("v3")["members"] == 2
    assert store.erase(SHARED) == 0
    assert store.rollback() == "v2"
    assert store.get("ann", "home") == b"<card of v2>"


def test_shorthand_without_its_phrases_says_so(store, stranger):
    store.put("v1", [in_shorthand(shorthand.Phrases([b"elsewhere"]), "ann")])
    store.switch("v1")
    with pytest.raises(StoreError, match="phrases"):
        store.get("ann", "home")
    assert store.get("ann", "feed") == b"as it is"


def test_another_opening_sees_the_same(open_store):
    published(open_store(), "v1", "ann")
    other = open_store()
    assert other.serving() == "v1"
    assert other.get("ann", "feed") == b"ann v1"


def test_a_version_without_members_can_be_served(store):
    assert store.put("v1", []) == 0
    store.switch("v1")
    assert store.serving() == "v1"
    assert store.get("ann", "home") is None
    with store.snapshot() as snapshot:
        assert snapshot.get("ann", "home") is None


def test_a_member_who_left_is_not_found_in_the_next_version(store):
    published(store, "v1", "ann", "bob")
    published(store, "v2", "bob")
    assert store.get("ann", "home") is None
    assert store.get("bob", "home") == b"home bob v2"


def test_the_serving_version_and_the_one_before_are_kept(store):
    for version in ("v1", "v2", "v3"):
        published(store, version, "ann")
    assert store.versions() == ["v2", "v3"]
    assert store.previous() == "v2"
    with pytest.raises(NotFound, match="v2, v3"):
        store.switch("v1")
    with pytest.raises(NotFound):
        store.meta("v1")


def test_rollback_serves_the_version_before_and_can_be_undone_by_a_switch(store):
    published(store, "v1", "ann")
    with pytest.raises(NotFound, match="no previous"):
        store.rollback()
    published(store, "v2", "ann")
    assert store.rollback() == "v1"
    assert store.get("ann", "feed") == b"ann v1"
    with pytest.raises(NotFound, match="no previous"):
        store.rollback()
    store.switch("v2")
    assert store.get("ann", "feed") == b"ann v2"


def test_a_version_put_again_replaces_itself_without_touching_readers(store):
    published(store, "v1", "ann")
    with store.snapshot() as snapshot:
        store.put("v1", [member("ann", "anew")])
        assert snapshot.get("ann", "feed") == b"ann v1"
    assert store.get("ann", "feed") == b"ann v1"
    store.switch("v1")
    assert store.get("ann", "feed") == b"anew"


def test_a_snapshot_stays_on_its_version_through_a_switch(store):
    published(store, "v1", "ann", "bob")
    store.put("v2", [member("ann", "ann v2"), member("bob", "bob v2")])
    with store.snapshot() as snapshot:
        before = snapshot.get("ann", "feed")
        store.switch("v2")
        assert (snapshot.version, before, snapshot.get("bob", "feed")) == ("v1", b"ann v1", b"bob v1")
        assert snapshot.get_document("bob") == b"document bob v1"
    assert store.get("bob", "feed") == b"bob v2"


def test_a_put_that_breaks_off_leaves_the_old_version_and_is_cleaned_by_the_next(store):
    published(store, "v1", "ann")

    def broken():
        for number in range(6_000):
            yield member(f"m{number:05d}", "half")
        raise OSError("the disk of the run is gone")

    with pytest.raises(OSError, match="the disk"):
        store.put("v2", broken())
    assert store.serving() == "v1"
    assert store.versions() == ["v1"]
    with pytest.raises(NotFound):
        store.switch("v2")
    published(store, "v2", "bob")
    assert store.get("m00001", "feed") is None
    assert store.get("bob", "feed") == b"bob v2"
    assert len(store._catalog().generations) == 2


def test_a_newer_put_takes_over_from_one_under_way(open_store):
    older, newer = open_store(), open_store()

    def rows():
        for number in range(5_000):  # more than one write
            yield member(f"m{number:05d}", "older")
        newer.put("v2", [member("ann", "newer")])
        yield member("zoe", "older")

    with pytest.raises(RunError, match="another publish"):
        older.put("v1", rows())
    newer.switch("v2")
    assert newer.get("ann", "feed") == b"newer"
    assert newer.versions() == ["v2"]


def test_parts_may_be_added_by_several_in_any_order_and_twice(open_store):
    first = open_store()
    published(first, "v0", "old")
    put = pickle.loads(pickle.dumps(first.begin("v1")))
    others = [open_store() for _ in range(3)]
    parts = {n: [member(f"m{n}-{i}", f"{n} {i}") for i in range(3)] for n in range(6)}
    with ThreadPoolExecutor(3) as pool:
        added = list(pool.map(lambda n: others[n % 3].add(put, n, iter(parts[n])), [5, 3, 1, 0, 2, 4, 3, 0]))
    assert added == [3] * 8
    assert first.serving() == "v0"
    assert others[0].get("m1-1", "home") is None
    first.finish(put, 18, {"run_id": "r"})
    first.switch("v1")
    assert others[1].meta("v1") == {"run_id": "r", "members": 18}
    for part in parts.values():
        for one in part:
            assert others[2].get(one.member_id, "home") == one.answers["home"]
            assert others[2].get_document(one.member_id) == one.document
    assert first.erase("m3-1") == 3


def test_a_part_that_breaks_off_midway_is_added_whole_by_the_next_try(store, monkeypatch):
    monkeypatch.setattr("skillfirst.stores.online.base.ROWS_A_WRITE", 2)
    published(store, "v0", "old")
    rows = [member(f"m{i}", str(i)) for i in range(5)]

    def breaking():
        yield from rows[:3]
        raise OSError("the executor is gone")

    put = store.begin("v1")
    with pytest.raises(OSError, match="executor"):
        store.add(put, 0, breaking())
    assert store.serving() == "v0"
    assert store.add(put, 0, rows) == 5
    store.finish(put, 5)
    store.switch("v1")
    assert [store.get(f"m{i}", "feed") for i in range(5)] == [str(i).encode() for i in range(5)]
    assert store.erase("m1") == 3


def test_parts_of_a_put_that_was_taken_over_are_refused(open_store):
    one, other = open_store(), open_store()
    put = one.begin("v1")
    one.add(put, 0, [member("ann", "1")])
    published(other, "v2", "bob")
    with pytest.raises(RunError, match="another publish has begun"):
        one.add(put, 1, [member("cyd", "1")])
    with pytest.raises((RunError, StoreError)):
        one.finish(put, 2)
    assert one.serving() == "v2"
    assert other.versions() == ["v2"]


def test_a_store_says_where_it_is_without_its_password(open_store):
    place = open_store().place
    assert place.partition(":")[0] in ("memory", "lmdb", "sqlite", "unix", "postgresql")
    assert "@" not in place
    assert "?" not in place


def test_versions_put_and_never_served_do_not_pile_up(store):
    published(store, "v0", "ann")
    for number in range(1, 12):
        store.put(f"v{number}", [member("ann", str(number))])
    assert store.versions() == ["v0", "v10", "v11"]
    store.switch("v10")
    assert store.get("ann", "feed") == b"10"


ODD_IDS = [
    "", " ", "0", "00", "a", "a\x00", "a\x00b", "a\x00\x00", "ab", "a/b", "ü", "日本語", "🙂", "\ud800", "%", "*",
    "a*", "[a]", "?", "\\", "a:b", "\x01", "\x7f", "ÿ", "x" * 430, "x" * 441, "x" * 510, "x" * 512, "x" * 100_000,
    "x" * 100_000 + "y", "\x00" * 300,
]  # fmt: skip


def test_ids_of_any_characters_and_length(store):
    store.put("v1", [member(i, f"{n}") for n, i in enumerate(ODD_IDS)])
    store.switch("v1")
    for number, odd in enumerate(ODD_IDS):
        assert store.get(odd, "feed") == str(number).encode(), odd[:20]
        assert store.get_document(odd) == f"document {number}".encode()
    for odd in ODD_IDS[::-1]:
        assert store.erase(odd) == 3, odd[:20]
        assert store.get(odd, "feed") is None
    assert store.get("\udfff", "feed") is None


def test_members_may_come_in_any_order(store):
    ids = [f"m{(i * 7919) % 9000:05d}" for i in range(9000)]
    store.put("v1", [member(i, i) for i in ids])
    store.switch("v1")
    for i in ids[::500]:
        assert store.get(i, "feed") == i.encode()


def test_large_and_empty_values(store):
    big = bytes(range(256)) * 8_192
    store.put("v1", [OnlineMember("ann", b"", {"home": big, "feed": b""})])
    store.switch("v1")
    assert store.get("ann", "home") == big
    assert store.get("ann", "feed") == b""
    assert store.get_document("ann") == b""


@pytest.mark.parametrize("name", ["x" * 65, "a\x00b"])
def test_a_channel_that_cannot_be_a_key_is_refused(store, name):
    with pytest.raises(UsageError, match="name of a channel"):
        store.put("v1", [OnlineMember("ann", b"", {name: b"x"})])


def test_erase_reaches_every_version(store):
    published(store, "v1", "ann", "anna")
    published(store, "v2", "ann", "anna")
    store.put("v3", [member("ann", "3"), member("anna", "3")])
    assert store.erase("ann") == 9
    assert store.erase("ann") == 0
    assert store.get("ann", "home") is None
    assert store.get_document("ann") is None
    store.rollback()
    assert store.get("ann", "home") is None
    assert store.get("anna", "home") == b"home anna v1"
    store.switch("v3")
    assert store.get("ann", "home") is None
    assert store.get("anna", "feed") == b"3"


def test_a_member_erased_during_a_put_does_not_come_back_with_it(open_store):
    store, other = open_store(), open_store()

    def rows():
        yield member("ann", "1")
        for number in range(5_000):
            yield member(f"b{number:05d}", "1")
        other.erase("ann")
        other.erase("zoe")
        yield member("zoe", "1")

    store.put("v1", rows())
    store.switch("v1")
    assert store.get("ann", "feed") is None
    assert store.get("zoe", "feed") is None
    assert store.get("b00001", "feed") == b"1"


def test_readers_see_no_mix_during_a_hundred_switches(open_store):
    """Every answer of a version names the version: within one read all names must agree, and never go missing."""
    publisher = open_store()
    ids = [f"m{i}" for i in range(5)]
    published(publisher, "v0", *ids)
    stop, started = threading.Event(), threading.Barrier(3)
    mixes = []

    def read(reader):
        started.wait(30)
        reads = 0
        while not stop.is_set() or reads < 20:
            with reader.snapshot() as snapshot:
                try:
                    seen = {snapshot.get(i, "feed") for i in ids}
                    expected = {f"{i} {snapshot.version}".encode() for i in ids}
                except StoreError:
                    continue  # a snapshot may outlive its version, but says so
            one = reader.get_many("m1", [DOCUMENT_NAME, "home", "feed"])
            texts = {(value or b"?").rpartition(b" ")[2] for value in one.values()}
            if seen != expected or len(texts) != 1 or b"?" in texts:
                mixes.append((seen, expected, texts))
            reads += 1
        return reads

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read, open_store()) for _ in range(2)]
        started.wait(30)
        try:
            for number in range(1, 101):
                published(publisher, f"v{number}", *ids)
        finally:
            stop.set()
        assert all(r.result() >= 20 for r in readers)
    assert mixes == []
    assert publisher.serving() == "v100"


def test_threads_share_one_store(store):
    published(store, "v1", *(f"m{i}" for i in range(50)))

    def read(number):
        return store.get(f"m{number % 50}", "feed")

    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(read, range(400)))
    assert got == [f"m{i % 50} v1".encode() for i in range(400)]
