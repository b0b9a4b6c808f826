"""Reduce the learning rate when the loss stops falling."""

from __future__ import annotations

from typing import NamedTuple

from skopt_suite.backends import Array, FitColumn, namespace
from skopt_suite.domains import Integer, Real, Uniform
from skopt_suite.schedules._base import Schedule


class PlateauState(NamedTuple):
    """Best loss so far, epochs since, and the factor now: each of shape (n_fits, 1)."""

    best: FitColumn
    waited: FitColumn
    factor: FitColumn


class Plateau(Schedule):
    """Base of schedules that reduce when the loss does not fall; they say when that is."""

    parameters = {
        "factor": Real(0, 1, open_low=True, open_high=True, search=Uniform(0.1, 0.9)),
        "patience": Integer(1, fusable=True),
        "threshold": Real(0),
        "min_factor": Real(0, 1),
    }

    def __init__(self, factor: float, patience: int, threshold: float, min_factor: float) -> None:
        self.factor = factor
        self.patience = patience
        self.threshold = threshold
        self.min_factor = min_factor

    def init(self, horizon: FitColumn) -> PlateauState:
        """Return a state with no loss seen."""
        ones = namespace(horizon).ones_like(horizon)
        return PlateauState(best=ones * namespace(horizon).inf, waited=0.0 * ones, factor=ones)

    def factor_at(self, state: PlateauState, time: Array | float, horizon: FitColumn) -> Array:
        """Return the factor after the reductions so far."""
        return state.factor


class ReduceOnPlateau(Plateau):
    """Multiply the learning rate by `factor` after `patience` epochs without improvement.

    What is watched is the training loss, or minus the validation score with early stopping.

    Parameters
    ----------
    factor : float in (0, 1), default=0.5
        Factor of each reduction.
    patience : int, default=5
        Epochs without improvement before a reduction. Keep it below ``n_iter_no_change``, or
        training ends before the first reduction.
    threshold : float >= 0, default=1e-4
        Smallest fall of the loss that counts as an improvement.
    min_factor : float in [0, 1], default=0.0
        The factor never falls below it.

    See Also
    --------
    Adaptive : What counts as improvement in scikit-learn.
    Step : Falls whether or not the loss does.
    Warmup : A rise before it.

    Examples
    --------
    >>> from skopt_suite import MLPClassifier
    >>> from skopt_suite.schedules import ReduceOnPlateau
    >>> clf = MLPClassifier(schedule=ReduceOnPlateau(patience=3))
    """

    def __init__(
        self,
        factor: float = 0.5,
        patience: int = 5,
        threshold: float = 1e-4,
        min_factor: float = 0.0,
    ) -> None:
        super().__init__(factor, patience, threshold, min_factor)

    def observe(self, state: PlateauState, loss: FitColumn) -> PlateauState:
        """Count the epochs without improvement, and reduce when there were enough."""
        xp = namespace(loss)
        improved = loss < state.best - self.threshold
        waited = xp.where(improved, 0.0, state.waited + 1.0)
        reduce = waited >= self.patience
        reduced = xp.maximum(state.factor * self.factor, self.min_factor * xp.ones_like(loss))
        return PlateauState(
            best=xp.where(improved, loss, state.best),
            waited=xp.where(reduce, 0.0, waited),
            factor=xp.where(reduce, reduced, state.factor),
        )
