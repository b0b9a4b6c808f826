"""Step decay at given times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from skopt_suite.backends import Array, FitColumn, State, namespace
from skopt_suite.domains import Real, Uniform, Vector
from skopt_suite.schedules._base import Schedule


class MultiStep(Schedule):
    """Multiply the learning rate by `gamma` at each of the `milestones`.

    ``factor = gamma ** (number of milestones that have passed)``

    Parameters
    ----------
    milestones : float or sequence of float > 0, default=(30, 60)
        Epochs at which the rate drops.
    gamma : float in (0, 1], default=0.1
        Factor of each drop.

    See Also
    --------
    Step : Falls at equal distances.
    ReduceOnPlateau : Finds out when to fall.
    Then : Any schedules one after the other.

    References
    ----------
    K. He et al., "Deep Residual Learning for Image Recognition", CVPR 2016, section 3.4: a tenth
    whenever the error has reached a plateau, for ImageNet usually after 30 and 60 epochs.

    Examples
    --------
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.schedules import MultiStep
    >>> clf = MLPClassifier(schedule=MultiStep(milestones=(50, 75)), max_iter=100)
    """

    parameters = {
        "milestones": Vector(Real(0, open_low=True), per="drop"),
        "gamma": Real(0, 1, open_low=True, search=Uniform(0.05, 0.5)),
    }

    def __init__(self, milestones: float | Sequence[float] = (30, 60), gamma: float = 0.1) -> None:
        self.milestones: Any = milestones
        self.gamma = gamma

    def factor_at(self, state: State, time: Array | float, horizon: FitColumn) -> Array:
        """Return the factor after the drops so far."""
        xp = namespace(horizon)
        has_passed = (time * xp.ones_like(horizon))[..., None] >= self.milestones[:, None, :]
        n_drops = xp.sum(xp.astype(has_passed, horizon.dtype), axis=-1)
        return self.gamma**n_drops
