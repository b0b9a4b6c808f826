"""What is around the rule of one fit: averages of where its steps end, and the like."""

from __future__ import annotations

from skopt_suite.backends.kernels._numba._body import Body, follow_type, lead_type
from skopt_suite.backends.kernels._numba._jit import jit_body


@jit_body
def _average(params, average, share, numbers):
    """Move an average towards a point."""
    share = average.dtype.type(share)
    for j in range(average.size):
        average[j] += share * (params[j] - average[j])


@jit_body
def _return(fast, slow, share, numbers):
    """Return part of the way to slow weights, if there is a share; what is 0 stays."""
    if share == 0:
        return
    share, zero = slow.dtype.type(share), slow.dtype.type(0)
    for j in range(slow.size):
        if fast[j] != zero:
            fast[j] = slow[j] + share * (fast[j] - slow[j])
        slow[j] = fast[j]


@jit_body
def _leave_mean(y, z, rate, numbers, n_weights):
    """Take from y the part of z, which the rule moves, and decay; numbers end with both shares."""
    kind = y.dtype.type
    of_z = kind(1) - kind(numbers[numbers.size - 2])
    lost = kind(rate * numbers[numbers.size - 1])
    for j in range(y.size):
        old = z[j]
        if j < n_weights:
            z[j] -= lost * y[j]
        y[j] -= of_z * old


@jit_body
def _approach_mean(y, z, share, numbers):
    """Give to y the part of z, after the step, of which the mean takes a share."""
    kind = y.dtype.type
    kept = kind(1 - share)
    of_z = kind(1) - kind(numbers[numbers.size - 2]) * kept
    for j in range(y.size):
        y[j] = kept * y[j] + of_z * z[j]


_OPTIMIZERS = "skopt_suite.optimizers"
_SCHEDULE_FREE = f"{_OPTIMIZERS}.ScheduleFreeSGD", f"{_OPTIMIZERS}.ScheduleFreeAdamW"

LEADS: dict[str, Body] = dict.fromkeys(_SCHEDULE_FREE, Body(_leave_mean, lead_type))
"""By the name of the class; for those whose rule moves what is beside the parameters."""

FOLLOWS: dict[str, Body] = {
    f"{_OPTIMIZERS}.AverageWeights": Body(_average, follow_type),
    f"{_OPTIMIZERS}.Lookahead": Body(_return, follow_type),
    **dict.fromkeys(_SCHEDULE_FREE, Body(_approach_mean, follow_type)),
}
"""By the name of the class."""
