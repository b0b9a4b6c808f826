"""Gradient descent on all rows, and on minibatches."""

from __future__ import annotations

from skopt_suite.backends import Array, FitColumn, Params, kernel, like, namespace
from skopt_suite.domains import LogUniform, Real
from skopt_suite.optimizers.first_order._rule import Rule, column


@kernel
def descend(
    params: Params,
    gradient: Params,
    moments: Array,
    n_steps: FitColumn,
    rate: FitColumn,
    numbers: Array,
    n_weights: int,
) -> tuple[Params, Array]:
    """``w - rate * g``, and for all but weights ``b - rate * bias_factor * g``."""
    xp = namespace(params)
    of_weights, of_biases = like(params, rate, rate * column(numbers, 0))
    is_weight = xp.arange(params.shape[1], device=params.device) < n_weights
    return params - xp.where(is_weight, of_weights, of_biases) * gradient, moments


class _Descent(Rule):
    scratch_arrays = 0
    formula = descend
    hyperparameters = ("bias_factor",)
    # Bengio, "Practical Recommendations for Gradient-Based Training of Deep Architectures", 2012,
    # section 3.1.1: for standardised input below 1 and above 1e-6, 0.01 being a good start. What
    # is below 1e-3 needs more epochs than max_iter allows; rows that are mostly 0, such as counts
    # of words, bear rates of 10 to 100.
    parameters = {
        "learning_rate": Real(0, open_low=True, search=LogUniform(1e-3, 100)),
        "bias_factor": Real(0),
    }

    def __init__(self, learning_rate: float = 0.01, bias_factor: float = 1.0) -> None:
        self.learning_rate = learning_rate
        self.bias_factor = bias_factor


class GradientDescent(_Descent):
    """Gradient descent: every step uses all rows.

    ``w ← w - learning_rate * g``, and for biases ``b ← b - bias_factor * learning_rate * g``

    Parameters
    ----------
    learning_rate : float > 0, default=0.01
        Step size.
    bias_factor : float >= 0, default=1.0
        Factor on the step size of intercepts and biases, and of gains of normalisations. With rows
        that are mostly 0, such as counts of words, weights learn from few rows and bear large
        steps, in which an intercept, which learns from all rows, would swing: 0.01 is what
        scikit-learn takes for sparse rows.

    See Also
    --------
    SGD : The same on minibatches.
    LBFGS : Finds step lengths and learns curvature; for smooth losses and penalties.
    FISTA : Accelerated, and finds its step size; for any penalty.

    References
    ----------
    A. Cauchy, "Méthode générale pour la résolution des systèmes d'équations simultanées",
    Comptes rendus 25, 1847.

    Examples
    --------
    >>> from skopt_suite import LinearRegressor
    >>> from skopt_suite.optimizers import GradientDescent
    >>> reg = LinearRegressor(optimizer=GradientDescent(learning_rate=0.5))
    """

    is_full_batch = True


class SGD(_Descent):
    """Stochastic gradient descent: every step uses a minibatch.

    ``w ← w - learning_rate * g``, and for biases ``b ← b - bias_factor * learning_rate * g``

    With L2 or the elastic net, weights take the gradient of the squared norm where the step ends:
    ``w ← (w - learning_rate * g) / (1 + learning_rate * alpha)``, g being that of the loss. So a
    penalty may be as strong as one likes.

    Parameters
    ----------
    learning_rate : float > 0, default=0.01
        Step size.
    bias_factor : float >= 0, default=1.0
        Factor on the step size of intercepts and biases, and of gains of normalisations. With rows
        that are mostly 0, such as counts of words, weights learn from few rows and bear large
        steps, in which an intercept, which learns from all rows, would swing: 0.01 is what
        scikit-learn takes for sparse rows.

    See Also
    --------
    Momentum : Steps that remember the gradients before.
    Adam : Steps that adapt to each coordinate.
    ScheduleFreeSGD : An average takes the place of a schedule.
    GradientDescent : Every step uses all rows.

    References
    ----------
    L. Bottou, F. Curtis and J. Nocedal, "Optimization Methods for Large-Scale Machine Learning",
    SIAM Review 60, 2018; J. Duchi and Y. Singer, "Efficient Online and Batch Learning Using Forward
    Backward Splitting", JMLR 10, 2009, for L2.

    Examples
    --------
    >>> from skopt_suite import LinearClassifier
    >>> from skopt_suite.optimizers import SGD
    >>> clf = LinearClassifier(optimizer=SGD(learning_rate=0.1), batch_size=32)
    """

    has_implicit_l2 = True
