"""Objectives are as low as points of the dual problems, found by other means, say they can be."""

import numpy as np
import pytest
from scipy.optimize import linprog
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.preprocessing import scale
from sklearn.svm import SVC

from skopt_suite import LinearClassifier, LinearRegressor
from skopt_suite.losses import Quantile
from skopt_suite.penalties import L1, L2, MCP, ElasticNet

NUMBERS = scale(load_diabetes().data), scale(load_diabetes().target)
CLASSES = scale(load_breast_cancer().data), load_breast_cancer().target
WIDE = np.random.default_rng(0).normal(size=(60, 150)), NUMBERS[1][:60]


def lasso_gap(model, X, y, alpha):
    X, y = X - X.mean(axis=0), y - y.mean()
    left, n = y - X @ model.coef_, len(y)
    dual = left / n * min(1.0, alpha / np.abs(X.T @ left / n).max())
    primal = (left**2).mean() / 2 + alpha * np.abs(model.coef_).sum()
    return primal - (dual @ y - n / 2 * dual @ dual)


def logistic_gap(model, X, y, alpha):
    """The dual point has sums of 0, as there is an intercept, and is small enough for L1."""
    sign, margin = 2 * y - 1, (2 * y - 1) * model.decision_function(X)
    share = 1 / (1 + np.exp(margin))
    per_class = [share[sign == one].sum() for one in (1, -1)]
    share *= np.where(sign == 1, *(min(per_class) / total for total in per_class))
    share *= min(1.0, alpha / np.abs(X.T @ (sign * share) / len(y)).max())
    entropy = -(share * np.log(share) + (1 - share) * np.log1p(-share))
    primal = np.logaddexp(0, -margin).mean() + alpha * np.abs(model.coef_).sum()
    return primal - entropy.mean()


@pytest.mark.parametrize("X, y", [NUMBERS, WIDE], ids=["tall", "wide"])
def test_lasso(X, y):
    model = LinearRegressor(penalty=L1(0.05), tol=1e-10).fit(X, y)
    gap = lasso_gap(model, X, y, 0.05)
    assert -1e-14 <= gap <= 1e-8
    assert gap - 1e-14 <= model.dual_gap_ <= 1e-8


def test_l1_logistic():
    X, y = CLASSES
    model = LinearClassifier(penalty=L1(0.01), tol=1e-9).fit(X, y)
    gap = logistic_gap(model, X, y, 0.01)
    assert -1e-14 <= gap <= 1e-8
    assert 0 < model.dual_gap_ <= 1e-8


def test_the_gap_bounds_how_much_the_objective_falls():
    X, y = WIDE
    rough = LinearRegressor(penalty=L1(0.02), tol=0.1).fit(X, y)
    fine = LinearRegressor(penalty=L1(0.02), tol=1e-12).fit(X, y)
    assert 0 < rough.loss_ - fine.loss_ <= rough.dual_gap_ <= 0.1 * rough.loss_


def test_quantile():
    X, y = NUMBERS
    model = LinearRegressor(loss=Quantile(0.8), penalty=L1(0.02)).fit(X, y)
    left, n = y - model.predict(X), len(y)
    primal = np.maximum(0.8 * left, -0.2 * left).mean() + 0.02 * np.abs(model.coef_).sum()
    dual = linprog(
        -y,
        A_ub=np.vstack([X.T, -X.T]),
        b_ub=np.full(2 * X.shape[1], 0.02),
        A_eq=np.ones((1, n)),
        b_eq=[0.0],
        bounds=(-0.2 / n, 0.8 / n),
    )
    assert primal + dual.fun <= 1e-4 * primal
    assert model.dual_gap_ <= 1e-4 * primal


def test_hinge():
    X, y = CLASSES
    n, alpha, sign = len(y), 0.01, 2 * y - 1
    model = LinearClassifier(loss="hinge", penalty=L2(alpha)).fit(X, y)
    machine = SVC(kernel="linear", C=1 / (alpha * n), tol=1e-6).fit(X, y)
    dual = np.zeros(n)
    dual[machine.support_] = alpha * machine.dual_coef_[0]
    assert abs(dual.sum()) < 1e-12
    lower = np.abs(dual).sum() - (dual @ X) @ (dual @ X) / (2 * alpha)
    margin = sign * model.decision_function(X)
    primal = np.maximum(0, 1 - margin).mean() + alpha / 2 * (model.coef_**2).sum()
    assert primal - lower <= 1e-4 * primal
    assert 0 < model.dual_gap_ <= 1e-4 * primal


def test_every_target_has_its_own():
    X, y = NUMBERS
    both = LinearRegressor(penalty=L1(0.05), tol=1e-3).fit(X, np.column_stack([y, X[:, 0]]))
    assert both.dual_gap_.shape == (2,)
    assert (both.dual_gap_ < 1e-3).all()


@pytest.mark.parametrize(
    "model",
    [
        LinearRegressor(),
        LinearRegressor(penalty=MCP(0.1)),
        LinearRegressor(penalty="l1", optimizer="fista"),
        LinearRegressor(penalty="l1", early_stopping=True),
    ],
    ids=["lbfgs", "not convex", "fista", "not the last parameters"],
)
def test_is_unknown_elsewhere(model):
    assert model.fit(*NUMBERS).dual_gap_ is None


def test_elastic_net_without_squares_is_the_lasso():
    X, y = WIDE
    models = [LinearRegressor(penalty=one) for one in (L1(0.05), ElasticNet(0.05, l1_ratio=1.0))]
    gaps = [model.fit(X, y).dual_gap_ for model in models]
    assert gaps[0] == pytest.approx(gaps[1])
