"""Every optimizer trains linear models and networks with every penalty, and groups are checked."""

import numpy as np
import pytest

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier
from skopt_suite.model_selection import FusedGridSearchCV
from skopt_suite.optimizers import OPTIMIZERS, DualCoordinateDescent, InteriorPoint
from skopt_suite.penalties import (
    L1,
    L2,
    MCP,
    PENALTIES,
    SCAD,
    Box,
    ElasticNet,
    GroupLasso,
    MaxNorm,
    SparseGroupLasso,
    Sum,
    WeightedL1,
)
from skopt_suite.testing._pairwise import pairwise

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.default_rng(0)
X = rng.normal(size=(80, 4))
Y = X @ np.array([[2.0, 1.0], [0.0, -1.0], [0.0, 0.0], [1.0, 0.5]]) + 0.3 * rng.normal(size=(80, 2))
CLASSES = (Y[:, 0] > 0).astype(int)
GIVEN = {
    "weighted_l1": WeightedL1(0.01, feature_weights=[1.0, 2.0, 0.0, 0.5], positive=True),
    "mcp": MCP(0.05),
    "scad": SCAD(0.05, positive=True),
    "group_lasso": GroupLasso(0.01, groups=["a", "b", "b", "a"]),
    "sparse_group_lasso": SparseGroupLasso(0.01, 0.5, groups=[[0, 3]], positive=True),
    "box": Box(-0.5, [0.5, 0.1, 0.0, 1.0]),
    "max_norm": MaxNorm(0.8),
    "sum": Sum(L2(), GroupLasso()),
}


WITH_TANGENT = (L1, L2, ElasticNet, WeightedL1, MCP, SCAD)


def suits(optimizer, penalty, hidden):
    optimizer = OPTIMIZERS[optimizer]
    if optimizer.only_quadratic:
        return not hidden and penalty in ("none", "l2")
    if optimizer is DualCoordinateDescent:
        return not hidden and penalty == "l2"
    if optimizer is InteriorPoint:
        return not hidden and penalty in ("none", "l2", "l1", "elastic_net")
    if optimizer.only_linear and (hidden or optimizer.takes_prox):
        return not hidden and PENALTIES[penalty] in WITH_TANGENT
    if getattr(optimizer, "has_slopes", False) and GIVEN.get(penalty, L2()).needs_step_size:
        return False
    return optimizer.takes_prox or penalty in ("none", "l2")


def model(optimizer, penalty, hidden):
    penalty = GIVEN.get(penalty, penalty)
    settings = {"optimizer": optimizer, "penalty": penalty, "max_iter": 10, "random_state": 0}
    if hidden:
        return MLPClassifier((6,), dtype="float64", **settings), CLASSES
    of_kinks = ("interior_point", "dual_coordinate_descent")
    loss = "absolute_error" if optimizer in of_kinks else "squared_error"
    return LinearRegressor(loss=loss, **settings), Y


FACTORS = {"optimizer": [*OPTIMIZERS], "penalty": [*PENALTIES], "hidden": [False, True]}


@pytest.mark.parametrize(
    ("optimizer", "penalty", "hidden"),
    [tuple(one.values()) for one in pairwise(FACTORS, suits)],
)
def test_the_objective_falls(optimizer, penalty, hidden):
    trained, y = model(optimizer, penalty, hidden)
    trained.fit(X, y)
    assert np.isfinite(trained.loss_)
    if (
        not trained.optimizer_.only_linear and trained.optimizer_.name != "lbfgs"
    ):  # whose first step may be enough
        assert trained.loss_curve_[-1] < trained.loss_curve_[0]


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "fista", "gradient_descent"])
def test_constraints_hold_to_the_last_bit(optimizer):
    bounded, y = model(optimizer, "box", False)
    coef = bounded.fit(X, y).coef_
    assert (coef >= -0.5).all()
    assert (coef <= [0.5, 0.1, 0.0, 1.0]).all()
    short, y = model(optimizer, "max_norm", True)
    short.set_params(standardize=False)  # coefficients would be in other units
    for weights in short.fit(X, y).coefs_:
        assert (np.linalg.norm(weights, axis=0) <= 0.8 * (1 + 1e-12)).all()


@pytest.mark.parametrize("penalty", [Box(0.1, 0.5), MaxNorm(0.01)], ids=repr)
def test_a_start_that_is_not_allowed_is_moved(penalty):
    """Weights of networks begin at random."""
    trained = MLPClassifier((6,), penalty=penalty, max_iter=1, random_state=0, standardize=False)
    weights = np.concatenate([part.ravel() for part in trained.fit(X, CLASSES).coefs_])
    if penalty.name == "box":
        assert ((weights >= np.float32(0.1)) & (weights <= 0.5)).all()
    else:
        assert np.linalg.norm(trained.coefs_[0], axis=0).max() <= 0.01 * (1 + 1e-6)


@pytest.mark.parametrize("optimizer", ["fista", "adam"])
def test_some_features_may_have_no_bound(optimizer):
    settings = {"optimizer": optimizer, "max_iter": 50, "random_state": 0}
    box = Box(low=[0.0, None, -0.1, None], high=[None, 0.2, 0.3, None])
    far = Box(low=[0.0, -1e9, -0.1, -1e9], high=[1e9, 0.2, 0.3, 1e9])
    one, other = (LinearRegressor(penalty=one, **settings).fit(X, Y).coef_ for one in (box, far))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("cls", [GroupLasso, SparseGroupLasso])
@pytest.mark.parametrize(
    ("groups", "error", "message"),
    [
        ("features", ValueError, "groups must be 'units', 'incoming', a label for each feature"),
        (3, TypeError, "groups must be 'units', .*; got 3 of type int"),
        ([], ValueError, "groups must be 'units', .*; got \\[\\]"),
        ([0, [1]], ValueError, "groups must be 'units', .*; got \\[0, \\[1\\]\\]"),
        ([0.0, np.nan, np.nan, 1.0], ValueError, "groups must have labels that .* got nan"),
        ([{0}, {1}, {2}, {3}], ValueError, "groups must have labels that can be .* got {0}"),
        ([[0], []], ValueError, "groups must have no empty group"),
        ([[0, 1.5]], ValueError, "every group of groups must hold indices .* got 1.5"),
        ([[0, -1]], ValueError, "every group of groups must hold indices .* got -1"),
        ([[0, 1], [1]], ValueError, "groups must have every feature in one group at most; 1 is"),
        ([0, 1, 1], ValueError, "groups must be a label for each of the 4 features; got 3 labels"),
        ([[0, 4]], ValueError, "groups must have indices below the number of features, 4; got 4"),
        ("incoming", ValueError, "groups='incoming' are the weights into hidden units"),
    ],
)
def test_groups_that_are_not_accepted(cls, groups, error, message):
    with pytest.raises(error, match=f"{cls.__name__}: {message}"):
        LinearRegressor(penalty=cls(groups=groups)).fit(X, Y)


@pytest.mark.parametrize(
    ("penalty", "message"),
    [
        (WeightedL1(feature_weights=[1.0, 2.0]), "feature_weights must be one number, or one .* 4"),
        (WeightedL1(feature_weights=[-1.0] * 4), "every entry of feature_weights must be a number"),
        (Box(low=1.0, high=0.0), "low must not be more than high"),
        (
            Box(low=[0.0, None], high=-1.0),
            "low must not be more than high, entry by entry; got",
        ),
        (Box(low=[0.0, 1.0], high=[1.0] * 4), "low and high must be for as many features; got low"),
        (Box(low=[0.0] * 3), "low must be one number, or one for each of the 4 features; got 3"),
        (MCP(gamma=1.0), "gamma must be a number in \\(1, inf\\)"),
        (SCAD(gamma=2.0), "gamma must be a number in \\(2, inf\\)"),
        (MaxNorm(0.0), "max_norm must be a number in \\(0, inf\\)"),
        (Sum("l1", "l2"), "Sum: smooth must be a penalty without a part that acts by its prox"),
        (Sum("l2", GroupLasso(groups=[0])), "a label for each of the 4 features"),
        (Sum("l3"), "Sum: unknown smooth 'l3'; known: 'none'"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_what_is_not_accepted(penalty, message):
    with pytest.raises(ValueError, match=message):
        LinearRegressor(penalty=penalty).fit(X, Y)


def test_strengths_are_searched_in_one_pass_and_groups_are_not():
    base = LinearClassifier(penalty=GroupLasso(groups=[0, 0, 1, 1]), optimizer="sgd", max_iter=5)
    base.set_params(random_state=0, tol=0)
    grid = {"penalty__alpha": [0.0, 0.01, 0.1], "penalty__groups": [[0, 0, 1, 1], "units"]}
    search = FusedGridSearchCV(base, grid, cv=2).fit(X, CLASSES)
    assert search.fusion_report_.n_groups == 2
    for params, curves in zip(search.cv_results_["params"], search.loss_curves_, strict=True):
        alone = FusedGridSearchCV(base.set_params(**params), {"tol": [0.0]}, cv=2).fit(X, CLASSES)
        for fused, own in zip(curves, alone.loss_curves_[0], strict=True):
            np.testing.assert_allclose(fused, own, rtol=1e-8)


def test_sums_are_searched_in_one_pass():
    base = LinearRegressor(penalty=Sum("l2", "mcp"), optimizer="fista", max_iter=50)
    grid = {"penalty__smooth__alpha": [0.01, 0.1], "penalty__other__alpha": [0.01, 0.1]}
    search = FusedGridSearchCV(base, grid, cv=2).fit(X, Y[:, 0])
    assert search.fusion_report_.n_groups == 1


def test_a_bound_that_is_none_is_fused_with_none_only():
    search = FusedGridSearchCV(
        LinearRegressor(penalty=Box(), max_iter=20), {"penalty__low": [None, -0.1, -0.2]}, cv=2
    ).fit(X, Y[:, 0])
    assert "2 of 3 candidates fused into 1 pass" in repr(search.fusion_report_)


def test_the_whole_sum_is_compiled_where_it_is_separable():
    settings = {"optimizer": "sgd", "max_iter": 5, "tol": 0, "random_state": 0}
    one = LinearRegressor(penalty=Sum(L2(0.02), "l1"), **settings).fit(X, Y)
    both = LinearRegressor(penalty="elastic_net", **settings)
    both.set_params(penalty__alpha=0.0201, penalty__l1_ratio=0.0001 / 0.0201).fit(X, Y)
    np.testing.assert_allclose(one.coef_, both.coef_, rtol=1e-9)


@pytest.mark.parametrize(
    ("estimator", "penalties"),
    [
        (LinearClassifier(), [WeightedL1(alpha, [1.0, 2.0, 0.0, 1.0]) for alpha in (0.01, 0.1)]),
        (MLPClassifier((6,)), [ElasticNet([0.01, alpha]) for alpha in (0.01, 0.1)]),
        (MLPClassifier((6,)), [MaxNorm([1.0, alpha]) for alpha in (0.5, 0.7)]),
        (MLPClassifier((6,)), [Sum(L2([0.1, alpha]), "mcp") for alpha in (0.5, 0.7)]),
    ],
    ids=["features", "layers", "norms", "sums"],
)
def test_strengths_that_are_sequences_are_searched_in_one_pass(estimator, penalties):
    estimator.set_params(optimizer="sgd", max_iter=3, tol=0, random_state=0)
    search = FusedGridSearchCV(estimator, {"penalty": penalties}, cv=2).fit(X, CLASSES)
    assert search.fusion_report_.n_groups == 1
