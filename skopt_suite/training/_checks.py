"""What an optimizer cannot do is refused before any work starts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from skopt_suite.backends import is_sparse
from skopt_suite.optimizers import OPTIMIZERS, Optimizer
from skopt_suite.training._job import Job


def check_job(job: Job, X: Any) -> None:
    """Raise `ValueError` or `TypeError` if the parts of the job do not go together."""
    plan = job.plan
    plan.penalty.check_layout(job.network.layout)
    optimizer = plan.optimizer
    if not optimizer.takes_kinks and not plan.loss.is_smooth:
        raise ValueError(
            f"optimizer {optimizer.name!r} needs a smooth loss, and {plan.loss.name!r} has kinks. "
            f"Take one of {_able('takes_kinks')}, or another loss."
        )
    if not optimizer.takes_prox and plan.penalty.has_prox:
        raise ValueError(
            f"optimizer {optimizer.name!r} needs a smooth penalty, and {plan.penalty!r} is not. "
            f"Take one of {_able('takes_prox')}, or penalty='l2' or 'none'."
        )
    if not optimizer.takes_schedule and plan.schedule.name != "constant":
        raise ValueError(
            f"optimizer {optimizer.name!r} finds its own step size, so schedule must be "
            f"'constant'; got {plan.schedule.name!r}. Optimizers with a learning rate: "
            f"{_able('takes_schedule')}."
        )
    if optimizer.is_full_batch and not optimizer.takes_schedule and any(plan.dropout):
        raise ValueError(
            f"optimizer {optimizer.name!r} needs an objective that does not change between "
            f"evaluations, so dropout must be 0; got {max(plan.dropout)}. Optimizers that take "
            f"dropout: {_able('takes_schedule')}."
        )
    if optimizer.only_quadratic:
        _check_quadratic(job)
    if is_sparse(X) and not takes_sparse(optimizer):
        reason = (
            "needs the covariance of X, which sparse X does not have at hand"
            if optimizer.is_full_batch
            else "trains on minibatches, which sparse X does not allow"
        )
        sparse = _names(takes_sparse)
        raise TypeError(
            f"optimizer {optimizer.name!r} {reason}. Take one of {sparse}, or dense data "
            "(X.toarray())."
        )


def takes_sparse(optimizer: Optimizer | type[Optimizer]) -> bool:
    """Whether an optimizer trains on sparse X."""
    return optimizer.is_full_batch and optimizer.takes_sparse


def _check_quadratic(job: Job) -> None:
    """Raise `ValueError` if the objective is not that of a linear model with a squared error."""
    plan = job.plan
    name, others = plan.optimizer.name, _names(lambda optimizer: not optimizer.only_quadratic)
    if not plan.loss.is_quadratic:
        raise ValueError(
            f"optimizer {name!r} needs the squared error; got loss {plan.loss.name!r}. Take one of "
            f"{others}, or loss='squared_error'."
        )
    if job.network.n_hidden:
        raise ValueError(
            f"optimizer {name!r} needs a linear model; got hidden layers of "
            f"{list(job.network.sizes[1:-1])} units. Take one of {others}, or no hidden layer."
        )
    if plan.penalty.curvature() is None:
        raise ValueError(
            f"optimizer {name!r} needs a quadratic penalty that declares its curvature; got "
            f"{plan.penalty!r}. Take one of {others}, or penalty='l2' or 'none'."
        )


def _able(ability: str) -> str:
    return _names(lambda optimizer: getattr(optimizer, ability))


def _names(accepts: Callable[[type[Optimizer]], bool]) -> str:
    return ", ".join(repr(name) for name in OPTIMIZERS if accepts(OPTIMIZERS[name]))
