"""A delta run is the whole run with the same Model, to the byte, whatever changed; and it recomputes nobody else."""

from __future__ import annotations

import copy
import datetime as dt
import json
import shutil
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from skillfirst.engines.local import LocalEngine
from skillfirst.errors import NotFound, RunError
from skillfirst.experiments.assignment import Experiment
from skillfirst.ingest.documents import read_part
from skillfirst.kernel.model import load_model
from skillfirst.kernel.policy import Policy
from skillfirst.pipeline import Night, PartWriter, run_delta, run_night
from skillfirst.pipeline.unchanged import equal_rows
from skillfirst.publish import publish, render_members, rendered
from skillfirst.skills.inference.settings import Inference
from skillfirst.stores.event_log import EventLog
from skillfirst.stores.offline import OfflineStore
from skillfirst.stores.online import open_online
from skillfirst.tables.member_document import DOCUMENT, documents

DAY = dt.date(2026, 6, 1)
NOON = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
SKILLS = ("java", "sql", "welding", "spanish", "nursing", "excel")
COURSES = [f"c{i:02d}" for i in range(24)]
MEMBERS = 90
POLICY = Policy(floor=2, inference=Inference(calibration_minimum=10**6))
TRIAL = Experiment("length", {"short": 0.5, "long": 0.5})
ARMS = {"length": {"short": {"list_length": 5, "fill": 3}}}

pytestmark = pytest.mark.usefixtures("small_parts")


@pytest.fixture(scope="module")
def academy(teaching):
    """`academy()`: its tables as rows; every list of rows may be changed."""

    def rows():
        rng = np.random.default_rng(1)
        ids = [f"m{i:03d}" for i in range(0, 2 * MEMBERS, 2)]
        return {
            **teaching(SKILLS),
            "titles": [{"title_id": "nurse", "name": "Nurse"}, {"title_id": "welder", "name": "Welder"}],
            "title_skills": [{"title_id": "nurse", "skill_id": "nursing", "weight": 1.0}],
            "members": [
                {"member_id": m, "title": ("Nurse", "Welder", None)[i % 3], "industry": ("care", None)[i % 2],
                 "languages": [["en"], ["de", "en"], None][i % 3]}
                for i, m in enumerate(ids)
            ],
            "member_skills": [
                {"member_id": m, "skill": SKILLS[rng.integers(6)]} for m in ids for _ in range(rng.integers(4))
            ],
            "connections": [
                {"member_id": ids[a], "connection_id": ids[b]} for a, b in rng.integers(0, MEMBERS, (200, 2)) if a != b
            ],
            "activity": [
                {"member_id": m, "time": NOON - dt.timedelta(days=3), "kind": "follow",
                 "skill": SKILLS[rng.integers(6)]}
                for m in ids[::7]
            ],
            "events": [event(rng, ids) for _ in range(120)],
        }  # fmt: skip

    return rows


def event(rng, ids):
    kind = ("click", "watch", "impression", "complete", "interest", "dismiss")[rng.integers(6)]
    wish = kind == "interest"
    return {
        "event_id": f"e{rng.integers(10**12)}", "member_id": ids[rng.integers(len(ids))], "kind": kind,
        "time": NOON - dt.timedelta(minutes=int(rng.integers(60 * 24 * 90))),
        "course_id": None if wish else COURSES[rng.integers(24)], "skill_id": SKILLS[rng.integers(6)] if wish else None,
        "channel": "home", "position": int(rng.integers(1, 9)), "seconds": float(rng.integers(600)),
    }  # fmt: skip


def change(tables, rng, edits):
    """So many random edits of what is known of members: new, gone, other titles, skills, events, circles."""
    for _ in range(edits):
        members = tables["members"]
        ids = [m["member_id"] for m in members]
        what = rng.integers(7)
        at = rng.integers(len(ids))
        if what == 0:
            new = f"m{rng.integers(10**6):06d}"
            if new not in ids:
                members.insert(0, {"member_id": new, "title": "Nurse", "industry": None, "languages": None})
        elif what == 1:
            gone = members.pop(at)["member_id"]
            for name in ("member_skills", "activity", "events"):
                tables[name] = [row for row in tables[name] if row["member_id"] != gone]
            tables["connections"] = [row for row in tables["connections"] if gone not in row.values()]
        elif what == 2:
            members[at]["title"] = ("Welder", None)[rng.integers(2)]
        elif what == 3:
            members[at]["languages"] = ["de"]
        elif what == 4:
            tables["member_skills"].append({"member_id": ids[at], "skill": SKILLS[rng.integers(6)]})
        elif what == 5:
            tables["connections"] = tables["connections"][1:]
        else:
            tables["events"].append(event(rng, ids))


def written(tables, folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, rows in tables.items():
        pq.write_table(pa.Table.from_pylist(rows), folder / f"{name}.parquet")
    return folder


def night(data, store, **more):
    return Night(data, store, DAY, **{"policy": POLICY, "experiments": (TRIAL,), "arms": ARMS, **more})


@pytest.fixture(scope="module")
def base(tmp_path_factory, academy, small_parts):
    """A store with one whole run; not to be changed."""
    place = tmp_path_factory.mktemp("base")
    run_night(night(written(academy(), place / "data"), place / "store"), LocalEngine(2))
    return place


def copied(ground, folder):
    """Tables and store to change."""
    return shutil.copytree(ground, folder, symlinks=True, dirs_exist_ok=True)


@pytest.fixture
def place(base, tmp_path):
    return copied(base, tmp_path)


def documents_of(run):
    return pa.Table.from_batches([read_part(p) for p in sorted((run.path / "documents").glob("*.arrow"))])


def whole(run, folder):
    """Every member of a run recommended with its Model: the tables as a whole night writes them."""
    folders = {name: folder / f"{name}.parquet" for name in ("recommendations", "member_skills")}
    for path in folders.values():
        path.mkdir(parents=True)
    model = load_model(run.path / "model")
    parts = sorted((run.path / "documents").glob("*.arrow"))
    list(LocalEngine(2).recommend(parts, model, run.manifest["channels"], PartWriter(*folders.values(), model)))
    return folders


def files(folder):
    return {p.name: p.read_bytes() for p in sorted(folder.glob("*.parquet"))}


def assert_whole(run, folder):
    for name, path in whole(run, folder).items():
        assert files(run.path / f"{name}.parquet") == files(path), name


def recomputed(run):
    return {m for batch in run.table("recomputed") for m in batch.column("member_id").to_pylist()}


@pytest.mark.parametrize(("seed", "edits"), [(1, 1), (2, 3), (3, 8), (4, 20), (5, 60)])
def test_a_delta_is_the_whole_run_with_its_model_to_the_byte(place, seed, edits, academy):
    before = OfflineStore(place / "store").open()
    tables = academy()
    change(tables, np.random.default_rng(seed), edits)
    written(tables, place / "data")
    run = run_delta(night(place / "data", place / "store"), LocalEngine(2))
    assert_whole(run, place / "whole")
    assert run.manifest["model_version"] == before.manifest["model_version"]
    full = run_night(night(place / "data", place / "other"), LocalEngine(2))
    assert documents_of(run).to_pylist() == documents_of(full).to_pylist()
    for name in ("members", "served"):
        assert run.manifest["counts"][name] == full.manifest["counts"][name]
    then = {row["member_id"]: row for row in documents_of(before).to_pylist()}
    now = {row["member_id"]: row for row in documents_of(run).to_pylist()}
    changed = {m for m, row in now.items() if then.get(m) != row}
    assert recomputed(run) == changed
    told = run.manifest["delta"]
    assert told == {
        "how": "gathered", "of": before.run_id, "model_of": before.run_id, "recomputed": len(changed),
        "copied": len(now) - len(changed),
    }  # fmt: skip


def test_the_counts_of_a_delta_are_those_of_its_rows(place):
    before = OfflineStore(place / "store").open()
    run = run_delta(night(place / "data", place / "store"), LocalEngine(1))
    assert run.manifest["delta"]["recomputed"] == 0
    assert run.manifest["counts"] == before.manifest["counts"]
    assert run.manifest["carousels_by_context"] == before.manifest["carousels_by_context"]
    assert run.manifest["tables"]["recommendations"] == before.manifest["tables"]["recommendations"]
    assert_whole(run, place / "whole")
    for name in ("recommendations", "model/arrays", "member_skills"):
        folder = name if "/" in name else f"{name}.parquet"
        shared = [p.samefile(before.path / folder / p.name) for p in (run.path / folder).iterdir()]
        assert shared
        assert all(shared), "what did not change takes no room"


def test_a_delta_of_a_delta_names_the_night_whose_model_it_has(place, academy):
    tables = academy()
    for seed in (1, 2):
        change(tables, np.random.default_rng(seed), 5)
        written(tables, place / "data")
        run = run_delta(night(place / "data", place / "store"), LocalEngine(1))
    assert run.manifest["delta"]["of"] == "2026-06-01-002"
    assert run.manifest["delta"]["model_of"] == "2026-06-01-001"
    shutil.rmtree(place / "store" / "runs" / "2026-06-01-001")
    assert_whole(run, place / "whole")


def test_events_of_the_log_reach_the_members_they_are_of(place):
    with EventLog.open(place / "store" / "events") as log:
        click = {"event_id": "1", "kind": "complete", "member_id": "m010", "course_id": "c05", "time": NOON.isoformat()}
        log.append([click], NOON)
    run = run_delta(night(place / "data", place / "store"), LocalEngine(1))
    assert recomputed(run) == {"m010"}
    assert run.manifest["log_position"] == 1
    assert "c05" not in run.member("m010", "feed")["course_id"]
    assert_whole(run, place / "whole")


# --- publishing a delta


@pytest.mark.parametrize("address", ["memory:", "lmdb:{place}/online"])
def test_over_its_own_ground_a_delta_is_published_without_rendering_who_did_not_change(
    place, address, monkeypatch, academy
):
    before = OfflineStore(place / "store").open()
    tables = academy()
    change(tables, np.random.default_rng(3), 8)
    written(tables, place / "data")
    run = run_delta(night(place / "data", place / "store"), LocalEngine(2))
    anew = []

    def rendering(renderer, documents, rows):
        anew.extend(documents.column("member_id").to_pylist())
        return render_members(renderer, documents, rows)

    expected = {member.member_id: dict(member.answers) for member in rendered(run)}
    with open_online(address.format(place=place)) as online:
        publish(before, online)
        online.erase("m020")  # from the online store alone: it has to be rendered again
        monkeypatch.setattr("skillfirst.publish.render_members", rendering)
        assert publish(run, online, force=True) == len(expected)
        assert set(anew) == recomputed(run) | {"m020"}
        assert online.serving() == run.run_id
        for member, answers in expected.items():
            assert online.get_many(member, list(answers)) == answers
            document = pa.ipc.read_record_batch(pa.py_buffer(online.get_document(member)), DOCUMENT)
            assert document.column("member_id").to_pylist() == [member]
        anew.clear()
        online.rollback()
        online.put("another", [])
        online.switch("another")
        publish(run, online, force=True)
        assert set(anew) == set(expected), "nothing is taken from another version"


def test_workers_publish_a_delta_part_by_part_the_same_way(place, monkeypatch):
    before = OfflineStore(place / "store").open()
    run = run_delta(night(place / "data", place / "store"), LocalEngine(2))
    expected = {member.member_id: dict(member.answers) for member in rendered(run)}
    with open_online("memory:") as online:
        monkeypatch.setattr(type(online), "reached_from_elsewhere", True)
        workers = {"engine": LocalEngine(2), "address": "memory:"}
        assert publish(before, online, **workers) == MEMBERS
        monkeypatch.setattr("skillfirst.publish.Shorthand.answers", lambda *_: iter(()))
        assert publish(run, online, **workers) == MEMBERS
        for member, answers in expected.items():
            assert online.get_many(member, list(answers)) == answers


# --- where only the log has grown


@pytest.fixture(scope="module")
def quiet(tmp_path_factory, academy, small_parts):
    """A store with one whole run of tables without events, some of whose members left events in the log."""
    place = tmp_path_factory.mktemp("quiet")
    tables = academy()
    events = tables.pop("events")
    written(tables, place / "data")
    logged(place, events)
    run_night(night(place / "data", place / "store"), LocalEngine(2))
    return place


@pytest.fixture
def grown(quiet, tmp_path):
    return copied(quiet, tmp_path)


def logged(place, events):
    with EventLog.open(place / "store" / "events") as log:
        rows = [{k: v for k, v in e.items() if v is not None} | {"time": e["time"].isoformat()} for e in events]
        assert log.append(rows, NOON + dt.timedelta(hours=12)).accepted == len(rows)


def gathered_instead(place, folder):
    """The delta of a copy of the store, in which the log is gathered with the tables."""
    shutil.copytree(place / "store", folder, symlinks=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("skillfirst.pipeline.folding._tables_unchanged", lambda night, previous: False)
        return run_delta(night(place / "data", folder), LocalEngine(2))


@pytest.mark.parametrize(("seed", "many"), [(1, 1), (2, 4), (3, 60)])
def test_folding_the_logs_new_events_is_gathering_everything_again(grown, seed, many, academy):
    rng = np.random.default_rng(seed)
    ids = [m["member_id"] for m in academy()["members"]] + ["visitor"]
    events = [event(rng, ids) for _ in range(many)]
    for number, late in enumerate(events):  # wishes in their order, everything else as late as it likes
        if late["kind"] == "interest":
            late["time"] = NOON + dt.timedelta(minutes=number)
    logged(grown, events)
    gathered = gathered_instead(grown, grown / "gathered")
    folded = run_delta(night(grown / "data", grown / "store"), LocalEngine(2))
    assert (folded.manifest["delta"]["how"], gathered.manifest["delta"]["how"]) == ("folded", "gathered")
    assert documents_of(folded).to_pylist() == documents_of(gathered).to_pylist()
    for name in ("recommendations", "member_skills", "recomputed"):
        assert files(folded.path / f"{name}.parquet") == files(gathered.path / f"{name}.parquet"), name
    assert_whole(folded, grown / "whole")
    assert recomputed(folded) == {e["member_id"] for e in events} - {"visitor"}
    for name in ("inputs", "log_position", "log_newest_wish"):
        then, now = ({k: v for k, v in r.manifest.items() if k == name} for r in (gathered, folded))
        if name == "inputs":
            then, now = ({k: v for k, v in d[name].items() if not k.startswith("events/")} for d in (then, now))
        assert then == now


def test_a_fold_after_a_fold_and_parts_nobody_touched_take_no_room(grown):
    for number in (1, 2):
        done = {"event_id": f"x{number}", "kind": "complete", "member_id": "m010", "course_id": f"c0{number}"}
        logged(grown, [{**done, "time": NOON}])
        run = run_delta(night(grown / "data", grown / "store"), LocalEngine(1))
        assert run.manifest["delta"]["how"] == "folded"
        assert recomputed(run) == {"m010"}
    first = OfflineStore(grown / "store").open("2026-06-01-001")
    same = [p.samefile(first.path / "documents" / p.name) for p in sorted((run.path / "documents").iterdir())]
    assert same == [False] + [True] * (len(same) - 1)
    assert_whole(run, grown / "whole")


@pytest.mark.parametrize(
    ("what", "wish"),
    [
        ("a wish older than one that was read", {"time": NOON - dt.timedelta(days=200), "skill_id": "sql"}),
        ("a skill by its name", {"time": NOON, "skill_id": "SQL"}),
    ],
)
def test_where_folding_might_differ_everything_is_gathered(grown, what, wish):
    logged(grown, [{"event_id": "late", "kind": "interest", "member_id": "m010", **wish}])
    assert run_delta(night(grown / "data", grown / "store"), LocalEngine(1)).manifest["delta"]["how"] == "gathered"


def test_another_mapping_is_gathered(grown):
    (grown / "data" / "skillfirst.toml").write_text("[sources.members]\npath = 'members.parquet'\n")
    assert run_delta(night(grown / "data", grown / "store"), LocalEngine(1)).manifest["delta"]["how"] == "gathered"


def test_new_courses_wait_for_the_whole_night(place, academy):
    tables = academy()
    tables["courses"].append({**tables["courses"][0], "course_id": "new", "created_on": dt.date(2026, 5, 31)})
    written(tables, place / "data")
    run = run_delta(night(place / "data", place / "store"), LocalEngine(1))
    assert run.manifest["delta"]["recomputed"] == 0
    full = run_night(night(place / "data", place / "store"), LocalEngine(1))
    assert full.manifest["model_version"] != run.manifest["model_version"]
    assert "delta" not in full.manifest


def test_a_member_who_was_erased_comes_back_only_with_the_tables(place):
    store = OfflineStore(place / "store")
    assert store.erase("m010") > 0
    run = run_delta(night(place / "data", place / "store"), LocalEngine(1))
    assert recomputed(run) == {"m010"}
    assert_whole(run, place / "whole")
    assert store.erase("m010") > 0
    assert store.holds("m010") == []


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"day": DAY + dt.timedelta(days=1)}, r"keeps the day of run .* \(2026-06-01, not 2026-06-02\)"),
        ({"channels": ("feed",)}, "keeps the channels"),
        ({"policy": replace(POLICY, fill=3)}, "keeps the policy"),
        ({"experiments": ()}, "keeps the experiments"),
        ({"arms": {"length": {"short": {"list_length": 6}}}}, "keeps the arms"),
    ],
)
def test_where_all_rows_would_differ_a_delta_is_refused(place, more, words):
    asked = replace(night(place / "data", place / "store"), **more)
    with pytest.raises(RunError, match=words + r".*without --delta"):
        run_delta(asked, LocalEngine(1))
    assert OfflineStore(place / "store").runs() == ["2026-06-01-001"]


def test_a_run_of_another_version_is_no_ground_for_a_delta(place):
    path = place / "store" / "runs" / "2026-06-01-001" / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "version": "0.0.1"}))
    with pytest.raises(RunError, match=r"keeps the version of skillfirst of run"):
        run_delta(night(place / "data", place / "store"), LocalEngine(1))


def test_without_a_run_there_is_nothing_to_bring_up_to_date(place):
    with pytest.raises(NotFound, match="no run in"):
        run_delta(night(place / "data", place / "nowhere"), LocalEngine(1))


def test_equal_rows_sees_every_column_and_every_null():
    base = {
        "member_id": ["a", "b", "c"], "level": [1, 2, None], "skill": [[1], [2, 3], []],
        "languages": [["en"], [], None], "industry": ["care", None, None],
        "arms": [[("x", "1")], [], [("x", "2"), ("y", "1")]], "title_weight": [[1.0]] * 3,
    }  # fmt: skip
    given = documents(3, **base)
    assert equal_rows(given, documents(3, **copy.deepcopy(base))).tolist() == [True] * 3
    changes = {
        "level": [1, None, None], "skill": [[1], [2, 4], []], "languages": [["en"], ["en"], None],
        "industry": ["care", "", None], "arms": [[("x", "1")], [("x", "1")], [("x", "2"), ("y", "1")]],
        "title_weight": [[1.0], [0.5], [1.0]],
    }  # fmt: skip
    for name, values in changes.items():
        other = documents(3, **{**base, name: values})
        assert equal_rows(given, other).tolist() == [True, False, True], name
    longer = documents(3, **{**base, "skill": [[1, 2], [3], []], "arms": [[("x", "2")], [], [("x", "2"), ("y", "1")]]})
    assert equal_rows(given, longer).tolist() == [False, False, True]
    assert equal_rows(given.slice(1), documents(3, **base).slice(1)).tolist() == [True, True]
