"""Losses of one fit: values, and raw predictions that become gradients."""

from __future__ import annotations

import numpy as np

from skopt_suite.backends.kernels._numba._body import Body, loss_type
from skopt_suite.backends.kernels._numba._jit import jit, negligible


@jit
def _squared_error(raw, y, value, numbers):
    half = raw.dtype.type(0.5)
    for i in range(raw.shape[0]):
        total = raw.dtype.type(0)
        for j in range(raw.shape[1]):
            residual = raw[i, j] - y[i, j]
            total += residual * residual
            raw[i, j] = residual
        value[i] = half * total


@jit
def _softmax(raw, y, value, numbers):
    kind, tiny = raw.dtype.type, negligible(raw)
    zero, one = kind(0), kind(1)
    for i in range(raw.shape[0]):
        top = raw[i, 0]
        for j in range(1, raw.shape[1]):
            top = max(top, raw[i, j])
        label = int(y[i, 0])
        of_label, total = raw[i, label] - top, zero
        for j in range(raw.shape[1]):
            e = np.exp(raw[i, j] - top)
            raw[i, j] = e
            total += e
        scale = one / total
        for j in range(raw.shape[1]):
            probability = raw[i, j] * scale
            raw[i, j] = zero if probability <= tiny else probability
        raw[i, label] -= one
        value[i] = np.log(total) - of_label


LOSSES: dict[str, Body] = {
    f"skopt_suite.losses.{name}": Body(body, loss_type)
    for name, body in {
        "_squared_error.SquaredError.value_and_gradient, numbers": _squared_error,
        "_log_loss.LogLoss.value_and_gradient, classes": _softmax,
    }.items()
}
"""By the definition of value and gradient, and the kind of targets."""
