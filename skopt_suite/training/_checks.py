"""What an optimizer cannot do is refused before any work starts."""

from __future__ import annotations

from typing import Any

from skopt_suite.backends import is_sparse
from skopt_suite.optimizers import OPTIMIZERS
from skopt_suite.training._job import Job


def check_job(job: Job, X: Any) -> None:
    """Raise `ValueError` or `TypeError` if the parts of the job do not go together."""
    optimizer = job.optimizer
    if not optimizer.takes_kinks and not job.loss.is_smooth:
        raise ValueError(
            f"optimizer {optimizer.name!r} needs a smooth loss, and {job.loss.name!r} has kinks. "
            f"Take one of {_able('takes_kinks')}, or another loss."
        )
    if not optimizer.takes_prox and job.penalty.has_prox:
        raise ValueError(
            f"optimizer {optimizer.name!r} needs a smooth penalty, and {job.penalty!r} is not. "
            f"Take one of {_able('takes_prox')}, or penalty='l2' or 'none'."
        )
    if not optimizer.takes_schedule and job.schedule.name != "constant":
        raise ValueError(
            f"optimizer {optimizer.name!r} finds its own step size, so schedule must be "
            f"'constant'; got {job.schedule.name!r}. Optimizers with a learning rate: "
            f"{_able('takes_schedule')}."
        )
    if optimizer.is_full_batch and not optimizer.takes_schedule and any(job.dropout):
        raise ValueError(
            f"optimizer {optimizer.name!r} needs an objective that does not change between "
            f"evaluations, so dropout must be 0; got {max(job.dropout)}. Optimizers that take "
            f"dropout: {_able('takes_schedule')}."
        )
    if is_sparse(X) and not optimizer.is_full_batch:
        raise TypeError(
            f"optimizer {optimizer.name!r} trains on minibatches, which sparse X does not allow. "
            f"Take one of {_able('is_full_batch')}, or dense data (X.toarray())."
        )


def _able(ability: str) -> str:
    return ", ".join(repr(name) for name in OPTIMIZERS if getattr(OPTIMIZERS[name], ability))
