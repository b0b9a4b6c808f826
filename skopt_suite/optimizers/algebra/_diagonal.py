"""A step per coordinate, where only the columns of the input are known one by one."""

from __future__ import annotations

from dataclasses import dataclass, replace

from skopt_suite._layout import Layout
from skopt_suite.backends import Array, FitColumn, Params, PerFit, namespace
from skopt_suite.optimizers.algebra._curvature import split, taken


@dataclass(frozen=True)
class Diagonal:
    """The same curvature for all parameters, for models of which nothing else is known."""

    values: Array  # (n_fits or 1, n_params or 1)

    def centred(self, params: Params) -> Params:
        """Return parameters for centred inputs; for a linear model that moves the intercepts."""
        return params

    def uncentred(self, centred: Params) -> Params:
        """Return what `centred` was given."""
        return centred

    def centred_gradient(self, gradient: Params) -> Params:
        """Return the gradient by centred parameters, (n_fits, n_params)."""
        return gradient

    def remaining(self, params: Params, move: Params, factor: FitColumn | float = 1.0) -> PerFit:
        """Return about how much the objective can still fall, (n_fits,).

        A convex objective falls by no more than ``gᵀ (θ - θ*)``, g being the (proximal) gradient.
        Every parameter is taken to be as far from its optimum as from 0, or as the step is long.

        Parameters
        ----------
        params : array of shape (n_fits, n_params)
            Centred parameters.
        move : array of shape (n_fits, n_params)
            The proximal step from there.
        factor : array of shape (n_fits, 1) or number
            How many times the curvature is that the step was made with.
        """
        xp, size = namespace(params), namespace(params).abs(move)
        way = xp.maximum(size, xp.abs(params))
        return xp.sum(factor * self.values * size * way, axis=-1)

    def take(self, index: Array) -> Diagonal:
        """Return that of the fits that `index` names."""
        return replace(self, **taken(self, index))


@dataclass(frozen=True)
class LinearDiagonal(Diagonal):
    """Variances of columns, times the curvature of the loss, plus that of the penalty."""

    layout: Layout
    mean: Array  # (n_fits or 1, n_features)

    @classmethod
    def of(
        cls, layout: Layout, mean: Array, curvature: Array, bound: FitColumn | float
    ) -> LinearDiagonal:
        """Return that with a curvature of weights, (n_fits or 1, n_features), and intercepts."""
        xp, shape = namespace(mean), (curvature.shape[0], layout.n_params)
        values = xp.ones(shape, dtype=mean.dtype, device=mean.device)
        values *= xp.astype(bound, mean.dtype) if hasattr(bound, "dtype") else bound
        weights, _ = split(layout, values)
        weights[...] = curvature[:, :, None]
        return cls(values, layout, mean)

    def centred(self, params: Params) -> Params:
        """Return parameters with the intercepts that they have for centred inputs."""
        return self._moved(params, 1.0)

    def uncentred(self, centred: Params) -> Params:
        """Return what `centred` was given."""
        return self._moved(centred, -1.0)

    def centred_gradient(self, gradient: Params) -> Params:
        """Return the gradient by centred parameters, (n_fits, n_params)."""
        centred = namespace(gradient).asarray(gradient, copy=True)
        weights, bias = split(self.layout, centred)
        if bias.shape[-1]:
            weights -= self.mean[:, :, None] * bias
        return centred

    def remaining(self, params: Params, move: Params, factor: FitColumn | float = 1.0) -> PerFit:
        """Return about how much the objective can still fall, (n_fits,).

        As `Curvature.remaining`, the gradient being this curvature times `factor` times `move`;
        a quarter of it, for gradients are hardly ever parallel to the way to the optimum.
        """
        xp, values = namespace(params), factor * self.values
        square = xp.vecdot(values * move, move)
        weights = self.layout.weights(params)
        way = xp.vecdot(self.layout.weights(values) * weights, weights)
        return xp.sqrt(square * xp.maximum(square, way)) / 4

    def _moved(self, params: Params, sign: float) -> Params:
        """Return parameters with ``x̄ᵀ w`` added to the intercepts, or taken off."""
        xp = namespace(params)
        moved = xp.asarray(params, copy=True)
        weights, bias = split(self.layout, moved)
        if bias.shape[-1]:
            bias += sign * xp.matmul(self.mean[:, None, :], weights)
        return moved
