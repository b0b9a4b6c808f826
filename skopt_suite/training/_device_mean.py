"""Mean losses on all rows, with their gradients, by kernels on a device.

Solvers of all rows ask for them again and again, and the definition is some dozens of calls. What
one fit asks is one graph. In stacks X is multiplied once with what all fits have, as it is defined,
and the loss is a kernel.
"""

from __future__ import annotations

from typing import Any

from skopt_suite.backends import (
    Array,
    Params,
    PerFit,
    RawPredictions,
    engine_for,
    in_precision,
    is_sparse,
    namespace,
    writes_kernels,
)
from skopt_suite.backends.kernels._tracing import CannotTrace
from skopt_suite.losses import Loss
from skopt_suite.models import Network
from skopt_suite.training._batch_programs import BatchPrograms, loss_kernel
from skopt_suite.training._device_batch import BLOCK_ROWS, DeviceBatch
from skopt_suite.training._device_buffers import MOST_AT_ONCE, n_parts, new_buffers
from skopt_suite.training._rows import Rows


class DeviceMean:
    """Finds the mean loss of a fit on all rows and its gradient.

    Parameters
    ----------
    network : Network
        The model, with no more than dense layers.
    loss : Loss
        Stacked, of one fit.
    rows : Rows
        Dense, on the device, in row-major order.
    params : array of shape (1, n_params)
        Any parameters.
    engine : Engine
        What computes. Raises `CannotTrace` where there are no kernels.
    """

    def __init__(
        self, network: Network, loss: Loss, rows: Rows, params: Params, engine: Any
    ) -> None:
        xp = namespace(params)
        self.engine = engine
        self.params, self.gradient = xp.empty_like(params), xp.zeros_like(params)
        rows = rows._replace(y=xp.astype(rows.y, params.dtype, copy=False))
        programs = BatchPrograms.of(network, loss, str(params.dtype), rows, has_dropout=False)
        n_rows = len(rows.y)
        given = network, self.params, self.gradient, rows, programs, n_rows
        self.batch = DeviceBatch(engine, *given, many_rows=2 * BLOCK_ROWS)
        keeps_slope = [layer.keeps_slope for layer in programs.hidden]
        buffers = new_buffers(params, network, keeps_slope, n_rows, rows.X[None, ...])
        order = xp.arange(n_rows, dtype=xp.int64, device=params.device)

        def evaluate(step: int) -> None:
            self.batch.forward(buffers, n_rows)
            self.batch.loss(buffers, n_rows, order)
            self.batch.backward(buffers, n_rows, with_gradient=True)
            self.engine.join()

        self.kept = buffers, order  # which the graph reads
        with engine.working():
            self.graph = engine.graph(evaluate, 1)

    def __call__(self, params: Params) -> tuple[PerFit, Params]:
        """Return the mean loss, (1,), and its gradient, (1, n_params)."""
        xp, total = namespace(params), self.batch.total
        self.params[...] = params
        total[...] = 0.0
        with self.engine.working():
            self.graph.launch(self.engine.main)
        value = in_precision(xp.sum(total, axis=1), params.dtype)
        return value, xp.asarray(self.gradient, copy=True)


class DeviceLoss:
    """Finds mean losses on all rows, and their gradients, from raw predictions.

    Parameters
    ----------
    loss : Loss
        Stacked.
    rows : Rows
        On the device.
    raw : array of shape (n_fits, n_samples, n_outputs)
        Any raw predictions.
    engine : Engine
        What computes. Raises `CannotTrace` where there is no kernel.
    """

    def __init__(self, loss: Loss, rows: Rows, raw: RawPredictions, engine: Any) -> None:
        xp, (n_fits, n_rows, n_outputs) = namespace(raw), raw.shape
        self.engine = engine
        rows = rows._replace(y=xp.astype(rows.y, raw.dtype, copy=False))
        self.program, known = loss_kernel(loss, rows, str(raw.dtype), has_bias=False)
        numbers = {"dtype": xp.float64, "device": raw.device}
        self.total = xp.zeros((n_fits, n_parts(n_rows, n_fits)), **numbers)
        order = xp.arange(n_rows, dtype=xp.int64, device=raw.device)
        weight = {} if rows.weight is None else {"weight": rows.weight}
        self.arrays = {**known, **weight, "y": rows.y, "order": order, "total": self.total}
        self.arrays["share"] = xp.ones(1, **numbers)
        self.lengths = {"K": n_fits, "B": n_rows, "N": n_outputs, "C": n_outputs}

    def __call__(self, raw: RawPredictions) -> tuple[PerFit, RawPredictions]:
        """Return mean losses, (n_fits,), and their gradient, which is where `raw` was."""
        self.total[...] = 0.0
        arrays = {**self.arrays, "raw": raw}
        with self.engine.working():
            self.engine.do(lambda: self.engine.call_for_rows(self.program, arrays, self.lengths))
        return in_precision(namespace(raw).sum(self.total, axis=1), raw.dtype), raw


def device_loss(loss: Loss, rows: Rows, raw: RawPredictions) -> DeviceLoss | None:
    """Return what finds mean losses of a stack by a kernel; None where nothing does."""
    is_in_rows = raw.strides[2] == raw.itemsize or raw.shape[2] == 1
    if not writes_kernels(raw) or not is_in_rows or loss.n_raw != 1:
        return None
    if raw.shape[1] * raw.shape[2] >= MOST_AT_ONCE:
        return None
    try:
        return DeviceLoss(loss, rows, raw, engine_for(raw, "highest"))
    except CannotTrace:
        return None


def device_mean(network: Network, loss: Loss, rows: Rows, params: Array) -> DeviceMean | None:
    """Return what finds the mean loss of a fit on all rows by kernels; None where nothing does."""
    if len(params) != 1 or not writes_kernels(params) or is_sparse(rows.X):
        return None
    n_largest, X = max(network.sizes[1:]), rows.X
    is_given_so = X.flags.c_contiguous and X.dtype == params.dtype
    if not (is_given_so and network.is_plain and loss.n_raw == 1):
        return None
    if len(rows.y) * n_largest >= MOST_AT_ONCE:
        return None
    try:
        return DeviceMean(network, loss, rows, params, engine_for(params, "highest"))
    except CannotTrace:
        return None
