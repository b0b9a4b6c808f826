"""A straight line."""

from __future__ import annotations

from skopt_suite.backends import Array, FitColumn, State
from skopt_suite.domains import Real
from skopt_suite.schedules._base import Schedule, progress


class Linear(Schedule):
    """Go from `start_factor` to `final_factor` along a straight line.

    ``factor = start_factor + (final_factor - start_factor) * progress``

    Parameters
    ----------
    start_factor : float in [0, 1], default=1.0
        Factor of the first step.
    final_factor : float in [0, 1], default=0.0
        Factor at the end and after it.
    n_epochs : float > 0 or None, default=None
        Epochs that the line lasts; None: the whole fit (``max_iter``).

    See Also
    --------
    Polynomial : The fall along a power.
    Cosine : Begins and ends gently.
    Warmup : A rise before any schedule.

    References
    ----------
    A. Defazio et al., "Optimal Linear Decay Learning Rate Schedules and Further Refinements",
    arXiv:2310.07831, 2023, which derive the line to 0 from theory.

    Examples
    --------
    >>> from skopt_suite import MLPClassifier
    >>> clf = MLPClassifier(schedule="linear", max_iter=50)
    """

    parameters = {
        "start_factor": Real(0, 1),
        "final_factor": Real(0, 1),
        "n_epochs": Real(0, open_low=True, optional=True),
    }

    def __init__(
        self,
        start_factor: float = 1.0,
        final_factor: float = 0.0,
        n_epochs: float | None = None,
    ) -> None:
        self.start_factor = start_factor
        self.final_factor = final_factor
        self.n_epochs = n_epochs

    def factor_at(self, state: State, time: Array | float, horizon: FitColumn) -> Array:
        """Return the factor at `time`."""
        passed = progress(time, horizon, self.n_epochs)
        return (1.0 - passed) * self.start_factor + passed * self.final_factor
