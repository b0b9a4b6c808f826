"""Every estimator on the GPU against NumPy. Skipped where there is no card (see conftest)."""

import pickle
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
from sklearn.base import clone, is_classifier

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.estimators._prepare import plan_of
from skopt_suite.optimizers import OPTIMIZERS, Demands

from .rows import diabetes, digits

pytestmark = pytest.mark.gpu

SETTINGS = {"dtype": "float64", "random_state": 0, "max_iter": 5}
MLP = {"hidden_layer_sizes": (16, 8), "batch_size": 50}


FEW = partial(digits, 300)
CASES = [
    pytest.param(LinearClassifier(**SETTINGS), FEW, id="LinearClassifier"),
    pytest.param(LinearRegressor(**SETTINGS), diabetes, id="LinearRegressor"),
    pytest.param(MLPClassifier(**SETTINGS, **MLP, dropout=0.2), FEW, id="MLPClassifier"),
    pytest.param(MLPRegressor(**SETTINGS, **MLP, activation="gelu"), diabetes, id="MLPRegressor"),
]


def refusal_on_card(estimator):
    """Return why its optimizer cannot train it on a card; None if it can."""
    plan = plan_of(estimator)
    demands = Demands(
        plan.loss,
        plan.penalty,
        plan.schedule.name,
        dropout=max(plan.dropout, default=0.0),
        hidden_layer_sizes=getattr(estimator, "hidden_layer_sizes", ()),
        has_coupled_outputs=is_classifier(estimator),
        is_on_host=False,
    )
    return plan.optimizer.refusal(demands)


@pytest.mark.filterwarnings("ignore:.*stopped while the objective")
@pytest.mark.parametrize("optimizer", list(OPTIMIZERS))
@pytest.mark.parametrize(("estimator", "data"), CASES)
def test_fit_equals_numpy(estimator, data, optimizer):
    import cupy

    X, y = data()
    estimator = clone(estimator).set_params(optimizer=optimizer)
    if not OPTIMIZERS[optimizer].takes_schedule and "dropout" in estimator.get_params():
        estimator.set_params(dropout=0.0)
    if reason := refusal_on_card(estimator):
        pytest.skip(f"{optimizer} {reason}")
    on_host = estimator.fit(X, y)
    expected = on_host.predict(X)
    curve = on_host.loss_curve_
    on_device = estimator.fit(cupy.asarray(X), cupy.asarray(y))
    predicted = on_device.predict(cupy.asarray(X))
    # the sign of what is 0 but for rounding is any
    rtol = 1e-6 if optimizer == "lion" else 1e-7
    np.testing.assert_allclose(on_device.loss_curve_, curve, rtol=rtol)
    assert isinstance(predicted, cupy.ndarray)
    np.testing.assert_allclose(predicted.get(), expected, rtol=1e-5)


@pytest.mark.parametrize(("estimator", "data"), CASES)
def test_backend_cupy_brings_results_back(estimator, data):
    X, y = data()
    estimator = clone(estimator).set_params(optimizer="adam", backend="cupy").fit(X, y)
    assert isinstance(estimator.predict(X), np.ndarray)


def test_model_fitted_on_the_gpu_loads_where_there_is_none(tmp_path):
    import cupy

    X, y = FEW()
    model = MLPClassifier(**SETTINGS, **MLP).fit(cupy.asarray(X), cupy.asarray(y))
    expected = model.predict(cupy.asarray(X)).get()
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(model))
    np.save(tmp_path / "X.npy", X)
    code = (
        "import sys, pickle, numpy as np; sys.modules['cupy'] = None\n"
        "model = pickle.load(open('model.pkl', 'rb'))\n"
        "np.save('predicted.npy', model.predict(np.load('X.npy')))"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    np.testing.assert_array_equal(np.load(tmp_path / "predicted.npy"), expected)


def test_dropout_draws_the_same_bits():
    import cupy

    from skopt_suite.backends import KERNELS

    rate, where = np.array([[0.3], [0.5]]), (9, 33, 2**40 + 7, 5, 1)
    mask = KERNELS["skopt_suite.models._dropout.dropout_mask"](cupy.asarray(rate), *where)
    np.testing.assert_array_equal(
        mask.get(), KERNELS["skopt_suite.models._dropout.dropout_mask"](rate, *where)
    )
