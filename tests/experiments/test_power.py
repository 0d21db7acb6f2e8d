import math

import numpy as np
import pytest

from skillfirst.errors import UsageError
from skillfirst.experiments.comparison import Arm, compare
from skillfirst.experiments.coverage import distinct_among
from skillfirst.experiments.power import detectable_lift, plan


def test_sixteen_variances_over_the_squared_difference():
    """Published rule of thumb: +10 % on a click rate of 2 % needs 78,000 an arm."""
    n = plan(0.02, 0.02 * 0.98, 0.10).members
    assert n[0] == n[1]
    assert n[0] == pytest.approx(78_400, rel=0.03)


def test_an_uneven_split_needs_more_and_days_are_whole_weeks():
    even, uneven = plan(1.0, 4.0, 0.1), plan(1.0, 4.0, 0.1, share=0.1, members_a_day=1_000)
    assert sum(uneven.members) > 2 * sum(even.members)
    assert uneven.members[1] == pytest.approx(uneven.members[0] / 9, rel=0.01)
    assert uneven.days % 7 == 0
    assert uneven.days >= sum(uneven.members) / 1_000


def test_planned_members_do_find_the_lift_four_times_in_five():
    rng = np.random.default_rng(1)
    n = plan(1.0, 1.0, 0.2).members[0]
    hits = sum(compare(Arm(rng.normal(1, 1, n)), Arm(rng.normal(1.2, 1, n))).significant for _ in range(300))
    assert hits / 300 == pytest.approx(0.8, abs=0.07)


def test_detectable_is_the_inverse_of_the_plan():
    assert detectable_lift(1.0, 4.0, plan(1.0, 4.0, 0.05).members) == pytest.approx(0.05, rel=1e-3)
    assert math.isnan(detectable_lift(0.0, 1.0, (10, 10)))


@pytest.mark.parametrize("wrong", [{"lift": 0}, {"variance": 0}, {"share": 1.0}, {"power": 1.0}, {"members_a_day": 0}])
def test_plans_that_cannot_be(wrong):
    with pytest.raises(UsageError):
        plan(**({"mean": 1.0, "variance": 1.0, "lift": 0.1} | wrong))


def test_coverage_at_an_equal_number_of_showings():
    assert distinct_among([5, 5, 5], 15) == pytest.approx(3.0)
    assert distinct_among([5, 5, 5], 1) == pytest.approx(1.0)
    # two of four showings of two courses: both with probability 2/3
    assert distinct_among([2, 2], 2) == pytest.approx(2 * 2 / 3 + 1 / 3)
    assert distinct_among([100, 1, 1], 3) < distinct_among([34, 34, 34], 3)
    assert distinct_among([], 5) == 0.0
