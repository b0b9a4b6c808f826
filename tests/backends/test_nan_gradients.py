"""A gradient that is not a number ends a fit, on kernels as on definitions."""

import numpy as np
import pytest

from skopt_suite import DivergenceError, LinearRegressor, MLPRegressor
from skopt_suite.backends import KERNELS
from skopt_suite.losses import SquaredError
from skopt_suite.optimizers import OPTIMIZERS

TAKE_ANY_LOSS = [name for name in OPTIMIZERS if not OPTIMIZERS[name].only_linear]


class WithoutZeros(SquaredError):
    """The value is right, but the gradient is 0 / 0 where a target is 0."""

    def value_and_gradient(self, y, raw):
        value, gradient = super().value_and_gradient(y, raw)
        with np.errstate(invalid="ignore"):
            return value, gradient * y / y


@pytest.fixture(params=["kernels", "definitions"])
def backend(request, monkeypatch):
    if request.param == "definitions":
        for kernel in KERNELS.values():
            monkeypatch.setitem(kernel.answers, np.ndarray, kernel.definition)


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("penalty", ["none", "l1", "l2"])
@pytest.mark.parametrize("optimizer", TAKE_ANY_LOSS)
@pytest.mark.parametrize("model", [LinearRegressor(), MLPRegressor((5, 4))], ids=["linear", "mlp"])
def test_nan_gradient_is_divergence(model, optimizer, penalty):
    if penalty == "l1" and not OPTIMIZERS[optimizer].takes_prox:
        pytest.skip("needs a smooth penalty")
    X = np.random.default_rng(0).normal(size=(30, 3))
    y = np.where(np.arange(30) == 7, 0.0, X[:, 0])
    model.set_params(
        loss=WithoutZeros(), optimizer=optimizer, penalty=penalty, max_iter=3, random_state=0
    )
    with pytest.raises(DivergenceError):
        model.fit(X, y)
