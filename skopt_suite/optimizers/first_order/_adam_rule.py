"""What the rules of Adam's family share."""

from __future__ import annotations

from skopt_suite.backends import Array, FitColumn, Params, like, namespace
from skopt_suite.domains import LogUniform, Real
from skopt_suite.optimizers.first_order._rule import Rule, column


class AdamRule(Rule):
    """Base of the rules that keep a mean of gradients and one of their squares."""

    n_moments = 2
    momentum_parameter = "beta1"
    hyperparameters = ("beta1", "beta2", "epsilon")
    # The default, and two orders of magnitude up, because small networks take long steps: that of
    # auto-sklearn's multilayer perceptrons is 1e-4 to 0.5. Moments are rarely worth the trials.
    parameters = {
        "learning_rate": Real(0, open_low=True, search=LogUniform(1e-4, 1e-1)),
        "beta1": Real(0, 1, open_high=True),
        "beta2": Real(0, 1, open_high=True),
        "epsilon": Real(0, open_low=True),
    }

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
    ) -> None:
        self.learning_rate = learning_rate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon


def means(gradient: Params, moments: Array, numbers: Array) -> tuple[Params, Params]:
    """Return the new means of gradients and of their squares."""
    b1, b2 = like(gradient, column(numbers, 0), column(numbers, 1))
    m = b1 * moments[:, 0, :] + (1 - b1) * gradient
    v = b2 * moments[:, 1, :] + (1 - b2) * gradient * gradient
    return m, v


def uncorrected(
    rate: FitColumn, epsilon: FitColumn, beta2: FitColumn, n_steps: FitColumn
) -> tuple[FitColumn, FitColumn]:
    """Return learning rate and epsilon for ``√v`` in place of ``√v̂``.

    ``rate / (√v̂ + ε) = rate √c / (√v + ε √c)``, with c the correction ``1 - beta2^t``.
    """
    root = (1 - beta2**n_steps) ** 0.5
    return rate * root, epsilon * root


def over_root(
    v: Params, rate: FitColumn, epsilon: FitColumn, beta2: FitColumn, n_steps: FitColumn
) -> Params:
    """Return ``rate / (√v̂ + ε)``, per coordinate."""
    rate, epsilon = like(v, *uncorrected(rate, epsilon, beta2, n_steps))
    return rate / (namespace(v).sqrt(v) + epsilon)
