"""Steps by graphs of kernels on the GPU against the definition, and against NumPy."""

import numpy as np
import pytest

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.losses import CLASSIFICATION_LOSSES, REGRESSION_LOSSES
from skopt_suite.models import ACTIVATIONS
from skopt_suite.optimizers import OPTIMIZERS, ClipGradient
from skopt_suite.penalties import L2, GroupLasso, MaxNorm, SparseGroupLasso, Sum
from skopt_suite.training import _device_batch, _device_steps, _loop

from .rows import diabetes, digits

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.filterwarnings("ignore:.*stopped while the objective"),
]

SETTINGS = {
    "dtype": "float64",
    "random_state": 0,
    "max_iter": 3,
    "batch_size": 50,
    "early_stopping": False,
}
BY_DEFINITION = {"muon"}
"""Rules whose steps no kernel is written from: by products of matrices."""


GROUPS = {
    "norms bounded": MaxNorm(0.6),
    "units": GroupLasso(0.02),
    "incoming, and single weights": SparseGroupLasso(0.01, groups="incoming"),
    "with squares": Sum(L2(0.01), GroupLasso(0.02)),
}


@pytest.fixture
def made(monkeypatch):
    """What made the steps of each pass."""
    made, find = [], _loop.compiled_steps

    def recorded(*args):
        made.append(find(*args))
        return made[-1]

    monkeypatch.setattr(_loop, "compiled_steps", recorded)
    return made


def assert_as_defined(estimator, X, y, monkeypatch, made, rtol=1e-9, **fit):
    import cupy

    device = [cupy.asarray(part) for part in (X, y)]
    estimator.fit(*device, **fit)
    curve, predicted = estimator.loss_curve_, estimator.predict(device[0]).get()
    is_fused = made[-1] is not None
    monkeypatch.setattr(_loop, "compiled_steps", lambda *args: None)
    estimator.fit(*device, **fit)
    np.testing.assert_allclose(curve, estimator.loss_curve_, rtol=rtol)
    np.testing.assert_allclose(
        predicted, estimator.predict(device[0]).get(), rtol=max(rtol, 1e-5), atol=1e-6
    )
    return is_fused


RULES = [name for name in OPTIMIZERS if not OPTIMIZERS[name].is_full_batch]


@pytest.mark.parametrize("penalty", ["l2", "l1"])
@pytest.mark.parametrize("optimizer", RULES)
def test_rules(optimizer, penalty, monkeypatch, made):
    if (optimizer, penalty) == ("muon", "l1"):
        pytest.skip("muon needs a smooth penalty")
    hidden = (9, 9) if optimizer == "muon" else (9,)
    network = MLPClassifier(hidden, optimizer=optimizer, penalty=penalty, **SETTINGS)
    is_fused = assert_as_defined(network, *digits(), monkeypatch, made, rtol=1e-6)
    assert is_fused == (optimizer not in BY_DEFINITION)


@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("activation", list(ACTIVATIONS))
def test_activations(activation, dropout, monkeypatch, made):
    network = MLPClassifier((16, 8), activation=activation, dropout=dropout, **SETTINGS)
    assert assert_as_defined(network, *digits(), monkeypatch, made)


@pytest.mark.parametrize("optimizer", ["momentum", "adam", ClipGradient("adagrad")])
@pytest.mark.parametrize("name", list(GROUPS))
def test_penalties_of_groups(name, optimizer, monkeypatch, made):
    """A warp for every group, whose threads agree when an equation is solved."""
    network = MLPClassifier((40,), optimizer=optimizer, penalty=GROUPS[name], **SETTINGS)
    assert assert_as_defined(network, *digits(), monkeypatch, made, rtol=1e-7)


@pytest.mark.parametrize("penalty", [MaxNorm(0.5), GroupLasso(0.02)])
def test_penalties_of_groups_in_linear_models(penalty, monkeypatch, made):
    model = LinearClassifier(fit_intercept=False, optimizer="adam", penalty=penalty, **SETTINGS)
    assert assert_as_defined(model, *digits(), monkeypatch, made, rtol=1e-7)


@pytest.mark.parametrize("few_products", [0, 2**25])
@pytest.mark.parametrize("standardize", [False, True])
def test_dropped_inputs(standardize, few_products, monkeypatch, made):
    for module in (_device_batch, _device_steps):
        monkeypatch.setattr(module, "FEW_PRODUCTS", few_products)
    settings = {**SETTINGS, "standardize": standardize, "input_dropout": 0.2}
    network = MLPClassifier((16, 8), dropout=0.3, **settings)
    assert assert_as_defined(network, *digits(), monkeypatch, made)


def test_dropped_inputs_of_stacked_fits():
    """Those of a fit are the same in a stack as alone, and on the host."""
    from skopt_suite.model_selection import FusedGridSearchCV

    network = MLPClassifier((8,), **SETTINGS)
    grid = {"input_dropout": [0.1, 0.2, 0.5], "optimizer__learning_rate": [0.003, 0.03]}
    searches = [
        FusedGridSearchCV(network.set_params(backend=backend), grid, cv=3).fit(*digits())
        for backend in ("numpy", "cupy")
    ]
    scores = [search.cv_results_["mean_test_score"] for search in searches]
    np.testing.assert_allclose(*scores, atol=0.01)


@pytest.mark.parametrize("n_columns", [0, 1, 2])
@pytest.mark.parametrize("loss", list(CLASSIFICATION_LOSSES))
def test_losses_of_classifiers(loss, n_columns, monkeypatch, made):
    X, y = digits()
    if n_columns:
        y = np.stack([y > 4, y % 2 > 0], axis=1).astype(int)[:, :n_columns]
        y = y[:, 0] if n_columns == 1 else y
    network = MLPClassifier((8,), loss=loss, **SETTINGS)
    assert assert_as_defined(network, X, y, monkeypatch, made)


@pytest.mark.parametrize("n_targets", [1, 2])
@pytest.mark.parametrize("loss", list(REGRESSION_LOSSES))
def test_losses_of_regressors(loss, n_targets, monkeypatch, made):
    X, y = diabetes()
    y = y if n_targets == 1 else np.stack([y, y[::-1]], axis=1)
    network = MLPRegressor((8,), loss=loss, **SETTINGS)
    assert assert_as_defined(network, X, y, monkeypatch, made)


@pytest.mark.parametrize("estimator", [LinearClassifier(), LinearRegressor(fit_intercept=False)])
@pytest.mark.parametrize("schedule", ["constant", "one_cycle"])
def test_linear_models(estimator, schedule, monkeypatch, made):
    settings = {**SETTINGS, "optimizer": "momentum", "schedule": schedule}
    data = digits() if isinstance(estimator, LinearClassifier) else diabetes()
    assert assert_as_defined(estimator.set_params(**settings), *data, monkeypatch, made)


@pytest.mark.parametrize("batch_size", [50, 200])
@pytest.mark.parametrize("few_products", [0, 2**25])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_products(activation, few_products, batch_size, monkeypatch, made):
    """By cuBLAS, or by the kernels that need them."""
    for module in (_device_batch, _device_steps):
        monkeypatch.setattr(module, "FEW_PRODUCTS", few_products)
    settings = {**SETTINGS, "batch_size": batch_size, "activation": activation, "dropout": 0.2}
    network = MLPClassifier((96, 33), **settings)
    assert assert_as_defined(network, *digits(), monkeypatch, made)


@pytest.mark.parametrize("batch_size", [50, 400])
@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("normalization", ["none", "layer", "batch"])
def test_normalised_and_residual_networks(normalization, residual, batch_size, monkeypatch, made):
    around = {"normalization": normalization, "residual": residual, "dropout": 0.2}
    network = MLPClassifier((40, 40, 17), **around, **{**SETTINGS, "batch_size": batch_size})
    assert assert_as_defined(network, *digits(), monkeypatch, made)


@pytest.mark.parametrize("hidden", [(96, 33), (64, 64)])
def test_precisions_of_products(hidden, monkeypatch):
    import cupy

    X, y = map(cupy.asarray, digits())
    monkeypatch.setattr(_device_batch, "_MANY_PRODUCTS", 0)
    curves = {}
    for precision in ("highest", "high", "medium"):
        settings = {**SETTINGS, "dtype": "float32", "matmul_precision": precision}
        curves[precision] = np.array(MLPClassifier(hidden, **settings).fit(X, y).loss_curve_)
    error = {name: np.abs(curves[name] / curves["highest"] - 1).max() for name in curves}
    assert 0 < error["high"] < 3e-3
    assert error["high"] < error["medium"] < 3e-2


def test_weights_and_rows_in_order(monkeypatch, made):
    X, y = digits()
    network = MLPClassifier((8,), shuffle=False, **SETTINGS)
    weight = 1 + np.arange(len(y)) / 100
    assert assert_as_defined(network, X, y, monkeypatch, made, sample_weight=weight)


def test_rows_that_are_columns_in_memory(made):
    import cupy

    X, y = digits()
    network = MLPClassifier((8,), **SETTINGS)
    expected = network.fit(cupy.asarray(X), cupy.asarray(y)).loss_curve_
    curve = network.fit(cupy.asfortranarray(cupy.asarray(X)), cupy.asarray(y)).loss_curve_
    assert made[-1] is not None
    np.testing.assert_allclose(curve, expected, rtol=1e-12)


def test_many_ranges_of_steps(monkeypatch, made):
    """So many steps that every graph is launched, and the last batch is a smaller one."""
    X, y = digits()
    network = MLPClassifier((8,), **{**SETTINGS, "batch_size": 4})
    assert assert_as_defined(network, X, y, monkeypatch, made)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_equal_to_numpy(dtype):
    """The same draws, weights to start from, and order of rows."""
    import cupy

    X, y = digits()
    network = MLPClassifier((64, 64), optimizer="adam", dropout=0.2, **{**SETTINGS, "dtype": dtype})
    on_host = np.array(network.fit(X, y).loss_curve_)
    on_device = np.array(network.fit(cupy.asarray(X), cupy.asarray(y)).loss_curve_)
    np.testing.assert_allclose(on_device, on_host, rtol=1e-4 if dtype == "float32" else 1e-9)


def test_stacked_fits_are_as_alone():
    """Also when some of them leave the stack before others."""
    import cupy

    from skopt_suite.model_selection import FusedGridSearchCV

    X, y = digits()
    network = MLPClassifier((8,), **{**SETTINGS, "max_iter": 12, "tol": 0.3, "n_iter_no_change": 2})
    grid = {"optimizer__learning_rate": [1e-5, 0.003, 0.01, 0.03, 0.3]}
    on_host = FusedGridSearchCV(network, grid, cv=3).fit(X, y)
    on_device = FusedGridSearchCV(network.set_params(backend="cupy"), grid, cv=3).fit(X, y)
    scores = [search.cv_results_["mean_test_score"] for search in (on_host, on_device)]
    np.testing.assert_allclose(*scores, atol=0.01)
    assert isinstance(on_device.predict(X), np.ndarray)
    assert cupy is not None


def test_sparse_rows_are_as_dense_ones(made):
    import cupy
    import cupyx.scipy.sparse

    X, y = digits()
    network = MLPClassifier((16,), standardize=False, **SETTINGS)
    expected = network.fit(cupy.asarray(X), cupy.asarray(y)).loss_curve_
    rows = cupyx.scipy.sparse.csr_matrix(cupy.asarray(X))
    curve = network.fit(rows, cupy.asarray(y)).loss_curve_
    assert made[-1] is not None
    np.testing.assert_allclose(curve, expected, rtol=1e-9)
