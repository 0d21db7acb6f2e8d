from hashlib import sha256

import pyarrow as pa
import pytest

from skillfirst.errors import UsageError
from skillfirst.experiments.assignment import Experiment, arm_of, arms_column, assign, bucket

HALVES = Experiment("fatigue", {"cool_off": 0.5, "discount": 0.5})
MEMBERS = [f"m{i}" for i in range(4_000)]


def test_the_bucket_is_the_documented_hash():
    digest = sha256(b"salt\x1ffatigue\x1fm1").digest()
    assert bucket("fatigue", "salt", "m1") == int.from_bytes(digest[:8], "big") % 10_000


def test_many_members_are_assigned_as_one_by_one():
    e = Experiment("three", {"a": 0.2, "b": 0.3, "c": 0.5}, salt="s", holdout=0.1)
    arms = assign(e, pa.array(MEMBERS)).to_pylist()
    assert arms == [arm_of(e, m) for m in MEMBERS]
    assert assign(e, MEMBERS).to_pylist() == arms
    assert assign(e, pa.chunked_array([MEMBERS[:5], MEMBERS[5:9]])).to_pylist() == arms[:9]


def test_shares_are_kept():
    arms = assign(Experiment("x", {"a": 0.1, "b": 0.9}), MEMBERS).to_pylist()
    assert arms.count("a") == pytest.approx(400, abs=4 * 19)  # four standard deviations of 19


def test_the_order_in_which_arms_are_written_does_not_matter():
    other = Experiment("fatigue", {"discount": 0.5, "cool_off": 0.5})
    assert assign(HALVES, MEMBERS).to_pylist() == assign(other, MEMBERS).to_pylist()


def test_experiments_and_salts_draw_independently():
    first = assign(HALVES, MEMBERS).to_pylist()
    for other in (Experiment("fatigue", HALVES.arms, salt="again"), Experiment("order", HALVES.arms)):
        second = assign(other, MEMBERS).to_pylist()
        same = sum(a == b for a, b in zip(first, second, strict=True))
        assert same == pytest.approx(2_000, abs=130)


def test_who_is_held_out_of_one_experiment_is_held_out_of_all():
    one = assign(Experiment("one", {"a": 1.0}, holdout=0.05), MEMBERS).to_pylist()
    two = assign(Experiment("two", {"a": 1.0}, salt="s", holdout=0.05), MEMBERS).to_pylist()
    assert [a == "holdout" for a in one] == [a == "holdout" for a in two]
    assert one.count("holdout") == pytest.approx(200, abs=56)


def test_an_arm_without_a_share_gets_nobody():
    arms = assign(Experiment("x", {"a": 0.0, "b": 1.0, "c": 0.0}), MEMBERS).to_pylist()
    assert set(arms) == {"b"}


def test_the_arms_of_a_document_stand_by_experiment():
    later = Experiment("zebra", {"on": 1.0})
    column = arms_column([later, HALVES], MEMBERS[:3])
    assert column.type == pa.map_(pa.string(), pa.string())
    assert column.to_pylist() == [[("fatigue", arm_of(HALVES, m)), ("zebra", "on")] for m in MEMBERS[:3]]
    assert arms_column([], MEMBERS[:2]).to_pylist() == [[], []]
    assert arms_column([HALVES], []).to_pylist() == []


@pytest.mark.parametrize(
    "make",
    [
        lambda: Experiment("", {"a": 1.0}),
        lambda: Experiment("x", {}),
        lambda: Experiment("x", {"a": 0.5, "b": 0.4}),
        lambda: Experiment("x", {"a": 1.5, "b": -0.5}),
        lambda: Experiment("x", {"a": 1.0}, holdout=1.0),
        lambda: Experiment("x", {"holdout": 1.0}),
        lambda: arms_column([HALVES, HALVES], ["m"]),
    ],
)
def test_experiments_that_cannot_work_are_refused(make):
    with pytest.raises(UsageError):
        make()
