"""Elementary functions in kernels, against those of long double; activations as pointers."""

import os
import subprocess
import sys

import numpy as np
import pytest
from numba import njit
from scipy.special import erfcx

from skopt_suite.backends.kernels._numba import _math
from skopt_suite.backends.kernels._numba._activations import ACTIVATIONS as BODIES
from skopt_suite.models import ACTIVATIONS

pytestmark = pytest.mark.skipif(
    np.finfo(np.longdouble).eps >= np.finfo(float).eps, reason="no type is wider than double here"
)

CURVES = [name for name in ACTIVATIONS if name not in ("identity", "relu", "leaky_relu")]


def expit(x):
    e = np.exp(-np.abs(x))
    return np.where(x > 0, 1, e) / (1 + e)


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


@njit
def logistic(x):
    return _math.logistic(x)[0]


@njit
def logistic_of_minus(x):
    return _math.logistic(x)[1]


# kernel, reference, limits at minus and plus infinity, units in the last place it may be off
FUNCTIONS = {
    "exp": (_math.exp, np.exp, (0, np.inf), 1.1),
    "expm1": (_math.expm1, np.expm1, (-1, np.inf), 2.0),
    "tanh": (_math.tanh, np.tanh, (-1, 1), 2.6),
    "logistic": (logistic, expit, (0, 1), 2.6),
    "logistic of minus x": (logistic_of_minus, lambda x: expit(-x), (1, 0), 2.6),
    "softplus": (_math.softplus, softplus, (0, np.inf), 2.0),
}


def on_array(function, x):
    @njit
    def loop(x, out):
        for i in range(x.size):
            out[i] = function(x[i])

    out = np.empty_like(x)
    loop(x, out)
    return out


def many_numbers(dtype):
    """Where functions curve, where they overflow and underflow, and of any size."""
    about = np.finfo(dtype)
    farthest = float(np.log(about.max))
    sizes = np.geomspace(float(about.tiny) * float(about.eps) * 2, float(about.max) / 2, 20_001)
    return np.concatenate(
        [
            np.linspace(-1.1 * farthest, 1.05 * farthest, 100_001),
            np.linspace(-40, 40, 100_001),
            np.linspace(-1, 1, 50_001),
            sizes,
            -sizes,
            [0.0, about.max, about.min, about.tiny, about.smallest_subnormal],
        ]
    ).astype(dtype)


def units_off(actual, expected):
    """How far numbers are from those in long double, in units in the last place."""
    about = np.finfo(actual.dtype)
    rounded = expected.astype(actual.dtype)
    unit = np.spacing(np.minimum(np.abs(rounded), about.max))
    unit = unit.astype(np.longdouble)  # half of the smallest number is nothing in its own type
    off = np.abs(actual.astype(np.longdouble) - expected) / unit
    return np.where(actual == rounded, 0, off)  # infinities are no numbers apart


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_right_to_a_few_units_in_the_last_place(name, dtype):
    function, reference, _, tolerance = FUNCTIONS[name]
    x = many_numbers(dtype)
    with np.errstate(all="ignore"):
        expected = reference(x.astype(np.longdouble))
        off = units_off(on_array(function, x), expected)
    worst = np.argmax(off)
    assert off[worst] <= tolerance, f"{off[worst]:.2f} at {x[worst]}"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_keep_nan_and_go_to_their_limits(name, dtype):
    function, _, limits, _ = FUNCTIONS[name]
    x = np.tile(np.array([np.nan, -np.inf, np.inf], dtype=dtype), 30)  # enough for all lanes
    np.testing.assert_array_equal(on_array(function, x), np.tile([np.nan, *limits], 30))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("function", "reference", "is_in_domain", "tolerance", "limits"),
    [
        (_math.exp_below, np.exp, lambda x: x <= 0, 1.1, (-np.inf, 0)),
        (_math.log, np.log, lambda x: x >= np.finfo(x.dtype).tiny, 1.1, (np.inf, np.inf)),
    ],
    ids=["exp_below", "log"],
)
def test_functions_of_some_numbers_are_right_there(
    function, reference, is_in_domain, tolerance, limits, dtype
):
    x = many_numbers(dtype)
    x = x[is_in_domain(x)]
    assert units_off(on_array(function, x), reference(x.astype(np.longdouble))).max() <= tolerance
    at, limit = limits
    special = np.tile(np.array([np.nan, at], dtype=dtype), 30)
    np.testing.assert_array_equal(on_array(function, special), np.tile([np.nan, limit], 30))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_mills_ratio_is_right_to_rounding(dtype):
    x = np.linspace(0, 14 if dtype == "float32" else 38, 100_001).astype(dtype)
    expected = np.sqrt(np.pi / 2) * erfcx(x / np.sqrt(2.0))
    np.testing.assert_allclose(
        on_array(_math.mills_ratio, x), expected, rtol=10 * np.finfo(dtype).eps
    )
    beyond = on_array(_math.mills_ratio, np.array([np.nan, np.inf, 1e38], dtype=dtype))
    assert np.isnan(beyond[0])
    assert np.isfinite(beyond[1:]).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", CURVES)
def test_slopes_of_activations_are_their_differences(name, dtype):
    x, step = np.linspace(-9, 9, 2000), 1e-6  # without 0, where selu has a corner
    slope, below, above = np.empty((3, x.size))
    ahead, behind = x + step, x - step
    activate = BODIES[name].function
    activate(ahead, above)
    activate(behind, below)
    z, slope = x.astype(dtype), np.empty(x.size, dtype=dtype)
    activate(z, slope)
    np.testing.assert_allclose(slope, (ahead - behind) / (2 * step), rtol=1e-5, atol=1e-6)


ASK = """
import numpy as np
from skopt_suite.backends.kernels._numba._activations import ACTIVATIONS
ACTIVATIONS["gelu"].address(np.dtype("float32"))
print(sum(ACTIVATIONS["gelu"].function.stats.cache_hits.values()))
"""


def test_the_next_process_finds_compiled_bodies(tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    hits = [
        subprocess.run(
            [sys.executable, "-c", ASK], env=environment, capture_output=True, text=True, check=True
        ).stdout.strip()
        for _ in range(2)
    ]
    assert hits == ["0", "1"]
