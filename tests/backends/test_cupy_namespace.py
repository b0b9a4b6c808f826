"""What CuPy's namespace has of its own, with NumPy in the place of CuPy."""

import copy
import pickle
import sys
import types

import numpy as np
import pytest

from skopt_suite.backends._cupy_namespace import cupy_namespace


@pytest.fixture
def xp(monkeypatch):
    layer = types.ModuleType("array_api_compat.cupy")
    vars(layer).update({name: value for name, value in vars(np).items() if name[0] != "_"})
    layer.clip = layer.vecdot = None
    monkeypatch.setitem(sys.modules, "cupy", np)
    monkeypatch.setitem(sys.modules, "array_api_compat.cupy", layer)
    monkeypatch.setattr("array_api_compat.cupy", layer, raising=False)
    cupy_namespace.cache_clear()
    yield cupy_namespace()
    cupy_namespace.cache_clear()


def test_clip(xp):
    x = np.array([-2.0, 0.5, 2.0, np.nan])
    np.testing.assert_array_equal(xp.clip(x, 0.0, None), np.clip(x, 0.0, None))
    np.testing.assert_array_equal(xp.clip(x, None, 1.0), np.clip(x, None, 1.0))
    np.testing.assert_array_equal(xp.clip(x, min=-1.0, max=1.0), np.clip(x, -1.0, 1.0))


def test_vecdot(xp):
    a, b = np.random.default_rng(0).normal(size=(2, 3, 4, 5))
    np.testing.assert_allclose(xp.vecdot(a, b), np.vecdot(a, b))
    np.testing.assert_allclose(xp.vecdot(a[:1], b, axis=1), np.vecdot(a[:1], b, axis=1))


def test_it_is_one(xp):
    assert xp.__name__ == "array_api_compat.cupy"
    assert xp.exp is np.exp
    assert pickle.loads(pickle.dumps(xp)) is xp
    assert copy.deepcopy(xp) is xp
    assert hash(xp) == hash(xp)
