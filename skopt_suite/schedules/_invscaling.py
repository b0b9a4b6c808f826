"""scikit-learn's inverse scaling."""

from __future__ import annotations

from skopt_suite.backends import Array, FitColumn, State, namespace
from skopt_suite.domains import Real, Uniform
from skopt_suite.schedules._base import Schedule


class Invscaling(Schedule):
    """Decay with the number of rows seen, as ``learning_rate="invscaling"`` of scikit-learn does.

    ``factor = (1 + rows_per_epoch * time) ** -power``

    Most of the decay is in the first epoch. `InverseTime` is the same with another default.

    Parameters
    ----------
    power : float > 0, default=0.5
        ``power_t`` of scikit-learn, whose ``SGDRegressor`` has 0.25.
    rows_per_epoch : float > 0, default=1000.0
        The number of rows gives the factor of scikit-learn, which counts them; components see no
        data, so it has to be given.

    See Also
    --------
    InverseTime : The same over epochs.
    Optimal : What else scikit-learn has.
    Adaptive : What else scikit-learn has, for SGD that watches the loss.

    References
    ----------
    scikit-learn's user guide, section "Stochastic Gradient Descent", mathematical formulation.

    Examples
    --------
    >>> from skopt_suite import LinearClassifier
    >>> from skopt_suite.schedules import Invscaling
    >>> clf = LinearClassifier(optimizer="sgd", schedule=Invscaling(power=0.25))
    """

    parameters = {
        "power": Real(0, open_low=True, search=Uniform(0.1, 1)),
        "rows_per_epoch": Real(0, open_low=True),
    }

    def __init__(self, power: float = 0.5, rows_per_epoch: float = 1000.0) -> None:
        self.power = power
        self.rows_per_epoch = rows_per_epoch

    def factor_at(self, state: State, time: Array | float, horizon: FitColumn) -> Array:
        """Return the factor at `time`."""
        n_rows = self.rows_per_epoch * (time * namespace(horizon).ones_like(horizon))
        return (1.0 + n_rows) ** -self.power
