"""When a fit is done: per-fit convergence, early stopping and divergence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from skopt_suite.exceptions import DivergenceError
from skopt_suite.training._job import Job
from skopt_suite.training._plan import Plan

EXPLODED = 1e4
"""How many times its reference a loss may be before the fit counts as diverged."""
_LEAST = 1e-10  # of that reference: the noise of a fit that is exact at first is no divergence
N_TIMES = 257
"""At how many times a schedule is looked at to see what it has in store."""
_N_SMOOTHED = 5  # epochs over which held-out scores are averaged before they are compared
_ROUNDING = 100  # units in the last place that a sum over samples may be off by


@dataclass
class Progress:
    """How far each fit of a stack is; arrays of shape (n_fits,), on the host."""

    best: np.ndarray  # lowest loss, or minus the highest validation score
    anchor: np.ndarray  # the last one that was lower than the anchor before by enough
    n_without_improvement: np.ndarray
    reference: np.ndarray  # what the loss is compared with to see divergence
    null: np.ndarray  # loss of the best constant; NaN where it is not needed
    unit: np.ndarray  # what `tol` is a share of, in what is watched
    tol: np.ndarray
    patience: np.ndarray  # epochs
    max_iter: np.ndarray
    recent: np.ndarray
    """What was watched in the last epochs, (n_fits, n_epochs); NaN before the first."""

    @classmethod
    def start(cls, jobs: Sequence[Job], reference: np.ndarray, null: np.ndarray) -> Progress:
        """Return the progress of fits that begin, or go on from where they paused."""
        numbers = np.array([(*_so_far(job), *_limits(job.plan)) for job in jobs], dtype=np.float64)
        best, anchor, n_without, tol, patience, max_iter = numbers.T.copy()
        return cls(
            best=best,
            anchor=anchor,
            n_without_improvement=n_without,
            reference=reference + np.zeros(len(jobs)),
            null=null,
            unit=np.ones(len(jobs)) if jobs[0].plan.early_stopping else null,
            tol=tol,
            patience=patience,
            max_iter=max_iter,
            recent=np.array([_last_watched(job) for job in jobs]),
        )

    def take(self, index: np.ndarray) -> Progress:
        """Return the progress of the fits that `index` names."""
        return Progress(*(getattr(self, field.name)[index] for field in fields(self)))

    def observe(self, watched: np.ndarray) -> np.ndarray:
        """Count epochs without improvement by ``tol``; return which fits are the best so far.

        Scores are watched as they are, and losses in units of that of the best constant. Small
        improvements add up. Scores of few rows are noisy: it is their mean over some epochs that
        has to improve.
        """
        smooth = self._smoothed(watched)
        enough = smooth < self.anchor - self.tol * self.unit
        self.anchor = np.where(enough, smooth, self.anchor)
        self.n_without_improvement = np.where(enough, 0, self.n_without_improvement + 1)
        is_best = watched < self.best
        self.best = np.minimum(self.best, watched)
        return is_best

    def _smoothed(self, watched: np.ndarray) -> np.ndarray:
        """Return the mean of what was watched in the last epochs, of which this is one."""
        if self.recent.shape[1] == 1:
            return watched
        self.recent = np.concatenate([self.recent[:, 1:], watched[:, None]], axis=1)
        return np.nansum(self.recent, axis=1) / (~np.isnan(self.recent)).sum(axis=1)

    def diverged(self, loss: np.ndarray, params_sum: np.ndarray) -> np.ndarray:
        """Return which fits have an objective that is not finite or absurdly large."""
        finite = np.isfinite(loss) & np.isfinite(params_sum)
        return ~finite | (loss > EXPLODED * np.maximum(self.reference, _LEAST))

    @property
    def has_waited(self) -> np.ndarray:
        """Whether loss or score has not improved for long, (n_fits,)."""
        return self.n_without_improvement >= self.patience

    def stochastic_reasons(self, n_iter: int, expects_more: np.ndarray) -> np.ndarray:
        """Return why each fit is done, empty where it is not.

        Loss or score has not improved for long, unless the schedule `expects_more`; or the epochs
        are used up.
        """
        return _first_of(
            ("no_improvement", self.has_waited & ~expects_more),
            ("max_iter", n_iter >= self.max_iter),
        )

    def full_batch_reasons(
        self,
        n_iter: int,
        loss: np.ndarray,
        optimality: np.ndarray,
        stalled: np.ndarray | None,
        job: Job,
    ) -> np.ndarray:
        """Return why each fit is done, empty where it is not.

        The objective can fall by no more than ``tol`` times what it is below that of the best
        constant (and times itself where the optimizer proves it), or rounding hides where to, or
        the iterations are used up.

        Parameters
        ----------
        n_iter : int
            Iterations so far.
        loss, optimality : ndarray of shape (n_fits,)
            The objective, and about how much it can still fall.
        stalled : ndarray of shape (n_fits,), optional
            Fits that cannot move.
        job : Job
            One of them.
        """
        eps = float(np.finfo(job.dtype).eps)
        fallen = np.maximum(self.null - loss, 0.0)
        goal = fallen
        if job.plan.optimizer.proves_optimality:
            goal = np.minimum(fallen, loss + self.tol * self.null)
        has_converged = optimality <= self.tol * goal
        if has_converged.all():
            return np.full(len(loss), "converged", dtype=object)
        # Neither the objective nor a prediction of 0 is known better.
        rounding = _ROUNDING * eps * (self.null + _ROUNDING * eps * self.reference)
        reasons = [
            ("converged", has_converged),
            ("precision", optimality <= rounding),
        ]
        if stalled is not None:
            is_near = optimality <= eps**0.25 * fallen
            reasons += [("precision", stalled & is_near), ("stalled", stalled)]
        if job.plan.early_stopping:
            reasons.append(("no_improvement", self.has_waited))
        return _first_of(*reasons, ("max_iter", n_iter >= self.max_iter))


def expects_more(factors: np.ndarray, passed: float) -> np.ndarray:
    """Return whether the best of a schedule is yet to come, (n_fits,).

    It is where factors fall to less than half of their peak, and have not yet; or where the peak
    itself is ahead: what does not improve at a high rate may at a low one, and the reverse.

    Parameters
    ----------
    factors : ndarray of shape (n_fits, n_times)
        On the learning rate, evenly over all epochs.
    passed : float
        Share of the epochs that has passed.
    """
    now = min(int(passed * (factors.shape[1] - 1)), factors.shape[1] - 1)
    peak, rest = factors.max(axis=1), factors[:, now:]
    is_high = rest[:, 0] > peak / 2
    falls = is_high & (rest.min(axis=1) <= peak / 2)
    return falls | (~is_high & (factors.argmax(axis=1) > now))


def _so_far(job: Job) -> tuple[float, float, float]:
    """Return the best loss, the anchor, and for how many epochs there was no improvement."""
    past = job.paused
    if past is None:
        return np.inf, np.inf, 0
    return past.best, past.anchor, past.n_without_improvement


def _limits(plan: Plan) -> tuple[float, float, float]:
    """Return what improvements have to be, how long they are waited for, and the last epoch."""
    return plan.tol, plan.n_iter_no_change, plan.max_iter


def _last_watched(job: Job) -> list[float]:
    """Return what was watched in the last epochs that count, NaN before the first."""
    n_epochs = _N_SMOOTHED if job.plan.early_stopping else 1
    scores = [] if job.paused is None else job.paused.validation_scores
    last = [-score for score in scores[-n_epochs:]]
    return [np.nan] * (n_epochs - len(last)) + last


def _first_of(*reasons: tuple[str, np.ndarray]) -> np.ndarray:
    """Return the first reason that holds for each fit, empty where none does."""
    found = np.full(len(reasons[0][1]), "", dtype=object)
    for reason, holds in reversed(reasons):
        found[holds] = reason
    return found


def divergence_error(job: Job, loss: float, epoch: int) -> DivergenceError:
    """Return the error of a fit that diverged."""
    rate = getattr(job.plan.optimizer, "learning_rate", None)
    with_rate = "" if rate is None else f" with learning_rate={rate:g}"
    unit = "iteration" if job.plan.optimizer.is_full_batch else "epoch"
    advice = "" if rate is None else " Lower the learning rate, or scale the data."
    return DivergenceError(
        f"The fit diverged: optimizer {job.plan.optimizer.name!r}{with_rate} reached a loss of "
        f"{loss:.3g} in {unit} {epoch}.{advice}"
    )
