"""Newton's methods end at known optima, in few iterations, on any storage."""

import numpy as np
import pytest
import scipy.sparse
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge
from sklearn.model_selection import StratifiedKFold

from skopt_suite import LinearClassifier, LinearRegressor
from skopt_suite.model_selection import FusedGridSearchCV
from skopt_suite.optimizers.algebra._design import Design, Hessian
from skopt_suite.optimizers.algebra._factor import Factor
from skopt_suite.penalties import L1, L2

RNG = np.random.default_rng(0)
SCALE = 10.0 ** np.arange(-2, 4)
DENSE = RNG.normal(size=(150, 6)) * SCALE + 5
SPARSE = RNG.normal(size=(120, 60)) * (RNG.random((120, 60)) < 0.1)
DATA = {"dense": DENSE, "sparse": SPARSE}
WEIGHT = RNG.integers(0, 3, size=150).astype(float)
SOLVERS = ["newton_cholesky", "newton_cg"]
LOSSES = ["huber", "log_cosh", "squared_epsilon_insensitive", "poisson", "gamma", "tweedie"]

pytestmark = pytest.mark.parametrize("optimizer", SOLVERS)


def targets(name):
    signal = (DATA[name] / (SCALE if name == "dense" else 1.0))[:, :3] @ [2.0, -1.0, 1.0]
    return signal - signal.mean() + np.random.default_rng(1).normal(size=len(signal))


def classes(name, n_classes):
    y = targets(name)
    return np.digitize(y, np.quantile(y, np.arange(1, n_classes) / n_classes))


def stored(name):
    return scipy.sparse.csr_array(DATA[name]) if name == "sparse" else DATA[name]


def fitted(cls, X, y, optimizer, weight=None, **settings):
    model = cls(optimizer=optimizer, tol=1e-13, max_iter=500, **settings)
    return model.fit(X, y, sample_weight=weight)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("name", DATA)
def test_logistic_is_that_of_scikit_learn(optimizer, name, n_classes, weighted, fit_intercept):
    X, y = stored(name), classes(name, n_classes)
    weight = WEIGHT[: len(y)] if weighted else None
    settings = {"penalty": L2(0.01), "fit_intercept": fit_intercept}
    ours = fitted(LinearClassifier, X, y, optimizer, weight, **settings)
    total = len(y) if weight is None else weight.sum()
    theirs = LogisticRegression(C=100 / total, solver="newton-cholesky", tol=1e-12, max_iter=500)
    theirs.set_params(fit_intercept=fit_intercept).fit(X, y, sample_weight=weight)
    raw = X @ (ours.coef_ - theirs.coef_).T + ours.intercept_ - theirs.intercept_
    if n_classes > 2:  # all of them may move together
        raw -= raw.mean(axis=1, keepdims=True)
    assert np.abs(raw).max() <= 2e-5
    assert ours.n_iter_ <= 12
    assert ours.stop_reason_ in ("converged", "precision")


@pytest.mark.parametrize("loss", LOSSES)
def test_losses_of_regressors(optimizer, loss):
    y = np.exp(targets("sparse") / 2)
    settings = {"loss": loss, "penalty": L2(0.01)}
    ours = fitted(LinearRegressor, stored("sparse"), y, optimizer, **settings)
    theirs = fitted(LinearRegressor, SPARSE, y, "lbfgs", **settings)
    np.testing.assert_allclose(ours.loss_, theirs.loss_, rtol=1e-9)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-4)
    assert ours.n_iter_ <= 12


def test_counts_are_those_of_scikit_learn(optimizer):
    y = RNG.poisson(np.exp(targets("dense") / 3))
    ours = fitted(LinearRegressor, DENSE, y, optimizer, loss="poisson", penalty=L2(0.1))
    theirs = PoissonRegressor(alpha=0.1, solver="newton-cholesky", tol=1e-10).fit(DENSE, y)
    np.testing.assert_allclose(ours.coef_ * SCALE, theirs.coef_ * SCALE, atol=1e-6)


@pytest.mark.parametrize("loss", ["log_loss", "squared_hinge", "modified_huber"])
def test_losses_of_classifiers(optimizer, loss):
    X, y, settings = stored("sparse"), classes("sparse", 3), {"loss": loss, "penalty": L2(0.02)}
    ours = fitted(LinearClassifier, X, y, optimizer, **settings)
    theirs = fitted(LinearClassifier, X, y, "lbfgs", **settings)
    np.testing.assert_allclose(ours.loss_, theirs.loss_, rtol=1e-8)


def test_least_squares_of_many_targets_is_one_step(optimizer):
    Y = np.stack([targets("dense"), DENSE[:, 3] / 10], axis=1)
    ours = fitted(LinearRegressor, DENSE, Y, optimizer, penalty=L2(alpha=[0.1, 0.5]))
    for j, alpha in enumerate([0.1, 0.5]):
        theirs = Ridge(alpha * len(Y)).fit(DENSE, Y[:, j])
        np.testing.assert_allclose(ours.coef_[j] * SCALE, theirs.coef_ * SCALE, atol=1e-6)
    assert ours.n_iter_ <= (2 if optimizer == "newton_cholesky" else 8)


def test_the_objective_is_known_where_a_fit_goes_on_from_weights_of_another_unit(optimizer):
    y = targets("sparse") + 3
    model = LinearRegressor(penalty=L2(0.1), optimizer=optimizer, warm_start=True)
    left = y - model.fit(SPARSE, 1e10 * y).fit(SPARSE, y).predict(SPARSE)
    objective = (left @ left / len(y) + 0.1 * model.coef_ @ model.coef_) / 2
    assert model.loss_ == pytest.approx(objective, rel=1e-5)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_columns_that_depend_on_each_other(optimizer, n_classes):
    y = classes("dense", n_classes)
    X = np.hstack([DENSE, DENSE[:, ::-1], np.zeros((len(y), 1))])
    ours = fitted(LinearClassifier, X, y, optimizer, penalty="none")
    plain = fitted(LinearClassifier, DENSE, y, "lbfgs", penalty="none")
    np.testing.assert_allclose(ours.loss_, plain.loss_, rtol=1e-8)
    assert np.abs(ours.coef_[..., :3]).max() < 10 / SCALE[0]


def test_a_start_without_curvature(optimizer):
    y = targets("dense") + 1e3 * np.sign(targets("dense"))
    ours = fitted(LinearRegressor, DENSE, y, optimizer, loss="huber", penalty=L2(1e-3))
    theirs = fitted(LinearRegressor, DENSE, y, "lbfgs", loss="huber", penalty=L2(1e-3))
    assert ours.loss_ <= theirs.loss_ * (1 + 1e-8)


@pytest.mark.parametrize("name", DATA)
def test_a_stack_gives_what_fits_alone_do(optimizer, name):
    X, y = stored(name), classes(name, 3)
    model = LinearClassifier(optimizer=optimizer, tol=1e-11)
    grid = {"penalty": [L2(0.001), L2(0.01), L2(0.1)], "fit_intercept": [True]}
    splits = [*StratifiedKFold(2).split(X, y)]
    search = FusedGridSearchCV(model, grid, cv=splits, scoring="neg_log_loss").fit(X, y)
    assert search.fusion_report_.n_alone == 0
    for k, penalty in enumerate(grid["penalty"]):
        for i, (train, test) in enumerate(splits):
            alone = model.set_params(penalty=penalty).fit(X[train], y[train])
            score = search.cv_results_[f"split{i}_test_score"][k]
            p = alone.predict_proba(X[test])[np.arange(len(test)), y[test]]
            np.testing.assert_allclose(score, np.log(p).mean(), rtol=1e-5)


def test_no_less_is_left_than_can_still_be_gained(optimizer):
    X = DENSE / SCALE
    signal = X[:, 0] + 0.5 * X[:, 1] + 0.03 * np.random.default_rng(1).logistic(size=len(X))
    y = (signal > np.median(signal)).astype(int)
    settings = {"optimizer": optimizer, "penalty": L2(1e-8), "max_iter": 100}
    best = LinearClassifier(tol=1e-12, **settings).fit(X, y).loss_
    for tol in (1e-2, 1e-3, 1e-4):
        rough = LinearClassifier(tol=tol, **settings).fit(X, y)
        assert rough.loss_ - best <= tol * (np.log(2) - best)


def test_single_precision(optimizer):
    y = classes("dense", 2)
    ours = fitted(LinearClassifier, DENSE.astype(np.float32), y, optimizer, penalty=L2(0.01))
    double = fitted(LinearClassifier, DENSE, y, optimizer, penalty=L2(0.01))
    assert ours.coef_.dtype == np.float32
    np.testing.assert_allclose(ours.coef_ * SCALE, double.coef_ * SCALE, atol=1e-2)


@pytest.mark.parametrize("has_intercept", [True, False])
@pytest.mark.parametrize("name", DATA)
def test_products_are_those_of_a_matrix(optimizer, name, has_intercept):
    X = DATA[name]
    mean = X.mean(axis=0) if has_intercept else np.zeros(X.shape[1])
    design = Design(stored(name), mean[None] if has_intercept else None, X.var(axis=0)[None])
    matrix = np.hstack([X - mean, np.ones((len(X), int(has_intercept)))])
    coef, root = RNG.normal(size=(2, matrix.shape[1], 3)), RNG.random((2, len(X), 3))
    hessian = Hessian(1 + root**2, root / 2)
    raw = matrix @ coef
    product = hessian.diagonal * raw - hessian.root * (hessian.root * raw).sum(-1, keepdims=True)
    expected = matrix.T @ product
    found = design.transposed(hessian.times(design.times(coef)))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-6)
    (gram,) = design.gram(1, hessian)
    np.testing.assert_allclose(gram @ coef[1].ravel(), expected[1].ravel(), rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize("has_intercept", [True, False])
@pytest.mark.parametrize("is_joint", [True, False])
@pytest.mark.parametrize("n_features", [1, 5, 40])
def test_matrices_of_a_stack_are_those_of_its_fits(optimizer, n_features, is_joint, has_intercept):
    X = RNG.normal(size=(3000, n_features))
    mean, variance = X.mean(axis=0)[None], X.var(axis=0)[None]
    design = Design(X, mean if has_intercept else None, variance)
    root = RNG.random((4, len(X), 2)) / 2
    hessian = Hessian(1 + root**2, root if is_joint else None)
    together = list(design.grams(hessian))
    assert len(together) == 4
    for fit, matrices in enumerate(together):
        np.testing.assert_allclose(matrices, design.gram(fit, hessian), atol=1e-8)


def test_refusals(optimizer):
    y = targets("dense")
    cases = {
        "needs a smooth penalty, and L1": {"penalty": L1(0.1)},
        "needs a loss that declares its second derivative": {"loss": "absolute_error"},
        "schedule must be 'constant'": {"schedule": "cosine"},
    }
    for text, settings in cases.items():
        with pytest.raises(ValueError, match=f"'{optimizer}' .*({text})"):
            LinearRegressor(optimizer=optimizer, **settings).fit(DENSE, y)


def test_singular_matrices_have_factors(optimizer):
    matrix = np.ones((3, 3))
    solved = Factor.of(matrix).solve(np.full(3, 6.0))
    np.testing.assert_allclose(matrix @ solved, np.full(3, 6.0), rtol=1e-6)


def test_too_many_coefficients_are_refused_by_name(optimizer):
    X = scipy.sparse.random_array((5, 10_001), density=0.001, format="csr", rng=RNG)
    model = LinearClassifier(optimizer=optimizer)
    if optimizer == "newton_cg":
        model.fit(X, [0, 1, 0, 1, 1])
        return
    text = "'newton_cholesky' .* got 10002 per output and 1 outputs, accepted are up to 10000"
    with pytest.raises(ValueError, match=text):
        model.fit(X, [0, 1, 0, 1, 1])
