"""How a step moves parameters of a fit: penalty, rule and all that is around it."""

from __future__ import annotations

from skopt_suite.backends.kernels._numba._body import (
    clip_at,
    estimate_at,
    follow_at,
    lead_at,
    pay_at,
    rule_at,
)
from skopt_suite.backends.kernels._numba._jit import jit_inlined, jit_inner_views
from skopt_suite.backends.kernels._numba._pay import damp
from skopt_suite.backends.kernels._numba._turn import add_slopes
from skopt_suite.backends.kernels._numba._types import doubles, from_column, part_of, row_of


@jit_inlined
def move(fits, how, space, team, k, step, begin):
    """Apply penalty and rule to the parameters from `begin` on."""
    move_part(fits, how, space, team, k, step, begin, space.gradient.size)
    fits.n_steps[k, 0] += 1


@jit_inlined
def move_part(fits, how, space, team, k, step, begin, end):
    """Apply penalty and rule to some parameters; the step is not counted yet."""
    params = part_of(row_of(fits.params, k), begin, end - begin)
    gradient = part_of(space.gradient, begin, end - begin)
    n_weights = max(min(how.n_weights, end) - begin, 0)
    moments, rule = from_column(fits.moments[k], begin), rule_at(how.rule, gradient)
    numbers = row_of(fits.numbers[k], step if fits.numbers.shape[1] > 1 else 0)
    l2 = _strengths(row_of(fits.l2, k), begin, n_weights)
    l1 = _strengths(row_of(fits.l1, k), begin, n_weights)
    owed = from_column(fits.owed[k], begin)
    _add_l2(gradient, params, l2, n_weights)
    if how.clip:
        limits = row_of(fits.limits, k)
        l1, l2 = _clip(how, space, team, gradient, l1, l2, limits, begin, n_weights)
    if how.has_slopes:
        add_slopes(gradient, owed, l1, n_weights)
    n_steps, rate = fits.n_steps[k, 0] + 1, fits.rates[k, step]
    if how.has_implicit_l2:
        damp(part_of(gradient, 0, n_weights), rate, l2)
    if how.estimate:
        estimate, found = estimate_at(how.estimate, gradient), doubles()
        estimate(params, gradient, moments, rate, numbers, row_of(fits.known, k), found, team)
        numbers = found
    shown = params
    beside = part_of(row_of(fits.beside, k), begin, end - begin)
    if how.lead:
        lead, params = lead_at(how.lead, gradient), beside
        lead(shown, params, rate, numbers, n_weights)
    rule(params, gradient, moments, n_steps, rate, numbers, n_weights)
    if how.pay:
        pay, kinds = pay_at(how.pay, gradient), (how.has_implicit_l2, how.is_positive)
        of_rule, reached = (moments, n_steps, rate, numbers), part_of(space.reach, begin, n_weights)
        pay(params, owed, l1, l2, how.reach, reached, of_rule, kinds)
    if how.follow:
        follow = follow_at(how.follow, gradient)
        follow(shown, beside, fits.shares[k, step], numbers)


@jit_inlined
def _clip(how, space, team, gradient, l1, l2, limits, begin, n_weights):
    """Clip the gradient; return strengths that are weaker by as much."""
    clip, n_weaker = clip_at(how.clip, gradient), n_weights if space.weaker.size else 0
    weaker_l1 = part_of(space.weaker, begin, n_weaker)
    weaker_l2 = part_of(space.weaker, how.n_weights + begin, n_weaker)
    clip(gradient, l1, l2, weaker_l1, weaker_l2, limits, team)
    return weaker_l1, weaker_l2


@jit_inlined
def _strengths(given, begin, n_weights):
    """Return those of the weights from `begin` on, or the one of all."""
    start = begin if given.size > 1 and n_weights > 0 else 0
    return part_of(given, start, given.size - start)


@jit_inner_views
def _add_l2(gradient, params, strength, n_weights):
    kind = gradient.dtype.type
    if strength.size > 1:
        for j in range(n_weights):
            gradient[j] += strength[j] * params[j]
    elif strength[0] != 0:
        factor = kind(strength[0])
        for j in range(n_weights):
            gradient[j] += factor * params[j]
