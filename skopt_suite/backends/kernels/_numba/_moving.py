"""How a step moves parameters of a fit: penalty, rule and all that is around it."""

from __future__ import annotations

from skopt_suite.backends.kernels._numba._body import (
    call_bend,
    call_clip,
    call_estimate,
    call_follow,
    call_lead,
    call_pay,
    call_project,
    call_rule,
    call_tangent,
    call_unite,
)
from skopt_suite.backends.kernels._numba._jit import jit_inlined, jit_inner_views
from skopt_suite.backends.kernels._numba._types import doubles, from_column, part_of, row_of


@jit_inlined
def move(fits, how, space, team, k, step, begin):
    """Apply penalty and rule to the parameters from `begin` on."""
    move_part(fits, how, space, team, k, step, begin, space.gradient.size)
    fits.n_steps[k, 0] += 1


@jit_inlined
def move_part(fits, how, space, team, k, step, begin, end):
    """Apply penalty and rule to some parameters; the step is not counted yet."""
    shown = part_of(row_of(fits.params, k), begin, end - begin)
    gradient = part_of(space.gradient, begin, end - begin)
    n_weights = max(min(how.n_weights, end) - begin, 0)
    moments = from_column(fits.moments[k], begin)
    numbers = row_of(fits.numbers[k], step if fits.numbers.shape[1] > 1 else 0)
    l2 = _strengths(row_of(fits.l2, k), begin, n_weights)
    l1 = _strengths(row_of(fits.l1, k), begin, n_weights)
    of_formula = _from_weight(fits.formula_numbers[k], begin, n_weights)
    owed = from_column(fits.owed[k], begin)
    _add_l2(gradient, shown, l2, n_weights)
    if how.clip:
        l1, l2 = _clip(fits, how, space, team, k, gradient, l1, l2, begin, n_weights)
    n_steps, rate = fits.n_steps[k, 0] + 1, fits.rates[k, step]
    beside = part_of(row_of(fits.beside, k), begin, end - begin)
    params = beside if how.lead else shown
    if how.lead:
        call_lead(how.lead, shown, params, rate, numbers, n_weights)
    if how.tangent:
        l1 = _slope(how, space, params, of_formula, l1, begin, n_weights)
    if how.bend:
        call_bend(how.bend, gradient, owed, l1, l2, rate, n_weights)
    if how.estimate:
        found, known = doubles(), row_of(fits.known, k)
        call_estimate(how.estimate, params, gradient, moments, rate, numbers, known, found, team)
        numbers = found
    call_rule(how.rule, params, gradient, moments, n_steps, rate, numbers, n_weights)
    of_rule = moments, n_steps, rate, numbers
    _act(fits, how, space, params, owed, l1, l2, of_formula, of_rule, begin, n_weights)
    if how.follow:
        call_follow(how.follow, shown, beside, fits.shares[k, step], numbers)


@jit_inlined
def _act(fits, how, space, params, owed, l1, l2, of_formula, of_rule, begin, n_weights):
    """Let the part of a penalty act that is not smooth."""
    if how.pay:
        _pay(how, space, params, owed, l1, l2, of_rule, begin, n_weights)
    if how.unite:
        _unite(fits, how, space, params, owed, of_formula, l1, of_rule)
    if how.project:
        call_project(how.project, part_of(params, 0, n_weights), of_formula)


@jit_inlined
def _pay(how, space, params, owed, l1, l2, of_rule, begin, n_weights):
    """Let weights pay what they owe."""
    kinds, reached = (how.has_implicit_l2, how.is_positive), part_of(space.reach, begin, n_weights)
    call_pay(how.pay, params, owed, l1, l2, how.reach, reached, of_rule, kinds)


@jit_inlined
def _unite(fits, how, space, params, owed, of_formula, weaker, of_rule):
    """Move groups of weights, of which no thread has a part only."""
    groups = fits.members, fits.starts
    given = params, owed, of_formula, weaker, groups, how.reach, of_rule
    call_unite(how.unite, *given, space.reach, space.block, how.is_positive)


@jit_inlined
def _slope(how, space, params, of_formula, weaker, begin, n_weights):
    """Return the slope of a concave penalty, which is what the strength of L1 is."""
    slope = part_of(space.slope, begin, n_weights)
    call_tangent(how.tangent, params, of_formula, weaker, slope)
    return slope


@jit_inlined
def _clip(fits, how, space, team, k, gradient, l1, l2, begin, n_weights):
    """Clip the gradient; return strengths that are weaker by as much."""
    n_weaker = n_weights if space.weaker.size else 0
    weaker_l1 = part_of(space.weaker, begin, n_weaker)
    weaker_l2 = part_of(space.weaker, how.n_weights + begin, n_weaker)
    limits = row_of(fits.limits, k)
    call_clip(how.clip, gradient, l1, l2, weaker_l1, weaker_l2, limits, team)
    return weaker_l1, weaker_l2


@jit_inlined
def _strengths(given, begin, n_weights):
    """Return those of the weights from `begin` on, or the one of all."""
    start = begin if given.size > 1 and n_weights > 0 else 0
    return part_of(given, start, given.size - start)


@jit_inlined
def _from_weight(given, begin, n_weights):
    """Return rows of numbers of the weights from `begin` on, or the one of all in each."""
    return from_column(given, begin if given.shape[1] > 1 and n_weights > 0 else 0)


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
