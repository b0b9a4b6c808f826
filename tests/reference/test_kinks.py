"""Losses with kinks: solvers reach the optimum of the linear program, whatever the units."""

import numpy as np
import pytest
import scipy.sparse
from scipy.optimize import linprog
from sklearn.datasets import load_diabetes, make_classification
from sklearn.linear_model import QuantileRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import StandardScaler

from skopt_suite import LinearClassifier, LinearRegressor
from skopt_suite.losses import AbsoluteError, Hinge, TargetType
from skopt_suite.model_selection import FusedGridSearchCV
from skopt_suite.penalties import L1

X, NUMBERS = load_diabetes(return_X_y=True)
X = StandardScaler().fit_transform(X)
ROWS, CLASSES = make_classification(300, 10, flip_y=0.1, random_state=0)


def least_hinge(X, y):
    """The lowest mean hinge loss: a slack per row is minimised."""
    n_samples, n_features = X.shape
    signs = 2 * y - 1
    cost = np.r_[np.zeros(n_features + 1), np.full(n_samples, 1 / n_samples)]
    margins = np.c_[-signs[:, None] * X, -signs, -np.eye(n_samples)]
    bounds = [(None, None)] * (n_features + 1) + [(0, None)] * n_samples
    return linprog(cost, margins, -np.ones(n_samples), bounds=bounds).fun


@pytest.mark.parametrize("factor", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("scales", [0, 3])
@pytest.mark.parametrize("container", [np.asarray, scipy.sparse.csr_array])
def test_absolute_error(factor, scales, container):
    expected = np.abs(NUMBERS - QuantileRegressor(alpha=0).fit(X, NUMBERS).predict(X)).mean()
    fall = np.abs(NUMBERS - np.median(NUMBERS)).mean() - expected
    model = LinearRegressor(loss="absolute_error", penalty="none")
    model.fit(container(X * np.logspace(-scales, scales, 10)), factor * NUMBERS)
    assert model.stop_reason_ == "converged"
    assert model.loss_ / factor - expected == pytest.approx(0, abs=1.2e-4 * fall)
    assert model.loss_curve_[-1] == model.loss_
    assert len(model.loss_curve_) == model.n_iter_


@pytest.mark.parametrize("factor", [1e-3, 1.0, 1e3])
def test_hinge(factor):
    expected = least_hinge(ROWS, CLASSES)
    model = LinearClassifier(loss="hinge", penalty="none").fit(factor * ROWS, CLASSES)
    assert model.stop_reason_ == "converged"
    assert model.loss_ - expected == pytest.approx(0, abs=1.2e-4 * (1 - expected))


def test_kinks_on_both_sides():
    """L1 beside the absolute error is a linear program, too."""
    penalised = QuantileRegressor(alpha=0.5).fit(X, NUMBERS)  # of half the absolute error
    expected = np.abs(NUMBERS - penalised.predict(X)).mean() + np.abs(penalised.coef_).sum()
    model = LinearRegressor(loss="absolute_error", penalty=L1(1.0), max_iter=5000)
    model.fit(X, NUMBERS)
    assert model.optimizer_.name == "fista"
    assert model.loss_ == pytest.approx(expected, rel=2e-4)
    assert (model.coef_ == 0).sum() == (np.abs(penalised.coef_) < 1e-6).sum()


def test_a_stack_gives_what_single_fits_give():
    model = LinearClassifier(loss="hinge", max_iter=500)
    grid = {"penalty__alpha": [1e-3, 1e-2, 1e-1], "class_weight": [None, "balanced"]}
    fused = FusedGridSearchCV(model, grid, cv=3).fit(ROWS, CLASSES)
    plain = GridSearchCV(model, grid, cv=3).fit(ROWS, CLASSES)
    for key in ("mean_test_score", "std_test_score"):
        np.testing.assert_allclose(fused.cv_results_[key], plain.cv_results_[key], atol=1e-12)


def test_too_few_iterations_are_counted_over_all_widths():
    model = LinearClassifier(loss="hinge", max_iter=20)
    with pytest.warns(match="max_iter=20 iterations were not enough"):
        model.fit(ROWS, CLASSES)
    assert (model.n_iter_, model.stop_reason_) == (20, "max_iter")


@pytest.mark.parametrize("width", [0.01, 1.0])
@pytest.mark.parametrize(
    "loss, y", [(Hinge(), CLASSES[:, None].astype(float)), (AbsoluteError(), NUMBERS[:, None])]
)
def test_smoothed_losses_are_below_by_half_a_width_at_most(loss, y, width):
    raw = y[None] + np.linspace(-3, 3, len(y))[None, :, None]
    exact, smoothed = (
        each.on(TargetType(loss.kinds[-1], 1)).value_and_gradient(y, raw)[0]
        for each in (loss, loss.smoothed(width))
    )
    assert ((exact - smoothed) >= -1e-12).all()
    assert ((exact - smoothed) <= width / 2 + 1e-12).all()
