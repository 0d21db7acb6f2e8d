import sys

import numpy as np
import pyarrow as pa
import pytest

from skillfirst.errors import ExtraMissing
from skillfirst.experiments.lift import read_metric
from skillfirst.experiments.metrics import CLICK_THROUGH, WATCH_MINUTES
from skillfirst.experiments.tea import compare_by_tea_tasting


@pytest.fixture
def members():
    rng = np.random.default_rng(2)
    n = 3_000
    own = rng.beta(2, 20, n)
    columns = {"member_id": [f"m{i}" for i in range(n)], "arm": (["old", "new"] * n)[:n]}
    for prefix in ("", "pre_"):
        shown = 1 + rng.poisson(15, n)
        columns[prefix + "impressions"] = shown
        columns[prefix + "clicked_impressions"] = rng.binomial(shown, own)
        columns[prefix + "watch_ms"] = rng.poisson(own * 5e6)
    columns["has_history"] = np.ones(n, bool)
    return pa.table(columns)


@pytest.mark.parametrize("metric", [CLICK_THROUGH, WATCH_MINUTES])
def test_our_numbers_are_theirs(members, metric):
    pytest.importorskip("tea_tasting")
    ours = read_metric(members, "old", "new", metric, method="delta").comparison
    theirs = compare_by_tea_tasting(members, "old", "new", metric)
    for name in ("control", "treatment", "difference", "error", "low", "high", "lift", "p"):
        assert getattr(ours, name) == pytest.approx(getattr(theirs, name), rel=1e-6), name
    assert ours.members == theirs.members
    # they put the lift's interval on the plain scale, we on the logarithm
    assert (ours.lift_low, ours.lift_high) == pytest.approx((theirs.lift_low, theirs.lift_high), abs=0.003)


@pytest.mark.parametrize("metric", [CLICK_THROUGH, WATCH_MINUTES])
def test_with_history_too(members, metric):
    pytest.importorskip("tea_tasting")
    ours = read_metric(members, "old", "new", metric, method="cuped").comparison
    theirs = compare_by_tea_tasting(members, "old", "new", metric, cuped=True)
    assert ours.difference == pytest.approx(theirs.difference, abs=0.03 * ours.error)
    assert ours.error == pytest.approx(theirs.error, rel=0.01)


def test_a_reading_may_be_made_by_it(members):
    pytest.importorskip("tea_tasting")
    theirs = compare_by_tea_tasting(members, "old", "new", CLICK_THROUGH, cuped=True)
    assert read_metric(members, "old", "new", CLICK_THROUGH, method="tea-tasting").comparison == theirs


def test_without_the_package_the_line_that_installs_it_is_said(members, monkeypatch):
    monkeypatch.setitem(sys.modules, "tea_tasting", None)
    with pytest.raises(ExtraMissing, match=r"skillfirst\[lift\]"):
        compare_by_tea_tasting(members, "old", "new", CLICK_THROUGH)
