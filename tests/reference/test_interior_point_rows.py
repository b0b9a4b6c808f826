"""The passes of the interior-point method: kernels are their definitions."""

from copy import deepcopy

import numpy as np
import pytest

from skopt_suite.backends import KERNELS
from skopt_suite.backends.kernels._numba import FUSED
from skopt_suite.optimizers.algebra._interior_rows import Kinks, Slacks

PASSES = ["measure", "weigh", "predict", "correct", "centre", "approach", "distances", "settle"]
SHAPES = [(1, 1, 0), (64, 1, 0), (100, 2, 7), (130, 1, 70), (30, 3, 1)]


def arguments(name, n_rows, n_times, n_weights):
    """Kinks of rows and weights, some of which are none."""
    rng = np.random.default_rng(n_rows)
    n = n_rows * n_times + n_weights
    at, below, width = rng.normal(size=n), -rng.random(n), rng.random(n)
    over, under = rng.random((2, n)) ** 8
    dual = below + width * rng.random(n)
    idle = np.arange(n) % 7 == 3
    over[idle] = under[idle] = width[idle] = 0.0
    dual[idle] = below[idle]
    if name in ("measure", "approach", "distances", "settle"):
        settle_some(over, under, dual, below, width)
    shared = rng.normal(size=(2, n_rows + n_weights))
    state = Slacks(over, under, dual), Kinks(at, below, below + width), n_rows
    second, step = rng.normal(size=(2, n)), rng.normal(size=(3, n))
    distance = rng.random(n_rows)
    return {
        "measure": (shared[0], *state),
        "weigh": (np.empty((3, n_rows + n_weights)), *state),
        "approach": (shared[0], state[0], n_rows, 2.0),
        "distances": (0.1 * shared[0], *state, 0.6, 0.8),
        "settle": (step[0], distance, *state[:2], n_weights, 0.3, 0.5),
        "predict": (shared[0], *state),
        "correct": (shared[0], second, *state, 0.3),
        "centre": (step, second, *state, n_weights, 0.3, (0.9, 0.7, 0.1, 2.0)),
    }[name]


def settle_some(over, under, dual, below, width):
    """Every third kink is on one side."""
    for side, slack, share in ((0, over, 0.0), (1, under, 1.0)):
        chosen = np.arange(len(over)) % 6 == 3 * side
        slack[chosen] = 0.0
        dual[chosen] = (below + share * width)[chosen]


def both(name, given):
    full = f"skopt_suite.optimizers.algebra._interior_rows.{name}"
    with np.errstate(divide="ignore", invalid="ignore"):
        return FUSED[full](*deepcopy(given)), KERNELS[full].definition(*deepcopy(given))


@pytest.mark.parametrize("name", PASSES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_pass_is_its_definition(name, shape):
    actual, expected = both(name, arguments(name, *shape))
    if name == "approach":
        actual, expected = [actual], [expected]
    for one, other in zip(actual, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["measure", "predict", "correct", "centre"])
def test_no_pass_hides_what_is_no_number(name):
    """What a step is measured by is no number then, so that nobody goes it."""
    given = arguments(name, 100, 2, 7)
    given[0][..., 50] = np.nan
    for found in both(name, given):
        told = {"measure": slice(2), "centre": slice(50, 51)}.get(name, slice(None))
        assert np.isnan(found[-1][told]).all()


def test_weights_of_rows_show_what_is_no_number():
    given = arguments("weigh", 100, 2, 7)
    given[1].dual[50] = np.nan
    for found in both("weigh", given):
        assert np.isnan(found[:, 50]).all()


def test_what_is_settled_again_has_products_of_mu():
    width, at, mu = np.array([0.5, 2.0, 1.0, 1.0]), np.zeros(4), 1e-3
    kinks = Kinks(at, -width / 2, width / 2)
    beyond = np.array([0.2, -0.2, 30.0, -30.0])
    sides = np.maximum(beyond, 0.0), np.maximum(-beyond, 0.0), np.sign(beyond) * width / 2
    given = beyond, np.abs(beyond), Slacks(*sides), kinks, 0, mu, 1.0
    for over, under, dual in both("settle", given):
        np.testing.assert_allclose(over - under, beyond)
        np.testing.assert_allclose((over * (width / 2 - dual) / width)[:2], mu, rtol=1e-9)
        np.testing.assert_allclose((under * (width / 2 + dual) / width)[:2], mu, rtol=1e-9)
        np.testing.assert_array_equal(np.minimum(over, under)[2:], 0.0)
        np.testing.assert_array_equal(dual[2:], [0.5, -0.5])


@pytest.mark.parametrize("cut", [slice(None), slice(2, -1)])
def test_rows_are_scaled(cut):
    rng = np.random.default_rng(0)
    rows, scale = rng.normal(size=(50, 6))[:, cut], rng.random(50)
    actual, _ = both("scale_rows", (rows, scale, np.empty((60, rows.shape[1]))))
    np.testing.assert_array_equal(actual, rows * scale[:, None])
