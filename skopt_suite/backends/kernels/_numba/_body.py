"""Bodies: functions for one fit, which kernels for many fits and many steps call by address.

A kernel that took them as arguments or closed over them would be compiled anew in every process,
and one that chose between all of them would take long to compile. An address costs a kernel an
indirect call, and nothing else is compiled than what is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from skopt_suite.backends.kernels._collection import paused_collection
from skopt_suite.backends.kernels._numba._keeping import Kept
from skopt_suite.backends.kernels._numba._team import Team
from skopt_suite.backends.kernels._numba._types import given

Numbers = given(types.float64, 1)
"""Hyperparameters of one fit."""

Layer = given(types.int64, 1)
"""Inputs, outputs, where weights and where biases lie."""


_n, _counts = types.int64, types.Array(types.int64, 1, "C")
_of_team = _n, _n, _counts, _counts, types.Array(types.float64, 2, "C"), _n
TEAM = Kept(types.NamedTuple(_of_team, Team))


def rule_type(kind: Any) -> Any:
    """Return the type of ``rule(params, gradient, moments, n_steps, rate, numbers, n_weights)``."""
    row, rows = _arrays(kind)
    return types.void(row, row, rows, types.float64, types.float64, Numbers, types.int64)


def reach_type(kind: Any) -> Any:
    """Return the type of ``reach(out, moments, n_steps, rate, numbers)``.

    It writes how far the step moved every weight per unit of constant gradient.
    """
    row, rows = _arrays(kind)
    return types.void(row, rows, types.float64, types.float64, Numbers)


def estimate_type(kind: Any) -> Any:
    """Return the type of what comes before a rule that needs sums over all parameters.

    It is ``estimate(params, gradient, moments, rate, numbers, known, found, team)``, changes
    moments and what is known of the fit, and writes the numbers of rule and reach to `found`.
    """
    row, rows = _arrays(kind)
    known = types.Array(types.float64, 1, "C")
    return types.void(row, row, rows, types.float64, Numbers, known, known, TEAM)


def clip_type(kind: Any) -> Any:
    """Return the type of ``clip(gradient, l1, l2, weaker_l1, weaker_l2, limits, team)``.

    It writes strengths that are weaker by as much as the gradient is, or none where there is no
    room; `limits` are the largest entry and the largest norm.
    """
    row, _ = _arrays(kind)
    strengths = given(kind, 1)
    return types.void(row, strengths, strengths, row, row, Numbers, TEAM)


def tangent_type(kind: Any) -> Any:
    """Return the type of ``tangent(weights, numbers, weaker, slope)``.

    It writes the slope of a concave penalty where weights are, weaker by as much as the gradient
    is; `numbers` are (n_numbers, 1 or n_weights).
    """
    row, _ = _arrays(kind)
    return types.void(row, given(kind, 2), given(kind, 1), row)


def project_type(kind: Any) -> Any:
    """Return the type of ``project(weights, numbers)``, which keeps weights where they may be."""
    row, _ = _arrays(kind)
    return types.void(row, given(kind, 2))


def unite_type(kind: Any) -> Any:
    """Return the type of ``unite(params, owed, numbers, weaker, groups, reach, of_rule, ...)``.

    It moves groups of weights after a step. `groups` are members and starts; then come room for how
    far steps moved weights, room for four rows of a group, and whether weights are never negative.
    """
    row, rows = _arrays(kind)
    groups = types.UniTuple(given(types.int64, 1), 2)
    of_rule = types.Tuple((rows, types.float64, types.float64, Numbers))
    read = given(kind, 2), given(kind, 1), groups, types.int64, of_rule
    return types.void(row, rows, *read, row, row, types.boolean)


def bend_type(kind: Any) -> Any:
    """Return the type of ``bend(gradient, owed, l1, l2, rate, n_weights)``.

    It is what a penalty that acts after the step does to the gradient of weights before it.
    """
    row, rows = _arrays(kind)
    strengths, n = given(kind, 1), types.int64
    return types.void(row, rows, strengths, strengths, types.float64, n)


def pay_type(kind: Any) -> Any:
    """Return the type of ``pay(params, owed, l1, l2, reach, reached, of_rule, kinds)``.

    Then come the address of the reach, room for what it writes, what else it takes, and whether
    L2 is implicit and weights are never negative.
    """
    row, rows = _arrays(kind)
    strengths, kinds = given(kind, 1), types.UniTuple(types.boolean, 2)
    of_rule = types.Tuple((rows, types.float64, types.float64, Numbers))
    return types.void(row, rows, strengths, strengths, types.int64, row, of_rule, kinds)


def lead_type(kind: Any) -> Any:
    """Return the type of ``lead(params, beside, rate, numbers, n_weights)``.

    It comes before a rule that moves what is beside the parameters.
    """
    row, _ = _arrays(kind)
    return types.void(row, row, types.float64, Numbers, types.int64)


def follow_type(kind: Any) -> Any:
    """Return the type of ``follow(params, beside, share, numbers)``, which ends a step."""
    row, _ = _arrays(kind)
    return types.void(row, row, types.float64, Numbers)


def loss_type(kind: Any) -> Any:
    """Return the type of ``loss(raw, y, value, numbers)``; `raw` becomes the gradient by it.

    Shapes are (n_samples, n_outputs), (n_samples, n_columns), (n_samples,) and (n_numbers,).
    """
    row, rows = _arrays(kind)
    return types.void(rows, given(kind, 2), row, Numbers)


def activation_type(kind: Any) -> Any:
    """Return the type of ``activation(z, derivative)``; `z` becomes the output."""
    row, _ = _arrays(kind)
    return types.void(row, row)


def forward_type(kind: Any) -> Any:
    """Return the type of ``forward(params, x, z, layer, negative_slope, gemm)``.

    It writes to `z`.
    """
    _, rows = _arrays(kind)
    return types.void(given(kind, 1), given(kind, 2), rows, Layer, types.float64, types.int64)


def backward_type(kind: Any) -> Any:
    """Return the type of ``backward(params, gradient, x, delta, below, layer, begin, end, gemm)``.

    It writes to the gradient by the parameters from `begin` to `end`, which part weights of two
    inputs or lie outside, and to `below` unless that is empty.
    """
    row, rows = _arrays(kind)
    read = given(kind, 2), given(kind, 2)
    n = types.int64
    return types.void(given(kind, 1), row, *read, rows, Layer, n, n, n)


def drop_type(kind: Any) -> Any:
    """Return the type of ``drop(z, derivative, rate, step, layer, first, keys, multipliers)``.

    The first row is that many rows, a multiple of four, behind the first of the batch.
    """
    _, rows = _arrays(kind)
    n, words = types.int64, types.Array(types.uint64, 1, "C")
    keys = types.Array(types.uint64, 2, "C")
    return types.void(rows, rows, types.float64, n, n, n, keys, words)


def _arrays(kind: Any) -> tuple[Any, Any]:
    return types.Array(kind, 1, "C"), types.Array(kind, 2, "C")


class Body:
    """A function for one fit, compiled for a precision when it is first asked for.

    Parameters
    ----------
    function : Dispatcher
        Not yet compiled.
    type_of : callable
        From the type of a number to that of the function.
    """

    made: list[Body] = []
    """All there are."""

    def __init__(self, function: Any, type_of: Callable[[Any], Any]) -> None:
        self.function, self.type_of = function, type_of
        self.made.append(self)

    @property
    def module(self) -> str:
        """Name of where it is written."""
        return self.function.py_func.__module__.rpartition(".")[2]

    def compile(self, dtype: Any) -> Any:
        """Return what has been compiled for a precision."""
        signature = self.type_of(types.float32 if dtype == "float32" else types.float64)
        with paused_collection():
            self.function.compile(signature)
        return self.function.overloads[signature.args]

    @cache  # noqa: B019 - bodies live as long as the process
    def address(self, dtype: Any) -> int:
        """Return where the code for that precision is."""
        compiled = self.compile(dtype)
        return compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)


def _caller(type_of: Callable[[Any], Any]) -> Any:
    """Return what calls a function of that type by its address; the first argument is an array.

    numba's own way to call an address asks whether there is one, and holds code for where there is
    none, which takes longer to compile than all the rest of a call.
    """

    @intrinsic
    def call(context, address, *arguments):
        signature = type_of(arguments[0].dtype)

        def code(context, builder, call, values):
            given = zip(cgutils.unpack_tuple(builder, values[1]), arguments, strict=True)
            cast = [
                context.cast(builder, value, kind, wanted)
                for (value, kind), wanted in zip(given, signature.args, strict=True)
            ]
            kind = context.call_conv.get_function_type(types.void, signature.args)
            function = builder.inttoptr(values[0], kind.as_pointer())
            status, _ = context.call_conv.call_function(
                builder, function, types.void, signature.args, cast
            )
            with cgutils.if_unlikely(builder, status.is_error):
                context.call_conv.return_status_propagate(builder, status)
            return context.get_dummy_value()

        return types.void(types.int64, types.StarArgTuple(arguments)), code

    return call


call_rule = _caller(rule_type)
call_reach = _caller(reach_type)
call_estimate = _caller(estimate_type)
call_clip = _caller(clip_type)
call_tangent = _caller(tangent_type)
call_project = _caller(project_type)
call_unite = _caller(unite_type)
call_bend = _caller(bend_type)
call_pay = _caller(pay_type)
call_lead = _caller(lead_type)
call_follow = _caller(follow_type)
call_loss = _caller(loss_type)
call_activation = _caller(activation_type)
call_forward = _caller(forward_type)
call_backward = _caller(backward_type)
call_drop = _caller(drop_type)
