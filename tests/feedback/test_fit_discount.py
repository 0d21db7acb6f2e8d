import math
from xml.etree import ElementTree

import numpy as np
import pytest

from skillfirst.feedback.curve import curve_svg
from skillfirst.feedback.discount import Discount, discount
from skillfirst.feedback.exposed import ImpressionLog, observe
from skillfirst.feedback.fit_discount import Bin, bins_of, fit_beta, fit_discount
from skillfirst.feedback.loops import slot_weight

DAY = 86_400


def invented(seed, truth, pairs=4_000, days=12, base=0.12):
    """Pairs of a member and a course, shown every other day or so; clicks fall with slot and with `truth`.

    A pair goes on after a click as the log would: its exposure is forgotten.
    """
    rng = np.random.default_rng(seed)
    member, course, time, slot, click = [], [], [], [], []
    for pair in range(pairs):
        n, last = 0.0, 0
        for day in range(days):
            if rng.random() < 0.4:
                continue
            now, k = day * DAY + int(rng.integers(3_600)), int(rng.integers(1, 5))
            n *= 2.0 ** (-((now - last) / DAY) / truth.half_life_days)
            p = base * slot_weight(float(k)) * float(discount(n, 0.0, 1.0, 0.0, truth))
            hit = rng.random() < p
            member.append(pair // 3)
            course.append(pair % 3)
            time.append(now)
            slot.append(k)
            click.append(now + 30 if hit else -1)
            n, last = (0.0 if hit else n + slot_weight(float(k))), now
    return ImpressionLog.of(member, course, np.ones(len(time)), time, slot, click)


def test_observations_know_what_came_before():
    log = ImpressionLog.of(
        member=[1] * 6, course=[4, 4, 4, 4, 4, 9], channel=[1] * 6, slot=[1, 3, 1, 1, 1, 2],
        time=[0, 14 * DAY, 14 * DAY + 60, 15 * DAY, 17 * DAY, 0],
        click_time=[-1, -1, -1, 15 * DAY + 9, -1, -1],
    )  # fmt: skip
    seen = observe(log)
    # the third is inside the gate; after the click at day 15 the count starts anew
    assert seen.n == pytest.approx([0.0, 0.5, 1.0 * 2 ** (-1 / 14), 0.0, 0.0])
    assert seen.count.tolist() == [0, 1, 2, 0, 0]
    assert seen.last_seen.tolist() == [0.0, 14.0, 1.0, 0.0, 0.0]
    assert seen.position.tolist() == [1.0, 1.0, 3.0, 1.0, 1.0]
    assert seen.slot.tolist() == [1.0, 3.0, 1.0, 1.0, 2.0]
    assert seen.clicked.tolist() == [False, False, True, False, False]
    assert seen.activity.tolist() == [1.0, 2.0, 3.0, 4.0, 1.0]


def test_a_click_inside_the_gate_belongs_to_the_impression_that_opened_it():
    log = ImpressionLog.of([1, 1], [4, 4], [1, 1], [0, 60], [1, 1], [-1, 70])
    assert observe(log).clicked.tolist() == [True]


def test_beta_is_recovered_from_exact_bins():
    s = Discount()
    for beta in (0.05, 0.231, 0.9, -0.1):
        truth = Discount(beta=beta, ceiling=10.0)
        bins = [
            Bin(n, 1000, 100, 100.0, float(discount(n, 0.0, 1.0, 0.0, truth)), 0.1) for n in (0.0, 0.5, 1.0, 2.0, 4.0)
        ]
        assert fit_beta(bins, s)[0] == pytest.approx(beta, rel=1e-5)


def test_a_sparse_bin_hardly_counts():
    bins = [Bin(n, 10_000, 0, 500.0, math.exp(-0.2 * n), 0.04) for n in (0.0, 1.0, 2.0, 3.0)]
    beta, _ = fit_beta(bins, Discount(floor=0.0))
    noisy, _ = fit_beta([*bins, Bin(4.0, 200, 9, 2.0, 4.5, 1.5)], Discount(floor=0.0))
    assert beta == pytest.approx(0.2, rel=1e-4)
    assert noisy == pytest.approx(0.2, abs=0.03)


def test_fatigue_in_the_log_is_found_and_its_strength_recovered():
    truth = Discount(beta=0.5, half_life_days=14.0)
    fit = fit_discount(invented(1, truth))
    assert fit.accepted, fit.why
    assert fit.candidates["exponential"].settings.beta == pytest.approx(0.5, abs=0.1)
    assert fit.candidates["exponential"].gain > fit.candidates["default"].gain > 0
    ratios = [b.ratio for b in fit.bins]
    assert fit.bins[0].n == 0.0
    assert ratios[0] == pytest.approx(1.0, abs=0.01)
    assert ratios[1] > ratios[-1]


def test_where_repetition_helps_the_sign_turns():
    fit = fit_discount(invented(2, Discount(beta=-0.15, ceiling=3.0)))
    assert fit.accepted, fit.why
    assert fit.candidates["exponential"].settings.beta < 0
    assert fit.settings.ceiling > 1.2
    assert discount(3.0, 2.0, 1.0, 10.0, fit.settings) > 1.1


def test_without_fatigue_the_default_stays():
    fit = fit_discount(invented(3, Discount(form="none"), pairs=3_000))
    assert not fit.accepted
    assert fit.settings == Discount()
    assert "default stays" in fit.why
    assert "no discount at all" in fit.why


def test_a_small_log_is_not_believed():
    fit = fit_discount(invented(4, Discount(beta=2.0), pairs=30))
    assert not fit.accepted
    assert "200 impressions" in fit.why
    assert fit_discount(ImpressionLog.of([], [], [], [], [], [])).settings == Discount()


def test_bins_hold_two_hundred_impressions_each():
    seen = observe(invented(5, Discount(), pairs=500))
    bins = bins_of(seen, np.full(len(seen), 0.1))
    assert bins
    assert all(b.impressions >= 200 for b in bins)
    assert [b.n for b in bins] == sorted(b.n for b in bins)


def test_the_same_log_in_any_order_gives_the_same_fit():
    log = invented(6, Discount(beta=0.4), pairs=800)
    shuffled = np.random.default_rng(0).permutation(len(log))
    other = ImpressionLog.of(
        log.member[shuffled], log.course[shuffled], log.channel[shuffled], log.time[shuffled],
        log.slot[shuffled], log.click_time[shuffled],
    )  # fmt: skip
    assert fit_discount(log).settings == fit_discount(other).settings


def test_the_plot_shows_every_bin_and_curve():
    bins = [Bin(1.0, 500, 40, 50.0, 0.8, 0.1), Bin(2.0, 400, 20, 40.0, 0.5, 0.1)]
    svg = curve_svg(bins, [("default", Discount()), ("fitted <now>", Discount(beta=0.4))])
    assert svg.count("<circle") == 2
    assert svg.count("<polyline") == 2
    assert "fitted &lt;now&gt;" in svg
    assert ElementTree.fromstring(svg).tag.endswith("svg")
    assert "20 clicks on 400 impressions" in svg
