"""The step of an optimizer, as kernels written from its definition."""

from __future__ import annotations

from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from skopt_suite._layout import Layout
from skopt_suite.backends import Array, Params, PerFit, State
from skopt_suite.backends.kernels import _tracing as tracing
from skopt_suite.backends.kernels._tracing import (
    FITS,
    OVER_PARAMS,
    PARAMS,
    WEIGHTS,
    CannotTrace,
    Expression,
    Leaf,
    Lifted,
    Program,
    Symbol,
)
from skopt_suite.optimizers import Optimizer, Step
from skopt_suite.penalties import Penalty
from skopt_suite.training._group_program import Apart, add_groups, group_program, groups_of
from skopt_suite.training._leaves import Leaves
from skopt_suite.training._objective import Objective

LAYOUT = tracing.dots.LAYOUT
_COLUMN = (FITS, 1)


class UpdatePrograms(NamedTuple):
    """What moves parameters and state from a gradient."""

    of_sums: list[Program]
    """What reduces all parameters of a fit, one after the other, as each may read those before."""
    of_fits: Program
    """What counts steps, say, and computes numbers of fits."""
    of_params: Program
    """What reads those numbers."""
    of_params_by_rows: Program
    """The same, which sums gradients over the rows of a batch."""
    n_hoisted: int
    """How many there are."""
    n_sums: int
    """How many reductions there are."""
    arrays: dict[str, Array]
    """What all are called with, beside gradient, factor, momentum, time and those numbers."""
    of_groups: Program | None
    """What then moves groups of weights."""

    def reads(self, name: str) -> bool:
        """Whether any of them reads an array."""
        programs = (*self.of_sums, self.of_fits, self.of_params)
        return any(name == array for program in programs for array, _ in program.arrays)


def update_programs(
    optimizer: Optimizer, penalty: Penalty, state: State, params: Params, layout: Layout
) -> UpdatePrograms:
    """Return kernels that make the step of an optimizer, the penalty included.

    Arrays of `state` and `params` are overwritten by calls. Raises `CannotTrace`.
    """
    n_params, n_weights = params.shape[1], layout.n_weights
    if n_weights < 2 or state is None:
        raise CannotTrace("Nothing tells a number of a fit from one of its only weight.")
    of_weights = PARAMS if n_weights == n_params else WEIGHTS
    leaves = Leaves({n_weights: of_weights, n_params: PARAMS})
    rule, paid = leaves.component(optimizer, "rule"), leaves.component(penalty, "penalty")
    before = leaves.state(state, "state")
    moving, dtype = leaves.of("params", params), str(params.dtype)
    gradient = leaves.add("gradient", (FITS, PARAMS), dtype)
    factor = leaves.add("factor", _COLUMN, np.float64)
    if optimizer.has_momentum:
        rule = rule.with_momentum(leaves.add("momentum", _COLUMN, np.float64))
    time = leaves.add("time", (1,), np.float64)[0]
    given: Any = _Given(_Layout(of_weights), gradient)
    groups = groups_of(penalty)
    kind: Any = Objective if groups is None else Apart
    objective = kind(given, paid, False, None, time)
    step = rule.step(before, moving, objective, factor)
    writes = [*_moved(step, objective), *_changed(before, step.state, "state")]
    apart = None
    if groups is not None:
        add_groups(groups, objective, leaves, params)
        apart = group_program(paid, groups, objective, leaves, of_weights)
    of_params = [(name, new) for name, new in writes if new.shape[-1] != 1]
    of_fits = [(name, new) for name, new in writes if new.shape[-1] == 1]
    hoisted: list[Expression] = []
    moves = tracing.of_entries("update", of_params, leaves.leaves, PARAMS, hoisted)
    by_rows = tracing.dots.of_params("update", of_params, leaves.leaves, [], layout.n_layers)
    at = tracing.variable("k"), tracing.position(0)
    entries, sums = tracing.lifted([*hoisted, *(new.at(at) for _, new in of_fits)], OVER_PARAMS)
    counted = [
        (name, entry) for (name, _), entry in zip(of_fits, entries[len(hoisted) :], strict=True)
    ]
    counts = tracing.of_fits("count", counted, leaves.leaves, entries[: len(hoisted)])
    reduced = _sums(sums, leaves.leaves)
    programs = reduced, counts, moves, by_rows
    return UpdatePrograms(*programs, len(hoisted), len(sums), leaves.arrays, apart)


def _moved(step: Step, objective: Any) -> list[tuple[str, Symbol]]:
    """Return the parameters of a step, and what a penalty that acts later is to know of it."""
    if not isinstance(objective, Apart):
        return [("params", step.params)]
    return [("params", objective.moved(step)), ("reach", objective.step_size)]


def _sums(sums: list[Lifted], leaves: dict[str, Leaf]) -> list[Program]:
    """Return the kernels that reduce, of lower levels first."""

    def key(each: Lifted) -> tuple[int, Any]:
        return each.level, each.reduction.args[2].token

    groups = groupby(sorted(sums, key=key), key)
    return [tracing.of_sums("reduce", list(group), leaves) for _, group in groups]


def _changed(before: State, after: State, name: str) -> list[tuple[str, Symbol]]:
    """Return the names and new values of a state's arrays that are not what they were."""
    if isinstance(before, tuple):
        names = getattr(before, "_fields", range(len(before)))
        parts = zip(names, before, after, strict=True)
        return [pair for own, old, new in parts for pair in _changed(old, new, f"{name}_{own}")]
    if isinstance(before, Symbol):
        is_same = after is before and before.is_untouched
        return [] if is_same else [(name, after)]
    if before != after:
        raise CannotTrace("Steps are counted in Python.")
    return []


class _Layout:
    """Where weights lie, with a stand-in for their number."""

    def __init__(self, n_weights: int) -> None:
        self.n_weights = n_weights

    def weights(self, params: Symbol) -> Symbol:
        """Return those of parameters."""
        return params[:, : self.n_weights]

    def __getattr__(self, name: str) -> Any:
        raise CannotTrace(f"Where {name} lie is not traced.")


class _Given:
    """A data term whose gradient is known."""

    def __init__(self, layout: _Layout, gradient: Symbol) -> None:
        self.network, self.gradient = self, gradient
        self.layout = layout

    def value_and_gradient(self, params: Symbol) -> tuple[PerFit, Symbol]:
        """Return a value that nobody asks for, and the gradient."""
        return params[:, 0], self.gradient[...]
