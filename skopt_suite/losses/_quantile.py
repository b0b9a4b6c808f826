"""Quantiles in place of means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from skopt_suite.backends import (
    Array,
    FitColumn,
    PerSample,
    Predictions,
    RawPredictions,
    TargetColumns,
    like,
    namespace,
)
from skopt_suite.domains import Real, Vector
from skopt_suite.losses._base import RegressionLoss
from skopt_suite.losses._baseline import quantile, zero_of_slopes
from skopt_suite.losses._kink import Kink
from skopt_suite.losses._smoothed import inverse


class _Increasing(Vector):
    """A number, or several, each larger than the one before."""

    def check(self, owner: str, name: str, value: Any) -> None:
        """Raise unless `value` is such a number or an increasing sequence."""
        super().check(owner, name, value)
        if (np.diff(np.ravel(value)) <= 0).any():
            raise ValueError(f"{owner}: {name} must increase from entry to entry; got {value!r}.")


_LEVELS = _Increasing(Real(0, 1, open_low=True, open_high=True), per="quantile that is wanted")


class _Quantiles(RegressionLoss):
    """Quantiles of every target at one level or several, next to each other."""

    quantile: Any

    @property
    def n_raw(self) -> int:  # type: ignore[override]
        """Number of quantiles of every target."""
        return np.shape(self.quantile)[-1] if np.ndim(self.quantile) else 1

    @property
    def n_predictions(self) -> int:  # type: ignore[override]
        """Number of quantiles of every target."""
        return self.n_raw

    def prediction(self, raw: RawPredictions) -> Predictions:
        """Return the quantiles of every target in increasing order, so that none cross."""
        if self.n_raw == 1:
            return raw
        xp = namespace(raw)
        by_target = xp.reshape(raw, (*raw.shape[:-1], -1, self.n_raw))
        return xp.reshape(xp.sort(by_target, axis=-1), raw.shape)

    def _residuals(self, y: TargetColumns, raw: RawPredictions) -> tuple[Array, Array | float]:
        """Return residuals, and levels that broadcast against them."""
        xp, level = namespace(raw), self.quantile
        level = xp.asarray(level) if isinstance(level, Sequence) else level
        (level,) = like(raw, level)
        if self.n_raw == 1:
            return raw - y, level
        return raw - xp.repeat(y, self.n_raw, axis=-1), xp.tile(level, (1, 1, y.shape[-1]))

    def _at_levels(self, constant: Callable[[float], np.ndarray]) -> np.ndarray:
        """Return the constants of every target at all levels, one after the other."""
        constants = [constant(level) for level in np.ravel(self.quantile)]
        return np.stack(constants, axis=-1).ravel()


class Quantile(_Quantiles):
    """Pinball loss: regression of a quantile, or of several at once.

    ``quantile * (y - raw)`` where raw is below y, else ``(1 - quantile) * (raw - y)``, summed over
    outputs. Of several quantiles every target has so many raw predictions, and ``predict`` returns
    them in a last axis of their own. Where raw predictions cross, it puts them in order, which
    never makes the loss larger. Not smooth: L-BFGS and FISTA train on smoothed ones, ever closer to
    it.

    Parameters
    ----------
    quantile : float in (0, 1) or increasing sequence of such, default=0.5
        Share of the targets that is to be below the prediction.

    See Also
    --------
    AbsoluteError : The quantile 0.5, the median.
    SquaredError : Predicts the mean.
    skopt_suite.optimizers.InteriorPoint : Solves it to the end in linear models.

    References
    ----------
    R. Koenker and G. Bassett, "Regression Quantiles", Econometrica 46, 1978; V. Chernozhukov, I.
    Fernández-Val and A. Galichon, "Quantile and Probability Curves Without Crossing", Econometrica
    78, 2010 (predictions in order).

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skopt_suite import LinearRegressor
    >>> from skopt_suite.losses import Quantile
    >>> X, y = load_diabetes(return_X_y=True)
    >>> reg = LinearRegressor(loss=Quantile([0.1, 0.5, 0.9]), penalty="none").fit(X, y)
    >>> reg.predict(X).shape
    (442, 3)
    """

    scratch_arrays = 5
    is_of_residuals = True
    is_smooth = False
    has_smoothed = True
    parameters = {"quantile": _LEVELS}

    def __init__(self, quantile: Any = 0.5) -> None:
        self.quantile = quantile

    def smoothed(self, width: float) -> SmoothedQuantile:
        """Return it with a parabola in place of the kink."""
        return SmoothedQuantile(self.quantile, width)

    def kinks(self, y: TargetColumns, raw: RawPredictions) -> tuple[Kink, ...]:
        """Return the one at y."""
        residual, level = self._residuals(y, namespace(raw).zeros_like(raw))
        return (Kink(-residual, -level, 1 - level),)

    def value_and_gradient(
        self, y: TargetColumns, raw: RawPredictions
    ) -> tuple[PerSample, RawPredictions]:
        """Return loss and subgradient (0 at the kink)."""
        xp, (residual, level) = namespace(raw), self._residuals(y, raw)
        slope = xp.where(residual < 0, -level, residual)  # residual: 0, or no number
        slope = xp.where(residual > 0, 1 - level, slope)
        return xp.sum(slope * residual, axis=-1), slope

    def baseline(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        """Return the lower quantiles."""
        return self._at_levels(lambda level: quantile(y, weight, level))


class SmoothedQuantile(_Quantiles):
    """``r² / (2 width)`` where that has a smaller slope than the pinball of the residual r.

    Beyond, it is the pinball less a constant (the Moreau envelope).
    """

    scratch_arrays = 8
    is_envelope = True
    parameters = {"quantile": _LEVELS, "width": Real(0, open_low=True)}

    def __init__(self, quantile: Any = 0.5, width: float = 1.0) -> None:
        self.quantile = quantile
        self.width = width

    def curvature(self) -> FitColumn | float:
        """Return ``1 / width``."""
        return inverse(self.width)

    def value_and_gradient(
        self, y: TargetColumns, raw: RawPredictions
    ) -> tuple[PerSample, RawPredictions]:
        """Return loss and gradient."""
        xp, (residual, level) = namespace(raw), self._residuals(y, raw)
        (width,) = like(raw, self.width)
        slope = residual / width
        slope = xp.where(slope < -level, -level, slope)
        slope = xp.where(slope > 1 - level, 1 - level, slope)
        return xp.sum(slope * (residual - width / 2 * slope), axis=-1), slope

    def baseline(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        """Return where the slopes are 0 in the mean."""

        def constant(level: float) -> np.ndarray:
            def slope(residual: np.ndarray) -> np.ndarray:
                return np.clip(residual / self.width, -level, 1 - level)

            return zero_of_slopes(slope, y, weight, self.width)

        return self._at_levels(constant)
