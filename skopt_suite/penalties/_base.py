"""What a penalty is."""

from __future__ import annotations

from numbers import Real
from typing import Any

from skopt_suite._component import Component
from skopt_suite.backends import Array, kernel, namespace


class Penalty(Component):
    """Base class of penalties, the second term of the objective.

    A penalty is the sum of a smooth part, which enters the gradient, and of a part that acts by
    its proximal operator after each step. It sees the weights only, never intercepts or biases.
    A penalty of your own implements `has_gradient`, `smooth_value` and `gradient`, or `has_prox`,
    `nonsmooth_value` and `prox`, or all of them.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "gradient" in vars(cls) and "add_gradient" not in vars(cls):
            # what a parent class does in one pass is no longer the gradient
            cls.add_gradient = Penalty.add_gradient  # type: ignore[method-assign]
        if "gradient" in vars(cls) and "curvature" not in vars(cls):
            cls.curvature = Penalty.curvature  # type: ignore[method-assign]

    @property
    def has_gradient(self) -> bool:
        """Whether there is a smooth part."""
        return False

    @property
    def has_prox(self) -> bool:
        """Whether there is a part that acts by its proximal operator."""
        return False

    def value(self, weights: Array) -> Array:
        """Return the whole penalty.

        Parameters
        ----------
        weights : array of shape (n_fits, n_weights)
            The weights of every fit.

        Returns
        -------
        value : array of shape (n_fits,)
            The penalty of every fit.
        """
        value = namespace(weights).zeros_like(weights[:, 0])
        if self.has_gradient:
            value = value + self.smooth_value(weights)
        if self.has_prox:
            value = value + self.nonsmooth_value(weights)
        return value

    def smooth_value(self, weights: Array) -> Array:
        """Return the smooth part, of shape (n_fits,)."""
        raise NotImplementedError(f"{type(self).__name__} has no smooth part.")

    def gradient(self, weights: Array) -> Array:
        """Return the gradient of the smooth part, of shape (n_fits, n_weights)."""
        raise NotImplementedError(f"{type(self).__name__} has no smooth part.")

    def add_gradient(self, total: Array, weights: Array) -> Array:
        """Return ``total + gradient(weights)``; may overwrite `total`.

        Penalties that can do so in one pass over memory override it.
        """
        return total + self.gradient(weights)

    def curvature(self) -> Array | float | None:
        """Return c where the gradient of the smooth part is ``c * weights``, else None.

        A number, or an array of shape (n_fits, 1). L-BFGS needs fewer iterations where it is
        known, and the closed form needs it.
        """
        return None

    def nonsmooth_value(self, weights: Array) -> Array:
        """Return the other part, of shape (n_fits,); constraints count for nothing."""
        raise NotImplementedError(f"{type(self).__name__} has no part that is not smooth.")

    def prox(self, weights: Array, step_size: Array) -> Array:
        """Return the proximal operator of the part that is not smooth.

        ``argmin over u of  r(u) + Σ_j (u_j - weights_j)² / (2 step_size_j)``, r being that part.

        Parameters
        ----------
        weights : array of shape (n_fits, n_weights)
            Where the step ended; may be overwritten.
        step_size : array of shape (n_fits, 1) or (n_fits, n_weights)
            How far the optimizer moves per unit of gradient.
        """
        raise NotImplementedError(f"{type(self).__name__} has no proximal operator.")


@kernel
def add_scaled(total: Array, weights: Array, scale: Array) -> Array:
    """``total + scale * weights``, (n_fits, n_weights); `scale` is (n_fits, 1)."""
    return total + scale * weights


@kernel
def soft_threshold(weights: Array, threshold: Array) -> Array:
    """Shrink towards zero by `threshold` and stop there, ``(n_fits, n_weights)``."""
    xp = namespace(weights)
    return xp.sign(weights) * xp.clip(xp.abs(weights) - threshold, 0.0, None)


def column(values: Array) -> Array:
    """Return hyperparameters of shape (n_fits, 1) as (n_fits,); numbers as they are."""
    return values if isinstance(values, Real) else values[:, 0]
