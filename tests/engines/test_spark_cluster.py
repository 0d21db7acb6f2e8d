"""A standalone cluster, master and two workers as processes of their own: a worker dies, the run does not."""

from __future__ import annotations

import datetime as dt
import os
import signal
import threading
from pathlib import Path

import pyarrow as pa
import pytest

from skillfirst.engines.local import LocalEngine
from skillfirst.engines.spark import SparkEngine
from skillfirst.errors import RunError
from skillfirst.ingest import member_tables
from skillfirst.pipeline import Night, run_night
from skillfirst.publish import publish, rendered
from skillfirst.stores.offline import OfflineStore
from skillfirst.stores.online import OnlineMember, open_online

pytestmark = [pytest.mark.spark, pytest.mark.usefixtures("travels")]
PATIENCE = 120  # s
DAY = dt.date(2026, 6, 1)


class Stuck:
    """A sink whose process, once, writes where it works and then hangs until it is killed."""

    def __init__(self, sink, number, note):
        self.sink, self.number, self.note = sink, number, note

    def __call__(self, number, members, rows):
        if number == self.number and not self.note.exists():
            unfinished = self.sink.recommendations / f".part-{number:06d}.parquet.half"
            unfinished.write_bytes(b"half a part")
            draft = self.note.with_suffix(".draft")
            draft.write_text(os.getcwd())
            draft.replace(self.note)
            signal.alarm(PATIENCE)
            signal.pause()
        return self.sink(number, members, rows)


class Broken:
    """A sink that fails in one part, after others have been written."""

    def __init__(self, sink, number):
        self.sink, self.number = sink, number

    def __call__(self, number, members, rows):
        if number == self.number:
            raise OSError("the disk is gone")
        return self.sink(number, members, rows)


class Unheard:
    """Work whose process, once, does its item and then hangs, until it is killed, before it can say so."""

    def __init__(self, work, number, note):
        self.work, self.number, self.note = work, number, note

    def __call__(self, item):
        done = self.work(item)
        if item[0] == self.number and not self.note.exists():
            draft = self.note.with_suffix(".draft")
            draft.write_text(os.getcwd())
            draft.replace(self.note)
            signal.alarm(PATIENCE)
            signal.pause()
        return done


class Refusing:
    """Work that fails on one item."""

    def __init__(self, work, number):
        self.work, self.number = work, number

    def __call__(self, item):
        if item[0] == self.number:
            raise OSError("no route to the store")
        return self.work(item)


class Mapping(SparkEngine):
    """The cluster's session with other work."""

    def __init__(self, engine, wrap):
        super().__init__(session=engine.session)
        self.wrap = wrap

    def map(self, work, items):
        return super().map(self.wrap(work), items)


class Wrapped(SparkEngine):
    """The cluster's session with another sink."""

    def __init__(self, engine, wrap):
        super().__init__(session=engine.session)
        self.wrap = wrap

    def recommend(self, parts, model, channels, sink, *, compact=False):
        return super().recommend(parts, model, channels, self.wrap(sink), compact=compact)


@pytest.fixture
def academy_tables(tables, tmp_path, monkeypatch):
    monkeypatch.setattr(member_tables, "RANGE_ROWS", 64)  # five ranges, five parts
    return tables(tmp_path / "data", connections=[(i, (i * 7 + 1) % 300) for i in range(300)])


def rows_of(run, name):
    return pa.Table.from_batches(list(run.table(name)))


def killer(cluster, note, killed, look=lambda: None):
    """Kills the worker whose process wrote the note, as soon as it has, after a `look` around."""
    tick = threading.Event()
    for _ in range(20 * PATIENCE):
        if note.exists():
            look()
            worker = cluster.worker_in(note.read_text())
            worker.kill()
            killed.append(worker)
            return
        tick.wait(0.05)


def address_of(client):
    client.flushall()
    return f"unix://{client.socket_file}?db=0"


def answers(run):
    return {member.member_id: (member.document, dict(member.answers)) for member in rendered(run)}


@pytest.mark.server
def test_executors_publish_and_one_that_fails_leaves_the_old_version_serving(
    cluster_spark, redis_client, academy_tables, tmp_path
):
    address = address_of(redis_client)
    run = run_night(Night(academy_tables, tmp_path / "store", DAY), LocalEngine(1))
    with open_online(address) as online:
        online.put("old", [OnlineMember("m000001", b"old", {"home": b"old"})], {"counts": {}})
        online.switch("old")
        failing = Mapping(cluster_spark, lambda work: Refusing(work, 3))
        with pytest.raises(RunError, match=r"part-00003\.arrow could not be computed: OSError: no route to the store"):
            publish(run, online, engine=failing, address=address)
        assert (online.serving(), online.versions()) == ("old", ["old"])
        assert online.get("m000001", "home") == b"old"
        assert publish(run, online, engine=cluster_spark, address=address) == 300
        assert (online.serving(), online.previous()) == (run.run_id, "old")
        assert online.meta(run.run_id)["members"] == 300
        for member, (document, own) in answers(run).items():
            assert online.get_many(member, ["", *own]) == {"": document, **own}


@pytest.mark.server
def test_a_worker_killed_while_it_publishes_is_not_missed(
    cluster, cluster_spark, redis_client, academy_tables, tmp_path
):
    address = address_of(redis_client)
    store = tmp_path / "store"
    first = run_night(Night(academy_tables, store, DAY), LocalEngine(1))
    second = run_night(Night(academy_tables, store, DAY), LocalEngine(1))
    note, killed, seen = tmp_path / "note", [], []
    with open_online(address) as online:
        publish(first, online)
        look = lambda: seen.append((online.serving(), online.get("m000001", "home") is not None))  # noqa: E731
        thread = threading.Thread(target=killer, args=(cluster, note, killed, look))
        thread.start()
        engine = Mapping(cluster_spark, lambda work: Unheard(work, 2, note))
        assert publish(second, online, engine=engine, address=address) == 300
        thread.join(PATIENCE)
        assert len(killed) == 1, "nobody was killed"
        assert seen == [(first.run_id, True)]
        assert online.serving() == second.run_id
        for member, (document, own) in answers(second).items():
            assert online.get_many(member, ["", *own]) == {"": document, **own}


def test_a_worker_killed_in_the_middle_leaves_the_same_whole_run(cluster, cluster_spark, academy_tables, tmp_path):
    local = run_night(Night(academy_tables, tmp_path / "local", DAY), LocalEngine(1))
    assert len(list((local.path / "documents").glob("*.arrow"))) == 5
    note, killed = tmp_path / "note", []
    thread = threading.Thread(target=killer, args=(cluster, note, killed))
    thread.start()
    engine = Wrapped(cluster_spark, lambda sink: Stuck(sink, 2, note))
    run = run_night(Night(academy_tables, tmp_path / "spark", DAY), engine)
    thread.join(PATIENCE)
    assert len(killed) == 1, "nobody was killed"
    assert killed[0].process.returncode == -signal.SIGKILL
    assert run.manifest["model_version"] == local.manifest["model_version"]
    assert run.manifest["counts"] == local.manifest["counts"]
    assert run.manifest["tables"] == local.manifest["tables"]
    for name in ("recommendations", "member_skills", "course_skills", "skill_idf"):
        assert rows_of(run, name).equals(rows_of(local, name)), name
    assert rows_of(run, "recommendations").num_rows == 600
    assert [p.name for p in run.path.rglob("*.half")] == []


def test_a_night_that_fails_on_the_cluster_leaves_nothing(cluster_spark, academy_tables, tmp_path):
    store = tmp_path / "store"
    engine = Wrapped(cluster_spark, lambda sink: Broken(sink, 4))
    with pytest.raises(RunError, match=r"^part-00004\.arrow could not be computed: OSError: the disk is gone$"):
        run_night(Night(academy_tables, store, DAY), engine)
    assert OfflineStore(store).runs() == []
    assert [p for p in store.rglob("*") if p.is_file() and p.name != ".lock"] == []


def test_the_executors_are_processes_of_the_workers(cluster, cluster_spark):
    def where(_):
        import os

        return os.getcwd(), os.getpid()

    told = list(cluster_spark.map(where, range(4)))
    assert {cluster.worker_in(place).process.poll() for place, _ in told} == {None}
    assert os.getpid() not in {pid for _, pid in told}
    assert all(Path(place).parts for place, _ in told)
