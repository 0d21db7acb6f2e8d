import math
from itertools import pairwise

import numpy as np
import pytest

from skillfirst.errors import UsageError
from skillfirst.experiments.always_valid import always_valid_p, half_width, mixture_width, watch


def test_interval_and_p_say_the_same():
    tau = mixture_width(0.01)
    for error in (0.05, 0.01, 0.002):
        edge = half_width(error, tau)
        assert always_valid_p(edge, error, tau) == pytest.approx(0.05, rel=1e-9)
        assert always_valid_p(edge * 1.1, error, tau) < 0.05 < always_valid_p(edge * 0.9, error, tau)


def test_it_is_tightest_near_the_planned_error():
    planned = half_width(0.01, mixture_width(0.01))
    assert planned <= half_width(0.01, mixture_width(0.03))
    assert planned <= half_width(0.01, mixture_width(0.003))
    assert planned > 1.96 * 0.01  # the price of looking


def looks(rng, days, effect=0.0):
    """Daily means of 200 new members an arm."""
    a = np.cumsum(rng.normal(0, 1, days) * math.sqrt(200))
    b = np.cumsum(rng.normal(0, 1, days) * math.sqrt(200) + 200 * effect)
    n = 200 * np.arange(1, days + 1)
    return (b - a) / n, np.sqrt(2 / n)


def test_peeking_every_day_keeps_the_promise_where_fixed_intervals_break_it():
    rng = np.random.default_rng(3)
    tau = mixture_width(math.sqrt(2 / 4_200))
    wrong_always = wrong_fixed = 0
    for _ in range(600):
        difference, error = looks(rng, 28)
        wrong_always += watch(difference, error, tau)[-1].p < 0.05
        wrong_fixed += bool((np.abs(difference) > 1.96 * error).any())
    assert wrong_always / 600 <= 0.05
    assert wrong_fixed / 600 > 0.15


def test_a_true_effect_is_found_and_never_contradicted():
    rng = np.random.default_rng(4)
    difference, error = looks(rng, 60, effect=0.1)
    path = watch(difference, error, mixture_width(math.sqrt(2 / 4_200)))
    assert path[-1].p < 0.05
    assert path[-1].low <= 0.1 <= path[-1].high
    assert all(a.p >= b.p and a.low <= b.low and a.high >= b.high for a, b in pairwise(path))


def test_a_look_at_nothing_tells_nothing():
    look = watch([0.3, math.nan], [0.0, 1.0], 1.0)[-1]
    assert (look.low, look.high, look.p) == (-math.inf, math.inf, 1.0)
    with pytest.raises(UsageError):
        mixture_width(0.0)
