"""Members of ensembles, also of several ones, that are trained as stacks."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

from skopt_suite.estimators._fused import SeenRows, fitted, see, warn_if_not_converged
from skopt_suite.estimators._members import PlannedMembers, held_out_rows, prepare_members
from skopt_suite.model_selection._engine.memory import Budget, pieces
from skopt_suite.model_selection._engine.shrinking import Shrinking
from skopt_suite.training import Data, Job, Keep, Keeper, Observer, Result, check_job, train

Member = tuple[Any, Job]
IsCut = Callable[[list[list[Member]]], None]


class Prepared(NamedTuple):
    """The members of an ensemble, ready to train."""

    members: list[Member]
    data: Data
    seen: SeenRows


class Work(NamedTuple):
    """What the stacks of ensembles share."""

    data: Data
    seen: SeenRows
    budget: Budget
    shrinking: Shrinking
    is_cancelled: Callable[[], bool]
    keep: Keep = "memory"
    keeper: Callable[[list[Member]], Keeper | None] = lambda piece: None
    """What keeps the pass of a piece in files, if anything."""

    def cut(self, members: list[Member]) -> list[list[Member]]:
        """Return pieces whose passes fit into memory."""
        return list(pieces(members, self.data, self.seen.placement, self.budget))

    def results(
        self,
        cut: list[list[Member]],
        observer: Observer | None = None,
        is_cut: IsCut = lambda parts: None,
        key: Hashable = "members",
    ) -> list[Result]:
        """Train pieces and return what became of their members."""

        def train_piece(piece: list[Member]) -> list[Result]:
            jobs, place = [job for _, job in piece], self.seen.placement
            keep, cancelled = self.keep, self.is_cancelled
            kept = self.keeper(piece)
            return train(
                jobs, self.data, place, observer, keep=keep, cancelled=cancelled, keeper=kept
            )

        trained = self.shrinking.trained(cut, train_piece, key, is_cut)
        return [result for results in trained for result in results]


def prepared(
    planned: PlannedMembers,
    seen: SeenRows | None = None,
    held_out: tuple[Any, Any, Any] | None = None,
) -> Prepared:
    """Return members with their jobs; `seen` are the rows if they are known.

    All are scored on the rows that are `held_out` if there are any: X, y, and weights or None.
    """
    first = planned.models[0]
    seen = seen or see(first, planned.X, planned.y, None)
    given = None if held_out is None else held_out_rows(first, seen, *held_out)
    ready = prepare_members(planned.models, seen, planned.weights, given, planned.columns)
    check_job(ready[0].job, seen.rows.X)
    jobs = [one.job for one in ready]
    return Prepared(list(zip(planned.models, jobs, strict=True)), ready[0].data, seen)


def fitted_members(
    members: Sequence[Member], results: Sequence[Result], seen: SeenRows
) -> list[Any]:
    """Return members with their results; raise the error of one that has none."""
    return [_fitted(*member, result, seen) for member, result in zip(members, results, strict=True)]


def _fitted(model: Any, job: Job, result: Result, seen: SeenRows) -> Any:
    if result.error is not None:
        raise result.error
    warn_if_not_converged(model, job, result)
    return fitted(model, seen, job, result)
