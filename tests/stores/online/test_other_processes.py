"""Readers in other processes during switches see one version or the other."""

from __future__ import annotations

import subprocess
import sys

import pytest

from skillfirst.stores.online import OnlineMember, open_online

READER = """
import sys
from skillfirst.stores.online import open_online
store = open_online(sys.argv[1])
members = [f"m{i}" for i in range(5)]
seen, mixes = set(), 0
print("ready", flush=True)
while "v50" not in seen:
    with store.snapshot() as snapshot:
        texts = {text for m in members for text in snapshot.get_many(m, ["", "home", "feed"]).values()}
        mixes += texts != {snapshot.version.encode()}
        seen.add(snapshot.version)
print(mixes, len(seen))
"""


@pytest.mark.parametrize("scheme", ["lmdb", "sqlite"])
def test_no_mix_during_fifty_switches(scheme, tmp_path):
    address = f"{scheme}:{tmp_path / 'online'}"
    with open_online(address) as store:

        def publish(number):
            text = b"v%d" % number
            rows = [OnlineMember(f"m{i}", text, {"home": text, "feed": text}) for i in range(5)]
            store.put(text.decode(), rows)
            store.switch(text.decode())

        publish(0)
        command = [sys.executable, "-c", READER, address]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as reader:
            assert reader.stdout.readline() == "ready\n"
            for number in range(1, 51):
                publish(number)
            mixes, versions = map(int, reader.stdout.readline().split())
    assert mixes == 0
    assert versions >= 1
