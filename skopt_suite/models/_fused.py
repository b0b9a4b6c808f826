"""Runs of layers in one kernel.

A kernel takes a fit through dense layers with nothing but piecewise-linear activations between
them while its numbers are in the cache. That is an optimisation: the fold over the layers gives the
same. Layers are not given as views of the parameters but as where they lie in them: making views
would take as long as a small layer itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from skopt_suite._layout import DenseLayout
from skopt_suite.backends import Activations, Array, FeatureMatrix, Params, kernel, namespace
from skopt_suite.models._activations import LeakyReLU
from skopt_suite.models._dense import Dense
from skopt_suite.models._dropout import Dropout, InputDropout
from skopt_suite.models._layer import Context, Layer
from skopt_suite.models._residual import Residual

_NO_CONTEXT = Context()


def fused(
    layers: Sequence[Layer], is_apart: bool, has_dropout: bool, drops_input: bool = False
) -> tuple[Layer, ...]:
    """Return layers that do the same, with runs of them in one.

    Parameters
    ----------
    layers : sequence of Layer
        A network.
    is_apart : bool
        Whether the first layer has its own way to multiply.
    has_dropout : bool
        Whether anything is dropped; if not, dropout is no layer.
    drops_input : bool
        Whether features are dropped; then each fit has an input of its own, of the usual kind.
    """
    idle = [Dropout] * (not has_dropout) + [InputDropout] * (not drops_input)
    needed = [
        _fused_inside(layer, has_dropout) for layer in layers if not isinstance(layer, tuple(idle))
    ]
    result: list[Layer] = []
    for is_run, group in groupby(needed, lambda layer: isinstance(layer, Dense | LeakyReLU)):
        parts: list[Any] = list(group)
        while is_run and parts and not isinstance(parts[0], Dense):  # as behind a normalisation
            result.append(parts.pop(0))
        result += _as_one(parts, is_apart and not result) if is_run and parts else parts
    return tuple(result)


def _fused_inside(layer: Layer, has_dropout: bool) -> Layer:
    """Return a layer that does the same; the network's input is none of a connection's."""
    if isinstance(layer, Residual):
        return Residual(fused(layer.layers, False, has_dropout))
    return layer


def _as_one(parts: list[Any], is_apart: bool) -> list[Layer]:
    """Return a run of layers as one, or as two where the first is computed apart."""
    if not is_apart:
        return [DenseRun(parts)]
    first, rest = InputLayer(*parts[:2]), parts[2:]
    return [first, DenseRun(rest)] if rest else [first]


class InputLayer(NamedTuple):
    """The first layer, by products that are made for the input: sparse, or with few outputs."""

    dense: Dense
    activation: LeakyReLU = LeakyReLU(1.0)

    def forward(
        self, params: Params, x: Activations | FeatureMatrix, context: Context
    ) -> tuple[Activations, Any]:
        """Return the output; the input, and the output."""
        output = self.dense.activated(params, x, self.activation.negative_slope)
        return output, (x, output)

    def backward(
        self, gradient: Params, params: Params, saved: Any, delta: Activations
    ) -> Activations | None:
        """Write the gradient by weights and bias, return that by the input."""
        x, output = saved
        delta = self.activation.backward(gradient, params, output, delta)
        return self.dense.backward(gradient, params, x, delta)


class DenseRun:
    """Dense layers, each with a piecewise-linear activation behind it or none.

    Parameters
    ----------
    parts : sequence of Dense and LeakyReLU
        What it stands for; it begins with a dense layer.
    """

    def __init__(self, parts: Sequence[Dense | LeakyReLU]) -> None:
        layouts: list[DenseLayout] = []
        slopes: list[float] = []
        for part in parts:
            if isinstance(part, Dense):
                layouts.append(part.layout)
                slopes.append(1.0)
            else:
                slopes[-1] = part.negative_slope
        self.is_input = isinstance(parts[0], Dense) and parts[0].is_input
        self.n_out = layouts[-1].n_out
        self.layouts = np.array(layouts, dtype=np.int64)  # (n_layers, 4)
        self.slopes = np.array(slopes, dtype=np.float64)  # (n_layers,)

    def forward(self, params: Params, x: Activations, context: Context) -> tuple[Activations, Any]:
        """Return the output of the last layer; the input, and the outputs of all."""
        outputs = run_forward(params, x, self.layouts, self.slopes)
        shape = (params.shape[0], x.shape[1], self.n_out)
        last = outputs[outputs.shape[0] - shape[0] * shape[1] * shape[2] :]
        return namespace(params).reshape(last, shape, copy=False), (x, outputs)

    def backward(
        self, gradient: Params, params: Params, saved: Any, delta: Activations
    ) -> Activations | None:
        """Write the gradient by weights and biases, return that by the input."""
        needs_below, layout = not self.is_input, (self.layouts, self.slopes)
        return run_backward(gradient, params, *saved, delta, *layout, needs_below)[1]


@kernel
def run_forward(params: Params, x: Activations, layouts: np.ndarray, slopes: np.ndarray) -> Array:
    """Outputs of all layers, one after the other, flat; `x` is (n_fits or 1, n_samples, n_in)."""
    xp, outputs = namespace(params), []
    for dense, activation in _parts(layouts, slopes):
        z, _ = dense.forward(params, x, _NO_CONTEXT)
        x, _ = activation.forward(params, z, _NO_CONTEXT)
        outputs.append(xp.reshape(x, (-1,)))
    return xp.concat(outputs) if len(outputs) > 1 else outputs[0]


@kernel
def run_backward(
    gradient: Params,
    params: Params,
    x: Activations,
    outputs: Array,
    delta: Activations,
    layouts: np.ndarray,
    slopes: np.ndarray,
    needs_below: bool,
) -> tuple[Params, Activations | None]:
    """`gradient` with that of these layers written to it, and the gradient with respect to `x`."""
    xp, stop = namespace(gradient), outputs.shape[0]
    n_fits, n_samples = delta.shape[:2]
    below: Activations | None = delta
    for dense, activation in reversed(list(_parts(layouts, slopes))):
        n_in, n_out = dense.layout.n_in, dense.layout.n_out
        start = stop - n_fits * n_samples * n_out
        is_first = start == 0
        output = xp.reshape(outputs[start:stop], (n_fits, n_samples, n_out))
        delta = activation.backward(gradient, params, output, below)
        inputs = outputs[start - n_fits * n_samples * n_in : start]
        saved = x if is_first else xp.reshape(inputs, (n_fits, n_samples, n_in))
        dense = dense._replace(is_input=is_first and not needs_below)
        below, stop = dense.backward(gradient, params, saved, delta), start
    return gradient, below


def _parts(layouts: np.ndarray, slopes: np.ndarray) -> Iterator[tuple[Dense, LeakyReLU]]:
    for row, slope in zip(layouts, slopes, strict=True):
        yield Dense(DenseLayout(*map(int, row))), LeakyReLU(float(slope))
