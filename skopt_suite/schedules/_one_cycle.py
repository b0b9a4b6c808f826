"""One cycle."""

from __future__ import annotations

from typing import Any

from skopt_suite.backends import Array, FitColumn, State, namespace
from skopt_suite.domains import Boolean, Choice, Real, Uniform
from skopt_suite.schedules._base import Schedule, progress
from skopt_suite.schedules._shapes import half_cosine, share


class OneCycle(Schedule):
    """Rise from `start_factor` to 1, then fall to `final_factor`: super-convergence.

    The optimizer's learning rate is the largest one, usually well above what training with a
    constant rate would bear. While it rises, the momentum falls from `max_momentum` to
    `base_momentum`, and rises again while it falls, along the same curve. That takes the place of
    ``momentum`` of momentum, Nesterov's, RMSprop (also where that is 0) and Muon, and of ``beta1``
    of Adam's family, Lion and Prodigy, in wrappers too. Others have no momentum: `sgd`,
    `gradient_descent`, `adagrad`, `adadelta`; in schedule-free rules it is another thing.

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
    cycle_momentum : bool or "auto", default="auto"
        Whether the momentum moves: where the optimizer has one ("auto"); always, and optimizers
        without one are refused, as in PyTorch (True); or never, the optimizer keeps its own
        (False).
    base_momentum : float in [0, 1), default=0.85
        The least momentum, where the rate is largest.
    max_momentum : float in [0, 1), default=0.95
        The largest momentum, at the beginning and at the end.

    See Also
    --------
    Cyclic : Rises and falls again and again.
    WarmupStableDecay : Stays on top in between.
    Warmup : A rise before any schedule.

    References
    ----------
    L. Smith and N. Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large
    Learning Rates", arXiv:1708.07120, 2017; L. Smith, "A disciplined approach to neural network
    hyper-parameters: Part 1", arXiv:1803.09820, 2018, section 4.3 (momentum). The defaults are
    those of fastai and PyTorch.

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
        "cycle_momentum": Choice(("auto",), (Boolean(),)),
        "base_momentum": Real(0, 1, open_high=True),
        "max_momentum": Real(0, 1, open_high=True),
    }

    def __init__(
        self,
        rise: float = 0.3,
        start_factor: float = 0.04,
        final_factor: float = 4e-6,
        shape: str = "cosine",
        n_epochs: float | None = None,
        cycle_momentum: bool | str = "auto",
        base_momentum: float = 0.85,
        max_momentum: float = 0.95,
    ) -> None:
        self.rise = rise
        self.start_factor = start_factor
        self.final_factor = final_factor
        self.shape = shape
        self.n_epochs = n_epochs
        self.cycle_momentum = cycle_momentum
        self.base_momentum: Any = base_momentum
        self.max_momentum: Any = max_momentum

    @property
    def moves_momentum(self) -> bool:
        """Whether `cycle_momentum` is not False."""
        return bool(self.cycle_momentum)

    @property
    def needs_momentum(self) -> bool:
        """Whether `cycle_momentum` is True."""
        return self.cycle_momentum is not False and self.cycle_momentum != "auto"

    def factor_at(self, state: State, time: Array | float, horizon: FitColumn) -> Array:
        """Return the factor at `time`."""
        return self._between(self.start_factor, 1.0, self.final_factor, time, horizon)

    def momentum_at(self, state: State, time: Array | float, horizon: FitColumn) -> Array | None:
        """Return the momentum at `time`."""
        if not self.moves_momentum:
            return None
        largest = self.max_momentum
        return self._between(largest, self.base_momentum, largest, time, horizon)

    def _between(
        self, start: Any, peak: Any, end: Any, time: Array | float, horizon: FitColumn
    ) -> Array:
        """Return where the way from `start` to `peak` and on to `end` is at `time`."""
        passed = progress(time, horizon, self.n_epochs)
        from_start = 1.0 - self._fall(share(passed, 0.0, self.rise))
        to_end = self._fall(share(passed, self.rise, 1.0))
        rising = start + (peak - start) * from_start
        falling = end + (peak - end) * to_end
        return namespace(horizon).where(passed < self.rise, rising, falling)

    def _fall(self, passed: Array) -> Array:
        return half_cosine(passed) if self.shape == "cosine" else 1.0 - passed

    def _check_parameters(self) -> None:
        """Raise unless the momenta are in order."""
        super()._check_parameters()
        if self.base_momentum > self.max_momentum:
            raise ValueError(
                "OneCycle: base_momentum must be at most max_momentum; got "
                f"{self.base_momentum} and {self.max_momentum}."
            )
