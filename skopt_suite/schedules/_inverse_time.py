"""Inverse-time decay."""

from __future__ import annotations

from skopt_suite.backends import Array, FitColumn, State, namespace
from skopt_suite.domains import LogUniform, Real
from skopt_suite.schedules._base import Schedule


class InverseTime(Schedule):
    """Decay as one over time, the rate of Robbins and Monro's stochastic approximation.

    ``factor = (1 + decay * time) ** -power``

    Parameters
    ----------
    decay : float >= 0, default=0.1
        Inverse of the number of epochs after which the rate starts to fall.
    power : float > 0, default=1.0
        1 decays as 1/time, 0.5 as one over its square root.

    See Also
    --------
    Invscaling : Counts rows, as scikit-learn does.
    Optimal : The penalty says how fast.
    Exponential : Falls faster in the long run.
    Noam : A rise, then one over the square root of time.

    References
    ----------
    H. Robbins and S. Monro, "A Stochastic Approximation Method", Annals of Mathematical
    Statistics 22, 1951.

    Examples
    --------
    >>> from skopt_suite import LinearClassifier
    >>> from skopt_suite.schedules import InverseTime
    >>> clf = LinearClassifier(optimizer="sgd", schedule=InverseTime(decay=0.5))
    """

    # From a rate that hardly falls in a thousand epochs to one that falls from the first on.
    parameters = {
        "decay": Real(0, search=LogUniform(1e-3, 1)),
        "power": Real(0, open_low=True),
    }

    def __init__(self, decay: float = 0.1, power: float = 1.0) -> None:
        self.decay = decay
        self.power = power

    def factor_at(self, state: State, time: Array | float, horizon: FitColumn) -> Array:
        """Return the factor at `time`."""
        return (1.0 + self.decay * time * namespace(horizon).ones_like(horizon)) ** -self.power
