"""Schedule-free AdamW."""

from __future__ import annotations

from typing import Any

from skopt_suite._layout import Layout
from skopt_suite.backends import FitColumn, Params, like, namespace
from skopt_suite.domains import Real, Uniform
from skopt_suite.optimizers.first_order._adam import Adam
from skopt_suite.optimizers.first_order._schedule_free import ScheduleFree


class ScheduleFreeAdamW(ScheduleFree):
    """Steps of a size that adapts to each coordinate, whose average takes the place of a schedule.

    With g the gradient at y, step t counted from 1, and c = γ² / Σ γ² with the largest learning
    rate γ so far::

        y = (1 - beta1) z + beta1 x
        v ← beta2 v + (1 - beta2) g²          v̂ = v / (1 - beta2^t)
        z ← z - learning_rate (g / (√v̂ + epsilon) + weight_decay y)
        x ← (1 - c) x + c z

    Gradients, and the losses that are reported, are those at y; predictions use x. No schedule has
    to know when training ends; ``schedule="warmup"`` is of use. Only weights decay; a weight whose
    z a penalty holds at exactly 0 is 0 in x, too.

    Parameters
    ----------
    learning_rate : float > 0, default=0.0025
        Step size of z.
    beta1 : float in (0, 1), default=0.9
        How near to x gradients are taken.
    beta2 : float in [0, 1), default=0.999
        Decay of the mean of squared gradients.
    epsilon : float > 0, default=1e-8
        Keeps the denominator from zero.
    weight_decay : float >= 0, default=0.0
        Share of each weight of y that is taken off z per step and unit of learning rate.

    See Also
    --------
    ScheduleFreeSGD : Steps as large as gradients.
    AdamW : Needs a schedule to come to rest.
    Prodigy : Needs no learning rate.

    References
    ----------
    A. Defazio et al., "The Road Less Scheduled", NeurIPS 2024, algorithm 1 (with the weights of the
    authors' package ``schedulefree``).

    Examples
    --------
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.optimizers import ScheduleFreeAdamW
    >>> clf = MLPClassifier(optimizer=ScheduleFreeAdamW(learning_rate=0.01))
    """

    scratch_arrays = 4
    name = "schedule_free_adamw"
    parameters = {
        **Adam.parameters,
        "beta1": Real(0, 1, open_low=True, open_high=True, search=Uniform(0.8, 0.98)),
        "weight_decay": Real(0),
    }

    def __init__(
        self,
        learning_rate: float = 0.0025,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        self.learning_rate: Any = learning_rate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weight_decay = weight_decay

    @property
    def interpolation(self) -> Any:
        """How much of y is x."""
        return self.beta1

    def rule(self) -> Adam:
        """Return Adam without momentum."""
        return Adam(self.learning_rate, 0.0, self.beta2, self.epsilon)

    def decayed(self, z: Params, y: Params, rate: FitColumn, layout: Layout) -> Params:
        """Return z less a share of the weights of y."""
        (share,), n_weights = like(y, rate * self.weight_decay), layout.n_weights
        parts = z[:, :n_weights] - share * y[:, :n_weights], z[:, n_weights:]
        return namespace(z).concat(parts, axis=1)
