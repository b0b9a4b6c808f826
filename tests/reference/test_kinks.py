"""Losses with kinks: solvers reach the optimum of the linear program, whatever the units."""

import numpy as np
import pytest
import scipy.sparse
from scipy.optimize import linprog
from sklearn.datasets import load_diabetes, make_classification
from sklearn.linear_model import QuantileRegressor
from sklearn.metrics import mean_pinball_loss
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import StandardScaler

from skopt_suite import LinearClassifier, LinearRegressor
from skopt_suite.losses import AbsoluteError, EpsilonInsensitive, Hinge, Quantile, TargetType
from skopt_suite.losses._smoothed import SmoothedEpsilonInsensitive
from skopt_suite.model_selection import FusedGridSearchCV
from skopt_suite.penalties import L1, L2

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
    model = LinearRegressor(loss="absolute_error", penalty="none", optimizer="lbfgs")
    model.fit(container(X * np.logspace(-scales, scales, 10)), factor * NUMBERS)
    assert model.stop_reason_ == "converged"
    assert model.loss_ / factor - expected == pytest.approx(0, abs=1.2e-4 * fall)
    assert model.loss_curve_[-1] == model.loss_
    assert len(model.loss_curve_) == model.n_iter_


@pytest.mark.parametrize("factor", [1e-3, 1.0, 1e3])
def test_hinge(factor):
    expected = least_hinge(ROWS, CLASSES)
    model = LinearClassifier(loss="hinge", penalty="none", optimizer="lbfgs")
    model.fit(factor * ROWS, CLASSES)
    assert model.stop_reason_ == "converged"
    assert model.loss_ - expected == pytest.approx(0, abs=1.2e-4 * (1 - expected))


def drawn(seed, n_samples=40, n_features=4):
    """Residuals of heavy tails and features of different scale."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, n_features)) * np.exp(rng.normal(size=n_features))
    y = X @ rng.normal(size=n_features) + rng.standard_t(3, size=n_samples)
    return X, y / y.std()


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("seed", range(6))
def test_the_optimum_of_few_rows(level, seed):
    """Where a step soon leaves the parabolas that a solver sees."""
    X, y = drawn(seed)

    def value(model):
        return mean_pinball_loss(y, model.fit(X, y).predict(X), alpha=level)

    expected = value(QuantileRegressor(quantile=level, alpha=0))
    ours = value(LinearRegressor(loss=Quantile(level), penalty="none", optimizer="lbfgs"))
    fall = mean_pinball_loss(y, np.full_like(y, np.quantile(y, level)), alpha=level) - expected
    assert ours - expected == pytest.approx(0, abs=1e-4 * fall)


@pytest.mark.parametrize(
    "estimator, loss, alpha",
    [
        (LinearRegressor, Quantile(0.1), 1e-3),
        (LinearRegressor, EpsilonInsensitive(0.1), 1e-3),
        (LinearClassifier, Hinge(), 1e-1),
    ],
    ids=repr,
)
def test_the_optimum_beside_l2(estimator, loss, alpha):
    X, y = drawn(8, 67, 22)
    y = y > 0 if estimator is LinearClassifier else y
    ours = estimator(loss=loss, penalty=L2(alpha), optimizer="lbfgs").fit(X, y)
    proven = estimator(loss=loss, penalty=L2(alpha), optimizer="interior_point", tol=1e-8)
    constant = estimator(loss=loss, penalty=L2(1e6)).fit(X, y)
    fall = constant.loss_ - ours.loss_
    assert ours.loss_ - proven.fit(X, y).loss_ < 1e-4 * fall


def test_what_is_not_known_to_be_an_envelope_takes_narrower_ones():
    class Rounded(SmoothedEpsilonInsensitive):
        is_envelope = False

    class Mine(AbsoluteError):
        def smoothed(self, width):
            return Rounded(0.0, width)

    mine, theirs = (
        LinearRegressor(loss=loss, penalty="none", optimizer="lbfgs").fit(X, NUMBERS)
        for loss in (Mine(), AbsoluteError())
    )
    assert mine.n_iter_ > theirs.n_iter_
    assert mine.loss_ == pytest.approx(theirs.loss_, rel=1e-4)


def test_kinks_on_both_sides():
    """L1 beside the absolute error is a linear program, too."""
    penalised = QuantileRegressor(alpha=0.5).fit(X, NUMBERS)  # of half the absolute error
    expected = np.abs(NUMBERS - penalised.predict(X)).mean() + np.abs(penalised.coef_).sum()
    model = LinearRegressor(
        loss="absolute_error", penalty=L1(1.0), optimizer="fista", max_iter=5000
    )
    model.fit(X, NUMBERS)
    assert model.loss_ == pytest.approx(expected, rel=2e-4)
    assert (model.coef_ == 0).sum() == (np.abs(penalised.coef_) < 1e-6).sum()


def test_a_stack_gives_what_single_fits_give():
    model = LinearClassifier(loss="hinge", optimizer="lbfgs", max_iter=500)
    grid = {"penalty__alpha": [1e-3, 1e-2, 1e-1], "class_weight": [None, "balanced"]}
    fused = FusedGridSearchCV(model, grid, cv=3).fit(ROWS, CLASSES)
    plain = GridSearchCV(model, grid, cv=3).fit(ROWS, CLASSES)
    for key in ("mean_test_score", "std_test_score"):
        np.testing.assert_allclose(fused.cv_results_[key], plain.cv_results_[key], atol=1e-12)


def test_too_few_iterations_are_counted_over_all_widths():
    model = LinearClassifier(loss="hinge", optimizer="lbfgs", max_iter=20)
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
