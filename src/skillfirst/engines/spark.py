"""The night on Spark: executors read document parts, hold one mapped Model a process, and write where the run is.

    with SparkEngine(master="spark://host:7077") as engine:
        run_night(night, engine)

The one file that names pyspark. What is mapped travels pickled to every worker process and is opened there once; a
Model in it travels as its directory. Only numbers of items go into Spark and small results come back, through
`mapInArrow`; documents, recommendations and models are files that driver and executors see under the same path.
Lost executors are Spark's affair: a part that was half done is computed again and replaces itself.
"""

from __future__ import annotations

import io
import json
import os
import pickle
import re
import shutil
import subprocess
import sys
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa

from skillfirst.engines.base import CountParts, Engine, Item, Ladder, Result, failure, runs_of
from skillfirst.errors import ExtraMissing, RunError, StoreError, UsageError
from skillfirst.kernel.catalogue import Catalogue
from skillfirst.kernel.fit import Partial
from skillfirst.kernel.model import Model, load_model
from skillfirst.kernel.policy import Policy

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

JAVA = 17
MOST_TASKS = 8_192  # a job; more items than that share tasks, the scheduler has its price
MERGED_AT_ONCE = 8  # partial counts a worker holds while it merges, some 100 MB each at most
# Spark has no unsigned types and matches columns by position: two columns it knows, in this order
ANSWER = "item long, answer binary"
ANSWER_SCHEMA = pa.schema([("item", pa.int64()), ("answer", pa.binary())])
# where neither spark-submit nor the caller says otherwise
DEFAULTS = {
    "spark.app.name": "skillfirst",
    "spark.log.level": "FATAL",  # what fails is told once, by our own error
    "spark.python.worker.reuse": "true",  # a process opens its Model once
    "spark.sql.execution.arrow.maxRecordsPerBatch": "64",
    "spark.sql.shuffle.partitions": "64",
}
# archives that Spark was given: executors that come later fetch them too, so they stay until this process ends
_SENT: list[tempfile.TemporaryDirectory[str]] = []


class SparkEngine(Engine):
    """Runs on a Spark 4 cluster, or on local threads of Spark (`local[2]`).

    `master`: spark://..., yarn, k8s://..., local[N]; None asks spark-submit, an active session, or else the cores of
    this machine. `session`: one to use and leave open. `conf`: Spark settings on top of ours. `ship`: `path` when the
    executors map the model from where the run has it, `archive` to send it to the disk of every executor first.

    Raises ExtraMissing without pyspark and RunError without Java 17, at the first use.
    """

    def __init__(
        self,
        master: str | None = None,
        *,
        session: SparkSession | None = None,
        conf: Mapping[str, str] | None = None,
        ship: Literal["path", "archive"] = "path",
    ) -> None:
        if ship not in ("path", "archive"):
            raise UsageError(f"a model is shipped as path or archive, not as {ship!r}")
        self.master, self.ship = master, ship
        self._conf = dict(conf or {})
        self._session: SparkSession | None = session
        self._ours = False
        self._archives: dict[str, str] = {}

    @property
    def session(self) -> SparkSession:
        """The Spark session; started at first use."""
        if self._session is None:
            self._session, self._ours = _start(self.master, self._conf)
        return self._session

    @property
    def workers(self) -> int:
        return int(self.session.sparkContext.defaultParallelism)

    def close(self) -> None:
        """Stop the session, unless it was there before."""
        if self._ours and self._session is not None:
            self._session.stop()
            self._session, self._ours = None, False
        self._archives.clear()

    def map(self, work: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """See Engine.map. All items are one Spark job: results come when the job is done."""
        if len(items):
            yield from self._collect(self._frame(work, items))

    def count(self, parts: Sequence[Path], catalogue: Catalogue, policy: Policy) -> list[Partial]:
        """See Engine.count. Executors merge their partials among themselves until a handful is left for the driver."""
        if not len(parts):
            return super().count(parts, catalogue, policy)
        runs = runs_of(parts, self.workers)
        frame, left = self._frame(CountParts(catalogue, policy), runs), len(runs)
        while left > MERGED_AT_ONCE:
            shared = frame.selectExpr(f"item div {MERGED_AT_ONCE} as unit", "item", "answer")
            with _quiet():
                frame = shared.groupBy("unit").applyInArrow(_merged, ANSWER)
            left = -(-left // MERGED_AT_ONCE)
        return self._collect(frame)

    def _frame(self, work: Callable[[Item], Result], items: Sequence[Item]) -> DataFrame:
        """(item, pickled answer) of every item, not yet computed."""
        session = self.session
        token, packed = uuid.uuid4().hex, self._packed(work, items)

        def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            return _run(token, packed, batches)

        numbers = session.range(0, len(items), 1, min(len(items), MOST_TASKS))
        with _quiet():
            return numbers.mapInArrow(run, ANSWER)

    def _packed(self, work: Any, items: Sequence[Any]) -> bytes:
        """Work and items as bytes, in which a Model is the name of its directory."""
        from pyspark import cloudpickle

        place = self._place

        class Pickler(cloudpickle.Pickler):  # type: ignore[misc]
            def reducer_override(self, value: Any) -> Any:
                if isinstance(value, Model) and value.path is not None:
                    return _model, (*place(value.path), value.version)
                return super().reducer_override(value)

        buffer = io.BytesIO()
        Pickler(buffer, protocol=pickle.HIGHEST_PROTOCOL).dump((work, list(items)))
        return buffer.getvalue()

    def _place(self, path: Path) -> tuple[str, bool]:
        """Where executors find the directory of a model, and whether that is among the files Spark has sent."""
        path = path.absolute()
        if self.ship == "path":
            return str(path), False
        if str(path) not in self._archives:
            name = f"model-{uuid.uuid4().hex[:12]}"
            folder = tempfile.TemporaryDirectory(prefix="skillfirst-")
            _SENT.append(folder)
            archive = shutil.make_archive(f"{folder.name}/{name}", "zip", path)
            self.session.sparkContext.addArchive(f"{archive}#{name}")
            self._archives[str(path)] = name
        return self._archives[str(path)], True

    def _collect(self, frame: DataFrame) -> list[Any]:
        """The answers in the order of their items; raises the one error behind a failed job."""
        try:
            table = frame.toArrow()
        except Exception as error:  # of PySpark, of its bridge to Java, of what runs there
            raise _explained(error) from None
        answers = table.column("answer")
        return [pickle.loads(answers[int(at)].as_py()) for at in np.argsort(table.column("item").to_numpy())]


# --- in the executors


@lru_cache(maxsize=1)
def _unpacked(token: str, packed: bytes) -> tuple[Callable[[Any], Any], list[Any]]:
    """The work of a job and its items, once a process; the bytes are our own driver's."""
    work, items = pickle.loads(packed)
    return work, items


@lru_cache(maxsize=2)
def _model(place: str, sent: bool, version: str) -> Model:
    """The Model mapped from its directory, once a process."""
    if sent:
        from pyspark import SparkFiles

        place = SparkFiles.get(place)
    model = load_model(place)
    if model.version != version:
        raise StoreError(f"the model at {place} is {model.version}, the driver's is {version}")
    return model


def _run(token: str, packed: bytes, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Answers of one task; a partition may be empty."""
    for batch in batches:
        for number in batch.column(0).to_pylist():
            item: Any = f"{number}"
            try:
                work, items = _unpacked(token, packed)
                item = items[number]
                answer = pickle.dumps(work(item), protocol=pickle.HIGHEST_PROTOCOL)
            except Exception as error:
                raise _Failed(item, error) from error
            yield pa.RecordBatch.from_arrays([pa.array([number]), pa.array([answer])], schema=ANSWER_SCHEMA)


def _merged(rows: pa.Table) -> pa.Table:
    """Partials of one unit, in the order of their runs, as one."""
    ladder = Ladder()
    for at in np.argsort(rows.column("item").to_numpy()):
        ladder.add(pickle.loads(rows.column("answer")[int(at)].as_py()))
    answer = pickle.dumps(ladder.total(), protocol=pickle.HIGHEST_PROTOCOL)
    return pa.table([rows.column("unit").slice(0, 1), pa.array([answer])], schema=ANSWER_SCHEMA)


class _Failed(RuntimeError):
    """Carries our error through Spark's text: one line of JSON behind a mark."""

    MARK = "skillfirst-failure:"

    def __init__(self, item: Any, error: BaseException) -> None:
        seen = failure(item, error)
        words = {"message": seen.message, "next_step": seen.next_step}
        if isinstance(error, FileNotFoundError):
            words["next_step"] = "Store and data must lie where driver and executors see them under one path."
        super().__init__(self.MARK + json.dumps(words))


# --- in the driver


def _explained(error: BaseException) -> RunError:
    """The one clear error behind what Spark says on several pages."""
    text = str(error)
    found = re.search(re.escape(_Failed.MARK) + r"(\{.*\})", text)
    if found:
        words = json.loads(found.group(1))
        return RunError(words["message"], next_step=words["next_step"])
    causes = re.findall(r"^(?:Caused by: )?[\w.$]*(?:Exception|Error): (.+)$", text, re.MULTILINE)
    first = next((line for line in [*causes[::-1], *text.splitlines()] if line.strip()), "no reason given")
    return RunError(f"Spark gave the job up: {first.strip()}", next_step="The driver's and executors' logs say more.")


def _start(master: str | None, conf: Mapping[str, str]) -> tuple[SparkSession, bool]:
    """A session, and whether it was started here."""
    try:
        import pandas  # noqa: F401  (mapInArrow insists on it)
        from pyspark import SparkConf, SparkContext
        from pyspark.sql import SparkSession
    except ImportError:
        raise ExtraMissing("the engine spark", "spark") from None
    active = SparkSession.getActiveSession()
    if active is not None:
        here = active.sparkContext.master
        if master not in (None, here):
            step = "Close it, or leave out the master."
            raise UsageError(f"a Spark session at {here} is open already", next_step=step)
        return active, False
    check_java()
    # the executors' Python is the driver's, unless somebody knows better
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    # PySpark's own launcher asks for Spark's progress bar; the night has one
    asked = {"spark.ui.showConsoleProgress": "false", **({"spark.master": master} if master else {}), **conf}
    try:
        with _quiet():
            # the Java side knows what spark-submit and the cluster's files say
            SparkContext._ensure_initialized(conf=SparkConf(loadDefaults=False).setAll(list(asked.items())))
            settings = SparkConf().setAll(list(asked.items()))
            for name, value in DEFAULTS.items():
                settings.setIfMissing(name, value)
            return SparkSession.builder.config(conf=settings).getOrCreate(), True
    except Exception as error:  # py4j and Spark raise many kinds, and the JVM may not even start
        raise RunError(
            f"no Spark session at {master or 'the default master'}: {_explained(error).message}",
            next_step="Is the master running, and can it be reached from here?",
        ) from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Without Spark's warning about the version of pandas, of which nothing is used."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        yield


def check_java() -> int:
    """The version of Java that Spark will start; raises RunError when there is none or it is older than 17."""
    home = os.environ.get("JAVA_HOME")
    java = f"{home}/bin/java" if home else shutil.which("java")
    step = "Install a Java 17 runtime, or set JAVA_HOME to one."
    if java is None or not Path(java).exists():
        where = f"JAVA_HOME ({home})" if home else "the PATH"
        raise RunError(f"Spark needs Java {JAVA}, and there is no java on {where}", next_step=step)
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    if not found:
        raise RunError(f"Spark needs Java {JAVA}, and {java} does not say which it is", next_step=step)
    if int(found.group(1)) < JAVA:
        raise RunError(f"Spark needs Java {JAVA}, and {java} is Java {found.group(1)}", next_step=step)
    return int(found.group(1))
