"""Hyperparameters that are given per layer, and keys of whatever users give as parameters."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import Ridge

from skopt_suite import LinearRegressor, MLPClassifier
from skopt_suite._component import fusion_key, stack
from skopt_suite._hashable import hashable
from skopt_suite._layout import Layout
from skopt_suite.backends import Placement
from skopt_suite.domains import Anything, Real, Vector
from skopt_suite.model_selection import FusedGridSearchCV
from skopt_suite.penalties import L1, L2, MCP, ElasticNet, GroupLasso, MaxNorm, Penalty, Sum

NUMPY = Placement(np)
LAYOUT = Layout.dense((3, 4, 2))
X, Y = load_iris(return_X_y=True)


def mlp(**parameters):
    return MLPClassifier((5,), max_iter=5, tol=0.0, dtype="float64", random_state=0, **parameters)


@pytest.mark.parametrize("penalty", [L1, L2, ElasticNet])
def test_a_penalty_per_layer_is_the_sum_of_the_layers(penalty):
    alphas = [[0.1, 0.01], [0.0, 2.0]]
    weights = np.random.default_rng(0).normal(size=(2, LAYOUT.n_weights))
    both = stack([penalty(alpha=alpha) for alpha in alphas], NUMPY).on(LAYOUT)
    sizes = [layer.n_weights for layer in LAYOUT.layers]
    first, second = np.split(weights, [sizes[0]], axis=1)
    expected = [
        penalty(alpha=of_first).value(first[k : k + 1])[0]
        + penalty(alpha=of_second).value(second[k : k + 1])[0]
        for k, (of_first, of_second) in enumerate(alphas)
    ]
    np.testing.assert_allclose(both.value(weights), expected)
    if both.has_gradient:
        total = both.add_gradient(np.zeros_like(weights), weights)
        np.testing.assert_allclose(total, both.gradient(weights))
    if both.has_prox:
        moved = both.prox(weights.copy(), np.full((2, 1), 0.5))
        assert (moved[1, : sizes[0]] != 0).all()  # alpha is 0 there
        assert (moved[1, sizes[0] :] == 0).any()


@pytest.mark.parametrize("penalty", [L1, L2, ElasticNet])
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_same_strength_for_all_layers_is_one_number(penalty, optimizer):
    one = mlp(penalty=penalty(alpha=0.02), optimizer=optimizer).fit(X, Y)
    each = mlp(penalty=penalty(alpha=[0.02, 0.02]), optimizer=optimizer).fit(X, Y)
    for a, b in zip(one.coefs_, each.coefs_, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)
    assert one.loss_ == pytest.approx(each.loss_, rel=1e-12)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_strengths_per_layer_are_searched_in_one_pass():
    alphas = [[1e-4, 1e-1], np.array([1e-1, 1e-4]), [0.0, 0.0]]
    search = FusedGridSearchCV(mlp(), {"penalty__alpha": alphas}, cv=2).fit(X, Y)
    assert search.fusion_report_.n_groups == 1
    for k, alpha in enumerate(alphas):
        alone = FusedGridSearchCV(mlp(penalty=L2(alpha)), {"tol": [0.0]}, cv=2).fit(X, Y)
        for fused, own in zip(search.loss_curves_[k], alone.loss_curves_[0], strict=True):
            np.testing.assert_allclose(fused, own, rtol=1e-8)


@pytest.mark.parametrize(
    "alpha, message",
    [
        ([0.1] * 3, "L2: alpha must be one number, or one for each of the 2 layers .* got 3"),
        ([0.1, -1.0], "L2: every entry of alpha must be a number in .* got -1.0"),
        ([[0.1]], "L2: alpha must be 'auto', a number in .*, or one such number for each layer"),
        ([], "L2: alpha must be 'auto', a number in .*, or one such number for each layer"),
    ],
)
def test_what_is_not_accepted(alpha, message):
    with pytest.raises(ValueError, match=message):
        mlp(penalty=L2(alpha=alpha)).fit(X, Y)


def test_a_linear_model_has_one_layer():
    y = X[:, 0] + 1.0
    one = LinearRegressor(penalty=L2(0.1)).fit(X, y)
    listed = LinearRegressor(penalty=L2([0.1])).fit(X, y)
    np.testing.assert_allclose(one.coef_, listed.coef_)


class Masked(Penalty):
    """A penalty of a user with parameters that are arrays and dicts."""

    parameters = {"alpha": Vector(Real(0), per="feature"), "mask": Anything()}

    def __init__(self, alpha=0.1, mask=None):
        self.alpha = alpha
        self.mask = mask


def test_arrays_are_compared_as_a_whole():
    masks = [np.array([0, 1]), np.array([0, 1]), np.array([1, 1]), np.array([0.0, 1.0])]
    keys = [fusion_key(Masked(mask=mask)) for mask in masks]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3


def test_values_that_are_stacked_are_no_part_of_the_key():
    keys = [fusion_key(Masked(alpha=alpha)) for alpha in (0.1, 0.2, [0.1, 0.2], [3.0, 4.0])]
    assert keys[0] == keys[1]
    assert keys[2] == keys[3]
    assert keys[0] != keys[2]


@pytest.mark.parametrize(
    "value, equal, other",
    [
        ([1, [2]], [1, [2]], [1, [3]]),
        ({"a": [1]}, {"a": [1]}, {"a": [2]}),
        ({1, 2}, {2, 1}, {3}),
        (np.array([None, 1], dtype=object), np.array([None, 1], dtype=object), np.array([1])),
    ],
)
def test_keys_of_what_has_no_hash(value, equal, other):
    assert hashable(value) == hashable(equal)
    assert hash(hashable(value)) == hash(hashable(equal))
    assert hashable(value) != hashable(other)


def test_what_cannot_be_pickled_is_equal_to_itself_only():
    class Odd:
        __hash__ = None

        def __reduce__(self):
            raise TypeError("not to be pickled")

    one, two = Odd(), Odd()
    assert hashable(one) == hashable(one)
    assert hashable(one) != hashable(two)


TARGETS = np.column_stack([X[:, 0] + X[:, 2], X[:, 1], np.sin(X[:, 3])])
ALPHAS = [0.01, 0.1, 1.0]


@pytest.mark.parametrize("optimizer", ["lbfgs", "fista"])
def test_a_strength_per_target_is_that_of_ridge(optimizer):
    ours = LinearRegressor(penalty=L2(ALPHAS), optimizer=optimizer, tol=1e-12, max_iter=2000)
    theirs = Ridge(alpha=len(X) * np.array(ALPHAS)).fit(X, TARGETS)
    np.testing.assert_allclose(ours.fit(X, TARGETS).coef_, theirs.coef_, atol=1e-5)


@pytest.mark.parametrize("penalty", [L1, ElasticNet, MCP])
def test_targets_with_strengths_of_their_own_are_fits_of_their_own(penalty):
    settings = {"optimizer": "fista", "tol": 1e-10, "max_iter": 2000}
    together = LinearRegressor(penalty=penalty(ALPHAS), **settings).fit(X, TARGETS)
    for k, alpha in enumerate(ALPHAS):
        alone = LinearRegressor(penalty=penalty(alpha), **settings).fit(X, TARGETS[:, k])
        np.testing.assert_allclose(together.coef_[k], alone.coef_, atol=1e-5)


@pytest.mark.parametrize("penalty", [L2, L1])
def test_strengths_per_target_are_those_of_compiled_steps(penalty, monkeypatch):
    model = LinearRegressor(penalty=penalty(ALPHAS), optimizer="sgd", max_iter=20, random_state=0)
    compiled = model.fit(X, TARGETS).coef_
    monkeypatch.setenv("SKOPT_SUITE_FUSED_KERNELS", "0")
    np.testing.assert_allclose(model.fit(X, TARGETS).coef_, compiled, rtol=1e-9)


@pytest.mark.parametrize(
    "penalty, message",
    [
        (L2([0.1, 0.2]), "L2: alpha must be one number, or one for each of the 3 outputs; got 2"),
        (GroupLasso(ALPHAS), "GroupLasso: alpha must be .* one for each of the 1 layers"),
        (MaxNorm(ALPHAS), "MaxNorm: max_norm must be .* one for each of the 1 layers"),
    ],
)
def test_strengths_per_target_that_are_not_accepted(penalty, message):
    with pytest.raises(ValueError, match=message):
        LinearRegressor(penalty=penalty).fit(X, TARGETS)


@pytest.mark.parametrize("penalty", [L2(ALPHAS), Sum(L2(ALPHAS), L2(0.0))], ids=repr)
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_the_closed_form_takes_a_strength_per_target(penalty, fit_intercept):
    settings = {"optimizer": "closed_form", "fit_intercept": fit_intercept}
    ours = LinearRegressor(penalty=penalty, **settings).fit(X, TARGETS)
    theirs = Ridge(alpha=len(X) * np.array(ALPHAS), fit_intercept=fit_intercept).fit(X, TARGETS)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-9, atol=1e-12)


def test_targets_in_closed_form_are_solved_each_for_itself():
    """Of a stack, with a column twice: where a strength is 0, the smallest weights are taken."""
    rows, alphas = np.column_stack([X, X[:, 0]]), [[0.0, 0.1, 1.0], [0.01, 0.0, 0.0]]
    model = LinearRegressor(optimizer="closed_form")
    search = FusedGridSearchCV(model, {"penalty": [L2(row) for row in alphas]}, cv=2)
    assert search.fit(rows, TARGETS).fusion_report_.n_alone == 0
    for row in alphas:
        together = model.set_params(penalty=L2(row)).fit(rows, TARGETS).coef_
        for k, alpha in enumerate(row):
            alone = model.set_params(penalty=L2(alpha)).fit(rows, TARGETS[:, k])
            np.testing.assert_allclose(together[k], alone.coef_, rtol=1e-9, atol=1e-12)
