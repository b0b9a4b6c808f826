"""The negative log-likelihood of classes and labels."""

from __future__ import annotations

import math
from numbers import Real as Number
from typing import Any

import numpy as np

from skopt_suite.backends import (
    PerSample,
    RawPredictions,
    TargetColumns,
    kernel,
    like,
    namespace,
    to_numpy,
)
from skopt_suite.domains import Real
from skopt_suite.losses._base import ClassificationLoss, class_indicators
from skopt_suite.losses._hessian import Hessian


class LogLoss(ClassificationLoss):
    """Negative log-likelihood: logistic, multinomial, or one logistic per label.

    Two classes and labels: ``log(1 + exp(raw)) - y * raw``, summed over labels. More classes:
    ``log Σ_c exp(raw_c) - raw_y`` (softmax cross-entropy). With labels smoothed by s, every class
    is expected with probability s / n_classes, two classes and labels with s / 2, and the true one
    with what is left; the loss is 0 where that is predicted.

    Parameters
    ----------
    label_smoothing : float in [0, 1), default=0.0
        Share of the labels that is spread over all classes.

    See Also
    --------
    Focal : Looks at what is predicted badly.
    ModifiedHuber : Probabilities, and outliers that count less.
    Hinge : Classes without probabilities.

    References
    ----------
    C. Bishop, "Pattern Recognition and Machine Learning", 2006, equations 4.90 and 4.108; D.
    Böhning, "Multinomial logistic regression algorithm", Annals of the Institute of Statistical
    Mathematics 44, 1992 (the bound on the curvature); C. Szegedy et al., "Rethinking the Inception
    Architecture for Computer Vision", CVPR 2016 (smoothed labels).

    Examples
    --------
    >>> from skopt_suite import LinearClassifier
    >>> clf = LinearClassifier(loss="log_loss")
    """

    has_probability = True
    _asked: tuple[Any, bool] | None = None
    """Strengths on a device, and whether there is one that is not 0."""
    parameters = {"label_smoothing": Real(0, 1, open_high=True)}

    def __init__(self, label_smoothing: float = 0.0) -> None:
        self.label_smoothing = label_smoothing

    @property
    def scratch_arrays(self) -> int:  # type: ignore[override]
        """How many arrays one call takes: more where labels are smoothed, or targets repeated."""
        is_repeated = self._targets is not None and tuple(self._targets) == ("labels", 1)
        return 4 if self._is_smoothed() else 1 + is_repeated

    def curvature(self) -> float:
        """Return 1/2 for classes and 1/4, the largest p (1 - p), for labels."""
        return 0.5 if self.targets.kind == "classes" else 0.25

    @property
    def has_coupled_outputs(self) -> bool:
        """Whether there are more than two classes."""
        return self.targets.kind == "classes"

    def value_and_gradient(
        self, y: TargetColumns, raw: RawPredictions
    ) -> tuple[PerSample, RawPredictions]:
        """Return loss and gradient; the gradient is probability minus indicator."""
        if self._is_smoothed():
            return self._with_smoothed_labels(y, raw)
        return self._with_labels(y, raw)

    def _with_labels(
        self, y: TargetColumns, raw: RawPredictions
    ) -> tuple[PerSample, RawPredictions]:
        if self.targets.kind == "classes":
            return softmax_log_loss(raw, y[..., 0])
        return logistic_log_loss(raw, y)

    def _is_smoothed(self) -> bool:
        """Whether there is a label to smooth; a device is asked once, and expressions never."""
        given = self.label_smoothing
        if isinstance(given, (Number, np.ndarray)):
            return bool(np.any(given))
        if not hasattr(given, "__dlpack__"):
            return True
        if self._asked is None or self._asked[0] is not given:
            self._asked = given, bool(np.any(to_numpy(given)))
        return self._asked[1]

    def _with_smoothed_labels(
        self, y: TargetColumns, raw: RawPredictions
    ) -> tuple[PerSample, RawPredictions]:
        """Return the divergence of probabilities from smoothed labels, and its gradient."""
        xp, n_classes = namespace(raw), self._n_classes
        (share,) = like(raw, self.label_smoothing)
        excess = share * (self.indicators(y, raw) - 1 / n_classes)
        value = xp.sum(excess * raw, axis=-1)
        entropy = like(raw, self._entropy())[0]
        log_loss, gradient = self._with_labels(y, raw)
        return xp.clip(log_loss + value - entropy, 0.0, None), gradient + excess

    @property
    def _n_classes(self) -> int:
        return self.targets.n_outputs if self.targets.kind == "classes" else 2

    def _entropy(self) -> Any:
        """Return the loss of predicting smoothed labels themselves, a number or (n_fits, 1)."""
        spread = self.label_smoothing / self._n_classes
        true = 1 - spread * (self._n_classes - 1)
        entropy = -_x_log_x(true) - (self._n_classes - 1) * _x_log_x(spread)
        n_targets = self.targets.n_outputs if self.targets.kind == "labels" else 1
        return n_targets * (entropy if isinstance(entropy, Number) else entropy[..., 0])

    def hessian(self, y: TargetColumns, raw: RawPredictions) -> Hessian:
        """Return ``diag(p) - p pᵀ`` for classes, and ``p (1 - p)`` for labels."""
        p = self.probability(raw)
        return Hessian(p, p) if self.targets.kind == "classes" else Hessian(p * (1 - p))

    def baseline(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        """Return the logarithms of the frequencies of classes, or the log odds of labels."""
        share = self._smoothed(self.shares(y, weight))
        if self.targets.kind == "classes":
            return _log_share(share, len(y))
        others = self._smoothed(self.shares(1 - y, weight))
        return _log_share(share, len(y)) - _log_share(others, len(y))

    def _smoothed(self, share: np.ndarray) -> np.ndarray:
        return (1 - self.label_smoothing) * share + self.label_smoothing / self._n_classes

    def probability(self, raw: RawPredictions) -> RawPredictions:
        """Return softmax, or the logistic function of each output."""
        return softmax(raw) if self.targets.kind == "classes" else logistic(raw)


def _x_log_x(x: Any) -> Any:
    """Return ``x * log(x)`` of numbers >= 0, 0 at 0."""
    if isinstance(x, Number):
        return float(x) * math.log(x) if float(x) > 0 else 0.0
    xp = namespace(x)
    return x * xp.log(xp.where(x > 0, x, xp.ones_like(x)))


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


def softplus(z: RawPredictions) -> RawPredictions:
    """Return ``log(1 + exp(z))`` without overflow."""
    xp = namespace(z)
    return xp.clip(z, 0.0, None) + xp.log1p(xp.exp(-xp.abs(z)))


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
    value = softplus(raw) - y * raw
    return xp.sum(value, axis=-1), logistic(raw) - y
