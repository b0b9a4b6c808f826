"""The units of features and targets, and how often rows are repeated, do not matter."""

import numpy as np
import pytest
import scipy.sparse
from sklearn.exceptions import ConvergenceWarning

from skopt_suite import LinearClassifier, LinearRegressor
from skopt_suite.losses import Huber
from skopt_suite.penalties import L1, L2

rng = np.random.default_rng(0)
N_SAMPLES, N_FEATURES = 200, 6
X = rng.normal(size=(N_SAMPLES, N_FEATURES)) @ rng.normal(size=(N_FEATURES, N_FEATURES))
RAW = X @ rng.normal(size=(N_FEATURES, 3))
NUMBERS = RAW[:, 0] + rng.normal(size=N_SAMPLES)
CLASSES = np.argmax(RAW + 3 * rng.gumbel(size=RAW.shape), axis=1)
FACTORS = [1e-6, 1e-3, 1e3, 1e6]


def predictions(model, X, y, **fit_params):
    model.fit(X, y, **fit_params)
    assert model.stop_reason_ in ("converged", "precision")
    return model.decision_function(X) if hasattr(model, "classes_") else model.predict(X)


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("optimizer", ["lbfgs", "closed_form", "fista"])
@pytest.mark.parametrize("offset", [0.0, 10.0])
def test_units_of_targets(optimizer, factor, offset):
    y = NUMBERS + offset
    once = predictions(LinearRegressor(penalty="none", optimizer=optimizer), X, y)
    scaled = predictions(LinearRegressor(penalty="none", optimizer=optimizer), X, factor * y)
    np.testing.assert_allclose(scaled / factor, once, atol=1e-8)


@pytest.mark.parametrize("factor", [1e-40, 1e-20, 1e20])
@pytest.mark.parametrize("optimizer", ["fista", "coordinate_descent", "newton_cg"])
def test_units_in_which_targets_are_next_to_nothing(optimizer, factor):
    wide, y = np.random.default_rng(1).normal(size=(40, 90)), NUMBERS[:40]
    model = LinearRegressor(penalty=L2(0.1), optimizer=optimizer)
    once = model.fit(wide, y).loss_
    assert model.fit(wide, factor * y).loss_ / factor**2 == pytest.approx(once, rel=1e-4)


@pytest.mark.parametrize("factor", FACTORS)
def test_units_of_targets_with_a_penalty_and_a_loss_of_that_unit(factor):
    for penalty, factored in ((L1(0.1), L1(0.1 * factor)), (L2(0.1), L2(0.1))):
        once = predictions(LinearRegressor(penalty=penalty), X, NUMBERS)
        scaled = predictions(LinearRegressor(penalty=factored), X, factor * NUMBERS)
        np.testing.assert_allclose(scaled / factor, once, atol=1e-6)
    once = predictions(LinearRegressor(loss=Huber(0.5), penalty="none", tol=1e-8), X, NUMBERS)
    model = LinearRegressor(loss=Huber(0.5 * factor), penalty="none", tol=1e-8)
    np.testing.assert_allclose(predictions(model, X, factor * NUMBERS) / factor, once, atol=1e-5)


@pytest.mark.parametrize("loss", ["huber", "log_cosh"])
def test_targets_far_beyond_where_a_loss_is_curved_are_learnt(loss):
    y = 1e10 * NUMBERS
    best = LinearRegressor(loss="absolute_error", penalty="none").fit(X, y).predict(X)
    found = LinearRegressor(loss=loss, penalty="none", optimizer="lbfgs").fit(X, y).predict(X)
    assert np.abs(y - found).mean() < 1.01 * np.abs(y - best).mean()
    model = LinearRegressor(loss=loss, penalty="none", optimizer="fista", max_iter=3)
    with pytest.warns(ConvergenceWarning, match="iterations were not enough. Scale the data"):
        model.fit(X, 1e5 * y)


@pytest.mark.parametrize("targets", [X @ np.arange(6.0), np.ones(N_SAMPLES)])
@pytest.mark.parametrize("optimizer", ["lbfgs", "fista", "newton_cholesky"])
def test_what_is_done_far_beyond_where_a_loss_is_curved_is_done(optimizer, targets):
    """Warnings are errors."""
    y = 1e3 * targets
    y[0] += 1e9
    model = LinearRegressor(loss="huber", penalty="none", optimizer=optimizer, max_iter=5000)
    assert np.abs(y - model.fit(X, y).predict(X))[1:].max() < 1e3


@pytest.mark.parametrize("spread", [3, 6])
@pytest.mark.parametrize(
    "model, y, container",
    [
        (LinearRegressor(penalty="none", optimizer="closed_form"), NUMBERS, np.asarray),
        *(
            (model, y, container)
            for container in (np.asarray, scipy.sparse.csr_array)
            for model, y in (
                (LinearRegressor(penalty="none"), NUMBERS),
                (LinearRegressor(penalty="none", optimizer="fista"), NUMBERS),
                (LinearClassifier(penalty="none"), CLASSES),
                (LinearClassifier(penalty="none", fit_intercept=False), CLASSES),
                (LinearClassifier(penalty="none", optimizer="fista"), CLASSES),
            )
        ),
    ],
    ids=lambda value: (
        "" if isinstance(value, np.ndarray) else getattr(value, "__name__", str(value))
    ),
)
def test_units_of_features(model, y, container, spread):
    factors = 10.0 ** np.array([-spread, spread, 0, 1, -2, 2])
    once = predictions(model, container(X), y)
    scaled = predictions(model, container(X * factors), y)
    np.testing.assert_allclose(scaled, once, atol=1e-4 * np.abs(once).max())


@pytest.mark.parametrize(
    "dtype, offset, tol, atol",
    [("float32", 1e2, 1e-4, 2e-2), ("float64", 1e2, 1e-4, 1e-6), ("float64", 1e6, 1e-9, 1e-6)],
)
def test_offsets(dtype, offset, tol, atol):
    once = predictions(LinearRegressor(penalty="none", tol=tol), X, NUMBERS)
    model = LinearRegressor(penalty="none", tol=tol)
    for shift_X, shift_y in ((offset, 0.0), (0.0, offset), (offset, -offset)):
        shifted = predictions(model, (X + shift_X).astype(dtype), NUMBERS + shift_y)
        np.testing.assert_allclose(shifted - shift_y, once, atol=atol)


@pytest.mark.parametrize(
    "model, y",
    [
        (LinearRegressor(penalty=L1(0.1)), NUMBERS),
        (LinearRegressor(penalty=L2(1e-3)), NUMBERS),
        (LinearClassifier(penalty=L2(1e-3), optimizer="lbfgs"), CLASSES),
        (LinearClassifier(penalty="l1"), CLASSES),
    ],
    ids=lambda value: type(value).__name__,
)
def test_repeated_rows(model, y):
    once = predictions(model, X, y)
    repeated = predictions(model, np.repeat(X, 50, axis=0), np.repeat(y, 50))
    np.testing.assert_allclose(repeated[::50], once, rtol=1e-6, atol=1e-8)
    weighted = predictions(model, X, y, sample_weight=np.full(N_SAMPLES, 1e-20))
    np.testing.assert_allclose(weighted, once, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("mean", [10, 100, 1000])
def test_l1_does_not_mind_where_columns_are(mean):
    model = LinearRegressor(penalty=L1(0.1), tol=1e-7)
    once = predictions(model, X, NUMBERS)
    iterations = model.n_iter_
    np.testing.assert_allclose(predictions(model, X + mean, NUMBERS), once, atol=1e-4)
    assert model.n_iter_ <= iterations + 30
    sparse = predictions(model, scipy.sparse.csr_array(X + mean), NUMBERS)
    np.testing.assert_allclose(sparse, once, atol=1e-4)
