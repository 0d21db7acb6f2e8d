"""A small world for two days: report, going on where it stopped, and a split test whose log `lift` reads."""

from __future__ import annotations

import json
import re

import pytest

SMALL = ("--members", "60", "--days", "2", "--seeds", "1", "--out", "report")


def test_simulate_reports_and_lives_nothing_twice(skillfirst, tmp_path):
    said = skillfirst("simulate", "--experiment", "diversity", *SMALL, "--json")
    assert said.code == 0
    (trial,) = said.json["trials"]
    assert (trial["trial"], trial["control"], trial["seeds"]) == ("diversity", "affinity", [1])
    assert {c["treatment"] for c in trial["contrasts"]} == {"round-robin"}
    page = tmp_path / "report" / "diversity.html"
    assert page.read_text().startswith("<!doctype html>")
    kept = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "report" / "worlds").iterdir()}
    assert len(kept) == 2
    page.unlink()
    again = skillfirst("simulate", "--experiment", "diversity", *SMALL, "--report", "--json")
    assert again.json["trials"] == said.json["trials"]
    assert json.loads((tmp_path / "report" / "diversity.json").read_text())["trials"] == said.json["trials"]
    words = skillfirst("simulate", "--experiment", "diversity", *SMALL, "--report").out
    undecided = [line for line in words.splitlines() if "not shown: " in line]
    assert len(undecided) == [c["verdict"] for c in trial["claims"]].count("not shown") > 0
    assert all(re.search(r"with 60 lives an arm a difference under \d+% would mostly", line) for line in undecided)
    assert page.exists()
    assert {p.name: p.stat().st_mtime_ns for p in (tmp_path / "report" / "worlds").iterdir()} == kept


def test_the_log_of_a_split_test_is_what_lift_reads(skillfirst):
    said = skillfirst("simulate", "--experiment", "personalised", *SMALL, "--split", "--json")
    (log,) = said.json["logs"]
    read = skillfirst(*log["read"].split()[1:], "--json")
    assert read.code == 0
    assert read.json["control"] == "random"
    arms = {"random", "curated", "popular", "popular-and-begun", "personalised", "not-learning", "wants-first",
            "as-shipped"}  # fmt: skip
    assert set(read.json["members"]) <= arms  # some arms have no visitor among so few members
    assert len(read.json["members"]) > 4


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--experiment", "luck"], "There are personalised, mapping, fatigue, diversity, sensitivity"),
        (["--experiment", "fatigue", "--members", "2"], "--members"),
        (["--experiment", "fatigue", "--report"], "needs --out"),
        ([], "--experiment"),
    ],
)
def test_wrong_usage(skillfirst, arguments, words):
    skillfirst("simulate", *arguments).fails(2, words)
