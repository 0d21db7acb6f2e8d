"""lift, fit-discount and replay on logs small enough to think through."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from skillfirst.stores.event_log import EventLog
from skillfirst.tables.schemas import EVENTS

MONDAY = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


def events_of(members, clicks_of):
    """One impression a member and day for a week, clicked where `clicks_of(member, day)` says so; arms by parity."""
    rows = []
    for m in range(members):
        arm = {"colour": "blue" if m % 2 else "red"}
        for day in range(7):
            time = MONDAY + dt.timedelta(days=day, minutes=m % 60)
            base = {"member_id": f"m{m:04d}", "course_id": f"c{(m + day) % 9}", "channel": "home", "position": 1}
            rows.append(
                {**base, "event_id": f"i{m}-{day}", "time": time, "kind": "impression", "arms": list(arm.items())}
            )
            if clicks_of(m, day):
                clicked = time + dt.timedelta(minutes=1)
                rows.append(
                    {**base, "event_id": f"c{m}-{day}", "time": clicked, "kind": "click", "arms": list(arm.items())}
                )
    return pa.Table.from_pylist([{name: row.get(name) for name in EVENTS.schema.names} for row in rows], EVENTS.schema)


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "events.parquet"
    pq.write_table(events_of(200, lambda m, day: (m // 2 + day) % (2 if m % 2 else 5) == 0), path)
    return path


LIFT = ("lift", "--experiment", "colour", "--control", "red", "--from", "2026-06-01", "--to", "2026-06-08")


def test_lift_reads_an_experiment(skillfirst, log, tmp_path):
    said = skillfirst(*LIFT, "--events", log, "--history", "0", "--out", "report.html", "--json")
    assert said.code == 0
    assert said.json["members"] == {"blue": 100, "red": 100}
    rate = next(m for m in said.json["treatments"]["blue"] if m["metric"] == said.json["primary"])
    assert rate["treatment"] > rate["control"]
    assert rate["lift_low"] > 0
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")
    in_words = skillfirst(*LIFT, "--events", log, "--history", "0", "--out", "report.json").out
    assert "blue raised" in in_words
    assert json.loads((tmp_path / "report.json").read_text())["experiment"] == "colour"


def test_lift_with_members_missing_from_an_arm_is_no_reading(skillfirst, log):
    said = skillfirst(*LIFT, "--events", log, "--share", "red=0.9", "--share", "blue=0.1", "--json")
    assert said.code == 1
    assert said.json["blocked"] is True


def test_lift_from_the_log_of_a_store(skillfirst, log, tmp_path):
    rows = pq.read_table(log).to_pylist()
    with EventLog.open(tmp_path / "store" / "events") as ledger:
        for row in rows:
            row["arms"] = dict(row["arms"])
            row["time"] = row["time"].isoformat()
        given = [{k: v for k, v in row.items() if v is not None} for row in rows]
        assert ledger.append(given, MONDAY + dt.timedelta(days=30)).accepted == len(rows)
    said = skillfirst(*LIFT, "--store", tmp_path / "store", "--history", "0", "--json")
    assert said.json["members"] == {"blue": 100, "red": 100}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([*LIFT], 2, "name either --store or --events"),
        ([*LIFT, "--events", "nowhere.parquet"], 1, "there is no file"),
        ([*LIFT, "--store", "."], 1, "holds no event log yet"),
        ([*LIFT, "--events", "events.parquet", "--out", "r.pdf"], 2, "tells no format"),
        ([*LIFT, "--events", "events.parquet", "--primary", "joy"], 2, "there is no metric 'joy'"),
        ([*LIFT, "--events", "events.parquet", "--share", "red=half"], 2, "--share wants ARM=SHARE"),
        ([*LIFT, "--events", "events.parquet", "--share", "red=0.7"], 2, "add up to 1"),
        ([*LIFT, "--events", "events.parquet", "--share", "blue=1"], 2, "no arm 'red'"),
        (["lift", "--experiment", "shape", *LIFT[3:], "--events", "events.parquet"], 1, "no member met an arm"),
        ([*LIFT[:6], "2026-06-08", "--to", "2026-06-01", "--events", "events.parquet"], 2, "start before its end"),
        (["fit-discount"], 2, "name either"),
        (["fit-discount", "--events", "events.parquet", "--out", "x.png"], 2, ".svg"),
        (["replay", "--log", "nowhere.csv"], 1, "there is no file"),
        (["replay", "--log", "events.parquet"], 1, "log.reward: column is missing"),
        (["replay", "--log", "words.csv"], 1, "log.reward: not numbers"),
        (["replay", "--log", "zero.csv"], 1, "not a probability above 0"),
        (["replay", "--log", "notes.txt"], 2, "tells no format"),
    ],
)
def test_what_goes_wrong_is_said_in_one_message(skillfirst, log, tmp_path, arguments, code, words):
    (tmp_path / "words.csv").write_text("reward,logged,target\nmuch,0.5,0.5\n")
    (tmp_path / "zero.csv").write_text("reward,logged,target\n1,0,0.5\n")
    (tmp_path / "notes.txt").write_text("")
    skillfirst(*arguments).fails(code, words)


def test_a_log_without_fatigue_keeps_the_default(skillfirst, log, tmp_path):
    said = skillfirst("fit-discount", "--events", log, "--out", "curve.svg", "--json")
    assert said.code == 0
    assert said.json["impressions"] == 1400
    assert said.json["accepted"] is False
    assert said.json["set"] == []
    assert (tmp_path / "curve.svg").read_text().startswith("<svg")
    assert "the settings stay as they are" in skillfirst("fit-discount", "--events", log).out


def test_a_curve_without_data_says_that_it_is_the_default_alone(skillfirst, log, tmp_path, monkeypatch):
    rows = pq.read_table(log)
    pq.write_table(rows.slice(0, 0), tmp_path / "none.parquet")
    said = skillfirst("fit-discount", "--events", tmp_path / "none.parquet", "--out", "curve.svg")
    assert said.code == 0
    assert "the default curve alone" in said.out
    assert "The default curve alone: nothing seen before" in (tmp_path / "curve.svg").read_text()


def test_what_is_fitted_can_be_set(skillfirst, tmp_path):
    """Members who click a course less each time: the settings printed are settings the policy takes."""
    rng = np.random.default_rng(3)
    rows = []
    for m in range(1500):
        for seen in range(6):
            time = MONDAY + dt.timedelta(days=seen)
            row = {"member_id": f"m{m}", "course_id": "c1", "channel": "home", "position": 1, "time": time}
            rows.append({**row, "event_id": f"i{m}-{seen}", "kind": "impression"})
            if rng.random() < 0.5 * np.exp(-0.6 * seen):
                rows.append(
                    {**row, "event_id": f"c{m}-{seen}", "kind": "click", "time": time + dt.timedelta(minutes=1)}
                )
                break
    table = pa.Table.from_pylist([{name: row.get(name) for name in EVENTS.schema.names} for row in rows], EVENTS.schema)
    pq.write_table(table, tmp_path / "events.parquet")
    said = skillfirst("fit-discount", "--events", "events.parquet", "--json")
    assert said.json["accepted"] is True
    assert said.json["settings"]["beta"] > 0
    from skillfirst.cli.reading import policy_of
    from skillfirst.settings import read_settings

    policy = policy_of(read_settings(None, said.json["set"]))
    assert policy.discount.beta == pytest.approx(said.json["settings"]["beta"], rel=1e-5)


def test_replay_estimates_or_refuses(skillfirst, tmp_path):
    rng = np.random.default_rng(1)
    arm = rng.integers(0, 2, 4000)
    reward = (rng.random(4000) < np.where(arm, 0.3, 0.1)).astype(float)
    always_one = {"reward": reward, "logged": np.full(4000, 0.5), "target": arm.astype(float)}
    pq.write_table(pa.table(always_one), tmp_path / "log.parquet")
    said = skillfirst("replay", "--log", "log.parquet", "--json")
    assert said.code == 0
    assert said.json["ips"]["low"] < 0.3 < said.json["ips"]["high"]
    assert said.json["doubly_robust"] is None
    assert "4,000 rows, worth" in skillfirst("replay", "--log", "log.parquet").out
    poor = {**always_one, "logged": np.full(4000, 0.001), "target": (np.arange(4000) == 7).astype(float)}
    pq.write_table(pa.table(poor), tmp_path / "poor.parquet")
    refused = skillfirst("replay", "--log", "poor.parquet", "--json")
    assert refused.code == 1
    assert refused.json["refused"] is True
    assert "the log cannot answer" in skillfirst("replay", "--log", "poor.parquet").out


def test_replay_reads_an_event_log_and_the_lists_of_the_new_policy(skillfirst, tmp_path):
    """Of two courses shown by lot, the new policy always shows the better one."""
    rng = np.random.default_rng(4)
    rows, lists = [], []
    for m in range(2000):
        shown = f"c{rng.integers(0, 2)}"
        place = {"member_id": f"m{m}", "channel": "feed", "position": 1}
        row = {**place, "course_id": shown, "carousel_rank": 0, "time": MONDAY, "propensity": 0.5}
        rows.append({**row, "event_id": f"i{m}", "kind": "impression"})
        rows.append({**row, "event_id": f"u{m}", "kind": "impression", "course_id": "x", "position": 2,
                     "propensity": None})  # fmt: skip
        rows.append({**row, "event_id": f"e{m}", "kind": "impression", "course_id": "y", "position": 3})
        if rng.random() < (0.3 if shown == "c1" else 0.1):
            rows.append({**row, "event_id": f"c{m}", "kind": "click", "time": MONDAY + dt.timedelta(minutes=2)})
        lists += [{**place, "carousel_rank": 0, "course_id": "c1"}, {**place, "carousel_rank": 0, "course_id": "c0",
                                                                     "position": 2}]  # fmt: skip
    table = pa.Table.from_pylist([{name: row.get(name) for name in EVENTS.schema.names} for row in rows], EVENTS.schema)
    pq.write_table(table, tmp_path / "events.parquet")
    pq.write_table(pa.Table.from_pylist(lists), tmp_path / "lists.parquet")
    asked = ("replay", "--events", "events.parquet", "--recommended", "lists.parquet")
    said = skillfirst(*asked, "--json")
    assert said.code == 0
    assert said.json["support"]["rows"] == 2000
    assert said.json["ips"]["low"] < 0.3 < said.json["ips"]["high"]
    assert "left out: 2,000 without a propensity, 2,000 in places it leaves empty" in skillfirst(*asked).out
    skillfirst(*asked, "--log", "lists.parquet").fails(2, "name either --log")
    skillfirst("replay").fails(2, "skillfirst export")
    bare = pa.Table.from_pylist(lists[:1]).drop_columns("position")
    pq.write_table(bare, tmp_path / "bare.parquet")
    skillfirst(*asked[:3], "--recommended", "bare.parquet").fails(1, "recommended.position: column is missing")
    pq.write_table(pa.Table.from_pylist(lists[:1] * 2), tmp_path / "twice.parquet")
    skillfirst(*asked[:3], "--recommended", "twice.parquet").fails(1, "a place is filled twice")


def test_a_log_that_mixes_arms_is_fitted_arm_by_arm(skillfirst, log):
    mixed = skillfirst("fit-discount", "--events", log, "--json")
    assert mixed.json["mixed"] == ["colour"]
    assert "--arm colour=ARM fits to one" in skillfirst("fit-discount", "--events", log).out
    one = skillfirst("fit-discount", "--events", log, "--arm", "colour=red", "--json")
    assert one.json["mixed"] == []
    assert 0 < one.json["impressions"] < mixed.json["impressions"]
    skillfirst("fit-discount", "--events", log, "--arm", "colour=green").fails(1, "no event of arm 'green'")
