"""LightGBM's library, asked directly, says what its Python package says."""

import numpy as np
import pytest

from skillfirst.errors import RunError
from skillfirst.skills.tagging import boosting

lightgbm = pytest.importorskip("lightgbm")

SETTINGS = {
    "objective": "binary", "num_iterations": 12, "num_leaves": 7, "bagging_fraction": 0.8, "bagging_freq": 1,
    "verbose": -1, "num_threads": 1, "seed": 3, "deterministic": True,
}  # fmt: skip


def lessons(n=800):
    rng = np.random.default_rng(1)
    features = rng.normal(size=(n, 4)).astype(np.float32)
    return features, features[:, 1] + 0.3 * rng.normal(size=n) > 0.5


@pytest.mark.parametrize("weighted", [True, False])
def test_the_same_model_and_the_same_answers(weighted):
    features, truth = lessons()
    weights = np.where(truth, 1.0, 2.5 if weighted else 1.0)
    text = boosting.train(features, truth, weights, SETTINGS)
    data = lightgbm.Dataset(features, truth.astype(np.float64), weight=weights)
    theirs = lightgbm.train({**SETTINGS, "force_col_wise": True}, data)
    by_column = boosting.train(features, truth, weights, {**SETTINGS, "force_col_wise": True})
    assert by_column == theirs.model_to_string()
    assert text.split("end of trees")[0] == by_column.split("end of trees")[0]
    assert np.array_equal(boosting.predict(text, features), theirs.predict(features))
    raised = boosting.predict(text, features[:50], contributions=True)
    assert np.array_equal(raised, theirs.predict(features[:50], pred_contrib=True))


def test_rows_that_are_not_side_by_side_in_memory():
    features, truth = lessons()
    model = boosting.train(features, truth, np.ones(len(truth)), SETTINGS)
    assert np.array_equal(boosting.predict(model, features[::2]), boosting.predict(model, features)[::2])


def test_a_large_model_is_read_in_full():
    features, truth = lessons(4_000)
    many = {**SETTINGS, "num_iterations": 400, "num_leaves": 63, "min_data_in_leaf": 2}
    text = boosting.train(features, truth, np.ones(len(truth)), many)
    assert len(text) > 1 << 20
    assert text.count("Tree=") == 400
    assert lightgbm.Booster(model_str=text).num_trees() == 400


def test_what_the_library_refuses_is_our_error(capfd):
    features, truth = lessons(60)
    with pytest.raises(RunError, match="LightGBM"):
        boosting.train(features, truth, np.ones(60), {**SETTINGS, "num_leaves": 1})
    with pytest.raises(RunError, match="LightGBM"):
        boosting.predict("not a model", features)
    capfd.readouterr()


def test_it_says_nothing(capfd):
    features, truth = lessons()
    boosting.predict(boosting.train(features, truth, np.ones(len(truth)), SETTINGS), features)
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "")
