"""The steps of an epoch on a GPU: few kernels a step, and no Python between steps.

Products are cuBLAS's; all else are kernels written from the definitions. Ranges of steps are
captured in graphs, which are launched as often as there are such ranges in an epoch. What differs
between ranges, such as the order of rows, is copied to where their kernels read it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from skopt_suite.backends import Array, PerFit, namespace
from skopt_suite.backends.kernels._tracing import CannotTrace
from skopt_suite.training._batch_programs import input_program
from skopt_suite.training._device_batch import FEW_PRODUCTS, DeviceBatch
from skopt_suite.training._device_buffers import MOST_AT_ONCE, Buffers, Range, new_range
from skopt_suite.training._epoch import Cancelled, Epoch
from skopt_suite.training._programs import LAYOUT
from skopt_suite.training._rows import InMemory, Rows, Source
from skopt_suite.training._stack import Stack
from skopt_suite.training._trees import map_arrays
from skopt_suite.training._written import Programs, is_suited

_STEPS_AT_ONCE = 32
"""Of a graph; another makes those that are left in an epoch."""
_MOST_ROWS_BY_ROWS = 128
"""That every parameter's thread goes through."""
_MOST_OF_DENSE = 2**26
"""Numbers of a batch of sparse rows, which is written with its zeros."""
_MOST_ROWS = 2**16
"""Of a batch that is all rows: batches are copied, and such steps do not wait for launches."""


def device_steps(stack: Stack, source: Source, batch_size: int, engine: Any) -> DeviceSteps | None:
    """Return what makes the steps of a stack on a device; None where the definition makes them."""
    if not isinstance(source, InMemory):
        return None
    is_large = batch_size * source.X.shape[1] > _MOST_OF_DENSE
    if source.is_sparse and (is_large or _drops_input(stack)):
        return None
    has_own_columns = stack.terms.context.columns is not None
    if has_own_columns or not is_suited(stack.optimizer, stack.terms):
        return None
    n_largest = max(stack.terms.network.sizes[0 if _drops_input(stack) else 1 :])
    is_whole = batch_size >= source.n_samples > _MOST_ROWS
    if is_whole or batch_size * n_largest >= MOST_AT_ONCE:
        return None
    try:
        return DeviceSteps(stack, source, batch_size, engine)
    except CannotTrace:
        return None


def _drops_input(stack: Stack) -> bool:
    dropout = stack.dropout
    return dropout is not None and dropout.drops_input(stack.terms.network.n_hidden)


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
        self.x, scaling = (source.whole, None) if source.is_sparse else source.in_rows
        self.columns = None if scaling is None else scaling.of_columns()
        self.y = namespace(source.y).astype(source.y, source.dtype)
        self._begin(stack)

    def run(self, epoch: Epoch, stack: Stack, cancelled: Callable[[], bool] | None) -> PerFit:
        """Make all steps of an epoch; return the mean loss of every fit in it, (n_fits,)."""
        if stack.params is not self.params:
            self._begin(stack)
        elif self.moments is not None and stack.buffers is not self.moments:
            # they are what other parameters have met
            self.moments[...] = stack.buffers
            stack.buffers = self.moments
        total = self.batch.total
        total[...] = 0.0
        with self.engine.working():
            for start, n_steps, n_rows in self._ranges():
                if cancelled is not None and cancelled():
                    raise Cancelled
                self._launch(epoch, start, n_steps, n_rows)
        return namespace(total).sum(total, axis=1)

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
        self.dropout, self.moments = stack.dropout, stack.buffers
        if self.moments is not None:
            self.moments = stack.buffers = xp.asarray(self.moments, copy=True)
        rows = Rows(self.x, self.y, stack.weights.values)
        given = stack.optimizer_state, stack.params, rows, self.dropout is not None
        self.update, programs = Programs.of(stack.optimizer, terms, *given)
        self.batch = DeviceBatch(
            self.engine,
            terms.network,
            self.params,
            self.gradient,
            rows,
            programs,
            self.batch_size,
            self.dropout,
            self.moments,
        )
        n_fits, device = len(stack.params), stack.params.device
        self.hoisted, self.sums = (
            xp.zeros((n_fits, max(1, n)), dtype=xp.float64, device=device)
            for n in (self.update.n_hoisted, self.update.n_sums)
        )
        self.n_weights = terms.network.layout.n_weights
        self.graphs: dict[tuple[int, int], tuple[Any, Range]] = {}

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
        xp, first = namespace(self.params), start * self.batch_size
        steps, device = slice(start, start + n_steps), self.params.device
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
        buffers, moving = self.batch.buffers_for(rows), self._moving(u, what)
        if not self.update.of_sums:
            with self.engine.aside():
                self.engine.call_for_fits(self.update.of_fits, *moving)
        order = what.order[u * rows : (u + 1) * rows]
        count = what.counts[u : u + 1]
        self._copy_rows(buffers, rows, order, count)
        self.batch.forward(buffers, rows, count)
        self.batch.loss(buffers, rows, order)
        sums_by_rows = self._sums_by_rows(rows)
        self.batch.backward(buffers, rows, with_gradient=not sums_by_rows)
        self.engine.join()
        if sums_by_rows:
            self._move_by_rows(buffers, rows, *moving)
        else:
            self._move(*moving)

    def _copy_rows(self, buffers: Buffers, rows: int, order: Array, count: Array) -> None:
        """Copy the rows of a batch; where features are dropped, for every fit."""
        batch, network = self.batch, self.batch.network
        if not batch.drops_input and self.source.is_sparse:
            self.engine.gather_sparse(buffers.x[0], self.x, order)
            return
        if not batch.drops_input:
            self.engine.gather(buffers.x[0], self.x, order, self.columns)
            return
        kinds, is_scaled = (str(self.x.dtype), str(self.params.dtype)), self.columns is not None
        rate, seed = batch.drawn(network.n_hidden)
        arrays = {"x": buffers.x, "rows": self.x, "order": order, "rate": rate, "step": count}
        if self.columns is not None:
            arrays["mean"], arrays["factor"] = self.columns
        lengths = batch.lengths(rows, network.sizes[0])
        self.engine.call(input_program(*kinds, is_scaled, network.n_hidden), arrays, lengths, seed)

    def _sums_by_rows(self, rows: int) -> bool:
        """Whether the kernel that moves parameters sums their gradients."""
        n_products = self.params.shape[0] * self.params.shape[1] * rows
        is_few = rows <= _MOST_ROWS_BY_ROWS and n_products <= FEW_PRODUCTS
        is_few = is_few and not self.batch.norms  # whose gains it knows nothing of
        return is_few and not self.update.of_sums and self.engine.precision == "highest"

    def _move(self, arrays: dict[str, Array], lengths: dict[str, int]) -> None:
        """Let the optimizer make its step."""
        for program in self.update.of_sums:
            self.engine.call_for_sums(program, arrays, lengths)
        if self.update.of_sums:
            self.engine.call_for_fits(self.update.of_fits, arrays, lengths)
        self.engine.call(self.update.of_params, arrays, lengths)
        self._move_groups(arrays, lengths)

    def _move_groups(self, arrays: dict[str, Array], lengths: dict[str, int]) -> None:
        """Let a penalty of groups act, if there is one."""
        if self.update.of_groups is not None:
            n_groups = len(arrays["starts"]) - 1
            self.engine.call_for_groups(self.update.of_groups, arrays, lengths | {"G": n_groups})

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
        self._move_groups(arrays, lengths)

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
