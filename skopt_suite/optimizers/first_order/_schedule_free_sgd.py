"""Schedule-free stochastic gradient descent."""

from __future__ import annotations

from typing import Any

from skopt_suite.domains import LogUniform, Real, Uniform
from skopt_suite.optimizers.first_order._gradient_descent import SGD
from skopt_suite.optimizers.first_order._schedule_free import ScheduleFree


class ScheduleFreeSGD(ScheduleFree):
    """Stochastic gradient descent whose average takes the place of a schedule.

    With g the gradient at y, and c = γ² / Σ γ² with the largest learning rate γ so far::

        y = (1 - momentum) z + momentum x
        z ← z - learning_rate g
        x ← (1 - c) x + c z

    Gradients, and the losses that are reported, are those at y; predictions use x. No schedule has
    to know when training ends; ``schedule="warmup"`` is of use. L2 is implicit, as with `SGD`; a
    weight whose z a penalty holds at exactly 0 is 0 in x, too.

    Parameters
    ----------
    learning_rate : float > 0, default=1.0
        Step size of z. Larger than that of `SGD` with a schedule, often by ten.
    momentum : float in (0, 1), default=0.9
        How near to x gradients are taken.

    See Also
    --------
    ScheduleFreeAdamW : Steps that adapt to each coordinate.
    SGD : Needs a schedule to come to rest.
    AverageWeights : An average around any optimizer.

    References
    ----------
    A. Defazio et al., "The Road Less Scheduled", NeurIPS 2024, equations 3 to 5 (with the weights
    of the authors' package ``schedulefree``).

    Examples
    --------
    >>> from skopt_suite import LinearClassifier
    >>> from skopt_suite.optimizers import ScheduleFreeSGD
    >>> clf = LinearClassifier(optimizer=ScheduleFreeSGD(learning_rate=0.5), schedule="warmup")
    """

    scratch_arrays = 4
    parameters = {
        "learning_rate": Real(0, open_low=True, search=LogUniform(1e-2, 10)),
        "momentum": Real(0, 1, open_low=True, open_high=True, search=Uniform(0.8, 0.98)),
    }

    def __init__(self, learning_rate: float = 1.0, momentum: float = 0.9) -> None:
        self.learning_rate: Any = learning_rate
        self.momentum = momentum

    @property
    def interpolation(self) -> Any:
        """How much of y is x."""
        return self.momentum

    def rule(self) -> SGD:
        """Return gradient descent."""
        return SGD(self.learning_rate)
