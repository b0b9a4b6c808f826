"""The schedule of the Transformer."""

from __future__ import annotations

from skopt_suite.backends import Array, FitColumn, State, namespace
from skopt_suite.domains import LogUniform, Real
from skopt_suite.schedules._base import Schedule


class Noam(Schedule):
    """Rise from 0 to 1 along a line, then decay as one over the square root of time.

    ``factor = min(t, t ** -0.5)`` with ``t = time / n_epochs``

    That is the formula of the paper divided by its largest value, which there depends on the width
    of the model: the optimizer's learning rate is that of the peak.

    Parameters
    ----------
    n_epochs : float > 0, default=4.0
        Epochs that the rise lasts; the paper's takes 4000 of 100 000 steps.

    See Also
    --------
    Warmup : A rise before any schedule.
    InverseTime : The decay alone, for any power.
    WarmupStableDecay : Stays on top, and falls at the end.

    References
    ----------
    A. Vaswani et al., "Attention Is All You Need", NeurIPS 2017, equation 3; named after Noam
    Shazeer.

    Examples
    --------
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.schedules import Noam
    >>> clf = MLPClassifier(schedule=Noam(n_epochs=2), max_iter=50)
    """

    parameters = {"n_epochs": Real(0, open_low=True, search=LogUniform(0.5, 20))}

    def __init__(self, n_epochs: float = 4.0) -> None:
        self.n_epochs = n_epochs

    def factor_at(self, state: State, time: Array | float, horizon: FitColumn) -> Array:
        """Return the factor at `time`."""
        xp = namespace(horizon)
        time = time * xp.ones_like(horizon) / self.n_epochs
        return xp.clip(time, None, 1.0) * xp.clip(time, 1.0, None) ** -0.5
