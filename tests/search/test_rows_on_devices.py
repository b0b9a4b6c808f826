"""Searches of rows on a device give what they give on the host, and models that stay there.

scikit-learn's own dispatch is off: it is asked for nothing on the device.
"""

import array_api_strict as xp
import numpy as np
import pytest
from sklearn.model_selection import GroupKFold, TimeSeriesSplit

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier
from skopt_suite.backends import to_numpy
from skopt_suite.model_selection import (
    FusedGridSearchCV,
    FusedHalvingGridSearchCV,
    fused_cross_val_score,
    fused_cross_validate,
)

from . import with_dispatch
from .problems import CLASSES, NUMBERS

ALPHAS = {"penalty__alpha": [1e-3, 1e-1]}
RATES = {"optimizer__learning_rate": [1e-3, 1e-2]}
LINEAR = LinearClassifier(optimizer="lbfgs", tol=1e-6, max_iter=200)
NETWORK = MLPClassifier((8,), max_iter=4, random_state=0, dtype="float64")


@pytest.fixture(autouse=True)
def no_silent_copies(monkeypatch):
    """Let arrays refuse to become NumPy's unless they are asked to move, as CuPy's do."""

    def refuse(*args, **params):
        raise TypeError("Implicit conversion to a NumPy array is not allowed.")

    for name in ("__array__", "__buffer__"):
        monkeypatch.setattr(type(xp.asarray(0)), name, refuse)


def on_device(*arrays):
    return tuple(xp.asarray(array) for array in arrays)


def fitted_on_both(search, data=CLASSES, **settings):
    search = {"cv": 3, "error_score": "raise"} | search
    make = lambda: FusedGridSearchCV(**search)  # noqa: E731
    given = {name: xp.asarray(value) for name, value in settings.items()}
    return make().fit(*data, **settings), make().fit(*on_device(*data), **given)


def assert_same(host, device, X):
    for name in host.cv_results_:
        if "test_" in name or "train_" in name:
            np.testing.assert_allclose(
                device.cv_results_[name], host.cv_results_[name], rtol=1e-6, err_msg=name
            )
    predicted = device.predict(xp.asarray(X))
    assert "array_api_strict" in type(predicted).__module__
    np.testing.assert_allclose(to_numpy(predicted), host.predict(X), rtol=1e-5)


SCORINGS = {
    "own": None,
    "metric": "accuracy",
    "no metric": "matthews_corrcoef",
    "several": {"a": "accuracy", "m": "matthews_corrcoef"},
    "callable": lambda model, X, y: model.predict_proba(X)[np.arange(len(y)), y].mean(),
}


@pytest.mark.parametrize("scoring", SCORINGS)
@pytest.mark.parametrize("model", [LINEAR, NETWORK], ids=["linear", "network"])
def test_searches(model, scoring):
    of_model = RATES if model is NETWORK else ALPHAS
    search = {"estimator": model, "param_grid": of_model, "scoring": SCORINGS[scoring]}
    refit = "a" if scoring == "several" else True
    host, device = fitted_on_both({**search, "refit": refit, "return_train_score": True})
    assert_same(host, device, CLASSES[0])
    expected = host.score(*CLASSES)
    assert device.score(*on_device(*CLASSES)) == pytest.approx(expected)
    assert device.score(*CLASSES) == pytest.approx(expected)


def test_weights():
    weight = np.random.default_rng(0).uniform(0.5, 2, len(CLASSES[1]))
    search = {"estimator": LINEAR, "param_grid": ALPHAS}
    host, device = fitted_on_both(search, sample_weight=weight)
    assert_same(host, device, CLASSES[0])


def test_candidates_that_are_trained_alone(capsys):
    search = {"estimator": LINEAR.set_params(verbose=0), "param_grid": {"verbose": [0, 1]}}
    for scoring in (None, "accuracy", ["accuracy"]):
        refit = "accuracy" if isinstance(scoring, list) else True
        host, device = fitted_on_both({**search, "scoring": scoring, "refit": refit})
        assert_same(host, device, CLASSES[0])


@pytest.mark.parametrize(
    "X, y", [(xp.asarray(CLASSES[0]), CLASSES[1]), (CLASSES[0], xp.asarray(CLASSES[1]))]
)
def test_rows_and_targets_on_two_sides(X, y):
    scores = fused_cross_val_score(LINEAR, X, y, cv=3)
    np.testing.assert_allclose(scores, fused_cross_val_score(LINEAR, *CLASSES, cv=3))


def test_splitters_see_groups_on_the_host():
    groups = np.arange(len(CLASSES[1])) % 4
    expected = fused_cross_val_score(LINEAR, *CLASSES, groups=groups, cv=GroupKFold(3))
    scores = fused_cross_val_score(
        LINEAR, *on_device(*CLASSES), groups=xp.asarray(groups), cv=GroupKFold(3)
    )
    np.testing.assert_allclose(scores, expected)


def test_cross_validation_returns_models_of_the_device():
    folds = fused_cross_validate(
        LinearRegressor(), *on_device(*NUMBERS), cv=TimeSeriesSplit(3), return_estimator=True
    )
    expected = fused_cross_validate(LinearRegressor(), *NUMBERS, cv=TimeSeriesSplit(3))
    np.testing.assert_allclose(folds["test_score"], expected["test_score"], rtol=1e-6)
    assert all("array_api_strict" in type(one.coef_).__module__ for one in folds["estimator"])


@pytest.mark.parametrize("resource", ["n_samples", "max_iter"])
def test_halving(resource):
    more = {"resource": resource, "factor": 2, "cv": 3, "random_state": 0}
    if resource == "max_iter":
        more |= {"max_resources": 4, "min_resources": 2}
    host = FusedHalvingGridSearchCV(NETWORK, RATES, **more).fit(*CLASSES)
    device = FusedHalvingGridSearchCV(NETWORK, RATES, **more).fit(*on_device(*CLASSES))
    assert_same(host, device, CLASSES[0])


def test_scikit_learns_own_searches_where_its_dispatch_is_on():
    with_dispatch.run("array_api_strict", "neg_log_loss", "matthews_corrcoef")
