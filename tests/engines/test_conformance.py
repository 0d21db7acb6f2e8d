"""What every engine does: the same bytes, whatever the parts, the workers and the machinery behind them."""

from __future__ import annotations

import datetime as dt
import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from skillfirst.engines.base import Ladder, ToFold
from skillfirst.engines.local import LocalEngine
from skillfirst.errors import DataError, RunError
from skillfirst.ingest.documents import read_part
from skillfirst.kernel.compact import words_of
from skillfirst.kernel.fit import count, finish
from skillfirst.kernel.fold import fold
from skillfirst.kernel.infer import infer
from skillfirst.kernel.model import load_model
from skillfirst.kernel.recommend import recommend
from skillfirst.tables.compact import full_rows
from skillfirst.tables.schemas import EVENTS

pytestmark = pytest.mark.usefixtures("travels")
CHANNELS = ("feed", "home")
CUTS = {"one part": (), "an empty part": (50, 0, 30), "a row a part": (1,) * 24, "no row first": (0,)}


@pytest.fixture(params=["1 worker", "2 workers", "4 workers", pytest.param("spark", marks=pytest.mark.spark)])
def engine(request):
    if request.param == "spark":
        return request.getfixturevalue("local_spark")
    return LocalEngine(int(request.param.split()[0]))


@pytest.fixture(scope="module")
def expected(night, tmp_path_factory):
    """The night in plain words, without an engine: the Model's directory and all rows."""
    model = finish([count(night.batch, night.catalogue, night.policy)], night.catalogue, night.policy, 20_000)
    model = model.save(tmp_path_factory.mktemp("model") / "model")
    members = infer(night.batch, model)
    return model, members, recommend(members, model, CHANNELS)


class Folder:
    """A sink that writes both batches as files; it goes wherever the engine computes."""

    def __init__(self, path):
        self.path = path
        path.mkdir()

    def __call__(self, number, members, rows):
        for name, batch in (("members", members), ("rows", rows)):
            (self.path / f"{name}-{number:05d}").write_bytes(stream(batch))
        return number, rows.num_rows

    def read(self, name):
        batches = []
        for path in sorted(self.path.glob(f"{name}-*")):
            with pa.ipc.open_stream(path.read_bytes()) as reader:
                batches += list(reader)
        return pa.Table.from_batches(batches)


def stream(batch):
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write(batch)
    return sink.getvalue().to_pybytes()


def digest(table):
    """A hash of the values, independent of how they are chunked."""
    return hashlib.sha256(stream(table.combine_chunks().to_batches()[0])).hexdigest()


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS.keys())
def test_the_model_is_the_same_however_members_are_counted(engine, night, expected, cut):
    partials = engine.count(night.parts(*cut), night.catalogue, night.policy)
    model = finish(partials, night.catalogue, night.policy, 20_000)
    assert model.members == night.batch.num_rows
    assert model.version == expected[0].version


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS.keys())
def test_recommendations_are_the_same_bytes_in_every_cut(engine, night, expected, cut, tmp_path):
    model, members, rows = expected
    parts = night.parts(*cut)
    sink = Folder(tmp_path / "out")
    done = list(engine.recommend(parts, model, CHANNELS, sink))
    assert [n for n, _ in done] == [read_part(path).num_rows for path in parts]
    assert [number for _, (number, _) in done] == list(range(len(parts)))
    assert sum(n for _, (_, n) in done) == len(CHANNELS) * night.batch.num_rows
    assert digest(sink.read("rows")) == digest(pa.Table.from_batches([rows]))
    assert digest(sink.read("members")) == digest(pa.Table.from_batches([members]))


def test_compact_rows_are_the_same_rows_in_every_engine(engine, night, expected, tmp_path):
    model, _, rows = expected
    sink = Folder(tmp_path / "out")
    list(engine.recommend(night.parts(50, 0, 30), model, CHANNELS, sink, compact=True))
    read = [full_rows(batch, words_of(model)) for batch in sink.read("rows").to_batches()]
    assert pa.Table.from_batches(read).to_pylist() == rows.to_pylist()


def test_the_expected_night_says_something(expected):
    """A night in which nothing is recommended would pass everything above."""
    model, members, rows = expected
    assert load_model(model.path).version == model.version
    assert len(rows.column("course_id").flatten()) > 5 * rows.num_rows
    assert len(members.column("inferred_skill").flatten()) > 0
    assert len(rows.column("context").flatten().unique()) >= 5


def events_of(night, rng, many):
    """Events of the night's members and of strangers, as the log gives them."""
    ids = [*night.batch.column("member_id").to_pylist(), "stranger"]
    courses = night.catalogue.courses.ids.to_pylist()
    nine = dt.datetime(2026, 6, 1, 9, tzinfo=dt.UTC)
    rows = [
        {"event_id": str(i), "member_id": ids[int(rng.integers(len(ids)))], "kind": ("click", "complete")[i % 2],
         "course_id": courses[int(rng.integers(len(courses)))], "time": nine + dt.timedelta(minutes=i)}
        for i in range(many)
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, EVENTS.schema)


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS.keys())
def test_events_are_folded_into_the_same_documents_in_every_cut(engine, night, expected, cut, tmp_path):
    model, now = expected[0], night.batch.column("now").cast(pa.int64())[0].as_py()
    events = events_of(night, np.random.default_rng(5), 80)
    parts = night.parts(*cut)
    files = []
    for path in parts:
        own = events.filter(pc.is_in(events["member_id"], read_part(path).column("member_id")))
        files.append(ToFold(path, tmp_path / f"{path.name}.events", tmp_path / path.name))
        with pa.OSFile(str(files[-1].events), "wb") as sink, pa.ipc.new_file(sink, own.schema) as writer:
            writer.write_table(own)
    assert list(engine.fold(files, now, model)) == [read_part(path).num_rows for path in parts]
    folded = pa.Table.from_batches([read_part(file.into) for file in files])
    alone = fold(night.batch, events, now, model)
    assert digest(folded) == digest(pa.Table.from_batches([alone]))
    assert not alone.equals(night.batch)


def test_no_parts_give_the_model_of_nobody(engine, night):
    partials = engine.count([], night.catalogue, night.policy)
    assert finish(partials, night.catalogue, night.policy, 20_000).members == 0


def test_no_parts_give_no_rows(engine, expected, tmp_path):
    assert list(engine.recommend([], expected[0], CHANNELS, Folder(tmp_path / "out"))) == []


def test_map_gives_results_in_the_order_of_the_items(engine):
    assert list(engine.map(lambda word: word.upper(), ["java", "sql", "welding"] * 5)) == ["JAVA", "SQL", "WELDING"] * 5


def test_map_of_nothing_is_nothing(engine):
    assert list(engine.map(lambda word: word, [])) == []


def test_a_foreign_error_is_told_with_what_was_worked_on(engine, night, expected):
    def sink(number, members, rows):
        if number == 2:
            raise ValueError("no\nroom")
        return number

    parts = night.parts(30, 30, 30)
    with pytest.raises(RunError, match=r"^part-00002.arrow could not be computed: ValueError: no room$"):
        list(engine.recommend(parts, expected[0], CHANNELS, sink))


def test_an_error_of_ours_keeps_its_words(engine):
    def work(item):
        raise DataError("holds nonsense", table="members", next_step="Look at it.")

    with pytest.raises((DataError, RunError), match=r"^members: holds nonsense\. Look at it\.$"):
        list(engine.map(work, [1]))


def test_a_part_that_is_not_there_is_named(engine, night, tmp_path):
    missing = tmp_path / "part-00009.arrow"
    with pytest.raises(RunError, match=r"part-00009\.arrow could not be computed: FileNotFoundError"):
        engine.count([missing], night.catalogue, night.policy)


def test_an_engine_works_again_after_an_error_and_after_closing():
    with LocalEngine(2) as engine:
        with pytest.raises(RunError):
            list(engine.map(lambda x: 1 // x, [0]))
        assert list(engine.map(lambda x: 1 // x, [1])) == [1]
    assert list(engine.map(str, [1, 2])) == ["1", "2"]


@pytest.mark.parametrize("many", [1, 2, 3, 7, 8, 13])
def test_a_ladder_merges_to_the_same_sum(night, many):
    ladder = Ladder()
    for path in night.parts(*[9] * (many - 1)):
        ladder.add(count(read_part(path), night.catalogue, night.policy))
    assert len(ladder.partials()) == bin(many).count("1")
    whole = count(night.batch, night.catalogue, night.policy)
    total = ladder.total()
    assert total.members == whole.members
    assert total.holders.tolist() == whole.holders.tolist()
    versions = {
        finish(partials, night.catalogue, night.policy, 20_000).version
        for partials in ([whole], [total], ladder.partials())
    }
    assert len(versions) == 1
