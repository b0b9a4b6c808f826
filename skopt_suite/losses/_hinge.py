"""The losses of support vector machines."""

from __future__ import annotations

import numpy as np

from skopt_suite.backends import PerSample, RawPredictions, TargetColumns, namespace
from skopt_suite.losses._base import ClassificationLoss
from skopt_suite.losses._hessian import Hessian
from skopt_suite.losses._kink import Kink
from skopt_suite.losses._smoothed import SmoothedHinge


class Hinge(ClassificationLoss):
    """Hinge loss: the linear support vector machine.

    ``max(0, 1 - t * raw)`` with t = ±1, summed over outputs; more than two classes are one
    against the rest. Not smooth: L-BFGS and FISTA train on smoothed ones, ever closer to it.

    See Also
    --------
    SquaredHinge : The smooth one.
    ModifiedHuber : Smooth, with probabilities.
    LogLoss : Probabilities for all.
    skopt_suite.optimizers.InteriorPoint : Solves it to the end in linear models.

    References
    ----------
    C. Cortes and V. Vapnik, "Support-Vector Networks", Machine Learning 20, 1995.

    Examples
    --------
    >>> from skopt_suite import LinearClassifier
    >>> svm = LinearClassifier(loss="hinge", optimizer="lbfgs")
    """

    scratch_arrays = 3
    is_smooth = False
    has_smoothed = True

    def smoothed(self, width: float) -> SmoothedHinge:
        """Return it with a parabola of that width at the kink."""
        return SmoothedHinge(width)

    def kinks(self, y: TargetColumns, raw: RawPredictions) -> tuple[Kink, ...]:
        """Return the one at t."""
        t = self.signs(y, raw)
        return (Kink(t, -(1 + t) / 2, (1 - t) / 2),)

    def value_and_gradient(
        self, y: TargetColumns, raw: RawPredictions
    ) -> tuple[PerSample, RawPredictions]:
        """Return loss and subgradient (0 at the kink)."""
        xp = namespace(raw)
        t = self.signs(y, raw)
        margin = 1 - t * raw
        gradient = xp.where(margin > 0, -t, xp.zeros_like(raw))
        return xp.sum(xp.clip(margin, 0.0, None), axis=-1), gradient

    def baseline(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        """Return the margin of the larger side, ±1."""
        return np.sign(2 * self.shares(y, weight) - 1)


class SquaredHinge(ClassificationLoss):
    """Squared hinge loss: a smooth support vector machine.

    ``max(0, 1 - t * raw)²`` with t = ±1, summed over outputs; more than two classes are one
    against the rest.

    See Also
    --------
    Hinge : Outliers count less.
    ModifiedHuber : Linear where labels are far off.
    LogLoss : Probabilities.

    References
    ----------
    R.-E. Fan et al., "LIBLINEAR: A Library for Large Linear Classification", Journal of Machine
    Learning Research 9, 2008 (L2-loss SVM).

    Examples
    --------
    >>> from skopt_suite import LinearClassifier
    >>> svm = LinearClassifier(loss="squared_hinge")
    """

    scratch_arrays = 3

    def curvature(self) -> float:
        """Return 2: that of every output where its margin is violated."""
        return 2.0

    def value_and_gradient(
        self, y: TargetColumns, raw: RawPredictions
    ) -> tuple[PerSample, RawPredictions]:
        """Return loss and gradient."""
        xp = namespace(raw)
        t = self.signs(y, raw)
        margin = xp.clip(1 - t * raw, 0.0, None)
        return xp.sum(margin * margin, axis=-1), -2 * t * margin

    def hessian(self, y: TargetColumns, raw: RawPredictions) -> Hessian:
        """Return 2 where the margin is violated, else 0."""
        return Hessian(2 * namespace(raw).astype(self.signs(y, raw) * raw < 1, raw.dtype))

    def baseline(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        """Return the mean of -1 and 1."""
        return 2 * self.shares(y, weight) - 1
