import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillfirst.errors import UsageError
from skillfirst.feedback.discount import Behaviour, Discount, discount
from skillfirst.feedback.loops import discount_factor, with_spill_over

FORMS = ["none", "exponential", "linear", "inverse", "quadratic", "aggregate"]
AGGREGATE = Discount(
    form="aggregate",
    ceiling=1.5,
    impressions=Behaviour("exponential", 0.3, -1, 4.0),
    last_seen=Behaviour("inverse", 0.2, -1, 7.0),
    position=Behaviour("linear", 0.1, 1, 12.0),
    activity=Behaviour("quadratic", 0.2, 1, 28.0),
)


def by_hand(n, last_seen, position, activity, s):
    """The slow and obvious version."""
    if n <= 0 or s.form == "none":
        return 1.0
    if s.form == "aggregate":
        d = 1.0
        for b, x in zip(s.behaviours, (n, last_seen, position, activity), strict=True):
            u = x / b.scale
            f = {
                "none": 0.0,
                "linear": min(u, 1),
                "quadratic": min(u, 1) ** 2,
                "inverse": 1 / (1 + u),
                "exponential": math.exp(-u),
            }[b.form]
            d += b.sign * b.weight * f
    else:
        x = s.beta * n
        inverse = 1 / (1 + x) if x >= 0 else 2 - 1 / (1 - x)
        shape = {
            "exponential": math.exp(-x),
            "linear": max(1 - x, 0),
            "inverse": inverse,
            "quadratic": max(1 - x, 0) ** 2,
        }[s.form]
        d = s.floor + (1 - s.floor) * shape
    return min(max(d, s.floor), s.ceiling)


def test_three_ignored_views_in_the_first_slot_leave_a_little_more_than_half():
    assert discount(3.0, 0.0, 1.0, 1.0, Discount()) == pytest.approx(0.525, abs=0.001)


@pytest.mark.parametrize("form", FORMS)
def test_a_course_never_seen_keeps_its_score(form):
    s = AGGREGATE if form == "aggregate" else Discount(form=form)
    assert discount(0.0, 5.0, 3.0, 9.0, s) == 1.0


@pytest.mark.parametrize("form", FORMS[1:5])
def test_more_exposure_never_raises_the_factor_and_the_floor_holds(form):
    d = discount(np.linspace(0, 40, 400), 0.0, 1.0, 1.0, Discount(form=form))
    assert (np.diff(d) <= 0).all()
    assert d[-1] >= 0.05
    assert d[-1] < 0.2


def test_a_negative_beta_lets_repetition_help_up_to_the_ceiling():
    s = Discount(beta=-0.2, ceiling=1.3)
    assert 1.0 < discount(1.0, 0.0, 1.0, 1.0, s) < 1.3
    assert discount(50.0, 0.0, 1.0, 1.0, s) == 1.3


def test_the_aggregate_sums_signed_terms():
    s = Discount(form="aggregate", impressions=Behaviour("linear", 0.4, -1, 10.0), ceiling=2.0)
    assert discount([5.0, 10.0, 99.0], 0.0, 1.0, 1.0, s) == pytest.approx([0.8, 0.6, 0.6])
    helps = Discount(form="aggregate", impressions=Behaviour("quadratic", 0.4, 1, 10.0), ceiling=2.0)
    assert discount(5.0, 0.0, 1.0, 1.0, helps) == pytest.approx(1.1)


NUMBER = st.floats(0, 200, allow_nan=False)


@settings(max_examples=60, deadline=None)
@given(NUMBER, NUMBER, st.floats(1, 40), st.floats(0, 28), st.sampled_from(FORMS), st.floats(-0.5, 2))
def test_array_and_scalar_agree_bit_for_bit_and_with_the_obvious_version(n, last, position, activity, form, beta):
    s = AGGREGATE if form == "aggregate" else Discount(form=form, beta=beta, ceiling=2.0)
    many = discount(np.full(9, n), last, position, activity, s)
    one = discount_factor(n, last, position, activity, s.parameters())
    assert (many == one).all()
    assert one == pytest.approx(by_hand(n, last, position, activity, s), rel=1e-12)


def test_spill_over_gives_a_course_never_seen_a_share_of_its_set():
    assert with_spill_over(0.0, 4.0, 0.25) == 1.0
    assert with_spill_over(3.0, 4.0, 0.25) == 3.25
    assert with_spill_over(3.0, 4.0, 0.0) == 3.0


@pytest.mark.parametrize(
    "wrong",
    [
        {"form": "cubic"}, {"floor": -0.1}, {"half_life_days": 0}, {"ceiling": 0.5}, {"spill_over": 2},
        {"beta": math.nan}, {"click_rest_days": -1},
    ],
)  # fmt: skip
def test_settings_that_cannot_work_are_refused(wrong):
    with pytest.raises(UsageError):
        Discount(**wrong)


@pytest.mark.parametrize("wrong", [{"form": "aggregate"}, {"sign": 2}])
def test_behaviours_that_cannot_work_are_refused(wrong):
    with pytest.raises(UsageError):
        Behaviour(**wrong)
