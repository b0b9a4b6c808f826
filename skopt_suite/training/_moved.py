"""The fits of a stack as calls of the backend move them, and states of optimizers from there."""

from __future__ import annotations

from typing import Any

import numpy as np

from skopt_suite.backends import FitColumn, Moved, Params
from skopt_suite.optimizers import AverageWeights, Optimizer
from skopt_suite.optimizers.first_order._schedule_free import ScheduleFree, ScheduleFreeState
from skopt_suite.optimizers.wrappers._average_weights import AverageState
from skopt_suite.optimizers.wrappers._base import shows_what_trains
from skopt_suite.training._epoch import Epoch
from skopt_suite.training._stack import Stack


def parts_of(optimizer: Optimizer) -> tuple[Any, Optimizer]:
    """Return what keeps more parameters beside those that train, or None, and what moves them."""
    if isinstance(optimizer, ScheduleFree):
        return optimizer, optimizer.rule()
    if isinstance(optimizer, AverageWeights) and shows_what_trains(optimizer.inner):
        return optimizer, optimizer.inner
    return None, optimizer


def moved_of(epoch: Epoch, stack: Stack) -> Moved:
    """Return the fits of a stack, contiguous in memory."""
    params, loss = np.ascontiguousarray(stack.params), stack.terms.loss
    n_fits, of_rule = len(params), _state_of_rule(stack.optimizer_state)
    nothing = np.empty((n_fits, 0), params.dtype)
    separable: Any = stack.terms.penalty.separable()
    return Moved(
        params=params,
        moments=np.ascontiguousarray(of_rule.moments),
        n_steps=np.ascontiguousarray(of_rule.n_steps),
        rates=np.empty((n_fits, 0)),  # those of an epoch
        numbers=_numbers(stack.optimizer, of_rule.n_steps),
        loss_numbers=_columns([getattr(loss, name) for name in loss.parameters], n_fits),
        l2=_strengths(separable.l2, n_fits, params.dtype),
        l1=_strengths(separable.l1, n_fits, params.dtype),
        owed=np.ascontiguousarray(of_rule.owed),
        dropout=nothing if epoch.dropout is None else np.ascontiguousarray(epoch.dropout.rates),
        beside=np.ascontiguousarray(_beside(stack.optimizer_state, nothing)),
        shares=np.empty((n_fits, 0)),  # those of an epoch
        loss=np.zeros(n_fits),
    )


def state_of(moved: Moved, state: Any) -> Any:
    """Return the state whose arrays are those that are moved."""
    if isinstance(state, AverageState):
        return state._replace(inner=state_of(moved, state.inner), average=moved.beside)
    if isinstance(state, ScheduleFreeState):
        return state._replace(rule=state_of(moved, state.rule), z=moved.beside)
    return state._replace(n_steps=moved.n_steps, moments=moved.moments, owed=moved.owed)


def counted(epoch: Epoch, stack: Stack, rates: np.ndarray) -> np.ndarray:
    """Count an epoch's steps, of those learning rates; return what they are to count."""
    optimizer, state = stack.optimizer, stack.optimizer_state
    shares = np.empty((len(stack.params), 0))
    if isinstance(optimizer, AverageWeights):
        stack.optimizer_state, shares = optimizer.counted(state, epoch.times)
    elif isinstance(optimizer, ScheduleFree):
        stack.optimizer_state, shares = optimizer.counted(state, rates)
    return np.ascontiguousarray(shares)


def _state_of_rule(state: Any) -> Any:
    if isinstance(state, AverageState):
        return _state_of_rule(state.inner)
    return state.rule if isinstance(state, ScheduleFreeState) else state


def _beside(state: Any, nothing: Params) -> Params:
    if isinstance(state, ScheduleFreeState):
        return state.z
    return state.average if isinstance(state, AverageState) else nothing


def _numbers(optimizer: Any, like: FitColumn) -> np.ndarray:
    """Return those of the rule, and behind them those of what is around it."""
    around, rule = parts_of(optimizer)
    numbers = rule.numbers(like)
    if isinstance(around, ScheduleFree):
        decay = getattr(around, "weight_decay", 0.0)
        numbers = np.hstack([numbers, _columns([around.interpolation, decay], len(like))])
    return np.ascontiguousarray(numbers)


def _columns(values: list[Any], n_fits: int) -> np.ndarray:
    """Return numbers of fits, (n_fits, 1, 1) or one for all, as columns."""
    columns = np.empty((n_fits, len(values)))
    for position, value in enumerate(values):
        columns[:, position] = np.ravel(value)
    return columns


def _strengths(given: Any, n_fits: int, dtype: Any) -> np.ndarray:
    values = np.asarray(0.0 if given is None else given, dtype=dtype)
    width = values.shape[-1] if values.ndim else 1
    return np.ascontiguousarray(np.broadcast_to(values, (n_fits, width)))
