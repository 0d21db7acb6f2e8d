import json
import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from skillfirst.errors import DataError, UsageError
from skillfirst.experiments.assignment import Experiment
from skillfirst.experiments.lift import lift, read_experiment
from skillfirst.experiments.metrics import CLICK_THROUGH, CLICKS, COUNTED
from skillfirst.experiments.report import to_html, to_json
from skillfirst.experiments.totals import Period, Totals

START = datetime(2026, 3, 2, tzinfo=UTC)
PERIOD = Period(START, START + timedelta(days=14))
SHARES = {"old": 0.5, "new": 0.5}


def totals(seed=0, members=4_000, effect=1.3, shown=1.0):
    """Members with a click rate of their own; `new` multiplies it by `effect` and the showings by `shown`."""
    rng = np.random.default_rng(seed)
    arm = np.array(["old", "new"])[np.arange(members) % 2]
    treated = arm == "new"
    own = rng.beta(2, 20, members)
    columns = {"member_id": [f"m{i:06d}" for i in range(members)], "arm": arm.tolist()}
    for prefix, e, s in (("pre_", 1.0, 1.0), ("", effect, shown)):
        impressions = rng.poisson(20 * np.where(treated, s, 1.0))
        clicks = rng.binomial(impressions, np.clip(own * np.where(treated, e, 1.0), 0, 1))
        days = np.minimum(impressions, 10)
        values = {
            "impressions": impressions, "clicked_impressions": clicks, "clicks": clicks, "shown_days": days,
            "engaged_days": np.minimum(clicks, days), "watch_ms": clicks * 60_000,
        }  # fmt: skip
        for name in COUNTED:
            columns[prefix + name] = values.get(name, np.zeros(members, np.int64))
    columns["has_history"] = np.ones(members, bool)
    courses = pa.table(
        {"arm": ["new", "new", "old", "old"], "course_id": ["a", "b", "a", "b"], "impressions": [9, 1, 5, 5]}
    )
    return Totals(pa.table(columns), courses)


def read(t, **options):
    return read_experiment(t, "fatigue", "old", SHARES, PERIOD, **options)


def test_a_true_lift_is_read_and_said():
    reading = read(totals(), primary="click_through")
    r = reading.of("new", "click_through")
    assert r.comparison.lift_low < 0.3 < r.comparison.lift_high
    assert r.comparison.variance_kept < 0.95
    assert r.always_p < 0.05
    assert r.always_low < r.comparison.low
    assert "new raised click-through rate" in reading.verdict("new")
    assert reading.coverage["old"] == pytest.approx(2.0)
    assert reading.gini == pytest.approx({"new": 0.4, "old": 0.0})
    # metrics without anything to divide by are left out, not invented
    with pytest.raises(LookupError):
        reading.of("new", "open_to_click")


def test_without_an_effect_nothing_is_shown():
    reading = read(totals(seed=3, effect=1.0))
    assert reading.verdict("new").startswith("No difference shown")


def test_fewer_impressions_raise_a_warning():
    reading = read(totals(shown=0.66, effect=1.1))
    assert any("fewer courses" in w for w in reading.warnings())


def test_missing_members_block_the_reading():
    t = totals()
    keep = [not (a == "new" and i % 10 < 2) for i, a in enumerate(t.members["arm"].to_pylist())]
    reading = read(Totals(t.members.filter(pa.array(keep)), t.shown))
    assert reading.blocked
    assert reading.treatments == {}
    assert "do not keep the shares" in reading.verdict("new")
    assert "No reading" in to_html(reading)
    assert json.loads(to_json(reading))["sample_ratio"]["assigned"]["mismatch"] is True


def test_methods_agree_and_an_unknown_one_is_refused():
    t = totals(members=2_000)
    plain, boot = (
        read(t, method=m, metrics=[CLICK_THROUGH]).of("new", "click_through") for m in ("delta", "bootstrap")
    )
    assert boot.comparison.error == pytest.approx(plain.comparison.error, rel=0.1)
    with pytest.raises(UsageError):
        read(t, method="guess")
    with pytest.raises(UsageError):
        read_experiment(t, "fatigue", "nobody", SHARES, PERIOD)


def test_the_page_says_it_in_words_and_loads_nothing():
    reading = read(totals(), primary="click_through", catalogue=7)
    page = to_html(reading)
    assert "new raised click-through rate" in page
    assert "<svg" in page
    assert "of 7" in page
    for foreign in ("<script", "<link", "src=", "@import"):
        assert foreign not in page
    assert page == to_html(reading)


def test_the_plot_is_well_formed_and_stays_inside_its_frame():
    import re
    from xml.etree import ElementTree

    page = to_html(read(totals()))
    for svg in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        root = ElementTree.fromstring(svg)
        width, height = (float(v) for v in root.get("viewBox").split()[2:])
        for mark in root.iter("{http://www.w3.org/2000/svg}circle"):
            assert 0 <= float(mark.get("cx")) <= width
            assert 0 <= float(mark.get("cy")) <= height


def test_the_json_is_strict_and_complete():
    def refuse(name):
        raise AssertionError(name)

    body = json.loads(to_json(read(totals(members=40))), parse_constant=refuse)
    names = [m["metric"] for m in body["treatments"]["new"]]
    assert names[:4] == ["engagement_rate", "click_through", "clicks_per_member", "impressions_per_member"]
    assert body["members"] == {"new": 20, "old": 20}


def test_names_are_escaped():
    t = totals(members=40)
    reading = read_experiment(t, "<b>x</b>", "old", SHARES, PERIOD)
    assert "<b>x</b>" not in to_html(reading)


def test_from_the_event_log_to_the_reading():
    rng = np.random.default_rng(1)
    rows = []
    for i in range(400):
        arm = ("old", "new")[i % 2]
        for day in range(6):
            at = START + timedelta(days=day, minutes=int(rng.integers(600)))
            rows.append((f"m{i}", "impression", at, arm))
            if rng.random() < (0.5 if arm == "new" else 0.25):
                rows.append((f"m{i}", "click", at + timedelta(minutes=3), arm))
    events = pa.table(
        {
            "member_id": [r[0] for r in rows],
            "kind": [r[1] for r in rows],
            "time": pa.array([r[2] for r in rows], pa.timestamp("us", "UTC")),
            "course_id": ["java"] * len(rows),
            "arms": pa.array([[("order", r[3])] for r in rows], pa.map_(pa.string(), pa.string())),
        }
    )
    order = Experiment("order", SHARES)
    reading = lift(events, order, "old", PERIOD)
    c = reading.of("new", "engagement_rate").comparison
    assert (c.control, c.treatment) == pytest.approx((0.25, 0.5), abs=0.03)
    assert reading.members == {"new": 200, "old": 200}
    assert not math.isnan(reading.of("new", CLICKS.name).comparison.lift)
    with pytest.raises(DataError, match="no member met"):
        lift(events, Experiment("other", SHARES), "old", PERIOD)
