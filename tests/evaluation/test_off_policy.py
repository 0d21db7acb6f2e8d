import numpy as np
import pytest

from skillfirst.errors import DataError, UsageError
from skillfirst.evaluation.off_policy import Estimates, Refusal, off_policy

ITEMS = 5
TRUE = np.array([0.02, 0.05, 0.10, 0.20, 0.30])  # click rate of each item
UNIFORM = np.full(ITEMS, 1 / ITEMS)
NEW = np.array([0.05, 0.05, 0.1, 0.3, 0.5])


def log(rng, rows, policy):
    """What a policy logged: items, clicks, propensities."""
    item = rng.choice(ITEMS, rows, p=policy)
    return item, (rng.random(rows) < TRUE[item]).astype(float), policy[item]


def test_every_estimator_finds_the_truth_and_its_interval_covers():
    rng = np.random.default_rng(1)
    truth = float(NEW @ TRUE)
    covered = {"ips": 0, "self_normalised": 0, "doubly_robust": 0}
    runs = 200
    for _ in range(runs):
        item, click, p = log(rng, 2_000, UNIFORM)
        found = off_policy(
            click, p, NEW[item], model_logged=TRUE[item] * 0.9, model_target=np.full(2_000, NEW @ TRUE * 0.9)
        )
        assert isinstance(found, Estimates)
        for name in covered:
            e = getattr(found, name)
            covered[name] += e.low <= truth <= e.high
            assert e.value == pytest.approx(truth, abs=6 * e.error)
    assert all(c / runs >= 0.90 for c in covered.values()), covered


def test_a_good_model_makes_the_doubly_robust_estimate_tighter():
    rng = np.random.default_rng(2)
    item, click, p = log(rng, 5_000, UNIFORM)
    found = off_policy(click, p, NEW[item], model_logged=TRUE[item], model_target=np.full(5_000, NEW @ TRUE))
    assert found.doubly_robust.error < 0.95 * found.ips.error
    assert found.self_normalised.error < found.ips.error
    assert off_policy(click, p, NEW[item]).doubly_robust is None


def test_the_logging_policy_itself_gets_the_plain_mean():
    rng = np.random.default_rng(3)
    _, click, p = log(rng, 1_000, NEW)
    found = off_policy(click, p, p)
    assert found.ips.value == found.self_normalised.value == pytest.approx(click.mean())
    assert found.ips.error == pytest.approx(click.std(ddof=1) / np.sqrt(1_000), rel=1e-3)
    assert found.support.effective == pytest.approx(1_000)


def test_clipping_lowers_and_says_how_much_weight_it_took():
    rng = np.random.default_rng(4)
    item, click, p = log(rng, 4_000, UNIFORM)
    found = off_policy(click, p, NEW[item], clip=1.0)
    assert found.clipped.value < found.ips.value
    assert 0.2 < found.clipped_share < 0.6
    assert off_policy(click, p, NEW[item]).clipped_share == 0.0


def test_members_who_repeat_themselves_widen_the_interval():
    rng = np.random.default_rng(5)
    item, click, p = log(rng, 1_000, UNIFORM)
    ten = np.repeat(np.arange(1_000), 10)
    alone = off_policy(np.repeat(click, 10), np.repeat(p, 10), np.repeat(NEW[item], 10))
    together = off_policy(np.repeat(click, 10), np.repeat(p, 10), np.repeat(NEW[item], 10), unit=[f"m{i}" for i in ten])
    assert together.ips.error == pytest.approx(np.sqrt(10) * alone.ips.error, rel=0.01)
    assert together.ips.value == alone.ips.value


def greedy_log(rng, rows=10_000, items=46, rate=0.005):
    """As a bandit that has made up its mind logs: nearly always a few items, the others almost never."""
    policy = np.full(items, 1e-6)
    policy[:3] = (1 - policy[3:].sum()) / 3
    item = rng.choice(items, rows - 2, p=policy)
    item = np.r_[item, [40, 41]]  # two of the rarest did happen
    return (rng.random(rows) < rate).astype(float), policy[item]


def test_a_log_of_a_policy_that_had_made_up_its_mind_is_refused():
    click, p = greedy_log(np.random.default_rng(6))
    found = off_policy(click, p, np.full(len(p), 1 / 46))
    assert isinstance(found, Refusal)
    assert found.support.effective < 10
    assert found.support.mean_weight > 2
    said = " ".join(found.reasons)
    for word in ("effective sample size", "mean weight", "single row"):
        assert word in said


def test_actions_the_log_never_took_are_noticed_by_the_mean_weight():
    rng = np.random.default_rng(7)
    half = np.array([0.5, 0.5, 0, 0, 0])
    item, click, p = log(rng, 20_000, half)
    found = off_policy(click, p, UNIFORM[item])
    assert isinstance(found, Refusal)
    assert found.support.mean_weight == pytest.approx(0.4)


def test_too_few_clicks_and_an_empty_log_are_refused():
    p = np.full(5_000, 0.2)
    click = np.zeros(5_000)
    click[:3] = 1
    assert "rewarded rows" in off_policy(click, p, p).reasons[0]
    assert isinstance(off_policy([], [], []), Refusal)


@pytest.mark.parametrize(
    ("reward", "logged", "target"),
    [([1, 0], [0.5, 0.0], [0.5, 0.5]), ([1, 0], [0.5, 1.2], [0.5, 0.5]), ([1, 0], [0.5, 0.5], [0.5, -0.1]),
     ([1, np.nan], [0.5, 0.5], [0.5, 0.5]), ([1, 0], [0.5], [0.5, 0.5])],
)  # fmt: skip
def test_what_is_no_propensity_is_refused(reward, logged, target):
    with pytest.raises(DataError):
        off_policy(reward, logged, target)


def test_half_a_model_is_refused():
    with pytest.raises(UsageError):
        off_policy([1.0], [0.5], [0.5], model_logged=[0.1])
