"""What LMDB alone has: a map that grows, one opening a process, readers in other processes."""

from __future__ import annotations

import subprocess
import sys
import threading

from skillfirst.stores.online import OnlineMember, open_online
from skillfirst.stores.online.lmdb_store import LmdbStore

MEBIBYTE = 2**20


def rows(count, size, text=b"x"):
    return (OnlineMember(f"m{i:05d}", b"", {"home": text * size}) for i in range(count))


def test_the_map_grows_under_a_publish_while_others_read(tmp_path):
    store = LmdbStore(str(tmp_path), map_bytes=MEBIBYTE)
    store.put("v1", rows(10, 1_000))
    store.switch("v1")
    stop, wrong = threading.Event(), []

    def read():
        while not stop.is_set():
            if store.get("m00005", "home") not in (b"x" * 1_000, b"y" * 10_000):
                wrong.append("mix")

    reader = threading.Thread(target=read)
    reader.start()
    try:
        store.put("v2", rows(1_000, 10_000, b"y"))
        store.switch("v2")
    finally:
        stop.set()
        reader.join()
    assert wrong == []
    assert store._environment.env.info()["map_size"] >= 16 * MEBIBYTE
    assert store.get("m00999", "home") == b"y" * 10_000
    store.close()


def test_a_reader_in_another_process_follows_a_grown_map(tmp_path):
    code = (
        "import sys; from skillfirst.stores.online.lmdb_store import LmdbStore\n"
        "store = LmdbStore(sys.argv[1], map_bytes=2**20)\n"
        "for line in sys.stdin:\n"
        "    print(len(store.get('m00000', 'home') or b''), flush=True)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:

        def asked():
            other.stdin.write("?\n")
            other.stdin.flush()
            return int(other.stdout.readline())

        assert asked() == 0
        store = LmdbStore(str(tmp_path), map_bytes=MEBIBYTE)
        store.put("v1", rows(1_000, 10_000))
        store.switch("v1")
        assert asked() == 10_000
        other.stdin.close()
    store.close()


def test_openings_of_one_place_share_it_until_the_last_is_closed(tmp_path):
    one, two = open_online(f"lmdb:{tmp_path}"), open_online(f"lmdb:{tmp_path}/../{tmp_path.name}")
    one.put("v1", rows(1, 5))
    one.switch("v1")
    one.close()
    one.close()
    assert two.get("m00000", "home") == b"xxxxx"
    two.close()
    with open_online(f"lmdb:{tmp_path}") as again:
        assert again.serving() == "v1"


def test_the_file_does_not_grow_with_the_number_of_publishes(tmp_path):
    store = LmdbStore(str(tmp_path))
    sizes = []
    for number in range(12):
        store.put(f"v{number}", rows(200, 5_000))
        store.switch(f"v{number}")
        sizes.append((tmp_path / "data.mdb").stat().st_size)
    store.close()
    assert sizes[-1] <= sizes[5] * 1.2
