"""Cross-entropy that easy samples do not dominate."""

from __future__ import annotations

from functools import partial

import numpy as np

from skopt_suite._target_type import TargetType
from skopt_suite.backends import Array, PerSample, RawPredictions, TargetColumns, like, namespace
from skopt_suite.domains import Real, Uniform
from skopt_suite.losses._base import ClassificationLoss, class_indicators
from skopt_suite.losses._baseline import best_constant, zero_of_increasing
from skopt_suite.losses._log_loss import logistic, softmax, softplus


class Focal(ClassificationLoss):
    """Focal loss: a log loss in which what is predicted well counts little.

    ``-(1 - p)^gamma * log(p)``, p being the probability of the true class by softmax or, of two
    classes and labels, by the logistic function; summed over labels. 0 for `gamma` is the log loss.
    Not convex. The weights that the paper calls α are `class_weight` here.

    Parameters
    ----------
    gamma : float >= 0, default=2.0
        How much less samples count that are predicted well.

    See Also
    --------
    LogLoss : All samples count.
    ModifiedHuber : Lets outliers count less.

    References
    ----------
    T.-Y. Lin, P. Goyal, R. Girshick, K. He and P. Dollár, "Focal Loss for Dense Object Detection",
    ICCV 2017, equation 4.

    Examples
    --------
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.losses import Focal
    >>> clf = MLPClassifier(loss=Focal(gamma=1.0), class_weight="balanced")
    """

    scratch_arrays = 10
    has_probability = True
    parameters = {"gamma": Real(0, search=Uniform(0.0, 5.0))}

    def __init__(self, gamma: float = 2.0) -> None:
        self.gamma = gamma

    def value_and_gradient(
        self, y: TargetColumns, raw: RawPredictions
    ) -> tuple[PerSample, RawPredictions]:
        """Return loss and gradient."""
        if self.targets.kind == "classes":
            return self._of_classes(y, raw)
        xp, t = namespace(raw), self.signs(y, raw)
        wrong = logistic(-t * raw)
        value, slope = self._of_wrong(wrong, logistic(t * raw), softplus(-t * raw))
        return xp.sum(value, axis=-1), -t * wrong * slope

    def _of_classes(
        self, y: TargetColumns, raw: RawPredictions
    ) -> tuple[PerSample, RawPredictions]:
        xp, one_hot = namespace(raw), class_indicators(y, raw)
        zero = xp.zeros_like(raw)
        shifted = raw - xp.max(raw, axis=-1, keepdims=True)
        exponentials = xp.exp(shifted)
        total = xp.sum(exponentials, axis=-1, keepdims=True)
        p = exponentials / total
        of_wrong, of_right = xp.where(one_hot > 0, zero, p), xp.where(one_hot > 0, p, zero)
        wrong, right = (xp.sum(part, axis=-1, keepdims=True) for part in (of_wrong, of_right))
        margin = xp.sum(xp.where(one_hot > 0, shifted, zero), axis=-1, keepdims=True)
        value, slope = self._of_wrong(wrong, right, xp.log(total) - margin)
        return value[..., 0], slope * (p - one_hot)

    def _of_wrong(self, wrong: Array, right: Array, entropy: Array) -> tuple[Array, Array]:
        """Return the loss, and what its gradient is of that of the log loss."""
        xp, (gamma,) = namespace(wrong), like(wrong, self.gamma)
        factor = wrong**gamma
        is_wrong = wrong > 0
        ratio = xp.where(is_wrong, entropy / xp.where(is_wrong, wrong, 1.0), wrong)
        return factor * entropy, factor * (gamma * right * ratio + 1)

    def baseline(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        """Return the best constant for the frequencies; what never occurs is half a sample."""
        share = _never_none(self.shares(y, weight), len(y))
        if self.targets.kind == "classes":
            return best_constant(self, np.arange(len(share))[:, None], share)
        furthest = np.abs(np.log(share / (1 - share))) + 1  # the log loss goes further
        return zero_of_increasing(partial(self._mean_slope, share), -furthest, furthest)

    def _mean_slope(self, share: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """Return the derivative of the mean loss by constants for labels."""
        indicators = np.stack([np.ones_like(raw), np.zeros_like(raw)])
        loss = self.on(TargetType("labels", len(raw)))
        _, slope = loss.value_and_gradient(indicators, np.stack([[raw, raw]]))
        return share * slope[0, 0] + (1 - share) * slope[0, 1]

    def probability(self, raw: RawPredictions) -> RawPredictions:
        """Return softmax, or the logistic function of each output."""
        return softmax(raw) if self.targets.kind == "classes" else logistic(raw)


def _never_none(share: np.ndarray, n_samples: int) -> np.ndarray:
    """Return shares in which what never occurs, or always, is half a sample from it."""
    half = 0.5 / n_samples
    return np.where(share <= 0, half, np.where(share >= 1, 1 - half, share))
