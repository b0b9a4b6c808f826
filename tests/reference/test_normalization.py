"""Normalisations agree with PyTorch; ``record_layers.py`` says what the recording holds."""

from pathlib import Path

import numpy as np
import pytest

from skopt_suite._layout import NormLayout
from skopt_suite.models import NORMALIZATIONS, Context
from skopt_suite.training import _epoch

with np.load(Path(__file__).parent / "data" / "normalization.npz") as recording:
    RECORDED = dict(recording)

X, DELTA = RECORDED["x"], RECORDED["delta"]
N_UNITS = X.shape[-1]
PARAMS = np.concatenate([[7.0], RECORDED["gain"], RECORDED["bias"]])[None]
NORM = NormLayout(N_UNITS, 1, 1 + N_UNITS, 0)
TRAINING = Context()
TOLERANCE = {"rtol": 1e-11, "atol": 1e-13}


def forward(name, x, params=PARAMS, context=TRAINING):
    return NORMALIZATIONS[name](NORM).forward(params, x, context)


def backward(name, saved, delta, params=PARAMS):
    gradient = np.full_like(params, np.nan)
    below = NORMALIZATIONS[name](NORM).backward(gradient, params, saved, delta.copy())
    assert np.isnan(gradient[:, 0]).all()
    return below, gradient[:, 1:]


@pytest.mark.parametrize("name", NORMALIZATIONS)
def test_outputs(name):
    for x, expected in zip(X, RECORDED[f"{name}/output"], strict=True):
        np.testing.assert_allclose(forward(name, x[None].copy())[0][0], expected, **TOLERANCE)


@pytest.mark.parametrize("name", NORMALIZATIONS)
def test_gradients(name):
    below, gradient = backward(name, forward(name, X[:1].copy())[1], DELTA[None])
    np.testing.assert_allclose(below[0], RECORDED[f"{name}/by_x"], **TOLERANCE)
    expected = np.concatenate([RECORDED[f"{name}/by_gain"], RECORDED[f"{name}/by_bias"]])
    np.testing.assert_allclose(gradient[0], expected, **TOLERANCE)


def test_what_is_kept_of_batches_and_predictions():
    buffers = np.concatenate([np.zeros(N_UNITS), np.ones(N_UNITS)])[None]
    kept = zip(X, RECORDED["batch/means"], RECORDED["batch/variances"], strict=True)
    for x, mean, variance in kept:
        moments = forward("batch", x[None].copy())[1].moments[:, 0]
        buffers = buffers + _epoch.SHARE * (moments - buffers)
        np.testing.assert_allclose(buffers[0], np.concatenate([mean, variance]), **TOLERANCE)
    predicted, saved = forward("batch", X[:1].copy(), context=Context(buffers=buffers))
    np.testing.assert_allclose(predicted[0], RECORDED["batch/predicted"], **TOLERANCE)
    assert saved is None


@pytest.mark.parametrize("name", NORMALIZATIONS)
def test_a_stack_is_its_fits(name):
    params = np.concatenate([PARAMS, 0.5 * PARAMS, PARAMS - 1])
    deltas = np.stack([DELTA, -DELTA, 2 * DELTA])
    together, saved = forward(name, X.copy(), params)
    below, gradient = backward(name, saved, deltas, params)
    for k in (slice(0, 1), slice(1, 2), slice(2, 3)):
        alone, its = forward(name, X[k].copy(), params[k])
        by_x, by_params = backward(name, its, deltas[k], params[k])
        np.testing.assert_allclose(together[k], alone, rtol=1e-13)
        np.testing.assert_allclose(below[k], by_x, rtol=1e-11, atol=1e-14)
        np.testing.assert_allclose(gradient[k], by_params, rtol=1e-13)
