"""The negative log-likelihood of classes and labels."""

from __future__ import annotations

import numpy as np

from skopt_suite.backends import PerSample, RawPredictions, TargetColumns, kernel, namespace
from skopt_suite.losses._base import ClassificationLoss, class_indicators
from skopt_suite.losses._hessian import Hessian


class LogLoss(ClassificationLoss):
    """Negative log-likelihood: logistic, multinomial, or one logistic per label.

    Two classes and labels: ``log(1 + exp(raw)) - y * raw``, summed over labels. More classes:
    ``log Σ_c exp(raw_c) - raw_y`` (softmax cross-entropy).

    References
    ----------
    C. Bishop, "Pattern Recognition and Machine Learning", 2006, equations 4.90 and 4.108; D.
    Böhning, "Multinomial logistic regression algorithm", Annals of the Institute of Statistical
    Mathematics 44, 1992 (the bound on the curvature).

    Examples
    --------
    >>> from skopt_suite import LinearClassifier
    >>> clf = LinearClassifier(loss="log_loss")
    """

    scratch_arrays = 1
    has_probability = True

    def curvature(self) -> float:
        """Return 1/2 for classes and 1/4, the largest p (1 - p), for labels."""
        return 0.5 if self.targets.kind == "classes" else 0.25

    def value_and_gradient(
        self, y: TargetColumns, raw: RawPredictions
    ) -> tuple[PerSample, RawPredictions]:
        """Return loss and gradient; the gradient is probability minus indicator."""
        if self.targets.kind == "classes":
            return softmax_log_loss(raw, y[..., 0])
        return logistic_log_loss(raw, y)

    def hessian(self, y: TargetColumns, raw: RawPredictions) -> Hessian:
        """Return ``diag(p) - p pᵀ`` for classes, and ``p (1 - p)`` for labels."""
        p = self.probability(raw)
        return Hessian(p, p) if self.targets.kind == "classes" else Hessian(p * (1 - p))

    def baseline(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        """Return the logarithms of the frequencies of classes, or the log odds of labels."""
        share = self.shares(y, weight)
        if self.targets.kind == "classes":
            return _log_share(share, len(y))
        return _log_share(share, len(y)) - _log_share(self.shares(1 - y, weight), len(y))

    def probability(self, raw: RawPredictions) -> RawPredictions:
        """Return softmax, or the logistic function of each output."""
        return softmax(raw) if self.targets.kind == "classes" else logistic(raw)


def _log_share(share: np.ndarray, n_samples: int) -> np.ndarray:
    """Return logarithms; what never occurs counts as half a sample."""
    return np.log(np.where(share > 0, share, 0.5 / n_samples))


def softmax(z: RawPredictions) -> RawPredictions:
    """Return ``exp(z) / Σ exp(z)`` over the last axis, without overflow."""
    xp = namespace(z)
    exponentials = xp.exp(z - xp.max(z, axis=-1, keepdims=True))
    return exponentials / xp.sum(exponentials, axis=-1, keepdims=True)


def logistic(z: RawPredictions) -> RawPredictions:
    """Return ``1 / (1 + exp(-z))`` without overflow."""
    xp = namespace(z)
    small = xp.exp(-xp.abs(z))  # in (0, 1]
    return xp.where(z >= 0, 1.0, small) / (1.0 + small)


@kernel
def softmax_log_loss(raw: RawPredictions, y: TargetColumns) -> tuple[PerSample, RawPredictions]:
    """Softmax cross-entropy and its gradient, from class indices of shape (n_samples,)."""
    xp = namespace(raw)
    shifted = raw - xp.max(raw, axis=-1, keepdims=True)
    exponentials = xp.exp(shifted)
    total = xp.sum(exponentials, axis=-1, keepdims=True)
    one_hot = class_indicators(y[:, None], raw)
    value = xp.log(total[..., 0]) - xp.sum(xp.where(one_hot > 0, shifted, 0.0), axis=-1)
    return value, exponentials / total - one_hot


@kernel
def logistic_log_loss(raw: RawPredictions, y: TargetColumns) -> tuple[PerSample, RawPredictions]:
    """Logistic loss and its gradient, summed over outputs, from indicators."""
    xp = namespace(raw)
    value = xp.clip(raw, 0.0, None) + xp.log1p(xp.exp(-xp.abs(raw))) - y * raw
    return xp.sum(value, axis=-1), logistic(raw) - y
