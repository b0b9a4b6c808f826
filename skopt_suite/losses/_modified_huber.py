"""A squared hinge that outliers do not dominate."""

from __future__ import annotations

import numpy as np

from skopt_suite.backends import PerSample, RawPredictions, TargetColumns, namespace
from skopt_suite.losses._base import ClassificationLoss
from skopt_suite.losses._hessian import Hessian


class ModifiedHuber(ClassificationLoss):
    """Modified Huber loss: a squared hinge that is linear where labels are far off.

    With t = ±1: ``max(0, 1 - t * raw)²`` where ``t * raw >= -1``, else ``-4 * t * raw``; summed
    over outputs. More than two classes are one against the rest. Probabilities are
    ``(clip(raw, -1, 1) + 1) / 2``; those of classes are divided by their sum.

    See Also
    --------
    SquaredHinge : Squared everywhere.
    LogLoss : The likelihood, for calibrated probabilities.
    Huber : Its relative for regression.

    References
    ----------
    T. Zhang, "Solving Large Scale Linear Prediction Problems Using Stochastic Gradient Descent
    Algorithms", ICML 2004; B. Zadrozny and C. Elkan, "Transforming Classifier Scores into Accurate
    Multiclass Probability Estimates", KDD 2002 (probabilities).

    Examples
    --------
    >>> from skopt_suite import LinearClassifier
    >>> clf = LinearClassifier(loss="modified_huber")
    """

    scratch_arrays = 5
    has_probability = True

    def curvature(self) -> float:
        """Return 2: that of every output where its margin is violated by less than 2."""
        return 2.0

    def value_and_gradient(
        self, y: TargetColumns, raw: RawPredictions
    ) -> tuple[PerSample, RawPredictions]:
        """Return loss and gradient."""
        xp = namespace(raw)
        t = self.signs(y, raw)
        violation = xp.clip(1 - t * raw, 0.0, None)
        size = xp.clip(violation, None, 2.0)  # v² = s (2 v - s) for s = v
        return xp.sum(size * (2 * violation - size), axis=-1), -2 * t * size

    def hessian(self, y: TargetColumns, raw: RawPredictions) -> Hessian:
        """Return 2 where the margin is violated by less than 2, else 0."""
        xp, margin = namespace(raw), self.signs(y, raw) * raw
        return Hessian(2 * xp.astype((margin < 1) & (margin > -1), raw.dtype))

    def baseline(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        """Return the mean of -1 and 1."""
        return 2 * self.shares(y, weight) - 1

    def probability(self, raw: RawPredictions) -> RawPredictions:
        """Return raw predictions in [-1, 1] as shares; of classes, those of their sum."""
        xp = namespace(raw)
        share = (xp.clip(raw, -1.0, 1.0) + 1) / 2
        if self.targets.kind == "labels":
            return share
        total = xp.sum(share, axis=-1, keepdims=True)
        is_none = total == 0  # then all are as likely
        return xp.where(is_none, 1 / raw.shape[-1], share / xp.where(is_none, 1.0, total))
