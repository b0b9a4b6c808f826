"""What losses share whose predictions are the exponentials of raw ones."""

from __future__ import annotations

import numpy as np

from skopt_suite.backends import Array, Predictions, RawPredictions, namespace
from skopt_suite.losses._base import RegressionLoss
from skopt_suite.losses._baseline import mean


class LogLink(RegressionLoss):
    """Half the deviance of a distribution, by the logarithm of its mean."""

    has_link = True

    def prediction(self, raw: RawPredictions) -> Predictions:
        """Return ``exp(raw)``, the mean."""
        return namespace(raw).exp(raw)


def log_mean(y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
    """Return the logarithm of the mean; where that is not positive, of half a one among all."""
    centre = mean(y, weight)
    return np.log(np.where(centre > 0, centre, 0.5 / len(y)))


def log_of_positive(y: Array) -> Array:
    """Return the logarithm of targets, 0 where they are not positive."""
    xp = namespace(y)
    return xp.log(xp.where(y > 0, y, xp.ones_like(y)))


def refuse(loss: str, accepted: str, y: np.ndarray) -> ValueError:
    """Return the error of targets that a loss does not take."""
    return ValueError(
        f"loss {loss} takes targets {accepted}; got {y.min():g}. Take another loss, such as "
        "'squared_error'."
    )
