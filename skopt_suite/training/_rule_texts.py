"""What rules do to one fit, as text written from their formulas: a backend compiles it."""

from __future__ import annotations

import copy
from collections.abc import Hashable
from typing import Any

import numpy as np

from skopt_suite._hashable import hashable
from skopt_suite.backends.kernels import _tracing as tracing
from skopt_suite.backends.kernels._tracing import FITS, PARAMS, WEIGHTS, CannotTrace, Symbol
from skopt_suite.backends.kernels._tracing._python import ENTRY, FIT, Loop, function
from skopt_suite.optimizers import Rule
from skopt_suite.optimizers.first_order._rule import RuleState, column

_KNOWN = "moments", "n_steps", "rate", "numbers"
_RULE = "params", "gradient", *_KNOWN, "n_weights"
_REACH = "out", *_KNOWN
_TEXTS: dict[Hashable, tuple[str, ...]] = {}


def rule_texts(rule: Rule, dtype: str) -> tuple[str, ...]:
    """Return the texts of a rule and of its reach for a precision; none of what is not traced.

    That is what looks at more than one parameter at a time, or decides by values.
    """
    key = dtype, *_key(rule)
    if key not in _TEXTS:
        _TEXTS[key] = _written(rule, dtype)
    return _TEXTS[key]


def _key(rule: Rule) -> tuple[Any, ...]:
    """Return what texts depend on: all but the numbers that they are given."""
    cls, given = type(rule), {"learning_rate", *rule.hyperparameters}
    others = {name: getattr(rule, name) for name in rule.parameters if name not in given}
    return cls, cls.formula, cls.step_size, rule.n_moments, hashable(others)


def _written(rule: Rule, dtype: str) -> tuple[str, ...]:
    try:
        return _rule_text(rule, dtype), _reach_text(rule, dtype)
    except (AttributeError, IndexError, TypeError, ValueError):  # what only arrays can do
        return ()


def _rule_text(rule: Rule, dtype: str) -> str:
    """Return the text of the formula."""
    known, shape = _known(rule, dtype), (FITS, PARAMS)
    params, gradient = (_symbol(name, shape, dtype) for name in _RULE[:2])
    moved, moments = type(rule).formula(params, gradient, *known.values(), WEIGHTS)
    is_alike = (moved.shape, moments.shape) == (shape, known["moments"].shape)
    if not is_alike or {moved.dtype.name, moments.dtype.name} != {dtype}:
        raise CannotTrace("A formula returns arrays of the kind that it is given.")
    loop = _loop(rule, *_RULE[:2])
    writes = {f"params[{ENTRY}]": loop.value(_entry(moved, dtype))}
    for m in range(rule.n_moments):
        new = loop.value(_entry(moments[:, m, :], dtype))
        writes[f"moment{m}[{ENTRY}]"] = f"zero if abs({new}) <= tiny else {new}"
    loop.before += [f"zero, tiny = {dtype}(0), negligible(params)"]
    return function(_RULE, loop, "params.size", writes)


def _reach_text(rule: Rule, dtype: str) -> str:
    """Return the text of how far a step moves parameters per unit of constant gradient."""
    known, of_symbols = _known(rule, dtype), copy.copy(rule)
    nothing: Any = None
    of_symbols.learning_rate = nothing  # that of the step is what it is called with
    for i, name in enumerate(rule.hyperparameters):
        setattr(of_symbols, name, column(known["numbers"], i))
    state = RuleState(known["n_steps"], known["moments"], nothing)
    loop, reach = _loop(rule), of_symbols.step_size(state, known["rate"])
    writes = {f"out[{ENTRY}]": loop.value(_entry(reach, dtype))}
    return function(_REACH, loop, "out.size", writes)


def _known(rule: Rule, dtype: str) -> dict[str, Any]:
    """Return the symbols of what both are given."""
    return {
        "moments": _symbol("moments", (FITS, rule.n_moments, PARAMS), dtype),
        "n_steps": _symbol("n_steps", (FITS, 1), "float64"),
        "rate": _symbol("rate", (FITS, 1), "float64"),
        "numbers": _symbol("numbers", (FITS, len(rule.hyperparameters)), "float64"),
    }


def _symbol(name: str, shape: tuple[int, ...], dtype: str) -> Symbol:
    return tracing.Leaf(name, shape, np.dtype(dtype)).symbol()


def _loop(rule: Rule, *rows: str) -> Loop:
    """Return a loop that reads what both are given, and rows."""
    places, n_numbers = range(rule.n_moments), len(rule.hyperparameters)
    entries: dict[Any, str] = {(name, (ENTRY,)): f"{name}[{ENTRY}]" for name in rows}
    entries |= {("moments", (m, ENTRY)): f"moment{m}[{ENTRY}]" for m in places}
    entries |= {(name, (0,)): name for name in ("n_steps", "rate")}
    entries |= {("numbers", (i,)): f"numbers[{i}]" for i in range(n_numbers)}
    loop = Loop(entries)
    loop.before += [f"moment{m} = moments[{m}]" for m in places]
    return loop


def _entry(row: Any, dtype: str) -> tracing.Expression:
    """Return the entry of a row, or of a column that stands for one."""
    at = tracing.variable(ENTRY) if row.shape[1] == PARAMS else tracing.position(0)
    if row.shape not in ((FITS, PARAMS), (FITS, 1)):
        raise CannotTrace(f"Shape {row.shape} is not that of parameters.")
    return tracing.cast(row.at((tracing.variable(FIT), at)), np.dtype(dtype))
