"""What a loss is.

Shapes: ``y`` is what `encode_targets` of the estimators makes of the targets: class indices
``(n_samples,)`` for more than two classes, else numbers ``(n_samples, n_outputs)``, where classes
and labels are 0 or 1. ``raw`` is ``(n_fits, n_samples, n_outputs)``.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

from skopt_suite._component import Component
from skopt_suite.backends import Array, mean_in_double, namespace, sum_in_double


class Loss(Component):
    """Base class of losses, the first term of the objective.

    A loss of your own subclasses `ClassificationLoss` or `RegressionLoss` and implements
    `value_and_gradient`.
    """

    is_smooth: ClassVar[bool] = True
    """Whether the gradient is continuous, which L-BFGS and FISTA need."""
    has_smoothed: ClassVar[bool] = False
    """Whether there is a smoothed one in place of a loss with kinks."""
    is_quadratic: ClassVar[bool] = False
    """Whether the loss is ``c / 2 * (raw - y)²``, c being `curvature`: there is a closed form."""
    kind: ClassVar[str]
    """What the loss is for: ``"classification"`` or ``"regression"``."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "value_and_gradient" not in vars(cls):
            return
        # what a parent class knows of its own loss need not be true of another one
        if "curvature" not in vars(cls):
            cls.curvature = Loss.curvature  # type: ignore[method-assign]
        if "is_quadratic" not in vars(cls):
            cls.is_quadratic = False
        if "smoothed" not in vars(cls):
            cls.has_smoothed = False

    def curvature(self, y: Array) -> float | None:
        """Return c such that c times the identity bounds the Hessian by the raw predictions.

        That is of every sample's loss, for all raw predictions and for targets such as `y`. L-BFGS
        begins with it, and needs fewer iterations the tighter it is. None, the default, where
        there is no such bound or it is not known.
        """
        return None

    def smoothed(self, width: float) -> Loss:
        """Return a smooth loss that is at most ``width / 2`` per output below this one."""
        raise NotImplementedError(f"{type(self).__name__} is not smoothed.")

    @abstractmethod
    def value_and_gradient(self, y: Array, raw: Array) -> tuple[Array, Array]:
        """Return the loss of every sample and its gradient.

        Parameters
        ----------
        y : array of shape (n_samples,) or (n_samples, n_outputs)
            Class indices, or numbers (0 or 1 for two classes and for labels).
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
    """Base class of the losses of classifiers."""

    kind: ClassVar[str] = "classification"
    """What the loss is for."""
    has_probability: ClassVar[bool] = False
    """Whether `probability` is implemented."""

    def probability(self, raw: Array, exclusive: bool) -> Array:
        """Return probabilities of the same shape as `raw`.

        Parameters
        ----------
        raw : array of shape (n_fits, n_samples, n_outputs)
            Raw predictions.
        exclusive : bool
            Whether the outputs are classes that exclude each other (probabilities add up to 1)
            or labels.
        """
        raise NotImplementedError(f"{type(self).__name__} gives no probabilities.")

    def score(self, y: Array, raw: Array, weight: Array | None) -> Array:
        """Return the share of samples (by weight) whose outputs are all right, (n_fits,)."""
        xp = namespace(raw)
        if y.ndim == 1:
            right = xp.argmax(raw, axis=-1) == y
        else:
            right = xp.all((raw > 0) == (y > 0), axis=-1)
        return _mean(xp.astype(right, raw.dtype), weight)


class RegressionLoss(Loss):
    """Base class of the losses of regressors."""

    kind: ClassVar[str] = "regression"
    """What the loss is for."""

    def prediction(self, raw: Array) -> Array:
        """Return predictions: the raw ones, unless the loss has a link function."""
        return raw

    def score(self, y: Array, raw: Array, weight: Array | None) -> Array:
        """Return the coefficient of determination R², averaged over outputs, (n_fits,)."""
        xp = namespace(raw)
        squared_error = (self.prediction(raw) - y) ** 2
        outputs = xp.permute_dims(y[None, ...], (0, 2, 1))
        centre = _mean(outputs, None if weight is None else weight[:, None, :])
        spread = (y[None, ...] - centre[:, None, :]) ** 2
        residual, total = (
            _mean(xp.permute_dims(part, (0, 2, 1)), None if weight is None else weight[:, None, :])
            for part in (squared_error, spread)
        )
        varies = total > 0
        unexplained = xp.where(
            varies,
            residual / xp.where(varies, total, xp.ones_like(total)),
            xp.astype(residual > 0, raw.dtype),
        )
        return xp.mean(1 - unexplained, axis=-1)


def _mean(values: Array, weight: Array | None) -> Array:
    """Return the mean over the last axis, by weight if there is one."""
    if weight is None:
        return mean_in_double(values, axis=-1)
    return sum_in_double(values * weight, axis=-1) / sum_in_double(weight, axis=-1)


def signs(y: Array, raw: Array) -> Array:
    """Return targets as -1 and 1, of shape (n_samples, n_outputs); classes one against the rest."""
    return 2 * indicators(y, raw) - 1


def indicators(y: Array, raw: Array) -> Array:
    """Return targets as 0 and 1 of shape (n_samples, n_outputs), in the precision of `raw`."""
    xp = namespace(raw)
    if y.ndim == 2:
        return y
    classes = xp.arange(raw.shape[-1], dtype=y.dtype, device=_device(raw))
    return xp.astype(y[:, None] == classes[None, :], raw.dtype)


def _device(array: Array):
    return getattr(array, "device", None)
