"""What a search took."""

from __future__ import annotations

from dataclasses import dataclass

from skopt_suite._figures import many, short, size
from skopt_suite.model_selection._engine.meter import Meter


@dataclass(frozen=True)
class SearchCost:
    """Says what a search took, its refit included.

    Parameters
    ----------
    core_seconds : float
        Seconds of processors, over all threads of this process and over its workers while they
        train and score. Processes that other packages start are not in it.
    wall_seconds : float
        Seconds from the beginning to the end.
    n_rows : int
        Rows that estimators of this package were trained on: those of every epoch or iteration,
        once for all fits that share a pass, and of chunks those of every sweep, once for all folds
        that read together. Estimators of other packages tell nothing.
    peak_memory : int
        Bytes that this process and its workers have held at most since they began, each when it
        held most.
    joules : float or None
        Energy that the processors of this machine took, for whatever ran on it; None where the
        machine does not tell (Linux does, of most processors, where one may read
        ``/sys/class/powercap/intel-rapl:*/energy_uj``), and of searches so long that its counters
        may have begun anew. What a GPU takes is not in it.

    See Also
    --------
    FusedGridSearchCV : Has one as ``cost_``.
    FusionReport : How many passes there were.

    Examples
    --------
    >>> from skopt_suite.model_selection import SearchCost
    >>> SearchCost(3.14, 1.7, 2_400_000, 310 * 2**20, None)
    SearchCost: 3.1 core-seconds in 1.7 s, 2.4 million rows, 310 MB, energy not told by this machine
    """

    core_seconds: float
    wall_seconds: float
    n_rows: int
    peak_memory: int
    joules: float | None

    @classmethod
    def of(cls, meter: Meter) -> SearchCost:
        """Return what a meter says."""
        return cls(
            meter.core_seconds, meter.wall_seconds, meter.n_rows, meter.peak_memory, meter.joules
        )

    def __repr__(self) -> str:
        energy = (
            "energy not told by this machine"
            if self.joules is None
            else f"{short(self.joules)} joules"
        )
        return (
            f"SearchCost: {short(self.core_seconds)} core-seconds in {short(self.wall_seconds)} "
            f"s, {many(self.n_rows)} rows, {size(self.peak_memory)}, {energy}"
        )
