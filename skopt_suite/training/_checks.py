"""What an optimizer cannot do is refused before any work starts, with what would be accepted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations, product
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import issparse

from skopt_suite.backends import FeatureMatrix, is_sparse
from skopt_suite.chunks import is_chunked
from skopt_suite.losses import CLASSIFICATION_LOSSES, REGRESSION_LOSSES, Loss
from skopt_suite.optimizers import OPTIMIZERS, Demands, Optimizer
from skopt_suite.penalties import PENALTIES
from skopt_suite.training._cluster import is_on_cluster
from skopt_suite.training._job import Job


def check_job(job: Job, X: FeatureMatrix, is_incremental: bool = False) -> None:
    """Raise `ValueError` if the parts of the job do not go together."""
    plan, are_chunks, are_remote = job.plan, is_chunked(X), is_on_cluster(X)
    is_far = are_chunks or are_remote
    has_zeros = X.is_sparse if is_far else is_sparse(X)
    job.penalty.check_layout(job.network.layout)
    if plan.input_dropout and has_zeros:
        raise ValueError(
            f"input_dropout must be 0 where X is sparse; got {plan.input_dropout}. Change "
            "input_dropout to 0, or X to a dense array (X.toarray())."
        )
    _check_batches(job, X.shape[0], is_far)
    demands = Demands(
        loss=plan.loss,
        penalty=job.penalty,
        schedule=plan.schedule.name,
        moves_momentum=plan.schedule.needs_momentum,
        dropout=max(plan.dropout, default=0.0),
        input_dropout=plan.input_dropout,
        hidden_layer_sizes=tuple(job.network.sizes[1:-1]),
        is_sparse=has_zeros,
        is_chunked=are_chunks,
        is_on_cluster=are_remote,
        has_coupled_outputs=job.loss.has_coupled_outputs,
        is_on_host=isinstance(X, np.ndarray) or issparse(X) or is_far,
        is_incremental=is_incremental,
    )
    reason = plan.optimizer.refusal(demands)
    if reason is not None:
        advice = _advice(plan.optimizer, plan.loss, demands)
        raise ValueError(f"optimizer {plan.optimizer.name!r} {reason}.{advice}")


def _check_batches(job: Job, n_samples: int, are_chunked: bool) -> None:
    """Raise if layers are normalised over batches of one row, or of more than there are at once."""
    n_rows = job.plan.rows_per_step(n_samples)
    if job.network.n_buffers and are_chunked and n_rows == n_samples:
        raise ValueError(
            "normalization='batch' needs batches that are in memory, and X is not; got "
            f"batches of all {n_samples} rows. Change one of these: optimizer to one that takes "
            "minibatches and batch_size to fewer rows; normalization to 'layer' or 'none'."
        )
    if job.network.n_buffers and n_rows == 1:
        raise ValueError(
            "normalization='batch' needs at least 2 rows in every batch; "
            f"got n_samples={n_samples} in batches of 1. Change one of these: "
            "batch_size to 2 or more; normalization to 'layer' or 'none'."
        )


def able_optimizers(demands: Demands) -> list[str]:
    """Return the names of the optimizers that take all that is demanded."""
    optimizers: Any = {name: OPTIMIZERS.resolve(name, owner=name) for name in OPTIMIZERS}
    return [name for name in OPTIMIZERS if optimizers[name].refusal(demands) is None]


def choice(names: list[str]) -> str:
    """Return ``a, b or c``."""
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


class _Change(NamedTuple):
    """One parameter set to something else."""

    parameter: str
    value: str
    """As text."""
    demands: Mapping[str, Any]
    """What is demanded then."""


def _advice(optimizer: Optimizer, loss: Loss, demands: Demands) -> str:
    """Return a sentence that says what would be accepted; empty if nothing is known to be."""
    changes = list(_changes(loss))
    ways = {"optimizer": [repr(name) for name in able_optimizers(demands)]}
    for change in changes:
        if optimizer.refusal(replace(demands, **change.demands)) is None:
            ways.setdefault(change.parameter, []).append(change.value)
    texts = [f"{parameter} to {choice(values)}" for parameter, values in ways.items() if values]
    if texts:
        return f" Change {'one of these: ' if texts[1:] else ''}{'; '.join(texts)}."
    needed = _least_changes(optimizer, demands, [*changes, *_last_resorts()])
    texts = [f"{change.parameter} to {change.value}" for change in needed]
    return f" Change {'all of these: ' if texts[1:] else ''}{'; '.join(texts)}." if texts else ""


def _changes(loss: Loss) -> Iterator[_Change]:
    """Yield what may be set to something else, and what is demanded then."""
    losses = REGRESSION_LOSSES if "numbers" in loss.kinds else CLASSIFICATION_LOSSES
    for name in losses:
        yield _Change("loss", repr(name), {"loss": losses[name]()})
    for name in PENALTIES:
        penalty = PENALTIES.resolve(name, owner="check_job")
        yield _Change("penalty", repr(name), {"penalty": penalty})
    yield _Change("cycle_momentum", "'auto' or False", {"moves_momentum": False})
    yield _Change("schedule", "'constant'", {"schedule": "constant", "moves_momentum": False})
    yield _Change("dropout", "0", {"dropout": 0.0})
    yield _Change("input_dropout", "0", {"input_dropout": 0.0})
    yield _Change("hidden_layer_sizes", "()", {"hidden_layer_sizes": ()})


def _last_resorts() -> Iterator[_Change]:
    """Yield changes for where there is no other: dense text, say, does not fit in memory."""
    yield _Change("partial_fit", "fit", {"is_incremental": False})
    yield _Change("X", "a dense array (X.toarray())", {"is_sparse": False})
    yield _Change("X", "an array in memory", {"is_chunked": False, "is_on_cluster": False})


def _least_changes(
    optimizer: Optimizer, demands: Demands, changes: list[_Change]
) -> tuple[_Change, ...]:
    """Return the first of the smallest sets of changes that together are accepted."""
    by_parameter: dict[str, list[_Change]] = {}
    for change in changes:
        by_parameter.setdefault(change.parameter, []).append(change)
    for n_changes in range(1, len(by_parameter) + 1):
        for parameters in combinations(by_parameter.values(), n_changes):
            for candidate in product(*parameters):
                settings = {k: v for change in candidate for k, v in change.demands.items()}
                if optimizer.refusal(replace(demands, **settings)) is None:
                    return candidate
    return ()
