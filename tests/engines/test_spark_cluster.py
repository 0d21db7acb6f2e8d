"""A standalone cluster, master and two workers as processes of their own: a worker dies, the run does not."""

from __future__ import annotations

import datetime as dt
import os
import signal
import sys
import threading
from pathlib import Path

import pyarrow as pa
import pytest

from skillfirst.engines.local import LocalEngine
from skillfirst.engines.spark import SparkEngine
from skillfirst.errors import RunError
from skillfirst.ingest import member_tables
from skillfirst.pipeline import Night, run_night
from skillfirst.stores.offline import OfflineStore

pytestmark = pytest.mark.spark
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


class Wrapped(SparkEngine):
    """The cluster's session with another sink."""

    def __init__(self, engine, wrap):
        super().__init__(session=engine.session)
        self.wrap = wrap

    def recommend(self, parts, model, channels, sink):
        return super().recommend(parts, model, channels, self.wrap(sink))


@pytest.fixture(scope="module", autouse=True)
def _travels():
    """Classes of this module travel by value: executors cannot import tests."""
    cloudpickle = pytest.importorskip("pyspark").cloudpickle
    module = sys.modules[__name__]
    cloudpickle.register_pickle_by_value(module)
    yield
    cloudpickle.unregister_pickle_by_value(module)


@pytest.fixture
def academy_tables(tables, tmp_path, monkeypatch):
    monkeypatch.setattr(member_tables, "RANGE_ROWS", 64)  # five ranges, five parts
    return tables(tmp_path / "data", connections=[(i, (i * 7 + 1) % 300) for i in range(300)])


def rows_of(run, name):
    return pa.Table.from_batches(list(run.table(name)))


def killer(cluster, note, killed):
    """Kills the worker whose process wrote the note, as soon as it has."""
    tick = threading.Event()
    for _ in range(20 * PATIENCE):
        if note.exists():
            worker = cluster.worker_in(note.read_text())
            worker.kill()
            killed.append(worker)
            return
        tick.wait(0.05)


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
