"""Every fused kernel computes what its definition does."""

import importlib
import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from scipy.special import expit

import skopt_suite  # noqa: F401  (every definition registers itself when it is imported)
from skopt_suite.backends import KERNELS, placement_for, to_numpy
from skopt_suite.backends.kernels._registry import FUSED_IN
from skopt_suite.models import ACTIVATIONS

from .kernel_arguments import ARGUMENTS, CURVES, NUMPY, Draw


def short(name):
    return name.rpartition(".")[2]


def fused_for(array_type):
    """Fused kernels by the short names of their definitions; none where there is no backend."""
    try:
        fused = importlib.import_module(FUSED_IN[array_type]).FUSED
    except (KeyError, ImportError):
        return {}
    assert fused.keys() <= KERNELS.keys()
    return {short(name): kernel for name, kernel in fused.items()}


OURS = {name: kernel for name, kernel in KERNELS.items() if name.startswith("skopt_suite.")}
DEFINITIONS = {short(name): dispatch.definition for name, dispatch in OURS.items()}
FUSED = {backend: fused_for(f"{backend}.ndarray") for backend in ("numpy", "cupy")}
MARKS = {"numpy": (), "cupy": pytest.mark.gpu}


def kernel_of(case):
    return re.match(r"\w+", case)[0]


CASES = [
    pytest.param(backend, case, marks=MARKS[backend], id=f"{case}-{backend}")
    for backend, fused in FUSED.items()
    for case in ARGUMENTS
    if kernel_of(case) in fused
]


# which tests in tests/reference, named after their solvers, hold to their definitions
OF_ONE_FIT = {
    *("descend_by_moments", "descend_by_columns", "descend_by_sparse_columns"),
    *("descend_by_blocks", "sweep_rows", "sweep_sparse_rows", "ascend_dual"),
    *("measure", "weigh", "predict", "correct", "centre", "scale_rows"),
    *("approach", "distances", "settle"),
}


def test_every_fused_kernel_has_a_definition_and_arguments_here():
    assert len(DEFINITIONS) == len(OURS)  # short names are names
    cases = {kernel_of(case) for case in ARGUMENTS}
    assert set(FUSED["numpy"]) == cases | OF_ONE_FIT
    assert set(FUSED["cupy"]) <= cases
    assert set(CURVES) == set(ACTIVATIONS) - {"identity", "relu", "leaky_relu"}


@pytest.mark.parametrize("sliced", [False, True], ids=["contiguous", "sliced"])
@pytest.mark.parametrize("n_fits", [1, 3])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("backend, case", CASES)
def test_fused_kernel_equals_its_definition(backend, case, dtype, n_fits, sliced):
    name = kernel_of(case)
    expected = as_tuple(DEFINITIONS[name](*ARGUMENTS[case](Draw(n_fits, dtype, sliced))))
    draw = Draw(n_fits, dtype, sliced, placement_for(backend))
    actual = as_tuple(FUSED[backend][name](*ARGUMENTS[case](draw)))
    assert len(actual) == len(expected)
    tolerance = 2e-5 if dtype == "float32" else 1e-12
    for one, other in zip(actual, expected, strict=True):
        if other is None:
            assert one is None
            continue
        assert one.dtype == other.dtype == np.dtype(dtype)
        np.testing.assert_allclose(to_numpy(one), other, rtol=tolerance, atol=tolerance)
    draw.assert_surroundings_are_untouched()


def as_tuple(result):
    return result if isinstance(result, tuple) else (result,)


SPECIAL = [np.nan, np.inf, -np.inf]


def float_arrays(name, arguments, special):
    """Positions of what may be special: not labels, nor where layers lie."""
    never_negative = 1 if name == "soft_threshold" and special < 0 else None
    return [
        i
        for i, array in enumerate(arguments)
        if getattr(array, "ndim", 0)
        and array.dtype.kind == "f"
        and array.size
        and i != never_negative
    ]


def places(array):
    """An element of the first fit, and one of the last."""
    return [(0,) * array.ndim, tuple(n - 1 for n in array.shape)]


@pytest.mark.parametrize("special", SPECIAL)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("backend, case", CASES)
def test_kernels_treat_nan_and_infinity_as_their_definitions_do(backend, case, dtype, special):
    name, there = kernel_of(case), placement_for(backend)
    arguments = ARGUMENTS[case](Draw(2, dtype, False))
    for i in float_arrays(name, arguments, special):
        for place in places(arguments[i]):
            theirs, ours = (ARGUMENTS[case](Draw(2, dtype, False, p)) for p in (NUMPY, there))
            ours[i][place] = theirs[i][place] = special
            with np.errstate(all="ignore"):
                expected = as_tuple(DEFINITIONS[name](*theirs))
                actual = as_tuple(FUSED[backend][name](*ours))
            for one, other in zip(actual, expected, strict=True):
                if other is not None:
                    what = f"argument {i} at {place}"
                    one = to_numpy(one)
                    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4, err_msg=what)


def test_logistic_loss_is_right_to_rounding_however_far():
    raw = np.concatenate([np.linspace(-40, 40, 2001), [-700.0, -1e-9, 0.0, 1e-300, 700.0]])
    for y in (0.0, 1.0):
        value, gradient = FUSED["numpy"]["logistic_log_loss"](
            raw[None, :, None].copy(), np.full((raw.size, 1), y)
        )
        z = raw if y == 0 else -raw
        np.testing.assert_allclose(value[0], np.logaddexp(0, z), rtol=4e-16, atol=1e-14)
        np.testing.assert_allclose(gradient[0, :, 0], expit(raw) - y, rtol=1e-15, atol=2e-16)
    wrong = z < 0  # here the loss is that of a sure and right prediction, and z * y is 0
    value, _ = FUSED["numpy"]["logistic_log_loss"](
        z[None, wrong, None].copy(), np.zeros((wrong.sum(), 1))
    )
    np.testing.assert_allclose(value[0], np.log1p(np.exp(z[wrong])), rtol=1e-15)


HAVE_ZEROS = ("soft_threshold", "leaky_relu_backward relu", "add_bias relu")


@pytest.mark.parametrize("backend, case", [c for c in CASES if c.values[1] in HAVE_ZEROS])
def test_zeros_are_exact_in_both(backend, case):
    name, drawn = kernel_of(case), (3, "float32", False)
    expected = DEFINITIONS[name](*ARGUMENTS[case](Draw(*drawn)))
    there = placement_for(backend)
    actual = to_numpy(FUSED[backend][name](*ARGUMENTS[case](Draw(*drawn, there))))
    np.testing.assert_array_equal(actual == 0, expected == 0)
    assert (actual == 0).any()


FIT = """
import json, sys
import numpy as np
from skopt_suite import MLPClassifier
rng = np.random.default_rng(0)
X = rng.normal(size=(60, 4))
y = np.argmax(X[:, :3] + 0.3 * rng.normal(size=(60, 3)), axis=1)
losses = {}
for optimizer in ["sgd", "momentum", "adagrad", "adamw", "lion"]:
    model = MLPClassifier((6,), optimizer=optimizer, penalty="elastic_net", max_iter=5,
                          batch_size=16, dtype="float64", random_state=0)
    model.set_params(optimizer__learning_rate=0.01, penalty__alpha=0.01).fit(X, y)
    losses[optimizer] = model.loss_curve_ + [float(np.abs(w).sum()) for w in model.coefs_]
compiled = "skopt_suite.backends.kernels._numba" in sys.modules
print(json.dumps({"compiled": compiled, "losses": losses}))
"""


def fit_in_a_new_process(fused):
    environment = {**os.environ, "SKOPT_SUITE_FUSED_KERNELS": fused}
    done = subprocess.run(
        [sys.executable, "-c", FIT], env=environment, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def test_the_environment_variable_turns_fused_kernels_off():
    fused, defined = fit_in_a_new_process("1"), fit_in_a_new_process("0")
    assert fused["compiled"]
    assert not defined["compiled"]
    for optimizer, values in fused["losses"].items():
        np.testing.assert_allclose(defined["losses"][optimizer], values, rtol=1e-9)
