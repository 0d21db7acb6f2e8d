"""The Spark engine beside the conformance suite: what it asks for, what it ships, what skew does to it."""

from __future__ import annotations

import ast
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import skillfirst
from skillfirst.engines.base import Engine
from skillfirst.engines.local import LocalEngine
from skillfirst.engines.spark import SparkEngine, _explained, check_java
from skillfirst.errors import ExtraMissing, RunError, UsageError
from skillfirst.ingest import member_tables
from skillfirst.ingest.checks import read
from skillfirst.ingest.documents import gather, read_part
from skillfirst.kernel.catalogue import build_catalogue
from skillfirst.kernel.fit import count, finish
from skillfirst.kernel.policy import Policy
from skillfirst.kernel.tag import tag
from skillfirst.pipeline import read_taxonomy, resolvers
from skillfirst.skills.inference.settings import Inference
from skillfirst.tables.vocabulary import Vocabulary

pytestmark = pytest.mark.usefixtures("travels")
SOURCES = Path(skillfirst.__file__).parent


# --- without Spark


def java_saying(folder, words):
    """A `java` that says this about its version."""
    (folder / "bin").mkdir()
    program = folder / "bin" / "java"
    program.write_text(f"#!/bin/sh\necho '{words}' >&2\n")
    program.chmod(0o755)
    return str(folder)


def test_no_java_is_one_clear_line(monkeypatch, tmp_path):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RunError, match=r"^Spark needs Java 17, and there is no java on the PATH\. Install a Java 17"):
        check_java()


def test_a_java_home_without_java_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "gone"))
    with pytest.raises(RunError, match=r"no java on JAVA_HOME \(.*gone\)"):
        check_java()


@pytest.mark.parametrize(
    ("words", "major"), [('openjdk version "11.0.2" 2019-01-15', 11), ('java version "1.8.0_392"', 8)]
)
def test_an_old_java_is_refused(monkeypatch, tmp_path, words, major):
    monkeypatch.setenv("JAVA_HOME", java_saying(tmp_path, words))
    with pytest.raises(RunError, match=rf"Spark needs Java 17, and .*/bin/java is Java {major}\. Install"):
        check_java()


@pytest.mark.parametrize("words", ['openjdk version "17.0.15" 2025-04-15', 'openjdk version "21" 2023-09-19'])
def test_java_17_and_newer_will_do(monkeypatch, tmp_path, words):
    monkeypatch.setenv("JAVA_HOME", java_saying(tmp_path, words))
    assert check_java() >= 17


def test_what_calls_itself_java_and_is_not_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("JAVA_HOME", java_saying(tmp_path, "I am a teapot"))
    with pytest.raises(RunError, match="does not say which it is"):
        check_java()


@pytest.mark.parametrize("missing", ["pyspark", "pandas"])
def test_without_the_extra_the_install_line_is_shown(monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ExtraMissing, match=r"pip install 'skillfirst\[spark\]'"):
        list(SparkEngine(master="local[1]").map(str, [1]))


def test_the_engine_is_made_without_loading_spark():
    code = "import sys; from skillfirst.engines.spark import SparkEngine as S; S(master='local[1]').close(); "
    code += "print('pyspark' in sys.modules, 'py4j' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["False", "False"]


def test_one_file_alone_names_pyspark():
    def imported(path):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                yield node.module or ""
            elif isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)

    ours = [(path.name, name.split(".")[0]) for path in SOURCES.rglob("*.py") for name in imported(path)]
    naming = {file for file, package in ours if package in ("pyspark", "py4j")}
    assert naming == {"spark.py"}


def test_an_unknown_way_of_shipping_is_refused():
    with pytest.raises(UsageError, match="path or archive, not as 'pigeon'"):
        SparkEngine(ship="pigeon")


def test_of_pages_of_java_the_cause_is_told():
    pages = "An error occurred while calling o1.x.\n: org.apache.spark.SparkException: Job aborted\n\tat org.a.B(C:1)\n"
    pages += "Caused by: java.io.IOException: No space left on device\n\t... 12 more\n"
    assert str(_explained(RuntimeError(pages))).startswith("Spark gave the job up: No space left on device. ")


# --- on two threads of Spark


@pytest.fixture(scope="module")
def model(night, tmp_path_factory):
    found = finish([count(night.batch, night.catalogue, night.policy)], night.catalogue, night.policy, 20_000)
    return found.save(tmp_path_factory.mktemp("model") / "model")


def looks_at(model):
    """A sink that tells which Model of which process it works with."""

    def sink(number, members, rows):
        import os
        from pathlib import Path

        array = model.arrays["course_skill"]
        while getattr(array, "base", None) is not None and type(array.base).__name__ in ("ndarray", "memmap"):
            array = array.base
        digest = hashlib.sha256(str(rows.to_pylist()).encode()).hexdigest()
        return os.getpid(), id(model), type(array).__name__, str(Path(model.path)), digest

    return sink


@pytest.mark.spark
@pytest.mark.parametrize("ship", ["path", "archive"])
def test_a_process_maps_the_model_once(local_spark, night, model, ship):
    engine = SparkEngine(session=local_spark.session, ship=ship)
    parts = night.parts(*[11] * 11)
    told = [seen for _, seen in engine.recommend(parts, model, ("feed",), looks_at(model))]
    here = [seen for _, seen in LocalEngine(1).recommend(parts, model, ("feed",), looks_at(model))]
    assert [digest for *_, digest in told] == [digest for *_, digest in here]
    processes = {pid for pid, *_ in told}
    assert os.getpid() not in processes
    assert len({(pid, which) for pid, which, *_ in told}) == len(processes)
    assert {kind for _, _, kind, *_ in told} == {"memmap"}
    assert ({place for *_, place, _ in told} == {str(model.path)}) == (ship == "path")
    engine.close()
    assert list(local_spark.map(len, ["java"])) == [4], "a session that was given stays open"


@pytest.mark.spark
def test_another_master_than_the_open_session_is_refused(local_spark):
    assert local_spark.session is not None
    with pytest.raises(UsageError, match=r"a Spark session at local\[2\] is open already"):
        list(SparkEngine(master="local[1]").map(str, [1]))
    assert list(SparkEngine().map(str, [1])) == ["1"]


@pytest.mark.spark
def test_partials_meet_in_several_rounds(local_spark, night, model, monkeypatch):
    monkeypatch.setattr("skillfirst.engines.spark.MERGED_AT_ONCE", 2)
    partials = local_spark.count(night.parts(*[16] * 7), night.catalogue, night.policy)
    assert len(partials) <= 2
    assert finish(partials, night.catalogue, night.policy, 20_000).version == model.version


def contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.spark
def test_a_great_title_and_a_great_circle_break_nothing(local_spark, tables, tmp_path, monkeypatch):
    """A third of 50,001 members are nurses, and one member is connected with everybody."""
    monkeypatch.setattr(member_tables, "RANGE_ROWS", 16_384)
    folder = tables(tmp_path / "data", members=50_001, connections=[(0, i) for i in range(1, 50_001)])
    checked = read(folder, tmp_path / "work")
    taxonomy = read_taxonomy(checked.tables)
    tags = tag(checked.tables["courses"], taxonomy).course_skills
    catalogue = build_catalogue(checked.tables["courses"], taxonomy, tags, Vocabulary.sorted([]))
    policy = Policy(floor=5, list_length=5, inference=Inference(calibration_minimum=10**9, sample=2_000))
    versions, digests = [], []
    engines: list[Engine] = [LocalEngine(2), local_spark]
    for number, engine in enumerate(engines):
        out = tmp_path / f"documents-{number}"
        result = gather(
            checked, resolvers(taxonomy), catalogue.courses, now=1_780_000_000, out_dir=out, spread=engine.map
        )
        assert len(result.parts) == checked.ranges == 4
        hub = read_part(result.parts[0])
        assert hub.column("neighbours")[0].as_py() == 37_500  # of 50,000 circles, those with a skill on the profile
        model = finish(engine.count(result.parts, catalogue, policy), catalogue, policy, 20_602)
        model = model.save(tmp_path / f"model-{number}")
        versions.append(model.version)
        rows = engine.recommend(result.parts, model, ("feed",), fingerprint)
        digests.append([seen for _, seen in rows])
    assert contents(tmp_path / "documents-0") == contents(tmp_path / "documents-1")
    assert versions[0] == versions[1]
    assert digests[0] == digests[1]
    assert all(n > 0 for _, n, _ in digests[0])


def fingerprint(number, members, rows):
    """(part, courses recommended, hash of them with their scores)."""
    courses, scores = rows.column("course_id").flatten(), rows.column("score").flatten()
    words = ",".join(courses.to_pylist()).encode() + np.asarray(scores.to_numpy(zero_copy_only=False)).tobytes()
    return number, len(courses), hashlib.sha256(words).hexdigest()
