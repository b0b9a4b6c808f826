"""The first term of the objective: the mean loss of a model on rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

import numpy as np

from skopt_suite._component import take
from skopt_suite.backends import Array, Params, PerFit, RawPredictions, averaged, writes_kernels
from skopt_suite.losses import Loss
from skopt_suite.models import Context, Network
from skopt_suite.training._blocks import added, rows_of_block, summed_in_blocks
from skopt_suite.training._device_mean import DeviceLoss, DeviceMean, device_loss, device_mean
from skopt_suite.training._linear_pass import (
    StackLoss,
    linear_pass,
    rows_of_pass,
    takes_linear_pass,
)
from skopt_suite.training._numbers import is_varied
from skopt_suite.training._rows import Rows, Source, Weights

PLAIN = Context()
"""Of a network that sees all there is, as it is."""


class DataTerm:
    """``1/n Σ_i w_i loss(y_i, model(x_i; θ_k))`` with weights of mean 1, for every fit k.

    Parameters
    ----------
    network : Network
        The model.
    loss : Loss
        The stacked loss.
    rows : Rows
        What the mean is over.
    context : Context, optional
        What the network is trained with; values are without.
    """

    __slots__ = ("_rows", "context", "loss", "moments", "network")
    moments: Array | None
    """Of the batch in the last pass forward and back: see `Network.moments`."""

    def __init__(
        self,
        network: Network,
        loss: Loss,
        rows: Rows,
        context: Context = PLAIN,
    ) -> None:
        self.network, self.loss, self._rows, self.context = network, loss, rows, context
        self.moments = None

    @property
    def rows(self) -> Rows:
        """What the mean is over."""
        return self._rows

    @property
    def n_rows(self) -> int:
        """How many rows these are."""
        return self.rows.X.shape[0]

    def value(self, params: Params) -> PerFit:
        """Return the mean loss without dropout, (n_fits,)."""
        context = self.context.without_dropout()
        found = self._in_one_call(params, context, needs_gradient=False)
        if found is not None:
            return found[0]
        raw, _ = self.network.forward(params, self.rows.X, context)
        return self._mean(raw)[0]

    def value_and_gradient(self, params: Params) -> tuple[PerFit, Params]:
        """Return the mean loss, (n_fits,), and its gradient, (n_fits, n_params)."""
        found = self._in_one_call(params, self.context, needs_gradient=True)
        if found is not None:
            return found
        raw, trace = self.network.forward(params, self.rows.X, self.context)
        self.moments = self.network.moments(trace)
        mean, delta = self._mean(raw)
        return mean, self.network.backward(trace, delta)

    def _in_one_call(
        self, params: Params, context: Context, needs_gradient: bool
    ) -> tuple[PerFit, Any] | None:
        """Return value and gradient where a kernel finds both; None elsewhere."""
        X, y, weight = self.rows
        if not takes_linear_pass(self.network, context, self.loss, params, X):
            return None
        (layer,), n_fits = self.network.layout.layers, len(params)
        n_rows = rows_of_pass(layer.n_in, n_fits, params.itemsize, len(X))
        loss = StackLoss.of(self.loss, n_fits)
        return linear_pass(params, X, y, weight, loss, layer, n_rows, needs_gradient)

    def moments_at(self, params: Params) -> Array:
        """Return what the buffers of a network that has some are of these rows."""
        _, trace = self.network.forward(params, self.rows.X, self.context.without_dropout())
        moments: Any = self.network.moments(trace)
        return moments

    def on(self, block: slice) -> DataTerm:
        """Return the term on some of the rows, or on all of them."""
        if block == slice(0, self.n_rows):
            return self
        return DataTerm(self.network, self.loss, self.rows.block(block), self.context)

    def with_context(self, context: Context) -> DataTerm:
        """Return the term of a network that is trained with something else."""
        return DataTerm(self.network, self.loss, self.rows, context)

    def take(self, index: Array) -> DataTerm:
        """Return the term of the fits that `index` names."""
        X, y, weight = self.rows
        rows = Rows(X, y, Weights(weight).take(index).values)
        return DataTerm(self.network, take(self.loss, index), rows, self.context.take(index))

    def _mean(self, raw: RawPredictions) -> tuple[PerFit, RawPredictions]:
        """Return the mean loss and its gradient by raw predictions."""
        value, delta = self.loss.value_and_gradient(self.rows.y, raw)
        weight = self.rows.weight
        if weight is not None:
            value = value * weight
            delta = delta * weight[:, :, None]
        return averaged(value, delta)


class WholeTerm(DataTerm):
    """The term on all rows of a source, which is asked for them when they are needed.

    Parameters
    ----------
    network, loss, context : object
        As of any term.
    source : Source
        What the mean is over.
    weights : Weights
        Of its rows.
    """

    def __init__(
        self,
        network: Network,
        loss: Loss,
        source: Source,
        weights: Weights,
        context: Context = PLAIN,
    ) -> None:
        self.network, self.loss, self.context = network, loss, context
        self.source, self.weights = source, weights
        self.moments = None
        self._device: DeviceMean | None = None
        self._losses: dict[tuple[int, ...], DeviceLoss | None] = {}
        self._is_asked = False

    @cached_property
    def rows(self) -> Rows:
        """All rows, as one part."""
        (rows,) = self.source.parts(self.weights)
        return rows

    @property
    def n_rows(self) -> int:
        """How many rows there are."""
        return self.source.n_samples

    def value(self, params: Params) -> PerFit:
        """Return the mean loss without dropout, (n_fits,)."""
        if self._is_one_block(params):
            return super().value(params)
        return self._mean_over(lambda term: (term.value(params),), params)[0]

    def value_and_gradient(self, params: Params) -> tuple[PerFit, Params]:
        """Return the mean loss, (n_fits,), and its gradient, (n_fits, n_params)."""
        if self._is_one_point(params):
            one, n_fits = self.take(np.zeros(1, dtype=np.int64)), len(params)
            found = one.value_and_gradient(params[:1])
            return np.repeat(found[0], n_fits), np.repeat(found[1], n_fits, axis=0)
        by_kernels = self._by_kernels(params)
        if by_kernels is not None:
            return by_kernels(params)
        if self._is_one_block(params):
            return super().value_and_gradient(params)
        value, gradient = self._mean_over(lambda term: term.value_and_gradient(params), params)
        return value, gradient

    def _by_kernels(self, params: Params) -> DeviceMean | None:
        """Return what finds mean and gradient in one call of a device; None where nothing does."""
        if not self._is_asked:
            self._is_asked = True
            is_plain = all(part is None for part in self.context) and not self.source.has_parts
            if is_plain and writes_kernels(params):
                self._device = device_mean(self.network, self.loss, self.rows, params)
        return self._device

    def _mean(self, raw: RawPredictions) -> tuple[PerFit, RawPredictions]:
        """Return the mean loss and its gradient by raw predictions."""
        if raw.shape not in self._losses:
            is_there = writes_kernels(raw)
            self._losses[raw.shape] = device_loss(self.loss, self.rows, raw) if is_there else None
        found = self._losses[raw.shape]
        return super()._mean(raw) if found is None else found(raw)

    def _is_one_point(self, params: Params) -> bool:
        """Whether fits cannot differ yet: those of a search mostly begin at the same point."""
        if type(params) is not np.ndarray or len(params) < 2 or (params[-1] != params[0]).any():
            return False
        if self.network.n_buffers or any(part is not None for part in self.context):
            return False
        weights = self.weights.values
        if is_varied(self.loss) or not (weights is None or len(weights) == 1):
            return False
        return bool((params == params[0]).all())

    def _is_one_block(self, params: Params) -> bool:
        if self.source.has_parts:
            return False
        return rows_of_block(self.network, self.context, params, self.rows.X) >= self.n_rows

    def _mean_over(
        self, of_term: Callable[[DataTerm], tuple[Array, ...]], params: Params
    ) -> tuple[Array, ...]:
        """Return means over all rows of what a function of terms returns, block by block."""

        def of_part(term: DataTerm) -> list[Array]:
            size = rows_of_block(self.network, self.context, params, term.rows.X)
            n_rows, n_params = term.n_rows, params.size
            return summed_in_blocks(lambda block: of_term(term.on(block)), n_rows, size, n_params)

        totals = added(map(of_part, self._parts()))
        for total in totals:
            total /= self.n_rows
        return tuple(total.astype(params.dtype, copy=False) for total in totals)

    def _parts(self) -> Iterator[DataTerm]:
        """Yield the terms of parts."""
        for i, rows in enumerate(self.source.parts(self.weights)):
            context, draws = self.context, self.context.dropout
            if draws is not None:  # each has its own
                context = context._replace(dropout=draws._replace(seed=draws.seed + i))
            yield DataTerm(self.network, self.loss, rows, context)

    def with_context(self, context: Context) -> DataTerm:
        """Return the term of a network that is trained with something else."""
        return WholeTerm(self.network, self.loss, self.source, self.weights, context)

    def take(self, index: Array) -> DataTerm:
        """Return the term of the fits that `index` names."""
        loss, weights = take(self.loss, index), self.weights.take(index)
        return WholeTerm(self.network, loss, self.source, weights, self.context.take(index))
