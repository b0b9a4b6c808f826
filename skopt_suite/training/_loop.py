"""The training loop: one for every optimizer, model and number of fits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from skopt_suite._component import take
from skopt_suite.backends import (
    Array,
    Params,
    Placement,
    blas_threads_for,
    namespace,
    to_numpy,
)
from skopt_suite.training._cluster import Cluster
from skopt_suite.training._cluster_scores import held_out_on
from skopt_suite.training._cluster_steps import ClusterSteps, cluster_steps
from skopt_suite.training._compiled import CompiledSteps, compiled_steps
from skopt_suite.training._constants import Constants
from skopt_suite.training._device_steps import DeviceSteps
from skopt_suite.training._epoch import Epoch, Steps, buffers_of, epoch_of, run_steps
from skopt_suite.training._far_off import are_far_off
from skopt_suite.training._history import History
from skopt_suite.training._job import Job
from skopt_suite.training._kept import Keeper, KeptPass
from skopt_suite.training._memory import Memory, Paused
from skopt_suite.training._observer import Observer, Report
from skopt_suite.training._reference import reference_losses
from skopt_suite.training._result import Result
from skopt_suite.training._rows import Data, Source
from skopt_suite.training._rows_read import tell_rows
from skopt_suite.training._smoothing import needs_smoothing, train_smoothed
from skopt_suite.training._stack import build_stack
from skopt_suite.training._stopping import N_TIMES, Progress, divergence_error, expects_more
from skopt_suite.training._trees import in_precision_of, is_packed, one_on_host, unpack

Keep = Literal["memory", "paused", "nothing"]
_IN_DOUBT = frozenset(["diverged", "stalled"])
"""Why fits end that cannot go on: of numbers that are not finite, too."""


def train(
    jobs: Sequence[Job],
    data: Data,
    placement: Placement,
    observer: Observer | None = None,
    n_epochs: int | None = None,
    keep: Keep = "memory",
    cancelled: Callable[[], bool] | None = None,
    keeper: Keeper | None = None,
) -> list[Result]:
    """Train all jobs as one stack and return their results in the same order.

    Parameters
    ----------
    jobs : list of Job
        Fits with the same ``key``.
    data : Data
        The rows that all of them see.
    placement : Placement
        Where to compute; `data` lives there.
    observer : Observer, optional
        Is told about every epoch.
    n_epochs : int, optional
        Train for exactly that many epochs, whatever has converged; None: until each is done.
    keep : {"memory", "paused", "nothing"}
        What results hold beside the parameters: the memory of optimizers that are incremental,
        what fits go on from that have used up their epochs, or nothing.
    cancelled : callable, optional
        Is asked before every step; True ends the pass with `Cancelled`.
    keeper : Keeper, optional
        Keeps in files how far passes are; what files have of them is not trained again.

    Returns
    -------
    results : list of Result
        A fit that diverged has an ``error``; the others are untouched by it.
    """
    # what overflows is found by its loss, and is an error then
    with np.errstate(all="ignore"), blas_threads_for(_largest_product(jobs[0], data)):

        def run(jobs: list[Job]) -> list[Result]:
            kept = None if keeper is None else keeper.next_pass(placement)
            if kept is not None and kept.results is not None:
                kept.tell(observer, kept.results[0].loss_curve, kept.results[0].validation_scores)
                return kept.results
            given = observer, n_epochs, keep, cancelled, kept
            try:
                return _Pass(jobs, data, placement, *given).run()
            except np.linalg.LinAlgError:  # of moments that are no numbers, it may be
                data.train.look_for_nan()
                raise

        if needs_smoothing(jobs[0].plan):
            return train_smoothed(jobs, data, placement, run)
        return run(list(jobs))


@dataclass
class _Pass:
    """One pass over a stack of fits."""

    jobs: list[Job]
    data: Data
    placement: Placement
    observer: Observer | None
    n_epochs: int | None
    keep: Keep
    cancelled: Callable[[], bool] | None
    kept: KeptPass | None = None
    results: dict[int, Result] = field(default_factory=dict)

    def __post_init__(self) -> None:
        first, source = self.jobs[0], self.data.train
        self.plan = first.plan
        self.batch_size = self.plan.rows_per_step(source.n_samples)
        self.n_at_once = self.plan.rows_per_look(source.n_samples)
        self.n_steps = first.n_steps(source.n_samples)
        self.stack = build_stack(self.jobs, self.placement)
        self.epoch = 0 if first.paused is None else first.paused.epoch
        self.time = 0.0 if first.past is None else first.past.time
        self.shuffles = source.shuffles(first.seed, self.placement)
        self._see_all_rows()
        self._begin_optimizer(is_new=first.past is None)
        self.compiled = self._calls(source)
        self.progress = self._progress()
        self.held_out = held_out_on(self.jobs, self.data, self.placement, self.n_at_once)
        pasts = [job.paused for job in self.jobs]
        self.losses = History([[] if past is None else past.loss_curve for past in pasts])
        self.scores = History([[] if past is None else past.validation_scores for past in pasts])

    def _calls(self, source: Source) -> ClusterSteps | CompiledSteps | DeviceSteps | None:
        """Return what makes the steps of epochs in few calls; None: the definition makes them."""
        if isinstance(source, Cluster):
            return cluster_steps(self.stack)
        precision = self.plan.matmul_precision
        return compiled_steps(self.stack, source, self.batch_size, precision)

    def _begin_optimizer(self, is_new: bool) -> None:
        """Find the state of the optimizer, from that of earlier fits if there are any."""
        stack, whole = self.stack, self.whole
        is_converted = any(job.past and job.past.params.dtype != job.dtype for job in self.jobs)
        if is_new or is_converted or is_packed(stack.optimizer_state):
            new = stack.optimizer.init(stack.params, whole)
            stack.optimizer_state = new if is_new else unpack(stack.optimizer_state, new)
            if is_converted:
                stack.optimizer_state = in_precision_of(new, stack.optimizer_state, self.placement)
        if not is_new:
            state = stack.optimizer_state
            stack.optimizer_state = stack.optimizer.resume(state, stack.params, whole)
            self._begin_anew_from_what_was_shown()

    def _begin_anew_from_what_was_shown(self) -> None:
        """Let the optimizer begin there if predictions would use other parameters than before.

        Others may stand where an average was, or the optimizer may show another mix of what it has.
        """
        stack, now = self.stack, self.stack.shown_params
        if now is stack.params:
            return
        before = np.concatenate([job.past.shown for job in self.jobs if job.past is not None])
        eps = np.sqrt(max(np.finfo(one).eps for one in (before.dtype, self.jobs[0].dtype)))
        if not np.allclose(_on_host(now), before, rtol=eps, atol=eps * np.max(np.abs(before))):
            params = np.ascontiguousarray(before[:, : stack.params.shape[1]])
            params = self.placement.asarray(params, dtype=self.jobs[0].dtype)
            stack.params = stack.terms.allowed(params)
            stack.optimizer_state = stack.optimizer.init(stack.params, self.whole)

    def _progress(self) -> Progress:
        """Return how far fits are, and what that is measured in: NaN where nobody asks."""
        given = self.jobs, self.stack, self.data.train, self.n_at_once
        is_asked = self.n_epochs is None
        constants = Constants(*given, wants_null=is_asked)
        reference = reference_losses(*given, constants)
        null = constants.null_losses if is_asked else np.full(len(self.jobs), np.nan)
        return Progress.start(self.jobs, reference, null)

    def run(self) -> list[Result]:
        """Train until every fit is done."""
        if self.kept is not None:
            self.kept.resume(self)
        while len(self.stack.index):
            self._run_epoch()
            if self.kept is not None:
                self.kept.epoch_ends(self)
        return [self.results[k] for k in range(len(self.jobs))]

    def _see_all_rows(self) -> None:
        """Find the objective on all rows, for the fits that are there now."""
        self.whole = self.stack.terms.on_all(self.data.train, self.stack.weights)

    def _run_epoch(self) -> None:
        if self.observer:
            self.observer.epoch_begins()
        self.epoch += 1
        epoch = self._epoch()
        steps = self._train_epoch(epoch)
        if not self.data.train.has_parts:  # which tell how far they are
            tell_rows(self.data.train.n_samples)
        self.time += 1.0
        self._end_epoch(epoch, steps)

    def _train_epoch(self, epoch: Epoch) -> Steps:
        """Step through all batches."""
        stack = self.stack
        if self.compiled is None:
            steps = run_steps(epoch, stack, range(self.n_steps), self.cancelled)
        else:
            steps = Steps(self.compiled.run(epoch, stack, self.cancelled))
            if epoch.order is not None and not self.placement.is_numpy:  # which has not waited
                self.shuffles.draw(epoch.number + 1)
        if stack.buffers is not None:
            shown = stack.optimizer.eval_params(stack.optimizer_state, stack.params)
            stack.buffers = buffers_of(epoch, stack, shown)
        return steps

    def _epoch(self) -> Epoch:
        """Return what the steps of the next epoch need."""
        given = self.stack, self.data.train, self.placement, self.batch_size, self.n_steps
        if self.n_steps == 1:
            return epoch_of(*given, self.time, None, self.whole)
        order = self.shuffles.of(int(self.time)) if self.plan.shuffle else None
        return epoch_of(*given, self.time, order)

    def _end_epoch(self, epoch: Epoch, steps: Steps) -> None:
        """Record the epoch and let the fits that are done leave the stack."""
        stack = self.stack
        loss = _on_host(steps.loss + stack.terms.uncounted_penalty(stack.params))
        params_sum = _on_host(namespace(stack.params).sum(stack.params, axis=-1))
        score = None if self.held_out is None else self.held_out.scores(stack)
        self._record(loss, score)
        stops_early, is_solver = bool(self.plan.early_stopping), steps.optimality is not None
        watched = -score if stops_early and score is not None else loss
        if stops_early or not is_solver:  # others know themselves when they are done
            is_best = self.progress.observe(watched)
        if stops_early:
            self._keep_best(is_best)
        if stack.optimizer.takes_schedule:
            column = self.placement.asarray(watched[:, None], dtype="float64")
            stack.schedule_state = stack.schedule.observe(stack.schedule_state, column)

        diverged = self.progress.diverged(loss, params_sum)
        stopped = self._tell_observer(loss, score, diverged)
        reasons = self._reasons(loss, steps)
        if stopped:
            reasons[reasons == ""] = "callback"
        if stack.optimizer.takes_schedule and (reasons != "").any():
            # the last step may have ruined a fit: its loss is from before it
            after = self._loss_after(epoch)
            ruined = self.progress.diverged(after, params_sum)
            loss, diverged = np.where(ruined, after, loss), diverged | ruined
        self._retire(diverged, reasons, loss, steps.dual_gap)

    def _reasons(self, loss: np.ndarray, steps: Steps) -> np.ndarray:
        """Return why each fit is done, empty where it is not."""
        if self.n_epochs is not None:
            is_last = self.epoch >= self.n_epochs
            return np.full(len(loss), "max_iter" if is_last else "", dtype=object)
        if steps.optimality is None:
            return self.progress.stochastic_reasons(self.epoch, self._expects_more())
        optimality = _on_host(steps.optimality)
        stalled = None if steps.stalled is None else _on_host(steps.stalled) > 0
        given = self.epoch, loss, optimality, stalled, self.jobs[0]
        reasons = self.progress.full_batch_reasons(*given)
        far_off = are_far_off(reasons, self.stack, self.whole, self.data.train, self.progress)
        if not far_off.any():
            return reasons
        unknown = np.where(far_off, np.inf, optimality)
        return self.progress.full_batch_reasons(*given[:2], unknown, *given[3:])

    def _expects_more(self) -> np.ndarray:
        """Return whether waiting is worth while because of what the schedule has in store."""
        stack = self.stack
        if not self.progress.has_waited.any():
            return np.zeros(len(stack.index), dtype=bool)
        horizon = float(_on_host(stack.horizon).max())
        times = self.placement.asarray(np.linspace(0.0, horizon, N_TIMES))
        factors = stack.schedule.factors(stack.schedule_state, times, stack.horizon)
        return expects_more(_on_host(factors), self.time / horizon)

    def _loss_after(self, epoch: Epoch) -> np.ndarray:
        """Return the objective of every fit as it is now, on the rows of the last step."""
        params, last = self.stack.params, epoch.objective(epoch.n_steps - 1)
        value = last.value(params) + self.stack.terms.uncounted_penalty(params)
        return _on_host(value)

    def _retire(
        self, diverged: np.ndarray, reasons: np.ndarray, loss: np.ndarray, gaps: Array | None
    ) -> None:
        """Store the results of the fits that are done, and keep the others."""
        reasons[diverged] = "diverged"
        is_done = reasons != ""
        (done,) = is_done.nonzero()
        if len(done) == 0:
            return
        if not _IN_DOUBT.isdisjoint(reasons):
            self.data.train.look_for_nan()
        shown = self.stack.shown_params
        copies, penalties = self._copies(done, shown), self._penalties(done).tolist()
        for k, params, penalty in zip(done.tolist(), copies, penalties, strict=True):
            job_index, reason, error = self.stack.index[k], reasons[k], None
            if reason == "diverged":
                error = divergence_error(self.jobs[job_index], loss[k], self.epoch)
            result = self._result(k, params, shown, loss[k], penalty, reason, error)
            if gaps is not None and self.stack.best_params is None:
                result.dual_gap = _on_host(gaps[k, ...])
            self.results[job_index] = result
        if len(done) < len(reasons):
            kept = np.flatnonzero(~is_done)
            order = self.stack.keep(kept, self.placement)
            self.progress = self.progress.take(order)
            self.whole = self.whole.take(self.placement.asarray(order))
        else:
            self.stack.index = self.stack.index[:0]

    def _copies(self, done: np.ndarray, shown: Params) -> Iterator[Array]:
        """Yield the final parameters of the fits at positions `done`, copied.

        Those of results that are soon forgotten are rows of one copy, which a GPU makes in hardly
        more time than that of one fit; one that is kept must not keep those of others.
        """
        xp, final = self.placement.xp, self._final(shown)
        if self.keep == "nothing":
            rows = xp.take(final, self.placement.asarray(done), axis=0)
            return (rows[k, ...] for k in range(len(done)))
        return (xp.asarray(final[k, ...], copy=True) for k in done.tolist())

    def _final(self, shown: Params) -> Params:
        """Return what fits would end with now."""
        return shown if self.stack.best_params is None else self.stack.best_params

    def _result(
        self,
        k: int,
        params: Array,
        shown: Params,
        loss: float,
        penalty: float,
        reason: str,
        error: Exception | None,
    ) -> Result:
        """Return the result of the fit at position `k` of the stack."""
        stack, job_index = self.stack, self.stack.index[k]
        remembers = self.keep == "memory" and stack.optimizer.is_incremental
        resumes = self.keep == "paused" and reason == "max_iter"
        return Result(
            params=params,
            n_iter=self.epoch,
            loss=float(loss),
            loss_curve=self.losses.of(job_index),
            validation_scores=self.scores.of(job_index),
            stop_reason=reason,
            memory=self._memory(k, self._final(shown)) if remembers else None,
            penalty=penalty,
            null_loss=float(self.progress.null[k]),
            paused=self._paused(k, shown) if resumes else None,
            error=error,
        )

    def _penalties(self, done: np.ndarray) -> np.ndarray:
        """Return the penalties of the fits at positions `done` of the stack; NaN of solvers."""
        stack, penalty, params = self.stack, self.stack.terms.penalty, self.stack.params
        if stack.optimizer.is_full_batch:
            return np.full(len(done), np.nan)
        if len(done) < len(stack.index):
            index = self.placement.asarray(done)
            penalty, params = take(penalty, index), self.placement.xp.take(params, index, axis=0)
        return _on_host(penalty.value(stack.terms.network.layout.weights(params)))

    def _memory(self, k: int, final: Params) -> Memory:
        """Return all that the fit at position `k` needs to go on from what it shows."""
        memory = self._state(k, final)
        if self.stack.best_params is None:
            return memory
        return memory._replace(params=memory.shown)

    def _state(self, k: int, shown: Params) -> Memory:
        """Return all that the fit at position `k` needs to go on from where it is."""
        stack = self.stack
        return Memory(
            params=one_on_host(stack.with_buffers(stack.params), k),
            shown=one_on_host(shown, k),
            optimizer=one_on_host(stack.optimizer_state, k),
            schedule=one_on_host(stack.schedule_state, k),
            time=self.time,
            seed=self.jobs[0].seed,
            reference_loss=float(self.progress.reference[k]),
        )

    def _paused(self, k: int, shown: Params) -> Paused:
        job_index = self.stack.index[k]
        return Paused(
            memory=self._state(k, shown),
            epoch=self.epoch,
            best=float(self.progress.best[k]),
            anchor=float(self.progress.anchor[k]),
            n_without_improvement=int(self.progress.n_without_improvement[k]),
            best_params=one_on_host(self.stack.best_params, k),
            loss_curve=self.losses.of(job_index),
            validation_scores=self.scores.of(job_index),
        )

    def _record(self, loss: np.ndarray, score: np.ndarray | None) -> None:
        self.losses.record(self.stack.index, loss)
        if score is not None:
            self.scores.record(self.stack.index, score)

    def _keep_best(self, is_best: np.ndarray) -> None:
        """Copy the parameters of the fits that have never scored better."""
        stack, xp = self.stack, self.placement.xp
        if stack.best_params is None:
            stack.best_params = xp.asarray(stack.shown_params, copy=True)
        elif is_best.any():
            mask = self.placement.asarray(is_best[:, None])
            stack.best_params = xp.where(mask, stack.shown_params, stack.best_params)

    def _tell_observer(
        self, loss: np.ndarray, score: np.ndarray | None, diverged: np.ndarray
    ) -> bool:
        """Return whether the observer stops the pass; it is not told where all fits diverged."""
        if self.observer is None or diverged.all():
            return False
        params = self.stack.shown_params
        report = Report(self.epoch, self.stack.index, loss, score, lambda k: params[k, ...])
        return self.observer.epoch_ends(report)


def _largest_product(job: Job, data: Data) -> float:
    """Return the floating-point operations of the largest matrix product of a step, per fit."""
    n_rows = job.plan.rows_per_step(data.train.n_samples)
    return 2.0 * n_rows * job.network.layout.largest_layer


def _on_host(array: Array) -> np.ndarray:
    return np.asarray(to_numpy(array), dtype=np.float64)
