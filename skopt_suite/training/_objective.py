"""The objective of a stack of fits, bound to the rows of one step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from skopt_suite._component import take
from skopt_suite.backends import Array, namespace
from skopt_suite.losses import Loss
from skopt_suite.models import Network
from skopt_suite.penalties import Penalty


@dataclass
class Objective:
    """Mean loss plus penalty of every fit; what optimizers see as `Problem`.

    ``1/n Σ_i w_i loss(y_i, model(x_i; θ_k)) + penalty_k(θ_k)`` with weights of mean 1.
    """

    network: Network
    loss: Loss
    penalty: Penalty
    x: Any = None  # (n_samples, n_features)
    y: Any = None  # (n_samples,) or (n_samples, n_outputs)
    weight: Any = None  # (n_fits or 1, n_samples), or None
    masks: Callable[[int], Sequence[Array]] | None = None
    """Draws what dropout multiplies hidden units by, for a number of rows."""
    counts_penalty: bool = True
    """Whether the value has the smooth part of the penalty; minibatch rules only need its
    gradient, and the loop adds the value once per epoch."""

    @property
    def has_prox(self) -> bool:
        """Whether part of the penalty acts by its proximal operator."""
        return self.penalty.has_prox

    @property
    def n_weights(self) -> int:
        """Number of parameters that the penalty sees."""
        return self.network.n_weights

    def bind(self, x: Any, y: Array, weight: Array | None) -> Objective:
        """Use these rows from now on."""
        self.x, self.y, self.weight = x, y, weight
        return self

    def take(self, index: Array) -> Objective:
        """Return the objective of the fits that `index` names, on the same rows."""
        weight = self.weight
        if weight is not None and weight.shape[0] > 1:
            weight = namespace(weight).take(weight, index, axis=0)
        loss, penalty = take(self.loss, index), take(self.penalty, index)
        return replace(self, loss=loss, penalty=penalty, weight=weight)

    def value_and_gradient(self, params: Array) -> tuple[Array, Array]:
        """Return the smooth part, (n_fits,), and its gradient, (n_fits, n_params)."""
        masks = self.masks(self.x.shape[0]) if self.masks else None
        raw, trace = self.network.forward(params, self.x, masks)
        mean, delta = self._data_term(raw)
        gradient = self.network.backward(trace, delta)
        if self.penalty.has_gradient:
            part = gradient[:, : self.n_weights]
            total = self.penalty.add_gradient(part, params[:, : self.n_weights])
            if total is not part:
                gradient[:, : self.n_weights] = total
        return self._with_penalty(mean, params), gradient

    def value(self, params: Array) -> Array:
        """Return the smooth part, (n_fits,)."""
        raw, _ = self.network.forward(params, self.x)
        mean, _ = self._data_term(raw)
        return self._with_penalty(mean, params)

    def prox(self, params: Array, step_size: Array) -> Array:
        """Return `params` with the proximal operator applied to the weights, in place."""
        if step_size.shape[1] > 1:
            step_size = step_size[:, : self.n_weights]
        weights = params[:, : self.n_weights]
        moved = self.penalty.prox(weights, step_size)
        if moved is not weights:
            params[:, : self.n_weights] = moved
        return params

    def uncounted_penalty(self, params: Array) -> Array | float:
        """Return what `value` leaves out of the whole objective, (n_fits,)."""
        weights = params[:, : self.n_weights]
        if self.counts_penalty:
            return self.penalty.nonsmooth_value(weights) if self.has_prox else 0.0
        return self.penalty.value(weights)

    def optimality(self, params: Array, gradient: Array) -> Array:
        """Return the largest absolute entry of the proximal gradient of step size 1, (n_fits,)."""
        xp = namespace(params)
        if self.has_prox:
            unit = xp.ones((params.shape[0], 1), dtype=params.dtype, device=params.device)
            gradient = params - self.prox(params - gradient, unit)
        return xp.max(xp.abs(gradient), axis=-1)

    def _with_penalty(self, mean: Array, params: Array) -> Array:
        if self.counts_penalty and self.penalty.has_gradient:
            mean = mean + self.penalty.smooth_value(params[:, : self.n_weights])
        return mean

    def _data_term(self, raw: Array) -> tuple[Array, Array]:
        """Return the mean loss, (n_fits,), and its gradient by raw predictions."""
        xp = namespace(raw)
        value, delta = self.loss.value_and_gradient(self.y, raw)
        if self.weight is not None:
            value = value * self.weight
            delta = delta * self.weight[:, :, None]
        n_samples = raw.shape[1]
        delta /= n_samples
        return xp.sum(value, axis=-1) / n_samples, delta
