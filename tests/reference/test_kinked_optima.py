"""The interior-point method: optima of linear and quadratic programs, and the proof of them."""

import numpy as np
import pytest
import scipy.sparse
from scipy.optimize import linprog
from sklearn.datasets import load_diabetes, load_wine, make_classification
from sklearn.linear_model import QuantileRegressor
from sklearn.preprocessing import StandardScaler

from skopt_suite import LinearClassifier, LinearRegressor
from skopt_suite.losses import AbsoluteError, EpsilonInsensitive, Hinge, Loss, Quantile
from skopt_suite.model_selection import FusedGridSearchCV
from skopt_suite.optimizers.algebra._interior import Interior
from skopt_suite.optimizers.algebra._interior_design import Design
from skopt_suite.optimizers.algebra._interior_rows import Kinks
from skopt_suite.penalties import L1, L2, ElasticNet

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 6))
NUMBERS = X @ RNG.normal(size=6) + RNG.standard_t(2, size=90)
CLASSES = np.where(RNG.random(90) < 0.1, NUMBERS < 0, NUMBERS > 0).astype(int)
WIDE = RNG.normal(size=(25, 60))
LOSSES = [Hinge(), AbsoluteError(), Quantile(0.2), EpsilonInsensitive(0.3)]


def targets_for(loss, y):
    return (y > 0).astype(int) if loss.name == "hinge" else y


def trained(loss, penalty, X, y, weight=None, **parameters):
    estimator = LinearClassifier if loss.name == "hinge" else LinearRegressor
    model = estimator(loss=loss, penalty=penalty, **parameters).fit(X, y, weight)
    assert model.optimizer_.name == "interior_point"
    assert model.stop_reason_ in ("converged", "precision")
    return model


def kinks_of(loss, y):
    """Where kinks are, and slopes below and above."""
    t, one, zero = 2 * y - 1, np.ones(len(y)), np.zeros(len(y))
    return {
        "hinge": lambda: [(t, -(1 + t) / 2, (1 - t) / 2)],
        "absolute_error": lambda: [(y, -one, one)],
        "quantile": lambda: [(y, -0.2 * one, 0.8 * one)],
        "epsilon_insensitive": lambda: [(y - 0.3, -one, zero), (y + 0.3, zero, one)],
    }[loss.name]()


def least(loss, X, y, alpha=0.0, weight=None, bias=True):
    """The lowest objective, with alpha times the sum of absolute values."""
    kinks, (n, d) = kinks_of(loss, y), X.shape
    share = np.ones(n) / n if weight is None else weight / weight.sum()
    over = np.concatenate([share * above for _, _, above in kinks])
    under = np.concatenate([-share * below for _, below, _ in kinks])
    cost = np.r_[np.full(2 * d, alpha), 0.0, over, under]
    rows = np.vstack([np.c_[X, -X, np.full(n, float(bias))]] * len(kinks))
    equal = np.hstack([rows, -np.eye(len(rows)), np.eye(len(rows))])
    free, bounds = [(None, None)], [(0, None)]
    bounds = bounds * (2 * d) + free + bounds * (2 * len(rows))
    at = np.concatenate([at for at, _, _ in kinks])
    return linprog(cost, A_eq=equal, b_eq=at, bounds=bounds).fun


@pytest.mark.parametrize("alpha", [0.0, 0.03, 10.0])
@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_the_linear_program(loss, alpha):
    y = CLASSES if loss.name == "hinge" else NUMBERS
    model = trained(loss, L1(alpha) if alpha else "none", X, y)
    assert model.loss_ == pytest.approx(least(loss, X, y, alpha), rel=1e-4)
    assert alpha < 10 or (model.coef_ == 0).all()


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_more_features_than_rows(loss):
    y = targets_for(loss, WIDE[:, :3].sum(axis=1))
    assert trained(loss, "none", WIDE, y).loss_ < 1e-8
    expected = least(loss, WIDE, y, 0.05)
    assert trained(loss, L1(0.05), WIDE, y).loss_ == pytest.approx(expected, rel=1e-4)
    bare = trained(loss, L1(0.05), WIDE, y, fit_intercept=False)
    assert bare.loss_ == pytest.approx(least(loss, WIDE, y, 0.05, bias=False), rel=1e-4)


@pytest.mark.parametrize("n_features", [6, 60])
@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_the_quadratic_program(loss, n_features):
    """Beside L2 no point is better: subgradients of kinks and of L2 add up to 0."""
    rows = WIDE[:, :n_features]
    y = targets_for(loss, WIDE[:, :3].sum(axis=1) + WIDE[:, -1])
    model = trained(loss, L2(0.05), rows, y, tol=1e-10)
    raw = rows @ np.ravel(model.coef_) + model.intercept_
    low, high = np.zeros(len(y)), np.zeros(len(y))
    for at, below, above in kinks_of(loss, y):
        low += np.where(raw > at + 1e-5, above, below) / len(y)
        high += np.where(raw < at - 1e-5, below, above) / len(y)
    balanced = np.vstack([rows.T, np.ones(len(y))])
    gradient = np.append(0.05 * np.ravel(model.coef_), 0.0)
    slack = np.hstack([balanced, np.eye(n_features + 1), -np.eye(n_features + 1)])
    cost = np.r_[np.zeros(len(y)), np.ones(2 * (n_features + 1))]
    bounds = [*zip(low, high, strict=True), *[(0, None)] * (2 * (n_features + 1))]
    assert linprog(cost, A_eq=slack, b_eq=-gradient, bounds=bounds).fun < 1e-4


@pytest.mark.parametrize("alpha, expected", [(1e-2, 0.09472), (1e-4, 0.00151)])
def test_several_classes_come_to_the_optimum(alpha, expected):
    """Known from long runs of dual coordinate descent."""
    rows, y = load_wine(return_X_y=True)
    model = trained(Hinge(), L2(alpha), StandardScaler().fit_transform(rows), y)
    assert model.loss_ == pytest.approx(expected, abs=6e-6)
    assert model.n_iter_ < 30


def test_weights_are_repetitions():
    weight = np.random.default_rng(1).integers(0, 4, size=len(X))
    for loss in LOSSES:
        y = CLASSES if loss.name == "hinge" else NUMBERS
        expected = least(loss, X, y, 0.01, weight)
        model = trained(loss, L1(0.01), X, y, weight.astype(float))
        assert model.loss_ == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_units_do_not_matter(factor):
    rows = np.c_[X * np.logspace(-6, 6, 6) + 100, np.full(90, 0.1), np.full(90, 1e5)]
    plain = trained(Quantile(0.2), "none", X, NUMBERS)
    model = trained(Quantile(0.2), "none", rows, factor * NUMBERS + 7 * factor)
    assert model.loss_ / factor == pytest.approx(plain.loss_, rel=1e-4)
    assert model.n_iter_ <= plain.n_iter_ + 5
    assert (model.coef_[6:] == 0).all()


@pytest.mark.parametrize("factor", [1e-140, 1e140])
def test_numbers_whose_cubes_do_not_exist(factor):
    model = trained(AbsoluteError(), "none", X, factor * NUMBERS)
    assert model.loss_ / factor == pytest.approx(least(AbsoluteError(), X, NUMBERS), rel=1e-4)


@pytest.mark.parametrize("y", [np.zeros(90), np.full(90, 3.0), X @ np.arange(6.0)], ids=len)
def test_perfect_fits(y):
    model = trained(AbsoluteError(), "none", X, y)
    np.testing.assert_allclose(model.predict(X), y, atol=1e-7)


@pytest.mark.parametrize("penalty", ["none", "l1", "l2"])
@pytest.mark.parametrize("loss", [Hinge(), AbsoluteError()], ids=repr)
def test_where_the_best_weights_are_0_it_goes_on_until_that_is_proven(loss, penalty):
    y = np.repeat([0, 1], [10, 10])
    trained(loss, penalty, np.ones((20, 1)), y, fit_intercept=loss.name != "hinge")


def test_several_targets_quantiles_and_strengths():
    y = np.c_[NUMBERS, 1e3 * X[:, 0] + NUMBERS]
    model = trained(Quantile([0.2, 0.9]), ElasticNet(0.1), X, y, tol=1e-8)
    for target, level in np.ndindex(2, 2):
        alone = trained(Quantile([0.2, 0.9][level]), ElasticNet(0.1), X, y[:, target], tol=1e-8)
        np.testing.assert_allclose(
            alone.predict(X), model.predict(X)[:, target, level], atol=1e-3 * y[:, target].std()
        )


def test_nothing_is_better_than_the_proof_says():
    """The gap bounds what is left at every iterate."""
    n, d = X.shape
    kinks = Kinks(NUMBERS, np.full(n, -0.2 / n), np.full(n, 0.8 / n))
    problem = Interior(Design(X, False, False), kinks, np.append(np.full(d, 0.1), 0.0))
    at, objectives, gaps = problem.start(), [], []
    for _ in range(15):
        seen = problem.look(at)
        objectives.append(seen.value)
        gaps.append(seen.left)
        at = problem.advance(at, seen)
    assert gaps[-1] <= 1e-12
    assert (np.array(objectives) - np.array(gaps) <= objectives[-1] + 1e-12).all()


MANY = np.random.default_rng(5).normal(size=(3000, 4))
ALIKE = (MANY > 1).astype(float)  # few rows differ


def problem_of(rows, kind, penalty):
    """Many rows, some of them of weight 0, and a way to measure points."""
    rng, (n, d) = np.random.default_rng(6), rows.shape
    weight = rng.integers(0, 3, size=n) / n
    y = rows @ np.arange(1.0, d + 1) + rng.standard_t(2, size=n)
    t = np.where(y > np.quantile(y, 0.8), 1.0, -1.0)
    kinks = {
        "hinge": [(t, -(1 + t) / 2, (1 - t) / 2)],
        "quantile": [(y, -0.2 + 0 * y, 0.8 + 0 * y)],
        "tube": [(y - 1, -1 + 0 * y, 0 * y), (y + 1, 0 * y, 1 + 0 * y)],
    }[kind]
    at = np.concatenate([part[0] for part in kinks])
    slopes = [np.concatenate([weight * part[side] for part in kinks]) for side in (1, 2)]
    l1 = 0.01 * np.ones(d)
    if penalty == "l1":
        at = np.append(at, np.zeros(d))
        slopes = [np.append(slopes[0], -l1), np.append(slopes[1], l1)]
    l2 = np.append(np.full(d, 0.1 * (penalty == "l2")), 0.0)
    centred = np.ascontiguousarray(rows - rows.mean(axis=0))
    return Interior(Design(centred, True, penalty == "l1"), Kinks(at, *slopes), l2)


def solved(problem, tol=1e-9):
    """The last of what is known, what was known, and shares of rows that steps were of."""
    at, shares = problem.start(), []
    known = [problem.look(at)]
    while known[-1].left > tol * known[-1].value and len(known) < 60:
        shares.append(len(problem._near(at).problem.design.X) / problem.design.n_rows)
        at = problem.advance(at, known[-1])
        known.append(problem.look(at))
    return at, known, shares


def full_value(problem, at, seen):
    weights = at.theta[:-1] if problem.design.has_l1 else np.zeros(0)
    return seen.value + np.abs(weights).sum() * 0.01


@pytest.mark.parametrize("penalty", ["none", "l1", "l2"])
@pytest.mark.parametrize("kind", ["hinge", "quantile", "tube"])
@pytest.mark.parametrize("rows", [MANY, ALIKE], ids=["different", "alike"])
def test_few_rows_are_enough_near_the_optimum(rows, kind, penalty, monkeypatch):
    """The proof is of all rows, so it holds, and the optimum is the same."""
    problem = problem_of(rows, kind, penalty)
    at, known, shares = solved(problem)
    assert known[-1].left <= 1e-9 * known[-1].value
    assert rows is ALIKE or min(shares) < 0.1
    for seen in known:  # l1 is in the proof, and not in the value
        assert penalty == "l1" or seen.value - seen.left <= known[-1].value * (1 + 1e-9)
    monkeypatch.setattr(Interior, "_leaves_out", False)
    end, whole, _ = solved(problem)
    value = full_value(problem, at, known[-1])
    assert value == pytest.approx(full_value(problem, end, whole[-1]), rel=1e-8)
    assert len(known) <= len(whole) + 10


def test_rows_at_their_kinks_are_not_left_out_for_long():
    """The best is a constant with most rows at their kinks, where no side is clear."""
    rng = np.random.default_rng(1)
    rows, y = rng.normal(size=(5000, 20)), (rng.random(5000) < 0.1).astype(int)
    model = trained(Hinge(), L2(0.1), rows, y, tol=1e-7)
    assert model.loss_ == pytest.approx(2 * y.mean(), rel=0.01)
    assert model.n_iter_ < 20


def test_a_sample_without_one_of_the_classes_is_a_start_as_well():
    rng = np.random.default_rng(2)
    rows, y = rng.normal(size=(6000, 2)), np.zeros(6000, dtype=int)
    y[2:40:2] = 1
    rows[2:40:2] += 3
    order = rng.permutation(6000)
    model = trained(Hinge(), L2(1e-3), rows, y, tol=1e-8)
    other = trained(Hinge(), L2(1e-3), rows[order], y[order], tol=1e-8)
    assert model.loss_ == pytest.approx(other.loss_, abs=1e-8)
    assert model.n_iter_ < 70


@pytest.mark.parametrize("penalty", ["none", "l1"])
@pytest.mark.parametrize("y", [np.zeros(3000), np.full(3000, 3.0), MANY @ np.arange(4.0)], ids=len)
def test_perfect_fits_of_many_rows(y, penalty):
    loss = EpsilonInsensitive(0.0) if penalty == "l1" else AbsoluteError()
    model = trained(loss, L1(1e-9) if penalty == "l1" else penalty, MANY, y, tol=1e-9)
    np.testing.assert_allclose(model.predict(MANY), y, atol=1e-6)


@pytest.mark.parametrize("factor", [1e-140, 1e140])
def test_many_rows_whose_cubes_do_not_exist(factor):
    y = MANY[:, 0] + np.random.default_rng(3).standard_t(2, size=len(MANY))
    plain = trained(AbsoluteError(), "none", MANY, y)
    model = trained(AbsoluteError(), "none", MANY, factor * y)
    assert model.loss_ / factor == pytest.approx(plain.loss_, rel=1e-4)


def test_a_stack_gives_what_single_fits_give():
    rows, y = make_classification(120, 8, flip_y=0.1, random_state=0)
    grid = {"penalty__alpha": [1e-3, 1e-1], "class_weight": [None, "balanced"]}
    model = LinearClassifier(loss="hinge")
    search = FusedGridSearchCV(model, grid, cv=2, scoring="roc_auc").fit(rows, y)
    best = search.best_estimator_
    alone = LinearClassifier(loss="hinge").set_params(**search.best_params_).fit(rows, y)
    assert best.optimizer_.name == "interior_point"
    np.testing.assert_allclose(best.coef_, alone.coef_, atol=1e-10)


def test_single_precision():
    expected = np.abs(NUMBERS - QuantileRegressor(alpha=0).fit(X, NUMBERS).predict(X)).mean()
    model = trained(AbsoluteError(), "none", X.astype(np.float32), NUMBERS.astype(np.float32))
    assert model.coef_.dtype == np.float32
    assert model.loss_ == pytest.approx(expected, rel=1e-4)


def test_what_it_does_not_take():
    def refused(match, X=X, **parameters):
        model = LinearRegressor(optimizer="interior_point").set_params(**parameters)
        with pytest.raises(ValueError, match=f"'interior_point' {match}"):
            model.fit(X, NUMBERS)

    refused("needs a loss that is linear between kinks; got 'huber'", loss="huber")
    refused("takes dense X only", X=scipy.sparse.csr_array(X), loss="absolute_error")
    positive = L2(positive=True)
    refused("needs L2, L1, both or no penalty", loss="absolute_error", penalty=positive)
    refused("needs L2, L1, both or no penalty", loss="absolute_error", penalty="mcp")


def test_the_default_on_sparse_rows_is_another_one():
    model = LinearRegressor(loss="absolute_error", penalty="none")
    sparse = model.fit(scipy.sparse.csr_array(X), NUMBERS)
    assert sparse.optimizer_.name == "lbfgs"
    assert sparse.__sklearn_tags__().input_tags.sparse


def test_a_loss_that_is_another_one_is_not_taken_for_linear():
    class Doubled(AbsoluteError):
        def value_and_gradient(self, y, raw):
            value, gradient = super().value_and_gradient(y, raw)
            return 2 * value, 2 * gradient

    assert AbsoluteError().is_piecewise_linear
    assert not Doubled().is_piecewise_linear
    assert Doubled.kinks is Loss.kinks
    with pytest.raises(NotImplementedError, match="Doubled is not known to be piecewise linear"):
        Doubled().kinks(NUMBERS[:, None], np.zeros((1, 90, 1)))


def test_diabetes_takes_few_iterations():
    rows, y = load_diabetes(return_X_y=True)
    expected = np.abs(y - QuantileRegressor(alpha=0).fit(rows, y).predict(rows)).mean()
    model = trained(AbsoluteError(), "none", rows, y, tol=1e-6)
    assert model.loss_ == pytest.approx(expected, rel=1e-6)
    assert model.n_iter_ < 20
