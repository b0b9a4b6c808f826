"""One cycle."""

from __future__ import annotations

from skopt_suite.backends import Array, FitColumn, State, namespace
from skopt_suite.domains import Choice, Real, Uniform
from skopt_suite.schedules._base import Schedule, progress
from skopt_suite.schedules._shapes import half_cosine, share


class OneCycle(Schedule):
    """Rise from `start_factor` to 1, then fall to `final_factor`: super-convergence.

    The optimizer's learning rate is the largest one, usually well above what training with a
    constant rate would bear. Smith also lowers the momentum while the rate rises. A schedule is a
    factor on the learning rate and nothing else, so here the momentum stays as it is.

    Parameters
    ----------
    rise : float in (0, 1), default=0.3
        Share of the time that the rise takes.
    start_factor : float in [0, 1], default=0.04
        Factor of the first step: 1/25.
    final_factor : float in [0, 1], default=4e-6
        Factor at the end and after it: a ten-thousandth of the first.
    shape : {"cosine", "linear"}, default="cosine"
        Rise and fall along half a cosine, or along straight lines as in the paper.
    n_epochs : float > 0 or None, default=None
        Epochs that the cycle lasts; None: the whole fit (``max_iter``).

    References
    ----------
    L. Smith and N. Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large
    Learning Rates", arXiv:1708.07120, 2017. The defaults are those of fastai and PyTorch.

    Examples
    --------
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.optimizers import Nesterov
    >>> clf = MLPClassifier(optimizer=Nesterov(0.1), schedule="one_cycle", max_iter=30)
    """

    parameters = {
        "rise": Real(0, 1, open_low=True, open_high=True, search=Uniform(0.1, 0.5)),
        "start_factor": Real(0, 1),
        "final_factor": Real(0, 1),
        "shape": Choice(("cosine", "linear")),
        "n_epochs": Real(0, open_low=True, optional=True),
    }

    def __init__(
        self,
        rise: float = 0.3,
        start_factor: float = 0.04,
        final_factor: float = 4e-6,
        shape: str = "cosine",
        n_epochs: float | None = None,
    ) -> None:
        self.rise = rise
        self.start_factor = start_factor
        self.final_factor = final_factor
        self.shape = shape
        self.n_epochs = n_epochs

    def factor_at(self, state: State, time: Array | float, horizon: FitColumn) -> Array:
        """Return the factor at `time`."""
        passed = progress(time, horizon, self.n_epochs)
        from_start = 1.0 - self._fall(share(passed, 0.0, self.rise))
        to_end = self._fall(share(passed, self.rise, 1.0))
        rising = self.start_factor + (1.0 - self.start_factor) * from_start
        falling = self.final_factor + (1.0 - self.final_factor) * to_end
        return namespace(horizon).where(passed < self.rise, rising, falling)

    def _fall(self, passed: Array) -> Array:
        return half_cosine(passed) if self.shape == "cosine" else 1.0 - passed
