"""The mean loss of one fit on all rows, with its gradient, by one graph on a device.

Solvers of all rows ask for it again and again, and its definition is some dozens of calls. Stacks
keep the definition, which multiplies X once with what all fits have.
"""

from __future__ import annotations

from typing import Any

from skopt_suite.backends import (
    Array,
    Params,
    PerFit,
    engine_for,
    in_precision,
    is_sparse,
    namespace,
    writes_kernels,
)
from skopt_suite.backends.kernels._tracing import CannotTrace
from skopt_suite.losses import Loss
from skopt_suite.models import Network
from skopt_suite.training._device_batch import DeviceBatch
from skopt_suite.training._device_buffers import MOST_AT_ONCE, new_buffers
from skopt_suite.training._rows import Rows
from skopt_suite.training._written import BatchPrograms


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
        xp, layout = namespace(params), network.layout
        self.engine = engine
        self.params, self.gradient = xp.empty_like(params), xp.zeros_like(params)
        rows = rows._replace(y=xp.astype(rows.y, params.dtype, copy=False))
        programs = BatchPrograms.of(network, loss, str(params.dtype), rows, has_dropout=False)
        n_rows = len(rows.y)
        given = layout, self.params, self.gradient, rows, programs, n_rows
        self.batch = DeviceBatch(engine, *given)
        keeps_slope = [layer.keeps_slope for layer in programs.hidden]
        buffers = new_buffers(params, layout.layers, keeps_slope, n_rows, rows.X[None, ...])
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
