"""The training loop: one for every optimizer, model and number of fits."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np

from skopt_suite.backends import Array, Placement, blas_threads_for, namespace, to_numpy
from skopt_suite.training._batches import Data, blocks, minibatches, n_batches
from skopt_suite.training._dropout import draw_masks
from skopt_suite.training._job import Checkpoint, Job, Memory, Result
from skopt_suite.training._objective import Objective
from skopt_suite.training._reference import reference_losses
from skopt_suite.training._stack import build_stack, to_host
from skopt_suite.training._stopping import Progress, divergence_error

Keep = Literal["memory", "checkpoints", "nothing"]


class Cancelled(Exception):
    """The pass was asked to end."""


class Report(NamedTuple):
    """What an observer is told at the end of an epoch; one entry for every fit still training."""

    epoch: int
    fits: np.ndarray
    loss: np.ndarray
    score: np.ndarray | None
    params: Callable[[int], Any]
    """Position in `fits` → parameters of shape (n_params,), not copied."""


class Observer(Protocol):
    """Who watches a pass: callbacks, verbose output."""

    def epoch_begins(self) -> None:
        """React to the beginning of an epoch."""

    def epoch_ends(self, report: Report) -> bool:
        """React to the end of an epoch; True stops the pass."""


def train(
    jobs: Sequence[Job],
    data: Data,
    placement: Placement,
    observer: Observer | None = None,
    n_epochs: int | None = None,
    keep: Keep = "memory",
    cancelled: Callable[[], bool] | None = None,
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
    keep : {"memory", "checkpoints", "nothing"}
        What results hold beside the parameters: the memory of optimizers that are incremental,
        the checkpoints of fits that have used up their epochs, or nothing.
    cancelled : callable, optional
        Is asked before every step; True ends the pass with `Cancelled`.

    Returns
    -------
    results : list of Result
        A fit that diverged has an ``error``; the others are untouched by it.
    """
    with blas_threads_for(_largest_product(jobs[0], data)):
        return _Pass(list(jobs), data, placement, observer, n_epochs, keep, cancelled).run()


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
    results: dict[int, Result] = field(default_factory=dict)

    def __post_init__(self) -> None:
        first = self.jobs[0]
        n_samples = self.data.train.X.shape[0]
        self.batch_size = first.plan.rows_per_step(n_samples)
        self.n_batches = n_batches(n_samples, self.batch_size)
        self.stack = build_stack(self.jobs, self.placement)
        self.epoch = 0 if first.checkpoint is None else first.checkpoint.epoch
        self.time = 0.0 if first.past is None else first.past.time
        self.shuffling, self.dropping = _random_states(first)
        self.objective = Objective(
            first.network,
            self.stack.loss,
            self.stack.penalty,
            masks=None if self.stack.dropout is None else self._draw_masks,
            counts_penalty=first.plan.optimizer.is_full_batch,
        )
        if first.past is None:
            problem = self.objective.bind(*self.data.train._replace(weight=self.stack.weight))
            self.stack.optimizer_state = self.stack.optimizer.init(self.stack.params, problem)
        reference = reference_losses(
            self.jobs, self.stack, self.objective, self.data.train, self.batch_size
        )
        self.progress = Progress.start(self.jobs, reference)
        pasts = [job.checkpoint for job in self.jobs]
        self.curves = [[] if past is None else list(past.loss_curve) for past in pasts]
        self.scores = [[] if past is None else list(past.validation_scores) for past in pasts]

    def run(self) -> list[Result]:
        """Train until every fit is done."""
        while len(self.stack.index):
            self._run_epoch()
        return [self.results[k] for k in range(len(self.jobs))]

    def _run_epoch(self) -> None:
        if self.observer:
            self.observer.epoch_begins()
        self.epoch += 1
        self._end_epoch(*self._train_epoch())

    def _train_epoch(self) -> tuple[Array, Array | None, Array | None]:
        """Step through all batches; return the mean loss, and optimality and stalled if known."""
        stack, total, optimality, stalled = self.stack, 0.0, None, None
        n_samples = self.data.train.X.shape[0]
        rows = self.data.train._replace(weight=stack.weight)
        for batch in minibatches(rows, self.batch_size, self._order(n_samples), self.placement):
            if self.cancelled is not None and self.cancelled():
                raise Cancelled
            problem = self.objective.bind(*batch)
            factor = stack.schedule.factor_at(stack.schedule_state, self.time, stack.horizon)
            step = stack.optimizer.step(stack.optimizer_state, stack.params, problem, factor)
            stack.params, stack.optimizer_state = step.params, step.state
            optimality, stalled = step.optimality, step.stalled
            total = total + step.loss * (batch.X.shape[0] / n_samples)
            self.time += 1.0 / self.n_batches
        self.time = float(round(self.time))  # no rounding errors of many small steps
        loss = total + self.objective.uncounted_penalty(stack.params)
        return loss, optimality, stalled

    def _end_epoch(self, loss: Array, optimality: Array | None, stalled: Array | None) -> None:
        """Record the epoch and let the fits that are done leave the stack."""
        stack = self.stack
        params_sum = namespace(stack.params).sum(stack.params, axis=-1)
        host_loss, host_sum = _on_host(loss), _on_host(params_sum)
        host_optimality = None if optimality is None else _on_host(optimality)
        host_stalled = None if stalled is None else _on_host(stalled) > 0
        score = self._validation_scores()
        self._record(host_loss, score)
        watched = -score if self.jobs[0].plan.early_stopping and score is not None else host_loss
        is_best = self.progress.observe(watched)
        if self.jobs[0].plan.early_stopping:
            self._keep_best(is_best)
        column = self.placement.asarray(watched[:, None], dtype="float64")
        stack.schedule_state = stack.schedule.observe(stack.schedule_state, column)

        diverged = self.progress.diverged(host_loss, host_sum)
        stopped = not diverged.all() and self._tell_observer(host_loss, score)
        reasons = self._reasons(host_loss, host_optimality, host_stalled)
        if stopped:
            reasons[reasons == ""] = "callback"
        if (reasons != "").any() and stack.optimizer.takes_schedule:
            # the last step may have ruined a fit: its loss is from before it
            after = self._loss_after_last_step()
            ruined = self.progress.diverged(after, host_sum)
            host_loss, diverged = np.where(ruined, after, host_loss), diverged | ruined
        self._retire(diverged, reasons, host_loss)

    def _reasons(
        self, loss: np.ndarray, optimality: np.ndarray | None, stalled: np.ndarray | None
    ) -> np.ndarray:
        """Return why each fit is done, empty where it is not."""
        if self.n_epochs is not None:
            is_last = self.epoch >= self.n_epochs
            return np.full(len(loss), "max_iter" if is_last else "", dtype=object)
        if optimality is None:
            return self.progress.stochastic_reasons(self.epoch)
        job = self.jobs[0]
        return self.progress.full_batch_reasons(self.epoch, loss, optimality, stalled, job)

    def _loss_after_last_step(self) -> np.ndarray:
        """Return the objective of every fit as it is now, on the rows of the last step."""
        params = self.stack.params
        return _on_host(self.objective.value(params) + self.objective.uncounted_penalty(params))

    def _retire(self, diverged: np.ndarray, reasons: np.ndarray, loss: np.ndarray) -> None:
        """Store the results of the fits that are done, and keep the others."""
        reasons[diverged] = "diverged"
        for k in np.flatnonzero(reasons != ""):
            job_index, reason, error = self.stack.index[k], reasons[k], None
            if reason == "diverged":
                error = divergence_error(self.jobs[job_index], loss[k], self.epoch)
            self.results[job_index] = self._result(int(k), loss[k], reason, error)
        kept = np.flatnonzero(reasons == "")
        if len(kept) < len(self.stack.index):
            self.progress = self.progress.take(kept)
            self.stack = self.stack.take(kept, self.placement)
            self.objective = self.objective.take(self.placement.asarray(kept))

    def _result(self, k: int, loss: float, reason: str, error: Exception | None = None) -> Result:
        """Return the result of the fit at position `k` of the stack."""
        stack, job_index = self.stack, self.stack.index[k]
        final = stack.params if stack.best_params is None else stack.best_params
        remembers = self.keep == "memory" and stack.optimizer.is_incremental
        resumes = self.keep == "checkpoints" and reason == "max_iter"
        memory = self._memory(k) if remembers or resumes else None
        return Result(
            params=self.placement.xp.asarray(final[k, ...], copy=True),
            n_iter=self.epoch,
            loss=float(loss),
            loss_curve=self.curves[job_index],
            validation_scores=self.scores[job_index],
            stop_reason=reason,
            memory=memory if remembers else None,
            checkpoint=self._checkpoint(k, memory) if resumes and memory is not None else None,
            error=error,
        )

    def _memory(self, k: int) -> Memory:
        """Return all that the fit at position `k` needs to go on."""
        stack = self.stack
        return Memory(
            params=to_host(stack.params, k, _host_copy),
            optimizer=to_host(stack.optimizer_state, k, _host_copy),
            schedule=to_host(stack.schedule_state, k, _host_copy),
            time=self.time,
            random_states=copy.deepcopy((self.shuffling, self.dropping)),
            reference_loss=float(self.progress.reference[k]),
        )

    def _checkpoint(self, k: int, memory: Memory) -> Checkpoint:
        job_index = self.stack.index[k]
        return Checkpoint(
            memory=memory,
            epoch=self.epoch,
            best=float(self.progress.best[k]),
            n_without_improvement=int(self.progress.n_without_improvement[k]),
            best_params=to_host(self.stack.best_params, k, _host_copy),
            loss_curve=self.curves[job_index],
            validation_scores=self.scores[job_index],
        )

    def _order(self, n_samples: int) -> np.ndarray | None:
        """Return a new order of the rows, or None to take them as they come."""
        if not self.jobs[0].plan.shuffle or self.batch_size >= n_samples:
            return None
        return self.shuffling.permutation(n_samples)

    def _draw_masks(self, n_samples: int) -> list[Array]:
        return draw_masks(
            self.dropping, self.stack.dropout, self.jobs[0].network, n_samples, self.placement
        )

    def _validation_scores(self) -> np.ndarray | None:
        """Return the score of every fit on the validation rows, (n_fits,)."""
        rows = self.data.validation
        if rows is None:
            return None
        raw = self._raw_predictions(rows.X)
        score = self.stack.loss.score(rows.y, raw, rows.weight)
        return _on_host(score)

    def _raw_predictions(self, x: Any) -> Array:
        """Return raw predictions, hidden units of no more rows at once than in a step."""
        network, params = self.objective.network, self.stack.params
        xp, n_samples = namespace(params), x.shape[0]
        if n_samples <= self.batch_size:
            return network.forward(params, x)[0]
        shape = (params.shape[0], n_samples, network.sizes[-1])
        raw = xp.empty(shape, dtype=params.dtype, device=params.device)
        for block in blocks(n_samples, self.batch_size):  # copied: it may be a view of all layers
            raw[:, block, :] = network.forward(params, x[block, :])[0]
        return raw

    def _record(self, loss: np.ndarray, score: np.ndarray | None) -> None:
        for k, job_index in enumerate(self.stack.index):
            self.curves[job_index].append(float(loss[k]))
            if score is not None:
                self.scores[job_index].append(float(score[k]))

    def _keep_best(self, is_best: np.ndarray) -> None:
        """Copy the parameters of the fits that have never scored better."""
        stack, xp = self.stack, self.placement.xp
        if stack.best_params is None:
            stack.best_params = xp.asarray(stack.params, copy=True)
        elif is_best.any():
            mask = self.placement.asarray(is_best[:, None])
            stack.best_params = xp.where(mask, stack.params, stack.best_params)

    def _tell_observer(self, loss: np.ndarray, score: np.ndarray | None) -> bool:
        if self.observer is None:
            return False
        params = self.stack.params
        report = Report(self.epoch, self.stack.index, loss, score, lambda k: params[k, ...])
        return self.observer.epoch_ends(report)


def _largest_product(job: Job, data: Data) -> float:
    """Return the floating-point operations of the largest matrix product of a step, per fit."""
    return 2.0 * job.plan.rows_per_step(data.train.X.shape[0]) * job.network.layout.largest_layer


def _host_copy(array: Array) -> np.ndarray:
    return np.array(to_numpy(array))


def _on_host(array: Array) -> np.ndarray:
    return np.asarray(to_numpy(array), dtype=np.float64)


def _random_states(job: Job) -> tuple[np.random.RandomState, np.random.RandomState]:
    """Return generators for shuffling and for dropout, independent of the initial weights."""
    if job.past is not None:
        return copy.deepcopy(job.past.random_states)
    return np.random.RandomState([job.plan.seed, 1]), np.random.RandomState([job.plan.seed, 2])
