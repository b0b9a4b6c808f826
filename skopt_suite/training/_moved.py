"""The fits of a stack as calls of the backend move them, and states of optimizers from there."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from skopt_suite.backends import Array, FitColumn, Moved, Params
from skopt_suite.optimizers import AverageWeights, ClipGradient, Lookahead, Optimizer, Prodigy
from skopt_suite.optimizers.first_order._prodigy import ProdigyState
from skopt_suite.optimizers.first_order._schedule_free import ScheduleFree, ScheduleFreeState
from skopt_suite.optimizers.wrappers._average_weights import AverageState
from skopt_suite.optimizers.wrappers._base import shows_what_trains
from skopt_suite.optimizers.wrappers._clip_gradient import ClipState
from skopt_suite.optimizers.wrappers._lookahead import LookaheadState
from skopt_suite.training._epoch import Epoch
from skopt_suite.training._numbers import columns, loss_numbers
from skopt_suite.training._stack import Stack

_KNOWN = "distance", "rate", "numerator", "mass"  # of Prodigy
_BESIDE = AverageWeights, Lookahead


class Parts(NamedTuple):
    """Of an optimizer."""

    clip: Any
    """What clips gradients, or None."""
    around: Any
    """What keeps more parameters beside those that train, or None."""
    rule: Any
    """What moves them."""


def parts_of(optimizer: Optimizer) -> Parts:
    """Return the parts of an optimizer, which all is a rule where they come more than once."""
    whole = Parts(None, None, optimizer)
    if isinstance(optimizer, ScheduleFree):
        return whole._replace(around=optimizer, rule=optimizer.rule())
    if type(optimizer) is ClipGradient:
        parts = parts_of(optimizer.inner)
        return parts._replace(clip=optimizer) if parts.clip is None else whole
    if isinstance(optimizer, _BESIDE) and shows_what_trains(optimizer.inner):
        parts = parts_of(optimizer.inner)
        return parts._replace(around=optimizer) if parts.around is None else whole
    return whole


def moved_of(epoch: Epoch, stack: Stack) -> Moved:
    """Return the fits of a stack, contiguous in memory."""
    params, loss = np.ascontiguousarray(stack.params), stack.terms.loss
    n_fits, of_rule = len(params), _state_of_rule(stack.optimizer_state)
    nothing = np.empty((n_fits, 0), params.dtype)
    acts: Any = stack.terms.penalty.description()
    # of a formula that writes L1 itself, what clipping makes weaker
    l1 = acts.separable.l1 if acts.formula is None else 1.0
    return Moved(
        params=params,
        moments=_moments(of_rule),
        n_steps=_n_steps(of_rule),
        known=_known(of_rule),
        rates=np.empty((n_fits, 0)),  # those of an epoch
        numbers=numbers_of(epoch, stack),
        limits=_limits(stack.optimizer, n_fits),
        loss_numbers=loss_numbers(loss, n_fits),
        l2=_strengths(acts.separable.l2, n_fits, params.dtype),
        l1=_strengths(l1, n_fits, params.dtype),
        formula_numbers=_of_formula(acts.numbers, n_fits, params.dtype),
        members=_of_all(acts.members, n_fits),
        starts=_of_all(acts.starts, n_fits),
        owed=np.ascontiguousarray(of_rule.owed),
        dropout=nothing if epoch.dropout is None else np.ascontiguousarray(epoch.dropout.rates),
        beside=np.ascontiguousarray(_beside(stack.optimizer_state, nothing)),
        shares=np.empty((n_fits, 0)),  # those of an epoch
        loss=np.zeros(n_fits),
    )


def state_of(moved: Moved, state: Any) -> Any:
    """Return the state whose arrays are those that are moved."""
    if isinstance(state, ClipState):
        return state._replace(inner=state_of(moved, state.inner))
    if isinstance(state, AverageState):
        return state._replace(inner=state_of(moved, state.inner), average=moved.beside)
    if isinstance(state, LookaheadState):
        return state._replace(inner=state_of(moved, state.inner), slow=moved.beside)
    if isinstance(state, ScheduleFreeState):
        return state._replace(rule=state_of(moved, state.rule), z=moved.beside)
    state = state._replace(owed=moved.owed)
    if isinstance(state, ProdigyState):
        known = {name: moved.known[:, i : i + 1] for i, name in enumerate(_KNOWN)}
        return state._replace(moments=moved.moments[:, :-1], start=moved.moments[:, -1], **known)
    return state._replace(n_steps=moved.n_steps, moments=moved.moments)


def counted(epoch: Epoch, stack: Stack, rates: np.ndarray) -> np.ndarray:
    """Count an epoch's steps, of those learning rates; return what they are to count."""
    optimizer, state = stack.optimizer, stack.optimizer_state
    stack.optimizer_state, shares = _counted(optimizer, state, epoch.times, rates)
    return np.ascontiguousarray(shares)


def _counted(optimizer: Any, state: Any, times: Array, rates: Array) -> tuple[Any, Array]:
    """Return the state in which steps are counted, and what each is to count."""
    if isinstance(optimizer, AverageWeights):
        return optimizer.counted(state, times)
    if isinstance(optimizer, Lookahead):
        return optimizer.counted(state, len(times))
    if isinstance(optimizer, ScheduleFree):
        return optimizer.counted(state, rates)
    if isinstance(optimizer, ClipGradient):
        inner, shares = _counted(optimizer.inner, state.inner, times, rates)
        return state._replace(inner=inner), shares
    return state, np.empty((len(state.moments), 0))


def _state_of_rule(state: Any) -> Any:
    if isinstance(state, (AverageState, ClipState, LookaheadState)):
        return _state_of_rule(state.inner)
    return state.rule if isinstance(state, ScheduleFreeState) else state


def _n_steps(of_rule: Any) -> np.ndarray:
    """Return how many steps rules have made, from 0 where they do not count them."""
    if isinstance(of_rule, ProdigyState):
        return np.zeros_like(of_rule.mass)
    return np.ascontiguousarray(of_rule.n_steps)


def _known(of_rule: Any) -> np.ndarray:
    """Return numbers that a rule finds."""
    names = _KNOWN if isinstance(of_rule, ProdigyState) else ()
    return columns([getattr(of_rule, name) for name in names], len(of_rule.moments))


def _moments(of_rule: Any) -> np.ndarray:
    """Return moments, the last of which may be where training began."""
    if isinstance(of_rule, ProdigyState):
        return np.concatenate([of_rule.moments, of_rule.start[:, None]], axis=1)
    return np.ascontiguousarray(of_rule.moments)


def _beside(state: Any, nothing: Params) -> Params:
    if isinstance(state, ClipState):
        return _beside(state.inner, nothing)
    if isinstance(state, ScheduleFreeState):
        return state.z
    if isinstance(state, LookaheadState):
        return state.slow
    return state.average if isinstance(state, AverageState) else nothing


def numbers_of(epoch: Epoch, stack: Stack) -> np.ndarray:
    """Return the hyperparameters of the rule, (n_fits, 1 or n_steps, n_hyperparameters)."""
    numbers, momenta = _numbers(stack.optimizer, stack.horizon)[:, None, :], epoch.momenta
    if momenta is not None:
        rule = parts_of(stack.optimizer).rule
        numbers = np.repeat(numbers, epoch.n_steps, axis=1)
        moved = numbers[..., rule.hyperparameters.index(rule.momentum_parameter)]
        np.copyto(moved, momenta, where=~np.isnan(momenta))
    return np.ascontiguousarray(numbers)


def _numbers(optimizer: Any, like: FitColumn) -> np.ndarray:
    """Return those of the rule, and behind them those of what is around it."""
    _, around, rule = parts_of(optimizer)
    numbers = _numbers_of_rule(rule, like)
    if isinstance(around, ScheduleFree):
        decay = getattr(around, "weight_decay", 0.0)
        numbers = np.hstack([numbers, columns([around.interpolation, decay], len(like))])
    return np.ascontiguousarray(numbers)


def _numbers_of_rule(rule: Any, like: FitColumn) -> np.ndarray:
    if isinstance(rule, Prodigy):
        return columns([getattr(rule, name) for name in rule.hyperparameters], len(like))
    return rule.numbers(like)


def _limits(optimizer: Any, n_fits: int) -> np.ndarray:
    """Return the largest entry of gradients and their largest norm; without clipping none."""
    clip = parts_of(optimizer).clip
    if clip is None:
        return np.empty((n_fits, 0))
    return columns([np.inf if limit is None else limit for limit in clip.limits], n_fits)


def _strengths(given: Any, n_fits: int, dtype: Any) -> np.ndarray:
    values = np.asarray(0.0 if given is None else given, dtype=dtype)
    width = values.shape[-1] if values.ndim else 1
    return np.ascontiguousarray(np.broadcast_to(values, (n_fits, width)))


def _of_formula(numbers: Any, n_fits: int, dtype: Any) -> np.ndarray:
    """Return the numbers of a penalty's formula, (n_fits, n_numbers, 1 or more)."""
    arrays = [_strengths(given, n_fits, dtype) for given in numbers]
    if not arrays:
        return np.empty((n_fits, 0, 1), dtype)
    return np.stack(np.broadcast_arrays(*arrays), axis=1)


def _of_all(positions: Any, n_fits: int) -> np.ndarray:
    """Return positions, or none, which are the same for all fits."""
    positions = np.empty(0, np.int64) if positions is None else positions
    return np.broadcast_to(positions, (n_fits, len(positions)))
