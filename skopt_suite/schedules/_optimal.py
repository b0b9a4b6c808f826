"""Bottou's schedule, scikit-learn's "optimal"."""

from __future__ import annotations

from skopt_suite.backends import Array, FitColumn, State, namespace
from skopt_suite.domains import LogUniform, Real
from skopt_suite.schedules._base import Schedule


class Optimal(Schedule):
    """Decay as one over time, at the speed that the strength of the penalty asks for.

    ``factor = t0 / (t0 + rows_per_epoch * time)`` with ``t0 = alpha ** -0.75``

    The rate of scikit-learn's ``learning_rate="optimal"`` is ``1 / (alpha * (t0 + t))``, where t
    counts rows and t0 makes the first rate ``alpha ** -0.25``, as large as weights are expected
    to be. So ``SGD(learning_rate=alpha ** -0.25)`` with this schedule has that rate, and any other
    learning rate the same decay.

    Parameters
    ----------
    alpha : float > 0, default=1e-4
        Strength of the penalty: give that of the estimator's.
    rows_per_epoch : float > 0, default=1000.0
        The number of rows gives the factor of scikit-learn, which counts them; components see no
        data, so it has to be given.

    See Also
    --------
    InverseTime : The same shape at a speed that you choose.
    Invscaling : What else scikit-learn has.
    skopt_suite.penalties.L2 : The penalty that has the strength.

    References
    ----------
    L. Bottou, "Stochastic Gradient Descent Tricks", in "Neural Networks: Tricks of the Trade",
    2012, section 5.2.

    Examples
    --------
    >>> from skopt_suite import LinearClassifier
    >>> from skopt_suite.optimizers import SGD
    >>> from skopt_suite.penalties import L2
    >>> from skopt_suite.schedules import Optimal
    >>> alpha = 1e-3
    >>> svm = LinearClassifier(
    ...     loss="hinge",
    ...     penalty=L2(alpha),
    ...     optimizer=SGD(learning_rate=alpha**-0.25),
    ...     schedule=Optimal(alpha, rows_per_epoch=150),
    ... )
    """

    parameters = {
        "alpha": Real(0, open_low=True, search=LogUniform(1e-6, 1)),
        "rows_per_epoch": Real(0, open_low=True),
    }

    def __init__(self, alpha: float = 1e-4, rows_per_epoch: float = 1000.0) -> None:
        self.alpha = alpha
        self.rows_per_epoch = rows_per_epoch

    def factor_at(self, state: State, time: Array | float, horizon: FitColumn) -> Array:
        """Return the factor at `time`."""
        n_rows = self.rows_per_epoch * (time * namespace(horizon).ones_like(horizon))
        return 1.0 / (1.0 + self.alpha**0.75 * n_rows)
