import numpy as np
import pytest
from scipy.stats import chisquare

from skillfirst.errors import UsageError
from skillfirst.experiments.sample_ratio import check_sample_ratio


def test_equals_the_textbook_chi_square():
    ratio = check_sample_ratio({"a": 480, "b": 1_020, "c": 500}, {"a": 0.25, "b": 0.5, "c": 0.25})
    assert ratio.p == pytest.approx(chisquare([480, 1_020, 500], [500, 1_000, 500]).pvalue)
    assert not ratio.mismatch


@pytest.mark.parametrize("members", [1_000_000, 2_000_000])
def test_one_hundredth_of_an_arm_missing_is_noticed(members):
    """A million in all, or an arm of a million. In the first case the power is 95.7 % by the normal approximation."""
    rng = np.random.default_rng(1)
    a = rng.binomial(members, 0.5, 1_000)
    b = rng.binomial(members - a, 0.99)
    halves = {"a": 0.5, "b": 0.5}
    alarms = [check_sample_ratio({"a": int(x), "b": int(y)}, halves).mismatch for x, y in zip(a, b, strict=True)]
    assert np.mean(alarms) >= 0.95


def test_equal_arms_are_rarely_blamed():
    rng = np.random.default_rng(2)
    a = rng.binomial(10_000, 0.3, 2_000)
    alarms = sum(check_sample_ratio({"a": int(x), "b": 10_000 - int(x)}, {"a": 0.3, "b": 0.7}).mismatch for x in a)
    assert alarms <= 8


def test_odd_cases():
    assert check_sample_ratio({}, {"a": 0.5, "b": 0.5}).p == 1.0
    assert check_sample_ratio({"a": 5}, {"a": 1.0}).p == 1.0
    assert check_sample_ratio({"a": 5, "b": 1}, {"a": 1.0, "b": 0.0}).mismatch
    with pytest.raises(UsageError):
        check_sample_ratio({"z": 1}, {"a": 1.0})
