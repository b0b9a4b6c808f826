"""Losses with kinks for solvers that need smooth ones: a few passes with less and less smoothing.

A smoothed loss is at most ``width / 2`` per output below the loss itself. Every pass begins where
the one before ended, with a smaller width; the last width is so small that what it leaves out and
what is left to the optimum of the smoothed objective are together no more than ``tol`` asks for.
(A. Beck and M. Teboulle, "Smoothing and first order methods: a unified framework", SIAM Journal on
Optimization 22, 2012; the continuation as in S. Becker, J. Bobin and E. Candès, "NESTA", SIAM
Journal on Imaging Sciences 4, 2011.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from skopt_suite.backends import Placement, to_numpy
from skopt_suite.training._job import Job
from skopt_suite.training._null import null_losses
from skopt_suite.training._plan import Plan
from skopt_suite.training._result import Result
from skopt_suite.training._rows import Data
from skopt_suite.training._stack import build_stack

Run = Callable[[list[Job]], list[Result]]

_SHARES = (0.1, 0.01)
"""Widths of the first passes, as shares of the loss of the best constant."""
_LEAST_FALL = 0.01  # share of that loss which the objective is taken to fall by at the least
_ROUNDING = 1000  # units in the last place that a width is at the least


def needs_smoothing(plan: Plan) -> bool:
    """Whether the loss has kinks that the optimizer does not take."""
    return not (plan.loss.is_smooth or plan.optimizer.takes_kinks)


def train_smoothed(jobs: Sequence[Job], data: Data, placement: Placement, run: Run) -> list[Result]:
    """Return the results of jobs with the same key whose losses have kinks.

    Parameters
    ----------
    jobs : list of Job
        What to train.
    data : Data
        The rows that all of them see.
    placement : Placement
        Where to compute.
    run : callable
        Trains jobs whose losses are smooth.
    """
    nulls = _null_losses(jobs, data, placement)
    results: list[Result | None] = [None] * len(jobs)
    for share in (*_SHARES, 0.0):
        going = [k for k, result in enumerate(results) if result is None or _goes_on(result)]
        if not going:
            break
        staged = [_smoothed(jobs[k], results[k], share, nulls[k]) for k in going]
        for k, result in zip(going, run(staged), strict=True):
            results[k] = _joined(results[k], result, jobs[k].plan)
    done = [result for result in results if result is not None]
    _measure(jobs, done, data, placement)
    return done


def _null_losses(jobs: Sequence[Job], data: Data, placement: Placement) -> np.ndarray:
    """Return the loss of the best constant, (n_fits,), 1 where that is 0."""
    stack = build_stack(jobs, placement)
    losses = null_losses(jobs, stack, data.train, data.train.n_samples)
    return np.where(losses > 0, losses, 1.0)


def _goes_on(result: Result) -> bool:
    return result.stop_reason in ("converged", "precision", "stalled")


def _smoothed(job: Job, last: Result | None, share: float, null: float) -> Job:
    """Return the job of the next pass; a share of 0 is the last one."""
    plan, eps = job.plan, float(np.finfo(job.dtype).eps)
    tol = max(plan.tol, share / 10)
    if not share:
        tol = plan.tol / 2
        fall = max(null - (0.0 if last is None else last.loss), _LEAST_FALL * null)
        share = max(plan.tol * fall / null / job.network.sizes[-1], _ROUNDING * eps)
    loss = plan.loss.smoothed(share * null)
    if last is None:
        return replace(job, plan=replace(plan, loss=loss, tol=tol))
    left = plan.max_iter - last.n_iter
    start = np.asarray(to_numpy(last.params))
    return replace(job, plan=replace(plan, loss=loss, tol=tol, max_iter=left), start=start)


def _joined(earlier: Result | None, later: Result, plan: Plan) -> Result:
    """Return the result of passes that followed each other."""
    if earlier is not None:
        later.n_iter += earlier.n_iter
        later.loss_curve = earlier.loss_curve + later.loss_curve
        best = max(earlier.validation_scores, default=-np.inf)
        if plan.early_stopping and best >= max(later.validation_scores, default=np.inf):
            later.params = earlier.params
        later.validation_scores = earlier.validation_scores + later.validation_scores
    if _goes_on(later) and later.n_iter >= plan.max_iter:
        later.stop_reason = "max_iter"
    later.checkpoint = None  # of the smoothed objective
    return later


def _measure(
    jobs: Sequence[Job], results: Sequence[Result], data: Data, placement: Placement
) -> None:
    """Put the objective itself in the place of the smoothed one at the end of every fit."""
    starts = [np.asarray(to_numpy(result.params)) for result in results]
    ends = [replace(job, start=start) for job, start in zip(jobs, starts, strict=True)]
    stack = build_stack(ends, placement)
    value = stack.terms.on_all(data.train, stack.weights).value(stack.params)
    value = value + stack.terms.uncounted_penalty(stack.params)
    for result, loss in zip(results, np.asarray(to_numpy(value), dtype=np.float64), strict=True):
        if result.error is None:
            result.loss = result.loss_curve[-1] = float(loss)
