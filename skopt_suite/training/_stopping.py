"""When a fit is done: per-fit convergence, early stopping and divergence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from skopt_suite.exceptions import DivergenceError
from skopt_suite.training._job import Job

EXPLODED = 1e4
"""How many times its reference a loss may be before the fit counts as diverged."""


@dataclass
class Progress:
    """How far each fit of a stack is; arrays of shape (n_fits,), on the host."""

    jobs: list[Job]
    best: np.ndarray  # lowest loss, or minus the highest validation score
    n_without_improvement: np.ndarray
    reference: np.ndarray  # what the loss is compared with to see divergence

    @classmethod
    def start(cls, jobs: Sequence[Job], reference: np.ndarray) -> Progress:
        """Return the progress of fits that begin, or go on from a checkpoint."""
        pasts = [job.checkpoint for job in jobs]
        best = [np.inf if past is None else past.best for past in pasts]
        waited = [0 if past is None else past.n_without_improvement for past in pasts]
        reference = np.broadcast_to(reference, (len(jobs),)).copy()
        return cls(list(jobs), np.array(best), np.array(waited, dtype=int), reference)

    def take(self, index: np.ndarray) -> Progress:
        """Return the progress of the fits that `index` names."""
        return Progress(
            [self.jobs[i] for i in index],
            self.best[index],
            self.n_without_improvement[index],
            self.reference[index],
        )

    def observe(self, watched: np.ndarray) -> np.ndarray:
        """Count epochs without improvement by ``tol``; return which fits are the best so far."""
        tol = np.array([job.tol for job in self.jobs])
        enough = watched < self.best - tol
        self.n_without_improvement = np.where(enough, 0, self.n_without_improvement + 1)
        is_best = watched < self.best
        self.best = np.minimum(self.best, watched)
        return is_best

    def diverged(self, loss: np.ndarray, params_sum: np.ndarray) -> np.ndarray:
        """Return which fits have an objective that is not finite or absurdly large."""
        finite = np.isfinite(loss) & np.isfinite(params_sum)
        return ~finite | (loss > EXPLODED * self.reference)

    def reasons(
        self,
        n_iter: int,
        loss: np.ndarray,
        optimality: np.ndarray | None,
        stalled: np.ndarray | None,
    ) -> list[str | None]:
        """Return why each fit is done, None where it is not."""
        if optimality is None:
            return [self._stochastic_reason(k, n_iter) for k in range(len(self.jobs))]
        if stalled is None:
            stalled = np.zeros(len(self.jobs), dtype=bool)
        return [
            self._full_batch_reason(k, n_iter, float(loss[k]), float(optimality[k]), stalled[k])
            for k in range(len(self.jobs))
        ]

    def _stochastic_reason(self, k: int, n_iter: int) -> str | None:
        """Loss or score has not improved for long, or the epochs are used up."""
        if self.n_without_improvement[k] >= self.jobs[k].n_iter_no_change:
            return "no_improvement"
        return "max_iter" if n_iter >= self.jobs[k].max_iter else None

    def _full_batch_reason(
        self, k: int, n_iter: int, loss: float, optimality: float, stalled: bool
    ) -> str | None:
        """The gradient is small, or no smaller one can be had, or the iterations are used up."""
        job = self.jobs[k]
        if optimality <= job.tol:
            return "converged"
        if stalled:
            negligible = np.sqrt(np.finfo(job.dtype).eps) * max(1.0, abs(loss))
            return "precision" if optimality <= negligible else "stalled"
        if job.early_stopping and self.n_without_improvement[k] >= job.n_iter_no_change:
            return "no_improvement"
        return "max_iter" if n_iter >= job.max_iter else None


def divergence_error(job: Job, loss: float, epoch: int) -> DivergenceError:
    """Return the error of a fit that diverged."""
    rate = getattr(job.optimizer, "learning_rate", None)
    with_rate = "" if rate is None else f" with learning_rate={rate:g}"
    unit = "iteration" if job.optimizer.is_full_batch else "epoch"
    advice = "" if rate is None else " Lower the learning rate, or scale the data."
    return DivergenceError(
        f"The fit diverged: optimizer {job.optimizer.name!r}{with_rate} reached a loss of "
        f"{loss:.3g} in {unit} {epoch}.{advice}"
    )
