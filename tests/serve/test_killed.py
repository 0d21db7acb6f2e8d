"""kill -9 of the running service: what it acknowledged is in the log, and the log is sound."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading

import httpx2 as httpx
import pytest

from skillfirst.publish import publish
from skillfirst.stores.event_log import EventLog
from skillfirst.stores.online import open_online

BATCH, THREADS, ENOUGH = 5, 3, 12


@pytest.fixture
def service(academy, tmp_path):
    """`skillfirst serve` as a process of its own: (process, address, store)."""
    store = tmp_path / "store"
    store.mkdir()
    (store / "runs").symlink_to(academy.store / "runs")
    address = f"sqlite:{tmp_path / 'online.sqlite'}"
    with open_online(address) as online:
        publish(academy.run, online)
    command = [sys.executable, "-m", "skillfirst.cli", "serve", "--store", str(store), "--online", address]
    process = subprocess.Popen([*command, "--port", "0"], stderr=subprocess.PIPE, text=True)
    try:
        for line in process.stderr:
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                break
        threading.Thread(target=process.stderr.read, daemon=True).start()  # nobody waits for the rest
        with httpx.Client(transport=httpx.HTTPTransport(retries=20), timeout=60) as client:
            while client.get(found[0] + "/health/ready").status_code != 200:
                threading.Event().wait(0.05)
        yield process, found[0], store
    finally:
        process.kill()
        process.wait()


def test_what_was_acknowledged_survives(service):
    process, address, store = service
    acknowledged: list[str] = []
    refused: list[str] = []

    def send(sender: int) -> None:
        with httpx.Client(base_url=address, timeout=30) as client:
            for number in range(10_000):
                ids = [f"{sender}-{number}-{i}" for i in range(BATCH)]
                events = [{"event_id": e, "member_id": "ann", "kind": "click", "course_id": "java-1"} for e in ids]
                try:
                    answer = client.post("/api/v1/events", json=events)
                except httpx.TransportError:
                    return  # killed
                if answer.status_code == 200 and answer.json()["accepted"] == BATCH:
                    acknowledged.extend(ids)
                else:
                    refused.append(answer.text)
                    return
                if len(acknowledged) >= BATCH * ENOUGH and process.poll() is None:
                    os.kill(process.pid, signal.SIGKILL)  # the others are in the middle of something

    threads = [threading.Thread(target=send, args=(n,)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == []
    assert process.wait(10) == -signal.SIGKILL
    with EventLog.open(store / "events") as log:
        kept = {e for batch in log.read() for e in batch.column("event_id").to_pylist()}
        assert set(acknowledged) <= kept
        assert len(acknowledged) >= BATCH * ENOUGH
        assert log.verify().problems == ()
