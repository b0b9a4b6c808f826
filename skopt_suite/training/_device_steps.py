"""The steps of an epoch on a GPU: few kernels a step, and no Python between steps.

Products are cuBLAS's; all else are kernels written from the definitions. Ranges of steps are
captured in graphs, which are launched as often as there are such ranges in an epoch. What differs
between ranges, such as the order of rows, is copied to where their kernels read it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from skopt_suite._layout import DenseLayout
from skopt_suite.backends import Array, PerFit, namespace
from skopt_suite.backends.kernels._tracing import CannotTrace
from skopt_suite.training._device_buffers import Buffers, Range, n_parts, new_buffers, new_range
from skopt_suite.training._epoch import Cancelled, Epoch
from skopt_suite.training._programs import LAYOUT
from skopt_suite.training._rows import InMemory, Rows, Source
from skopt_suite.training._stack import Stack
from skopt_suite.training._trees import map_arrays
from skopt_suite.training._written import Programs, is_suited

_STEPS_AT_ONCE = 32
"""Of a graph; another makes those that are left in an epoch."""
_FEW_PRODUCTS = 2**22
"""Of numbers, in a layer of all fits: so many are multiplied while a library begins."""
_MANY_PRODUCTS = 2**29
"""Of numbers, in a layer of all fits: so many are faster in half precision, with the rounding."""
_MOST_ROWS_BY_ROWS = 128
"""That every parameter's thread goes through."""
_MOST_ROWS = 2**16
"""Of a batch that is all rows: batches are copied, and such steps do not wait for launches."""
_MOST_AT_ONCE = 2**31  # entries of a layer: kernels count them in 32 bits


def device_steps(stack: Stack, source: Source, batch_size: int, engine: Any) -> DeviceSteps | None:
    """Return what makes the steps of a stack on a device; None where the definition makes them."""
    if not isinstance(source, InMemory) or source.is_sparse:
        return None
    n_hidden, dropout = stack.terms.network.n_hidden, stack.dropout
    drops_input = dropout is not None and dropout.drops_input(n_hidden)
    has_own_inputs = drops_input or stack.terms.context.columns is not None
    if has_own_inputs or not is_suited(stack.optimizer, stack.terms):
        return None
    n_largest = max(stack.terms.network.sizes[1:])
    is_whole = batch_size >= source.n_samples > _MOST_ROWS
    if is_whole or batch_size * n_largest >= _MOST_AT_ONCE:
        return None
    try:
        return DeviceSteps(stack, source, batch_size, engine)
    except CannotTrace:
        return None


class DeviceSteps:
    """Makes the steps of epochs by graphs.

    Parameters
    ----------
    stack : Stack
        The fits.
    source : InMemory
        Their rows.
    batch_size : int
        Rows of a step.
    engine : Engine
        What computes. Raises `CannotTrace` where there are no kernels.
    """

    def __init__(self, stack: Stack, source: InMemory, batch_size: int, engine: Any) -> None:
        self.engine, self.source, self.batch_size = engine, source, batch_size
        self.params: Array = None
        self.x, scaling = source.in_rows
        self.columns = None if scaling is None else scaling.of_columns()
        self.y = namespace(source.y).astype(source.y, source.dtype)
        self._begin(stack)

    def run(self, epoch: Epoch, stack: Stack, cancelled: Callable[[], bool] | None) -> PerFit:
        """Make all steps of an epoch; return the mean loss of every fit in it, (n_fits,)."""
        if stack.params is not self.params:
            self._begin(stack)
        self.total[...] = 0.0
        with self.engine.working():
            for start, n_steps, n_rows in self._ranges():
                if cancelled is not None and cancelled():
                    raise Cancelled
                self._launch(epoch, start, n_steps, n_rows)
        return namespace(self.total).sum(self.total, axis=1)

    def _ranges(self) -> Iterator[tuple[int, int, int]]:
        """Yield first steps and numbers of steps of ranges, and the rows of a step."""
        n_full, n_left = divmod(self.source.n_samples, self.batch_size)
        for start in range(0, n_full, _STEPS_AT_ONCE):
            yield start, min(_STEPS_AT_ONCE, n_full - start), self.batch_size
        if n_left:
            yield n_full, 1, n_left

    def _begin(self, stack: Stack) -> None:
        """Find kernels for the fits that are there now, and let them move what is theirs alone."""
        xp, terms = namespace(stack.params), stack.terms
        self.layers = terms.network.layout.layers
        stack.optimizer_state = map_arrays(
            lambda array: xp.asarray(array, copy=True), stack.optimizer_state
        )
        stack.params = xp.asarray(stack.params, copy=True)
        self.params, self.gradient = stack.params, xp.zeros_like(stack.params)
        self.weight, self.dropout = stack.weights.values, stack.dropout
        self.update, self.loss, self.loss_arrays, self.hidden, self.output = Programs.of(
            stack.optimizer,
            terms,
            stack.optimizer_state,
            stack.params,
            Rows(self.x, self.y, self.weight),
            has_dropout=self.dropout is not None,
        )
        n_fits, device = len(stack.params), stack.params.device
        shape = n_fits, n_parts(self.batch_size, n_fits)
        self.total = xp.zeros(shape, dtype=xp.float64, device=device)
        self.hoisted, self.sums = (
            xp.zeros((n_fits, max(1, n)), dtype=xp.float64, device=device)
            for n in (self.update.n_hoisted, self.update.n_sums)
        )
        self.n_weights = terms.network.layout.n_weights
        self.shares: dict[int, Array] = {}
        self.graphs: dict[tuple[int, int], tuple[Any, Range]] = {}
        self.buffers: dict[int, Buffers] = {}
        self.halves: dict[tuple[str, int, int], Array] = {}

    def _launch(self, epoch: Epoch, start: int, n_steps: int, rows: int) -> None:
        """Make a range of steps by a graph."""
        key = n_steps, rows
        if key not in self.graphs:
            what = new_range(self.params, n_steps, rows)
            graph = self.engine.graph(lambda u: self._step(u, rows, what), n_steps)
            self.graphs[key] = graph, what
        graph, what = self.graphs[key]
        self._copy(epoch, start, n_steps, rows, what)
        graph.launch(self.engine.main)

    def _copy(self, epoch: Epoch, start: int, n_steps: int, rows: int, to: Range) -> None:
        """Copy what the steps of a range read."""
        xp, first = namespace(self.total), start * self.batch_size
        steps, device = slice(start, start + n_steps), self.total.device
        stop = first + n_steps * rows
        if epoch.order is None:
            to.order[...] = xp.arange(first, stop, device=device)
        else:
            to.order[...] = epoch.order[first:stop]
        to.factors[...] = epoch.factors[:, steps]
        if epoch.momenta is not None:
            to.momenta[...] = epoch.momenta[:, steps]
        if self.update.reads("time"):
            to.times[...] = epoch.times[steps]
        if self.dropout is not None:
            count = epoch.number * epoch.n_steps + start
            to.counts[...] = xp.arange(count, count + n_steps, device=device)

    def _step(self, u: int, rows: int, what: Range) -> None:
        """Make one step of a range."""
        buffers, moving = self._buffers_for(rows), self._moving(u, what)
        if not self.update.of_sums:
            with self.engine.aside():
                self.engine.call_for_fits(self.update.of_fits, *moving)
        order = what.order[u * rows : (u + 1) * rows]
        self.engine.gather(buffers.x[0], self.x, order, self.columns)
        self._forward(buffers, rows, what.counts[u : u + 1])
        self._loss(buffers, rows, order)
        sums_by_rows = self._sums_by_rows(rows)
        self._backward(buffers, rows, with_gradient=not sums_by_rows)
        self.engine.join()
        if sums_by_rows:
            self._move_by_rows(buffers, rows, *moving)
        else:
            self._move(*moving)

    def _multiplies(self, layer: DenseLayout, rows: int) -> bool:
        """Whether kernels of layers multiply: a product of a library takes longer to begin."""
        n_products = len(self.params) * rows * layer.n_weights
        return n_products <= _FEW_PRODUCTS and self.engine.precision == "highest"

    def _sums_by_rows(self, rows: int) -> bool:
        """Whether the kernel that moves parameters sums their gradients."""
        n_products = self.params.shape[0] * self.params.shape[1] * rows
        is_few = rows <= _MOST_ROWS_BY_ROWS and n_products <= _FEW_PRODUCTS
        return is_few and not self.update.of_sums and self.engine.precision == "highest"

    def _buffers_for(self, rows: int) -> Buffers:
        if rows not in self.buffers:
            keeps_slope = [layer.keeps_slope for layer in self.hidden]
            self.buffers[rows] = new_buffers(self.params, self.layers, keeps_slope, rows)
        return self.buffers[rows]

    def _lengths(self, rows: int, n_out: int) -> dict[str, int]:
        return {"K": len(self.params), "B": rows, "N": n_out, "C": n_out, "entries": rows * n_out}

    def _forward(self, buffers: Buffers, rows: int, count: Array) -> None:
        x = buffers.x
        for i, (layer, out) in enumerate(zip(self.layers, buffers.outputs, strict=True)):
            is_hidden, weights = i < len(self.hidden), layer.weights(self.params)
            arrays, more = self._of_layer(i, buffers, count) if is_hidden else ({"z": out}, [])
            lengths = self._lengths(rows, layer.n_out)
            if self._multiplies(layer, rows):
                program = self.hidden[i].dense_forward if is_hidden else self.output
                arrays, lengths = {**arrays, "x": x, "w": weights}, {**lengths, "M": layer.n_in}
                self.engine.call_dots(program, arrays, lengths, *more)
            else:
                factors = self._round("x", i, rows, x), self._round("weights", i, rows, weights)
                self.engine.matmul(out, *factors)
                if is_hidden:
                    self.engine.call(self.hidden[i].forward, arrays, lengths, *more)
            x = out

    def _of_layer(self, i: int, buffers: Buffers, count: Array) -> tuple[dict[str, Array], list]:
        """Return what the kernels of a hidden layer are called with."""
        layer = self.layers[i]
        arrays: dict[str, Array] = {
            "z": buffers.outputs[i],
            "slope": buffers.slopes[i],
            "step": count,
        }
        arrays["bias"], more = layer.bias(self.params), []
        if self.dropout is not None:
            arrays["rate"] = self.dropout.rates[:, i : i + 1]
            more = [np.uint64(self.dropout.seed & (2**64 - 1))]
        return arrays, more

    def _loss(self, buffers: Buffers, rows: int, order: Array) -> None:
        """Turn raw predictions into the gradient by them, and add their mean loss."""
        last = self.layers[-1]
        arrays = {**self.loss_arrays, "raw": buffers.outputs[-1], "y": self.y, "order": order}
        if last.has_bias:
            arrays["bias"] = last.bias(self.params)
        if self.weight is not None:
            arrays["weight"] = self.weight
        arrays["total"], arrays["share"] = self.total, self._share(rows)
        self.engine.call_for_rows(self.loss, arrays, self._lengths(rows, last.n_out))

    def _share(self, rows: int) -> Array:
        """Return the share of all rows that a batch is."""
        if rows not in self.shares:
            xp, device = namespace(self.total), self.total.device
            share = [rows / self.source.n_samples]
            self.shares[rows] = xp.asarray(share, dtype=xp.float64, device=device)
        return self.shares[rows]

    def _backward(self, buffers: Buffers, rows: int, with_gradient: bool) -> None:
        """Find gradients by the sums of layers, and by parameters; what can wait, aside."""
        for i in reversed(range(len(self.layers))):
            self._round("delta", i, rows, buffers.deltas[i])
            if with_gradient and i > 0:
                with self.engine.aside():
                    self._gradients(i, buffers, rows)
            elif with_gradient:
                self._gradients(i, buffers, rows)
            if i > 0:
                self._back_to(i - 1, buffers, rows)

    def _round(self, name: str, i: int, rows: int, array: Array) -> Array:
        """Return a factor of products of a layer as they take it: rounded, or as it is."""
        layer = self.layers[i]
        n_products = len(self.params) * rows * layer.n_weights
        if not self.engine.takes_halves or n_products < _MANY_PRODUCTS or array.itemsize > 4:
            return array
        key = name, i, rows
        if key not in self.halves:
            self.halves[key] = self.engine.half_of(array)
        self.engine.round(self.halves[key], array)
        return self.halves[key]

    def _rounded(self, name: str, i: int, rows: int, array: Array) -> Array:
        """Return the same, of a factor that is as it was when it was rounded."""
        return self.halves.get((name, i, rows), array)

    def _gradients(self, i: int, buffers: Buffers, rows: int) -> None:
        """Write the gradient by the parameters of a layer."""
        layer, delta = self.layers[i], buffers.deltas[i]
        x = self._rounded("x", i, rows, buffers.outputs[i - 1] if i else buffers.x)
        transposed = namespace(x).matrix_transpose(x)
        factors = transposed, self._rounded("delta", i, rows, delta)
        self.engine.matmul(layer.weights(self.gradient), *factors)
        if layer.has_bias:
            self.engine.sum_of_rows(layer.bias(self.gradient), delta, buffers.sums[i])

    def _back_to(self, i: int, buffers: Buffers, rows: int) -> None:
        """Find the gradient by the sums of a hidden layer from that of the layer above."""
        hidden, above, delta = self.hidden[i], self.layers[i + 1], buffers.deltas[i]
        arrays = {"delta": delta, "z": buffers.outputs[i], "slope": buffers.slopes[i]}
        weights, lengths = above.weights(self.params), self._lengths(rows, above.n_in)
        if self._multiplies(above, rows):
            arrays, lengths = arrays | {"x": buffers.deltas[i + 1], "w": weights}, lengths
            self.engine.call_dots(hidden.dense_backward, arrays, lengths | {"M": above.n_out})
            return
        weights = self._rounded("weights", i + 1, rows, weights)
        transposed = namespace(weights).matrix_transpose(weights)
        factors = self._rounded("delta", i + 1, rows, buffers.deltas[i + 1]), transposed
        self.engine.matmul(delta, *factors)
        self.engine.call(hidden.backward, arrays, lengths)

    def _move(self, arrays: dict[str, Array], lengths: dict[str, int]) -> None:
        """Let the optimizer make its step."""
        for program in self.update.of_sums:
            self.engine.call_for_sums(program, arrays, lengths)
        if self.update.of_sums:
            self.engine.call_for_fits(self.update.of_fits, arrays, lengths)
        self.engine.call(self.update.of_params, arrays, lengths)

    def _move_by_rows(
        self, buffers: Buffers, rows: int, arrays: dict[str, Array], lengths: dict[str, int]
    ) -> None:
        """Let the optimizer make its step, which sums gradients where it needs them."""
        arrays, lengths = dict(arrays), lengths | {"B": rows}
        for i, layer in enumerate(self.layers):
            arrays[f"x{i}"] = buffers.outputs[i - 1] if i else buffers.x
            arrays[f"d{i}"] = buffers.deltas[i]
            start, end = layer.weights_at, layer.weights_at + layer.n_weights
            own = start, end, layer.bias_at, layer.n_out
            lengths |= {f"{name}{i}": n for name, n in zip(LAYOUT, own, strict=True)}
        self.engine.call(self.update.of_params_by_rows, arrays, lengths)

    def _moving(self, u: int, what: Range) -> tuple[dict[str, Array], dict[str, int]]:
        """Return what the kernels of the optimizer's step are called with."""
        n_fits, n_params = self.params.shape
        arrays = {
            **self.update.arrays,
            "gradient": self.gradient,
            "hoisted": self.hoisted,
            "sums": self.sums,
            "factor": what.factors[:, u : u + 1],
            "momentum": what.momenta[:, u : u + 1],
            "time": what.times[u : u + 1],
        }
        n_weights = self.n_weights
        lengths = {"K": n_fits, "P": n_params, "W": n_weights, "entries": n_params}
        return arrays, lengths
