"""Which candidate was trained in which pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from skopt_suite.estimators._fused import steps_of
from skopt_suite.model_selection._engine.candidates import Candidate
from skopt_suite.model_selection._engine.lines import counted
from skopt_suite.model_selection._frames import frame_of


class Entry(NamedTuple):
    """How one candidate was trained."""

    group: int | None
    """Number of the group of candidates that share a pass per fold; None: alone."""
    size: int
    """Number of candidates in the group."""
    reason: str
    """Why the candidate was trained alone; empty if it was not."""
    steps: str = ""
    """What made its steps: "compiled", the "definition" one by one, or "full batch"; empty if it
    is not an estimator of this package."""
    members: int = 0
    """How many it has, where it is an ensemble the members of which are trained in the pass."""


@dataclass(frozen=True)
class FusionReport:
    """Says for every candidate of a search in which pass it was trained, and if alone, why.

    Parameters
    ----------
    params : list of dict
        The candidates.
    entries : list of Entry
        How each was trained.
    kept_apart : list of str, default=()
        A line for every parameter that varies and lets no two of its values share a pass.
    n_sweeps : float, default=None
        How often all rows were read, for all folds together, where they are read in chunks.

    See Also
    --------
    FusedGridSearchCV : Has one as ``fusion_report_``.
    FusedRandomizedSearchCV : Has one, too.
    """

    params: list[dict[str, Any]]
    entries: list[Entry]
    kept_apart: Sequence[str] = ()
    n_sweeps: float | None = None

    @property
    def n_groups(self) -> int:
        """Number of groups of candidates that shared a pass."""
        return len({entry.group for entry in self.entries if entry.group is not None})

    @property
    def n_alone(self) -> int:
        """Number of candidates that shared no pass."""
        return sum(entry.group is None for entry in self.entries)

    def to_frame(self) -> Any:
        """Return the report as a pandas frame, one row per candidate."""
        columns = {
            name: list(column)
            for name, column in zip(Entry._fields, zip(*self.entries, strict=True), strict=True)
        }
        frame = frame_of({"params": self.params, **columns})
        return frame.astype({"group": "Int64"})

    def __getstate__(self) -> dict[str, Any]:
        """Return plain containers, so that a saved search names no class that is not public."""
        return {
            "params": self.params,
            "entries": [tuple(entry) for entry in self.entries],
            "kept_apart": list(self.kept_apart),
            "n_sweeps": self.n_sweeps,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        entries = [Entry(*entry) for entry in state["entries"]]
        since: dict[str, Any] = {"kept_apart": [], "n_sweeps": None}  # earlier versions had none
        self.__dict__.update({**since, **state, "entries": entries})

    def __repr__(self) -> str:
        n_candidates = len(self.entries)
        lines = [
            f"FusionReport: {n_candidates - self.n_alone} of {counted(n_candidates, 'candidate')} "
            f"fused into {counted(self.n_groups, 'pass', 'passes')} per fold, {self.n_alone} alone"
        ]
        sizes = {entry.group: entry.size for entry in self.entries if entry.group is not None}
        steps = {entry.group: entry.steps for entry in self.entries}
        members: Counter[int | None] = Counter()
        for entry in self.entries:
            members[entry.group] += entry.members
        lines += [
            f"  pass {group}: {counted(n, 'candidate')}{_of_members(members[group])}, "
            f"{_of_steps(steps[group])}"
            for group, n in sizes.items()
        ]
        reasons = Counter(entry.reason for entry in self.entries if entry.group is None)
        lines += [f"  alone: {counted(n, 'candidate')}: {why}" for why, n in reasons.items()]
        lines += [f"  apart: {line}" for line in self.kept_apart]
        if self.n_sweeps is not None:
            lines.append(f"  all folds together: {self.n_sweeps:.1f} sweeps over the rows")
        return "\n".join(lines)


def _of_members(n: int) -> str:
    return f" of {counted(n, 'member')}" if n else ""


def _of_steps(kind: str) -> str:
    return "full batches" if kind == "full batch" else f"{kind} steps"


def entries_of(candidates: list[Candidate]) -> list[Entry]:
    """Return how candidates were trained."""
    sizes = Counter(candidate.pass_number for candidate in candidates)
    steps = {one.shared: one for one in candidates if one.plan is not None}  # the same in a pass
    kinds = {key: steps_of(one.trained_model, one.plan) for key, one in steps.items()}
    return [_entry(one, sizes[one.pass_number], kinds.get(one.shared, "")) for one in candidates]


def _entry(candidate: Candidate, size: int, steps: str) -> Entry:
    n_members = candidate.model.n_estimators if candidate.is_ensemble else 0
    if candidate.pass_number is None:
        reason = candidate.reason or "no other candidate could share its pass"
        return Entry(None, 1, reason, steps, n_members)
    return Entry(candidate.pass_number, size, "", steps, n_members)
