"""Groups, and weights under concave penalties, are exactly 0 also where steps are noisy."""

from itertools import product

import numpy as np
import pytest

from skopt_suite import LinearClassifier, MLPClassifier
from skopt_suite._component import stack
from skopt_suite._layout import Layout
from skopt_suite.backends import Placement
from skopt_suite.optimizers import FISTA, OPTIMIZERS, SGD, FirstOrder
from skopt_suite.penalties import (
    L1,
    MCP,
    SCAD,
    GroupLasso,
    SparseGroupLasso,
    Sum,
    WeightedL1,
    _group_penalty,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

N_GROUPS, SIZE = 30, 5
LABELS = np.repeat(np.arange(N_GROUPS), SIZE)
RATES = {
    "sgd": 0.1,
    "adagrad": 0.3,
    "adadelta": 3.0,
    "amsgrad": 0.03,
    "adamax": 0.03,
    "nadam": 0.03,
    "radam": 0.03,
    "prodigy": 1.0,
    "lion": 0.003,
}
LONG_MEANS = {"adadelta": {"rho": 0.99}, "rmsprop": {"rho": 0.99}}
RULES = [
    rule.name
    for rule in map(OPTIMIZERS.__getitem__, OPTIMIZERS)
    if issubclass(rule, FirstOrder) and rule.takes_prox and not rule.is_full_batch
]
PENALTIES = {
    "group_lasso": GroupLasso(0.02, LABELS),
    "sparse_group_lasso": SparseGroupLasso(0.02, 0.5, LABELS),
    "sum": Sum("l2", GroupLasso(0.02, LABELS)),
}


def made():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1000, N_GROUPS * SIZE))
    coef = np.where(LABELS < 5, rng.normal(size=LABELS.size), 0)
    return X, (0.7 * X @ coef + rng.logistic(size=1000) > 0).astype(int)


X, Y = made()


def trained(name, penalty, batch_size=32, max_iter=60, **settings):
    rule = OPTIMIZERS[name](learning_rate=RATES.get(name, 0.01), **LONG_MEANS.get(name, {}))
    settings = {"schedule": "cosine", "random_state": 0, **settings}
    model = LinearClassifier(
        optimizer=rule,
        penalty=penalty,
        batch_size=batch_size,
        max_iter=max_iter,
        tol=0,
        n_iter_no_change=max_iter,
        **settings,
    )
    return model.fit(X, Y)


def solved(penalty):
    return LinearClassifier(optimizer=FISTA(), penalty=penalty, tol=1e-9, max_iter=5000).fit(X, Y)


def active(model):
    return (model.coef_.reshape(N_GROUPS, SIZE) != 0).any(axis=1)


@pytest.fixture(scope="module")
def optima():
    return {name: solved(penalty) for name, penalty in PENALTIES.items()}


@pytest.mark.parametrize(
    ("name", "penalty"),
    [
        *((name, "group_lasso") for name in RULES if not OPTIMIZERS[name].has_slopes),
        *product(("sgd", "adam"), ("sparse_group_lasso", "sum")),
    ],
)
def test_every_rule_finds_the_groups_of_the_optimum(name, penalty, optima):
    model, best = trained(name, PENALTIES[penalty]), optima[penalty]
    assert (~active(best)).sum() >= 23
    assert (active(model) != active(best)).sum() <= 1  # one is on the edge
    assert model.loss_ - best.loss_ < 1e-3  # of 0.53


def test_with_steps_of_one_row_too(optima):
    model = trained("sgd", PENALTIES["group_lasso"], batch_size=1, max_iter=8)
    assert (~active(model))[~active(optima["group_lasso"])].mean() > 0.8


def test_no_schedule_is_needed(optima):
    model = trained("sgd", PENALTIES["group_lasso"], schedule="constant")
    assert (active(model) != active(optima["group_lasso"])).sum() <= 1


@pytest.mark.parametrize(
    ("name", "penalty"),
    [*((name, MCP(0.03)) for name in RULES), *((name, SCAD(0.03)) for name in ("sgd", "adam"))],
    ids=repr,
)
def test_concave_penalties_end_in_a_stationary_point_with_zeros(name, penalty):
    model = trained(name, penalty)
    w, raw = model.coef_.ravel(), X @ model.coef_.ravel() + model.intercept_
    pull = X.T @ (Y - 1 / (1 + np.exp(-raw))) / len(X)
    slope = on(penalty).linearised(w[None]).l1[0]
    assert (w == 0).mean() > 0.8
    assert (abs(pull[w == 0]) <= 0.03 + 5e-3).all()
    np.testing.assert_allclose(pull[w != 0], (slope * np.sign(w))[w != 0], atol=5e-3)


def test_weights_with_strengths_of_their_own():
    penalty = WeightedL1(0.03, feature_weights=np.linspace(0.5, 1.5, LABELS.size))
    model, best = trained("sgd", penalty), solved(penalty)
    assert ((model.coef_ == 0) == (best.coef_ == 0)).mean() > 0.98


def on(penalty):
    return stack([penalty], Placement(np)).on(Layout.dense((6, 1)))


def test_it_is_dual_averaging(monkeypatch):
    """Xiao 2010, with the squared distance to 0: ``w = -rate * shrunk(Σ gradients, t * alpha)``."""
    monkeypatch.setattr(_group_penalty, "_LONGEST_MEMORY", 1e12)
    penalty = on(GroupLasso(0.2, groups=[[0, 1], [2, 3], [4, 5]]))
    rng, rate, w, owed = np.random.default_rng(0), 0.05, np.zeros((1, 6)), np.zeros((1, 1, 9))
    drift, total = np.repeat([0.1, 0.2, 0.8], 2), np.zeros(6)
    for t in range(1, 300):
        gradient = drift + rng.normal(size=6)
        total += gradient
        w, owed = penalty.pay(w - rate * gradient, owed, np.full((1, 1), rate))
        size = np.repeat(np.linalg.norm(total.reshape(3, 2), axis=1), 2)
        expected = -rate * total * np.clip(1 - t * 0.2 * np.sqrt(2) / size, 0, None)
        np.testing.assert_allclose(w[0], expected, atol=1e-10)
    assert (w[0, :2] == 0).all()
    assert (w[0, 4:] != 0).all()


@pytest.mark.parametrize("step", [np.full((1, 1), 0.1), np.linspace(0.05, 0.2, 6)[None]])
def test_without_noise_groups_that_are_not_zero_take_proximal_steps(step):
    penalty = on(SparseGroupLasso(0.2, 0.5, groups=[[0, 1, 2], [3, 4, 5]]))
    ours, owed = np.full((1, 6), 2.0), np.zeros((1, *penalty.debts(6)))
    theirs = ours.copy()
    for _ in range(5):
        ours, owed = penalty.pay(ours, owed, step)
        theirs = penalty.prox(theirs, step)
        np.testing.assert_allclose(ours, theirs, rtol=2e-3)


def test_without_a_step_there_is_no_debt():
    penalty, weights = on(GroupLasso(0.2)), np.array([[1.0, -1.0, 0.0, 2.0, 0.0, 3.0]])
    after, owed = penalty.pay(weights.copy(), np.zeros((1, 1, 12)), np.zeros((1, 1)))
    np.testing.assert_array_equal(after, weights)
    assert not owed.any()


def test_a_penalty_of_another_kind_starts_without_debts():
    """`partial_fit` goes on with the moments of the rule, but not with what L1 was owed."""
    model = LinearClassifier(optimizer="adam", penalty=L1(0.02), batch_size=32, random_state=0)
    for penalty in (L1(0.02), GroupLasso(0.02, LABELS), MCP(0.02), "none", GroupLasso(0.02)):
        model = model.set_params(penalty=penalty).partial_fit(X, Y, classes=[0, 1])
        assert np.isfinite(model.loss_)


def test_hidden_units_die():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(500, 6))
    y = (np.abs(inputs[:, 0]) > 0.7).astype(int)
    model = MLPClassifier(
        (20,), penalty=GroupLasso(1e-2), optimizer=SGD(0.3), schedule="cosine", batch_size=32
    )
    model.set_params(max_iter=60, tol=0, n_iter_no_change=60, random_state=0).fit(inputs, y)
    assert (model.coefs_[1] == 0).all(axis=1).sum() >= 5
    np.testing.assert_array_equal((model.coefs_[0] == 0).all(axis=1), [False] + [True] * 5)
    assert model.score(inputs, y) > 0.95
