"""RMSprop."""

from __future__ import annotations

from skopt_suite.backends import Array, FitColumn, Params, kernel, like, namespace
from skopt_suite.domains import Boolean, LogUniform, Real
from skopt_suite.optimizers.first_order._rule import Rule, RuleState, column, decayed


@kernel
def rmsprop_update(
    params: Params,
    gradient: Params,
    moments: Array,
    n_steps: FitColumn,
    rate: FitColumn,
    numbers: Array,
    n_weights: int,
) -> tuple[Params, Array]:
    """``u' = momentum u + g / (spread + epsilon)``; ``w - rate u'``.

    Moments are u, the mean of g², and where it is centered that of g.
    """
    xp = namespace(params)
    params = decayed(params, rate * column(numbers, 3), n_weights)
    rate, rho, momentum, epsilon = like(params, rate, *(column(numbers, i) for i in range(3)))
    powers = [gradient * gradient, gradient][: moments.shape[1] - 1]
    keep = rho[:, None, :]
    means = keep * moments[:, 1:, :] + (1 - keep) * xp.stack(powers, axis=1)
    velocity = momentum * moments[:, 0, :] + gradient / (_spread(means) + epsilon)
    return params - rate * velocity, xp.concat([velocity[:, None, :], means], axis=1)


def _spread(means: Array) -> Params:
    """Return the root of the mean of g², (n_fits, n_params), less that of g squared if given."""
    xp, square = namespace(means), means[:, 0, :]
    if means.shape[1] > 1:
        square = xp.clip(square - means[:, 1, :] * means[:, 1, :], 0.0, None)
    return xp.sqrt(square)


class RMSprop(Rule):
    """RMSprop: gradients divided by how large they have been of late.

    ::

        v ← rho v + (1 - rho) g²             s = √v
        u ← momentum u + g / (s + epsilon)
        w ← w - learning_rate u

    With ``centered=True``, s is the standard deviation of gradients instead::

        m ← rho m + (1 - rho) g              s = √(v - m²)

    That shrinks to nothing where gradients do not vary, as with a batch of all rows, and steps grow
    without bound then. Weights, never biases, first decay:
    ``w ← w - learning_rate * weight_decay * w``.

    Parameters
    ----------
    learning_rate : float > 0, default=0.001
        Step size; about the length of a step, times ``1 / (1 - momentum)`` in the long run.
    rho : float in [0, 1), default=0.9
        Decay of the means (``alpha`` in PyTorch).
    momentum : float in [0, 1), default=0.0
        Share of the velocity u that is kept.
    epsilon : float > 0, default=1e-8
        Keeps the denominator from zero.
    centered : bool, default=False
        Whether gradients are divided by their standard deviation.
    weight_decay : float >= 0, default=0.0
        Share of each weight that is taken off per step and unit of learning rate.

    See Also
    --------
    Adam : The same with a mean of gradients and bias correction.
    Adagrad : Never forgets a gradient.
    Adadelta : Has no learning rate that needs tuning.

    References
    ----------
    T. Tieleman and G. Hinton, "Neural Networks for Machine Learning", Coursera 2012, lecture 6.5;
    A. Graves, "Generating Sequences With Recurrent Neural Networks", 2013, equations 38 to 41
    (centered; with epsilon outside of the root and the learning rate outside of the velocity, as in
    PyTorch); I. Loshchilov and F. Hutter, "Decoupled Weight Decay Regularization", ICLR 2019.

    Examples
    --------
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.optimizers import RMSprop
    >>> clf = MLPClassifier(optimizer=RMSprop(learning_rate=3e-4, momentum=0.9))
    """

    scratch_arrays = 0
    formula = rmsprop_update
    momentum_parameter = "momentum"
    hyperparameters = ("rho", "momentum", "epsilon", "weight_decay")
    # That of Adam: steps are as long.
    parameters = {
        "learning_rate": Real(0, open_low=True, search=LogUniform(1e-4, 1e-1)),
        "rho": Real(0, 1, open_high=True),
        "momentum": Real(0, 1, open_high=True),
        "epsilon": Real(0, open_low=True),
        "centered": Boolean(),
        "weight_decay": Real(0),
    }

    def __init__(
        self,
        learning_rate: float = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-8,
        centered: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        self.learning_rate = learning_rate
        self.rho = rho
        self.momentum = momentum
        self.epsilon = epsilon
        self.centered = centered
        self.weight_decay = weight_decay

    @property
    def n_moments(self) -> int:  # type: ignore[override]
        """Velocity, mean of squares, and mean."""
        return 3 if self.centered else 2

    def step_size(self, state: RuleState, learning_rate: FitColumn) -> FitColumn | Params:
        """Return ``learning_rate / (s + epsilon)``, times the sum of the weights of past steps."""
        spread = _spread(state.moments[:, 1:, :])
        kept = (1 - self.momentum**state.n_steps) / (1 - self.momentum)
        rate, epsilon = like(spread, learning_rate * kept, self.epsilon)
        return rate / (spread + epsilon)
