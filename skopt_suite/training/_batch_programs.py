"""A batch forward and back, as kernels written from the definitions of losses and activations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from skopt_suite.backends import Array, namespace
from skopt_suite.backends.kernels import _tracing as tracing
from skopt_suite.backends.kernels._tracing import (
    FITS,
    OUTPUTS,
    ROWS,
    UNITS,
    CannotTrace,
    Program,
    Symbol,
)
from skopt_suite.losses import Loss
from skopt_suite.models import ACTIVATIONS, Context, Network
from skopt_suite.training._leaves import Leaves
from skopt_suite.training._rows import Rows

_COLUMN = (FITS, 1)


class LayerPrograms(NamedTuple):
    """What a hidden layer does behind its sums of inputs, and back."""

    forward: Program
    backward: Program
    dense_forward: Program
    """Forward, with the sums."""
    dense_backward: Program
    """Backward, with the sums of the layer above."""
    keeps_slope: bool
    """Whether the slope of the activation is kept."""


class BatchPrograms(NamedTuple):
    """The kernels that go forward and back."""

    loss: Program
    loss_arrays: dict[str, Array]
    """What the kernel of the loss is called with, beside what differs between steps."""
    hidden: list[LayerPrograms]
    output: Program

    @classmethod
    def of(
        cls, network: Network, loss: Loss, dtype: str, rows: Rows, has_dropout: bool
    ) -> BatchPrograms:
        """Return them for a stacked loss; of rows only what they are counts.

        Raises `CannotTrace`, also where components of users do what only arrays can.
        """
        of_loss = loss_kernel(loss, rows, dtype, network.layout.layers[-1].has_bias)
        is_normalised, n_hidden = network.normalization != "none", network.n_hidden
        adds_input = [*map(network.adds_input, range(n_hidden)), False]
        hidden = [
            layer_programs(
                ACTIVATIONS[name],
                i,
                dtype,
                Around(is_normalised, adds_input[i], adds_input[i + 1], has_dropout),
            )
            for i, name in enumerate(network.activations)
        ]
        return cls(*of_loss, hidden, output_program(dtype))


def loss_kernel(
    loss: Loss, rows: Rows, dtype: str, has_bias: bool
) -> tuple[Program, dict[str, Array]]:
    """Return the kernel of a stacked loss, and what it is called with of the loss itself.

    Raises `CannotTrace`, also where components of users do what only arrays can.
    """
    with refused():
        return loss_program(loss, rows.y, dtype, has_bias, rows.weight)


def loss_program(
    loss: Loss, y: Array, dtype: str, has_bias: bool, weight: Array | None
) -> tuple[Program, dict[str, Array]]:
    """Return a kernel for the mean loss of a batch and its gradient, from sums of inputs.

    It is called with `raw`, overwritten by the gradient, `bias`, the positions `order`, `total`, to
    which the mean is added, and `share`, the batch's of all rows. Raises `CannotTrace`.
    """
    leaves = Leaves({})
    known = leaves.component(loss, "loss", zeros=True)
    raw = leaves.add("raw", (FITS, ROWS, OUTPUTS), dtype)
    n_columns = 1 if y.shape[1] == 1 else OUTPUTS
    targets = leaves.add("y", (ROWS, n_columns), dtype, by_order=0)
    leaves.add("order", (ROWS,), np.int64)
    z = raw + leaves.add("bias", (FITS, 1, OUTPUTS), dtype) if has_bias else raw
    value, gradient = known.value_and_gradient(targets, z)
    if weight is not None:
        own = _weights(leaves, weight, dtype)
        value, gradient = value * own, gradient * own[:, :, None]
    gradient = gradient / tracing.scalar("B", dtype)
    program = tracing.of_rows("loss", value, gradient, "raw", leaves.leaves)
    return program, leaves.arrays


def input_program(x_type: str, dtype: str, is_scaled: bool, number: int) -> Program:
    """Return the kernel that gathers the rows of a batch, and drops features of every fit's own.

    It is called with all `rows`, with `mean` and `factor` of their columns if they are scaled, and
    the positions `order`, and writes `x`. The draws are those of the layer of that number.
    """
    leaves = Leaves({})
    value = leaves.add("rows", (ROWS, UNITS), x_type, by_order=0)
    leaves.add("order", (ROWS,), np.int64)
    xp = namespace(value)
    if is_scaled:
        mean, factor = (leaves.add(name, (UNITS,), np.float64) for name in ("mean", "factor"))
        value = (xp.astype(value, np.float64) - mean) * factor
    output = xp.astype(value, dtype) * _dropped(leaves, number, dtype)
    leaves.add("x", output.shape, dtype)
    return tracing.of_entries("drop", [("x", output)], leaves.leaves, UNITS)


class Around(NamedTuple):
    """What there is around the activation of a hidden layer."""

    is_normalised: bool = False
    adds_input: bool = False
    """Whether the input of the layer is added to its output."""
    is_added: bool = False
    """Whether the output is added to that of the next layer."""
    has_dropout: bool = False


def layer_programs(layer: Any, number: int, dtype: str, around: Around) -> LayerPrograms:
    """Return the kernels of a hidden layer's activation.

    Forward writes `z`, sums of inputs, with the output, and maybe `slope`, by which backward
    multiplies `delta`; else backward reads the output, `z`. Normalised sums are in `values`, the
    input that is added in `skip`. What is handed to it backward is `passed`, and `above` what the
    next layer is handed.
    """
    leaves = Leaves({})
    shape, of_units, nothing = (FITS, ROWS, UNITS), (FITS, 1, UNITS), Context()
    z, bias = leaves.add("z", shape, dtype), leaves.add("bias", of_units, dtype)
    kept = leaves.add("slope", shape, dtype)
    delta = leaves.add("delta", shape, dtype)
    scaled = z
    if around.is_normalised:
        scaled = leaves.add("values", shape, dtype) * leaves.add("gain", of_units, dtype)
    output, saved = layer.forward(None, scaled + bias, nothing)
    is_plain = not (around.has_dropout or around.adds_input)
    keeps_slope = not (is_plain and hasattr(layer, "negative_slope"))
    if around.is_added:
        delta = delta + leaves.add("above", shape, dtype)
    if keeps_slope:
        ones = tracing.Symbol(shape, dtype, lambda index: tracing.number(1, dtype))
        slope = layer.backward(None, None, saved, ones)
        if around.has_dropout:
            mask = _dropped(leaves, number, dtype)
            output, slope = output * mask, slope * mask
        if around.adds_input:
            output = leaves.add("skip", shape, dtype) + output
        writes = [("z", output), ("slope", slope)]
        below = delta * kept
    else:
        writes, below = [("z", output)], layer.backward(None, None, z, delta)
    back = [("delta", below)]
    if around.adds_input:
        leaves.add("passed", shape, dtype)
        back.append(("passed", delta))
    forward, backward = (writes, leaves.leaves), (back, leaves.leaves)
    dense = tracing.dots.of_layer
    return LayerPrograms(
        tracing.of_entries("forward", *forward, UNITS),
        tracing.of_entries("backward", *backward, UNITS),
        dense("dense_forward", *forward, "z", is_transposed=False),
        dense("dense_backward", *backward, "delta", is_transposed=True),
        keeps_slope,
    )


def output_program(dtype: str) -> Program:
    """Return the kernel that multiplies the input of the last layer with its weights."""
    leaves = Leaves({})
    z = leaves.add("z", (FITS, ROWS, UNITS), dtype)
    return tracing.dots.of_layer("dense", [("z", z)], leaves.leaves, "z", is_transposed=False)


def _dropped(leaves: Leaves, layer: int, dtype: str) -> Symbol:
    """Return what `dropout_mask` does, of draws that are made where they are needed."""
    draws: Any = tracing.uniform(layer, UNITS, dtype)
    leaves.add("step", (1,), np.int64)
    rate = leaves.add("rate", _COLUMN, dtype)[:, :, None]
    return namespace(draws).astype(draws >= rate, dtype) / (1 - rate)


def _weights(leaves: Leaves, weight: Array, dtype: str) -> Symbol:
    """Return the weights of a batch, (n_fits or 1, n_samples)."""
    fits = FITS if weight.shape[0] > 1 else 1
    return leaves.add("weight", (fits, ROWS), dtype, by_order=1)


@contextmanager
def refused() -> Iterator[None]:
    """Say of what only arrays can do that it is not traced."""
    try:
        yield
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        raise CannotTrace(str(error)) from error
