"""Cyclical learning rates."""

from __future__ import annotations

from skopt_suite.backends import Array, FitColumn, State, namespace
from skopt_suite.domains import Choice, LogUniform, Real
from skopt_suite.schedules._base import Schedule


class Cyclic(Schedule):
    """Rise from `low_factor` to 1 and fall back along straight lines, again and again.

    ``factor = low_factor + (1 - low_factor) * triangle * height``, where ``triangle`` goes from 0
    to 1 and back, and ``height`` is 1 (``"triangular"``), ``2 ** -cycle`` with cycles counted from
    0 (``"triangular2"``) or ``gamma ** time`` (``"exp_range"``).

    Parameters
    ----------
    step_size : float > 0, default=4.0
        Epochs of each rise and of each fall: half a cycle.
    low_factor : float in [0, 1], default=0.17
        Factor between two cycles; 0.001 to 0.006 in the paper.
    mode : {"triangular", "triangular2", "exp_range"}, default="triangular"
        Whether all cycles are alike, each is half as high as the one before, or they lose height
        exponentially.
    gamma : float in (0, 1], default=0.97
        Factor on the height per epoch in mode ``"exp_range"``; the paper's is 0.99994 per step, of
        which it makes 500 in an epoch.

    See Also
    --------
    OneCycle : Rises and falls once, over the whole fit.
    CosineRestarts : Falls slowly, and rises at once.

    References
    ----------
    L. Smith, "Cyclical Learning Rates for Training Neural Networks", WACV 2017; the defaults are
    those for CIFAR-10 in section 4.1.

    Examples
    --------
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.schedules import Cyclic
    >>> clf = MLPClassifier(schedule=Cyclic(mode="triangular2"), max_iter=24)
    """

    parameters = {
        "step_size": Real(0, open_low=True, search=LogUniform(1, 20)),
        "low_factor": Real(0, 1),
        "mode": Choice(("triangular", "triangular2", "exp_range")),
        "gamma": Real(0, 1, open_low=True),
    }

    def __init__(
        self,
        step_size: float = 4.0,
        low_factor: float = 0.17,
        mode: str = "triangular",
        gamma: float = 0.97,
    ) -> None:
        self.step_size = step_size
        self.low_factor = low_factor
        self.mode = mode
        self.gamma = gamma

    def factor_at(self, state: State, time: Array | float, horizon: FitColumn) -> Array:
        """Return the factor at `time`."""
        xp = namespace(horizon)
        time = time * xp.ones_like(horizon)
        cycles = time / (2.0 * self.step_size)
        cycle = xp.floor(cycles)
        triangle = 1.0 - xp.abs(2.0 * (cycles - cycle) - 1.0)
        return self.low_factor + (1.0 - self.low_factor) * triangle * self._height(time, cycle)

    def _height(self, time: Array, cycle: Array) -> Array | float:
        if self.mode == "triangular":
            return 1.0
        return 0.5**cycle if self.mode == "triangular2" else self.gamma**time
