"""Warm-up, a plateau, and a decay at the end."""

from __future__ import annotations

from skopt_suite.backends import Array, FitColumn, State, namespace
from skopt_suite.domains import Choice, Real, Uniform
from skopt_suite.schedules._base import Schedule, progress
from skopt_suite.schedules._shapes import half_cosine, share


class WarmupStableDecay(Schedule):
    """Rise from 0 to 1 along a line, stay there, and fall to `final_factor` at the end.

    Where both shares together are more than the fit, the factors of rise and fall are multiplied,
    and the largest is below 1.

    Parameters
    ----------
    warmup : float in [0, 1], default=0.05
        Share of the fit (``max_iter``) that the rise takes.
    decay : float in (0, 1], default=0.2
        Share of the fit that the fall takes.
    final_factor : float in [0, 1], default=0.0
        Factor at the end and after it.
    shape : {"sqrt", "linear", "cosine"}, default="sqrt"
        Fall as one minus the square root of the share of the fall that has passed, along a line, or
        along half a cosine.

    See Also
    --------
    Warmup : A rise before any schedule.
    OneCycle : No plateau, and a momentum that moves too.
    Cosine : Falls from the start on.

    References
    ----------
    S. Hu et al., "MiniCPM: Unveiling the Potential of Small Language Models with Scalable Training
    Strategies", COLM 2024, equation 1; A. Hägele et al., "Scaling Laws and Compute-Optimal Training
    Beyond Fixed Training Durations", NeurIPS 2024, sections 3.1 and 3.2 for the shape and length of
    the fall.

    Examples
    --------
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.schedules import WarmupStableDecay
    >>> clf = MLPClassifier(schedule=WarmupStableDecay(decay=0.1), max_iter=50)
    """

    parameters = {
        "warmup": Real(0, 1),
        "decay": Real(0, 1, open_low=True, search=Uniform(0.05, 0.5)),
        "final_factor": Real(0, 1),
        "shape": Choice(("sqrt", "linear", "cosine")),
    }

    def __init__(
        self,
        warmup: float = 0.05,
        decay: float = 0.2,
        final_factor: float = 0.0,
        shape: str = "sqrt",
    ) -> None:
        self.warmup = warmup
        self.decay = decay
        self.final_factor = final_factor
        self.shape = shape

    def factor_at(self, state: State, time: Array | float, horizon: FitColumn) -> Array:
        """Return the factor at `time`."""
        xp, passed = namespace(horizon), progress(time, horizon, None)
        is_warm = passed >= self.warmup
        rise = xp.where(is_warm, 1.0, passed / xp.where(is_warm, 1.0, self.warmup))
        fall = self._fall(share(passed, 1.0 - self.decay, 1.0))
        return rise * (self.final_factor + (1.0 - self.final_factor) * fall)

    def _fall(self, passed: Array) -> Array:
        if self.shape == "cosine":
            return half_cosine(passed)
        return 1.0 - (passed if self.shape == "linear" else passed**0.5)
