"""Members of one batch in different arms of an experiment."""

from __future__ import annotations

import pyarrow as pa
import pytest

from skillfirst.errors import UsageError
from skillfirst.kernel.arms import check_arms, group_by_policy
from skillfirst.kernel.fit import count, finish
from skillfirst.kernel.policy import Policy
from skillfirst.kernel.recommend import recommend

ARMS = {"length": {"short": {"list_length": 2}, "long": {}}, "want": {"strong": {"wanted": 100.0}}}


@pytest.fixture
def setting(academy):
    courses = {f"{s}{i}": {"skills": [s]} for s in ("java", "sql") for i in range(3)}
    catalogue = academy.catalogue_of(academy.taxonomy_of(["java", "sql"]), courses)
    people = {
        "ann": {"skills": ["java"], "wanted": ["sql"], "arms": [("length", "short")]},
        "bob": {"skills": ["java"], "wanted": ["sql"], "arms": [("length", "long"), ("want", "strong")]},
        "cem": {"skills": ["java"], "wanted": ["sql"]},
        "dua": {"skills": ["java"], "wanted": ["sql"], "arms": [("length", "short")]},
    }
    batch = academy.people_of(catalogue, people)
    policy = Policy(floor=1, wanted=0.1, fallback="none", collapse="none", inference=academy.silent)
    return batch, finish([count(batch, catalogue, policy)], catalogue, policy, 20_605, ARMS)


def test_every_member_gets_the_policy_of_the_own_arm(setting):
    batch, model = setting
    rows = recommend(batch, model, ["feed"]).to_pylist()
    assert [row["member_id"] for row in rows] == ["ann", "bob", "cem", "dua"]
    assert [len(row["course_id"]) for row in rows] == [2, 6, 6, 2]
    assert [row["course_id"][0] for row in rows] == ["java0", "sql0", "java0", "java0"]
    assert rows[1]["arms"] == [("length", "long"), ("want", "strong")]


def test_arms_mixed_in_a_batch_give_what_each_member_gets_alone(setting):
    batch, model = setting
    mixed = recommend(batch, model)
    alone = [recommend(batch.slice(i, 1), model) for i in range(batch.num_rows)]
    assert pa.Table.from_batches([mixed]).equals(pa.Table.from_batches(alone).combine_chunks())


def test_a_policy_given_by_the_caller_holds_for_all(setting):
    batch, model = setting
    rows = recommend(batch, model, ["feed"], model.policy).to_pylist()
    assert {len(row["course_id"]) for row in rows} == {6}


def test_groups_stand_in_the_order_of_their_first_row(setting):
    batch, model = setting
    groups = group_by_policy(batch.column("arms"), model.policy, ARMS)
    assert [rows.tolist() for _, rows in groups] == [[0, 3], [1], [2]]


def test_an_override_nobody_knows_names_experiment_arm_and_setting():
    with pytest.raises(UsageError, match=r"experiment x, arm y: .*policy\.colour"):
        check_arms({"x": {"y": {"colour": "red"}}}, Policy())
    check_arms(ARMS, Policy())
