"""What a loss is.

Shapes: everything broadcasts against raw predictions ``raw``, (n_fits, n_samples, n_outputs).
Targets ``y`` are (n_samples, n_columns), and what they are says `Loss.targets`, never an array.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, Self

import numpy as np

from skopt_suite._component import Component
from skopt_suite._target_type import Kind, TargetType
from skopt_suite.backends import (
    Array,
    FitColumn,
    PerSample,
    Predictions,
    RawPredictions,
    TargetColumns,
    namespace,
)
from skopt_suite.losses._baseline import best_constant, class_shares, mean
from skopt_suite.losses._hessian import Hessian
from skopt_suite.losses._kink import Kink

_SAID_OF_VALUES = (
    "curvature",
    "hessian",
    "has_hessian",
    "kinks",
    "is_piecewise_linear",
    "baseline",
    "is_quadratic",
    "is_envelope",
    "is_of_residuals",
    "has_smoothed",
    "has_coupled_outputs",
)


class Loss(Component):
    """Base class of losses, the first term of the objective.

    A loss of your own subclasses `ClassificationLoss` or `RegressionLoss` and implements
    `value_and_gradient`. It is at least 0, and 0 where the prediction is perfect.
    """

    kinds: ClassVar[tuple[Kind, ...]]
    """What targets are taken: ``"classes"``, ``"labels"`` (and two classes), ``"numbers"``."""
    n_raw: ClassVar[int] = 1
    """Number of raw predictions for every target, next to each other in their last axis."""
    n_predictions: ClassVar[int] = 1
    """Number of predictions for every target, next to each other in their last axis."""
    has_link: ClassVar[bool] = False
    """Whether predictions are on another scale than raw ones: then linear models, too, begin at the
    best constant, as 0 may be far away."""
    is_smooth: ClassVar[bool] = True
    """Whether the gradient is continuous, which L-BFGS and FISTA need."""
    has_smoothed: ClassVar[bool] = False
    """Whether there is a smoothed one in place of a loss with kinks."""
    is_envelope: ClassVar[bool] = False
    """Whether it is the Moreau envelope of another one for every output, its parameter `width`."""
    is_of_residuals: ClassVar[bool] = False
    """Whether the loss depends on ``raw - y`` alone, so that targets may be standardised."""
    is_quadratic: ClassVar[bool] = False
    """Whether the loss is ``c / 2 * (raw - y)²``, c being `curvature`: there is a closed form."""
    has_hessian: ClassVar[bool] = False
    """Whether `hessian` is implemented; found out, not set."""

    is_piecewise_linear: ClassVar[bool] = False
    """Whether `kinks` is implemented; found out, not set."""

    _targets: TargetType | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "hessian" in vars(cls):
            cls.has_hessian = True
        if "kinks" in vars(cls):
            cls.is_piecewise_linear = True
        if "value_and_gradient" not in vars(cls):
            return
        # what a parent class knows of its own loss need not be true of another one
        for name in _SAID_OF_VALUES:
            if name not in vars(cls):
                setattr(cls, name, getattr(Loss, name))

    @property
    def targets(self) -> TargetType:
        """What the targets are; a loss knows it once it was asked to be `on` them."""
        if self._targets is None:
            raise TypeError(f"loss {self.name!r} has not been told what targets it is on.")
        return self._targets

    def on(self, targets: TargetType) -> Self:
        """Return the loss for such targets, for one pass; raise if it does not take them."""
        if targets.kind not in self.kinds:
            accepted = " or ".join(_KINDS[kind] for kind in self.kinds)
            raise ValueError(
                f"loss {self.name!r} takes {accepted}; got {_KINDS[targets.kind]}. Take another "
                "loss."
            )
        bound = self.__copy__()
        bound._targets = targets
        return bound

    @property
    def has_coupled_outputs(self) -> bool:
        """Whether raw predictions of a sample depend on one another, as those of a softmax do."""
        return False

    def check_targets(self, y: np.ndarray) -> None:
        """Raise `ValueError` if there are targets that the loss does not take.

        The error names the loss, what was given and what is accepted. By default all finite
        numbers are taken; others never come here.

        Parameters
        ----------
        y : ndarray of shape (n_samples, n_columns)
            Targets, on the host.
        """

    def curvature(self) -> FitColumn | float | None:
        """Return c such that c times the identity bounds the Hessian by the raw predictions.

        That is of every sample's loss, for all raw predictions and targets. L-BFGS begins with it,
        and needs fewer iterations the tighter it is. None, the default, where there is no such
        bound or it is not known.
        """
        return None

    def smoothed(self, width: float) -> Loss:
        """Return a smooth loss that is at most ``width / 2`` per output below this one."""
        raise NotImplementedError(f"{type(self).__name__} is not smoothed.")

    def hessian(self, y: TargetColumns, raw: RawPredictions) -> Hessian:
        """Return the second derivative of every sample's loss by its raw predictions.

        Parameters are those of `value_and_gradient`, of which nothing is overwritten. Where there
        is none, on a set of measure zero, any one of the values beside it is returned.
        """
        raise NotImplementedError(f"{type(self).__name__} gives no second derivative.")

    def kinks(self, y: TargetColumns, raw: RawPredictions) -> tuple[Kink, ...]:
        """Return the kinks of a loss that is linear between them, whose sum it is.

        Parameters are those of `value_and_gradient`; of `raw` only shape and precision matter.
        """
        raise NotImplementedError(f"{type(self).__name__} is not known to be piecewise linear.")

    def baseline(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        """Return the best constant: the raw prediction for all samples whose loss is least.

        Networks begin there, and it says how much there is to learn. Finite, even where there is
        no best one, as for a class without samples. By default it is searched for.

        Parameters
        ----------
        y : ndarray of shape (n_samples, n_columns)
            Targets, on the host.
        weight : ndarray of shape (n_samples,) or None
            Weights of the samples; None: all 1.

        Returns
        -------
        raw : ndarray of shape (n_outputs,)
            Raw predictions.
        """
        return best_constant(self, y, weight)

    def n_outputs(self, y: np.ndarray) -> int:
        """Return the number of raw predictions of every sample."""
        return y.shape[1] * self.n_raw

    def prediction(self, raw: RawPredictions) -> Predictions:
        """Return what scores are computed of, (n_fits, n_samples, n_targets * n_predictions).

        They are the raw ones of classifiers; of regressors, too, unless the loss has a link
        function, or several raw ones per target.
        """
        return raw

    @abstractmethod
    def value_and_gradient(
        self, y: TargetColumns, raw: RawPredictions
    ) -> tuple[PerSample, RawPredictions]:
        """Return the loss of every sample and its gradient.

        Parameters
        ----------
        y : array of shape (n_samples, n_columns)
            Numbers, 0 and 1 of labels (and of two classes), or the indices of classes; they are not
            to be overwritten.
        raw : array of shape (n_fits, n_samples, n_outputs)
            Raw predictions; may be overwritten.

        Returns
        -------
        value : array of shape (n_fits, n_samples)
            Summed over outputs.
        gradient : array of shape (n_fits, n_samples, n_outputs)
            With respect to the raw predictions.
        """


class ClassificationLoss(Loss):
    """Base class of the losses of classifiers.

    `indicators` and `signs` are the same for classes and labels; ``self.targets.kind`` tells them
    apart.

    See Also
    --------
    RegressionLoss : The base class of the losses of regressors.
    Hessian : What `hessian` returns.
    TargetType : What `targets` is.
    skopt_suite.testing.check_loss : Says what is wrong with one of your own.
    """

    kinds = ("classes", "labels")
    has_probability: ClassVar[bool] = False
    """Whether `probability` is implemented."""

    def probability(self, raw: RawPredictions) -> RawPredictions:
        """Return probabilities of the same shape as `raw`; those of classes add up to 1."""
        raise NotImplementedError(f"{type(self).__name__} gives no probabilities.")

    def indicators(self, y: TargetColumns, raw: RawPredictions) -> Array:
        """Return targets as 0 and 1, (n_samples, n_outputs), in the precision of `raw`."""
        return y if self.targets.kind == "labels" else class_indicators(y, raw)

    def signs(self, y: TargetColumns, raw: RawPredictions) -> Array:
        """Return targets as -1 and 1, (n_samples, n_outputs); classes one against the rest."""
        return 2 * self.indicators(y, raw) - 1

    def shares(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        """Return how frequent every class or label is, (n_outputs,)."""
        if self.targets.kind == "labels":
            return mean(y, weight)
        return class_shares(y, weight, self.targets.n_outputs)

    def n_outputs(self, y: np.ndarray) -> int:
        return self.targets.n_outputs


class RegressionLoss(Loss):
    """Base class of the losses of regressors.

    See Also
    --------
    ClassificationLoss : The base class of the losses of classifiers.
    Hessian : What `hessian` returns.
    skopt_suite.testing.check_loss : Says what is wrong with one of your own.
    """

    kinds = ("numbers",)


def class_indicators(y: TargetColumns, raw: RawPredictions) -> Array:
    """Return class indices as 0 and 1, (n_samples, n_classes), in the precision of `raw`."""
    xp = namespace(raw)
    classes = xp.arange(raw.shape[-1], dtype=y.dtype, device=_device(raw))
    return xp.astype(y == classes, raw.dtype)


def _device(array: Array) -> Any:
    return getattr(array, "device", None)


_KINDS = {
    "classes": "more than two classes",
    "labels": "two classes or labels",
    "numbers": "numbers",
}
