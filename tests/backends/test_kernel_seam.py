"""Which function computes: the definition, or the kernel of an array's type."""

import sys
import types

import numpy as np
import pytest

from skopt_suite.backends.kernels import KERNELS, kernel
from skopt_suite.backends.kernels._registry import FUSED_IN

ADD_SCALED = "skopt_suite.penalties._base.add_scaled"


def arguments(asarray=np.asarray):
    return asarray([[1.0, 2.0]]), asarray([[3.0, 4.0]]), asarray([[10.0]])


def test_numpy_arrays_get_the_fused_kernel_and_others_the_definition(monkeypatch):
    add_scaled, calls = KERNELS[ADD_SCALED], []
    add_scaled(*arguments())
    fused = add_scaled.answers[np.ndarray]
    assert fused is not add_scaled.definition
    monkeypatch.setitem(add_scaled.answers, np.ndarray, lambda *a: calls.append(a) or fused(*a))
    add_scaled(*arguments())
    assert len(calls) == 1
    xp = pytest.importorskip("array_api_strict")
    add_scaled(*arguments(xp.asarray))
    assert len(calls) == 1


@kernel
def add_scaled(total, weights, scale):
    """Named as one of ours, and something else."""
    return total - scale * weights


def test_a_kernel_that_has_the_name_of_one_of_ours_stays_what_it_is():
    assert add_scaled(*arguments()).tolist() == [[-29.0, -38.0]]
    assert KERNELS[ADD_SCALED](*arguments()).tolist() == [[31.0, 42.0]]


def test_other_types_of_arrays_get_kernels_of_their_own(monkeypatch):
    """As those of CuPy will: the definition and its callers stay as they are."""

    class ndarray(np.ndarray):
        __module__, __qualname__ = "elsewhere._core", "ndarray"

    kernels = types.ModuleType("kernels_of_elsewhere")
    kernels.FUSED = {ADD_SCALED: lambda total, weights, scale: "fused elsewhere"}
    monkeypatch.setitem(sys.modules, "kernels_of_elsewhere", kernels)
    monkeypatch.setitem(FUSED_IN, "elsewhere.ndarray", "kernels_of_elsewhere")
    elsewhere = arguments(lambda values: np.asarray(values).view(ndarray))
    assert KERNELS[ADD_SCALED](*elsewhere) == "fused elsewhere"
    assert KERNELS[ADD_SCALED](*arguments()).tolist() == [[31.0, 42.0]]
