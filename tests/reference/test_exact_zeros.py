"""L1 gives the zeros of the optimum also where steps are noisy."""

import numpy as np
import pytest
from scipy.special import expit
from sklearn.base import clone
from sklearn.datasets import make_classification

from skopt_suite import LinearClassifier, LinearRegressor
from skopt_suite._separable import Separable
from skopt_suite.optimizers import FISTA, OPTIMIZERS, SGD, Adam, FirstOrder, GradientDescent, Lion
from skopt_suite.optimizers.first_order._owed import pay
from skopt_suite.optimizers.first_order._slopes import turn
from skopt_suite.penalties import L1, L2, MCP, SCAD, Box, ElasticNet, GroupLasso, Sum

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = make_classification(1000, 30, n_informative=5, n_redundant=0, shuffle=False, random_state=0)
ALPHA = 0.02
N_EPOCHS = {1: 15, 32: 100, 200: 300}
RATES = {
    "sgd": 0.1,
    "momentum": 0.01,
    "nesterov": 0.01,
    "adagrad": 0.3,
    "adadelta": 1.0,
    "rmsprop": 0.01,
    "adam": 0.01,
    "adamw": 0.01,
    "amsgrad": 0.03,
    "adamax": 0.03,
    "nadam": 0.03,
    "radam": 0.03,
    "prodigy": 1.0,
    "lion": 0.003,
}
# Where means of squares follow single rows, large gradients count for less than they should, with a
# penalty or without one.
LONG_MEANS = {"adadelta": {"rho": 0.999}, "rmsprop": {"rho": 0.999}}
RULES = [
    name
    for name in OPTIMIZERS
    if issubclass(OPTIMIZERS[name], FirstOrder)
    and OPTIMIZERS[name].takes_prox
    and not OPTIMIZERS[name].is_full_batch
]

# A sign is no mean: with its usual betas the noise of rare features moves its optimum a little.
LION = Lion(0.003, beta1=0.99, beta2=0.999)


def rates_of(name):
    """The rate that is known to suit a rule, or some of the range that it declares."""
    if name in RATES:
        return [RATES[name]]
    search = OPTIMIZERS[name].parameters["learning_rate"].search
    return np.geomspace(search.low, search.high, 4).tolist()


def objective(model, X, y, alpha):
    raw = X @ model.coef_.ravel() + model.intercept_
    return np.mean(np.logaddexp(0, raw) - y * raw) + alpha * np.abs(model.coef_).sum()


def n_zeros(model):
    return int((model.coef_ == 0).sum())


@pytest.fixture(scope="module")
def optimum():
    return LinearClassifier(optimizer=FISTA(), penalty=L1(ALPHA), tol=1e-9).fit(X, Y)


@pytest.mark.parametrize("batch_size", N_EPOCHS)
@pytest.mark.parametrize("name", RULES)
def test_every_rule_finds_the_zeros_of_the_optimum(name, batch_size, optimum):
    model = LinearClassifier(
        penalty=L1(ALPHA),
        schedule="cosine",
        batch_size=batch_size,
        max_iter=N_EPOCHS[batch_size],
        tol=0,
        n_iter_no_change=N_EPOCHS[batch_size],
        random_state=0,
    )
    numbers = LONG_MEANS.get(name, {})
    rules = [OPTIMIZERS[name](learning_rate=rate, **numbers) for rate in rates_of(name)]
    models = [clone(model).set_params(optimizer=rule).fit(X, Y) for rule in rules]
    value, best = min((objective(one, X, Y, ALPHA), i) for i, one in enumerate(models))
    assert n_zeros(optimum) == 25
    assert abs(n_zeros(models[best]) - 25) <= 1
    assert value - objective(optimum, X, Y, ALPHA) < 1e-3  # of 0.31


def test_zeros_need_no_schedule():
    model = LinearClassifier(optimizer=SGD(0.01), penalty=L1(ALPHA), batch_size=1, max_iter=15)
    assert abs(n_zeros(model.set_params(tol=0, random_state=0).fit(X, Y)) - 25) <= 1


@pytest.mark.parametrize("optimizer", [SGD(0.3), Adam(0.03), LION], ids=repr)
@pytest.mark.parametrize("shuffle", [True, False])
def test_features_that_are_rare_or_late_are_found(optimizer, shuffle):
    """The step size of Adam is huge where there is no gradient yet; no debt must remain of it."""
    rng = np.random.default_rng(0)
    rate = np.repeat([0.3, 0.03, 0.01], [10, 10, 40])
    X = (rng.random((1000, 60)) < rate).astype(float)
    coef = np.where(rng.random(60) < 0.3, 3 * rng.normal(size=60), 0)
    y = (X @ coef + rng.logistic(size=1000) > 0).astype(int)
    if not shuffle:  # what is rare comes last
        late = np.argsort(X[:, 10:].any(axis=1), kind="stable")
        X, y = X[late], y[late]
    best = LinearClassifier(optimizer=FISTA(), penalty=L1(0.003), tol=1e-9).fit(X, y)
    model = LinearClassifier(
        optimizer=optimizer, penalty=L1(0.003), schedule="cosine", batch_size=10, max_iter=100
    )
    model.set_params(shuffle=shuffle, tol=0, n_iter_no_change=100, random_state=0).fit(X, y)
    assert abs(n_zeros(model) - n_zeros(best)) <= 1
    assert objective(model, X, y, 0.003) < objective(best, X, y, 0.003) + 1e-3  # of 0.59


@pytest.mark.parametrize(
    "penalty",
    [L2(1e-3, positive=True), L1(0.05, positive=True), ElasticNet(0.05, positive=True)],
    ids=repr,
)
@pytest.mark.parametrize("rule, atol", [(SGD(0.008), 5e-3), (Lion(1e-3), 2e-2)], ids=repr)
def test_weights_that_must_not_be_negative_stay_at_zero(rule, atol, penalty):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 12))
    y = X @ np.repeat([1.0, 0.5, -0.5, 0.0], 3) + rng.normal(size=300)
    best = LinearRegressor(optimizer=FISTA(), penalty=penalty, tol=1e-10).fit(X, y)
    noisy = LinearRegressor(
        optimizer=rule, penalty=penalty, schedule="cosine", batch_size=1, max_iter=30
    )
    noisy.set_params(tol=0, random_state=0).fit(X, y)
    np.testing.assert_array_equal(noisy.coef_ == 0, best.coef_ == 0)
    np.testing.assert_allclose(noisy.coef_, best.coef_, atol=atol)


def regression():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 6))
    return X, X @ np.array([2, -2, 1.5, -1, 1, 2]) + rng.normal(size=50)


def test_with_exact_gradients_and_stable_signs_it_is_the_proximal_operator():
    X, y = regression()
    settings = {"penalty": L1(0.01), "max_iter": 30, "tol": 0, "batch_size": len(y)}
    ours = LinearRegressor(optimizer=SGD(0.05), **settings).fit(X, y)
    proximal = LinearRegressor(optimizer=GradientDescent(0.05), **settings).fit(X, y)
    assert n_zeros(ours) == 0
    np.testing.assert_allclose(ours.coef_, proximal.coef_, rtol=1e-10)


def test_with_exact_gradients_it_ends_at_the_optimum():
    X, y = regression()
    best = LinearRegressor(optimizer=FISTA(), penalty=L1(1.5), tol=1e-14).fit(X, y)
    ours = LinearRegressor(optimizer=SGD(0.2), penalty=L1(1.5), batch_size=len(y), max_iter=300)
    ours.set_params(tol=0, n_iter_no_change=300).fit(X, y)
    assert n_zeros(best) == n_zeros(ours) == 1
    np.testing.assert_allclose(ours.coef_, best.coef_, atol=1e-10)


def steps(n_steps=200, n_weights=8):
    rng = np.random.default_rng(0)
    drift = np.linspace(-0.4, 0.4, n_weights)
    gradients = drift + rng.normal(size=(n_steps, n_weights))
    return gradients, 0.1 / np.sqrt(1 + np.arange(n_steps))


def test_it_is_ftrl_proximal():
    """McMahan 2011, table 1, with the learning rates η_t of SGD: σ_t = 1/η_t - 1/η_{t-1}."""
    l1 = 0.2
    gradients, rates = steps()
    w, owed = np.zeros((1, 8)), np.zeros((1, 2, 8))
    z, expected, before = np.zeros(8), np.zeros(8), 0.0
    for t, (gradient, rate) in enumerate(zip(gradients, rates, strict=True), start=1):
        z += gradient - (1 / rate - before) * expected
        before = 1 / rate
        expected = -rate * np.sign(z) * np.clip(np.abs(z) - t * l1, 0, None)
        separable = Separable(np.array([[l1]]), None, is_positive=False)
        w, owed = pay(w - rate * gradient, owed, np.array([[rate]]), separable)
        np.testing.assert_allclose(w[0], expected, atol=1e-12)
    assert 0 < (w == 0).sum() < 8


def test_with_a_constant_step_size_it_is_the_cumulative_penalty():
    """Tsuruoka et al. 2009, figure 2."""
    l1, rate = 0.2, 0.05
    w, owed = np.full((1, 8), 0.1), np.zeros((1, 2, 8))
    expected, received = np.full(8, 0.1), np.zeros(8)
    for t, gradient in enumerate(steps()[0], start=1):
        half, u = expected - rate * gradient, t * rate * l1
        expected = np.where(
            half > 0, np.maximum(0, half - (u + received)), np.minimum(0, half + (u - received))
        )
        received += expected - half
        separable = Separable(np.array([[l1]]), None, is_positive=False)
        w, owed = pay(w - rate * gradient, owed, np.array([[rate]]), separable)
        np.testing.assert_allclose(w[0], expected, atol=1e-12)


def test_without_a_step_there_is_no_debt():
    separable = Separable(np.array([[0.2]]), None, is_positive=False)
    weights = np.array([[1.0, -1.0, 0.0]])
    after, owed = pay(weights.copy(), np.zeros((1, 2, 3)), np.zeros((1, 1)), separable)
    np.testing.assert_array_equal(after, weights)
    assert not owed.any()


def test_nan_comes_through():
    separable = Separable(np.array([[0.2]]), None, is_positive=False)
    weights = np.array([[1.0, np.nan]])
    after, _ = pay(weights, np.zeros((1, 2, 2)), np.full((1, 1), 0.1), separable)
    assert np.isnan(after).tolist() == [[False, True]]


def test_a_slope_turns_over_the_width_while_the_weight_is_zero():
    """With steps of 0.1 down from 0.15 the width is 0.05 of the way: 0.005 after the first."""
    separable = Separable(np.array([[0.2]]), None, is_positive=False)
    owed = np.zeros((1, 2, 1))
    (after,), owed = turn(np.array([[0.15]]), owed, np.array([[0.1]]), separable)
    np.testing.assert_allclose([after[0], *owed[0, :, 0]], [0.145, 1.0, 0.005])
    w, owed = turn(np.array([[-0.004]]), owed, np.array([[0.1]]), separable)
    np.testing.assert_allclose([w[0, 0], *owed[0, :, 0]], [0.0, 0.6, 0.01])
    assert w[0, 0] == 0
    (after,), owed = turn(w - 0.1, owed, np.array([[0.1]]), separable)
    np.testing.assert_allclose([after[0], *owed[0, :, 0]], [-0.1 + 0.015 * 1.6, -1.0, 0.015])


def test_without_strength_weights_cross_zero_freely():
    separable = Separable(np.array([[0.0]]), None, is_positive=False)
    weights = np.array([[1.0, -1e-3, 0.0]])
    after, owed = turn(weights.copy(), np.zeros((1, 2, 3)), np.array([[0.1]]), separable)
    np.testing.assert_array_equal(after, weights)
    assert not owed.any()


def test_nan_comes_through_slopes():
    separable = Separable(np.array([[0.2]]), None, is_positive=True)
    weights = np.array([[1.0, np.nan]])
    after, _ = turn(weights, np.zeros((1, 2, 2)), np.full((1, 1), 0.1), separable)
    assert np.isnan(after).tolist() == [[False, True]]


def test_lion_takes_no_proximal_operator_that_needs_a_step_size():
    class L0(L1):
        def prox(self, weights, step_size):
            return weights * (abs(weights) > (2 * self.alpha * step_size) ** 0.5)

    for penalty in (L0(0.1), GroupLasso(0.1)):
        model = LinearClassifier(optimizer="lion", penalty=penalty)
        text = "'lion' moves by the sign of the gradient.*; got " + type(penalty).__name__
        with pytest.raises(ValueError, match=text):
            model.fit(X, Y)


def trained_by_lion(penalty):
    model = LinearClassifier(optimizer=Lion(0.003), penalty=penalty, schedule="cosine")
    model.set_params(batch_size=32, max_iter=100, tol=0, n_iter_no_change=100, random_state=0)
    return model.fit(X, Y)


@pytest.mark.parametrize("penalty", [MCP(0.02), SCAD(0.02)], ids=repr)
def test_lion_takes_slopes_that_change(penalty):
    """It ends where the slope balances the gradient: one of several minima."""
    model = trained_by_lion(penalty)
    raw = X @ model.coef_.ravel() + model.intercept_
    gradient, is_zero = (expit(raw) - Y) @ X / len(X), model.coef_[0] == 0
    slope = penalty.linearised(model.coef_).l1[0] * np.sign(model.coef_[0])
    assert 15 < is_zero.sum() < 27
    assert (np.abs(gradient[is_zero]) < 0.02 + 1e-3).all()
    np.testing.assert_allclose(gradient[~is_zero], -slope[~is_zero], atol=4e-3)


def test_lion_takes_projections():
    penalty = Sum(L2(0.01), Box(-0.1, 0.1))
    best = LinearClassifier(optimizer=FISTA(), penalty=penalty, tol=1e-9).fit(X, Y)
    np.testing.assert_allclose(trained_by_lion(penalty).coef_, best.coef_, atol=0.02)


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_what_is_left_owes_nothing_however_short_the_step(sign):
    """A difference of weights in single precision does not know what short steps owe."""
    weights, owed = sign * np.float32([[1.0, 0.7, 0.3]]), np.zeros((1, 2, 3), np.float32)
    short, l1 = np.full((1, 1), 1e-6), np.full((1, 1), 0.3)
    for n_steps in (1, 2, 3):
        weights, owed = pay(weights, owed, short, Separable(l1, None, is_positive=False))
        of_sign, of_other = owed[0] if sign > 0 else owed[0, ::-1]
        np.testing.assert_array_equal(of_sign, 0)
        np.testing.assert_allclose(of_other, 0.6 * n_steps, rtol=1e-6)
