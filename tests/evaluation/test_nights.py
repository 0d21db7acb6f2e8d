"""The product's own night in a small invented world."""

from __future__ import annotations

from dataclasses import replace

import pytest

from skillfirst.errors import UsageError
from skillfirst.evaluation.nights import KernelNights, Variant
from skillfirst.evaluation.simulate import simulate
from skillfirst.evaluation.trials import Arm, Trial
from skillfirst.evaluation.world.constants import Constants

TRIAL = Trial(
    "small",
    "Do both arms get pages?",
    "human",
    (
        Arm("human", settings={"night.tagger": "human", "policy.list_length": 5, "policy.fill": 5}),
        Arm("wrong", settings={"night.tagger": "human", "night.wrong_tags": 0.5}),
        Arm("random", "random"),
    ),
    members=60,
    days=2,
    weeks=1,
    mail_every=2,
)


def test_arms_with_nights_of_their_own_are_served_and_logged(tmp_path):
    run = simulate(TRIAL, 3, KernelNights(TRIAL, tmp_path, seed=3))
    shown = run.top.to_pylist()
    assert {row["arm"] for row in shown} == {"human", "wrong", "random"}
    assert {row["channel"] for row in shown} >= {"home", "email"}
    assert all(row["course_id"] for row in shown)
    arms = {dict(a)["small"] for a in run.events["arms"].to_pylist() if a}
    assert arms == {"human", "wrong", "random"}


def test_wrong_tags_are_the_same_ones_every_night_and_as_many_as_asked_for(tmp_path):
    from skillfirst.evaluation.world.academy import invent, tables

    academy = invent(20, 1, ground=None)
    courses = next(iter(tables(academy, "courses")))
    nights = KernelNights(TRIAL, tmp_path, seed=1)
    right = nights._course_skills(courses, Variant(tagger="human"))
    wrong = nights._course_skills(courses, Variant(tagger="human", wrong_tags=0.2))
    changed = sum(a != b for a, b in zip(right["skill_id"].to_pylist(), wrong["skill_id"].to_pylist(), strict=True))
    assert 0.15 < changed / len(right) < 0.25
    assert wrong.equals(KernelNights(TRIAL, tmp_path, seed=1)._course_skills(courses, Variant("human", 0.2)))


def test_a_setting_of_the_night_that_does_not_exist_is_named():
    with pytest.raises(UsageError, match=r"night\.colour"):
        Variant.of({"night.colour": "red"})


def test_between_fits_events_are_folded_in_and_newcomers_have_pages(tmp_path):
    trial = replace(TRIAL, arms=TRIAL.arms[:1], members=120, days=4, mail_every=0)
    constants = Constants(new_members=0.05, daily_share=0.9)
    run = simulate(trial, 3, KernelNights(trial, tmp_path, seed=3, fit_days=3), constants=constants)
    joined = set(run.roster["member_id"].to_pylist()[120:])
    assert joined & set(run.top["member_id"].to_pylist())
    dismissed = [(e["member_id"], e["course_id"], e["time"].date()) for e in run.events.to_pylist()
                 if e["kind"] in ("complete", "dismiss")]  # fmt: skip
    shown = [(row["member_id"], course, row["day"]) for row in run.top.to_pylist() for course in row["course_id"]]
    assert dismissed
    for member, course, day in dismissed:
        assert not [1 for m, c, d in shown if (m, c) == (member, course) and d > day]
