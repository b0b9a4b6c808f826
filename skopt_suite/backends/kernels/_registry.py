"""The kernel seam: a definition in the array API, and a fused version where a backend has one.

A hot function is written once, against the array API, and decorated with `kernel`; that is its
definition. Who calls it asks for no backend: the type of its first argument says which folder of
`backends/kernels` may have a fused version of it, and that one runs instead. Fused kernels may
overwrite the arrays that the definition returns anew, so callers use what is returned and nothing
else.

``SKOPT_SUITE_FUSED_KERNELS=0`` in the environment makes the definitions run.
"""

from __future__ import annotations

import functools
import importlib
import os
from collections.abc import Callable, Mapping
from typing import Any

from skopt_suite.backends.kernels._collection import paused_collection
from skopt_suite.backends.kernels._steps import MakesSteps, Recipe

KERNELS: dict[str, Callable] = {}
"""Every function that a backend may fuse, by the name of its definition: module and name in it."""

FUSED_IN = {"numpy.ndarray": "skopt_suite.backends.kernels._numba"}
"""By type of array: the module whose `FUSED` holds fused kernels by the name of their definition,
and whose `ComposedSteps` makes ranges of steps by recipes that it `knows`. Its `parts` and
`compile_part` compile all of them before they are needed.

It is imported when the first array of that type comes.
"""


ENGINES = {"cupy.ndarray": "skopt_suite.backends.kernels._cupy"}
"""By type of array on a device: the module whose `engine` returns what runs kernels that are
written from definitions."""


def kernel(definition: Callable) -> Callable:
    """Let a backend answer for a function with a fused version of it.

    Parameters
    ----------
    definition : callable
        Computes with the array API; its first argument is an array.

    Returns
    -------
    dispatch : callable
        The same function, for which a backend may answer.

    See Also
    --------
    namespace : What definitions are written with.
    skopt_suite.warm_up : Compiles kernels ahead.
    """
    name = f"{definition.__module__}.{definition.__qualname__}"
    answers: dict[type, Callable] = {}  # what computes on arrays of a type, once it is known

    @functools.wraps(definition)
    def dispatch(first: Any, *args: Any) -> Any:
        answer = answers.get(type(first))
        if answer is None:
            fused = _fused_for(_name_of(type(first)))
            answer = answers[type(first)] = fused.get(name, definition)
        return answer(first, *args)

    dispatch.definition, dispatch.answers = definition, answers  # type: ignore[attr-defined]
    KERNELS[name] = dispatch
    return dispatch


def steps_for(recipe: Recipe, array: Any) -> MakesSteps | None:
    """Return what makes ranges of steps on arrays of that type; None where there is nothing."""
    return _module_of(array).ComposedSteps(recipe) if knows(recipe, array) else None


def knows(recipe: Recipe, array: Any) -> bool:
    """Whether a backend makes such steps on arrays of that type; nothing is compiled to tell."""
    module = _module_of(array)
    return module is not None and module.knows(recipe)


def knows_loss(name: str, array: Any) -> bool:
    """Whether a backend is fast at a loss of many rows, on arrays of that type."""
    module = _module_of(array)
    return module is not None and name in module.IN_BULK


def writes_kernels(array: Any) -> bool:
    """Whether kernels for arrays of that type are written from definitions."""
    is_off = os.environ.get("SKOPT_SUITE_FUSED_KERNELS", "1") == "0"
    return not is_off and _name_of(type(array)) in ENGINES


def engine_for(array: Any, matmul_precision: str) -> Any:
    """Return what runs written kernels on arrays of that type; None where there is nothing."""
    module = _imported(ENGINES.get(_name_of(type(array))))
    return None if module is None else module.engine(matmul_precision)


def _module_of(array: Any) -> Any:
    return backend_of(_name_of(type(array)))


def _name_of(array_type: type) -> str:
    """Return the name that a type has for users, such as "cupy.ndarray"."""
    library, _, _ = array_type.__module__.partition(".")
    return f"{library}.{array_type.__qualname__}"


def _fused_for(array_type: str) -> Mapping[str, Callable]:
    """Return the fused kernels for a type of array, by the name of their definition."""
    module = backend_of(array_type)
    return {} if module is None else module.FUSED


@functools.cache
def backend_of(array_type: str) -> Any:
    """Return the module with the kernels for a type of array, as named; None if there is none."""
    return _imported(FUSED_IN.get(array_type))


def _imported(module: str | None) -> Any:
    if module is None or os.environ.get("SKOPT_SUITE_FUSED_KERNELS", "1") == "0":
        return None
    with paused_collection():
        return importlib.import_module(module)
