"""Where memory runs out: searches go on with smaller passes, and fits say what would take less."""

import re
import warnings

import numpy as np
import pytest
from sklearn.exceptions import FitFailedWarning

import skopt_suite.estimators._base as fits
import skopt_suite.model_selection._engine.members as members
import skopt_suite.model_selection._engine.passes as passes
import skopt_suite.model_selection._engine.scoring as scoring
from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier
from skopt_suite.ensemble import FusedBaggingClassifier
from skopt_suite.model_selection import FusedGridSearchCV

from .problems import CLASSES, NUMBERS

RATES = {"optimizer__learning_rate": np.logspace(-4, -1, 9).tolist()}
NETWORK = MLPClassifier((8,), max_iter=3, random_state=0)
MESSAGE = "Out of memory allocating 9,000,000,000 bytes (allocated so far: 5 bytes)."


class OutOfMemoryError(MemoryError):
    """As CuPy has it."""


def limited(function, most, sizes, position=0):
    """The function, for which there is memory if so many things are given to it."""

    def call(*args, **params):
        sizes.append(len(args[position]))
        if sizes[-1] > most:
            raise OutOfMemoryError(MESSAGE)
        return function(*args, **params)

    return call


@pytest.fixture
def train_at_most(monkeypatch):
    """Let memory run out where more than some fits are trained at once."""

    def limit(most, *modules):
        sizes = []
        for module in modules or [passes]:
            monkeypatch.setattr(module, "train", limited(module.train, most, sizes))
        return sizes

    return limit


def test_passes_are_halved_with_one_warning_and_stay_so(train_at_most):
    expected = FusedGridSearchCV(NETWORK, RATES, cv=3).fit(*CLASSES).cv_results_
    sizes = train_at_most(3)
    search = FusedGridSearchCV(NETWORK, RATES, cv=3, error_score="raise")
    with pytest.warns(RuntimeWarning) as caught:
        search.fit(*CLASSES)
    (warning,) = (one for one in caught if one.category is RuntimeWarning)
    text = str(warning.message)
    assert text.startswith("Memory ran out in a pass of 9 fits, which now has at most 5: Out of")
    assert "9,000,000,000 bytes" in text
    assert "max_memory" in text
    np.testing.assert_allclose(search.cv_results_["mean_test_score"], expected["mean_test_score"])
    assert sizes == [9, 5, 3, 2, 3, 1, *[3] * 6]


def test_a_single_fit_that_is_too_large_fails_and_says_what_would_take_less(train_at_most):
    train_at_most(0)
    with pytest.warns(RuntimeWarning), pytest.raises(ValueError, match="All the 6 fits failed"):
        FusedGridSearchCV(NETWORK, {"penalty__alpha": [0.1, 0.2]}, cv=3, refit=False).fit(*CLASSES)


def test_other_candidates_go_on_where_one_is_too_large(monkeypatch):
    def train(jobs, *args, original=passes.train, **params):
        if jobs[0].network.sizes[1] > 100:
            raise OutOfMemoryError(MESSAGE)
        return original(jobs, *args, **params)

    monkeypatch.setattr(passes, "train", train)
    search = FusedGridSearchCV(NETWORK, {"hidden_layer_sizes": [(8,), (200,)]}, cv=3)
    not_finite = pytest.warns(UserWarning, match="test scores are non-finite")
    with (
        not_finite,
        pytest.warns(FitFailedWarning, match="memory ran out in the fit"),
    ):
        search.fit(*CLASSES)
    assert np.isnan(search.cv_results_["mean_test_score"]).tolist() == [False, True]


def test_predictions_that_are_scored_are_fewer_at_once(monkeypatch):
    expected = FusedGridSearchCV(NETWORK, RATES, cv=3).fit(*CLASSES).cv_results_
    sizes = []
    limit = limited(scoring.raw_predictions, 2, sizes, position=1)
    monkeypatch.setattr(scoring, "raw_predictions", limit)
    search = FusedGridSearchCV(NETWORK, RATES, cv=3)
    with pytest.warns(RuntimeWarning, match="Memory ran out"):
        search.fit(*CLASSES)
    np.testing.assert_allclose(search.cv_results_["mean_test_score"], expected["mean_test_score"])


def test_ensembles_go_on_with_fewer_members_at_once(train_at_most):
    make = lambda: FusedBaggingClassifier(NETWORK, n_estimators=5, random_state=0)  # noqa: E731
    expected = make().fit(*CLASSES).predict_proba(CLASSES[0])
    sizes = train_at_most(2, members)
    with pytest.warns(RuntimeWarning, match="a pass of 5 fits, which now has at most 3"):
        bagging = make().fit(*CLASSES)
    np.testing.assert_allclose(bagging.predict_proba(CLASSES[0]), expected)
    assert sizes == [5, 3, 2, 1, 2]


ADVICE = [
    (NETWORK, CLASSES, ["batch_size to a smaller one than 'auto'", "dtype to 'float64'"], [1]),
    (MLPClassifier(dtype="float32", batch_size=64), CLASSES, ["smaller one than 64", "dtype"], [1]),
    (LinearRegressor(), NUMBERS, ["optimizer to one that takes minibatches", "batch_size"], [1]),
    (LinearClassifier(backend="numpy"), CLASSES, ["dtype to 'float32'", "backend to"], [1]),
]


@pytest.mark.parametrize("model, data, words, absent", ADVICE)
def test_a_fit_says_what_was_asked_for_and_what_would_take_less(
    train_at_most, model, data, words, absent
):
    train_at_most(0, fits)
    with pytest.raises(MemoryError) as caught:
        model.fit(*data)
    text = str(caught.value)
    assert text.startswith(f"{type(model).__name__}: memory ran out in the fit: {MESSAGE[:-1]}.")
    for k, word in enumerate(words):
        assert (word in text) == (k not in absent), text
    assert not hasattr(model, "n_features_in_")


def test_predictions_say_so_too(monkeypatch):
    model = LinearRegressor().fit(*NUMBERS)

    def raise_error(*args):
        raise OutOfMemoryError(MESSAGE)

    monkeypatch.setattr(fits, "raw_predictions", raise_error)
    words = re.escape(f"memory ran out in predictions for {len(NUMBERS[1])} samples: {MESSAGE}")
    with pytest.raises(MemoryError, match=f"{words} Predict for fewer samples at once"):
        model.predict(NUMBERS[0])


def test_no_warning_where_memory_is_enough():
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        FusedGridSearchCV(NETWORK, RATES, cv=3).fit(*CLASSES)
