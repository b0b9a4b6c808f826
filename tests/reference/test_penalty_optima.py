"""With every penalty, FISTA ends where the conditions of optimality, or of stationarity, hold."""

import numpy as np
import pytest
from scipy.optimize import lsq_linear, minimize
from sklearn.base import clone, is_classifier
from sklearn.linear_model import Lasso, MultiTaskLasso

from skopt_suite import LinearClassifier, LinearRegressor
from skopt_suite._target_type import TargetType
from skopt_suite.losses import CLASSIFICATION_LOSSES, REGRESSION_LOSSES
from skopt_suite.optimizers import FISTA, Adam
from skopt_suite.penalties import (
    L1,
    L2,
    MCP,
    SCAD,
    Box,
    GroupLasso,
    MaxNorm,
    SparseGroupLasso,
    Sum,
    WeightedL1,
)

LABELS = np.repeat(np.arange(6), [1, 2, 3, 4, 1, 1])
N_FEATURES = len(LABELS)
MEMBERS = [np.flatnonzero(label == LABELS) for label in range(6)]
SOLVED = {"optimizer": FISTA(), "tol": 1e-10, "max_iter": 20_000}


def data(seed=0, n_samples=150):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, N_FEATURES)) @ (np.eye(N_FEATURES) + 0.3)
    coef = np.where(np.isin(LABELS, (1, 2)), rng.normal(size=N_FEATURES), 0)
    return X, X @ coef + rng.normal(size=n_samples)


X, Y = data()


def gradient(model, X=X, y=Y):
    """The gradient of the mean loss by the weights."""
    kind = "labels" if is_classifier(model) else "numbers"
    loss = model.loss_function_.on(TargetType(kind, 1))
    raw = X @ model.coef_.reshape(-1, X.shape[1]).T + model.intercept_
    _, slope = loss.value_and_gradient(y.reshape(len(y), -1).astype(float), raw[None])
    return np.squeeze(X.T @ slope[0] / len(X))


LOSSES = [
    *(LinearRegressor(loss=REGRESSION_LOSSES[name]()) for name in REGRESSION_LOSSES),
    *(LinearClassifier(loss=CLASSIFICATION_LOSSES[name]()) for name in CLASSIFICATION_LOSSES),
]
SMOOTH = [model for model in LOSSES if model.loss.is_smooth]
KINKED = [model for model in LOSSES if not model.loss.is_smooth]


def fitted(model, penalty, X=X, y=Y, **settings):
    if is_classifier(model):
        y = (y > 0).astype(int)
    elif model.loss.has_link:  # it is on positive numbers
        y = np.exp(y / 4)
    return type(model)(loss=model.loss, penalty=penalty, **SOLVED | settings).fit(X, y), y


def slopes(penalty, w):
    """The least and the largest subgradient of a penalty of single weights at every weight."""
    size = abs(w)
    if isinstance(penalty, WeightedL1):
        top = penalty.alpha * np.asarray(penalty.feature_weights)
    elif isinstance(penalty, MCP):
        top = np.clip(penalty.alpha - size / penalty.gamma, 0, None)
    else:
        falling = np.clip(penalty.gamma * penalty.alpha - size, 0, None) / (penalty.gamma - 1)
        top = np.minimum(falling, penalty.alpha)
    return np.where(w == 0, -top, np.sign(w) * top), np.where(w == 0, top, np.sign(w) * top)


@pytest.mark.parametrize("model", SMOOTH, ids=lambda model: model.loss.name)
@pytest.mark.parametrize(
    "penalty",
    [
        WeightedL1(0.1, feature_weights=np.linspace(0, 2, N_FEATURES).tolist()),
        MCP(0.2),
        SCAD(0.2),
    ],
    ids=lambda penalty: penalty.name,
)
def test_no_weight_can_be_moved_to_lower_the_objective(model, penalty):
    if model.loss.name == "focal":  # it has small gradients
        penalty = clone(penalty).set_params(alpha=penalty.alpha / 4)
    model, y = fitted(model, penalty)
    w = model.coef_.ravel()
    assert 0 < (w == 0).sum() < N_FEATURES
    low, high = slopes(penalty, w)
    pull = -gradient(model, y=y)
    assert (low - 1e-5 <= pull).all()
    assert (pull <= high + 1e-5).all()


def violation(w, pull, l1, l2):
    """How far groups are from optimal: 0 where ``-gradient`` is a subgradient."""
    worst = 0.0
    for of in MEMBERS:
        strength = l2 * np.sqrt(len(of))
        if not w[of].any():
            rest = np.clip(abs(pull[of]) - l1, 0, None)
            worst = max(worst, np.linalg.norm(rest) - strength)
            continue
        direction = strength * w[of] / np.linalg.norm(w[of])
        off = abs(pull[of] - direction - l1 * np.sign(w[of]))
        off = np.where(w[of] == 0, np.clip(abs(pull[of]) - l1, 0, None), off)
        worst = max(worst, off.max())
    return worst


@pytest.mark.parametrize("model", SMOOTH, ids=lambda model: model.loss.name)
@pytest.mark.parametrize("l1_ratio", [0.0, 0.6])
def test_groups_are_optimal(model, l1_ratio):
    alpha = 0.1
    penalty = SparseGroupLasso(alpha, l1_ratio, LABELS) if l1_ratio else GroupLasso(alpha, LABELS)
    model, y = fitted(model, penalty)
    w = model.coef_.ravel()
    assert 0 < sum(not w[of].any() for of in MEMBERS) < len(MEMBERS)
    worst = violation(w, -gradient(model, y=y), alpha * l1_ratio, alpha * (1 - l1_ratio))
    assert worst < 1e-5


def reference_group_lasso(alpha):
    """Proximal gradient on the group lasso with an intercept, as it is in the books."""
    centred, target = X - X.mean(axis=0), Y - Y.mean()
    step = len(X) / np.linalg.norm(centred, 2) ** 2
    w = np.zeros(N_FEATURES)
    for _ in range(5000):
        w = w - step * centred.T @ (centred @ w - target) / len(X)
        for of in MEMBERS:
            size, threshold = np.linalg.norm(w[of]), step * alpha * np.sqrt(len(of))
            w[of] *= max(0, 1 - threshold / size) if size else 0
    return w


@pytest.mark.parametrize("alpha", [0.03, 0.3])
def test_the_group_lasso_is_that_of_a_plain_proximal_gradient_method(alpha):
    penalty = GroupLasso(alpha, [of.tolist() for of in MEMBERS])
    ours = LinearRegressor(penalty=penalty, **SOLVED).fit(X, Y).coef_
    np.testing.assert_allclose(ours, reference_group_lasso(alpha), atol=1e-5)


def test_groups_of_several_outputs_are_the_multi_task_lasso():
    """Every feature is a group; scikit-learn's norms do not count by their size."""
    both = np.column_stack([Y, X[:, 0] - X[:, 3]])
    ours = LinearRegressor(penalty=GroupLasso(0.2 / np.sqrt(2)), **SOLVED).fit(X, both)
    theirs = MultiTaskLasso(alpha=0.2, tol=1e-12, max_iter=100_000).fit(X, both)
    assert 0 < (theirs.coef_ == 0).all(axis=0).sum() < N_FEATURES
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-5)


def test_features_of_no_group_are_free():
    model = LinearRegressor(penalty=GroupLasso(10.0, [[0, 1]]), **SOLVED).fit(X, Y)
    free = LinearRegressor(penalty="none", optimizer="closed_form").fit(X[:, 2:], Y)
    assert not model.coef_[:2].any()
    np.testing.assert_allclose(model.coef_[2:], free.coef_, atol=1e-5)


def test_groups_of_one_are_the_lasso():
    groups = GroupLasso(0.1, groups=np.arange(N_FEATURES))
    one = LinearRegressor(penalty=groups, **SOLVED).fit(X, Y).coef_
    np.testing.assert_allclose(one, Lasso(0.1, tol=1e-12).fit(X, Y).coef_, atol=1e-6)


def test_the_adaptive_lasso_is_the_lasso_of_scaled_features():
    factors = np.linspace(0.5, 2, N_FEATURES)
    ours = LinearRegressor(penalty=WeightedL1(0.1, factors), **SOLVED).fit(X, Y)
    scaled = Lasso(0.1, tol=1e-12, max_iter=100_000).fit(X / factors, Y)
    np.testing.assert_allclose(ours.coef_, scaled.coef_ / factors, atol=1e-6)


def test_bounds_are_those_of_bounded_least_squares():
    low, high = np.full(N_FEATURES, -0.2), np.linspace(0.1, 0.5, N_FEATURES)
    ours = LinearRegressor(penalty=Box(low, high), **SOLVED).fit(X, Y)
    centred = X - X.mean(axis=0)
    theirs = lsq_linear(centred, Y - Y.mean(), (low, high), tol=1e-13).x
    assert ((ours.coef_ == low) | (ours.coef_ == high)).sum() > 2
    np.testing.assert_allclose(ours.coef_, theirs, atol=1e-5)


def test_the_norm_is_bounded_as_by_scipy():
    ours = LinearRegressor(penalty=MaxNorm(0.7), **SOLVED).fit(X, Y)
    centred, target = X - X.mean(axis=0), Y - Y.mean()
    found = minimize(
        lambda w: np.mean((centred @ w - target) ** 2) / 2,
        np.zeros(N_FEATURES),
        jac=lambda w: centred.T @ (centred @ w - target) / len(X),
        constraints={"type": "ineq", "fun": lambda w: 0.7**2 - w @ w, "jac": lambda w: -2 * w},
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 1000},
    )
    assert np.linalg.norm(ours.coef_) == pytest.approx(0.7)
    np.testing.assert_allclose(ours.coef_, found.x, atol=1e-4)


@pytest.mark.parametrize("model", KINKED, ids=lambda model: model.loss.name)
@pytest.mark.parametrize(
    "penalty",
    [WeightedL1(0.1), SparseGroupLasso(0.1, 0.5, LABELS), Box(-0.1, 0.3)],
    ids=lambda penalty: penalty.name,
)
def test_losses_with_kinks_end_as_low_as_subgradients_get(model, penalty):
    smoothed, y = fitted(model, penalty, tol=1e-3)
    exact, _ = fitted(
        model,
        penalty,
        optimizer=Adam(0.02),
        schedule="cosine",
        batch_size=len(X),
        max_iter=400,
        tol=0,
        n_iter_no_change=400,
    )
    assert smoothed.loss_ <= exact.loss_ + 2e-3  # of 0.6 and more


def test_a_sum_is_the_elastic_net():
    parts = Sum(L2(alpha=0.05), L1(alpha=0.1))
    ours = LinearRegressor(penalty=parts, **SOLVED).fit(X, Y)
    whole = LinearRegressor(penalty="elastic_net", **SOLVED)
    whole.set_params(penalty__alpha=0.15, penalty__l1_ratio=2 / 3).fit(X, Y)
    np.testing.assert_allclose(ours.coef_, whole.coef_, atol=1e-6)
    assert ours.loss_ == pytest.approx(whole.loss_)


def test_a_sum_has_nested_parameters():
    model = LinearRegressor(penalty="sum").set_params(penalty__other="group_lasso")
    model.set_params(penalty__other__alpha=0.3, penalty__smooth__alpha=0.7)
    assert repr(model.penalty) == repr(Sum(L2(0.7), GroupLasso(0.3)))
    alone = LinearRegressor(penalty=Sum(L2(0.7), GroupLasso(0.3)), **SOLVED).fit(X, Y)
    np.testing.assert_allclose(model.set_params(**SOLVED).fit(X, Y).coef_, alone.coef_)
