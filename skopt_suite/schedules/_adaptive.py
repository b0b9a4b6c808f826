"""scikit-learn's adaptive learning rate."""

from __future__ import annotations

from skopt_suite.backends import FitColumn, namespace
from skopt_suite.schedules._reduce_on_plateau import Plateau, PlateauState


class Adaptive(Plateau):
    """Divide the learning rate by 5 when the loss does not fall, as scikit-learn's SGD does.

    ``factor ← factor / 5`` after `patience` epochs in a row that ended with a loss above the
    smallest so far minus `threshold`. What is watched is the training loss, or minus the validation
    score with early stopping. With `ReduceOnPlateau` small improvements add up: there a loss is the
    smallest only if it is by more than the threshold.

    Parameters
    ----------
    factor : float in (0, 1), default=0.2
        Factor of each reduction.
    patience : int, default=5
        Epochs without improvement before a reduction. Keep it below ``n_iter_no_change``, or
        training ends before the first reduction.
    threshold : float >= 0, default=1e-3
        Smallest fall of the loss that counts as an improvement.
    min_factor : float in [0, 1], default=1e-6
        There are no more reductions from there on.

    See Also
    --------
    ReduceOnPlateau : Small improvements add up, and everything can be set.
    Invscaling : What else scikit-learn has.
    Optimal : What else scikit-learn has.

    References
    ----------
    scikit-learn's user guide, section "Stochastic Gradient Descent", mathematical formulation.

    Examples
    --------
    >>> from skopt_suite import LinearClassifier
    >>> clf = LinearClassifier(optimizer="sgd", schedule="adaptive")
    """

    def __init__(
        self,
        factor: float = 0.2,
        patience: int = 5,
        threshold: float = 1e-3,
        min_factor: float = 1e-6,
    ) -> None:
        super().__init__(factor, patience, threshold, min_factor)

    def observe(self, state: PlateauState, loss: FitColumn) -> PlateauState:
        """Count the epochs without improvement, and reduce when there were enough."""
        xp = namespace(loss)
        failed = loss > state.best - self.threshold
        waited = xp.where(failed, state.waited + 1.0, 0.0)
        reduce = (waited >= self.patience) & (state.factor > self.min_factor)
        return PlateauState(
            best=xp.where(loss < state.best, loss, state.best),
            waited=xp.where(reduce, 0.0, waited),
            factor=xp.where(reduce, state.factor * self.factor, state.factor),
        )
