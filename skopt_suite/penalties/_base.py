"""What a penalty is."""

from __future__ import annotations

import functools
import math
from typing import Any, ClassVar, Self

import numpy as np

from skopt_suite._component import Component
from skopt_suite._layout import Layout
from skopt_suite._separable import Blockwise, Description, Separable
from skopt_suite.backends import Array, FitColumn, FlatWeights, PerFit, kernel, like, namespace
from skopt_suite.domains import Vector

_FORMULAS = {"value", "smooth_value", "gradient", "nonsmooth_value", "prox"}
_SAID_OF_FORMULAS = {
    "separable",
    "description",
    "linearised",
    "has_tangent",
    "blockwise",
    "is_blockwise",
    "project",
    "debts",
    "pay",
    "needs_step_size",
}
_ACTS = {"linearised", "project", "debts", "pay"}


class Penalty(Component):
    """Base class of penalties, the second term of the objective.

    A penalty is the sum of a smooth part, which enters the gradient, and of a part that acts by
    its proximal operator after each step. It sees the weights only, never intercepts or biases.
    A penalty of your own implements `has_gradient`, `smooth_value` and `gradient`, or `has_prox`,
    `nonsmooth_value` and `prox`, or all of them.

    See Also
    --------
    Sum : Two penalties in one.
    L1 : One that acts by its proximal operator.
    skopt_suite.testing.check_penalty : Says what is wrong with one of your own.
    """

    has_strengths_of_outputs: ClassVar[bool] = True
    """Whether linear models may have a number for each output where networks have one per layer."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "gradient" in vars(cls) and "add_gradient" not in vars(cls):
            # what a parent class does in one pass is no longer the gradient
            cls.add_gradient = Penalty.add_gradient  # type: ignore[method-assign]
        if "gradient" in vars(cls) and "curvature" not in vars(cls):
            cls.curvature = Penalty.curvature  # type: ignore[method-assign]
        if _FORMULAS & vars(cls).keys():
            for name in _SAID_OF_FORMULAS - vars(cls).keys():
                setattr(cls, name, getattr(Penalty, name))
        if _ACTS & vars(cls).keys() and "description" not in vars(cls):
            cls.description = Penalty.description  # type: ignore[method-assign]

    def check_layout(self, layout: Layout) -> None:
        """Raise `ValueError` if there are numbers per layer or feature, but not one for each.

        What may be given per layer may be given per output of linear models.
        """
        n_features, n_outputs = layout.layers[0].n_in, layout.layers[-1].n_out
        self._check_lengths("feature", n_features, "features")
        if layout.is_linear and self.has_strengths_of_outputs:
            self._check_lengths("layer", n_outputs, "outputs")
        else:
            self._check_lengths("layer", layout.n_layers, "layers that have weights")

    def on(self, layout: Layout) -> Self:
        """Return the stacked penalty for weights that lie so, for one pass.

        Hyperparameters per layer become one per weight, (n_fits, n_weights).
        """
        resolved = self.__copy__()
        for name in self._given_per("layer"):
            setattr(resolved, name, layout.per_weight(getattr(self, name)))
        return resolved

    def with_strength(self, strength: float) -> Self:
        """Return a copy in which what is "auto" is `strength`, in the parts of a sum, too."""
        resolved = self.__copy__()
        for name, domain in self.parameters.items():
            value = getattr(self, name)
            if isinstance(value, Penalty):
                setattr(resolved, name, value.with_strength(strength))
            elif isinstance(domain, Vector) and isinstance(value, str):
                setattr(resolved, name, strength)
        return resolved

    @classmethod
    @functools.cache
    def _given_per(cls, what: str) -> tuple[str, ...]:
        """Return the names of parameters that may be given per layer or per feature."""
        return tuple(
            name
            for name, domain in cls.parameters.items()
            if isinstance(domain, Vector) and domain.per == what
        )

    def _check_lengths(self, what: str, n_wanted: int, things: str) -> None:
        for name in self._given_per(what):
            value = getattr(self, name)
            n_given = 1 if isinstance(value, (float, str)) else np.size(value)
            if n_given not in (1, n_wanted):
                raise ValueError(
                    f"{type(self).__name__}: {name} must be one number, or one for each of the "
                    f"{n_wanted} {things}; got {n_given}."
                )

    @property
    def has_gradient(self) -> bool:
        """Whether there is a smooth part."""
        return False

    @property
    def has_prox(self) -> bool:
        """Whether there is a part that acts by its proximal operator."""
        return False

    def value(self, weights: FlatWeights) -> PerFit:
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

    def smooth_value(self, weights: FlatWeights) -> PerFit:
        """Return the smooth part, of shape (n_fits,)."""
        raise NotImplementedError(f"{type(self).__name__} has no smooth part.")

    def gradient(self, weights: FlatWeights) -> FlatWeights:
        """Return the gradient of the smooth part, of shape (n_fits, n_weights)."""
        raise NotImplementedError(f"{type(self).__name__} has no smooth part.")

    def add_gradient(self, total: FlatWeights, weights: FlatWeights) -> FlatWeights:
        """Return ``total + gradient(weights)``; may overwrite `total`.

        Penalties that can do so in one pass over memory override it.
        """
        return total + self.gradient(weights)

    def curvature(self) -> FitColumn | float | None:
        """Return c where the gradient of the smooth part is ``c * weights``, else None.

        A number, or an array of shape (n_fits, 1). L-BFGS needs fewer iterations where it is known,
        and the closed form needs it, or squares only.
        """
        return None

    @property
    def is_quadratic(self) -> bool:
        """Whether there is a closed form: `curvature` is known, or strengths are of outputs."""
        separable = self.separable()
        is_ridge = separable is not None and separable.l1 is None and not separable.is_positive
        return self.curvature() is not None or is_ridge

    @property
    def has_ridge(self) -> bool:
        """Whether a part of it is known to be L2, of a strength that is not 0."""
        separable = self.separable()
        if separable is None or separable.l2 is None:
            return False
        is_some = isinstance(separable.l2, list | tuple | np.ndarray)
        values: Any = separable.l2 if is_some else [separable.l2]
        return all(isinstance(one, str) or one != 0 for one in values)

    def separable(self) -> Separable | None:
        """Return the strengths where it is ``Σ_j l1_j |w_j| + l2_j / 2 w_j²``, else None.

        Maybe on ``w ≥ 0``; of a stacked penalty. Where it is known, weights are exactly 0 also
        after noisy steps (see `L1`), and SGD takes any ``l2``.
        """
        return None

    def description(self) -> Description | None:
        """Return the penalty as compiled steps know it; None of others."""
        separable = self.separable()
        return None if separable is None else Description(separable)

    @property
    def needs_step_size(self) -> bool:
        """Whether how it acts depends on how far steps move, which not every optimizer knows.

        It does not where it is `linearised`, nor where it only projects.
        """
        return self.has_prox and self.separable() is None

    @property
    def is_elastic_net(self) -> bool:
        """Whether it is `separable` and leaves weights free to be negative."""
        separable = self.separable()
        return separable is not None and not separable.is_positive

    @property
    def has_tangent(self) -> bool:
        """Whether `linearised` gives a penalty that is nowhere less, but for a constant."""
        return self.separable() is not None

    def linearised(self, weights: FlatWeights) -> Separable | None:
        """Return the part that is not smooth as a separable one with the same slope there, or None.

        Of a separable penalty it is the penalty itself. Concave ones that have such a tangent give
        exact zeros also where steps are noisy, like `L1`.
        """
        return self.separable()

    @property
    def is_blockwise(self) -> bool:
        """Whether it is, or is bounded by, what `blockwise` says."""
        return self.has_tangent

    def blockwise(self, weights: FlatWeights) -> Blockwise | None:
        """Return the penalty as solvers know it that go from block to block of weights, or None.

        Of what is `linearised` it is the tangent.
        """
        tangent = self.linearised(weights)
        if tangent is None:
            return None
        lower = 0.0 if tangent.is_positive else -math.inf
        return Blockwise(tangent.l1, tangent.l2, lower, math.inf)

    def debts(self, n_weights: int) -> tuple[int, int]:
        """Return the shape of what a fit remembers of noisy steps, of no rows if of none.

        Two rows, one for each sign, of penalties that are `linearised`; others say how weights
        `pay`.
        """
        return (0 if self.separable() is None else 2, n_weights)

    def pay(
        self, weights: FlatWeights, owed: Array, step_size: FitColumn | FlatWeights
    ) -> tuple[FlatWeights, Array]:
        """Return weights after a noisy step, and what they owe; both may be overwritten.

        It is the proximal operator with a memory, for penalties that are not `linearised`.

        Parameters
        ----------
        weights : array of shape (n_fits, n_weights)
            Where the step ended.
        owed : array of shape (n_fits, ...)
            Of the shape that `debts` says, zeros before the first step.
        step_size : array of shape (n_fits, 1) or (n_fits, n_weights)
            How far the optimizer moves per unit of gradient.
        """
        raise NotImplementedError(f"{type(self).__name__} remembers nothing.")

    def project(self, weights: FlatWeights) -> FlatWeights:
        """Return the nearest weights that constraints allow; may overwrite `weights`."""
        separable = self.separable()
        if separable is None or not separable.is_positive:
            return weights
        return namespace(weights).clip(weights, 0.0, None)

    def nonsmooth_value(self, weights: FlatWeights) -> PerFit:
        """Return the other part, of shape (n_fits,); constraints count for nothing."""
        raise NotImplementedError(f"{type(self).__name__} has no part that is not smooth.")

    def prox(self, weights: FlatWeights, step_size: FitColumn | FlatWeights) -> FlatWeights:
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
def add_scaled(
    total: FlatWeights, weights: FlatWeights, scale: FitColumn | FlatWeights
) -> FlatWeights:
    """``total + scale * weights``, (n_fits, n_weights); `scale` may be (n_fits, 1)."""
    return total + scale * weights


@kernel
def soft_threshold(weights: FlatWeights, threshold: FitColumn | FlatWeights) -> FlatWeights:
    """Shrink towards zero by `threshold` and stop there, ``(n_fits, n_weights)``."""
    xp = namespace(weights)
    return xp.sign(weights) * xp.clip(xp.abs(weights) - threshold, 0.0, None)


def scaled_square(scale: FitColumn | FlatWeights | float, weights: FlatWeights) -> PerFit:
    """Return ``Σ_j scale_j weights_j²`` of every fit; see `scaled_sum`."""
    xp = namespace(weights)
    (scale,) = like(weights, scale)
    if isinstance(scale, float) or scale.shape[1] > 1:
        return xp.vecdot(scale * weights, weights)
    return scale[:, 0] * xp.vecdot(weights, weights)


def scaled_sum(scale: FitColumn | FlatWeights | float, terms: FlatWeights) -> PerFit:
    """Return ``Σ_j scale_j terms_j`` of every fit, (n_fits,).

    Parameters
    ----------
    scale : array of shape (n_fits, 1) or (n_fits, n_weights), or number
        In any precision.
    terms : array of shape (n_fits, n_weights)
        Terms of the weights.
    """
    xp = namespace(terms)
    (scale,) = like(terms, scale)
    if isinstance(scale, float):
        return scale * xp.sum(terms, axis=-1)
    if scale.shape[1] == 1:
        return scale[:, 0] * xp.sum(terms, axis=-1)
    return xp.vecdot(scale, terms)
