"""The objective of a stack of fits, bound to the rows of one step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

from skopt_suite._component import take
from skopt_suite._layout import Layout
from skopt_suite.backends import Array, averaged, is_sparse, namespace
from skopt_suite.losses import Loss
from skopt_suite.models import Network
from skopt_suite.penalties import Penalty
from skopt_suite.training._curvature import Curvature
from skopt_suite.training._moments import moments, spectrum
from skopt_suite.training._quadratic import Quadratic

# When finding eigenvectors is cheap next to the iterations that it saves. The number of fits must
# not matter: a fit in a stack is to take the same steps as alone.
_MOST_FEATURES = 1000
MOST_FEATURES_SQUARED = 20  # per raw prediction


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
    _curvature: Curvature | None = None  # these two are found when they are first asked for
    _quadratic: Quadratic | None = None

    @property
    def has_prox(self) -> bool:
        """Whether part of the penalty acts by its proximal operator."""
        return self.penalty.has_prox

    @property
    def layout(self) -> Layout:
        """Where weights and biases lie in a row of parameters."""
        return self.network.layout

    def bind(self, x: Any, y: Array, weight: Array | None) -> Objective:
        """Use these rows from now on; the same `x` has the same targets and weights."""
        if x is not self.x:
            self._curvature = self._quadratic = None
        self.x, self.y, self.weight = x, y, weight
        return self

    def take(self, index: Array) -> Objective:
        """Return the objective of the fits that `index` names, on the same rows."""
        weight = self.weight
        if weight is not None and weight.shape[0] > 1:
            weight = namespace(weight).take(weight, index, axis=0)
        return replace(
            self,
            loss=take(self.loss, index),
            penalty=take(self.penalty, index),
            weight=weight,
            _curvature=self._curvature and self._curvature.take(index),
            _quadratic=self._quadratic and self._quadratic.take(index),
        )

    def value_and_gradient(self, params: Array) -> tuple[Array, Array]:
        """Return the smooth part, (n_fits,), and its gradient, (n_fits, n_params)."""
        masks = self.masks(self.x.shape[0]) if self.masks else None
        raw, trace = self.network.forward(params, self.x, masks)
        mean, delta = self._data_term(raw)
        gradient = self.network.backward(trace, delta)
        if self.penalty.has_gradient:
            part = self.layout.weights(gradient)
            total = self.penalty.add_gradient(part, self.layout.weights(params))
            if total is not part:
                part[...] = total
        return self._with_penalty(mean, params), gradient

    def value(self, params: Array) -> Array:
        """Return the smooth part, (n_fits,)."""
        raw, _ = self.network.forward(params, self.x)
        mean, _ = self._data_term(raw)
        return self._with_penalty(mean, params)

    def prox(self, params: Array, step_size: Array) -> Array:
        """Return `params` with the proximal operator applied to the weights, in place."""
        if step_size.shape[1] > 1:
            step_size = self.layout.weights(step_size)
        weights = self.layout.weights(params)
        moved = self.penalty.prox(weights, step_size)
        if moved is not weights:
            weights[...] = moved
        return params

    def uncounted_penalty(self, params: Array) -> Array | float:
        """Return what `value` leaves out of the whole objective, (n_fits,)."""
        weights = self.layout.weights(params)
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

    def curvature(self) -> Curvature | None:
        """Return a bound on the Hessian; None where none is known, or it costs more than it saves.

        Linear models on dense data have one, for losses and penalties that declare theirs.
        """
        if self._curvature is None and self._has_curvature():
            about = moments([self.x], self.weight, centred=self.network.output_bias)
            bound, alpha = self._bounds()
            any_scale = isinstance(alpha, Real) and alpha == 0
            basis = spectrum(about, self._eps(), any_scale)
            self._curvature = Curvature.of(
                self.network, bound, alpha, about.mean, basis, self.x.dtype
            )
        return self._curvature

    def quadratic(self) -> Quadratic:
        """Return the objective of linear models as the quadratic that it is."""
        if self._quadratic is None:
            joint = moments([self.x, self.y], self.weight, centred=self.network.output_bias)
            self._quadratic = Quadratic.of(self.network, *self._bounds(), joint, self._eps())
        return self._quadratic

    def _eps(self) -> float:
        return float(namespace(self.x).finfo(self.x.dtype).eps)

    def _has_curvature(self) -> bool:
        if self.network.n_hidden or is_sparse(self.x):
            return False
        (n_samples, n_features), n_outputs = self.x.shape, self.network.sizes[-1]
        is_cheap = n_features**2 <= MOST_FEATURES_SQUARED * n_samples * n_outputs
        return (
            is_cheap
            and n_features <= _MOST_FEATURES
            and all(bound is not None for bound in self._bounds())
        )

    def _bounds(self) -> tuple[Any, Any]:
        """Return the curvature of the loss and that of the penalty, where both declare one."""
        return self.loss.curvature(self.y), self.penalty.curvature()

    def _with_penalty(self, mean: Array, params: Array) -> Array:
        if self.counts_penalty and self.penalty.has_gradient:
            mean = mean + self.penalty.smooth_value(self.layout.weights(params))
        return mean

    def _data_term(self, raw: Array) -> tuple[Array, Array]:
        """Return the mean loss, (n_fits,), and its gradient by raw predictions."""
        value, delta = self.loss.value_and_gradient(self.y, raw)
        if self.weight is not None:
            value = value * self.weight
            delta = delta * self.weight[:, :, None]
        return averaged(value, delta)
