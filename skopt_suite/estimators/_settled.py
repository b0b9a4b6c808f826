"""What a plan leaves open until rows are known: whether to stop early, the size of batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skopt_suite.chunks import is_chunked
from skopt_suite.estimators._parameters import Shape, best_optimizer
from skopt_suite.estimators._prepared import CheckedRows
from skopt_suite.training import Plan, is_on_cluster

if TYPE_CHECKING:
    from skopt_suite.estimators._base import TrainableEstimator

ENOUGH_ROWS = 300
"""From how many rows on some are held out: below, a tenth of them would be too few to tell."""
STEPS_PER_EPOCH = 150
"""At the least, unless batches are as large or as small as they may be."""
FEWEST_IN_BATCH, MOST_IN_BATCH = 64, 256
ENOUGH_OF_A_CLASS = 10
"""And from how many for every class."""


def settled(
    model: TrainableEstimator, plan: Plan, rows: CheckedRows, are_given: bool = False
) -> Plan:
    """Return a plan that says whether to stop early, and how many rows networks see in a step.

    What `"auto"` means as an optimizer depends on rows, too.

    Parameters
    ----------
    model : estimator
        Whose plan it is.
    plan : Plan
        It may say "auto" of either.
    rows : CheckedRows
        What it is fitted to.
    are_given : bool
        Whether the user holds out others.
    """
    changes: dict[str, Any] = {}
    if plan.chooses_optimizer:
        changes["optimizer"] = best_optimizer(plan.loss, plan.penalty, **_facts(plan, rows))
    if model._is_network and isinstance(plan.batch_size, str):
        changes["batch_size"] = auto_batch_size(rows.X.shape[0])
    if isinstance(plan.early_stopping, str):
        changes["early_stopping"] = are_given or _are_enough(rows)
    return plan.changed(**changes) if changes else plan


def _facts(plan: Plan, rows: CheckedRows) -> dict[str, Any]:
    """Return the shape of rows, and what an optimizer may not take of them (see `Demands`)."""
    targets, (n_samples, n_features) = rows.targets.type, rows.X.shape
    return {
        "shape": Shape(n_samples, n_features, targets.n_outputs * plan.loss.n_raw),
        "is_on_host": rows.placement.is_numpy,
        "is_sparse": rows.is_sparse,
        "is_chunked": is_chunked(rows.X),
        "is_on_cluster": is_on_cluster(rows.X),
        "has_coupled_outputs": plan.loss.on(targets).has_coupled_outputs,
    }


def settled_without_rows(model: TrainableEstimator, plan: Plan) -> Plan:
    """Return a plan that leaves open whether to stop early only where that depends on rows."""
    can_stop = plan.n_iter_no_change < plan.max_iter and not plan.optimizer.is_full_batch
    if isinstance(plan.early_stopping, str) and not (model._is_network and can_stop):
        return plan.changed(early_stopping=False)
    return plan


def settled_like(other: Plan, plan: Plan) -> Plan:
    """Return a plan for the same rows as `other`, which is settled, and of the same pass."""
    optimizer = other.optimizer if plan.chooses_optimizer else plan.optimizer
    return plan.settled(optimizer, other.early_stopping, other.batch_size)


def auto_batch_size(n_rows: int) -> int:
    """Return how many rows a network sees in a step: a power of 2 that grows with their number."""
    wanted = n_rows // STEPS_PER_EPOCH
    return min(MOST_IN_BATCH, max(FEWEST_IN_BATCH, 1 << max(wanted, 1).bit_length() - 1))


def _are_enough(rows: CheckedRows) -> bool:
    """Whether some of the rows can be spared, of every class."""
    n_classes = rows.targets.type.n_outputs if rows.targets.is_stratified else 1
    return bool(rows.n_counted >= max(ENOUGH_ROWS, ENOUGH_OF_A_CLASS * n_classes))
