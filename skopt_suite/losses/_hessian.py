"""The second derivative of losses."""

from __future__ import annotations

from typing import NamedTuple

from skopt_suite.backends import Array, RawPredictions, namespace


class Hessian(NamedTuple):
    """Second derivative by the raw predictions of every sample: ``diag(diagonal) - root rootᵀ``.

    That is all that losses need whose outputs are independent (they have no root) or one softmax,
    and it takes no more memory than raw predictions do.

    See Also
    --------
    ClassificationLoss : Has one where it is known.
    RegressionLoss : Has one where it is known.
    skopt_suite.optimizers.NewtonCholesky : Needs it.
    """

    diagonal: RawPredictions
    root: RawPredictions | None = None

    def times(self, direction: RawPredictions) -> RawPredictions:
        """Return the product with a direction of shape (n_fits, n_samples, n_outputs)."""
        product = self.diagonal * direction
        if self.root is None:
            return product
        return product - self.root * namespace(direction).vecdot(self.root, direction)[..., None]

    def matrices(self) -> Array:
        """Return all entries, (n_fits, n_samples, n_outputs, n_outputs)."""
        diagonal, root = self.diagonal, self.root
        xp = namespace(diagonal)
        unit = xp.eye(diagonal.shape[-1], dtype=diagonal.dtype, device=diagonal.device)
        matrices = diagonal[..., None] * unit
        return matrices if root is None else matrices - root[..., None] * root[..., None, :]
