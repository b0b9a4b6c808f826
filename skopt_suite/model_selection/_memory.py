"""How many fits one pass may have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from skopt_suite.training import Job

_UNITS = {"": 1, "B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40}
_DEFAULT = 2 * 2**30
_COPIES = 8  # parameters, gradient, optimizer state, best parameters, temporaries


def bytes_of(max_memory: Any, owner: str) -> int:
    """Return ``max_memory`` in bytes.

    Parameters
    ----------
    max_memory : int, str or None
        Bytes, or a number with a unit such as ``"2GB"``; None: 2 GB.
    owner : str
        Who asks, for the error message.
    """
    if max_memory is None:
        return _DEFAULT
    if isinstance(max_memory, str):
        match = re.fullmatch(r"\s*([\d.]+)\s*([KMGT]?B)?\s*", max_memory.upper())
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
    return int(value)


def pieces(
    members: list[tuple[Any, Job]], n_rows: int, max_memory: int
) -> Iterator[list[tuple[Any, Job]]]:
    """Yield candidates with their jobs in pieces whose passes fit into memory."""
    size = max(1, int(max_memory // bytes_per_fit(members[0][1], n_rows)))
    n_pieces = -(-len(members) // size)
    even = -(-len(members) // n_pieces)
    for start in range(0, len(members), even):
        yield members[start : start + even]


def bytes_per_fit(job: Job, n_rows: int) -> int:
    """Return an estimate of what one more fit takes during a pass."""
    item = 4 if job.dtype == "float32" else 8
    batch = n_rows if job.optimizer.is_full_batch else min(job.batch_size, n_rows)
    history = 2 * getattr(job.optimizer, "history_size", 0)
    params = (_COPIES + history) * job.network.n_params
    activations = 4 * batch * sum(job.network.sizes[1:])
    return item * (params + activations)
