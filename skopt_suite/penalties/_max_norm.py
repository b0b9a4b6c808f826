"""A bound on the norm of the weights into a unit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from skopt_suite._layout import Layout
from skopt_suite._separable import Description, Separable
from skopt_suite.backends import Array, FitColumn, FlatWeights, PerFit, like, namespace
from skopt_suite.domains import LogUniform, Real, Vector
from skopt_suite.penalties._base import Penalty
from skopt_suite.penalties._groups import Groups, incoming, norm
from skopt_suite.penalties._secular import positive, secular_root


class MaxNorm(Penalty):
    """A bound on the norm of the weights into every unit, hidden or output.

    ``‖w_u‖ <= max_norm`` for every unit u, to which weights are projected after each step.

    Parameters
    ----------
    max_norm : float > 0, or a sequence of them, default=3.0
        The bound; of networks also one for each layer, the first of them for the input.

    See Also
    --------
    L2 : A price on norms in place of a bound.
    Box : Bounds for single weights.
    skopt_suite.optimizers.ClipGradient : Bounds gradients in place of weights.

    References
    ----------
    N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever and R. Salakhutdinov, "Dropout: A Simple
    Way to Prevent Neural Networks from Overfitting", JMLR 15, 2014, section 5.1 (3 to 4, with
    dropout and large learning rates).

    Examples
    --------
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.penalties import MaxNorm
    >>> clf = MLPClassifier(penalty=MaxNorm(max_norm=3.0), dropout=0.5)
    """

    scratch_arrays = 9
    parameters = {
        "max_norm": Vector(Real(0, open_low=True, search=LogUniform(0.5, 5)), per="layer")
    }
    has_strengths_of_outputs = False
    _groups: Groups

    def __init__(self, max_norm: float | Sequence[float] = 3.0) -> None:
        self.max_norm: Any = max_norm

    def on(self, layout: Layout) -> Self:
        """Return the stacked penalty with the weights of every unit; bounds are still per layer."""
        resolved = super().on(layout)
        resolved.max_norm = self.max_norm
        resolved._groups = incoming(layout, with_outputs=True)
        return resolved

    @property
    def has_prox(self) -> bool:
        """True."""
        return True

    @property
    def needs_step_size(self) -> bool:
        """False: it projects."""
        return False

    def curvature(self) -> float:
        """Return 0: there is no smooth part."""
        return 0.0

    def description(self) -> Description:
        """Return the bound of every unit."""
        known = Description(Separable(None, None, False), type(self).prox, has_slope=False)
        if not hasattr(self, "_groups"):
            return known
        groups = self._groups
        bounds = groups.per_group(groups.per_block(self.max_norm))
        return known._replace(numbers=(bounds,), members=groups.members, starts=groups.starts)

    def project(self, weights: FlatWeights) -> FlatWeights:
        """Return weights that are too long scaled to their bound."""
        one = namespace(weights).ones_like(weights[:, :1])
        return self.prox(weights, one)

    def nonsmooth_value(self, weights: FlatWeights) -> PerFit:
        """Return 0; the constraint counts for nothing."""
        return namespace(weights).zeros_like(weights[:, 0])

    def prox(self, weights: FlatWeights, step_size: FitColumn | FlatWeights) -> FlatWeights:
        """Return the nearest weights that are not too long, in the metric of the step sizes."""
        bound, step_size = like(weights, self.max_norm, step_size)
        blocks, bounds = self._groups.split(weights), self._groups.per_block(bound)
        steps = [step_size[:, :, None]] * len(blocks)
        if step_size.shape[1] > 1:
            steps = self._groups.split(step_size)
        parts = zip(blocks, steps, bounds, strict=True)
        nearest = [self.move_block(block, step, (bound,), ())[0] for block, step, bound in parts]
        return self._groups.join(nearest)

    def move_block(
        self, block: Array, step: Array, numbers: tuple[Array, ...], owed: tuple[Array, ...]
    ) -> tuple[Array, tuple[Array, ...]]:
        """Return the weights of a block after a step, given their bound; nothing is owed."""
        (bound,) = numbers
        nearest = _scaled(block, bound) if step.shape[-1] == 1 else _nearest(block, bound, step)
        return nearest, owed


def _scaled(block: Array, bound: Array) -> Array:
    """Return ``w min(1, bound / ‖w‖)`` for every group."""
    size = norm(block)
    return namespace(block).where(size > bound, block * (bound / positive(size)), block)


def _nearest(block: Array, bound: Array, step: Array) -> Array:
    """Return ``w / (1 + μ step)`` for every group, with the least μ that will do.

    Weights that do not step are moved where the others cannot do enough.
    """
    xp, size = namespace(block), norm(block)
    longest = xp.max(step, axis=-1, keepdims=True)
    outside = (size > bound) & (longest > 0)
    start = (size / bound - 1) / positive(longest)
    step = xp.maximum(step, longest * xp.finfo(block.dtype).eps ** 2)
    start = xp.where(outside, start, xp.zeros_like(start))
    far = xp.where(outside, block, xp.zeros_like(block))
    root = secular_root(far, bound * xp.ones_like(block), bound * step, start)
    return xp.where(outside, block / (1 + root * step), block)
