"""All kernels, to be compiled before they are needed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from skopt_suite.backends.kernels._numba._body import Body
from skopt_suite.backends.kernels._numba._compiling import ANNOUNCER
from skopt_suite.backends.kernels._numba._compose import ComposedSteps
from skopt_suite.backends.kernels._numba._entry import KINDS, Entry
from skopt_suite.backends.kernels._numba._epoch import How
from skopt_suite.backends.kernels._numba._jit import HAS_CACHE, NO_CACHE
from skopt_suite.backends.kernels._numba._loss_bodies import LOSSES
from skopt_suite.backends.kernels._numba._rules import ADAGRAD, DESCEND, RULES
from skopt_suite.backends.kernels._steps import Batches, Moved, Recipe

_INDICES = np.int32, np.int64
_OTHER = next(name for name in RULES if name != DESCEND)
_ONE_LAYER = ((1, 1, 0, 1),)
_TWO_LAYERS = ((1, 1, 0, 2), (1, 1, 1, 3))
_RUNS: list[tuple[str, tuple, str, tuple]] = [
    ("steps on sparse rows", _INDICES, _OTHER, _ONE_LAYER),
    ("lazy steps of networks on sparse rows", _INDICES, DESCEND, _TWO_LAYERS),
    ("lazy steps on sparse rows", _INDICES, DESCEND, _ONE_LAYER),
    ("AdaGrad's lazy steps on sparse rows", _INDICES, ADAGRAD, _ONE_LAYER),
    ("steps", (None,), DESCEND, _ONE_LAYER),
]
"""Ranges of steps: name, types of indices, rule, layers."""


def parts() -> list[str]:
    """Return the names of what processes may compile side by side, the longest first.

    What shares code is in one part: two processes that keep code of one function at the same time
    would lose some of it.
    """
    if not HAS_CACHE:
        raise RuntimeError(NO_CACHE)
    return list(_parts())


def compile_part(name: str) -> None:
    """Compile one of the parts, and keep it; it says nothing."""
    ANNOUNCER.is_silent = True
    for compile_one in _parts()[name]:
        compile_one()


def _parts() -> dict[str, list[Callable[[], Any]]]:
    """Return what compiles them: by module, and runs of steps."""
    result: dict[str, list[Callable]] = defaultdict(list)
    for name, indices, rule, layers in _RUNS:
        for dtype, of_x, index in product(KINDS, KINDS, indices):
            result[name].append(partial(_compile_run, dtype, of_x, index, rule, layers))
    functions: list[Body | Entry] = [*Body.made, *Entry.made]
    for function in functions:
        result[function.module] += [partial(function.compile, dtype) for dtype in KINDS]
    return result


class _Run(ComposedSteps):
    """Makes no steps, so that it needs no bodies."""

    def _addresses(self) -> dict[str, Any]:
        names = How._fields[: How._fields.index("batch_size")]
        return dict.fromkeys((name for name in names if name != "loss"), 0)

    def _loss(self, moved: Moved) -> int:
        return 0


def _compile_run(dtype: np.dtype, of_x: np.dtype, index: Any, rule: str, layers: tuple) -> None:
    x: Any = np.zeros((1, 1), of_x)
    if index is not None:
        x = csr_array(x)
        x.indices, x.indptr = x.indices.astype(index), x.indptr.astype(index)
    _Run(_recipe(dtype, rule, layers))(_moved(dtype), _batches(dtype, x), 0, 0)


def _recipe(dtype: np.dtype, rule: str, layers: tuple) -> Recipe:
    return Recipe(
        dtype=dtype.name,
        rule=rule,
        around="",
        loss=next(iter(LOSSES)),
        layers=layers,
        slopes=(1.0,) * len(layers),
        activations=("",) * len(layers),
        n_weights=1,
        is_clipped=False,
        has_dropout=False,
        has_prox=False,
        is_positive=False,
        has_implicit_l2=False,
        has_slopes=False,
    )


def _moved(dtype: np.dtype) -> Moved:
    names = "n_steps", "known", "rates", "limits", "loss_numbers"
    columns = {name: np.zeros((1, 1)) for name in names}
    rows = {name: np.zeros((1, 1), dtype) for name in ("params", "l2", "l1", "dropout")}
    stacks = {name: np.zeros((1, 0, 1), dtype) for name in ("moments", "owed")}
    stacks["formula_numbers"] = np.zeros((1, 0, 1), dtype)
    groups = {name: np.zeros((1, 0), np.int64) for name in ("members", "starts")}
    stacks["numbers"] = np.zeros((1, 1, 1))
    around = {"beside": np.zeros((1, 0), dtype), "shares": np.zeros((1, 0))}
    return Moved(**columns, **rows, **stacks, **around, **groups, loss=np.zeros(1))


def _batches(dtype: np.dtype, x: Any) -> Batches:
    return Batches(
        x=x,
        mean=np.zeros(0),
        factor=np.zeros(0),
        columns=np.zeros((0, 0), np.int64),
        y=np.zeros((1, 1), dtype),
        weight=np.zeros((0, 0), dtype),
        order=np.zeros(0, np.int64),
        batch_size=1,
        seed=0,
        first_count=0,
    )
