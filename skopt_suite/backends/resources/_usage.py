"""What a process, and the machine, have used so far."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import psutil

_STATUS = Path("/proc/self/status")
_POWERCAP = Path("/sys/class/powercap")
_MOST_WATTS = 500.0  # that a processor takes


def peak_memory() -> int:
    """Return how many bytes this process has held at most since it began."""
    try:
        lines = dict(line.split(":", 1) for line in _STATUS.read_text().splitlines())
        return 1024 * int(lines["VmHWM"].split()[0])
    except (OSError, KeyError):
        return _peak_elsewhere()


def _peak_elsewhere() -> int:
    """Return the peak where there is no ``/proc``."""
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset
    from resource import RUSAGE_SELF, getrusage

    return getrusage(RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


class Energy(NamedTuple):
    """Counters of the energy that processors have taken; they begin anew at some number."""

    microjoules: dict[Path, int]

    @classmethod
    def now(cls) -> Energy:
        """Return the counters of Linux; none where it does not tell, or only the superuser."""
        zones = (zone for zone in _POWERCAP.glob("intel-rapl:*") if zone.name.count(":") == 1)
        try:
            return cls({zone: int((zone / "energy_uj").read_text()) for zone in zones})
        except (OSError, ValueError):
            return cls({})

    def joules_since(self, before: Energy, seconds: float) -> float | None:
        """Return the energy since then; None if nobody tells, or a counter may have begun anew."""
        total = 0
        for zone, now in self.microjoules.items():
            limit = int((zone / "max_energy_range_uj").read_text())
            if zone not in before.microjoules or _MOST_WATTS * seconds > 1e-6 * limit:
                return None
            total += (now - before.microjoules[zone]) % limit
        return 1e-6 * total if self.microjoules else None
