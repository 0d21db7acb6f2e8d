import math

import numpy as np
import pytest

from skillfirst.errors import UsageError
from skillfirst.experiments.comparison import Arm, compare, compare_bootstrap, compare_cuped, compare_paired


def clicks(rng, members, rate, spread=3.0):
    """Members with gamma-distributed numbers of showings and rates of their own."""
    den = 1.0 + rng.poisson(rng.gamma(2.0, spread, members))
    num = rng.binomial(den.astype(int), np.clip(rng.beta(2, 2 / rate - 2, members), 0, 1))
    return Arm(num.astype(float), den)


def test_the_mean_of_counts_by_hand():
    c = compare(Arm(np.array([0.0, 1.0, 2.0, 1.0])), Arm(np.array([2.0, 2.0, 3.0, 1.0])))
    assert (c.control, c.treatment, c.difference, c.lift) == (1.0, 2.0, 1.0, 1.0)
    assert c.error == pytest.approx(math.sqrt(2 / 3 / 4 + 2 / 3 / 4))
    assert c.high - c.low == pytest.approx(2 * 1.959964 * c.error)


def test_known_answer_of_two_proportions():
    """Two visit rates, 18 % of 20,000 against 15 %: the textbook interval of a difference of proportions."""
    a, b = np.repeat([1.0, 0.0], [3_000, 17_000]), np.repeat([1.0, 0.0], [3_600, 16_400])
    c = compare(Arm(a), Arm(b))
    error = math.sqrt(0.15 * 0.85 / 20_000 + 0.18 * 0.82 / 20_000)
    assert (c.low, c.high) == pytest.approx((0.03 - 1.959964 * error, 0.03 + 1.959964 * error), rel=1e-3)
    assert c.significant


def test_a_ratio_is_of_sums_and_its_error_is_the_members():
    rng = np.random.default_rng(1)
    arm = clicks(rng, 4_000, 0.1)
    assert arm.value == arm.num.sum() / arm.den.sum()
    assert arm.linearised().mean() == pytest.approx(arm.value)
    draws = rng.integers(0, 4_000, (400, 4_000))
    resampled = np.std(arm.num[draws].sum(1) / arm.den[draws].sum(1))
    assert math.sqrt(arm.linearised().var() / 4_000) == pytest.approx(resampled, rel=0.12)
    # as if impressions were independent, the error would come out too small
    assert math.sqrt(arm.value * (1 - arm.value) / arm.den.sum()) < 0.9 * resampled


def test_delta_method_and_bootstrap_agree():
    rng = np.random.default_rng(2)
    a, b = clicks(rng, 3_000, 0.10), clicks(rng, 3_000, 0.12)
    d, s = compare(a, b), compare_bootstrap(a, b, replicates=600, seed=4)
    assert s.error == pytest.approx(d.error, rel=0.1)
    assert (s.low, s.high) == pytest.approx((d.low, d.high), abs=0.3 * d.error)
    assert (s.lift_low, s.lift_high) == pytest.approx((d.lift_low, d.lift_high), abs=0.03)
    assert compare_bootstrap(a, b, replicates=50, seed=4) == compare_bootstrap(a, b, replicates=50, seed=4)


def test_two_hundred_equal_experiments_give_uniform_p():
    from scipy.stats import kstest

    rng = np.random.default_rng(5)
    p = [compare(clicks(rng, 300, 0.1), clicks(rng, 300, 0.1)).p for _ in range(200)]
    assert kstest(p, "uniform").pvalue > 0.001
    assert np.mean(np.array(p) < 0.05) < 0.11


def before_and_after(rng, members, rho):
    x = rng.normal(10, 2, members)
    return x, 5 + rho * (x - 10) / 2 + math.sqrt(1 - rho * rho) * rng.normal(size=members)


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.8])
def test_cuped_leaves_one_minus_rho_squared(rho):
    rng = np.random.default_rng(6)
    (xa, ya), (xb, yb) = before_and_after(rng, 40_000, rho), before_and_after(rng, 40_000, rho)
    known = np.ones(40_000, bool)
    c = compare_cuped(Arm(ya), Arm(yb), Arm(xa), Arm(xb), known, known)
    measured = np.corrcoef(np.r_[xa, xb], np.r_[ya, yb])[0, 1]
    assert c.variance_kept == pytest.approx(1 - measured**2, rel=1e-3)
    assert c.variance_kept == pytest.approx(1 - rho**2, rel=0.02)


def test_cuped_does_not_bias_the_difference_and_knows_who_has_no_history():
    rng = np.random.default_rng(7)
    found = []
    for _ in range(60):
        (xa, ya), (xb, yb) = before_and_after(rng, 500, 0.8), before_and_after(rng, 500, 0.8)
        ka, kb = rng.random(500) < 0.7, rng.random(500) < 0.7
        # newcomers behave differently altogether
        ya, yb = np.where(ka, ya, ya - 3), np.where(kb, yb, yb - 3) + 0.2
        c = compare_cuped(Arm(ya), Arm(yb), Arm(np.where(ka, xa, 0)), Arm(np.where(kb, xb, 0)), ka, kb)
        found.append((c.difference, c.low <= 0.2 <= c.high, c.variance_kept))
    difference, covered, kept = map(np.array, zip(*found, strict=True))
    assert difference.mean() == pytest.approx(0.2, abs=0.03)
    assert covered.mean() >= 0.88
    assert kept.max() < 0.45


def test_cuped_of_a_ratio_reduces_and_keeps_its_level():
    rng = np.random.default_rng(8)
    own = rng.beta(2, 18, 8_000)
    den, before = 1.0 + rng.poisson(8, 8_000), 1.0 + rng.poisson(8, 8_000)
    arm, pre = (
        Arm(rng.binomial(den.astype(int), own) * 1.0, den),
        Arm(rng.binomial(before.astype(int), own) * 1.0, before),
    )
    half = [Arm(a.num[s], a.den[s]) for a in (arm, pre) for s in (slice(0, 4_000), slice(4_000, None))]
    known = np.ones(4_000, bool)
    c = compare_cuped(half[0], half[1], half[2], half[3], known, known)
    plain = compare(half[0], half[1])
    assert c.variance_kept < 0.97
    assert c.error < plain.error
    assert c.control == pytest.approx(plain.control, rel=0.05)


def test_without_any_history_cuped_changes_nothing():
    a, b = Arm(np.array([1.0, 2.0, 3.0])), Arm(np.array([2.0, 3.0, 4.5]))
    none, zeros = np.zeros(3, bool), Arm(np.zeros(3))
    c = compare_cuped(a, b, zeros, zeros, none, none)
    assert c.difference == pytest.approx(compare(a, b).difference)


def test_a_lift_over_nothing_is_unknown():
    c = compare(Arm(np.zeros(5)), Arm(np.array([0.0, 1, 0, 0, 0])))
    assert math.isnan(c.lift)
    assert compare(Arm(np.zeros(5)), Arm(np.zeros(5))).p == 1.0
    with pytest.raises(UsageError):
        compare(Arm(np.ones(1)), Arm(np.ones(5)))


def test_paired_lives_give_the_difference_of_each_member():
    rng = np.random.default_rng(5)
    activity = rng.gamma(1.0, 10.0, 4_000)
    den = 1.0 + rng.poisson(activity)
    before, after = rng.binomial(den.astype(int), 0.1) * 1.0, rng.binomial(den.astype(int), 0.12) * 1.0
    found = compare_paired(Arm(before, den), Arm(after, den))
    apart = compare(Arm(before, den), Arm(after, den))
    assert found.lift == pytest.approx(apart.lift)
    assert found.lift_low < 0.2 < found.lift_high
    # the mean of each member's own differences, where there is no ratio
    plain = compare_paired(Arm(before), Arm(after))
    own = after - before
    assert plain.difference == pytest.approx(own.mean())
    assert plain.error == pytest.approx(own.std(ddof=1) / np.sqrt(len(own)))
    assert plain.error < compare(Arm(before), Arm(after)).error
    same = compare_paired(Arm(before, den), Arm(before, den))
    assert (same.lift, same.lift_low, same.lift_high, same.p) == (0, 0, 0, 1)
    with pytest.raises(UsageError, match="same members"):
        compare_paired(Arm(before), Arm(after[:-1]))
