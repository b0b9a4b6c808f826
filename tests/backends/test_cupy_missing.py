"""backend="cupy" where CuPy or the card is missing: a clear error, never a silent fall-back."""

import sys
import types

import numpy as np
import pytest

from skopt_suite import LinearClassifier, MLPRegressor

X, Y = np.arange(20.0).reshape(10, 2), np.array([0, 1] * 5)


@pytest.mark.parametrize("estimator", [LinearClassifier, MLPRegressor])
def test_missing_cupy_names_the_install_command(monkeypatch, estimator):
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(ImportError, match=r"pip install 'skopt-suite\[cuda13\]'"):
        estimator(backend="cupy").fit(X, Y)


def fake_cupy(device_count):
    """A module with the part of CuPy that is asked for cards."""
    runtime = types.SimpleNamespace(
        getDeviceCount=device_count, CUDARuntimeError=type("CUDARuntimeError", (Exception,), {})
    )
    cupy = types.ModuleType("cupy")
    cupy.cuda = types.SimpleNamespace(runtime=runtime)
    return cupy


def test_missing_card_names_the_driver(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", fake_cupy(lambda: 0))
    with pytest.raises(RuntimeError, match=r"no device found.*nvidia-smi"):
        LinearClassifier(backend="cupy").fit(X, Y)


def test_broken_driver_is_reported(monkeypatch):
    cupy = fake_cupy(None)

    def raise_driver_error():
        raise cupy.cuda.runtime.CUDARuntimeError("cudaErrorInsufficientDriver")

    cupy.cuda.runtime.getDeviceCount = raise_driver_error
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    with pytest.raises(RuntimeError, match="cudaErrorInsufficientDriver"):
        LinearClassifier(backend="cupy").fit(X, Y)
