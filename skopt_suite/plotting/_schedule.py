"""The factor of a schedule over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from skopt_suite._component import stack
from skopt_suite.backends import Placement
from skopt_suite.domains import Integer, Real
from skopt_suite.plotting._matplotlib import new_axes
from skopt_suite.schedules import SCHEDULES, Schedule

_NUMPY = Placement(np)
_STEPS_PER_EPOCH = 16


class ScheduleDisplay:
    """The factor on the learning rate over the epochs of a fit.

    Use `from_schedule` or `from_schedules` to make one; nothing is trained.

    Parameters
    ----------
    curves : dict of str to tuple
        What to draw, by the name that the legend gives it: ``(times, factors)``.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the curves.
    figure_ : matplotlib Figure
        The figure.
    lines_ : list of matplotlib Line2D
        A line for every schedule.

    See Also
    --------
    LossCurveDisplay : The loss over the same time.
    skopt_suite.schedules.FromFunction : Any function as a schedule.

    Examples
    --------
    >>> from skopt_suite.plotting import ScheduleDisplay
    >>> from skopt_suite.schedules import Warmup
    >>> display = ScheduleDisplay.from_schedule(Warmup("cosine", n_epochs=5), max_iter=50)
    >>> display.ax_.get_xlabel(), display.ax_.get_ylabel()
    ('epoch', 'factor on the learning rate')
    >>> float(display.lines_[0].get_ydata().max()) > 0.99
    True
    """

    def __init__(self, *, curves: Mapping[str, tuple[Any, Any]]) -> None:
        self.curves = curves

    @classmethod
    def from_schedule(
        cls,
        schedule: str | Schedule,
        *,
        max_iter: int = 100,
        loss_curve: Sequence[float] | None = None,
        name: str | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> ScheduleDisplay:
        """Draw one schedule.

        Parameters
        ----------
        schedule : str or Schedule
            The schedule, by name or as an object.
        max_iter : int, default=100
            Epochs of the fit.
        loss_curve : sequence of float, default=None
            The loss after each epoch, for schedules that react to it, such as ``loss_curve_`` of a
            fitted estimator; after its end the last loss stays. None: a loss that does not fall.
        name : str, default=None
            Its name in the legend; None: that of its class.
        ax : matplotlib Axes, default=None
            Where to draw; None: a new figure.
        **kwargs : dict
            What else `plot` takes.

        Returns
        -------
        display : ScheduleDisplay
            The display.

        Raises
        ------
        ValueError, TypeError
            If it is no schedule, or one of its parameters or of these is not accepted.
        ImportError
            If matplotlib is not installed.
        """
        name = name or _resolved(schedule).name
        drawn = {name: schedule}
        return cls.from_schedules(drawn, max_iter=max_iter, loss_curve=loss_curve, ax=ax, **kwargs)

    @classmethod
    def from_schedules(
        cls,
        schedules: Mapping[str, str | Schedule],
        *,
        max_iter: int = 100,
        loss_curve: Sequence[float] | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> ScheduleDisplay:
        """Draw several schedules together.

        Parameters
        ----------
        schedules : dict of str to (str or Schedule)
            The schedules, by the name that the legend gives them.
        max_iter : int, default=100
            Epochs of the fit.
        loss_curve : sequence of float, default=None
            The loss after each epoch, as in `from_schedule`.
        ax : matplotlib Axes, default=None
            Where to draw; None: a new figure.
        **kwargs : dict
            What else `plot` takes.

        Returns
        -------
        display : ScheduleDisplay
            The display.
        """
        Integer(1).check(cls.__name__, "max_iter", max_iter)
        losses = _losses(loss_curve, max_iter)
        curves = {name: _curve(_resolved(one), losses) for name, one in schedules.items()}
        return cls(curves=curves).plot(ax, **kwargs)

    def plot(self, ax: Any = None, **kwargs: Any) -> ScheduleDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None: a new figure.
        **kwargs : dict
            Passed to matplotlib's `plot` for every line.

        Returns
        -------
        display : ScheduleDisplay
            This object.
        """
        self.ax_ = new_axes() if ax is None else ax
        self.figure_ = self.ax_.figure
        self.lines_ = [
            self.ax_.plot(times, factors, **{"label": name, **kwargs})[0]
            for name, (times, factors) in self.curves.items()
        ]
        self.ax_.set(xlabel="epoch", ylabel="factor on the learning rate")
        if self.lines_:
            self.ax_.legend()
        return self


def _resolved(schedule: str | Schedule) -> Any:
    return SCHEDULES.resolve(schedule, owner="ScheduleDisplay")


def _losses(loss_curve: Sequence[float] | None, max_iter: int) -> np.ndarray:
    """Return the loss after each epoch, (max_iter,)."""
    given = [1.0] if loss_curve is None else list(loss_curve)
    if not given:
        raise ValueError("ScheduleDisplay: loss_curve must have an entry or be None; got [].")
    for loss in given:
        Real().check("ScheduleDisplay", "every entry of loss_curve", loss)
    return np.array(given + [given[-1]] * (max_iter - len(given)), dtype=float)[:max_iter]


def _curve(schedule: Schedule, losses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return times and factors there; the end of each epoch is drawn, too, for jumps."""
    stacked, horizon = stack([schedule], _NUMPY), np.array([[float(len(losses))]])
    within = np.append(np.arange(_STEPS_PER_EPOCH) / _STEPS_PER_EPOCH, 1 - 1e-9)
    state, factors = stacked.init(horizon), []
    for epoch, loss in enumerate(losses):
        factors.append(stacked.factors(state, epoch + within, horizon)[0])
        state = stacked.observe(state, np.array([[loss]]))
    times = np.arange(len(losses))[:, None] + within
    return times.ravel(), np.concatenate(factors)
