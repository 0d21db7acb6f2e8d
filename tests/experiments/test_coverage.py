import pytest

from skillfirst.experiments.coverage import gini


def test_exposure_is_equal_or_on_one_course():
    assert gini([1, 1, 1, 1], 4) == 0.0
    assert gini([2], 4) == 0.75
    assert gini([2, 0, 0, 0], 4) == 0.75
    assert gini([], 4) == 0.0


def test_between_the_two_it_is_half_the_mean_difference_over_the_mean():
    counts = [5, 1, 3]
    differences = [abs(a - b) for a in counts for b in counts]
    assert gini(counts, 3) == pytest.approx(sum(differences) / 9 / 2 / 3)
