"""K fits at once: everything that differs between fits has the fits as its first axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from skopt_suite._component import stack as stack_components
from skopt_suite._component import take as take_component
from skopt_suite._hashable import SameObject
from skopt_suite.backends import (
    Array,
    FitColumn,
    Params,
    Placement,
    State,
    namespace,
    paused_collection,
)
from skopt_suite.models import Context, DropoutDraws
from skopt_suite.optimizers import Optimizer
from skopt_suite.schedules import Schedule
from skopt_suite.training._job import Job
from skopt_suite.training._memory import Memory
from skopt_suite.training._objective import Terms
from skopt_suite.training._rows import Weights
from skopt_suite.training._swap import Swap
from skopt_suite.training._trees import is_packed, join, map_arrays, unpack


@dataclass
class Stack:
    """The fits of a pass that are still training."""

    index: np.ndarray  # (n_fits,): which of the jobs of the pass
    params: Params
    optimizer: Optimizer
    optimizer_state: State
    schedule: Schedule
    schedule_state: State
    terms: Terms
    dropout: DropoutDraws | None
    horizon: FitColumn  # epochs
    weights: Weights
    best_params: Params | None = None
    buffers: Array | None = None
    """Statistics that layers keep, (n_fits, n_buffers)."""

    @property
    def n_outputs(self) -> int:
        """How many raw predictions there are per row."""
        return self.terms.network.sizes[-1]

    @property
    def shown_params(self) -> Params:
        """What predictions use now, buffers too, (n_fits, n_params + n_buffers)."""
        return self.with_buffers(self.optimizer.eval_params(self.optimizer_state, self.params))

    def with_buffers(self, params: Params) -> Params:
        """Return parameters with the buffers behind them."""
        if self.buffers is None:
            return params
        return namespace(params).concat([params, self.buffers], axis=1)

    def keep(self, kept: np.ndarray, placement: Placement) -> np.ndarray:
        """Let all fits leave but those at the given positions; return these as they now stand."""
        swap = Swap(kept, len(self.index))
        order = placement.asarray(swap.order)
        self.index = self.index[swap.order]
        self.params = swap(self.params)
        self.optimizer_state = map_arrays(swap, self.optimizer_state)
        self.schedule_state = map_arrays(swap, self.schedule_state)
        self.horizon, self.best_params = swap(self.horizon), map_arrays(swap, self.best_params)
        self.buffers = map_arrays(swap, self.buffers)
        self.optimizer = take_component(self.optimizer, order)
        self.schedule = take_component(self.schedule, order)
        self.terms, self.weights = self.terms.take(order), self.weights.take(order)
        if self.dropout is not None:
            self.dropout = self.dropout._replace(rates=swap(self.dropout.rates))
        return swap.order


def build_stack(jobs: Sequence[Job], placement: Placement) -> Stack:
    """Return the stack of all jobs of a pass; the optimizer's state is that of earlier fits."""
    if len(jobs) == 1:
        return _stack(jobs, placement)
    with paused_collection():
        if len({job.key for job in jobs}) > 1:
            raise ValueError("Only jobs with the same key can be trained as one stack.")
        return _stack(jobs, placement)


def _stack(jobs: Sequence[Job], placement: Placement) -> Stack:
    first = jobs[0]
    plans = [job.plan for job in jobs]
    schedule = stack_components([plan.schedule for plan in plans], placement)
    horizon = placement.asarray([[job.horizon] for job in jobs], dtype="float64")
    pasts = [job.past for job in jobs if job.past is not None]
    terms, initial, n_params = _terms(jobs, placement), _initial(jobs), first.network.n_params
    buffers = np.ascontiguousarray(initial[:, n_params:]) if first.network.n_buffers else None
    params = initial if buffers is None else np.ascontiguousarray(initial[:, :n_params])
    return Stack(
        index=np.arange(len(jobs)),
        params=terms.allowed(placement.asarray(params)),
        optimizer=stack_components([plan.optimizer for plan in plans], placement),
        optimizer_state=join([past.optimizer for past in pasts], placement) if pasts else None,
        schedule=schedule,
        schedule_state=_schedule_state(pasts, placement, schedule.init(horizon)),
        terms=terms,
        dropout=_dropout(jobs, placement),
        horizon=horizon,
        weights=_weights(jobs, placement),
        best_params=_best(jobs, placement),
        buffers=None if buffers is None else placement.asarray(buffers),
    )


def _schedule_state(pasts: Sequence[Memory], placement: Placement, new: State) -> State:
    """Return the state of the schedule: that of earlier fits if there are any."""
    if not pasts:
        return new
    state = join([past.schedule for past in pasts], placement)
    return unpack(state, new) if is_packed(state) else state


def _terms(jobs: Sequence[Job], placement: Placement) -> Terms:
    network, plans = jobs[0].network, [job.plan for job in jobs]
    loss = stack_components([job.loss for job in jobs], placement, ndim=3)
    penalty = stack_components([job.penalty for job in jobs], placement)
    is_full_batch = plans[0].optimizer.is_full_batch
    context = Context(columns=_columns(jobs, placement))
    return Terms(network, loss, penalty.on(network.layout), is_full_batch, context)


def _columns(jobs: Sequence[Job], placement: Placement) -> Array | None:
    columns = [job.columns for job in jobs if job.columns is not None]
    return placement.asarray(np.stack(columns), dtype="int64") if columns else None


def _initial(jobs: Sequence[Job]) -> np.ndarray:
    """Return where every fit starts, (n_fits, n_params + n_buffers)."""
    starts = [job.start if job.past is None else job.past.params[0] for job in jobs]
    if any(start is None for start in starts):
        own = {job.plan.init: _own_start(job) for job in jobs}  # all have the same seed
        starts = [
            own[job.plan.init] if start is None else start
            for job, start in zip(jobs, starts, strict=True)
        ]
    return np.array([np.asarray(start) for start in starts], dtype=jobs[0].dtype)


def _own_start(job: Job) -> np.ndarray:
    return job.network.initialise(job.plan.seed, job.plan.init)


def _best(jobs: Sequence[Job], placement: Placement) -> Params | None:
    best = [job.paused.best_params for job in jobs if job.paused is not None]
    return join(best, placement) if best else None


def _dropout(jobs: Sequence[Job], placement: Placement) -> DropoutDraws | None:
    first = jobs[0].plan
    if not any((*first.dropout, first.input_dropout)):
        return None
    rates = np.array([job.plan.dropout or (0.0,) * job.network.n_hidden for job in jobs])
    if first.input_dropout:
        rates = np.column_stack([rates, [job.plan.input_dropout for job in jobs]])
    return DropoutDraws(placement.asarray(rates, dtype=jobs[0].dtype), jobs[0].seed)


def _weights(jobs: Sequence[Job], placement: Placement) -> Weights:
    """Return the weights of rows; those of one array are known by its number."""
    weights = [job.sample_weight for job in jobs]
    dtype, first = jobs[0].dtype, weights[0]
    if all(_same(weight, first) for weight in weights):
        if first is None:
            return Weights()
        return Weights(placement.asarray(first[None, :], dtype=dtype), key=SameObject(first))
    n_samples = next(len(weight) for weight in weights if weight is not None)
    dense = [np.ones(n_samples) if weight is None else weight for weight in weights]
    return Weights(placement.asarray(np.stack(dense, dtype=dtype)))


def _same(a: np.ndarray | None, b: np.ndarray | None) -> bool:
    return a is b or (a is not None and b is not None and np.array_equal(a, b))
