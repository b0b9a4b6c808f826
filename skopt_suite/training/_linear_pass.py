"""Passes over dense rows of linear models with one output."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from skopt_suite._layout import DenseLayout
from skopt_suite.backends import (
    Array,
    FeatureMatrix,
    Params,
    PerFit,
    SampleWeight,
    TargetColumns,
    averaged,
    kernel,
    knows_loss,
    namespace,
    summed_over_samples,
)
from skopt_suite.losses import Loss
from skopt_suite.models import Context, Network
from skopt_suite.training._names import loss_name
from skopt_suite.training._numbers import loss_numbers

_CACHE = 2**18  # bytes of rows, and of what a pass computes of them: next to the processor
_FEWEST = 256  # rows, or products and calls take longer than the cache saves
COPIES = 2
"""Arrays like raw predictions that a kernel has."""


class StackLoss(NamedTuple):
    """The loss of all fits of a stack."""

    name: str
    """Of its definition, and of the kind of its targets."""
    numbers: np.ndarray  # its hyperparameters, (n_fits, n_numbers), float64
    loss: Loss

    @classmethod
    def of(cls, loss: Loss, n_fits: int) -> StackLoss:
        """Return it with what kernels know it by."""
        return cls(loss_name(loss), loss_numbers(loss, n_fits), loss)


def takes_linear_pass(
    network: Network, context: Context, loss: Loss, params: Params, X: FeatureMatrix
) -> bool:
    """Whether a kernel goes through the rows with all fits at once."""
    is_here = type(params) is np.ndarray and type(X) is np.ndarray
    is_plain = context.columns is None and context.dropout is None
    has_one_output = network.layout.is_linear and network.sizes[-1] == 1
    if not (is_here and is_plain and has_one_output and len(params) > 1):
        return False
    if not X.flags.c_contiguous or X.dtype != params.dtype:
        return False
    return knows_loss(loss_name(loss), params)


def rows_of_pass(n_features: int, n_fits: int, item_size: int, n_samples: int) -> int:
    """Return how many rows it takes at once, with what it computes of them."""
    n_columns = n_features + COPIES * n_fits
    most = max(_FEWEST, _CACHE // (item_size * n_columns))
    return -(-n_samples // -(-n_samples // most))


@kernel
def linear_pass(
    params: Params,
    x: Array,
    y: TargetColumns,
    weight: SampleWeight | None,
    loss: StackLoss,
    layer: DenseLayout,
    n_rows: int,
    needs_gradient: bool,
) -> tuple[PerFit, Params | None]:
    """Return mean losses, (n_fits,), and their gradients, (n_fits, n_params).

    Parameters
    ----------
    params : array of shape (n_fits, n_params)
        Weights of one output, and intercepts if there are any.
    x : array of shape (n_samples, n_features)
        Inputs, row by row, in the precision of the parameters.
    y : array of shape (n_samples, 1)
        Targets.
    weight : array of shape (n_fits or 1, n_samples) or None
        Weights of rows; None: all 1.
    loss : StackLoss
        The loss.
    layer : DenseLayout
        Where weights and intercepts lie.
    n_rows : int
        How many rows stay in cache; kernels take as many at once.
    needs_gradient : bool
        Whether gradients are asked for; None is returned in their place if not.
    """
    xp = namespace(params)
    raw = xp.matmul(x, layer.weights(params))
    raw = raw + layer.bias(params) if layer.has_bias else raw
    value, delta = loss.loss.value_and_gradient(y, raw)
    if weight is not None:
        value, delta = value * weight, delta * weight[:, :, None]
    value, delta = averaged(value, delta)
    if not needs_gradient:
        return value, None
    gradient = xp.empty_like(params)
    layer.weights(gradient)[...] = xp.matmul(x.T, delta)
    if layer.has_bias:
        layer.bias(gradient)[...] = summed_over_samples(delta)
    return value, gradient
