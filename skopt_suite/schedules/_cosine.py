"""Cosine annealing."""

from __future__ import annotations

from skopt_suite.backends import Array, FitColumn, State
from skopt_suite.domains import Real
from skopt_suite.schedules._base import Schedule, progress
from skopt_suite.schedules._shapes import half_cosine


class Cosine(Schedule):
    """Fall from 1 to `final_factor` along half a cosine.

    ``factor = final_factor + (1 - final_factor) * (1 + cos(π * progress)) / 2``

    Parameters
    ----------
    final_factor : float in [0, 1], default=0.0
        Factor at the end and after it.
    n_epochs : float > 0 or None, default=None
        Epochs that the fall lasts; None: the whole fit (``max_iter``).

    See Also
    --------
    CosineRestarts : Begins again.
    Warmup : A rise before it.
    OneCycle : A rise before it, and a momentum that moves the other way.
    Linear : Falls along a line.

    References
    ----------
    I. Loshchilov and F. Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts",
    ICLR 2017, equation 5 (without restarts).

    Examples
    --------
    >>> from skopt_suite import MLPClassifier
    >>> clf = MLPClassifier(schedule="cosine", max_iter=50)
    """

    parameters = {
        "final_factor": Real(0, 1),
        "n_epochs": Real(0, open_low=True, optional=True),
    }

    def __init__(self, final_factor: float = 0.0, n_epochs: float | None = None) -> None:
        self.final_factor = final_factor
        self.n_epochs = n_epochs

    def factor_at(self, state: State, time: Array | float, horizon: FitColumn) -> Array:
        """Return the factor at `time`."""
        fall = half_cosine(progress(time, horizon, self.n_epochs))
        return self.final_factor + (1.0 - self.final_factor) * fall
