"""Records that became no event: what was acknowledged is there after a kill, a member's can be taken out, and the files
do not grow without end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading

import pytest

from skillfirst.errors import StoreError
from skillfirst.stores.kept_apart import KeptApart


def record(number, member="ann"):
    return {"id": str(number), "actor": {"account": {"name": member}}}


def read(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.fixture
def place(tmp_path):
    return KeptApart(tmp_path / "kept")


def test_each_standard_has_a_file_of_a_line_a_record(place):
    place.append("xapi", [record(1), record("Zoë\n\ud800")])
    place.append("caliper", [record(2)])
    place.append("xapi", [record(3)])
    assert [r["id"] for r in read(place.folder / "xapi.jsonl")] == ["1", "Zoë\n\ud800", "3"]
    assert read(place.folder / "caliper.jsonl") == [record(2)]


def test_the_newest_are_kept(tmp_path):
    line = len(json.dumps(record(0))) + 1
    place = KeptApart(tmp_path, largest=3 * line)
    for number in range(8):
        place.append("xapi", [record(number)])
    assert [r["id"] for r in read(tmp_path / "xapi.jsonl")] == ["6", "7"]
    assert [r["id"] for r in read(tmp_path / "xapi.older.jsonl")] == ["3", "4", "5"]


def test_after_a_torn_line_the_next_begins_on_its_own(place):
    place.append("xapi", [record(1)])
    path = place.folder / "xapi.jsonl"
    with path.open("ab") as file:
        file.write(b'{"id": "to')
    place.append("xapi", [record(2)])
    assert [line[:9] for line in path.read_text().splitlines()] == ['{"id": "1', '{"id": "t', '{"id": "2']
    assert place.erase("nobody") == 0
    assert [r["id"] for r in read(path)] == ["1", "2"]


CHILD = """
import os, sys
from skillfirst.stores.kept_apart import KeptApart
place = KeptApart(sys.argv[1])
for number in range(100_000):
    place.append("xapi", [{"id": f"{number}-{i}", "actor": {}} for i in range(3)])
    os.write(1, b"%d\\n" % number)
"""


def test_what_was_acknowledged_survives_a_kill(place):
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(place.folder)], stdout=subprocess.PIPE)
    acknowledged = []
    for line in child.stdout:
        acknowledged.append(int(line))
        if len(acknowledged) == 20:
            child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    place.append("xapi", [record("after")])
    lines = (place.folder / "xapi.jsonl").read_text("utf-8").splitlines()
    whole = [json.loads(line)["id"] for line in lines if line.endswith("}}")]
    assert len(acknowledged) >= 20
    assert {f"{number}-{i}" for number in acknowledged for i in range(3)} <= set(whole)
    assert whole[-1] == "after"
    assert len(lines) - len(whole) <= 1


def test_many_write_at_once(place):
    def write(writer):
        for number in range(10):
            place.append("xapi", [record(f"{writer}-{number}")])

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = {r["id"] for r in read(place.folder / "xapi.jsonl")}
    assert found == {f"{w}-{n}" for w in range(4) for n in range(10)}


def test_a_member_is_erased_from_every_file(tmp_path):
    place = KeptApart(tmp_path, largest=1)
    assert (place.erase("ann"), place.holds("ann")) == (0, 0)
    place.append("xapi", [record(1), record(2, "bob"), record(3, "joann")])
    place.append("xapi", [record(4, "https://lms.example/user/ann")])
    place.append("caliper", [{"id": "5", "actor": "urn:user:ann"}, {"id": "ann", "type": "Note"}])
    assert place.holds("ann") == 3
    assert place.erase("ann") == 3
    assert place.holds("ann") == 0
    assert [r["id"] for r in read(tmp_path / "xapi.older.jsonl")] == ["2", "3"]
    assert read(tmp_path / "xapi.jsonl") == []
    assert [r["id"] for r in read(tmp_path / "caliper.jsonl")] == ["ann"]


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be written"):
        KeptApart(tmp_path / "file").append("xapi", [record(1)])
