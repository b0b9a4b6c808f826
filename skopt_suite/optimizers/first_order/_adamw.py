"""Adam with decoupled weight decay."""

from __future__ import annotations

from skopt_suite._layout import Layout
from skopt_suite.backends import FitColumn, Params, like
from skopt_suite.domains import LogUniform, Real
from skopt_suite.optimizers._base import Problem
from skopt_suite.optimizers.first_order._adam import Adam, AdamState
from skopt_suite.optimizers.first_order._base import FirstOrder


class AdamW(FirstOrder):
    """Adam with weight decay that is decoupled from the gradient.

    ``w ← w - learning_rate * weight_decay * w`` before the step of `Adam`. Only weights decay,
    never biases or intercepts. The decay comes on top of the estimator's ``penalty``.

    Parameters
    ----------
    learning_rate : float > 0, default=0.001
        Step size.
    beta1 : float in [0, 1), default=0.9
        Decay of the mean of gradients.
    beta2 : float in [0, 1), default=0.999
        Decay of the mean of squared gradients.
    epsilon : float > 0, default=1e-8
        Keeps the denominator from zero.
    weight_decay : float >= 0, default=0.01
        Share of each weight that is taken off per step and unit of learning rate.

    References
    ----------
    I. Loshchilov and F. Hutter, "Decoupled Weight Decay Regularization", ICLR 2019, algorithm 2
    (with the decay multiplied by the learning rate, as in PyTorch).

    Examples
    --------
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.optimizers import AdamW
    >>> clf = MLPClassifier(optimizer=AdamW(weight_decay=0.1), penalty="none")
    """

    scratch_arrays = 0
    name = "adamw"
    parameters = {**Adam.parameters, "weight_decay": Real(0, search=LogUniform(1e-4, 1))}

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        self.learning_rate = learning_rate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weight_decay = weight_decay

    def init(self, params: Params, problem: Problem) -> AdamState:
        """Return moments of zero."""
        return self._adam().init(params, problem)

    def update(
        self,
        state: AdamState,
        params: Params,
        gradient: Params,
        learning_rate: FitColumn,
        layout: Layout,
    ) -> tuple[Params, AdamState]:
        """Let the weights decay, then step as Adam."""
        (kept,) = like(params, 1 - learning_rate * self.weight_decay)
        weights = layout.weights(params)
        weights *= kept
        return self._adam().update(state, params, gradient, learning_rate, layout)

    def step_size(self, state: AdamState, learning_rate: FitColumn) -> FitColumn | Params:
        """Return that of Adam."""
        return self._adam().step_size(state, learning_rate)

    def _adam(self) -> Adam:
        return Adam(self.learning_rate, self.beta1, self.beta2, self.epsilon)
