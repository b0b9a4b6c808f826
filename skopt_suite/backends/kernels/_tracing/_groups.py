"""Kernels for groups of weights: a warp for every group, whose threads take its weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from skopt_suite.backends.kernels._tracing._cuda import C_TYPES, Writer
from skopt_suite.backends.kernels._tracing._expression import (
    INDEX,
    CannotTrace,
    Expression,
    cast,
    position,
    variable,
)
from skopt_suite.backends.kernels._tracing._lengths import FITS, GROUPS, MEMBERS, NAMES, WEIGHTS
from skopt_suite.backends.kernels._tracing._namespace import CLIMBING, OVER_MEMBERS
from skopt_suite.backends.kernels._tracing._program import Leaf, Program, whole
from skopt_suite.backends.kernels._tracing._symbol import Index, Symbol

_LOOP = "for (long long q = threadIdx.x; q < size; q += blockDim.x) {"
_REDUCTIONS = {
    "add": ("0", "{0} + {1}", "sum_of_warp"),
    "maximum": ("-INFINITY", "larger({0}, (double){1})", "largest_of_warp"),
}


def members_of(values: Symbol) -> Symbol:
    """Return what there is one of for each weight, (fits, weights …), as (fits, groups, members).

    One number for all weights is one for all groups.
    """
    read, is_one = values.at, values.shape[-1] == 1
    shape = (values.shape[0], 1, 1) if is_one else (values.shape[0], GROUPS, MEMBERS)

    def at(index: Index) -> Expression:
        return read((index[0], position(0) if is_one else _member(index[2])))

    return Symbol(shape, values.dtype, at)


def behind_weights(values: Symbol, n_weights: int) -> Symbol:
    """Return what there is one of for each group behind those of weights, (fits, groups, 1)."""
    read = values.at

    def at(index: Index) -> Expression:
        return read((index[0], Expression("add", (position(n_weights), index[1]), INDEX)))

    return Symbol((values.shape[0], GROUPS, 1), values.dtype, at)


def of_groups(
    name: str,
    of_members: Sequence[tuple[str, Symbol]],
    of_whole: Sequence[tuple[str, Symbol, int]],
    leaves: Mapping[str, Leaf],
) -> Program:
    """Return a kernel that writes numbers of weights, (fits, groups, members), and of groups.

    Those of groups, (fits, groups, 1), come with the number of entries that lie before them.
    """
    own = _Groups()
    index = variable("k"), variable("g"), variable(OVER_MEMBERS)
    entries = [(target, own.resolved(new.at(index))) for target, new in of_members]
    at = *index[:2], position(0)
    single = [(target, own.resolved(new.at(at)), before) for target, new, before in of_whole]
    values, names = own.text([_member(index[2]), *(new for _, new in entries)])
    member, *new = names
    own.lines += [_LOOP, *values]
    own.lines += [
        f"{target}[k * {target}_0 + {member}] = {value};"
        for (target, _), value in zip(entries, new, strict=True)
    ]
    own.lines.append("}")
    if single:
        values, names = own.text([new for _, new, _ in single])
        own.lines += ["__syncthreads();", "if (threadIdx.x == 0) {", *values]
        own.lines += [
            f"{target}[k * {target}_0 + {NAMES[before]} + g] = {value};"
            for (target, _, before), value in zip(single, names, strict=True)
        ]
        own.lines.append("}")
    head = [
        "for (long long k = blockIdx.y; k < K; k += gridDim.y)",
        "for (long long g = blockIdx.x; g < G; g += gridDim.x) {",
        "const long long first = starts[g], size = starts[g + 1] - first;",
    ]
    positions = {array: Leaf(array, (n,), INDEX) for array, n in _POSITIONS.items()}
    own.writer.loads |= set(positions)
    written = dict.fromkeys([target for target, _ in of_members])
    written.update(dict.fromkeys([target for target, *_ in of_whole]))
    lines = [*head, *own.lines, "}"]
    return whole(name, lines, own.writer, {**leaves, **positions}, list(written))


_POSITIONS = {"members": WEIGHTS, "starts": GROUPS}


def _member(index: Expression) -> Expression:
    """Return which weight a member of a group is."""
    place = Expression("add", (variable("first"), index), INDEX)
    return Expression("load", ("members", (WEIGHTS,), place), INDEX)


class _Groups:
    """Writes what threads do together before each can compute its own numbers."""

    def __init__(self) -> None:
        self.writer = Writer({}, NAMES)
        self.lines: list[str] = []
        self.known: dict[int, Expression] = {}
        self.climbing: dict[int, bool] = {}
        self.seen: set[int] = set()
        self._n_reductions, self._has_climbed = 0, False

    def text(self, expressions: Sequence[Expression]) -> tuple[list[str], list[str]]:
        """Return statements, and the names of the values that they compute."""
        writer = Writer({"k": FITS, "g": GROUPS, OVER_MEMBERS: MEMBERS}, NAMES)
        names = [writer.value(expression) for expression in expressions]
        self.writer.loads |= writer.loads
        return writer.lines, names

    def resolved(self, expression: Expression) -> Expression:
        """Return an expression that reads what the threads have found together."""
        if expression.token not in self.known:
            self.known[expression.token] = self._resolved(expression)
        return self.known[expression.token]

    def _resolved(self, expression: Expression) -> Expression:
        if expression.op == "climb":
            return self._climbed(expression)
        parts = expression.args
        args = tuple(self.resolved(arg) if isinstance(arg, Expression) else arg for arg in parts)
        new = Expression(expression.op, args, expression.dtype)
        is_reduction = new.op == "reduce" and new.args[1] == OVER_MEMBERS
        return self._reduced(new) if is_reduction else new

    def _reduced(self, expression: Expression) -> Expression:
        """Write a loop over the weights of a group; return its result."""
        start, more, together = _REDUCTIONS[expression.args[0]]
        name = f"r{self._n_reductions}"
        self._n_reductions += 1
        lines, (value,) = self.text([expression.args[3]])
        loop = [_LOOP, *lines, f"{name} = {more.format(name, value)};", "}"]
        self.lines += [f"double {name} = {start};", *loop, f"{name} = {together}({name});"]
        result = Expression("argument", (name,), np.dtype(np.float64))
        return cast(result, expression.dtype)

    def _climbed(self, expression: Expression) -> Expression:
        """Write the loop of `climb`, which ends where every thread finds the same."""
        if self._has_climbed:
            raise CannotTrace("Only one equation of a group is solved.")
        self._has_climbed = True
        start, rise, tolerance, n_most = expression.args
        self._outside(rise)
        kind, x = C_TYPES[expression.dtype.name], CLIMBING
        begin, (value,) = self.text([self.resolved(start)])
        before, known, self.lines = self.lines, dict(self.known), []
        lines, (more, limit) = self.text([self.resolved(rise), tolerance])
        loop = [*self.lines, *lines, f"{x} += {more};", f"if (!({more} > {limit} * {x})) break;"]
        head = [f"{kind} {x};", "{", *begin, f"{x} = {value};", "}"]
        self.lines = [*before, *head, f"for (int n = 0; n < {n_most}; ++n) {{", *loop, "}"]
        self.known = known
        return Expression("argument", (x,), expression.dtype)

    def _outside(self, expression: Expression) -> None:
        """Write what is the same in all rounds of a loop."""
        if not self._climbs(expression):
            self.resolved(expression)
            return
        for arg in expression.args:
            if isinstance(arg, Expression) and arg.token not in self.seen:
                self.seen.add(arg.token)
                self._outside(arg)

    def _climbs(self, expression: Expression) -> bool:
        """Whether an expression depends on what `climb` moves."""
        if expression.token not in self.climbing:
            parts = [arg for arg in expression.args if isinstance(arg, Expression)]
            is_it = expression.op == "argument" and expression.args == (CLIMBING,)
            self.climbing[expression.token] = is_it or any(map(self._climbs, parts))
        return self.climbing[expression.token]
