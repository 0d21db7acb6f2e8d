"""What must hold after a writing process was killed, whenever that was. Shared by the suite and the benchmark."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from pathlib import Path

CHILD = Path(__file__).with_name("crash_child.py")
NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
TARGETS = ("run", "lmdb", "sqlite", "log")


def command(what, folder, rounds, kill_at):
    return [sys.executable, str(CHILD), what, str(folder), str(rounds), str(kill_at)]


def environment():
    source = str(Path(__file__).resolve().parents[2] / "src")
    return {**os.environ, "PYTHONPATH": source, "OMP_NUM_THREADS": "1"}


def told(output):
    """Lines the child completed, as lists of words; a torn last line was acknowledged to nobody."""
    return [line.split() for line in output.decode().splitlines(keepends=True) if line.endswith("\n")]


def run_to_the_end(what, folder, rounds):
    """How many steps the child takes when nobody kills it."""
    done = subprocess.run(command(what, folder, rounds, 0), capture_output=True, env=environment(), check=True)
    return int(told(done.stdout)[-1][1])


def kill_itself(what, folder, rounds, kill_at):
    """Let the child kill itself at a step; what it had acknowledged by then."""
    done = subprocess.run(command(what, folder, rounds, kill_at), capture_output=True, env=environment(), check=False)
    assert done.returncode in (-9, 0), done.stderr.decode()
    return told(done.stdout)


def kill_from_outside(what, folder, acknowledgements):
    """Kill the child, wherever it is by then, once it has told so much."""
    with subprocess.Popen(command(what, folder, 10_000, 0), stdout=subprocess.PIPE, env=environment()) as child:
        lines = [child.stdout.readline() for _ in range(acknowledgements)]
        child.kill()
        lines += child.stdout.readlines()
    return told(b"".join(lines))


def check(what, folder, acknowledged):
    """Raises AssertionError where a reader would see half of something, or miss what was acknowledged."""
    if what == "run":
        check_runs(folder, acknowledged)
    elif what == "log":
        check_log(folder, acknowledged)
    else:
        check_versions(f"{what}:{folder}", acknowledged)


def check_runs(folder, acknowledged):
    from skillfirst.stores.offline import OfflineStore

    store = OfflineStore(folder)
    ids = [words[1] for words in acknowledged if words[0] == "run"]
    runs = store.runs()
    assert set(ids[-3:]) <= set(runs), "an acknowledged run is gone"
    for run_id in runs:
        run = store.open(run_id)
        for name, size in run.manifest["tables"].items():
            numbers = [n for batch in run.table(name) for n in batch.column("number").to_pylist()]
            assert numbers == [run.manifest["number"]] * size["rows"], f"{run_id} is not whole"
        assert len(run.manifest["tables"]) == 2
    latest = store.latest()
    if ids:
        assert latest is not None
        assert latest >= ids[-1], "latest points behind an acknowledged run"
    store.begin("2026-11-22").abort()
    assert list(store.building.iterdir()) == [], "leftovers stay"
    if runs:
        assert store.latest() == runs[-1], "the newest whole run is the latest once a run has begun"


def check_versions(address, acknowledged):
    from skillfirst.stores.online import OnlineMember, open_online

    versions = [words[1] for words in acknowledged if words[0] == "version"]
    members = [f"m{i:02d}" for i in range(12)]
    with open_online(address) as store:
        serving = store.serving()
        if versions:
            assert serving is not None
            assert int(serving[1:]) - int(versions[-1][1:]) in (0, 1), "neither the old version nor the new one"
        with store.snapshot() as snapshot:
            expected = serving.encode() if serving else None
            for member in members:
                seen = set(snapshot.get_many(member, ["", "home", "feed"]).values())
                assert seen == {expected}, f"{member} has a mix: {seen}"
        text = b"v%d" % (int(serving[1:]) + 1 if serving else 0)
        store.put(text.decode(), [OnlineMember(m, text, {"home": text, "feed": text}) for m in members])
        store.switch(text.decode())
        assert store.get("m07", "home") == text, "the next publish does not work"
        assert len(store._catalog().generations) <= 2, "leftovers stay"


def check_log(folder, acknowledged):
    from skillfirst.stores.event_log import EventLog

    ids = [i for words in acknowledged if words[0] == "events" for i in words[1:]]
    with EventLog.open(folder) as log:
        stored = [i for batch in log.read() for i in batch.column("event_id").to_pylist()]
        assert len(stored) == len(set(stored)), "an event counts twice"
        assert set(ids) <= set(stored), "an acknowledged event is lost"
        assert log.verify().problems == ()
        again = [{"event_id": i, "time": NOW, "member_id": "ann", "kind": "served"} for i in ids]
        result = log.append(again, NOW)
        assert (result.accepted, result.duplicates) == (0, len(ids)), "a replay changes something"
