"""The bound on the Hessian of linear models, and what L-BFGS makes of it."""

import dataclasses

import numpy as np
import pytest
import scipy.sparse
from scipy.optimize import minimize
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, make_classification
from sklearn.linear_model import LogisticRegression

from skopt_suite import LinearClassifier, LinearRegressor
from skopt_suite.losses import Huber, LogLoss, SquaredError, SquaredHinge, TargetType
from skopt_suite.models import Network
from skopt_suite.optimizers.algebra._spectrum import spectrum
from skopt_suite.penalties import L2, NoPenalty
from skopt_suite.testing._common import stacked
from skopt_suite.training import _rows
from skopt_suite.training._objective import Objective, Terms
from skopt_suite.training._rows import InMemory, Weights

N_SAMPLES, N_FEATURES, N_OUTPUTS = 40, 4, 3
CLASSES = TargetType("classes", N_OUTPUTS)


class Undeclared(LogLoss):
    """The same loss for L-BFGS without the bound."""

    def curvature(self):
        return None


def objective(loss, alphas, *, output_bias=True, weight=None, y=None, X=None):
    rng = np.random.default_rng(0)
    if X is None:
        X = rng.normal(size=(N_SAMPLES, N_FEATURES)) + [1.0, -2.0, 0.0, 5.0]
    if y is None:
        y = rng.integers(0, N_OUTPUTS, (N_SAMPLES, 1))
    kind = loss.kinds[0] if y.dtype.kind == "i" else loss.kinds[-1]
    n_outputs = N_OUTPUTS if kind == "classes" else y.shape[1]
    loss = loss.on(TargetType(kind, n_outputs))
    network = Network((X.shape[1], n_outputs), output_bias=output_bias)
    penalty = stacked([L2(alpha) for alpha in alphas])
    loss = stacked([loss] * len(alphas), ndim=3)
    return Terms(network, loss, penalty).on_all(InMemory(X, y), Weights(weight))


def explicit(problem, share, alpha, weight):
    """The bound as a matrix, for the parameters of one fit in their order."""
    data = problem.data
    X, n = data.rows.X, len(data.rows.X)
    columns = np.hstack([X, np.ones((n, 1))]) if problem.data.network.output_bias else X
    weight = np.ones(n) if weight is None else weight
    moment = share * data.loss.curvature() * (columns.T * weight) @ columns / n
    moment[: X.shape[1], : X.shape[1]] += alpha * np.eye(X.shape[1])
    return np.kron(moment, np.eye(problem.data.network.sizes[-1]))


@pytest.mark.parametrize("output_bias", [True, False])
@pytest.mark.parametrize("weighted", ["no", "shared", "of each fit"])
@pytest.mark.parametrize("loss", [LogLoss(), SquaredHinge(), SquaredError()], ids=repr)
def test_solve_is_the_inverse_of_the_bound(loss, weighted, output_bias):
    rng = np.random.default_rng(1)
    alphas, shares = [0.0, 1e-6, 1.0], np.array([[1.0], [0.3], [0.01]])
    n_weights = {"no": 0, "shared": 1, "of each fit": 3}[weighted]
    weight = rng.uniform(0, 2, (n_weights, N_SAMPLES)) if n_weights else None
    if n_weights:
        weight /= weight.mean(axis=1, keepdims=True)
    y = rng.normal(size=(N_SAMPLES, 2)) if loss.name == "squared_error" else None
    problem = objective(loss, alphas, output_bias=output_bias, weight=weight, y=y)
    gradient = rng.normal(size=(3, problem.data.network.n_params))
    solved = problem.curvature().solve(gradient, shares)
    taken = problem.take(np.array([2, 0]))
    again = taken.curvature().solve(gradient[[2, 0]], shares[[2, 0]])
    np.testing.assert_allclose(again, solved[[2, 0]], rtol=1e-12)
    for k, alpha in enumerate(alphas):
        own_weight = None if weight is None else weight[k if n_weights == 3 else 0]
        bound = explicit(problem, shares[k], alpha, own_weight)
        np.testing.assert_allclose(bound @ solved[k], gradient[k], rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("output_bias", [True, False])
@pytest.mark.parametrize("loss", [LogLoss(), SquaredHinge(), Huber(0.5)], ids=repr)
def test_the_bound_is_one(loss, output_bias):
    """No Hessian, from differences of gradients, is larger than the bound in any direction."""
    rng = np.random.default_rng(2)
    y = rng.normal(size=(N_SAMPLES, 2)) if loss.name == "huber" else None
    problem = objective(loss, [0.1] * 20, output_bias=output_bias, y=y)
    n_params = problem.data.network.n_params
    params, direction = rng.normal(scale=0.3, size=(2, 20, n_params))
    matrix = explicit(problem, 1.0, 0.1, None)
    _, above = problem.value_and_gradient(params + 1e-6 * direction)
    _, below = problem.value_and_gradient(params - 1e-6 * direction)
    curvature = np.vecdot(direction, above - below) / 2e-6
    bound = np.vecdot(direction, direction @ matrix)
    assert (curvature <= bound * (1 + 1e-6)).all()
    share = problem.curvature().share(2e-6 * direction, above - below)
    assert ((share >= 0) & (share <= 1)).all()
    assert (share > 0).mean() > 0.5  # Huber's loss is flat where it is linear


def test_the_share_of_a_quadratic_loss_is_1():
    rng = np.random.default_rng(3)
    problem = objective(SquaredError(), [0.0, 0.1, 10.0], y=rng.normal(size=(N_SAMPLES, 2)))
    start, end = rng.normal(size=(2, 3, problem.data.network.n_params))
    change = problem.value_and_gradient(end)[1] - problem.value_and_gradient(start)[1]
    np.testing.assert_allclose(problem.curvature().share(end - start, change), 1.0, rtol=1e-9)


def test_directions_without_curvature_are_not_left():
    X = np.random.default_rng(4).normal(size=(N_SAMPLES, 2)) @ np.array([[1.0, 0, 1], [0, 1, 1]])
    problem = objective(LogLoss(), [0.0, 0.5], X=X)
    along_data = problem.value_and_gradient(np.zeros((2, problem.data.network.n_params)))[1]
    null = np.append(np.zeros((3, 3)) + np.array([[1.0], [1.0], [-1.0]]), np.zeros(3))
    solved = problem.curvature().solve(along_data)
    np.testing.assert_allclose(solved @ null, 0.0, atol=1e-2)  # only rounding goes there
    penalised = problem.curvature().solve(along_data + null)[1]
    np.testing.assert_allclose(penalised @ null, null @ null / 0.5, rtol=1e-12)


class Curved(L2):
    def gradient(self, weights):
        return super().gradient(weights)


@pytest.mark.parametrize(
    "changes, X, is_bound, has_basis",
    [
        ({"loss": stacked([Undeclared().on(CLASSES)], ndim=3)}, None, False, True),
        ({"penalty": stacked([Curved(1e-4)])}, None, False, True),
        ({}, np.ones((3000, 1001)), False, False),  # more features than are worth it
        ({}, np.ones((110, 120)), False, False),
        ({}, np.ones((2, 12)), True, True),  # directions that no row has are far cheaper
        ({}, scipy.sparse.csr_array(np.eye(40, 4)), False, False),
    ],
    ids=["loss", "penalty", "many features", "square", "wide", "sparse"],
)
def test_what_is_known(changes, X, is_bound, has_basis):
    data = objective(LogLoss(), [0.1]).data
    X = data.rows.X if X is None else X
    terms = Terms(Network((X.shape[1], 3)), data.loss, stacked([L2(0.1)]))
    terms = dataclasses.replace(terms, **changes)
    curvature = terms.on_all(InMemory(X, np.arange(X.shape[0])[:, None] % 3), Weights()).curvature()
    assert curvature.is_bound == is_bound
    assert (curvature.basis is not None) == has_basis


def test_networks_have_no_bound():
    data = objective(LogLoss(), [0.1]).data
    network = Network((N_FEATURES, 5, 3), ("relu",))
    terms = Terms(network, data.loss, stacked([L2(0.1)]))
    assert terms.on_all(InMemory(data.rows.X, data.rows.y), Weights()).curvature() is None


def test_what_is_known_of_rows_is_found_once(monkeypatch):
    """For all stacks on a source that have the same weights; per fit it is found every time."""
    calls = []
    monkeypatch.setattr(_rows, "spectrum", lambda *args: calls.append(args) or spectrum(*args))
    data = objective(LogLoss(), [0.1]).data
    source, weight = InMemory(data.rows.X, data.rows.y), np.ones((1, N_SAMPLES))
    terms = Terms(data.network, data.loss, stacked([L2(0.1)]))
    stacks = [Weights(), Weights(), Weights(weight, "a"), Weights(weight, "a"), Weights(weight)]
    for n_calls, weights in zip((1, 1, 2, 2, 3), stacks, strict=True):
        problem = terms.on_all(source, weights)
        assert problem.curvature() is problem.curvature() is not None
        assert len(calls) == n_calls


def standardised(X):
    X = X - X.mean(axis=0)
    return X / np.where(X.std(axis=0) > 0, X.std(axis=0), 1)


NOISY = make_classification(2000, 40, n_informative=30, flip_y=0.1, random_state=0)
DATA = {
    "binary": NOISY,
    "multinomial": make_classification(
        2000, 40, n_informative=30, flip_y=0.1, n_classes=3, random_state=0
    ),
    "not scaled": (NOISY[0] * np.logspace(-1, 2, 40) + 10, NOISY[1]),
}


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("alpha", [1e-6, 1e-4, 1e-2, 1.0])
@pytest.mark.filterwarnings("ignore:.*'lbfgs' stopped while:sklearn.exceptions.ConvergenceWarning")
def test_the_optimum_is_the_same_in_fewer_iterations(name, alpha, monkeypatch):
    X, y = DATA[name]
    options = {"penalty": L2(alpha), "tol": 1e-10, "max_iter": 300}
    bounded = LinearClassifier(**options).fit(X, y)
    with monkeypatch.context() as context:
        context.setattr(Objective, "curvature", lambda self: None)
        plain = LinearClassifier(**options).fit(X, y)
    theirs = _newton(X, y, alpha)
    assert bounded.stop_reason_ == "converged"
    np.testing.assert_allclose(bounded.loss_, _objective(theirs, X, y, alpha), rtol=1e-8)
    np.testing.assert_allclose(bounded.predict_proba(X), theirs.predict_proba(X), atol=1e-5)
    assert bounded.n_iter_ < 0.8 * plain.n_iter_
    if name == "not scaled" or alpha < 1e-2:
        assert 3 * bounded.n_iter_ < plain.n_iter_


@pytest.mark.parametrize("alpha", [1e-4, 1e-2, 1.0])
@pytest.mark.parametrize("load", [load_iris, load_breast_cancer, load_digits])
def test_separable_classes(load, alpha):
    """The worst case: the curvature at the optimum is far below the bound, and uneven."""
    X, y = load(return_X_y=True)
    X = standardised(X)
    ours = LinearClassifier(penalty=L2(alpha), tol=1e-6, max_iter=200).fit(X, y)
    best = _objective(_newton(X, y, alpha), X, y, alpha)
    np.testing.assert_allclose(ours.loss_, best, atol=1e-4)


def _newton(X, y, alpha):
    options = {"solver": "newton-cholesky", "tol": 1e-9, "max_iter": 500}
    return LogisticRegression(C=1 / (alpha * len(X)), **options).fit(X, y)


def _objective(model, X, y, alpha):
    losses = -model.predict_log_proba(X)[np.arange(len(y)), y]
    return losses.mean() + alpha / 2 * (model.coef_**2).sum()


def test_ridge_takes_one_step():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(100, 6)) * np.logspace(-2, 2, 6) + 3
    y = X @ rng.normal(size=6) + rng.normal(size=100)
    for penalty in (NoPenalty(), L2(1e-6), L2(1.0)):
        fitted = LinearRegressor(penalty=penalty, optimizer="lbfgs", tol=1e-6).fit(X, y)
        closed = LinearRegressor(penalty=penalty, optimizer="closed_form").fit(X, y)
        assert fitted.n_iter_ <= 2
        np.testing.assert_allclose(fitted.coef_, closed.coef_, rtol=1e-6)


@pytest.mark.parametrize("delta", [0.1, 1.35])
def test_huber_against_scipy(delta):
    rng = np.random.default_rng(6)
    X = rng.normal(size=(200, 5)) * [1, 10, 100, 0.1, 1]
    y = X @ [1.0, -0.2, 0.01, 3.0, 0.0] + rng.standard_t(2, size=200)
    ours = LinearRegressor(loss=Huber(delta), penalty=L2(1e-3), tol=1e-9).fit(X, y)

    def value(params):
        r = np.abs(X @ params[:5] + params[5] - y)
        losses = np.where(r <= delta, r**2 / 2, delta * (r - delta / 2))
        return losses.mean() + 5e-4 * params[:5] @ params[:5]

    found = np.append(ours.coef_, ours.intercept_)
    best = minimize(value, found, method="BFGS", options={"gtol": 1e-10})
    np.testing.assert_allclose(value(found), best.fun, rtol=1e-12)
    assert ours.n_iter_ < 60


@pytest.mark.filterwarnings("ignore:.*stopped while the objective")
def test_columns_of_zeros_do_not_amplify_rounding():
    X, y = load_digits(return_X_y=True)
    X, y = X[:300] / 16, y[:300]
    assert (X == 0).all(axis=0).any()
    order = np.random.default_rng(0).permutation(len(X))
    model = LinearClassifier(optimizer="lbfgs", dtype="float64", max_iter=5)
    expected = model.fit(X, y).loss_curve_
    np.testing.assert_allclose(model.fit(X[order], y[order]).loss_curve_, expected, rtol=1e-10)


def test_a_warm_start_away_from_the_data():
    """Weights in directions that the data do not know, and along all classes, are shrunk."""
    X, y = load_iris(return_X_y=True)
    X = np.hstack([X, X[:, :1] + X[:, 1:2]])
    model = LinearClassifier(penalty=L2(0.1), tol=1e-10, warm_start=True).fit(X, y)
    optimum = model.coef_.copy()
    model.coef_ = model.coef_ + np.array([1.0, 1.0, 0, 0, -1.0]) + 2.0
    model.fit(X, y)
    np.testing.assert_allclose(model.coef_, optimum, atol=1e-6)
