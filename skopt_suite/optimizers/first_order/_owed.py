"""What weights owe to a penalty that is not smooth, where steps are noisy.

A proximal step forgives what it does not find: a weight of 0 that noise lifts is pulled by the
penalty of one step only. Here, what a weight at 0 could not pay is remembered, and what noise made
it pay in one direction counts in the other. It is FTRL-Proximal, written so that any rule makes the
step, and, while the step size is constant, the cumulative penalty of Tsuruoka et al.

Debts are counted like gradients; times the step size of the day they are lengths. So a step size
that was huge while a weight had no gradient leaves no debt behind, and a schedule that shrinks the
steps shrinks the debts that they have to make up for.

References
----------
H. B. McMahan, "Follow-the-Regularized-Leader and Mirror Descent: Equivalence Theorems and L1
Regularization", AISTATS 2011; Y. Tsuruoka, J. Tsujii and S. Ananiadou, "Stochastic Gradient Descent
Training for L1-regularized Log-linear Models with Cumulative Penalty", ACL 2009.
"""

from __future__ import annotations

from skopt_suite._separable import Separable
from skopt_suite.backends import Array, FitColumn, FlatWeights, like, namespace


def pay(
    weights: FlatWeights,
    owed: Array,
    step_size: FitColumn | FlatWeights,
    separable: Separable,
) -> tuple[FlatWeights, Array]:
    """Return weights that have paid what they owe, or all that they have, and what is left to pay.

    Parameters
    ----------
    weights : array of shape (n_fits, n_weights)
        Where the step of the smooth part ended.
    owed : array of shape (n_fits, 2, n_weights)
        Debts before the step, by the sign that the weight has; overwritten.
    step_size : array of shape (n_fits, 1) or (n_fits, n_weights)
        How far the step moved per unit of gradient; no step, no debt.
    separable : Separable
        The strengths.
    """
    xp = namespace(weights)
    (step_size,) = like(weights, step_size)
    unit = xp.where(step_size > 0, step_size, xp.ones_like(step_size))
    if separable.l1 is not None:
        (l1,) = like(weights, separable.l1)
        owed += (l1 * (step_size / unit))[:, None, :]
    left, paid = xp.clip(weights - step_size * owed[:, 0, :], 0.0, None), weights / unit
    # What is left has paid all: as a difference it would lose in rounding what short steps owe.
    paid = xp.where(left > 0, owed[:, 0, :], paid)
    if not separable.is_positive:
        below = xp.clip(weights + step_size * owed[:, 1, :], None, 0.0)
        left, paid = left + below, xp.where(below < 0, -owed[:, 1, :], paid)
    paid = xp.where(step_size > 0, paid, xp.zeros_like(paid))
    owed[:, 0, :] -= paid
    owed[:, 1, :] += paid
    return left, owed
