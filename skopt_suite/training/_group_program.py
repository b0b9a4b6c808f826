"""What a penalty of groups does to weights after a step, as a kernel of its own."""

from __future__ import annotations

from typing import Any

from skopt_suite._separable import Description
from skopt_suite.backends import Array, FitColumn, Params, namespace
from skopt_suite.backends.kernels import _tracing as tracing
from skopt_suite.backends.kernels._tracing import (
    FITS,
    GROUPS,
    CannotTrace,
    Program,
    Symbol,
)
from skopt_suite.optimizers import Step
from skopt_suite.penalties import MaxNorm, Penalty
from skopt_suite.penalties._group_penalty import GroupPenalty
from skopt_suite.training._leaves import Leaves
from skopt_suite.training._objective import Objective

_IN_GROUPS = MaxNorm.prox, GroupPenalty.pay


def groups_of(penalty: Penalty) -> Description | None:
    """Return a penalty as data if it acts on groups of weights that are known; else None."""
    known = penalty.description()
    if known is None or known.members is None or known.formula not in _IN_GROUPS:
        return None
    return known


class Apart(Objective):
    """An objective whose penalty acts when another kernel has made the rest of a step."""

    before: Symbol | None = None
    """Parameters that it is to move."""
    step_size: Symbol
    owed: Symbol | None = None

    def prox(self, params: Params, step_size: FitColumn | Params) -> Params:
        """Return a symbol of what the other kernel will have written, which nothing may read."""
        size: Any = step_size if step_size.shape[1] == 1 else self.layout.weights(step_size)
        moved: Any = params
        self.step_size = namespace(size).astype(size, moved.dtype)
        self.before = Symbol(moved.shape, moved.dtype, moved.at)
        self._after = Symbol(moved.shape, moved.dtype, _refuse)
        return self._after

    def pay(
        self, params: Params, owed: Array, step_size: FitColumn | Params
    ) -> tuple[Params, Array]:
        """Return the same, and what is owed as it was."""
        self.owed = owed
        return self.prox(params, step_size), owed

    def moved(self, step: Step) -> Symbol:
        """Return the parameters of a step before the penalty acts, which must be its end."""
        if self.before is None or step.params is not self._after:
            raise CannotTrace("Steps go on when the penalty has acted.")
        return self.before


def _refuse(index: Any) -> Any:
    raise CannotTrace("Weights are read when the penalty has acted.")


def group_program(
    penalty: Any, groups: Description, objective: Apart, leaves: Leaves, n_weights: int
) -> Program:
    """Return the kernel of a penalty, from what it does to a block of groups.

    It reads the array `reach`, step sizes, which is added to the leaves with what else it reads.
    Of stand-ins `n_weights` is that for the number of weights. Raises `CannotTrace`.
    """
    moving, reach = leaves.symbol("params"), leaves.symbol("reach")
    numbers = tuple(
        namespace(reach).astype(leaves.symbol(f"number{i}")[:, :, None], reach.dtype)
        for i in range(len(groups.numbers))
    )
    owed: tuple[Symbol, ...] = ()
    if objective.owed is not None:
        owing = objective.owed[:, 0, :]
        owed = tracing.members_of(owing), tracing.behind_weights(owing, n_weights)
    block, step = tracing.members_of(moving), tracing.members_of(reach)
    block, owed = penalty.move_block(block, step, numbers, owed)
    of_members, of_whole = [("params", block)], []
    if objective.owed is not None:
        name = _name_of(objective.owed)
        of_members.append((name, owed[0]))
        of_whole.append((name, owed[1], n_weights))
    return tracing.of_groups("groups", of_members, of_whole, leaves.leaves)


def add_groups(groups: Description, objective: Apart, leaves: Leaves, params: Params) -> None:
    """Add to the leaves where groups lie, and where step sizes are left for them."""
    xp, like = namespace(params), {"device": params.device}
    width = 1 if objective.step_size.shape[1] == 1 else len(groups.members)
    for i, array in enumerate(groups.numbers):
        leaves.arrays[f"number{i}"] = array
        leaves.add(f"number{i}", (FITS, GROUPS), str(array.dtype))
    leaves.of("reach", xp.zeros((len(params), width), dtype=params.dtype, **like))
    for name in ("members", "starts"):
        leaves.arrays[name] = xp.asarray(getattr(groups, name), dtype=xp.int64, **like)


def _name_of(array: Symbol) -> str:
    """Return the name of a leaf."""
    origin = (tracing.position(0),) * array.ndim
    return str(array.at(origin).args[0])
