"""The parts of a step that act entry by entry, as kernels written from their definitions."""

from __future__ import annotations

import copy
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from skopt_suite._component import Component
from skopt_suite._layout import Layout
from skopt_suite.backends import Array, Params, PerFit, State, namespace, to_numpy
from skopt_suite.backends.kernels import _tracing as tracing
from skopt_suite.backends.kernels._tracing import (
    FITS,
    OUTPUTS,
    OVER_PARAMS,
    PARAMS,
    ROWS,
    UNITS,
    WEIGHTS,
    CannotTrace,
    Expression,
    Leaf,
    Lifted,
    Program,
    Symbol,
)
from skopt_suite.losses import Loss
from skopt_suite.models import Context
from skopt_suite.optimizers import Optimizer
from skopt_suite.penalties import Penalty

LAYOUT = tracing.dots.LAYOUT
_COLUMN = (FITS, 1)


class Leaves:
    """The arrays that a kernel is called with, by name.

    Parameters
    ----------
    lengths : dict
        By the length of an axis behind the first what stands for it.
    """

    def __init__(self, lengths: dict[int, int]) -> None:
        self.lengths = lengths
        self.leaves: dict[str, Leaf] = {}
        self.arrays: dict[str, Array] = {}

    def add(
        self, name: str, shape: tuple[int, ...], dtype: Any, by_order: int | None = None
    ) -> Any:
        """Return the symbol of an array that calls bring."""
        self.leaves[name] = Leaf(name, shape, np.dtype(dtype), by_order)
        return self.leaves[name].symbol()

    def of(self, name: str, array: Array) -> Any:
        """Return the symbol of an array that all calls share."""
        shape = tuple(self._stand_in(axis, n) for axis, n in enumerate(array.shape))
        self.arrays[name] = array
        return self.add(name, shape, str(array.dtype))

    def component(self, component: Any, name: str, zeros: bool = False) -> Any:
        """Return a copy of a stacked component whose hyperparameters are symbols.

        On request, what is 0 in all fits is a number: what it switches on may cost something.
        """
        symbolic = copy.copy(component)
        for parameter in component.parameters:
            value, inner = getattr(component, parameter), f"{name}_{parameter}"
            if isinstance(value, Component):
                setattr(symbolic, parameter, self.component(value, inner, zeros))
            elif hasattr(value, "shape"):
                is_zero = zeros and not bool(to_numpy(value).any())
                setattr(symbolic, parameter, 0.0 if is_zero else self.of(inner, value))
        return symbolic

    def state(self, state: State, name: str) -> State:
        """Return a state whose arrays are symbols."""
        if isinstance(state, tuple):
            names = getattr(state, "_fields", range(len(state)))
            parts = [
                self.state(part, f"{name}_{own}") for own, part in zip(names, state, strict=True)
            ]
            return type(state)(*parts) if hasattr(state, "_fields") else tuple(parts)
        return self.of(name, state) if hasattr(state, "shape") else state

    def _stand_in(self, axis: int, n: int) -> int:
        if axis == 0:
            return FITS
        return self.lengths.get(n, n)


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


class UpdatePrograms(NamedTuple):
    """What moves parameters and state from a gradient."""

    of_sums: list[Program]
    """What reduces all parameters of a fit, one after the other, as each may read those before."""
    of_fits: Program
    """What counts steps, say, and computes numbers of fits."""
    of_params: Program
    """What reads those numbers."""
    of_params_by_rows: Program
    """The same, which sums gradients over the rows of a batch."""
    n_hoisted: int
    """How many there are."""
    n_sums: int
    """How many reductions there are."""
    arrays: dict[str, Array]
    """What both are called with, beside gradient, factor, momentum, time and those numbers."""

    def reads(self, name: str) -> bool:
        """Whether any of them reads an array."""
        programs = (*self.of_sums, self.of_fits, self.of_params)
        return any(name == array for program in programs for array, _ in program.arrays)


def update_programs(
    optimizer: Optimizer, penalty: Penalty, state: State, params: Params, layout: Layout
) -> UpdatePrograms:
    """Return kernels that make the step of an optimizer, the penalty included.

    Arrays of `state` and `params` are overwritten by calls. Raises `CannotTrace`.
    """
    from skopt_suite.training._objective import Objective  # whose terms ask for kernels

    n_params, n_weights = params.shape[1], layout.n_weights
    if n_weights < 2 or state is None:
        raise CannotTrace("Nothing tells a number of a fit from one of its only weight.")
    of_weights = PARAMS if n_weights == n_params else WEIGHTS
    leaves = Leaves({n_weights: of_weights, n_params: PARAMS})
    rule, paid = leaves.component(optimizer, "rule"), leaves.component(penalty, "penalty")
    before = leaves.state(state, "state")
    moving, dtype = leaves.of("params", params), str(params.dtype)
    gradient = leaves.add("gradient", (FITS, PARAMS), dtype)
    factor = leaves.add("factor", _COLUMN, np.float64)
    if optimizer.has_momentum:
        rule = rule.with_momentum(leaves.add("momentum", _COLUMN, np.float64))
    time = leaves.add("time", (1,), np.float64)[0]
    given: Any = _Given(_Layout(of_weights), gradient)
    objective = Objective(given, paid, False, None, time)
    step = rule.step(before, moving, objective, factor)
    writes = [("params", step.params), *_changed(before, step.state, "state")]
    of_params = [(name, new) for name, new in writes if new.shape[-1] != 1]
    of_fits = [(name, new) for name, new in writes if new.shape[-1] == 1]
    hoisted: list[Expression] = []
    moves = tracing.of_entries("update", of_params, leaves.leaves, PARAMS, hoisted)
    by_rows = tracing.dots.of_params("update", of_params, leaves.leaves, [], layout.n_layers)
    at = tracing.variable("k"), tracing.position(0)
    entries, sums = tracing.lifted([*hoisted, *(new.at(at) for _, new in of_fits)], OVER_PARAMS)
    counted = [
        (name, entry) for (name, _), entry in zip(of_fits, entries[len(hoisted) :], strict=True)
    ]
    counts = tracing.of_fits("count", counted, leaves.leaves, entries[: len(hoisted)])
    reduced = _sums(sums, leaves.leaves)
    return UpdatePrograms(reduced, counts, moves, by_rows, len(hoisted), len(sums), leaves.arrays)


def _sums(sums: list[Lifted], leaves: dict[str, Leaf]) -> list[Program]:
    """Return the kernels that reduce, of lower levels first."""

    def key(each: Lifted) -> tuple[int, Any]:
        return each.level, each.reduction.args[2].token

    groups = groupby(sorted(sums, key=key), key)
    return [tracing.of_sums("reduce", list(group), leaves) for _, group in groups]


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


def _changed(before: State, after: State, name: str) -> list[tuple[str, Symbol]]:
    """Return the names and new values of a state's arrays that are not what they were."""
    if isinstance(before, tuple):
        names = getattr(before, "_fields", range(len(before)))
        parts = zip(names, before, after, strict=True)
        return [pair for own, old, new in parts for pair in _changed(old, new, f"{name}_{own}")]
    if isinstance(before, Symbol):
        is_same = after is before and before.is_untouched
        return [] if is_same else [(name, after)]
    if before != after:
        raise CannotTrace("Steps are counted in Python.")
    return []


class _Layout:
    """Where weights lie, with a stand-in for their number."""

    def __init__(self, n_weights: int) -> None:
        self.n_weights = n_weights

    def weights(self, params: Symbol) -> Symbol:
        """Return those of parameters."""
        return params[:, : self.n_weights]

    def __getattr__(self, name: str) -> Any:
        raise CannotTrace(f"Where {name} lie is not traced.")


class _Given:
    """A data term whose gradient is known."""

    def __init__(self, layout: _Layout, gradient: Symbol) -> None:
        self.network, self.gradient = self, gradient
        self.layout = layout

    def value_and_gradient(self, params: Symbol) -> tuple[PerFit, Symbol]:
        """Return a value that nobody asks for, and the gradient."""
        return params[:, 0], self.gradient[...]
