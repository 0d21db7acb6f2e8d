"""run, publish, rollback, export, explain, erase, infer, doctor on one tiny night."""

from __future__ import annotations

import csv
import json
import re
import shutil
from operator import itemgetter

import pyarrow.parquet as pq
import pytest

from skillfirst.stores.event_log import EventLog
from skillfirst.stores.kept_apart import KeptApart
from skillfirst.stores.offline import OfflineStore
from skillfirst.stores.online import open_online

DAY = "2026-06-10"
RUN = "2026-06-10-001"


def test_run_tells_a_program_everything(skillfirst, academy):
    said = skillfirst("run", "--data", academy, "--store", "s", "--day", DAY, "--set", "policy.page.rows=1", "--json")
    assert said.code == 0
    told = said.json
    assert told["run_id"] == RUN
    assert told["path"].endswith(RUN)
    assert told["counts"]["members"] == told["counts"]["served"] == 5
    assert told["tables"]["recommendations"]["rows"] == 10
    assert {"check", "tag", "gather", "fit", "recommend", "write"} <= set(told["timings"])
    assert told["counts"]["carousels"] == 5  # one row a page, as asked
    again = skillfirst("run", "--data", academy, "--store", "s", "--day", DAY)
    assert again.code == 0
    assert "2026-06-10-002: 5 of 5 members served" in again.out


def test_a_delta_run_tells_what_it_recomputed(skillfirst, academy, store, tmp_path):
    (tmp_path / "data").mkdir()
    for path in academy.iterdir():
        (tmp_path / "data" / path.name).write_bytes(path.read_bytes())
    with open("data/members.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    with open("data/members.csv", "w", newline="") as file:
        table = csv.DictWriter(file, rows[0].keys())
        table.writeheader()
        table.writerows({**row, "languages": "de"} if row["member_id"] == "m2" else row for row in rows)
    told = skillfirst("run", "--delta", "--data", "data", "--store", store, "--day", DAY, "--json").json
    assert told["delta"] == {"how": "gathered", "of": RUN, "model_of": RUN, "recomputed": 1, "copied": 4}
    again = skillfirst("run", "--delta", "--data", "data", "--store", store, "--day", DAY)
    assert f"0 members recomputed with the model of {RUN}, 5 as in 2026-06-10-002" in again.out
    skillfirst("run", "--delta", "--data", "data", "--store", store, "--day", "2026-06-11").fails(1, "keeps the day")


def test_settings_come_from_file_environment_and_option_in_this_order(skillfirst, academy, monkeypatch):
    from skillfirst.cli.reading import policy_of
    from skillfirst.settings import read_settings

    assert policy_of(read_settings(academy)).floor == 1
    monkeypatch.setenv("SKILLFIRST_POLICY__FLOOR", "3")
    monkeypatch.setenv("SKILLFIRST_TAGGING__CANDIDATES", "20")
    assert policy_of(read_settings(academy)).floor == 3
    settings = read_settings(academy, ["policy.floor=4", "channels=feed"])
    assert policy_of(settings).floor == 4
    assert policy_of(settings).page.row_least == 1
    assert settings.tagging.candidates == 20
    assert settings.channels == ("feed",)


def test_a_broken_environment_is_wrong_usage(skillfirst, academy, monkeypatch):
    monkeypatch.setenv("SKILLFIRST_KEEP_RUNS", "many")
    skillfirst("run", "--data", academy, "--store", "s").fails(2, "keep_runs", "'many'")


def test_run_on_tables_that_cannot_be_used_leaves_nothing(skillfirst, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "courses.csv").write_text("id,title\n1,a\n")
    (tmp_path / "data" / "members.csv").write_text("member_id\nm1\n")
    skillfirst("run", "--data", "data", "--store", "s").fails(1, "courses.course_id")
    assert OfflineStore(tmp_path / "s").runs() == []


def test_run_where_nothing_can_be_written(skillfirst, academy, tmp_path):
    (tmp_path / "file").write_text("")
    skillfirst("run", "--data", academy, "--store", "file/store").fails(1, "file")


def test_a_night_that_serves_hardly_anybody_says_so_on_the_screen(skillfirst, academy):
    said = skillfirst("run", "--data", academy, "--store", "s", "--day", "1999-01-01")
    assert "! only 0 of 5 members are served: none of the " in said.out
    assert "courses is open on 1999-01-01" in said.out
    assert "Check --day" in said.out
    put = skillfirst("publish", "--store", "s", "--to", "sqlite:s/online.db")
    assert "to 5 members, 5 of whom get no course" in put.out
    assert skillfirst("publish", "--store", "s", "--to", "sqlite:s/other.db", "--json").json["served"] == 0


def test_publish_serves_and_rollback_goes_back(skillfirst, store, academy):
    url = f"lmdb:{store}/online"
    first = skillfirst("publish", "--store", store, "--to", url, "--json")
    assert first.json["run_id"] == RUN
    assert (first.json["members"], first.json["previous"]) == (5, None)
    assert skillfirst("run", "--data", academy, "--store", store, "--day", DAY).code == 0
    second = skillfirst("publish", "--store", store, "--to", url)
    assert "serves 2026-06-10-002 to 5 members (before: 2026-06-10-001)" in second.out
    assert skillfirst("rollback", "--to", url, "--json").json == {
        "run_id": RUN, "previous": "2026-06-10-002", "to": url,
    }  # fmt: skip
    with open_online(url) as online:
        assert online.serving() == RUN
        assert json.loads(online.get("m1", "home"))["member_id"] == "m1"
    skillfirst("rollback", "--to", url).fails(1, "no previous version")


def test_publish_refuses_a_run_that_lost_too_much(skillfirst, store, academy, tmp_path):
    url = f"lmdb:{store}/online"
    assert skillfirst("publish", "--store", store, "--to", url).code == 0
    (tmp_path / "few").mkdir()
    for name in ("courses.csv", "skillfirst.toml", "events.csv"):
        (tmp_path / "few" / name).write_bytes((academy / name).read_bytes())
    (tmp_path / "few" / "members.csv").write_text("member_id,title\nm1,Welder\n")
    args = ("run", "--data", "few", "--store", store, "--day", "2026-06-11", "--set", "max_bad_share=1")
    assert skillfirst(*args).code == 0
    skillfirst("publish", "--store", store, "--to", url).fails(
        1, "members with recommendations: 1 instead of 5", "--force"
    )
    allowed = [f"--set=losses.{what}=0.9" for what in ("members", "coverage", "personal")]
    assert skillfirst("publish", "--store", store, "--to", url, *allowed).code == 0
    assert skillfirst("publish", "--store", store, "--to", url, "--run", RUN, "--force").code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["publish", "--store", "nowhere", "--to", "memory:"], 1, "there is no store at nowhere"),
        (["publish", "--store", "{store}", "--to", "cloud:x"], 2, "is not the address of an online store"),
        (["publish", "--store", "{store}", "--to", "memory:", "--run", "2020-01-01-001"], 1, "no run 2020-01-01-001"),
        (["publish", "--store", "{store}", "--to", "memory:", "--run", "yesterday"], 2, "is not a run id"),
        (["publish", "--store", "{store}", "--to", "memory:", "--set", "losses.members=2"], 2, "losses.members"),
        (["rollback", "--to", "cloud:x"], 2, "is not the address"),
        (["export", "--store", "nowhere", "--out", "x.csv"], 1, "there is no store"),
        (["export", "--store", "{store}", "--out", "x.xlsx"], 2, "tells no format"),
        (["export", "--store", "{store}", "--out", "file/x.csv"], 1, "cannot be written"),
        (["export", "--store", "{store}", "--out", "x.csv", "--channel", "tv"], 2, "no channel 'tv'"),
        (["explain", "--store", "{store}", "m99"], 1, "there is no member 'm99'"),
        (["explain", "--store", "{store}", "m1", "c99"], 1, "there is no course 'c99'"),
        (["explain", "--store", "nowhere", "m1"], 1, "there is no store"),
        (["erase", "--store", "nowhere", "m1"], 1, "there is no store"),
        (["infer", "--data", "nowhere", "--out", "x.csv"], 1, "there is nothing at nowhere"),
        (["infer", "--data", "nowhere", "--out", "x.doc"], 2, "tells no format"),
    ],
)
def test_what_goes_wrong_is_said_in_one_message(skillfirst, night, tmp_path, arguments, code, words):
    (tmp_path / "file").write_text("")
    skillfirst(*(a.format(store=night) for a in arguments)).fails(code, words)


def test_a_secret_in_an_address_is_never_shown(skillfirst, night):
    said = skillfirst("publish", "--store", night, "--to", "mysql://ann:geheim@host/name")
    assert said.code == 2
    assert "geheim" not in said.err


def test_export_holds_every_contribution_in_every_format(skillfirst, night):
    for ending in ("csv", "jsonl", "parquet"):
        said = skillfirst("export", "--store", night, "--out", f"e.{ending}", "--json")
        assert said.json == {"run_id": RUN, "out": f"e.{ending}", "rows": said.json["rows"]}
    table = pq.read_table("e.parquet").to_pylist()
    stored = [row for batch in OfflineStore(night).open().table("recommendations") for row in batch.to_pylist()]
    assert sum(len(row["course_id"]) for row in stored) == len(table)
    for row in table:
        assert sum(row["contribution"]) == pytest.approx(row["affinity"], abs=1e-9)
        assert len(row["skill"]) == len(row["skill_id"]) == len(row["contribution"])
        assert row["text"]
    first = table[0]
    assert (first["member_id"], first["course_id"], first["skill_id"]) == ("m1", "c3", ["java", "sql"])
    with open("e.jsonl") as file:
        lines = [json.loads(line) for line in file]
    assert [line["course_id"] for line in lines] == [row["course_id"] for row in table]
    with open("e.csv", newline="") as file:
        cells = list(csv.DictReader(file))
    assert len(cells) == len(table)
    assert cells[0]["skill"] == "Java;SQL"
    german = {row["text"] for row in table if row["language"] == "de"}
    assert german == set()  # nobody here prefers German: m1 lists English first


def test_export_of_one_channel(skillfirst, night):
    assert skillfirst("export", "--store", night, "--out", "feed.parquet", "--channel", "feed").code == 0
    assert set(pq.read_table("feed.parquet")["channel"].to_pylist()) == {"feed"}


def test_explain_says_why_and_why_not(skillfirst, night):
    why = skillfirst("explain", "--store", night, "m1", "c3", "--json").json
    assert why["affinity"] == pytest.approx(sum(m["contribution"] for m in why["matched"]))
    assert why["feed"]["position"] == 1
    in_words = skillfirst("explain", "--store", night, "m1", "c3").out
    assert "affinity 2.5055, from 2 matched skills" in in_words
    assert "feed: position 1" in in_words
    assert "kept out: it was dismissed" in skillfirst("explain", "--store", night, "m3", "c5").out
    assert "no skill of the course is one of the member's" in skillfirst("explain", "--store", night, "m3", "c1").out
    known = skillfirst("explain", "--store", night, "m2").out
    assert re.search(r"Spanish .* from a stated interest", known)
    assert skillfirst("explain", "--store", night, "m2", "--json").json["skills"][0]["name"] == "SQL"


def test_erase_leaves_nothing_and_everything_else_works_on(skillfirst, store):
    url = f"lmdb:{store}/online"
    assert skillfirst("publish", "--store", store, "--to", url).code == 0
    import datetime as dt

    with EventLog.open(store / "events") as log:
        now = dt.datetime(2026, 6, 11, tzinfo=dt.UTC)
        event = {"event_id": "1", "time": now.isoformat(), "member_id": "m2", "kind": "click", "course_id": "c1"}
        assert log.append([event, {**event, "event_id": "2", "member_id": "m1"}], now).accepted == 2
    KeptApart(store / "kept_apart").append("xapi", [{"actor": {"account": {"name": m}}} for m in ("m1", "m2")])
    said = skillfirst("erase", "--store", store, "--online", url, "m2", "--json")
    assert said.code == 0
    assert said.json["verified"] is True
    assert said.json["removed"]["events"] == 1
    assert all(n > 0 for n in said.json["removed"].values())
    assert set(said.json["left"].values()) == {0}
    skillfirst("explain", "--store", store, "m2").fails(1, "there is no member 'm2'")
    assert skillfirst("explain", "--store", store, "m1").code == 0
    with open_online(url) as online:
        assert online.get("m2", "home") is None
        assert online.get("m1", "home") is not None
    republished = skillfirst("publish", "--store", store, "--to", url, "--force", "--json")
    assert republished.json["members"] == 4
    nothing = skillfirst("erase", "--store", store, "--online", url, "m2")
    assert "no store knew the member" in nothing.out


def inferred(skillfirst, data, *more):
    said = skillfirst("infer", "--data", data, "--day", DAY, "--out", "skills.jsonl", "--json", *more)
    assert said.code == 0, said.err
    with open("skills.jsonl") as file:
        return said, [json.loads(line) for line in file]


def test_infer_gives_what_the_night_gives(skillfirst, academy, night):
    said, rows = inferred(skillfirst, academy)
    stored = [row for batch in OfflineStore(night).open().table("member_skills") for row in batch.to_pylist()]
    facts = itemgetter("member_id", "skill_id", "source")
    used = {facts(row): row["weight"] for row in rows if row["weight"] > 0}
    assert used == pytest.approx({facts(row): row["weight"] for row in stored})
    assert said.json["used"] == len(stored)
    assert {"explicit", "interest", "title", "goal"} <= set(said.json["sources"])
    order = [(r["member_id"], r["part"], -r["weight"], -r["confidence"], r["skill_id"]) for r in rows]
    assert order == sorted(order)


def test_infer_keeps_what_is_too_unlikely_to_be_used(skillfirst, academy):
    strict = ("--set", "policy.inference.threshold=0.99", "--set", "policy.inference.goals=false")
    _, rows = inferred(skillfirst, academy, *strict)
    left_out = [row for row in rows if not row["weight"]]
    assert left_out
    assert all(0 < row["confidence"] < 1 and row["source"] for row in left_out)
    assert len(inferred(skillfirst, academy, *strict, "--candidates", "0")[1]) == len(rows) - len(left_out)


def test_infer_needs_no_courses(skillfirst, academy, tmp_path):
    folder = shutil.copytree(academy, tmp_path / "people")
    for path in [*folder.glob("courses.*"), *folder.glob("events.*")]:
        path.unlink()
    said, rows = inferred(skillfirst, folder)
    assert {"explicit", "title"} <= set(said.json["sources"])
    assert {row["member_id"] for row in rows} >= {"m1", "m2"}


def test_doctor_looks_at_stores(skillfirst, night):
    said = skillfirst("doctor", "--store", night, "--online", "memory:", "--json")
    assert said.code == 0
    assert said.json["fine"] is True
    assert said.json["stores"][str(night)] == {"runs": 1, "latest": RUN}
    assert said.json["stores"]["memory:"] == {"serving": None, "members": 0}
    assert said.json["packages"]["numba"]
    assert "everything needed is there" in skillfirst("doctor").out
    broken = skillfirst("doctor", "--store", "nowhere", "--json")
    assert broken.code == 1
    assert "there is no store" in broken.json["stores"]["nowhere"]["error"]
