"""A run stored compactly is, to whoever reads it, the run stored in full."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from skillfirst.engines.local import LocalEngine
from skillfirst.errors import RunError
from skillfirst.experiments.assignment import Experiment
from skillfirst.kernel.policy import Policy
from skillfirst.pipeline import Night, run_delta, run_night
from skillfirst.publish import publish, rendered
from skillfirst.skills.inference.settings import Inference
from skillfirst.stores.offline import OfflineStore, table_part
from skillfirst.stores.online import open_online
from skillfirst.tables.outputs import OUTPUT

DAY = dt.date(2026, 6, 1)
NOON = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
SKILLS = ("java", "sql", "welding", "spanish", "nursing", "excel")
COURSES = [f"c{i:02d}" for i in range(24)]
MEMBERS = [f"m{i:03d}" for i in range(70)]
POLICY = Policy(floor=2, inference=Inference(calibration_minimum=10**6))
TRIAL = Experiment("length", {"short": 0.5, "long": 0.5})
ARMS = {"length": {"short": {"list_length": 5, "fill": 3}}}
FORMS = ("full", "compact")

pytestmark = pytest.mark.usefixtures("small_parts")


@pytest.fixture(scope="module")
def tables(teaching):
    """`tables()`: an academy in which all kinds of carousels, fading and several sources of skills occur."""

    def rows():
        rng = np.random.default_rng(2)
        kinds = ("click", "watch", "impression", "impression", "complete", "dismiss")
        return {
            **teaching(SKILLS),
            "titles": [{"title_id": "nurse", "name": "Nurse"}],
            "title_skills": [{"title_id": "nurse", "skill_id": "nursing", "weight": 1.0}],
            "members": [{"member_id": m, "title": ("Nurse", None)[i % 2]} for i, m in enumerate(MEMBERS)],
            "member_skills": [
                {"member_id": m, "skill": SKILLS[rng.integers(6)], "source": ("explicit", "interest")[rng.integers(2)]}
                for m in MEMBERS for _ in range(rng.integers(4))
            ],
            "events": [
                {"event_id": f"e{i}", "member_id": MEMBERS[rng.integers(70)], "kind": kinds[rng.integers(6)],
                 "time": NOON - dt.timedelta(minutes=int(rng.integers(60 * 24 * 60))),
                 "course_id": COURSES[rng.integers(24)], "channel": "home", "position": int(rng.integers(1, 9)),
                 "seconds": float(rng.integers(4000))}
                for i in range(400)
            ],
        }  # fmt: skip

    return rows


def night(place, form, **more):
    given = {"policy": POLICY, "experiments": (TRIAL,), "arms": ARMS, "store_form": form, **more}
    return Night(place / "data", place / form, DAY, **given)


@pytest.fixture(scope="module")
def place(tmp_path_factory, tables):
    folder = tmp_path_factory.mktemp("forms")
    (folder / "data").mkdir()
    for name, rows in tables().items():
        pq.write_table(pa.Table.from_pylist(rows), folder / "data" / f"{name}.parquet")
    return folder


@pytest.fixture(scope="module")
def runs(place, small_parts):
    return {form: run_night(night(place, form), LocalEngine(2)) for form in FORMS}


def rows_of(run, name, columns=None):
    return pa.Table.from_batches([*run.table(name, columns)])


@pytest.mark.parametrize("name", OUTPUT)
def test_every_table_reads_back_equal(runs, name):
    full, compact = (rows_of(runs[form], name) for form in FORMS)
    assert compact.schema.names == full.schema.names == OUTPUT[name].schema.names
    assert compact.to_pylist() == full.to_pylist()
    assert full.num_rows > 0


def test_the_forms_differ_on_the_disk_alone(runs):
    full, compact = (runs[form] for form in FORMS)
    assert not (compact.path / "recommendations.parquet").exists()
    assert not (full.path / "words").exists()
    assert compact.manifest["store_form"] == "compact"
    for name in ("counts", "carousels_by_context", "model_version"):
        assert compact.manifest[name] == full.manifest[name]
    assert compact.manifest["tables"]["recommendations"] == full.manifest["tables"]["recommendations"]


def test_one_column_alone_is_read(runs):
    full, compact = (rows_of(runs[form], "recommendations", ["course_id"]) for form in FORMS)
    assert compact.to_pylist() == full.to_pylist()


def test_members_and_parts_are_read_equal(runs):
    full, compact = (runs[form] for form in FORMS)
    for name in ("recommendations", "member_skills"):
        for member in [*MEMBERS[::9], "nobody"]:
            one, other = full.rows(name, member), compact.rows(name, member)
            assert (one is None) == (other is None)
            assert one is None or one.to_pylist() == other.to_pylist()
        for number in range(6):
            one, other = (table_part(run.path, name, number) for run in (full, compact))
            assert (one is None) == (other is None) == (number == 5)
            assert one is None or one.to_pylist() == other.to_pylist()
    assert compact.member("m010", "home") == full.member("m010", "home")


def test_the_same_answers_are_published(runs):
    full, compact = ({m.member_id: dict(m.answers) for m in rendered(runs[form])} for form in FORMS)
    assert compact == full
    with open_online("memory:") as online:
        assert publish(runs["compact"], online) == len(MEMBERS)
        assert online.get_many("m010", ["home"]) == {"home": full["m010"]["home"]}


def test_a_delta_of_a_compact_run_is_compact_and_says_the_same(place, tables, tmp_path):
    given = tables()
    given["member_skills"] += [{"member_id": m, "skill": "excel", "source": "explicit"} for m in MEMBERS[3:40:5]]
    given["members"] = given["members"][1:]
    given = {n: [r for r in rows if r.get("member_id") != MEMBERS[0]] for n, rows in given.items()}
    (tmp_path / "data").mkdir()
    found = {}
    for form in FORMS:
        for name in given:
            (tmp_path / "data" / f"{name}.parquet").write_bytes((place / "data" / f"{name}.parquet").read_bytes())
        run_night(night(tmp_path, form), LocalEngine(2))
        for name, rows in given.items():
            pq.write_table(pa.Table.from_pylist(rows), tmp_path / "data" / f"{name}.parquet")
        found[form] = run_delta(night(tmp_path, form), LocalEngine(2))
    full, compact = (found[form] for form in FORMS)
    assert 0 < compact.manifest["delta"]["recomputed"] == full.manifest["delta"]["recomputed"] < len(MEMBERS)
    assert compact.manifest["counts"] == full.manifest["counts"]
    for name in ("recommendations", "member_skills", "recomputed"):
        assert rows_of(compact, name).to_pylist() == rows_of(full, name).to_pylist()
    assert (compact.path / "recommendations.arrow").is_dir()
    again = run_delta(night(tmp_path, "compact"), LocalEngine(1))
    assert again.manifest["delta"]["recomputed"] == 0
    assert rows_of(again, "recommendations").to_pylist() == rows_of(full, "recommendations").to_pylist()
    shared = [p.samefile(compact.path / "recommendations.arrow" / p.name)
              for p in (again.path / "recommendations.arrow").iterdir()]  # fmt: skip
    assert shared
    assert all(shared), "what did not change takes no room"


def test_a_delta_keeps_the_form(place, runs):
    with pytest.raises(RunError, match=r"keeps the store_form of run .* \(compact, not full\)"):
        run_delta(Night(place / "data", place / "compact", DAY, policy=POLICY, experiments=(TRIAL,), arms=ARMS),
                  LocalEngine(1))  # fmt: skip


def test_an_erased_member_is_gone_and_the_others_stay(place, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    for path in (place / "data").iterdir():
        (data / path.name).write_bytes(path.read_bytes())
    run_night(night(tmp_path, "compact"), LocalEngine(1))
    store = OfflineStore(tmp_path / "compact")
    before = {name: rows_of(store.open(), name).to_pylist() for name in ("recommendations", "member_skills")}
    assert store.holds("m010")
    assert store.erase("m010") == 4
    assert store.holds("m010") == []
    for name, rows in before.items():
        left = rows_of(store.open(), name).to_pylist()
        assert left == [row for row in rows if row["member_id"] != "m010"]
    assert store.open().rows("recommendations", "m010") is None
