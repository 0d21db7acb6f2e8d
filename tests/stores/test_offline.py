"""Runs are whole or absent, numbered, found again, pruned by the stated rule."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest

from skillfirst.errors import DataError, NotFound, RunError, StoreError, UsageError
from skillfirst.stores.offline import OfflineStore

DAY = "2026-11-22"
SKILLS = pa.schema([("member_id", pa.string()), ("skill_id", pa.string())])


def rows(*pairs):
    members, skills = zip(*pairs, strict=True) if pairs else ((), ())
    return pa.RecordBatch.from_arrays([pa.array(members, pa.string()), pa.array(skills, pa.string())], schema=SKILLS)


def finished(store, run=DAY, **manifest):
    return store.begin(run).commit(manifest)


def test_a_run_is_absent_until_it_is_committed(tmp_path):
    store = OfflineStore(tmp_path)
    writer = store.begin(DAY)
    writer.table_writer("member_skills", SKILLS).write_part(0, rows(("ann", "java")))
    assert store.runs() == []
    assert store.latest() is None
    run = writer.commit({"policy": "default"})
    assert run.run_id == "2026-11-22-001"
    assert store.runs() == [run.run_id]
    assert store.open().manifest["policy"] == "default"
    assert store.open("latest").manifest["tables"] == {"member_skills": {"rows": 1, "parts": 1}}
    assert (tmp_path / "runs" / "latest" / "manifest.json").is_file()


def test_a_folder_without_manifest_is_no_run(tmp_path):
    store = OfflineStore(tmp_path)
    finished(store)
    (tmp_path / "runs" / "2026-11-23-001").mkdir()
    assert store.runs() == ["2026-11-22-001"]
    with pytest.raises(NotFound, match="2026-11-22-001"):
        store.open("2026-11-23-001")


def test_an_empty_store_says_how_to_begin(tmp_path):
    with pytest.raises(NotFound, match="skillfirst run"):
        OfflineStore(tmp_path / "nowhere").open()


def test_parts_written_by_threads_in_any_order_read_in_member_order(tmp_path):
    writer = OfflineStore(tmp_path).begin(DAY)
    table = writer.table_writer("member_skills", SKILLS)
    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(table.write_part, i, rows((f"m{i:03d}", "sql"))) for i in reversed(range(20))]:
            future.result()
    run = writer.commit({})
    read = [m for batch in run.table("member_skills") for m in batch.column("member_id").to_pylist()]
    assert read == [f"m{i:03d}" for i in range(20)]


def test_a_table_of_empty_parts_keeps_its_columns(tmp_path):
    writer = OfflineStore(tmp_path).begin(DAY)
    writer.table_writer("member_skills", SKILLS)
    writer.write_part("member_skills", 0, rows())
    run = writer.commit({})
    assert [b.num_rows for b in run.table("member_skills")] in ([], [0])
    import pyarrow.parquet as pq

    assert pq.read_table(run.table_path("member_skills")).schema.names == ["member_id", "skill_id"]


def test_a_part_with_other_columns_or_written_twice_is_refused(tmp_path):
    table = OfflineStore(tmp_path).begin(DAY).table_writer("member_skills", SKILLS)
    with pytest.raises(DataError, match="other columns"):
        table.write_part(0, rows().drop_columns(["skill_id"]))
    table.write_part(0, rows(("ann", "java")))
    with pytest.raises(DataError, match="twice"):
        table.write_part(0, rows(("ann", "java")))


@pytest.mark.parametrize("rows_a_part", [1, 2, 5, 97])
def test_a_members_rows_are_found_wherever_they_lie(tmp_path, rows_a_part, monkeypatch):
    monkeypatch.setattr("skillfirst.stores.table_parts.ROW_GROUP_ROWS", 3)
    pairs = [(f"m{i:03d}", f"s{j}") for i in range(0, 60, 2) for j in range(i % 4)]
    long_id = "z" * 5_000  # longer than Parquet keeps statistics for
    pairs += [(long_id, "s0"), (long_id, "s1")]
    writer = OfflineStore(tmp_path).begin(DAY)
    table = writer.table_writer("member_skills", SKILLS)
    for index, start in enumerate(range(0, len(pairs), rows_a_part)):
        table.write_part(index, rows(*pairs[start : start + rows_a_part]))
    run = writer.commit({})
    for member in [*(f"m{i:03d}" for i in range(61)), long_id, "", "zz"]:
        found = run.rows("member_skills", member)
        got = [] if found is None else found.column("skill_id").to_pylist()
        assert got == [s for m, s in pairs if m == member], member


def test_the_row_of_a_member_in_a_channel(tmp_path):
    schema = pa.schema([("member_id", pa.string()), ("channel", pa.string()), ("course_id", pa.list_(pa.string()))])
    writer = OfflineStore(tmp_path).begin(DAY)
    batch = pa.RecordBatch.from_pylist(
        [
            {"member_id": "ann", "channel": "feed", "course_id": ["c1"]},
            {"member_id": "ann", "channel": "home", "course_id": ["c2", "c3"]},
        ],
        schema,
    )
    writer.table_writer("recommendations", schema).write_part(0, batch)
    run = writer.commit({})
    assert run.member("ann", "home")["course_id"] == ["c2", "c3"]
    assert run.member("ann", "email") is None
    assert run.member("bob", "home") is None
    with pytest.raises(NotFound, match="no table 'tags'"):
        run.rows("tags", "ann")


def test_artefacts_lie_beside_the_tables(tmp_path):
    writer = OfflineStore(tmp_path).begin(DAY)
    (writer.folder / "model").mkdir()
    (writer.folder / "model" / "idf.npy").write_bytes(b"x")
    run = writer.commit({})
    assert (run.table_path("model") / "idf.npy").read_bytes() == b"x"


def test_two_runs_of_a_day_at_once_get_two_numbers(tmp_path):
    first, second = OfflineStore(tmp_path).begin(DAY), OfflineStore(tmp_path).begin(DAY)
    assert (first.run_id, second.run_id) == ("2026-11-22-001", "2026-11-22-002")
    second.commit({})
    first.commit({})
    assert OfflineStore(tmp_path).runs() == ["2026-11-22-001", "2026-11-22-002"]
    assert OfflineStore(tmp_path).latest() == "2026-11-22-001", "latest is the run committed last"


def test_the_same_run_id_twice_is_a_clear_error(tmp_path):
    store = OfflineStore(tmp_path)
    writer = store.begin("2026-11-22-007")
    with pytest.raises(RunError, match="written by another process"):
        store.begin("2026-11-22-007")
    writer.commit({})
    with pytest.raises(RunError, match="exists already"):
        store.begin("2026-11-22-007")
    assert store.begin(DAY).run_id == "2026-11-22-008"


@pytest.mark.parametrize("name", ["../evil", "latest", "2026-11-22-1", "22.11.2026", ""])
def test_a_name_that_is_no_run_is_refused(tmp_path, name):
    with pytest.raises(UsageError):
        OfflineStore(tmp_path).begin(name)


def test_an_aborted_run_leaves_nothing(tmp_path):
    store = OfflineStore(tmp_path)

    def fail():
        with store.begin(DAY) as writer:
            writer.table_writer("member_skills", SKILLS)
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    assert store.runs() == []
    assert list(store.building.iterdir()) == []
    assert store.begin(DAY).run_id == "2026-11-22-001"


def test_what_a_killed_run_left_is_removed_and_a_living_one_is_spared(tmp_path):
    store = OfflineStore(tmp_path)
    living = store.begin(DAY)
    dead = store.building / "2026-11-20-001"
    dead.mkdir()
    (dead / "half").write_text("half a table")
    (store.building / "2026-11-20-001.lock").touch()  # nobody holds it: its process is gone
    store.begin(DAY).abort()
    assert not dead.exists()
    assert living.folder.exists()
    living.commit({})
    assert store.latest() == living.run_id


def test_a_run_killed_before_the_pointer_moved_becomes_the_latest(tmp_path):
    store = OfflineStore(tmp_path)
    old = finished(store)
    new = finished(store)
    store._point_to(old.run_id)
    (store.building / f"{new.run_id}.lock").touch()
    store.begin(DAY).abort()
    assert store.latest() == new.run_id


def test_prune_keeps_the_newest_the_latest_and_the_protected(tmp_path):
    store = OfflineStore(tmp_path)
    ids = [finished(store, f"2026-11-{day:02d}").run_id for day in range(1, 7)]
    store._point_to(ids[1])
    assert store.prune(keep=2, protect=[ids[0]]) == ids[2:4]
    assert store.runs() == [ids[0], ids[1], ids[4], ids[5]]
    assert store.prune(keep=2, protect=[ids[0]]) == []
    with pytest.raises(UsageError):
        store.prune(keep=0)


def test_runs_that_an_online_store_needs_are_never_pruned(tmp_path):
    store = OfflineStore(tmp_path)
    ids = [finished(store).run_id for _ in range(6)]
    store.note_published("lmdb:a", {ids[0], ids[1]})
    store.note_published("redis://b", {ids[2]})
    assert store.prune(keep=1) == ids[3:5]
    store.note_published("lmdb:a", {ids[1]})
    assert OfflineStore(tmp_path).published() == {"lmdb:a": [ids[1]], "redis://b": [ids[2]]}
    assert store.prune(keep=1) == ids[:1]
    store.note_published("lmdb:a", ())
    store.note_published("redis://b", ())
    assert store.prune(keep=1) == ids[1:3]
    assert store.runs() == ids[5:]


def test_a_damaged_note_of_what_is_published_stops_the_pruning(tmp_path):
    store = OfflineStore(tmp_path)
    ids = [finished(store).run_id for _ in range(3)]
    (tmp_path / "runs" / "published.json").write_text("[1]")
    with pytest.raises(StoreError, match=r"published\.json cannot be read"):
        store.prune(keep=1)
    assert store.runs() == ids


def test_runs_of_one_day_sort_by_number(tmp_path):
    store = OfflineStore(tmp_path)
    for run in ("2026-11-22-1000", "2026-11-22-999"):
        finished(store, run)
    assert store.runs() == ["2026-11-22-999", "2026-11-22-1000"]


def test_a_damaged_manifest_is_named(tmp_path):
    store = OfflineStore(tmp_path)
    run = finished(store)
    (run.path / "manifest.json").write_text("{")
    with pytest.raises(StoreError, match="manifest of run 2026-11-22-001"):
        store.open()


def test_readers_during_commits_always_see_a_whole_run(tmp_path):
    store = OfflineStore(tmp_path)
    finished(store, number=0)
    stop = threading.Event()
    seen = []

    def read():
        while not stop.is_set():
            run = OfflineStore(tmp_path).open()
            seen.append((run.run_id, json.loads((run.path / "number").read_text()) if run.manifest["number"] else 0))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for number in range(1, 21):
            writer = store.begin(DAY)
            (writer.folder / "number").write_text(json.dumps(number))
            writer.commit({"number": number})
    finally:
        stop.set()
        reader.join()
    assert all(int(run_id[-3:]) == number + 1 for run_id, number in seen)
    assert seen


def test_erase_removes_a_member_from_every_run_and_proves_it(tmp_path, monkeypatch):
    monkeypatch.setattr("skillfirst.stores.table_parts.ROW_GROUP_ROWS", 2)
    store = OfflineStore(tmp_path)
    pairs = [(f"m{i}", f"s{j}") for i in range(5) for j in range(3)]
    for _ in range(2):
        writer = store.begin(DAY)
        table = writer.table_writer("member_skills", SKILLS)
        table.write_part(0, rows(*pairs[:7]))
        table.write_part(1, rows(*pairs[7:]))
        courses = writer.table_writer("courses", pa.schema([("course_id", pa.string())]))
        courses.write_part(0, pa.RecordBatch.from_pydict({"course_id": ["m2"]}))
        writer.commit({})
    assert len(store.holds("m2")) == 4, "in both parts of both runs"
    assert store.erase("m2") == 6
    assert store.holds("m2") == []
    assert store.erase("m2") == 0
    for run_id in store.runs():
        run = store.open(run_id)
        assert run.rows("member_skills", "m2") is None
        assert run.rows("member_skills", "m3").num_rows == 3
        left = [m for batch in run.table("member_skills") for m in batch.column("member_id").to_pylist()]
        assert left == [m for m, _ in pairs if m != "m2"]
        assert [b.num_rows for b in run.table("courses")] == [1]
        assert run.manifest["erased_rows"] == 3
    assert not list(tmp_path.rglob(".*erasing"))


def test_erasing_all_rows_of_a_part_leaves_the_others_to_be_found(tmp_path):
    store = OfflineStore(tmp_path)
    writer = store.begin(DAY)
    table = writer.table_writer("member_skills", SKILLS)
    members = "abcdefgh"
    for index, member in enumerate(members):
        table.write_part(index, rows((member, "java")))
    run = writer.commit({})
    for gone in "bcdghae":
        assert store.erase(gone) == 1
        members = members.replace(gone, "")
        for member in "abcdefghi":
            assert (run.rows("member_skills", member) is not None) == (member in members)


def test_the_workshop_of_a_killed_night_is_removed_unless_a_night_is_at_work(tmp_path):
    store = OfflineStore(tmp_path)
    (tmp_path / ".work-killed").mkdir()
    (tmp_path / ".work-killed" / "log.parquet").write_bytes(b"half")
    with store.begin(DAY) as writer:
        assert not (tmp_path / ".work-killed").exists()
        (tmp_path / ".work-living").mkdir()
        store.begin(DAY).abort()
        assert (tmp_path / ".work-living").is_dir()
        writer.commit({})
