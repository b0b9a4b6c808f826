"""How much memory passes may take, and into which pieces that cuts them."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

from skopt_suite.backends import Placement, free_memory
from skopt_suite.training import Data, Job, bytes_per_fit

_UNITS = {"": 1, "B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40}
_SHARE = 4  # of what is free, all workers together may take one in so many
_REUSED = 2**25  # bytes: larger arrays are given back to the system and fetched anew at every step
_SCORED_AT_ONCE = 2**28  # bytes of predictions: more is no faster


class Budget(NamedTuple):
    """What passes may take beside the data."""

    limit: int | None
    """Bytes, all workers together; None: a quarter of what is free when a pass begins."""
    n_workers: int = 1

    def of_a_pass(self, placement: Placement) -> int:
        """Return how many bytes one pass may take."""
        limit = free_memory(placement) // _SHARE if self.limit is None else self.limit
        return limit // self.n_workers


def budget_of(max_memory: Any, owner: str) -> Budget:
    """Return the budget that a user gives as ``max_memory``.

    Parameters
    ----------
    max_memory : int, str or None
        Bytes, or a number with a unit such as ``"2GB"``; None: a quarter of what is free.
    owner : str
        Who asks, for the error message.
    """
    if max_memory is None:
        return Budget(None)
    if isinstance(max_memory, str):
        match = re.fullmatch(r"\s*(\d+\.?\d*|\.\d+)\s*([KMGT]?B)?\s*", max_memory.upper())
        value = float(match[1]) * _UNITS[match[2] or ""] if match else 0.0
    elif isinstance(max_memory, int) and not isinstance(max_memory, bool):
        value = float(max_memory)
    else:
        value = 0.0
    if value < 1:
        raise ValueError(
            f"{owner}: max_memory must be a number of bytes, text such as '2GB', or None; got "
            f"{max_memory!r}."
        )
    return Budget(int(value))


def pieces(
    members: list[tuple[Any, Job]], data: Data, placement: Placement, budget: Budget
) -> Iterator[list[tuple[Any, Job]]]:
    """Yield candidates with their jobs in even pieces whose passes fit into the budget.

    A single fit that does not is trained nevertheless, alone: so would an ordinary search.
    """
    first = members[0][1]
    shares_weight = all(job.sample_weight is first.sample_weight for _, job in members)
    per_fit = bytes_per_fit(first, data, placement, shares_weight)
    size = max(1, min(budget.of_a_pass(placement) // per_fit, _largest_piece(first, data)))
    n_pieces = -(-len(members) // size)
    even = -(-len(members) // n_pieces)
    for start in range(0, len(members), even):
        yield members[start : start + even]


def _largest_piece(job: Job, data: Data) -> int:
    """Return how many wide networks have outputs that stay where they are from step to step."""
    n_samples = data.train.n_samples
    n_rows = job.plan.rows_per_step(n_samples)
    item = 4 if job.dtype == "float32" else 8
    outputs = item * n_rows * sum(job.network.sizes[1:-1])
    return max(1, _REUSED // outputs) if outputs else sys.maxsize


def scored_at_once(job: Job, n_rows: int, placement: Placement, budget: Budget) -> int:
    """Return for how many fits predictions may be computed at once.

    Half of the budget is for them; in the other half are the results of the pass.
    """
    sizes = job.network.sizes
    numbers = 2 * job.network.n_params + n_rows * (3 * sum(sizes[1:-1]) + 4 * sizes[-1])
    bytes_of_predictions = 8 * numbers  # scores are computed in float64
    return max(1, min(budget.of_a_pass(placement) // 2, _SCORED_AT_ONCE) // bytes_of_predictions)
