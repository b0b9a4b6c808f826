"""What penalties do to weights that have no gradient, made up for when they have one again.

Weights are a multiple of what is stored, by which L2 acts on all at once. What L1 takes from a
weight is counted in the units of what is stored, step by step, so what it takes in many steps is a
difference; and the step at which it has taken all is found by bisection. From there on the weight
is 0, and what it cannot pay is owed (see `skopt_suite.optimizers.first_order._owed`).

The idea is that of J. Langford, L. Li and T. Zhang, "Sparse Online Learning via Truncated
Gradient", JMLR 10, 2009, section 5, and of Tsuruoka et al., 2009.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from skopt_suite.backends.kernels._numba._jit import jit_inlined, jit_inner_views
from skopt_suite.backends.kernels._numba._pay import settle
from skopt_suite.backends.kernels._numba._types import taken_as_tuple


@taken_as_tuple
class Waiting(NamedTuple):
    """What has happened before every step of a range; all empty where nobody waits."""

    since: np.ndarray  # (n_features,): the first step that weights have not seen
    multiple: np.ndarray  # (n_steps + 1,)
    rate: np.ndarray  # (n_steps + 1,): of the step itself
    pull: np.ndarray  # (n_steps + 1,): by a strength of 1, in the units of what is stored
    n_pulls: np.ndarray  # (n_steps + 1,): steps that moved at all


def room_to_wait(n_features: int, n_steps: int) -> Waiting:
    """Return room for the steps of a range."""
    rows = np.zeros((4, n_steps + 1 if n_features else 0))
    return Waiting(np.empty(n_features, dtype=np.int64), *rows)


@jit_inner_views
def begin(waiting):
    """Begin a range in which everybody has seen everything."""
    waiting.since[:] = 0
    if waiting.since.size:
        waiting.multiple[0], waiting.pull[0], waiting.n_pulls[0] = 1, 0, 0


@jit_inlined
def note(waiting, step, rate, multiple):
    """Note a step of a range: its rate, and the multiple behind it."""
    if waiting.since.size:
        waiting.rate[step] = rate
        waiting.multiple[step + 1] = multiple
        waiting.pull[step + 1] = waiting.pull[step] + rate / waiting.multiple[step]
        waiting.n_pulls[step + 1] = waiting.n_pulls[step] + (1 if rate > 0 else 0)


@jit_inlined
def restart(waiting, step):
    """Note that weights were stored anew before a step, when all had seen everything."""
    if waiting.since.size:
        waiting.multiple[step] = 1


@jit_inlined
def see_rows(fits, rows, how, waiting, k, first, size, n_out, now):
    """Let the weights of all values of rows see the steps before `now`."""
    if waiting.since.size:
        weights, owed, l1 = fits.params[k], fits.owed[k], fits.l1[k]
        scales = fits.moments[k], epsilon_of(fits, k)
        for i in range(first, first + size):
            row = rows.order[i]
            for position in range(rows.indptr[row], rows.indptr[row + 1]):
                feature = rows.indices[position]
                see(weights, owed, feature, n_out, l1, how.is_positive, scales, waiting, now)


@jit_inlined
def pay_rows(fits, rows, how, waiting, k, first, size, n_out, step, rate):
    """Let the weights of all values of rows, which have moved in a step, pay."""
    if waiting.since.size:
        weights, owed, l1 = fits.params[k], fits.owed[k], fits.l1[k]
        scales = fits.moments[k], epsilon_of(fits, k)
        for i in range(first, first + size):
            row = rows.order[i]
            for position in range(rows.indptr[row], rows.indptr[row + 1]):
                feature = rows.indices[position]
                pay(weights, owed, feature, n_out, l1, how.is_positive, scales, waiting, step, rate)


@jit_inlined
def see_all(fits, how, waiting, k, n_out, now):
    """Let all weights see the steps before `now`."""
    weights, owed, l1 = fits.params[k], fits.owed[k], fits.l1[k]
    scales = fits.moments[k], epsilon_of(fits, k)
    for feature in range(waiting.since.size):
        see(weights, owed, feature, n_out, l1, how.is_positive, scales, waiting, now)


@jit_inner_views
def epsilon_of(fits, k):
    """Return that of a rule whose first moment says how far weights move: AdaGrad."""
    return fits.numbers[k, 0, 0] if fits.moments.shape[1] else 0.0


@jit_inner_views
def _unit(scales, at):
    """Return how far a weight moves per unit of gradient and learning rate."""
    moments, epsilon = scales
    return 1 / (np.sqrt(moments[0, at]) + epsilon) if moments.shape[0] else 1.0


@jit_inner_views
def see(weights, owed, feature, n_out, l1, is_positive, scales, waiting, now):
    """Let the weights of a feature see the steps before `now`."""
    since = waiting.since[feature]
    if since >= now:
        return
    waiting.since[feature] = now
    n_pulls = waiting.n_pulls[now] - waiting.n_pulls[since]
    pull = waiting.pull[now] - waiting.pull[since]
    for at in range(feature * n_out, (feature + 1) * n_out):
        strength, w = l1[at if l1.size > 1 else 0], weights[at]
        unit = _unit(scales, at) if w != 0 else 1.0
        length = strength * unit  # of a pull
        of = 0 if w > 0 else 1  # the debt of its sign, which was paid in its last step
        paid, is_refused = strength * n_pulls, w < 0 and is_positive
        if w == 0:
            paid = 0.0
        elif n_pulls > 0 and (is_refused or abs(w) <= length * pull):
            strength_of_it = 0.0 if is_refused else strength
            paid = _all_of(abs(w), strength_of_it, unit, waiting, since, now)
            weights[at] = 0
        else:
            weights[at] -= np.sign(w) * length * pull
        owed[of, at] += strength * n_pulls - paid
        owed[1 - of, at] += strength * n_pulls + paid


@jit_inner_views
def _all_of(size, strength, unit, waiting, since, now):
    """Return what a weight has paid, in the units of gradients, when it ends at 0.

    In its last step it pays what it has left, which without a strength is all of it.
    """
    last, stop, length = since, now - 1, strength * unit
    while last < stop:
        middle = (last + stop) // 2
        is_over = size <= length * (waiting.pull[middle + 1] - waiting.pull[since])
        has_moved = waiting.n_pulls[middle + 1] > waiting.n_pulls[since]
        if has_moved and (is_over or strength == 0):
            stop = middle
        else:
            last = middle + 1
    n_before = waiting.n_pulls[last] - waiting.n_pulls[since]
    left = size - length * (waiting.pull[last] - waiting.pull[since])
    return strength * n_before + left * waiting.multiple[last] / (waiting.rate[last] * unit)


@jit_inner_views
def pay(weights, owed, feature, n_out, l1, is_positive, scales, waiting, step, rate):
    """Let the weights of a feature, which have moved by their gradient in a step, pay, once."""
    if waiting.since[feature] > step:
        return
    waiting.since[feature] = step + 1
    rate /= waiting.multiple[step]
    for at in range(feature * n_out, (feature + 1) * n_out):
        unit = weights.dtype.type(rate * _unit(scales, at))
        settle(weights, owed, at, unit, l1[at if l1.size > 1 else 0], is_positive)
