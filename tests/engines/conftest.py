"""Documents with something of everything in them, cut in parts; Spark on this machine, and a cluster of processes."""

from __future__ import annotations

import datetime as dt
import os
import queue
import re
import shutil
import signal
import subprocess
import threading
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from skillfirst.engines.spark import SparkEngine, check_java
from skillfirst.errors import RunError
from skillfirst.kernel.policy import Policy
from skillfirst.skills.inference.settings import Inference
from skillfirst.tables.member_document import DOCUMENT, Interaction

NOW = int(dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC).timestamp())
DAY = 86_400
# a Spark for tests: small, and compiled little, because it lives for a minute
SMALL = {
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.memory": "512m",
    "spark.executor.memory": "512m",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.executor.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.shuffle.partitions": "2",
}
PORTS = ("--port", "0", "--webui-port", "0")  # those that the system chooses
PATIENCE = 90  # s, the longest wait for a condition; the machine may be busy


def lively(batch, courses, titles, rng):
    """The documents with titles, industries, languages, visits and impressions drawn into them."""
    rows = batch.num_rows
    columns = {name: batch.column(name) for name in DOCUMENT.names}

    def lists(most):
        return [sorted(set(rng.integers(0, courses, rng.integers(0, most)).tolist())) for _ in range(rows)]

    def beside(lists_, value, type_):
        return pa.array([[value(x) for x in own] for own in lists_], pa.list_(type_))

    title = rng.integers(-1, titles, rows)
    visited, seen = lists(6), lists(9)
    columns["title"] = pa.array([[t] if t >= 0 else [] for t in title.tolist()], pa.list_(pa.int32()))
    columns["title_weight"] = pa.array([[1.0] if t >= 0 else [] for t in title.tolist()], pa.list_(pa.float32()))
    columns["industry"] = pa.array([("care", "trade", None)[i] for i in rng.integers(0, 3, rows)], pa.string())
    columns["languages"] = pa.array([(["en"], ["de", "en"], [])[i] for i in rng.integers(0, 3, rows)])
    columns["course"] = pa.array(visited, pa.list_(pa.int32()))
    columns["course_kind"] = beside(visited, lambda _: int(Interaction.WATCH), pa.int8())
    columns["course_time"] = beside(visited, lambda c: NOW - DAY * (1 + c % 20), pa.int64())
    columns["course_seconds"] = beside(visited, lambda c: 30 * c, pa.int32())
    columns["seen_course"] = pa.array(seen, pa.list_(pa.int32()))
    columns["seen_channel"] = beside(seen, lambda _: 1, pa.int8())
    columns["seen_time"] = beside(seen, lambda c: NOW - 3 * DAY + c, pa.int64())
    columns["seen_slot"] = beside(seen, lambda c: 1 + c % 12, pa.int16())
    return pa.RecordBatch.from_arrays([columns[f.name].cast(f.type) for f in DOCUMENT], schema=DOCUMENT)


def write_parts(folder, batch, lengths):
    """One file a length, as gather writes them; what is left makes the last part."""
    folder.mkdir(parents=True)
    paths, at = [], 0
    for number, length in enumerate([*lengths, batch.num_rows - sum(lengths)]):
        path = folder / f"part-{number:05d}.arrow"
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, DOCUMENT) as writer:
            writer.write_batch(batch.slice(at, length))
        paths.append(path)
        at += length
    return paths


class Night:
    """What the engines are asked: documents, catalogue, policy, and the folder for their parts."""

    def __init__(self, folder, catalogue, batch):
        self.folder, self.catalogue, self.batch = folder, catalogue, batch
        self.policy = Policy(floor=2, inference=Inference(calibration_minimum=10_000))
        self._cuts = 0

    def parts(self, *lengths):
        self._cuts += 1
        return write_parts(self.folder / f"documents-{self._cuts}", self.batch, lengths)


def invented(academy, rng, members=130, courses=60, skills=40, titles=6):
    """A catalogue with titles and industries, and its members' documents."""
    names = [f"s{i:03d}" for i in range(skills)]
    roles = [f"t{i}" for i in range(titles)]
    typical = [(t, names[(7 * i + j) % skills], 0.8) for i, t in enumerate(roles) for j in range(3)]
    sets = [sorted(set(rng.integers(0, skills, rng.integers(1, 5)).tolist())) for _ in range(courses // 2)]
    table = {
        f"c{i:04d}": {
            "skills": {names[s]: float(np.float32(1.0 - 0.3 * (i % 2))) for s in sets[int(rng.integers(len(sets)))]},
            "created_on": academy.day - dt.timedelta(days=int(rng.integers(0, 60))),
            "language": "de" if i % 5 == 0 else "en",
        }
        for i in range(courses)
    }
    catalogue = academy.catalogue_of(academy.taxonomy_of(names, roles, typical), table, ("care", "trade"))
    popular = 1.0 / (np.arange(skills) + 3)

    def draw(most):
        size = int(rng.integers(0, most))
        return [names[s] for s in sorted(set(rng.choice(skills, size=size, p=popular / popular.sum()).tolist()))]

    people = {f"m{i:05d}": {"skills": draw(12), "wanted": draw(3)} for i in range(members)}
    return catalogue, lively(academy.people_of(catalogue, people), courses, titles, rng)


@pytest.fixture(scope="module")
def travels(request):
    """What the test module defines travels by value: executors cannot import tests."""
    try:
        from pyspark import cloudpickle
    except ImportError:
        yield
        return
    cloudpickle.register_pickle_by_value(request.module)
    yield
    cloudpickle.unregister_pickle_by_value(request.module)


@pytest.fixture(scope="module")
def night(tmp_path_factory, academy):
    return Night(tmp_path_factory.mktemp("night"), *invented(academy, np.random.default_rng(3)))


@pytest.fixture(scope="session")
def java():
    """Java 17, or the test is skipped and says why."""
    pytest.importorskip("pyspark")
    try:
        return check_java()
    except RunError as error:
        pytest.skip(str(error))


class Sessions:
    """The one Spark session that a process may have at a time; starting one takes longer than most tests."""

    def __init__(self):
        self.engine = None

    def at(self, master, **conf):
        if self.engine is None or self.engine.master != master:
            self.close()
            self.engine = SparkEngine(master=master, conf={**SMALL, **conf})
        return self.engine

    def close(self):
        if self.engine is not None:
            self.engine.close()
            self.engine = None


@pytest.fixture(scope="session")
def sessions(java):
    kept = Sessions()
    yield kept
    kept.close()


@pytest.fixture
def local_spark(sessions):
    """Two threads of Spark in this process's Java."""
    return sessions.at("local[2]")


class Host(NamedTuple):
    """Where a daemon runs: the address it listens on, and the command that takes a process there."""

    address: str = "127.0.0.1"
    inside: tuple[str, ...] = ()


HERE = (Host(),) * 3


class Daemon:
    """A master or worker of a standalone cluster as a process group of its own, whose log is followed."""

    def __init__(self, home, host, kind, *arguments):
        home.mkdir()
        self.home = home
        environment = {**os.environ, "SPARK_LOCAL_IP": host.address, "SPARK_DAEMON_MEMORY": "256m"}
        environment["SPARK_DAEMON_JAVA_OPTS"] = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
        self.process = subprocess.Popen(
            [
                *host.inside, str(spark_home() / "bin" / "spark-class"), f"org.apache.spark.deploy.{kind}",
                "--host", host.address, *PORTS, *arguments,
            ],
            cwd=home, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            start_new_session=True,
        )  # fmt: skip
        self._lines = queue.Queue()
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self):
        for line in self.process.stderr:
            self._lines.put(line)
        self._lines.put(None)

    def says(self, pattern):
        """The first line of the log from here on that matches; fails when it does not come."""
        heard = []
        while (line := self._lines.get(timeout=PATIENCE)) is not None:
            heard.append(line)
            if found := re.search(pattern, line):
                return found
        pytest.fail(f"a Spark daemon ended without saying {pattern!r}:\n" + "".join(heard))

    def kill(self):
        """It and the executors it has started, without a word of farewell."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)


def spark_home():
    import pyspark

    return Path(pyspark.__file__).parent


class Cluster:
    """A standalone master and two workers of one core each, on ports that the system chose."""

    def __init__(self, folder, hosts=HERE):
        self.hosts = hosts  # the master's, the workers'
        self.master = Daemon(folder / "master", hosts[0], "master.Master")
        self.workers = []
        try:
            self.url = self.master.says(rf"(spark://{re.escape(hosts[0].address)}:\d+)").group(1)
            self.folder, self._started = folder, 0
            self.refill()
        except BaseException:
            self.stop()
            raise

    def refill(self):
        """Start as many workers as it takes to have two that live."""
        self.workers = [w for w in self.workers if w.process.poll() is None]
        new = [self._start_worker() for _ in range(2 - len(self.workers))]
        for worker in new:
            worker.says("Successfully registered with master")

    def _start_worker(self):
        self._started += 1
        home = self.folder / f"worker-{self._started}"
        options = ["--cores", "1", "--memory", "600m", "--work-dir", str(home / "work")]
        host = self.hosts[1 + self._started % 2]
        self.workers.append(Daemon(home, host, "worker.Worker", *options, self.url))
        return self.workers[-1]

    def worker_in(self, folder):
        """The worker below whose home `folder` lies."""
        return next(w for w in self.workers if Path(folder).is_relative_to(w.home))

    def stop(self):
        for daemon in (*self.workers, self.master):
            daemon.kill()


@pytest.fixture(scope="module")
def cluster(sessions, tmp_path_factory):
    if shutil.which("bash") is None:
        pytest.skip("Spark's scripts need bash")
    started = Cluster(tmp_path_factory.mktemp("cluster"))
    yield started
    sessions.close()
    started.stop()


SUBNET = "10.213.77"  # of the hosts that are network namespaces; .1 is this machine on their bridge


@pytest.fixture
def namespaces(tmp_path):
    """Three hosts that are network namespaces of their own, joined by a bridge; skipped where that is not allowed."""
    names = [f"skillfirst-{os.getpid()}-{i}" for i in range(3)]
    bridge = f"sf{os.getpid()}"

    def ip(*words, needed=True):
        try:
            done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
        except FileNotFoundError:
            pytest.skip("network namespaces need the program ip")
        if needed and done.returncode:
            pytest.skip(f"network namespaces are not allowed here: ip {' '.join(words)}: {done.stderr.strip()}")

    try:
        ip("link", "add", bridge, "type", "bridge")
        ip("addr", "add", f"{SUBNET}.1/24", "dev", bridge)
        ip("link", "set", bridge, "up")
        for i, name in enumerate(names):
            ip("netns", "add", name)
            ip("link", "add", f"{bridge}h{i}", "type", "veth", "peer", "name", "eth0", "netns", name)
            ip("link", "set", f"{bridge}h{i}", "master", bridge, "up")
            ip("-n", name, "addr", "add", f"{SUBNET}.{i + 10}/24", "dev", "eth0")
            ip("-n", name, "link", "set", "eth0", "up")
            ip("-n", name, "link", "set", "lo", "up")
        yield [Host(f"{SUBNET}.{i + 10}", ("ip", "netns", "exec", name)) for i, name in enumerate(names)]
    finally:
        for i, name in enumerate(names):
            ip("link", "del", f"{bridge}h{i}", needed=False)
            ip("netns", "del", name, needed=False)
        ip("link", "del", bridge, needed=False)


@pytest.fixture
def spread_spark(java, sessions, namespaces, tmp_path):
    """Spark on a cluster whose master and workers are hosts of their own; this process is another one."""
    started = Cluster(tmp_path, namespaces)
    here = {"spark.driver.host": f"{SUBNET}.1", "spark.driver.bindAddress": f"{SUBNET}.1"}
    yield sessions.at(started.url, **here)
    sessions.close()
    started.stop()


@pytest.fixture
def cluster_spark(cluster, sessions):
    cluster.refill()
    return sessions.at(cluster.url)


def write_tables(folder, members=300, skills=("java", "sql", "welding", "spanish", "nursing", "excel"), connections=()):
    """An academy of two dozen courses as Parquet tables; every third member is a nurse."""
    folder.mkdir(parents=True)
    ids = [f"m{i:06d}" for i in range(members)]
    many = len(skills)
    courses = [f"c{i:02d}" for i in range(24)]
    held = [(m, skills[(i * (j + 3) + j) % many]) for i, m in enumerate(ids) for j in range(i % 4)]
    clicks = [(f"e{i}", ids[(7 * i) % members], courses[(5 * i) % 24], i) for i in range(min(members, 400))]
    start = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
    tables = {
        "courses": {
            "course_id": courses,
            "title": [f"{skills[i % many]} and {skills[(i // 2 + 1) % many]}, part {i}" for i in range(24)],
            "created_on": [dt.date(2026, 1, 1 + i) for i in range(24)],
            "skills": [[skills[i % many], skills[(i // 2 + 1) % many]] for i in range(24)],
        },
        "skills": {"skill_id": list(skills), "name": [s.capitalize() for s in skills]},
        "titles": {"title_id": ["nurse", "welder"], "name": ["Nurse", "Welder"]},
        "title_skills": {"title_id": ["nurse", "welder"], "skill_id": ["nursing", "welding"], "weight": [1.0, 1.0]},
        "members": {"member_id": ids, "title": [("Nurse", "Welder", None)[i % 3] for i in range(members)]},
        "member_skills": {"member_id": [m for m, _ in held], "skill": [s for _, s in held]},
        "events": {
            "event_id": [e for e, *_ in clicks], "member_id": [m for _, m, *_ in clicks],
            "time": [start + dt.timedelta(hours=h) for *_, h in clicks], "kind": ["click"] * len(clicks),
            "course_id": [c for _, _, c, _ in clicks],
        },
        "connections": {
            "member_id": [ids[a] for a, _ in connections], "connection_id": [ids[b] for _, b in connections],
        },
    }  # fmt: skip
    for name, columns in tables.items():
        if next(iter(columns.values())):
            pq.write_table(pa.table(columns), folder / f"{name}.parquet")
    return folder


@pytest.fixture(scope="session")
def tables():
    """`tables(folder, members=..., connections=...)` writes an academy and returns the folder."""
    return write_tables
