"""How much memory is free where arrays live."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from skopt_suite.backends._arrays import Placement

_CONTROL_GROUPS = Path("/sys/fs/cgroup")
# limit, use, and the part of it in memory.stat that is file cache and would be given up
_FILES = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "total_inactive_file"),
)


def free_memory(placement: Placement) -> int:
    """Return how many bytes are free: of the GPU for CuPy's arrays, else of the host."""
    if "cupy" in placement.xp.__name__:
        return _free_of_gpu(placement)
    return min(psutil.virtual_memory().available, _free_in_container())


def _free_of_gpu(placement: Placement) -> int:
    import cupy

    with placement.device:
        free, _ = cupy.cuda.runtime.memGetInfo()
        pool = cupy.get_default_memory_pool()
        free += pool.free_bytes()
        limit = pool.get_limit()  # 0: there is none
        return max(0, min(free, limit - pool.used_bytes())) if limit else free


def _free_in_container() -> float:
    """Return what the limit of a container leaves, which psutil does not know of."""
    for limit, use, cache in _FILES:
        try:
            total = (_CONTROL_GROUPS / limit).read_text().strip()
            used = int((_CONTROL_GROUPS / use).read_text())
            stat = (_CONTROL_GROUPS / limit).with_name("memory.stat").read_text()
        except OSError:
            continue
        if total == "max":
            break
        cached = dict(line.split() for line in stat.splitlines()).get(cache, 0)
        return max(0, int(total) - used + int(cached))
    return float("inf")
