"""The night from tables to a whole run, and the day's equality with it."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pyarrow as pa
import pytest

from skillfirst.engines.local import LocalEngine
from skillfirst.errors import DataError, RunError, UsageError
from skillfirst.experiments.assignment import Experiment
from skillfirst.ingest.documents import read_part
from skillfirst.kernel.fold import fold
from skillfirst.kernel.model import load_model
from skillfirst.kernel.policy import Policy
from skillfirst.kernel.recommend import recommend
from skillfirst.pipeline import Night, run_night
from skillfirst.publish import Losses, losses, publish
from skillfirst.stores.event_log import EventLog
from skillfirst.stores.offline import OfflineStore
from skillfirst.stores.online import open_online
from skillfirst.tables.outputs import OUTPUT
from skillfirst.tables.schemas import EVENTS

DAY = dt.date(2026, 6, 1)
POLICY = Policy(floor=1)

TABLES = {
    "courses.csv": """course_id,title,created_on,skills,language,duration_minutes,category
c1,Java for everyone,2024-01-01,Java,en,60,code
c2,Java for experts,2025-01-01,Java;SQL,en,90,code
c3,Safe welding,2023-05-05,Welding,en,45,trades
c4,Spanish at work,2022-02-02,Spanish,en,30,languages
c5,SQL from scratch,2025-06-01,SQL,en,60,code
c6,Java next year,2027-01-01,Java,en,60,code
""",
    "skills.csv": "skill_id,name,aliases\njava,Java,JVM\nsql,SQL,\nwelding,Welding,\nspanish,Spanish,\n",
    "titles.csv": "title_id,name,aliases\nwelder,Welder,\n",
    "title_skills.csv": "title_id,skill_id,weight\nwelder,welding,0.9\n",
    "members.csv": "member_id,title,languages\n0007,Welder,en\nann,,en\nbob,,en;de\nnew,,\n",
    "member_skills.csv": """member_id,skill,source
ann,java,
ann,JVM,
ann,Spanish,interest
bob,Java,explicit
bob,SQL,explicit
""",
    "events.csv": "time,member_id,kind,course_id,seconds\n2026-05-01T10:00:00Z,bob,complete,c1,\n",
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    for name, text in TABLES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def night(data: Path, store: Path, **more) -> Night:
    return Night(data, store, DAY, **{"policy": POLICY, **more})


def rows_of(run, table="recommendations"):
    return pa.Table.from_batches(list(run.table(table))).to_pylist()


def test_a_run_holds_every_table_of_the_contract_and_a_manifest(data, tmp_path):
    run = run_night(night(data, tmp_path / "store"), LocalEngine(2))
    for name, output in OUTPUT.items():
        got = pa.Table.from_batches(list(run.table(name)))
        assert got.schema.names == output.schema.names
    assert len(rows_of(run)) == 2 * 4
    assert run.manifest["counts"]["members"] == run.manifest["counts"]["served"] == 4
    assert set(run.manifest["inputs"]) == {f"{n.split('.')[0]}/{n}" for n in TABLES}
    assert (run.path / "manifest.json").exists()


def test_members_get_what_their_skills_say(data, tmp_path):
    run = run_night(night(data, tmp_path / "store"), LocalEngine(1))
    feed = {r["member_id"]: r for r in rows_of(run) if r["channel"] == "feed"}
    matched = {m: [c for c, b in zip(r["course_id"], r["bucket"], strict=True) if b] for m, r in feed.items()}
    assert set(matched["ann"]) == {"c1", "c2", "c4"}
    assert set(matched["bob"]) == {"c2", "c5"}
    assert matched["0007"] == ["c3"]
    assert matched["new"] == []
    assert set(feed["new"]["course_id"]) == {"c1", "c2", "c3", "c4", "c5"}
    idf = {r["skill_id"]: (r["members"], r["idf"]) for r in rows_of(run, "skill_idf")}
    assert idf["java"][0] == 2
    assert idf["welding"] == (0, None)


def test_the_same_input_gives_the_same_run_whatever_the_threads(data, tmp_path):
    one = run_night(night(data, tmp_path / "a"), LocalEngine(1))
    two = run_night(night(data, tmp_path / "b"), LocalEngine(4))
    assert one.manifest["model_version"] == two.manifest["model_version"]
    for name in OUTPUT:
        assert rows_of(one, name) == rows_of(two, name)


EVENTS_OF_TODAY = [
    {"event_id": "1", "kind": "watch", "member_id": "ann", "course_id": "c1", "seconds": 900},
    {"event_id": "2", "kind": "dismiss", "member_id": "ann", "course_id": "c4"},
    {"event_id": "3", "kind": "impression", "member_id": "ann", "course_id": "c2", "channel": "home", "position": 1},
    {"event_id": "4", "kind": "refuse_skill", "member_id": "bob", "skill_id": "sql"},
    {"event_id": "5", "kind": "interest", "member_id": "new", "skill_id": "welding"},
    {"event_id": "6", "kind": "complete", "member_id": "bob", "course_id": "c2"},
]


def test_the_day_answers_as_a_night_with_the_same_events_would(data, tmp_path):
    store = tmp_path / "store"
    before = run_night(night(data, store), LocalEngine(1))
    moment = dt.datetime(2026, 6, 1, 9, tzinfo=dt.UTC)
    events = [{**e, "time": (moment + dt.timedelta(minutes=i)).isoformat()} for i, e in enumerate(EVENTS_OF_TODAY)]
    with EventLog.open(store / "events") as log:
        assert log.append(events, moment + dt.timedelta(hours=1)).accepted == len(events)
        logged = pa.Table.from_batches(list(log.read()), schema=EVENTS.schema)
    after = run_night(night(data, store), LocalEngine(1))

    asked = night(data, store)
    model = load_model(before.path / "model")
    parts = sorted((before.path / "documents").glob("*.arrow"))
    folded = pa.concat_batches([fold(read_part(p), logged, asked.now, model) for p in parts])
    full = pa.concat_batches([read_part(p) for p in sorted((after.path / "documents").glob("*.arrow"))])
    assert folded.to_pylist() == full.to_pylist()
    assert recommend(folded, model).equals(recommend(full, model))
    ann = next(r for r in recommend(folded, model, ["feed"]).to_pylist() if r["member_id"] == "ann")
    assert not {"c1", "c4"} & set(ann["course_id"])


def test_the_log_of_visitors_nobody_knows_does_not_stop_a_night(data, tmp_path):
    store = tmp_path / "store"
    moment = dt.datetime(2026, 5, 31, 9, tzinfo=dt.UTC)
    with EventLog.open(store / "events") as log:
        log.append(
            [{"event_id": "v", "kind": "click", "member_id": "visitor", "course_id": "c1", "time": moment.isoformat()}],
            moment,
        )
    assert run_night(night(data, store), LocalEngine(1)).manifest["counts"]["served"] == 4


def test_an_experiment_puts_arms_into_the_rows_and_its_policy_into_the_lists(data, tmp_path):
    trial = Experiment("length", {"short": 0.5, "long": 0.5})
    run = run_night(
        night(data, tmp_path / "s", experiments=(trial,), arms={"length": {"short": {"list_length": 1, "fill": 1}}}),
        LocalEngine(1),
    )
    lengths = {(dict(r["arms"])["length"], len(r["course_id"])) for r in rows_of(run) if r["channel"] == "feed"}
    assert {n for arm, n in lengths if arm == "short"} <= {1}
    assert all(n > 1 for arm, n in lengths if arm == "long")


def test_a_setting_nobody_knows_stops_before_anything_is_read(data, tmp_path):
    with pytest.raises(UsageError, match=r"no setting policy\.colour"):
        run_night(night(data, tmp_path / "s", arms={"x": {"y": {"colour": 1}}}), LocalEngine(1))


def test_a_night_that_fails_leaves_nothing(data, tmp_path):
    (data / "members.csv").write_text("name\nann\n")
    store = tmp_path / "store"
    with pytest.raises(DataError, match="member_id"):
        run_night(night(data, store), LocalEngine(1))
    assert OfflineStore(store).runs() == []
    assert [p.name for p in store.iterdir() if p.name.startswith(".work")] == []


def test_bad_rows_that_prevent_a_run_are_kept_and_named_until_a_night_succeeds(data, tmp_path):
    store = tmp_path / "store"
    good = (data / "members.csv").read_text()
    (data / "members.csv").write_text(good + "".join(f",Welder {i},en\n" for i in range(20)))
    with pytest.raises(DataError, match=r"20 of 24 rows are bad") as caught:
        run_night(night(data, store), LocalEngine(1))
    kept = store / "rejects" / "members.jsonl"
    assert f"All are in {kept};" in str(caught.value)
    rows = [json.loads(line) for line in kept.read_text().splitlines()]
    assert [row["values"]["title"] for row in rows] == [f"Welder {i}" for i in range(20)]
    assert OfflineStore(store).holds("Welder 7") == ["rejects/members.jsonl"]
    assert OfflineStore(store).erase("Welder 7") == 1
    assert OfflineStore(store).holds("Welder 7") == []
    (data / "members.csv").write_text(good)
    run_night(night(data, store), LocalEngine(1))
    assert not kept.parent.exists()


# --- publish


def test_published_answers_are_served_member_by_member(data, tmp_path):
    run = run_night(night(data, tmp_path / "store"), LocalEngine(1))
    with open_online("memory:") as online:
        assert publish(run, online) == 4
        page = json.loads(online.get("ann", "home"))
        feed = json.loads(online.get("ann", "feed"))
        document = pa.ipc.read_record_batch(
            pa.py_buffer(online.get_document("0007")), read_part(next((run.path / "documents").glob("*"))).schema
        )
    assert page["carousels"][0]["courses"][0]["title"]
    assert {c["course_id"] for c in feed["courses"]} >= {"c1", "c2", "c4"}
    assert document.column("member_id").to_pylist() == ["0007"]


def test_a_run_that_lost_too_much_is_refused_and_says_what(data, tmp_path):
    store = tmp_path / "store"
    first = run_night(night(data, store), LocalEngine(1))
    (data / "members.csv").write_text("member_id,title,languages\nann,,en\n")
    second = run_night(night(data, store, max_bad_share=1.0), LocalEngine(1))
    with open_online("memory:") as online:
        publish(first, online)
        with pytest.raises(RunError, match="members with recommendations: 1 instead of 4"):
            publish(second, online)
        assert online.serving() == first.run_id
        publish(second, online, force=True)
        assert online.serving() == second.run_id
        online.rollback()
        assert online.serving() == first.run_id


def test_nights_never_prune_the_runs_that_are_served_or_could_be_gone_back_to(data, tmp_path):
    store = tmp_path / "store"
    with open_online("memory:") as online:
        served = []
        for _ in range(2):
            run = run_night(night(data, store, keep_runs=1), LocalEngine(1))
            publish(run, online)
            served.append(run.run_id)
        for _ in range(2):
            last = run_night(night(data, store, keep_runs=1), LocalEngine(1))
        assert OfflineStore(store).runs() == [*served, last.run_id]
        assert load_model(online.meta(online.rollback())["model"]).version == last.manifest["model_version"]
        publish(last, online)
    run_night(night(data, store, keep_runs=1), LocalEngine(1))
    assert served[1] not in OfflineStore(store).runs()


@pytest.mark.parametrize(("now", "found"), [(100, 0), (91, 0), (89, 1), (0, 1)])
def test_losses_are_shares_of_what_serves(now, found):
    before, after = {"counts": {"served": 100}}, {"counts": {"served": now}}
    assert len(losses(after, before, Losses(members=0.10))) == found


def test_what_a_member_searched_for_is_read_for_skills(data, tmp_path):
    (data / "activity.csv").write_text(
        "member_id,time,kind,skill,text\n"
        "new,2026-05-30T10:00:00Z,search,,how to start welding\n"
        "ann,2026-05-30T10:00:00Z,follow,SQL,\n"
    )
    run = run_night(night(data, tmp_path / "store"), LocalEngine(1))
    own = {(r["member_id"], r["skill_id"]): r["source"] for r in rows_of(run, "member_skills")}
    assert own["new", "welding"] == "activity"
    assert "activity" in own["ann", "sql"]
    feed = next(r for r in rows_of(run) if (r["member_id"], r["channel"]) == ("new", "feed"))
    assert (feed["course_id"][0], feed["context"][0], feed["context_evidence"][0]) == ("c3", "activity", "welding")


def test_a_night_tags_only_the_courses_that_changed(data, tmp_path):
    courses = data / "courses.csv"
    courses.write_text(
        courses.read_text() + "n1,Welding at sea,2024-02-02,,en,10,trades\nn2,Spanish songs,2024-02-02,,en,9,x\n"
    )
    first = run_night(night(data, tmp_path / "s"), LocalEngine(1))
    assert (first.manifest["tagging"]["tagged_now"], first.manifest["tagging"]["kept_from_before"]) == (2, 0)
    courses.write_text(courses.read_text().replace("Spanish songs", "Spanish poems"))
    second = run_night(night(data, tmp_path / "s"), LocalEngine(1))
    assert (second.manifest["tagging"]["tagged_now"], second.manifest["tagging"]["kept_from_before"]) == (1, 7)
    tags = {(r["course_id"], r["skill_id"]) for r in rows_of(second, "course_skills")}
    assert {("n1", "welding"), ("n2", "spanish")} <= tags


def test_what_people_decided_about_tags_holds_every_night_until_they_take_it_back(data, tmp_path):
    store = tmp_path / "s"
    courses = data / "courses.csv"
    courses.write_text(courses.read_text() + "n1,Welding at sea,2024-02-02,,en,10,trades\n")

    def tagged():
        run = run_night(night(data, store), LocalEngine(1))
        return {(r["course_id"], r["skill_id"]): r["source"] for r in rows_of(run, "course_skills")}, run.manifest

    before, _ = tagged()
    assert before["n1", "welding"] == "alias"
    (store / "decisions").mkdir()
    sheet = store / "decisions" / "spring.csv"
    rows = ("n1,welding,refused", "n1,spanish,accepted", "c1,java,refused", "gone,java,accepted")
    sheet.write_text("\n".join(("course_id,skill_id,decision", *rows)))
    for _ in range(2):
        tags, manifest = tagged()
        assert {skill: source for (course, skill), source in tags.items() if course == "n1"} == {"spanish": "review"}
        assert ("c1", "java") not in tags
        assert manifest["tagging"]["decisions"] == {"accepted": 1, "refused": 2, "unknown": 1}
    sheet.unlink()
    assert tagged()[0] == before
