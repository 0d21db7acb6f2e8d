"""Impressions and clicks of the log as xAPI statements."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from skillfirst.stores.event_log import EventLog

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


@pytest.fixture
def store(tmp_path):
    common = {"member_id": "m1", "course_id": "c1", "time": NOON, "arms": {"rows": "few"}}
    with EventLog.open(tmp_path / "store" / "events") as log:
        log.append([{**common, "event_id": kind, "kind": kind} for kind in ("impression", "click", "bookmark")], NOON)
    return tmp_path / "store"


def test_what_was_shown_and_clicked_is_stated_and_read_back(skillfirst, store, tmp_path):
    platform = ("--platform", "https://academy.example")
    said = skillfirst("statements", "--store", store, *platform, "--out", "s.jsonl", "--json")
    assert (said.code, said.json["statements"]) == (0, 2)
    lines = [json.loads(line) for line in (tmp_path / "s.jsonl").read_text().splitlines()]
    assert [line["verb"]["display"]["en"] for line in lines] == ["viewed", "selected"]
    assert {line["actor"]["account"]["homePage"] for line in lines} == {"https://academy.example"}
    assert skillfirst("import", "xapi", "s.jsonl", "--out", "back").code == 0
    events = [json.loads(line) for line in (tmp_path / "back" / "events.jsonl").read_text().splitlines()]
    assert [(e["kind"], e["course_id"], e["arms"]) for e in events] == [
        ("impression", "c1", {"rows": "few"}), ("click", "c1", {"rows": "few"}),
    ]  # fmt: skip
    before = (tmp_path / "s.jsonl").read_bytes()
    assert skillfirst("statements", "--store", store, *platform, "--out", "s.jsonl").code == 0
    assert (tmp_path / "s.jsonl").read_bytes() == before


def test_what_cannot_be_stated(skillfirst, store):
    skillfirst("statements", "--store", store, "--platform", "x", "--out", "s.csv").fails(2, "Let it end in .jsonl")
    skillfirst("statements", "--store", "none", "--platform", "x", "--out", "s.jsonl").fails(1, "no event log yet")
