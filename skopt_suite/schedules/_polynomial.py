"""Polynomial decay."""

from __future__ import annotations

from skopt_suite.backends import Array, FitColumn, State
from skopt_suite.domains import LogUniform, Real
from skopt_suite.schedules._base import Schedule, progress


class Polynomial(Schedule):
    """Fall from 1 to `final_factor` along a power of the time that is left.

    ``factor = final_factor + (1 - final_factor) * (1 - progress) ** power``

    Parameters
    ----------
    power : float > 0, default=1.0
        1 is a straight line.
    final_factor : float in [0, 1], default=0.0
        Factor at the end and after it.
    n_epochs : float > 0 or None, default=None
        Epochs that the fall lasts; None: the whole fit (``max_iter``).

    See Also
    --------
    Linear : The same for a power of 1, from any factor.
    Cosine : Begins and ends gently.
    Exponential : Does not know when training ends.

    Examples
    --------
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.schedules import Polynomial
    >>> clf = MLPClassifier(schedule=Polynomial(power=2, n_epochs=50))
    """

    parameters = {
        "power": Real(0, open_low=True, search=LogUniform(0.5, 4)),
        "final_factor": Real(0, 1),
        "n_epochs": Real(0, open_low=True, optional=True),
    }

    def __init__(
        self, power: float = 1.0, final_factor: float = 0.0, n_epochs: float | None = None
    ) -> None:
        self.power = power
        self.final_factor = final_factor
        self.n_epochs = n_epochs

    def factor_at(self, state: State, time: Array | float, horizon: FitColumn) -> Array:
        """Return the factor at `time`."""
        left = 1.0 - progress(time, horizon, self.n_epochs)
        return self.final_factor + (1.0 - self.final_factor) * left**self.power
