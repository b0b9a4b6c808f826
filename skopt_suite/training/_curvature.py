"""A bound on the Hessian of linear models that is cheap to invert."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from numbers import Real
from typing import Any

from skopt_suite.backends import Array, input_product, like, namespace
from skopt_suite.models import Network
from skopt_suite.training._moments import Spectrum


@dataclass(frozen=True)
class Curvature:
    """``c Cov(x) + α`` for the weights of every output and ``c`` for its intercept.

    That is where inputs are centred; where they are not, ``raw = (x - x̄)ᵀ w + (b + x̄ᵀ w)`` is the
    same model with another intercept. (Without an intercept x̄ is 0, and Cov(x) about 0.)
    """

    network: Network
    bound: float  # c
    alpha: Any  # a number or (n_fits, 1)
    mean: Array  # (n_fits or 1, n_features): x̄
    values: Array  # (n_fits or 1, n_features): eigenvalues of c Cov(x)
    floor: Array  # (n_fits or 1, n_features): the least that they count as
    basis: Array  # (n_fits or 1, n_features, n_features)

    @classmethod
    def of(
        cls, network: Network, bound: float, alpha: Any, mean: Array, basis: Spectrum, dtype: Any
    ) -> Curvature:
        """Return that of losses bounded by `bound` and penalties of curvature `alpha`."""
        parts = (mean, bound * basis.values, bound * basis.floor, basis.basis)
        arrays = [namespace(mean).astype(part, dtype) for part in parts]
        (alpha,) = like(arrays[0], alpha)
        return cls(network, bound, alpha, *arrays)

    def solve(self, gradient: Array, share: Array | float = 1.0) -> Array:
        """Return the inverse of ``share c Cov(x) + α`` times `gradient`, (n_fits, n_params).

        Where there are none but for rounding, steps are kept short.

        Parameters
        ----------
        gradient : array of shape (n_fits, n_params)
            What to solve for.
        share : array of shape (n_fits, 1) or number
            How much of the bound on the loss there is.
        """
        xp, network = namespace(gradient), self.network
        rotated, bias = self._rotated(*split(network, gradient))
        solved = xp.empty_like(gradient)
        weights_out, bias_out = split(network, solved)
        weights_out[...] = product(self.basis, self._inverse(share, self.alpha) * rotated)
        if network.output_bias:
            height = xp.matmul(self.mean[:, None, :], weights_out)
            bias_out[...] = bias / deep(self.bound * share) - height
        return solved

    def share(self, step: Array, change: Array) -> Array:
        """Return how much of the bound on the loss a step has met, (n_fits,), 0 if unknown.

        With s the step, y what it changed the gradient of the loss by and B the bound on the loss,
        that is ``yᵀ B⁻¹ y / sᵀ y``.
        """
        xp, network = namespace(step), self.network
        moved, (changed, bias) = split(network, step)[0], split(network, change)
        by_penalty = deep(self.alpha) * moved
        rotated, _ = self._rotated(changed - by_penalty, bias)
        square = _dot(self._inverse(1.0, 0.0) * rotated, rotated)
        if network.output_bias:
            square = square + _dot(bias, bias) / self.bound
        along = xp.vecdot(step, change) - _dot(by_penalty, moved)
        is_known = along > 0
        share = xp.where(is_known, square / xp.where(is_known, along, 1.0), 0.0)
        return xp.where(share < 1, share, 1.0)

    def take(self, index: Array) -> Curvature:
        """Return that of the fits that `index` names."""
        return replace(self, **taken(self, index))

    def _rotated(self, weights: Array, bias: Array) -> tuple[Array, Array]:
        """Return a gradient by weights as that of centred inputs in the eigenbasis; and `bias`."""
        if self.network.output_bias:
            weights = weights - self.mean[:, :, None] * bias
        return product(namespace(weights).matrix_transpose(self.basis), weights), bias

    def _inverse(self, share: Array | float, alpha: Array | float) -> Array:
        """Return the inverse of the eigenvalues, (n_fits or 1, n_features, 1)."""
        values = namespace(self.values).maximum(share * self.values + alpha, share * self.floor)
        return (1 / values)[:, :, None]


def split(network: Network, params: Array) -> tuple[Array, Array]:
    """Return views of weights, (n_fits, n_features, n_outputs), and intercepts, (n_fits, 1, …)."""
    (layer,) = network.layout.layers
    return layer.weights(params), layer.bias(params)


def product(matrices: Array, stack: Array) -> Array:
    """Return the product of every matrix, or of the only one, with its entry of the stack."""
    if matrices.shape[0] == stack.shape[0]:
        return namespace(stack).matmul(matrices, stack)
    return input_product(matrices[0, ...], stack)


def _dot(a: Array, b: Array) -> Array:
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


def deep(values: Any) -> Any:
    """Return what is of shape (n_fits, 1) as (n_fits, 1, 1); numbers as they are."""
    return values if isinstance(values, Real) else values[:, :, None]
