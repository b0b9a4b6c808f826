"""SAGA ends at known optima, on any storage, and its kernels are their definitions."""

import numpy as np
import pytest
import scipy.sparse
from sklearn.exceptions import ConvergenceWarning

from skopt_suite import LinearClassifier, LinearRegressor
from skopt_suite.losses import LogLoss, SquaredError, TargetType
from skopt_suite.model_selection import FusedGridSearchCV
from skopt_suite.optimizers.algebra import _sweeps as sweeps
from skopt_suite.penalties import L2, MCP, ElasticNet, WeightedL1

RNG = np.random.default_rng(0)
DENSE = RNG.normal(size=(200, 6)) * 10.0 ** np.arange(-2, 4) + 5
SPARSE = RNG.normal(size=(150, 40)) * (RNG.random((150, 40)) < RNG.random(40))
DATA = {"dense": DENSE, "sparse": scipy.sparse.csr_array(SPARSE)}
VALUES = {"dense": DENSE, "sparse": SPARSE}
WEIGHT = RNG.integers(0, 4, size=200).astype(float)


def targets(name):
    X = VALUES[name][:, :4]
    signal = (X - X.mean(axis=0)) / X.std(axis=0) @ [1.0, -1.0, 0.5, 1.0]
    return signal + 0.5 * np.random.default_rng(1).normal(size=len(X)) + 2


def fitted(cls, name, y, optimizer="saga", weight=None, **settings):
    model = cls(optimizer=optimizer, tol=1e-9, max_iter=3000, **settings)
    return model.fit(DATA[name], y, sample_weight=weight)


def assert_as_good(ours, theirs, rtol=1e-8):
    assert ours.loss_ <= theirs.loss_ + rtol * abs(theirs.loss_)
    assert ours.stop_reason_ in ("converged", "precision")


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", DATA)
def test_logistic_regression(name, weighted, fit_intercept):
    y = targets(name)
    weight = WEIGHT[: len(y)] if weighted else None
    settings = {"penalty": L2(0.01), "weight": weight, "fit_intercept": fit_intercept}
    ours = fitted(LinearClassifier, name, y > 2, **settings)
    theirs = fitted(LinearClassifier, name, y > 2, "newton_cholesky", **settings)
    assert_as_good(ours, theirs)
    assert ours.n_iter_ <= 200
    np.testing.assert_allclose(
        ours.decision_function(DATA[name])[:9], theirs.decision_function(DATA[name])[:9], atol=1e-2
    )


@pytest.mark.parametrize("positive", [True, False])
@pytest.mark.parametrize("name", DATA)
def test_elastic_net_has_the_same_zeros(name, positive):
    settings = {"penalty": ElasticNet(0.2, l1_ratio=0.7, positive=positive)}
    ours = fitted(LinearRegressor, name, targets(name), **settings)
    theirs = fitted(LinearRegressor, name, targets(name), "coordinate_descent", **settings)
    assert_as_good(ours, theirs)
    np.testing.assert_array_equal(ours.coef_ == 0, theirs.coef_ == 0)
    assert 0 < (ours.coef_ != 0).sum() < ours.coef_.size
    assert not positive or (ours.coef_ >= 0).all()


@pytest.mark.parametrize("loss", ["huber", "log_cosh", "poisson"])
@pytest.mark.parametrize("name", DATA)
def test_losses_with_and_without_a_bound_on_their_curvature(name, loss):
    y, factors = np.exp(targets(name) / 4), np.linspace(0.5, 2, VALUES[name].shape[1])
    settings = {"loss": loss, "penalty": WeightedL1(0.02, feature_weights=factors)}
    ours = fitted(LinearRegressor, name, y, **settings)
    assert_as_good(ours, fitted(LinearRegressor, name, y, "fista", **settings))


@pytest.mark.parametrize("loss", ["log_loss", "squared_hinge", "modified_huber"])
@pytest.mark.parametrize("name", DATA)
def test_three_classes(name, loss):
    y, settings = np.digitize(targets(name), [1.5, 2.5]), {"loss": loss, "penalty": L2(0.02)}
    ours = fitted(LinearClassifier, name, y, **settings)
    assert_as_good(ours, fitted(LinearClassifier, name, y, "lbfgs", **settings))


def test_kinks_are_smoothed_and_concave_penalties_bounded():
    y = targets("sparse")
    hinge = LinearClassifier(loss="hinge", penalty=L2(0.05), optimizer="saga", tol=1e-2)
    best = fitted(
        LinearClassifier,
        "dense",
        targets("dense") > 2,
        "interior_point",
        loss="hinge",
        penalty=L2(0.05),
    )
    assert hinge.fit(DENSE, targets("dense") > 2).loss_ <= best.loss_ * 1.01
    ours = fitted(LinearRegressor, "sparse", y, penalty=MCP(0.1))
    theirs = fitted(LinearRegressor, "sparse", y, "coordinate_descent", penalty=MCP(0.1))
    assert ours.loss_ <= theirs.loss_ * 1.02


@pytest.mark.parametrize("name", DATA)
def test_a_stack_gives_what_fits_alone_do(name):
    model = LinearRegressor(penalty="elastic_net", optimizer="saga", tol=1e-8)
    X, y, grid = DATA[name], targets(name), {"penalty__alpha": [0.01, 0.1, 1.0]}
    search = FusedGridSearchCV(model, grid, cv=2).fit(X, y)
    assert search.fusion_report_.n_alone == 0
    half = len(y) // 2
    for k, alpha in enumerate(grid["penalty__alpha"]):
        alone = model.set_params(penalty__alpha=alpha).fit(X[half:], y[half:])
        score = search.cv_results_["split0_test_score"][k]
        np.testing.assert_allclose(score, alone.score(X[:half], y[:half]), rtol=1e-7)


def test_a_fit_that_stops_short_says_so():
    model = LinearClassifier(optimizer="saga", max_iter=1)
    with pytest.warns(ConvergenceWarning, match="saga"):
        model.fit(DENSE, targets("dense") > 2)


def test_single_precision_and_constant_columns():
    X = np.hstack([DENSE, np.full((200, 1), 0.1)]).astype(np.float32)
    model = LinearRegressor(penalty=L2(0.01), optimizer="saga").fit(X, targets("dense"))
    double = fitted(LinearRegressor, "dense", targets("dense"), penalty=L2(0.01))
    assert model.coef_.dtype == np.float32
    np.testing.assert_allclose(model.predict(X), double.predict(DENSE), atol=0.02)


class OfAUser(SquaredError):
    """A loss that nothing is compiled for."""

    def value_and_gradient(self, y, raw):
        return super().value_and_gradient(y, raw)

    def curvature(self):
        return 1.0


def test_a_loss_of_a_user_takes_the_same_steps():
    X, y = DENSE[:40], targets("dense")[:40]
    models = [LinearRegressor(loss=loss, optimizer="saga") for loss in (OfAUser(), SquaredError())]
    ours, theirs = (model.fit(X, y) for model in models)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-6)


def arguments(is_sparse, l1, lower, n_outputs, loss=None):
    X, n = SPARSE, len(SPARSE)
    kind = "classes" if n_outputs > 1 else "labels"
    y = RNG.integers(0, max(n_outputs, 2), size=(n, 1)).astype(float)
    loss = LogLoss().on(TargetType(kind, n_outputs))
    name = f"skopt_suite.losses._log_loss.LogLoss.value_and_gradient, {kind}"
    rows = sweeps.RowLoss(name, np.zeros(1), loss, y, RNG.random(n) / n)
    start = np.maximum(
        RNG.normal(size=(40, n_outputs)) * (RNG.random((40, n_outputs)) < 0.7), lower
    )
    mean = np.zeros(40) if is_sparse else X.mean(axis=0)
    slopes = RNG.normal(size=(n, n_outputs)) / n
    remembered = sweeps.Remembered(slopes, (X - mean).T @ slopes, slopes.sum(axis=0))
    strengths = np.full((40, n_outputs), l1), np.full((40, n_outputs), 0.01)
    steps = sweeps.Steps(RNG.random(40) / 20, 0.01, *strengths, lower)
    order = RNG.integers(n, size=300)
    rest = order, rows, sweeps.Point(start, RNG.normal(size=n_outputs)), remembered, steps
    csr = scipy.sparse.csr_array(X)
    matrix = (csr.data, csr.indices, csr.indptr) if is_sparse else (X, mean)
    return (*matrix, *rest)


@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize("l1, lower", [(0.0, -np.inf), (0.02, -np.inf), (0.0, 0.0), (0.02, 0.0)])
@pytest.mark.parametrize("is_sparse", [False, True], ids=["dense", "sparse"])
def test_kernels_are_their_definitions(is_sparse, l1, lower, n_outputs):
    sweep = sweeps.sweep_sparse_rows if is_sparse else sweeps.sweep_rows
    given = arguments(is_sparse, l1, lower, n_outputs)
    for ours, definition in zip(sweep(*given), sweep.definition(*given), strict=True):
        np.testing.assert_allclose(ours, definition, rtol=1e-9, atol=1e-11)
    has_zeros = (sweep(*given).weights == 0).any()
    assert has_zeros == (l1 > 0 or lower == 0)


@pytest.mark.parametrize("l1", [0.0, 0.02])
@pytest.mark.parametrize("is_sparse", [False, True], ids=["dense", "sparse"])
def test_a_number_that_is_none_is_not_hidden(is_sparse, l1):
    sweep = sweeps.sweep_sparse_rows if is_sparse else sweeps.sweep_rows
    given = arguments(is_sparse, l1, -np.inf, 1)
    given[-2].average[3] = np.nan
    assert np.isnan(sweep(*given).weights[3]).all()
    assert np.isnan(sweep.definition(*given).weights[3]).all()
