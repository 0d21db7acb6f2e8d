"""Every behavioural constant has a range and a source, and the sensitivity run moves one at a time."""

from __future__ import annotations

from dataclasses import asdict

from skillfirst.evaluation.world.constants import Constants, described, sensitivity


def test_each_constant_names_its_meaning_its_source_and_a_range_around_its_value() -> None:
    rows = described()
    assert {r["name"] for r in rows} == set(asdict(Constants()))
    for row in rows:
        assert row["low"] <= row["value"] <= row["high"], row["name"]
        assert row["low"] < row["high"], row["name"]
        assert len(row["meaning"]) > 10
        assert len(row["source"]) > 3


def test_the_sensitivity_run_moves_one_constant_at_a_time_to_both_ends() -> None:
    base = asdict(Constants())
    moved: dict[str, set[float]] = {}
    for name, value, constants in sensitivity():
        changed = {k for k, v in asdict(constants).items() if v != base[k]}
        assert changed == {name}
        assert asdict(constants)[name] == value
        moved.setdefault(name, set()).add(value)
    for row in described():
        assert moved[row["name"]] == {row["low"], row["high"]} - {row["value"]}


def test_shares_that_belong_together_leave_room() -> None:
    c = Constants()
    assert c.interest_work + c.interest_related + c.interest_goal < 1
    assert c.daily_share + c.weekly_share + c.once_share < 1
    for name, _, moved in sensitivity():
        assert moved.interest_work + moved.interest_related + moved.interest_goal <= 1, name
        assert moved.daily_share + moved.weekly_share + moved.once_share <= 1, name
