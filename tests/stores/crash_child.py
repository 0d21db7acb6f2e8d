"""A process that writes to a store until it is killed, and says on its standard output what was acknowledged.

    python crash_child.py {run,lmdb,sqlite,log} FOLDER ROUNDS KILL_AT

KILL_AT counts Python-level steps (calls, into C as well) from the first write on, in all threads: at that step
the process kills itself with SIGKILL, so the same number is always the same place. 0: it counts only, and tells
its number of steps at the end.
"""

from __future__ import annotations

import datetime as dt
import itertools
import os
import signal
import sys
import threading

DAY = "2026-11-22"
NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
PARTS, ROWS = 3, 20
MEMBERS = [f"m{i:02d}" for i in range(12)]
EVENTS_A_BATCH, THREADS = 7, 3


def tell(*words):
    """One unbuffered line; what is told has been acknowledged."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def commit_runs(folder, rounds):
    import pyarrow as pa

    from skillfirst.stores.offline import OfflineStore

    store = OfflineStore(folder)
    first = len(store.runs())

    def write():
        for number in range(first, first + rounds):
            with store.begin(DAY) as writer:
                for name in ("member_skills", "recommendations"):
                    table = writer.table_writer(name, pa.schema([("number", pa.int64())]))
                    for part in range(PARTS):
                        table.write_part(part, pa.RecordBatch.from_pydict({"number": [number] * ROWS}))
                run = writer.commit({"number": number})
            tell("run", run.run_id)
            store.prune(keep=3)

    return write


def publish_versions(address, rounds):
    from skillfirst.stores.online import OnlineMember, open_online

    store = open_online(address)
    serving = store.serving()
    first = int(serving[1:]) + 1 if serving else 0

    def write():
        for number in range(first, first + rounds):
            text = f"v{number}".encode()
            store.put(f"v{number}", (OnlineMember(m, text, {"home": text, "feed": text}) for m in MEMBERS))
            store.switch(f"v{number}")
            tell("version", f"v{number}")

    return write


def append_events(folder, rounds):
    from skillfirst.stores.event_log import EventLog, index

    index.SEAL_EVENTS = 20  # so that kills meet seals and merges, too
    with EventLog.open(folder) as log:
        first = log.size()

    def write():
        log = EventLog.open(folder)

        def send(thread):
            for number in range(rounds):
                ids = [f"{first}-{thread}-{number}-{i}" for i in range(EVENTS_A_BATCH)]
                log.append([{"event_id": i, "time": NOW, "member_id": "ann", "kind": "served"} for i in ids], NOW)
                tell("events", *ids)

        threads = [threading.Thread(target=send, args=(t,)) for t in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        log.close()

    return write


def main(what, folder, rounds, kill_at):
    if what == "run":
        write = commit_runs(folder, rounds)
    elif what == "log":
        write = append_events(folder, rounds)
    else:
        write = publish_versions(f"{what}:{folder}", rounds)
    steps = itertools.count(1)

    def step(_frame, _event, _argument):
        if next(steps) == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    threading.setprofile(step)
    sys.setprofile(step)
    try:
        write()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    tell("steps", next(steps) - 1)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
