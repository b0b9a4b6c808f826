"""What solvers of linear models may ask of the objective beside value and gradient."""

from __future__ import annotations

from dataclasses import dataclass, field
from numbers import Real
from typing import Any

from skopt_suite._component import take
from skopt_suite.backends import Array
from skopt_suite.losses import Loss
from skopt_suite.models import Network
from skopt_suite.penalties import Penalty
from skopt_suite.training._curvature import Curvature
from skopt_suite.training._quadratic import Quadratic
from skopt_suite.training._rows import Source, Weights

# When finding eigenvectors is cheap next to the iterations that it saves. The number of fits must
# not matter: a fit in a stack is to take the same steps as alone.
_MOST_FEATURES = 1000
MOST_FEATURES_SQUARED = 20  # per raw prediction


@dataclass
class LinearView:
    """The objective of a stack on all rows of a source; what is asked for is found once."""

    network: Network
    loss: Loss
    penalty: Penalty
    source: Source
    weights: Weights
    _found: dict[str, Any] = field(default_factory=dict, repr=False)

    def curvature(self) -> Curvature | None:
        """Return a bound on the Hessian; None where none is known, or it costs more than it saves.

        Linear models on dense data have one, for losses and penalties that declare theirs.
        """
        if "curvature" not in self._found:
            self._found["curvature"] = self._curvature() if self._has_curvature() else None
        return self._found["curvature"]

    def quadratic(self) -> Quadratic:
        """Return the objective of linear models as the quadratic that it is."""
        if "quadratic" not in self._found:
            joint = self.source.moments(self.weights, self._is_centred, with_targets=True)
            self._found["quadratic"] = Quadratic.of(
                self.network, *self._bounds(), joint, self.source.eps
            )
        return self._found["quadratic"]

    def take(self, index: Array) -> LinearView:
        """Return the view of the fits that `index` names."""
        kept = {name: found and found.take(index) for name, found in self._found.items()}
        loss, penalty = take(self.loss, index), take(self.penalty, index)
        weights = self.weights.take(index)
        return LinearView(self.network, loss, penalty, self.source, weights, kept)

    @property
    def _is_centred(self) -> bool:
        return self.network.output_bias

    def _curvature(self) -> Curvature:
        bound, alpha = self._bounds()
        any_scale = isinstance(alpha, Real) and alpha == 0
        mean, basis = self.source.spectrum(self.weights, self._is_centred, any_scale)
        return Curvature.of(self.network, bound, alpha, mean, basis, self.source.dtype)

    def _has_curvature(self) -> bool:
        if self.network.n_hidden or self.source.is_sparse:
            return False
        n_features, n_outputs = self.network.sizes[0], self.network.sizes[-1]
        is_cheap = n_features**2 <= MOST_FEATURES_SQUARED * self.source.n_samples * n_outputs
        return (
            is_cheap
            and n_features <= _MOST_FEATURES
            and all(bound is not None for bound in self._bounds())
        )

    def _bounds(self) -> tuple[Any, Any]:
        """Return the curvature of the loss and that of the penalty, where both declare one."""
        return self.loss.curvature(self.source.sample(1).y), self.penalty.curvature()
