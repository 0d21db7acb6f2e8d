"""A small world for two days, and the arithmetic over worlds."""

from __future__ import annotations

import pytest

from skillfirst.cli.simulate import interval


def test_an_interval_over_worlds_is_students_t():
    found = interval([0.1, 0.2, 0.3])
    assert found["lift"] == pytest.approx(0.2)
    assert found["high"] - found["lift"] == pytest.approx(4.303 * 0.1 / 3**0.5)
    assert interval([0.5]) == {"lift": 0.5, "low": None, "high": None}


def test_simulate_reads_a_world_and_reports(skillfirst, tmp_path):
    args = ("--experiment", "diversity", "--members", "60", "--days", "2", "--seeds", "1", "--out", "report")
    said = skillfirst("simulate", *args, "--json")
    assert said.code == 0
    (trial,) = said.json["trials"]
    assert (trial["trial"], trial["control"], trial["seeds"]) == ("diversity", "affinity", [1])
    assert set(trial["arms"]["treatments"]) == {"round-robin"}
    assert (tmp_path / "report" / "diversity-1.html").read_text().startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--experiment", "luck"], "There are personalised, mapping, fatigue, diversity, sensitivity"),
        (["--experiment", "fatigue", "--members", "2"], "--members"),
        ([], "--experiment"),
    ],
)
def test_wrong_usage(skillfirst, arguments, words):
    skillfirst("simulate", *arguments).fails(2, words)
