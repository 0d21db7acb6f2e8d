"""Stored where nothing happened, folded where something did, cold for strangers; never an error, never empty."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pyarrow as pa
import pytest

from skillfirst.engines.local import LocalEngine
from skillfirst.kernel.fold import fold
from skillfirst.kernel.recommend import recommend
from skillfirst.kernel.render import Renderer
from skillfirst.pipeline import Night, run_night
from skillfirst.serve.answers import Answers
from skillfirst.serve.newcomers import Newcomer
from skillfirst.serve.serving import House
from skillfirst.tables.member_document import DOCUMENT


def happen(world: Any, **event: Any) -> None:
    world.log.append([{"time": world.now, **event}], world.now)


@pytest.fixture
def answers(world: Any) -> Answers:
    house = House(world.online, world.log, 1000)
    house.refresh()
    house.follow()
    return Answers(house, world.clock)


def test_stored_bytes_are_served_untouched(world, answers):
    assert answers.stored("ann", "home") == world.online.get("ann", "home")
    assert answers.fresh("ann", "home") == (world.online.get("ann", "home"), "stored", world.run.run_id)


def test_an_event_folds_the_answer_and_its_effect_shows(world, answers, courses_of):
    before = courses_of(json.loads(answers.stored("ann", "feed")))
    assert before[0] == "python-1"  # the skill she wants, and SQL, which she has
    happen(world, member_id="ann", kind="dismiss", course_id="python-1")
    answers.house.follow()
    assert answers.stored("ann", "feed") is None
    answer = answers.fresh("ann", "feed")
    assert answer.origin == "folded"
    assert "python-1" not in courses_of(json.loads(answer.body))
    assert answers.stored("bob", "feed") is not None  # nobody else is touched


def test_a_computed_answer_is_kept_until_the_member_s_next_event(world, answers):
    happen(world, member_id="ann", kind="dismiss", course_id="python-1")
    answers.house.follow()
    assert answers.kept("ann", "feed") is None
    computed = answers.fresh("ann", "feed")
    assert answers.kept("ann", "feed") is computed
    assert answers.kept("ann", "home") is None
    happen(world, member_id="ann", kind="undo", course_id="python-1")
    answers.house.follow()
    assert answers.kept("ann", "feed") is None


def test_refusing_a_skill_takes_its_courses_away_and_undo_brings_them_back(world, answers, courses_of):
    happen(world, member_id="cyd", kind="refuse_skill", skill_id="welding")
    answers.house.follow()
    page = json.loads(answers.fresh("cyd", "home").body)
    assert not [row for row in page["carousels"] if row["evidence"] == "welding"]
    assert courses_of(page)  # never empty
    world.now += dt.timedelta(minutes=5)
    happen(world, member_id="cyd", kind="undo", skill_id="welding")
    answers.house.follow()
    page = json.loads(answers.fresh("cyd", "home").body)
    assert [row for row in page["carousels"] if row["evidence"] == "welding"]


def test_a_folded_answer_is_what_a_night_with_the_same_events_gives(academy, world, answers, tmp_path):
    """Same events, same model, same now: the night's documents with the events of the day in them, recommended."""
    day = [
        {"member_id": "ann", "kind": "watch", "course_id": "java-1", "seconds": 1500.0},
        {"member_id": "ann", "kind": "dismiss", "course_id": "sql-2"},
        {"member_id": "ann", "kind": "impression", "course_id": "python-0", "channel": "home", "position": 1},
        {"member_id": "bob", "kind": "interest", "skill_id": "spanish"},
        {"member_id": "dee", "kind": "click", "course_id": "nursing-0"},
    ]
    for event in day:
        happen(world, event_id=f"day-{event['kind']}", **event)
    answers.house.follow()
    # a night that has read them, for its documents alone
    night_store = tmp_path / "night"
    (night_store / "events").parent.mkdir(parents=True)
    from skillfirst.stores.event_log import EventLog

    with EventLog.open(night_store / "events") as log:
        log.append([{"time": world.now, "event_id": f"day-{e['kind']}", **e} for e in day], world.now)
    next_night = Night(academy.data, night_store, world.now.date(), answers.house.current.model.policy)
    run = run_night(next_night, LocalEngine(1))
    model = answers.house.current.model
    documents = {row.column("member_id")[0].as_py(): row for row in _documents(run)}
    renderer = Renderer(model)
    world.now = dt.datetime.fromtimestamp(next_night.now, dt.UTC)
    for member in ("ann", "bob", "dee"):
        for channel in ("home", "feed"):
            rows = recommend(documents[member], model, [channel])
            expected = next(renderer.answers(rows, [documents[member].column("languages")[0].as_py()]))[2]
            answer = answers.fresh(member, channel)
            assert answer.origin == "folded"
            assert answer.body == expected, (member, channel)


def _documents(run: Any) -> list[pa.RecordBatch]:
    from skillfirst.ingest.documents import read_part

    parts = [read_part(path) for path in sorted((run.path / "documents").glob("*.arrow"))]
    return [part.slice(i, 1).select(DOCUMENT.names) for part in parts for i in range(part.num_rows)]


def test_the_fold_of_nothing_is_the_stored_document_at_another_time(world, answers):
    today = answers.today("ann")
    raw = pa.ipc.read_record_batch(pa.py_buffer(world.online.get_document("ann")), DOCUMENT)
    again = fold(raw, pa.RecordBatch.from_pylist([], _events()), int(world.now.timestamp()), today.serving.model)
    assert today.document.equals(again)


def _events() -> pa.Schema:
    from skillfirst.tables.schemas import EVENTS

    return EVENTS.schema


@pytest.mark.parametrize("channel", ["home", "feed"])
def test_a_stranger_gets_a_page(answers, courses_of, channel):
    answer = answers.fresh("nobody-knows-me", channel)
    assert answer.origin == "cold"
    assert len(courses_of(json.loads(answer.body))) >= 2


def test_a_stranger_who_says_what_she_knows_gets_her_own(answers):
    answer = answers.fresh("new", "feed", Newcomer(skills=("Spanish basics",)))
    first = json.loads(answer.body)["courses"][0]
    assert (first["context"], first["evidence"]) == ("skill", "spanish")


def test_a_strangers_logged_interest_counts(world, answers):
    happen(world, member_id="new", kind="interest", skill_id="welding")
    answers.house.follow()
    first = json.loads(answers.fresh("new", "feed").body)["courses"][0]
    assert (first["context"], first["evidence"]) == ("wanted", "welding")


def test_without_the_compiler_the_stored_answer_still_stands(world, answers, monkeypatch):
    happen(world, member_id="ann", kind="click", course_id="java-1")
    answers.house.follow()
    monkeypatch.setattr(answers, "_today", lambda *_: (_ for _ in ()).throw(ImportError("numba")))
    assert answers.fresh("ann", "home").body == world.online.get("ann", "home")


def test_kept_answers_are_given_again_until_something_happens(world, answers, monkeypatch):
    happen(world, member_id="ann", kind="click", course_id="java-1")
    answers.house.follow()
    computed = []
    compute = answers._compute
    monkeypatch.setattr(answers, "_compute", lambda *a: computed.append(a) or compute(*a))
    first = answers.fresh("ann", "home")
    assert answers.fresh("ann", "home") is first
    happen(world, member_id="ann", kind="dismiss", course_id="java-1")
    answers.house.follow()
    assert answers.fresh("ann", "home") is not first
    assert len(computed) == 2


def test_a_kept_answer_is_given_for_a_minute_of_its_day(world, answers):
    happen(world, member_id="ann", kind="click", course_id="java-1")
    answers.house.follow()
    world.now = world.now.replace(hour=23, minute=58, second=30)
    first = answers.fresh("ann", "home")
    for seconds, same in ((59, True), (1, False), (29, True), (1, False)):
        world.now += dt.timedelta(seconds=seconds)
        assert (answers.kept("ann", "home") is first) == same, world.now
        first = answers.fresh("ann", "home")


def test_an_answer_in_another_language(answers):
    page = json.loads(answers.fresh("cyd", "home", language="ja").body)
    assert page["language"] == "ja"
    assert json.loads(answers.stored("cyd", "home"))["language"] == "en"
