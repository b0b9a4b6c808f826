"""Newton's methods where X is: they find there what they find on the host."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from skopt_suite import LinearClassifier, LinearRegressor
from skopt_suite.backends import is_device_array, to_numpy
from skopt_suite.model_selection import FusedGridSearchCV
from skopt_suite.optimizers import OPTIMIZERS
from skopt_suite.optimizers.algebra import _design
from skopt_suite.optimizers.algebra._design import Design, Hessian
from skopt_suite.optimizers.solvers import _newton
from skopt_suite.penalties import L2
from skopt_suite.training import _linear_rows

NEWTON = ["newton_cholesky", "newton_cg"]
RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 5)) * [1, 10, 0.1, 1, 3] + [0, 5, 0, -2, 1]
SCORE = X[:, 0] + X[:, 1] / 10 + RNG.normal(size=200)
TARGETS = {
    "two classes": np.where(SCORE > 0.5, 4, 2),
    "softmax": np.digitize(SCORE, [-0.3, 1.0]),
    "numbers": SCORE,
    "counts": np.round(np.exp(SCORE / 2)),
    "two targets": np.stack([SCORE, np.sin(X[:, 0])], axis=1),
}
CASES = [
    ("log_loss", "two classes"),
    ("squared_hinge", "softmax"),
    ("log_loss", "softmax"),
    ("squared_error", "numbers"),
    ("squared_error", "two targets"),
    ("huber", "two targets"),
    ("poisson", "counts"),
]
WEIGHT = RNG.uniform(0, 2, len(X))


def fitted(model, X, y, **fit_params):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # squared errors end at rounding
        return model.fit(X, y, **fit_params)


def assert_same_fit(elsewhere, model, y, dtype="float64", weight=None, rtol=1e-7):
    given, more = X.astype(dtype), {} if weight is None else {"sample_weight": weight}
    host = fitted(model, given, y, **more)
    expected, curve = (host.coef_, host.intercept_), host.loss_curve_
    more = {name: elsewhere.asarray(value) for name, value in more.items()}
    other = fitted(model, elsewhere.asarray(given), elsewhere.asarray(y), **more)
    assert is_device_array(other.coef_)
    assert str(other.coef_.dtype).endswith(dtype)
    np.testing.assert_allclose(other.loss_curve_, curve, rtol=rtol)
    for actual, known in zip((other.coef_, other.intercept_), expected, strict=True):
        np.testing.assert_allclose(to_numpy(actual), known, rtol=100 * rtol, atol=10 * rtol)


def model_of(loss, task, optimizer, **more):
    of_classes = task in ("two classes", "softmax")
    cls = LinearClassifier if of_classes else LinearRegressor
    options = {"penalty": L2(1e-3), "tol": 1e-10, "dtype": "float64"}
    return cls(loss=loss, optimizer=optimizer, **options | more)


@pytest.mark.parametrize("optimizer", NEWTON)
@pytest.mark.parametrize("weighted", [False, True], ids=["", "weights"])
@pytest.mark.parametrize("loss, task", CASES)
def test_fits(elsewhere, loss, task, optimizer, weighted):
    model = model_of(loss, task, optimizer, fit_intercept=not weighted or task != "softmax")
    assert_same_fit(elsewhere, model, TARGETS[task], weight=WEIGHT if weighted else None)


@pytest.mark.parametrize("optimizer", NEWTON)
@pytest.mark.parametrize("loss, task", CASES[::2])
def test_single_precision(elsewhere, loss, task, optimizer):
    model = model_of(loss, task, optimizer, dtype="float32", tol=1e-5, max_iter=5)
    assert_same_fit(elsewhere, model, TARGETS[task], "float32", rtol=1e-5)


@pytest.mark.parametrize("optimizer", NEWTON)
@pytest.mark.parametrize("loss, task", [("log_loss", "softmax"), ("huber", "two targets")])
def test_rows_are_taken_in_blocks(elsewhere, optimizer, loss, task, monkeypatch):
    monkeypatch.setattr(_design, "_BLOCK_ON_DEVICE", 512)
    monkeypatch.setattr(_newton, "_ROWS_ON_DEVICE", 64)
    monkeypatch.setattr(_linear_rows, "_DERIVED_ON_DEVICE", 64)
    assert_same_fit(elsewhere, model_of(loss, task, optimizer), TARGETS[task])


@pytest.mark.parametrize("n_fits", [1, 3])
@pytest.mark.parametrize("is_joint", [False, True], ids=["apart", "joint"])
@pytest.mark.parametrize("has_mean", [False, True], ids=["", "centred"])
def test_matrices_and_products(elsewhere, n_fits, is_joint, has_mean):
    rng = np.random.default_rng(1)
    mean, variance = (X.mean(axis=0)[None] if has_mean else None), X.var(axis=0)[None]
    diagonal, root = rng.uniform(0.5, 1, (2, n_fits, len(X), 2))
    coef = rng.normal(size=(n_fits, X.shape[1] + has_mean, 2))
    host = Design(X, mean, variance)
    other = Design(elsewhere.asarray(X), mean, variance)
    hessian = Hessian(diagonal, root if is_joint else None)
    there = Hessian(*(None if part is None else elsewhere.asarray(part) for part in hessian))
    assert is_device_array(other.times(coef))
    np.testing.assert_allclose(to_numpy(other.times(coef)), host.times(coef), rtol=1e-9)
    transposed = other.transposed(elsewhere.asarray(diagonal))
    np.testing.assert_allclose(transposed, host.transposed(diagonal), rtol=1e-9, atol=1e-9)
    for one, expected in zip(other.grams(there), host.grams(hessian), strict=True):
        np.testing.assert_allclose(one, expected, rtol=1e-9, atol=1e-9)
    rows = there.times(elsewhere.asarray(diagonal))
    np.testing.assert_allclose(to_numpy(rows), hessian.times(diagonal), rtol=1e-12)


@pytest.mark.parametrize("optimizer", NEWTON)
def test_searches(elsewhere, optimizer):
    grid = {"penalty__alpha": [1e-3, 0.1, 1.0], "class_weight": [None, {0: 2.0, 1: 1.0, 2: 1.0}]}
    y = TARGETS["softmax"]
    search = FusedGridSearchCV(model_of("log_loss", "softmax", optimizer), grid, cv=2)
    expected = search.fit(X, y).cv_results_["mean_test_score"]
    search.fit(elsewhere.asarray(X), elsewhere.asarray(y))
    np.testing.assert_allclose(search.cv_results_["mean_test_score"], expected, rtol=1e-12)


@pytest.mark.parametrize(
    "loss, task, shape, name",
    [
        ("log_loss", "two classes", (200, 5), "newton_cholesky"),
        ("poisson", "counts", (200, 5), "newton_cholesky"),
        ("squared_error", "numbers", (200, 1200), "newton_cg"),
    ],
)
def test_auto_is_what_it_is_on_the_host(elsewhere, loss, task, shape, name):
    rows = np.random.default_rng(0).normal(size=shape)
    if name == "newton_cg":
        rows = np.tile(rows, (6, 1))
    y = np.resize(TARGETS[task], len(rows))
    model = model_of(loss, task, "auto", tol=1e-4)
    assert fitted(model, rows, y).optimizer_.name == name
    assert fitted(model, elsewhere.asarray(rows), elsewhere.asarray(y)).optimizer_.name == name


@pytest.mark.parametrize("name", [n for n in OPTIMIZERS if not OPTIMIZERS[n].takes_devices])
def test_others_that_go_row_by_row_say_what_to_use_instead(elsewhere, name):
    of_kinks = name in ("interior_point", "dual_coordinate_descent")
    model = model_of("absolute_error" if of_kinks else "huber", "numbers", name)
    instead = "'fista'" if of_kinks else "'newton_cholesky' or 'newton_cg'"
    reason = "takes arrays of NumPy and SciPy only, and X is elsewhere"
    with pytest.raises(ValueError, match=f"'{name}' {reason}.* Change .*optimizer to .*{instead}"):
        model.fit(elsewhere.asarray(X), elsewhere.asarray(TARGETS["numbers"]))
