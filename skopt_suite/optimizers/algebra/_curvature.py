"""A bound on the Hessian of linear models that is cheap to invert."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

from skopt_suite._layout import Layout
from skopt_suite.backends import (
    Array,
    FitColumn,
    LayerWeights,
    Params,
    PerFit,
    input_product,
    like,
    namespace,
    to_numpy,
)
from skopt_suite.optimizers.algebra._spectrum import Spectrum


@dataclass(frozen=True)
class Curvature:
    """``c Cov(x) + α`` for the weights of every output and ``c`` for its intercept.

    That is where inputs are centred; where they are not, ``raw = (x - x̄)ᵀ w + (b + x̄ᵀ w)`` is the
    same model with another intercept. (Without an intercept x̄ is 0, and Cov(x) about 0.)

    It bounds the Hessian where `is_bound`. Where the loss declares no curvature, c is 1 and only
    the shape counts; without a basis, Cov(x) is taken to be diagonal.
    """

    layout: Layout
    bound: FitColumn | float  # c
    is_bound: bool
    alpha: FitColumn | float
    mean: Array  # (n_fits or 1, n_features): x̄
    values: Array  # (n_fits or 1, n_values): eigenvalues of c Cov(x)
    floor: Array  # (n_fits or 1, n_values): the least that they count as
    basis: Array | None  # (n_fits or 1, n_features, n_values), None: columns themselves
    scale: Array | None  # (n_fits or 1, n_features): columns in the basis are divided by it
    outside: Array | None  # (n_fits or 1, 1): what counts where the basis does not reach

    @classmethod
    def of(
        cls,
        layout: Layout,
        bound: FitColumn | float | None,
        alpha: FitColumn | float | None,
        mean: Array,
        spectrum: Spectrum,
        dtype: Any,
    ) -> Curvature:
        """Return that of losses bounded by `bound` and penalties of curvature `alpha`, or None."""
        is_bound = bound is not None and alpha is not None and spectrum.basis is not None
        (c,) = like(mean, 1.0 if bound is None else bound)
        parts = (
            mean,
            c * spectrum.values,
            c * spectrum.floor,
            spectrum.basis,
            spectrum.scale,
            None if spectrum.outside is None else c * spectrum.outside,
        )
        arrays = [
            None if part is None else namespace(mean).astype(part, dtype, copy=False)
            for part in parts
        ]
        (alpha,) = like(arrays[0], 0.0 if alpha is None else alpha)
        return cls(layout, c, is_bound, alpha, *arrays)  # type: ignore[arg-type]

    def solve(self, gradient: Params, share: FitColumn | float = 1.0) -> Params:
        """Return the inverse of ``share c Cov(x) + α`` times `gradient`, (n_fits, n_params).

        Where there is no curvature but for rounding, steps are kept short.

        Parameters
        ----------
        gradient : array of shape (n_fits, n_params)
            What to solve for.
        share : array of shape (n_fits, 1) or number
            How much of the bound on the loss there is.
        """
        xp = namespace(gradient)
        weights, bias = self._centred_gradient(gradient)
        solved = xp.empty_like(gradient)
        weights_out, bias_out = split(self.layout, solved)
        inverse = self._inverse(share, self.alpha)
        if self.basis is None:
            weights_out[...] = inverse * weights
        elif self.outside is None:
            weights_out[...] = product(self.basis, inverse * self._rotated(weights))
        else:
            beyond = self._inverse_outside(share, self.alpha)
            within = product(self.basis, (inverse - beyond) * self._rotated(weights))
            weights_out[...] = beyond * weights + within
        if bias_out.shape[-1]:
            bias_out[...] = bias / per_output(self.bound * share) - self._mean_output(weights_out)
        return solved

    def share(self, step: Params, change: Params) -> PerFit:
        """Return how much of the bound on the loss a step has met, (n_fits,), 0 if unknown.

        With s the step, y what it changed the gradient of the loss by and B the bound on the loss,
        that is ``yᵀ B⁻¹ y / sᵀ y``.
        """
        xp = namespace(step)
        moved, (changed, bias) = split(self.layout, step)[0], split(self.layout, change)
        by_penalty = per_output(self.alpha) * moved
        square = self._square(*self._centred(changed - by_penalty, bias), 0.0)
        along = xp.vecdot(step, change) - _dot(by_penalty, moved)
        is_known = along > 0
        share = xp.where(is_known, square / xp.where(is_known, along, 1.0), 0.0)
        return xp.where((share < 1) | (not self.is_bound), share, 1.0)

    def remaining(self, params: Params, gradient: Params) -> PerFit:
        """Return about how much the objective can still fall, (n_fits,).

        A convex objective falls by no more than ``gᵀ (θ - θ*)``, so by no more than the norm of the
        gradient, in the inverse of the bound, times that of the way to the optimum. That is taken
        for as long as the way from 0, or a step, whichever is longer. Intercepts are no part of
        the way from 0.
        """
        xp = namespace(params)
        square = self._square(*self._centred_gradient(gradient), self.alpha)
        return xp.sqrt(square * xp.maximum(square, self._way(split(self.layout, params)[0])))

    @cached_property
    def on_host(self) -> Curvature:
        """The same with its arrays on the host."""
        arrays = {field.name: to_numpy(getattr(self, field.name)) for field in fields(self)}
        return replace(self, **arrays)

    def take(self, index: Array) -> Curvature:
        """Return that of the fits that `index` names."""
        return replace(self, **taken(self, index))

    def _mean_output(self, weights: LayerWeights) -> Array:
        """Return ``x̄ᵀ w``, (n_fits, 1, n_outputs)."""
        return namespace(weights).matmul(self.mean[:, None, :], weights)

    def _centred_gradient(self, gradient: Params) -> tuple[LayerWeights, Array]:
        return self._centred(*split(self.layout, gradient))

    def _centred(self, weights: LayerWeights, bias: Array) -> tuple[LayerWeights, Array]:
        """Return a gradient by weights as that of centred inputs, and `bias`."""
        return (weights - self.mean[:, :, None] * bias if bias.shape[-1] else weights), bias

    def _rotated(self, weights: LayerWeights) -> Array:
        if self.basis is None:
            return weights
        return product(namespace(weights).matrix_transpose(self.basis), weights)

    def _square(self, weights: LayerWeights, bias: Array, alpha: FitColumn | float) -> PerFit:
        """Return the square of a centred gradient in the inverse of the bound, (n_fits,)."""
        rotated = self._rotated(weights)
        square = _dot(self._inverse(1.0, alpha) * rotated, rotated)
        if self.outside is not None:
            beyond = _dot(weights, weights) - _dot(rotated, rotated)
            beyond = self._inverse_outside(1.0, alpha)[:, 0, 0] * beyond
            square = square + namespace(square).clip(beyond, 0.0, None)
        return square + _dot(bias, bias / per_output(self.bound))

    def _way(self, weights: LayerWeights) -> PerFit:
        """Return the square of weights in the bound, (n_fits,)."""
        scaled = weights if self.scale is None else weights * self.scale[:, :, None] ** 2
        rotated = self._rotated(scaled)
        by_penalty = _dot(per_output(self.alpha) * weights, weights)
        return _dot(self.values[:, :, None] * rotated, rotated) + by_penalty

    def _inverse(self, share: FitColumn | float, alpha: FitColumn | float) -> Array:
        """Return the inverse of the eigenvalues, (n_fits or 1, n_values, 1)."""
        values = namespace(self.values).maximum(share * self.values + alpha, share * self.floor)
        return (1 / values)[:, :, None]

    def _inverse_outside(self, share: FitColumn | float, alpha: FitColumn | float) -> Array:
        """Return the inverse of the curvature elsewhere, (n_fits or 1, 1, 1)."""
        assert self.outside is not None
        (alpha,) = like(self.outside, alpha)
        values = namespace(self.values).maximum(0 * share + alpha, share * self.outside)
        return (1 / values)[:, :, None]


def split(layout: Layout, params: Params) -> tuple[LayerWeights, Array]:
    """Return views of weights, (n_fits, n_features, n_outputs), and intercepts, (n_fits, 1, …)."""
    (layer,) = layout.layers
    return layer.weights(params), layer.bias(params)


def product(matrices: Array, stack: Array) -> Array:
    """Return the product of every matrix, or of the only one, with its entry of the stack."""
    if matrices.shape[0] == stack.shape[0]:
        return namespace(stack).matmul(matrices, stack)
    return input_product(matrices[0, ...], stack)


def _dot(a: Array, b: Array) -> PerFit:
    """Return the sum of products of every fit, (n_fits,)."""
    xp, shape = namespace(a), (a.shape[0], -1)
    return xp.vecdot(xp.reshape(a, shape), xp.reshape(b, shape))


def taken(fits: Any, index: Array) -> dict[str, Array]:
    """Return the arrays of a dataclass that differ between fits, for those that `index` names."""
    arrays = {field.name: getattr(fits, field.name) for field in fields(fits)}
    return {
        name: namespace(array).take(array, index, axis=0)
        for name, array in arrays.items()
        if getattr(array, "ndim", 0) and array.shape[0] > 1
    }


def per_output(values: Any) -> Any:
    """Return (n_fits, 1 or n_outputs) as (n_fits, 1, 1 or n_outputs); numbers as they are."""
    return values[:, None, :] if getattr(values, "ndim", 0) else values
