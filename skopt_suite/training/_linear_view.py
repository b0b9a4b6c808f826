"""What solvers of linear models may ask of the objective beside value and gradient."""

from __future__ import annotations

from dataclasses import dataclass, field
from numbers import Real
from typing import Any

from skopt_suite._component import take
from skopt_suite._layout import Layout
from skopt_suite.backends import Array, like, namespace
from skopt_suite.losses import Loss
from skopt_suite.optimizers.algebra._curvature import Curvature
from skopt_suite.optimizers.algebra._diagonal import Diagonal, LinearDiagonal
from skopt_suite.optimizers.algebra._moments import rows_of_sample
from skopt_suite.optimizers.algebra._quadratic import Quadratic
from skopt_suite.penalties import Penalty
from skopt_suite.training._linear_rows import LinearRows
from skopt_suite.training._rows import Basis, Source, Weights

# When finding eigenvectors is cheap next to the iterations that it saves. The number of fits must
# not matter: a fit in a stack is to take the same steps as alone.
_ALWAYS = 100  # eigenvectors
_MOST = 1000
_SAMPLED = 3  # times as many rows as a sample has, from which on it stands for them
_SQUARED = 20  # eigenvectors squared, per sample or feature, and output


def has_cheap_spectrum(n_samples: int, n_features: int, n_outputs: int) -> bool:
    """Whether eigenvectors are found fast enough for solvers to begin with them."""
    fewer, more = sorted((n_samples, n_features))
    return fewer <= _ALWAYS or (fewer <= _MOST and fewer**2 <= _SQUARED * more * n_outputs)


@dataclass
class LinearView:
    """The objective of a stack on all rows of a source; what is asked for is found once."""

    layout: Layout
    loss: Loss
    penalty: Penalty
    source: Source
    weights: Weights
    _found: dict[str, Any] = field(default_factory=dict, repr=False)

    def curvature(self) -> Curvature | None:
        """Return a bound on the Hessian of linear models, or something near it; None of others."""
        if "curvature" not in self._found:
            self._found["curvature"] = self._curvature() if self.layout.is_linear else None
        return self._found["curvature"]

    def diagonal(self) -> Diagonal:
        """Return the curvature by every parameter, as far as it is known."""
        if "diagonal" not in self._found:
            self._found["diagonal"] = self._diagonal()
        return self._found["diagonal"]

    def quadratic(self) -> Quadratic:
        """Return the objective of linear models as the quadratic that it is."""
        if "quadratic" not in self._found:
            joint = self.source.moments(self.weights, self._is_centred, with_targets=True)
            bound, eps = self._bounds()[0], self.source.eps
            self._found["quadratic"] = Quadratic.of(self.layout, bound, self.ridge(), joint, eps)
        return self._found["quadratic"]

    def ridge(self) -> Any:
        """Return the curvature of a quadratic penalty: one, or one for every output."""
        alpha, separable = self.penalty.curvature(), self.penalty.separable()
        if alpha is not None or separable is None:
            return alpha
        (layer,) = self.layout.layers
        return layer.weights(separable.l2)[:, 0, :]

    def linear_rows(self) -> LinearRows:
        """Return the rows themselves."""
        if "rows" not in self._found:
            (layer,) = self.layout.layers
            self._found["rows"] = LinearRows(layer, self.loss, self.source, self.weights)
        return self._found["rows"]

    def take(self, index: Array) -> LinearView:
        """Return the view of the fits that `index` names."""
        kept = {name: found and found.take(index) for name, found in self._found.items()}
        loss, penalty = take(self.loss, index), take(self.penalty, index)
        weights = self.weights.take(index)
        return LinearView(self.layout, loss, penalty, self.source, weights, kept)

    @property
    def _is_centred(self) -> bool:
        return self.layout.layers[0].has_bias

    @property
    def _is_sampled(self) -> bool:
        """Whether some rows say enough: where the Hessian is not the same everywhere anyway."""
        enough = _SAMPLED * rows_of_sample(self.layout.layers[0].n_in)
        return self.source.n_samples >= enough and not self.loss.is_quadratic

    def _curvature(self) -> Curvature:
        source, (layer,) = self.source, self.layout.layers
        bound, alpha = self._bounds()
        is_free = isinstance(alpha, Real) and alpha == 0  # many weights may be optimal
        has_fewer_rows = source.n_samples < layer.n_in
        is_cheap = has_cheap_spectrum(source.n_samples, layer.n_in, layer.n_out)
        if source.is_sparse or not is_cheap:
            mean, basis = source.spectrum(
                self.weights, self._is_centred, "columns", not (is_free and has_fewer_rows)
            )
        elif has_fewer_rows:
            mean, basis = source.spectrum(self.weights, self._is_centred, "rows", False)
        else:
            kind: Basis = "sample" if self._is_sampled else "features"
            mean, basis = source.spectrum(self.weights, self._is_centred, kind, is_free)
        return Curvature.of(self.layout, bound, alpha, mean, basis, source.dtype)

    def _diagonal(self) -> Diagonal:
        source = self.source
        if not self.layout.is_linear:
            y = source.some_targets(1)
            return Diagonal(namespace(y).ones((1, 1), dtype=source.dtype, device=y.device))
        mean, basis = source.spectrum(self.weights, self._is_centred, "columns", True)
        bound, alpha = self._bounds()
        xp, missing = namespace(mean), (1.0 if bound is None else bound)
        c, alpha = like(mean, missing, 0.0 if alpha is None else alpha)
        values = xp.maximum(c * basis.values + alpha, c * basis.floor)
        mean, values = (xp.astype(part, source.dtype, copy=False) for part in (mean, values))
        return LinearDiagonal.of(self.layout, mean, values, c)

    def _bounds(self) -> tuple[Any, Any]:
        """Return the curvature of the loss and that of the penalty, where both declare one."""
        return self.loss.curvature(), self.penalty.curvature()
