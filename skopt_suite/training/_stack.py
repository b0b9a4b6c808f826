"""K fits at once: everything that differs between fits has the fits as its first axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from skopt_suite._component import stack as stack_components
from skopt_suite._component import take as take_component
from skopt_suite.backends import Array, Placement
from skopt_suite.training._job import Job


@dataclass
class Stack:
    """The fits of a pass that are still training."""

    index: np.ndarray  # (n_fits,): which of the jobs of the pass
    params: Array  # (n_fits, n_params)
    optimizer: Any
    optimizer_state: Any
    schedule: Any
    schedule_state: Any
    penalty: Any
    loss: Any
    dropout: Array | None  # (n_fits, n_hidden)
    horizon: Array  # (n_fits, 1): epochs
    weight: Array | None  # (n_fits or 1, n_samples)
    best_params: Array | None = None

    def take(self, kept: np.ndarray, placement: Placement) -> Stack:
        """Return the fits at the given positions, arrays compact."""
        xp, rows = placement.xp, placement.asarray(kept)

        def pick(tree: Any) -> Any:
            return map_arrays(lambda array: xp.take(array, rows, axis=0), tree)

        weight = self.weight
        if weight is not None and weight.shape[0] > 1:
            weight = pick(weight)
        return Stack(
            index=self.index[kept],
            params=pick(self.params),
            optimizer=take_component(self.optimizer, rows),
            optimizer_state=pick(self.optimizer_state),
            schedule=take_component(self.schedule, rows),
            schedule_state=pick(self.schedule_state),
            penalty=take_component(self.penalty, rows),
            loss=take_component(self.loss, rows),
            dropout=pick(self.dropout),
            horizon=pick(self.horizon),
            weight=weight,
            best_params=pick(self.best_params),
        )


def build_stack(jobs: Sequence[Job], placement: Placement) -> Stack:
    """Return the stack of all jobs of a pass, ready for the first step."""
    first = jobs[0]
    key = first.key
    if any(job.key != key for job in jobs[1:]):
        raise ValueError("Only jobs with the same key can be trained as one stack.")
    params = placement.asarray(_initial_params(jobs))
    optimizer = stack_components([job.plan.optimizer for job in jobs], placement)
    schedule = stack_components([job.plan.schedule for job in jobs], placement)
    penalty: Any = stack_components([job.plan.penalty for job in jobs], placement)
    horizon = placement.asarray([[float(job.plan.max_iter)] for job in jobs], dtype="float64")
    memories = [job.past for job in jobs if job.past is not None]
    if memories:
        optimizer_state = _join([memory.optimizer for memory in memories], placement)
        schedule_state = _join([memory.schedule for memory in memories], placement)
    else:
        optimizer_state, schedule_state = None, schedule.init(horizon)
    return Stack(
        index=np.arange(len(jobs)),
        params=params,
        optimizer=optimizer,
        optimizer_state=optimizer_state,
        schedule=schedule,
        schedule_state=schedule_state,
        penalty=penalty.on(first.network.layout),
        loss=stack_components([job.plan.loss for job in jobs], placement, ndim=3),
        dropout=_stack_dropout(jobs, placement),
        horizon=horizon,
        weight=_stack_weights(jobs, placement),
        best_params=_stack_best(jobs, placement),
    )


def to_host(tree: Any, position: int, convert: Any) -> Any:
    """Return one fit of a state as arrays with n_fits = 1, each converted."""
    return map_arrays(lambda array: convert(array[position : position + 1, ...]), tree)


def _initial_params(jobs: Sequence[Job]) -> np.ndarray:
    """Return where every fit starts, (n_fits, n_params)."""
    first = jobs[0]
    starts = [job.start if job.past is None else job.past.params[0] for job in jobs]
    if any(start is None for start in starts):  # all have the same seed
        new = first.network.initialise(np.random.RandomState(first.plan.seed))
        starts = [new if start is None else start for start in starts]
    return np.stack([np.asarray(start) for start in starts], dtype=first.dtype)


def _stack_best(jobs: Sequence[Job], placement: Placement) -> Array | None:
    best = [job.checkpoint.best_params for job in jobs if job.checkpoint is not None]
    return _join(best, placement) if best else None


def _stack_dropout(jobs: Sequence[Job], placement: Placement) -> Array | None:
    if not any(jobs[0].plan.dropout):
        return None
    return placement.asarray(np.array([job.plan.dropout for job in jobs]), dtype=jobs[0].dtype)


def _stack_weights(jobs: Sequence[Job], placement: Placement) -> Array | None:
    weights = [job.sample_weight for job in jobs]
    if all(_same(weight, weights[0]) for weight in weights):
        if weights[0] is None:
            return None
        return placement.asarray(weights[0][None, :], dtype=jobs[0].dtype)
    n_samples = next(len(weight) for weight in weights if weight is not None)
    dense = [np.ones(n_samples) if weight is None else weight for weight in weights]
    return placement.asarray(np.stack(dense, dtype=jobs[0].dtype))


def _same(a: np.ndarray | None, b: np.ndarray | None) -> bool:
    return a is b or (a is not None and b is not None and np.array_equal(a, b))


def _join(states: Sequence[Any], placement: Placement) -> Any:
    """Return states with n_fits = 1 as one."""
    first = states[0]
    if first is None or isinstance(first, int):
        return first
    if isinstance(first, tuple):
        parts = [_join(list(column), placement) for column in zip(*states, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else tuple(parts)
    return placement.xp.concat([placement.asarray(state) for state in states], axis=0)


def map_arrays(function: Any, tree: Any) -> Any:
    """Apply `function` to every array of nested tuples; numbers and None stay."""
    if tree is None or isinstance(tree, int):
        return tree
    if isinstance(tree, tuple):
        parts = [map_arrays(function, part) for part in tree]
        return type(tree)(*parts) if hasattr(tree, "_fields") else tuple(parts)
    return function(tree)
