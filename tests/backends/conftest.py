"""A fake card for tests that need none."""

import sys
import types

import pytest

from .fake_cupy import PLACEMENT, FakeCSR, FakeSparse


@pytest.fixture
def gpu(monkeypatch):
    """Fake modules and a fake card: what ``backend="cupy"`` computes on."""
    sparse = types.ModuleType("cupyx.scipy.sparse")
    sparse.csr_matrix, sparse.issparse = FakeCSR, lambda X: isinstance(X, FakeSparse)
    for name in ("cupyx", "cupyx.scipy"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, "cupyx.scipy.sparse", sparse)
    monkeypatch.setattr("skopt_suite.backends._placement._cupy_placement", lambda: PLACEMENT)
    monkeypatch.setattr(
        "skopt_suite.backends.resources._free_memory._free_of_gpu", lambda placement: 2**30
    )
    return PLACEMENT
