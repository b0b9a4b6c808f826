"""What every test shares. Loaded before NumPy, so the settings below still take effect."""

import os

# Two pytest workers on two cores: one BLAS thread each. (Only under pytest-xdist.)
if "PYTEST_XDIST_WORKER" in os.environ:
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
os.environ.setdefault("MPLBACKEND", "Agg")

import pytest
from hypothesis import settings

# Scripts that record reference data need peers that the tests do without.
collect_ignore_glob = ["reference/record_*.py"]

# Fixed seeds, and no deadline: the first call of a compiled kernel is slow.
settings.register_profile("skopt_suite", deadline=None, derandomize=True)
settings.load_profile("skopt_suite")

_GPU = pytest.param("cupy", marks=pytest.mark.gpu)


@pytest.fixture(scope="module", params=["array_api_strict", _GPU])
def elsewhere(request):
    """Where arrays live that are not NumPy's: what holds on NumPy holds there."""
    return _placement(request.param)


@pytest.fixture(scope="module", params=["numpy", "array_api_strict", _GPU])
def place(request):
    """Where arrays live, NumPy included."""
    return _placement(request.param)


def _placement(name):
    from skopt_suite.backends import Placement, placement_for

    if name != "array_api_strict":
        return placement_for(name)
    import array_api_strict

    return Placement(array_api_strict, array_api_strict.Device("CPU_DEVICE"))


def pytest_collection_modifyitems(items):
    """Skip the tests marked gpu where there is no card."""
    gpu_tests = [item for item in items if item.get_closest_marker("gpu")]
    if not gpu_tests:
        return
    reason = _why_no_gpu()
    if reason:
        for item in gpu_tests:
            item.add_marker(pytest.mark.skip(reason=reason))


def _why_no_gpu():
    """The reason why tests cannot use a GPU here, or None where they can."""
    try:
        import cupy

        cupy.zeros(1)
    except Exception as error:  # CuPy missing, driver missing, no card: all of them are reasons
        return f"no GPU: {type(error).__name__}: {error}".splitlines()[0]
    return None
