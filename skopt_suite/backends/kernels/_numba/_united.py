"""What penalties of groups do to the weights of one fit after a step."""

from __future__ import annotations

import numpy as np

from skopt_suite.backends.kernels._numba._body import Body, call_reach, unite_type
from skopt_suite.backends.kernels._numba._jit import jit_body, jit_inner_views, larger
from skopt_suite.backends.kernels._numba._secular import epsilon, norm_of, root_of
from skopt_suite.backends.kernels._numba._types import part_of

_LONGEST_MEMORY = 100.0  # as in `skopt_suite.penalties._group_penalty`


@jit_body
def _bound_norms(
    params, owed, numbers, weaker, groups, reach, of_rule, reached, block, is_positive
):
    """Scale groups to their bound: see `skopt_suite.penalties.MaxNorm`."""
    moments, n_steps, rate, of_steps = of_rule
    members, starts = groups
    call_reach(reach, reached, moments, n_steps, rate, of_steps)
    for g in range(starts.size - 1):
        size = starts[g + 1] - starts[g]
        of_group = part_of(members, starts[g], size)
        w, steps = part_of(block, 0, size), part_of(block, size, size)
        _gather(params, reached, weaker, of_group, w, steps)
        bound, length = numbers[0, g], norm_of(w)
        if length > bound:
            _bound(w, steps, part_of(block, 2 * size, size), bound, length)
            for i in range(size):
                params[of_group[i]] = w[i]


@jit_inner_views
def _bound(w, slope, fixed, bound, length):
    """Scale the weights of a group that is too long, in the metric of their steps."""
    longest, least = _largest(slope), _smallest(slope)
    if longest == least:
        for i in range(w.size):
            w[i] *= bound / length
    elif longest > 0:
        least = longest * epsilon(w) * epsilon(w)
        for i in range(w.size):
            fixed[i], slope[i] = bound, bound * larger(least, slope[i])
        root = root_of(w, fixed, slope, (length / bound - w.dtype.type(1)) / longest)
        for i in range(w.size):
            w[i] *= bound / (bound + root * slope[i])


@jit_body
def _pay_groups(params, owed, numbers, weaker, groups, reach, of_rule, reached, block, is_positive):
    """Let groups pay: see `skopt_suite.penalties._group_penalty`."""
    moments, n_steps, rate, of_steps = of_rule
    (members, starts), kind = groups, params.dtype.type
    call_reach(reach, reached, moments, n_steps, rate, of_steps)
    for g in range(starts.size - 1):
        size = starts[g + 1] - starts[g]
        of_group = part_of(members, starts[g], size)
        w, steps = part_of(block, 0, size), part_of(block, size, size)
        _gather(params, reached, weaker, of_group, w, steps)
        count = owed[0, members.size + g] + kind(_largest(steps) > 0)
        for i in range(size):
            w[i] += steps[i] * owed[0, of_group[i]]
            params[of_group[i]] = w[i]  # all of it, before it pays
        strengths = count * numbers[0, g], count * numbers[1, g]
        _shrink(w, steps, part_of(block, 2 * size, 2 * size), strengths, is_positive)
        kept = _settle(params, owed, of_group, w, steps)
        owed[0, members.size + g] = kept * count


@jit_inner_views
def _gather(params, reached, weaker, of_group, w, steps):
    for i in range(w.size):
        j = of_group[i]
        w[i], steps[i] = params[j], reached[j] * weaker[j if weaker.size > 1 else 0]


@jit_inner_views
def _settle(params, owed, of_group, left, steps):
    """Write what is left of weights, and what they have paid; return the share that is kept."""
    kind, worth = left.dtype.type, left.dtype.type(0)
    for i in range(left.size):
        j = of_group[i]
        if steps[i] > 0:
            owed[0, j] = (params[j] - left[i]) / steps[i]
        worth += (steps[i] * owed[0, j]) ** 2
        params[j] = left[i]
    length, worth, kept = norm_of(left), np.sqrt(worth), kind(1)
    if length > 0 and worth > 0:
        share = kind(_LONGEST_MEMORY) * length / worth
        kept = kept if share > kept else share
    for i in range(left.size):
        owed[0, of_group[i]] *= kept
    return kept


@jit_inner_views
def _shrink(w, steps, room, strengths, is_positive):
    """Apply the proximal operator of a group, in place."""
    zero, (l1, l2), threshold = w.dtype.type(0), strengths, part_of(room, 0, w.size)
    for i in range(w.size):
        pull = steps[i] * l1
        above, below = w[i] - pull, w[i] + pull
        left = zero if above <= zero else above
        if not is_positive:
            left += zero if below >= zero else below
        w[i], threshold[i] = left, steps[i] * l2
    longest, length = _largest(threshold), norm_of(w)
    if longest == _smallest(threshold):
        left = zero if length <= longest else length - longest
        factor = left / (length if length != zero else w.dtype.type(1))
        for i in range(w.size):
            w[i] *= factor
    else:
        _shrink_apart(w, threshold, part_of(room, w.size, w.size), longest, length)


@jit_inner_views
def _shrink_apart(w, threshold, slope, longest, length):
    """Apply the proximal operator of the norm where thresholds of weights differ."""
    zero, one = w.dtype.type(0), w.dtype.type(1)
    square, is_free, start = zero, False, larger(zero, length - longest)
    for i in range(w.size):
        ratio = w[i] / (one if threshold[i] == zero else threshold[i])
        square += ratio * ratio
        is_free = is_free or (threshold[i] == zero and w[i] != zero)
        start, slope[i] = larger(start, abs(w[i]) - threshold[i]), one
    is_zero = square <= one and not is_free
    root = zero if is_zero else root_of(w, threshold, slope, start)
    for i in range(w.size):
        divisor = root + threshold[i]
        w[i] = zero if is_zero else w[i] * (root / (one if divisor == zero else divisor))


@jit_inner_views
def _largest(values):
    largest = values[0]
    for i in range(1, values.size):
        largest = larger(largest, values[i])
    return largest


@jit_inner_views
def _smallest(values):
    smallest = values[0]
    for i in range(1, values.size):
        smallest = values[i] if values[i] < smallest else smallest
    return smallest


UNITED: dict[str, Body] = {
    "skopt_suite.penalties._max_norm.MaxNorm.prox": Body(_bound_norms, unite_type),
    "skopt_suite.penalties._group_penalty.GroupPenalty.pay": Body(_pay_groups, unite_type),
}
"""By the name of their definition."""
