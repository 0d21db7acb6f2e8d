"""Parallel worlds, what they say together, and the report."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from skillfirst.errors import DataError
from skillfirst.evaluation.simulate_parallel import VARIETY, Worlds
from skillfirst.evaluation.simulate_sensitivity import counted, ordered, sweep
from skillfirst.evaluation.trials import TRIALS, Arm, Claim, Trial
from skillfirst.evaluation.trials_plots import Mark, forest, nice_step
from skillfirst.evaluation.trials_pooled import READ, pooled
from skillfirst.evaluation.trials_report import sensitivity_html, to_dict, to_html
from skillfirst.evaluation.world.constants import sensitivity
from skillfirst.experiments.metrics import COUNTED

TRIAL = Trial(
    "opponents",
    "Which opponent is stronger?",
    "random",
    (Arm("random", "random", means="by lot"), Arm("top", "popular_in_title")),
    members=80,
    days=3,
    weeks=1,
    mail_every=0,
    seeds=(1, 2),
    claims=(Claim("popular courses engage more", "top", "random"),),
)


def outcomes(seed: int, arm: str, engaged: list[int]) -> pa.Table:
    """Members who saw ten pages each."""
    size = len(engaged)
    values: dict[str, Any] = {name: [10] * size for name in (*COUNTED, *VARIETY)}
    values |= {"member_id": [f"m{i}" for i in range(size)], "arm": [arm] * size, "seed": [seed] * size}
    values |= {"listed": ["none", "many"] * (size // 2), "engaged_days": engaged}
    return pa.table(values)


def test_an_arm_says_what_becomes_of_courses_begun():
    begun = {arm.name: arm.begun for arm in TRIALS["personalised"][0].arms}
    assert begun.pop("popular-and-begun") == "anywhere"
    assert set(begun.values()) == {"row"}


def test_lives_differ_between_arms_alone_and_are_lived_once(tmp_path, monkeypatch):
    worlds = Worlds(TRIAL, 1, folder=tmp_path)
    random, top = (worlds.lived(arm) for arm in TRIAL.arms)
    assert random["member_id"].equals(top["member_id"])
    assert random["listed"].equals(top["listed"])
    assert not random["impressions"].equals(top["impressions"]) or not random["clicks"].equals(top["clicks"])
    assert sum(random["pages"].to_pylist()) > 0
    assert worlds.known(TRIAL.arms[0])
    # another experiment, another name, the same world
    other = replace(TRIAL, name="other", question="?")
    monkeypatch.setattr(Worlds, "_live", lambda *_: pytest.fail("lived again"))
    again = Worlds(other, 1, folder=tmp_path).lived(replace(TRIAL.arms[0], name="lot"))
    assert set(again["arm"].to_pylist()) == {"lot"}
    assert again.drop_columns("arm").equals(random.drop_columns("arm"))
    assert not Worlds(replace(TRIAL, days=4), 1, folder=tmp_path).known(TRIAL.arms[0])
    assert not Worlds(TRIAL, 2, folder=tmp_path).known(TRIAL.arms[0])


def test_every_member_is_compared_with_herself_over_all_seeds():
    rng = np.random.default_rng(3)
    base = rng.integers(0, 8, 400)
    worlds = {}
    for seed in (1, 2):
        worlds[seed, "random"] = outcomes(seed, "random", base.tolist())
        worlds[seed, "top"] = outcomes(seed, "top", (base + (rng.random(400) < 0.5)).tolist())
    found = pooled(TRIAL, worlds)
    contrast = found.of("top", "random", "engagement_rate")
    assert contrast is not None
    assert found.members == 800
    assert contrast.comparison.lift == pytest.approx(0.5 / base.mean(), rel=0.1)
    half = (contrast.comparison.lift_high - contrast.comparison.lift_low) / 2
    assert half < 0.02, "what two lives share does not widen the interval"
    assert set(contrast.by_seed) == {1, 2}
    assert found.segments == {"many": 400, "none": 400}
    assert [j.met for j in found.claims] == ["shown"]
    level = found.level("random", "engagement_rate")
    assert level is not None
    assert level.low < base.mean() / 10 < level.high


@pytest.mark.parametrize(
    ("claim", "met"),
    [
        (Claim("more", "top", "random"), "shown"),
        (Claim("less", "top", "random", direction="below"), "contradicted"),
        (Claim("half as much again", "top", "random", least=0.5), "contradicted"),
        (Claim("a little more", "top", "random", least=0.19), "shown"),
        (Claim("no loss", "random", "random", over=-0.03), "shown"),
        (Claim("a gain", "random", "random"), "not shown"),
        (Claim("unheard of", "top", "random", metric="clicks_per_delivered", segment="few"), "unknown"),
    ],
)
def test_a_claim_is_judged_by_its_whole_interval(claim, met):
    trial = replace(TRIAL, claims=(claim,), pairs=(("random", "random"),), seeds=(1,))
    half = [4, 6, 5, 5] * 100
    worlds = {(1, "random"): outcomes(1, "random", half), (1, "top"): outcomes(1, "top", [v + 1 for v in half])}
    assert [j.met for j in pooled(trial, worlds).claims] == [met]


def test_a_seed_without_all_its_arms_waits():
    half = [4, 6] * 10
    worlds = {(1, "random"): outcomes(1, "random", half), (1, "top"): outcomes(1, "top", half),
              (2, "random"): outcomes(2, "random", half)}  # fmt: skip
    assert pooled(TRIAL, worlds).seeds == (1,)
    with pytest.raises(DataError, match="complete"):
        pooled(TRIAL, {(2, "random"): worlds[2, "random"]})
    with pytest.raises(DataError, match="different members"):
        pooled(TRIAL, {**worlds, (1, "top"): outcomes(1, "top", half[:10])})


def test_the_report_names_every_arm_and_verdict_and_loads_nothing():
    half = [4, 6] * 10
    worlds = {(1, "random"): outcomes(1, "random", half), (1, "top"): outcomes(1, "top", [v + 1 for v in half])}
    found = pooled(TRIAL, worlds)
    html = to_html("opponents", [found], "skillfirst simulate <x>", "1.2", sensitivity_html([]))
    for words in ("Which opponent", "by lot", "popular courses engage more", "shown", "&lt;x&gt;", "list no skills"):
        assert words in html
    assert not re.search(r"(src|href)=", html)
    assert html.count("<svg") == html.count("</svg>") >= 3
    told = json.loads(json.dumps(to_dict(found), allow_nan=False))
    assert told["claims"][0]["verdict"] == "shown"
    assert told["claims"][0]["low"] > 0
    assert {row["metric"] for row in told["contrasts"]} <= set(READ)


def test_pictures_keep_steps_people_read():
    assert [nice_step(v) for v in (0.055, 0.3, 1.1, 6)] == [0.01, 0.05, 0.2, 1]
    drawn = forest([Mark("far", 9.0, 8.0, float("inf")), Mark("near", 0.1, 0.05, 0.2)], "t")
    assert drawn.count("<circle") == 1, "without an interval there is no dot"


def test_claims_and_pairs_name_arms_and_metrics_there_are():
    for several in TRIALS.values():
        for trial in several:
            names = {arm.name for arm in trial.arms}
            assert {name for pair in trial.contrasts for name in pair} <= names
            assert all((c.treatment, c.control) in trial.contrasts for c in trial.claims), trial.name
            assert {c.metric for c in trial.claims} | set(trial.shown) <= set(READ)


def test_a_sweep_moves_one_constant_at_a_time_and_reports_what_is_known(tmp_path, monkeypatch):
    assert sorted((n, v) for n, v, _ in ordered()) == sorted((n, v) for n, v, _ in sensitivity())
    two = ordered()[:2]
    monkeypatch.setattr("skillfirst.evaluation.simulate_sensitivity.ordered", lambda: two)
    trial = replace(TRIAL, members=40, days=2, seeds=(1,))
    base, rows = sweep(trial, tmp_path)
    assert [(row["constant"], row["value"]) for row in rows] == [(n, v) for n, v, _ in two]
    assert base.seeds == (1,)
    assert sum(counted(rows)["popular courses engage more"].values()) == 2
    monkeypatch.setattr("skillfirst.evaluation.simulate_sensitivity.ordered", ordered)
    assert sweep(trial, tmp_path, only_known=True)[1] == rows
    lost = {"constant": "aims", "value": 0.2, "contradicted": ["popular courses engage more"], "claims": {}}
    assert "aims = 0.2" in sensitivity_html([lost])


def test_what_continues_a_course_can_be_left_out_of_the_count(tmp_path):
    trial = replace(TRIAL, apart=True, weeks=3, days=6)
    table = Worlds(trial, 1, folder=tmp_path).lived(trial.arms[1])
    shown, new = (sum(table[name].to_pylist()) for name in ("impressions", "offered_impressions"))
    assert 0 < sum(table["offered_shown_days"].to_pylist()) <= sum(table["shown_days"].to_pylist())
    assert new < shown
    assert not Worlds(replace(trial, apart=False), 1, folder=tmp_path).known(trial.arms[1])
    assert "offered_engaged_days" not in Worlds(TRIAL, 1, folder=tmp_path).lived(TRIAL.arms[1]).column_names
