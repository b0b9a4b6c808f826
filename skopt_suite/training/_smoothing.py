"""Losses with kinks for solvers that need smooth ones: a few passes with less and less smoothing.

A smoothed loss is at most ``width / 2`` per output below the loss itself. Every pass begins where
the one before ended, with a smaller width, until what it leaves out and what is left to the optimum
of the smoothed objective are together no more than ``tol`` asks for. What an envelope leaves out is
known at the end of a pass: its tangent, higher by ``width / 2 slope²``, touches the loss itself.
(A. Beck and M. Teboulle, "Smoothing and first order methods: a unified framework", SIAM Journal on
Optimization 22, 2012; the continuation as in S. Becker, J. Bobin and E. Candès, "NESTA", SIAM
Journal on Imaging Sciences 4, 2011.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np

from skopt_suite._component import stack as stack_components
from skopt_suite.backends import (
    Array,
    Params,
    Placement,
    like,
    namespace,
    to_numpy,
    weighted_sum,
)
from skopt_suite.losses import Loss
from skopt_suite.training._constants import Constants
from skopt_suite.training._job import Job
from skopt_suite.training._objective import Terms
from skopt_suite.training._plan import Plan
from skopt_suite.training._result import Result
from skopt_suite.training._rows import Data, Rows
from skopt_suite.training._stack import Stack, build_stack

Run = Callable[[list[Job]], list[Result]]

_SHARES = tuple(0.1**i for i in range(1, 13))
"""Widths of the first passes, as shares of the loss of the best constant: two for all fits, and
more where those of the last passes are narrower still."""
_MULTIPLES = (30.0, 10.0, 1.0)
"""Widths of the last passes, as multiples of the one that leaves out half of `tol` at most.

A narrower one is for fits of which the one before leaves out more than that."""
_CLOSER = 100  # times nearer than `tol` they come: the parabolas that solvers see end soon
_LEAST_FALL = 0.01  # share of that loss which the objective is taken to fall by at the least
_ROUNDING = 1000  # units in the last place that a width is at the least


class _Smoothed(NamedTuple):
    """A job, what it was trained as, and what came out."""

    job: Job
    staged: Job
    result: Result


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
    results: dict[int, Result] = {}
    going = list(range(len(jobs)))
    for share, multiple in [*((share, 0.0) for share in _SHARES), *((0.0, m) for m in _MULTIPLES)]:
        now = [k for k in going if multiple or _takes(share, jobs[k])]
        if not now:
            continue
        staged = {k: _smoothed(jobs[k], results.get(k), share, multiple, nulls[k]) for k in now}
        for k, result in zip(now, run(list(staged.values())), strict=True):
            results[k] = _joined(results.get(k), result, jobs[k].plan)
        going = [k for k in going if _goes_on(results[k])]
        if multiple and going:
            fits = [_Smoothed(jobs[k], staged[k], results[k]) for k in going]
            most = [jobs[k].plan.tol / 2 * _fall(nulls[k], results[k]) for k in going]
            going = [going[i] for i in np.flatnonzero(_left_out(fits, data, placement) > most)]
    done = [results[k] for k in range(len(jobs))]
    _measure(jobs, done, data, placement)
    return done


def _null_losses(jobs: Sequence[Job], data: Data, placement: Placement) -> np.ndarray:
    """Return the loss of the best constant, (n_fits,), 1 where that is 0."""
    stack = build_stack(jobs, placement)
    losses = Constants(jobs, stack, data.train, data.train.n_samples).null_losses
    return np.where(losses > 0, losses, 1.0)


def _goes_on(result: Result) -> bool:
    return result.stop_reason in ("converged", "precision", "stalled")


def _takes(share: float, job: Job) -> bool:
    """Whether a job has a pass with a width that is so large a share."""
    last = max(_MULTIPLES[0] * job.plan.tol, _ROUNDING * float(np.finfo(job.dtype).eps))
    return share >= _SHARES[1] or share > last


def _fall(null: float, last: Result | None) -> float:
    """Return what the objective has fallen by from that of the best constant, at the least."""
    return max(null - (0.0 if last is None else last.loss), _LEAST_FALL * null)


def _smoothed(job: Job, last: Result | None, share: float, multiple: float, null: float) -> Job:
    """Return the job of the next pass, whose width is a share or a multiple."""
    plan, eps = job.plan, float(np.finfo(job.dtype).eps)
    tol = max(plan.tol, share / 10)
    if multiple:
        tol = plan.tol / 2 / _CLOSER
        least = plan.tol * _fall(null, last) / null / job.network.sizes[-1]
        share = min(max(multiple * least, _ROUNDING * eps), _SHARES[1])
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
    later.paused = None  # of the smoothed objective
    return later


def _left_out(fits: Sequence[_Smoothed], data: Data, placement: Placement) -> np.ndarray:
    """Return how far the loss may fall where the smoothed one cannot, (n_fits,)."""
    jobs, staged, results = zip(*fits, strict=True)
    stack = _at_the_end(staged, results, placement)
    loss = stack_components([job.loss for job in jobs], placement, ndim=3)
    of_rows = partial(_left_out_on, stack.terms, loss, stack.params)
    total = data.train.summed(of_rows, stack.weights)
    return np.asarray(to_numpy(total), dtype=np.float64) / data.train.n_samples


def _left_out_on(terms: Terms, loss: Loss, params: Params, rows: Rows) -> Array:
    """Return the sum over some rows, (n_fits,)."""
    xp, smooth = namespace(params), terms.loss
    raw, _ = terms.network.forward(params, rows.X, terms.context)
    value = loss.value_and_gradient(rows.y, xp.asarray(raw, copy=True))[0]
    smoothed, slope = smooth.value_and_gradient(rows.y, raw)
    left = value - smoothed
    if smooth.is_envelope:
        (width,) = like(slope, smooth.width)
        left = left - xp.sum(width / 2 * slope * slope, axis=-1)
    weight = xp.ones_like(left) if rows.weight is None else rows.weight
    return weighted_sum(left, weight)


def _at_the_end(jobs: Sequence[Job], results: Sequence[Result], placement: Placement) -> Stack:
    """Return the stack of jobs where fits have ended."""
    starts = [np.asarray(to_numpy(result.params)) for result in results]
    ends = [replace(job, start=start) for job, start in zip(jobs, starts, strict=True)]
    return build_stack(ends, placement)


def _measure(
    jobs: Sequence[Job], results: Sequence[Result], data: Data, placement: Placement
) -> None:
    """Put the objective itself in the place of the smoothed one at the end of every fit."""
    stack = _at_the_end(jobs, results, placement)
    value = stack.terms.on_all(data.train, stack.weights).value(stack.params)
    value = value + stack.terms.uncounted_penalty(stack.params)
    for result, loss in zip(results, np.asarray(to_numpy(value), dtype=np.float64), strict=True):
        if result.error is None:
            result.loss = result.loss_curve[-1] = float(loss)
