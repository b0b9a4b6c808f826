"""The objective of linear models where it is quadratic, and its minimum."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from skopt_suite._layout import Layout
from skopt_suite.backends import Array, LayerWeights, Params, PerFit, namespace, to_numpy
from skopt_suite.optimizers.algebra._curvature import per_output, product, split, taken
from skopt_suite.optimizers.algebra._moments import Moments
from skopt_suite.optimizers.algebra._spectrum import eigen, relative_noise, relative_rounding

_N_REFINEMENTS = 2  # of a solution that is right but for rounding, which they take off


@dataclass(frozen=True)
class Quadratic:
    """The objective from moments of the data, in float64.

    With ``e = b + x̄ᵀ w - ȳ`` it is ``c/2 (wᵀ Cov(x) w - 2 wᵀ Cov(x, y) + Var(y) + e²) + α/2 ‖w‖²``,
    summed over outputs, and least where e is 0. Without an intercept there are no means: moments
    are about 0, and e is 0. Rounding is relative to the variance of y.
    """

    layout: Layout
    bound: float  # c
    alpha: Array | float  # (n_fits, 1), or (n_fits, n_outputs): a number for every output
    mean: Array  # (n_fits or 1, n_features, 1): x̄
    input_second: Array  # (n_fits or 1, n_features, n_features)
    minus_cross: Array  # (n_fits or 1, n_features, n_outputs)
    target_square: Array  # (n_fits or 1, 1, n_outputs)
    minus_target: Array  # (n_fits or 1, 1, n_outputs): -ȳ
    eps: float  # of the precision of the data

    @classmethod
    def of(
        cls, layout: Layout, bound: float, alpha: Array | float, joint: Moments, eps: float
    ) -> Quadratic:
        """Return it from the moments of input and target together, in a precision of `eps`."""
        xp, second, n = namespace(joint.second), joint.second, layout.layers[0].n_in
        return cls(
            layout,
            bound,
            alpha,
            mean=joint.mean[:, :n, None],
            input_second=second[:, :n, :n],
            minus_cross=-second[:, :n, n:],
            target_square=xp.linalg.diagonal(second[:, n:, n:])[:, None, :],
            minus_target=-joint.mean[:, None, n:],
            eps=eps,
        )

    def minimum(self, shape: tuple[int, int]) -> tuple[Params, PerFit]:
        """Return the parameters where it is least, and which fits are not solved, (n_fits,).

        If many are, the smallest weights. A fit is not solved where rounding hides directions that
        matter: features of very different scale that, besides, depend on each other.

        Parameters
        ----------
        shape : tuple
            ``(n_fits, n_params)``.
        """
        xp = namespace(self.mean)
        found = eigen(Moments(self.mean[:, :, 0], self.input_second), self.eps)
        basis, rotation = found.vectors, xp.matrix_transpose(found.vectors)
        values = self.bound * found.values[:, :, None] + per_output(self.alpha)
        is_flat = values <= self.bound * found.noise[:, :, None]
        inverse = xp.where(is_flat, 0.0, 1 / xp.where(is_flat, 1.0, values))
        params = xp.zeros(shape, dtype=xp.float64, device=self.mean.device)
        weights, bias = split(self.layout, params)
        gradient = self.bound * self.minus_cross
        for _ in range(_N_REFINEMENTS):
            weights -= product(basis, inverse * product(rotation, gradient))
            gradient = self._by_weights(weights)
        weights -= product(basis, inverse * product(rotation, gradient))
        unsolved = self._solve_scaled(weights, is_flat)
        if bias.shape[-1]:
            bias -= self._error(weights, bias)
        return params, unsolved

    def value(self, params: Params) -> PerFit:
        """Return the value, (n_fits,)."""
        xp = namespace(params)
        weights, bias = split(self.layout, params)
        by_weights = product(self.input_second, weights) + 2 * self.minus_cross
        squares = _over_features(weights, by_weights) + self.target_square
        squares = xp.maximum(squares, 0.0) + self._error(weights, bias) ** 2
        norms = _over_features(per_output(self.alpha) * weights, weights)
        return xp.sum(self.bound * squares + norms, axis=(1, 2)) / 2

    def gradient(self, params: Params) -> Params:
        """Return the gradient, (n_fits, n_params)."""
        weights, bias = split(self.layout, params)
        gradient = namespace(params).empty_like(params)
        weights_out, bias_out = split(self.layout, gradient)
        error = self.bound * self._error(weights, bias)
        weights_out[...] = self._by_weights(weights) + self.mean * error
        if bias.shape[-1]:
            bias_out[...] = error
        return gradient

    def take(self, index: Array) -> Quadratic:
        """Return that of the fits that `index` names."""
        return replace(self, **taken(self, index))

    def _solve_scaled(self, weights: LayerWeights, is_flat: Array) -> PerFit:
        """Solve the fits again, in place, whose flat directions are so by their scale only.

        Returns the fits that have some of either kind, (n_fits,).
        """
        xp, n_fits = namespace(weights), weights.shape[0]
        unsolved = np.zeros(n_fits, dtype=bool)
        if not bool(xp.any(is_flat)):
            return xp.asarray(unsolved, device=weights.device)
        n_flat = to_numpy(is_flat).sum(axis=1) + np.zeros((n_fits, 1), dtype=int)
        for k, j in np.argwhere(n_flat).tolist():
            outputs = slice(j, j + 1) if n_flat.shape[1] > 1 else slice(None)
            solution, n_redundant = self._scaled_solution(k, outputs)
            if n_redundant == n_flat[k, j]:
                continue
            unsolved[k] |= solution is None
            if solution is not None:
                weights[k, :, outputs] = xp.asarray(solution, device=weights.device)
        return xp.asarray(unsolved, device=weights.device)

    def _scaled_solution(self, k: int, outputs: slice) -> tuple[np.ndarray | None, int]:
        """Return some weights of one fit, if there is one solution only, and how many are free.

        They are those of outputs that share a penalty. On the host, with features scaled so that
        all have curvature 1.
        """
        second, minus_cross, alpha, mean = (
            np.asarray(to_numpy(part))[k if part.shape[0] > 1 else 0]
            for part in (self.input_second, self.minus_cross, self._alphas(), self.mean)
        )
        matrix = self.bound * second + alpha[outputs][0] * np.eye(len(second))
        size = np.sqrt(np.diagonal(matrix))
        is_constant = size == 0
        scale = 1 / np.where(is_constant, 1.0, size)
        scaled = matrix * scale[:, None] * scale + np.diag(is_constant.astype(float))
        values, vectors = np.linalg.eigh(scaled)
        squares = self.bound * scale**2 * (np.diagonal(second) + mean[:, 0] ** 2)
        by_data = relative_rounding(len(values), self.eps) * squares @ vectors**2
        noise = np.maximum(by_data, relative_noise(len(values)) * values[-1])
        n_dependent = int((values <= noise).sum())
        if n_dependent:
            return None, n_dependent + int(is_constant.sum())
        target = -self.bound * scale[:, None] * minus_cross[:, outputs]
        solution = np.zeros_like(target)
        for _ in range(1 + _N_REFINEMENTS):
            rest = vectors.T @ (target - scaled @ solution)
            solution += vectors @ (rest / values[:, None])
        return scale[:, None] * solution, int(is_constant.sum())

    def _alphas(self) -> Array:
        """Return alpha as an array, (n_fits or 1, 1 or n_outputs)."""
        xp = namespace(self.mean)
        return self.alpha + xp.zeros((1, 1), dtype=xp.float64, device=self.mean.device)

    def _by_weights(self, weights: LayerWeights) -> LayerWeights:
        """Return the gradient by the weights where the mean error is 0."""
        by_loss = product(self.input_second, weights) + self.minus_cross
        return self.bound * by_loss + per_output(self.alpha) * weights

    def _error(self, weights: LayerWeights, bias: Array) -> Array:
        """Return the mean error e of every output, (n_fits, 1, n_outputs)."""
        if not bias.shape[-1]:
            return self.minus_target
        return self.minus_target + bias + _over_features(self.mean, weights)


def _over_features(a: Array, b: Array) -> Array:
    """Return sums of products over features, (n_fits, 1, n_outputs)."""
    return namespace(b).vecdot(a, b, axis=-2)[:, None, :]
