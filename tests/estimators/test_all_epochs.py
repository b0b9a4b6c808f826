"""Fits that are to run all epochs do."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_iris, make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Ridge

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.model_selection import FusedGridSearchCV

X, Y = load_iris(return_X_y=True)
FOREVER = [{"tol": None}, {"n_iter_no_change": np.inf}, {"n_iter_no_change": float("inf")}]
RULES = [
    LinearClassifier(optimizer="adam", random_state=0),
    LinearRegressor(optimizer="adam", random_state=0),
    MLPClassifier((4,), schedule="constant", random_state=0),
    MLPRegressor((4,), schedule="constant", random_state=0),
]


def made(estimator, **params):
    return type(estimator)(**{**estimator.get_params(deep=False), **params})


@pytest.mark.parametrize("estimator", RULES)
@pytest.mark.parametrize("forever", FOREVER)
def test_fits_run_all_epochs_without_a_warning(estimator, forever):
    short = made(estimator, max_iter=30, n_iter_no_change=2, tol=100.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        assert short.fit(X, Y).n_iter_ == 3
    fitted = made(short, **{"n_iter_no_change": 2, **forever}).fit(X, Y)
    assert fitted.n_iter_ == 30
    assert len(fitted.loss_curve_) == 30


def test_tol_none_is_the_fit_with_as_much_patience_as_epochs():
    forever = MLPClassifier((4,), tol=None, max_iter=15, random_state=0).fit(X, Y)
    patient = MLPClassifier((4,), tol=0, n_iter_no_change=16, max_iter=15, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        patient.fit(X, Y)
    np.testing.assert_array_equal(forever.coefs_[0], patient.coefs_[0])


def test_a_solver_ends_where_it_can_go_no_further():
    ridge = LinearRegressor(optimizer="lbfgs", tol=None, max_iter=5000, dtype="float64")
    ridge.set_params(penalty__alpha=0.1).fit(X, Y)
    assert ridge.n_iter_ < 500
    theirs = Ridge(alpha=0.1 * len(X), tol=1e-12).fit(X, Y)
    np.testing.assert_allclose(ridge.coef_, theirs.coef_, rtol=1e-6)


@pytest.mark.parametrize("optimizer", ["lbfgs", "gradient_descent", "fista"])
def test_a_solver_that_uses_up_its_iterations_does_not_warn(optimizer):
    clf = LinearClassifier(optimizer=optimizer, tol=None, max_iter=4).fit(X, Y)
    assert clf.n_iter_ == 4


def test_kinks_are_approached_until_rounding():
    plain = {"loss": "hinge", "max_iter": 2000, "dtype": "float64"}
    X, y = make_classification(n_samples=60, flip_y=0.1, random_state=0)
    exact, rough = (LinearClassifier(tol=tol, **plain).fit(X, y) for tol in (None, 1e-2))
    assert exact.loss_ <= rough.loss_


def test_the_best_epoch_is_kept_all_the_same():
    clf = MLPClassifier((4,), early_stopping=True, tol=None, max_iter=30, random_state=0)
    clf.set_params(scoring="accuracy").fit(X, Y, X_val=X[::3], y_val=Y[::3])
    assert clf.n_iter_ == 30
    assert clf.score(X[::3], Y[::3]) == pytest.approx(max(clf.validation_scores_))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_fits_of_a_search_end_each_in_its_own_way():
    grid = {"tol": [None, 100.0], "n_iter_no_change": [np.inf, 2], "optimizer": ["adam"]}
    network = MLPClassifier((4,), schedule="constant", max_iter=12, random_state=0)
    search = FusedGridSearchCV(network, grid, cv=2, refit=False).fit(X, Y)
    ends = {
        (params["tol"], params["n_iter_no_change"]): len(curves[0])
        for params, curves in zip(search.cv_results_["params"], search.loss_curves_, strict=True)
    }
    assert ends == {(None, np.inf): 12, (None, 2): 12, (100.0, np.inf): 12, (100.0, 2): 3}


@pytest.mark.parametrize(
    "wrong, text",
    [
        ({"n_iter_no_change": None}, "n_iter_no_change must be a whole number >= 1 or inf"),
        ({"n_iter_no_change": -np.inf}, "n_iter_no_change must be a whole number >= 1 or inf"),
        ({"n_iter_no_change": np.nan}, "n_iter_no_change must be a whole number >= 1 or inf"),
        ({"n_iter_no_change": 2.5}, "n_iter_no_change must be a whole number >= 1 or inf; got 2.5"),
        ({"tol": np.inf}, r"tol must be a number in \[0, inf\) or None; got inf"),
        ({"max_iter": np.inf}, "max_iter must be a whole number >= 1; got inf"),
    ],
)
def test_other_values_are_refused(wrong, text):
    with pytest.raises((TypeError, ValueError), match=text):
        LinearClassifier(**wrong).fit(X, Y)
