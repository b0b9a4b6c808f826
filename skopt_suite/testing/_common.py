"""What all checks share: the conventions of a specification, and stacks of varied ones."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import clone

from skopt_suite._component import Component, ComponentT, stack
from skopt_suite._target_type import TargetType
from skopt_suite.backends import Placement, State
from skopt_suite.domains import Domain, Vector
from skopt_suite.training import Job, Plan

NUMPY = Placement(np)


def expect(condition: Any, message: str) -> None:
    """Raise `AssertionError` with `message` unless `condition` holds."""
    if not condition:
        raise AssertionError(message)


def expect_close(actual: Any, expected: Any, message: str, rtol: float, atol: float = 0.0) -> None:
    """Raise `AssertionError` with `message` and the largest difference unless they agree."""
    if not np.allclose(actual, expected, rtol=rtol, atol=atol):
        worst = np.max(np.abs(np.asarray(actual, dtype=float) - expected))
        raise AssertionError(f"{message} The largest difference is {worst:.3g}.")


def expect_array(array: Any, what: str, shape: tuple[int, ...], dtype: str) -> None:
    """Raise `AssertionError` unless `array` has that shape and precision and is finite."""
    expect(
        isinstance(array, np.ndarray) and array.shape == shape,
        f"{what} must be an array of shape {shape}; got "
        f"{np.shape(array)} of type {type(array).__name__}.",
    )
    expect(
        str(array.dtype) == dtype,
        f"{what} must keep the precision of its input, {dtype}; got {array.dtype}. "
        "(skopt_suite.backends.like casts hyperparameters.)",
    )
    expect(np.isfinite(array).all(), f"{what} must be finite; got {array.tolist()}.")


def check_specification(component: Any, base: type[Component]) -> None:
    """Check that `component` is a specification in the sense of scikit-learn and of this library.

    It is cloned and rebuilt from its parameters, each of which `parameters` declares; `__init__`
    stores them and does nothing else.
    """
    if not isinstance(component, base):  # repr would fail where get_params does
        raise AssertionError(
            f"expected an object of a subclass of {base.__name__}; got {component!r}."
        )
    owner = type(component).__name__
    try:
        names = set(component.get_params(deep=False))
    except (AttributeError, RuntimeError) as error:
        raise AssertionError(
            f"{owner}.__init__ must name its parameters and store each of them under its name; "
            f"get_params says: {error}."
        ) from error
    declared = set(component.parameters)
    expect(
        names == declared,
        f"{owner}.parameters must declare the parameters of __init__, {sorted(names)}; got "
        f"{sorted(declared)}.",
    )
    _check_init(type(component), names)
    _check_domains(component)
    expect(
        _same(clone(component), component),
        f"{owner}: clone must give an equal object; got {clone(component)!r} from {component!r}.",
    )


def job_of(**settings: Any) -> Job:
    """Return the job whose plan, and everything else, is given by name.

    Targets need not be given: classes where a classifier has several outputs.
    """
    named = [field.name for field in fields(Plan) if field.name in settings]
    plan = {name: settings.pop(name) for name in named}
    n_outputs, kinds = settings["network"].sizes[-1], plan["loss"].kinds
    kind = kinds[0] if n_outputs > 1 else kinds[-1]
    return Job(Plan(**plan), **{"targets": TargetType(kind, n_outputs)} | settings)


def variants(component: ComponentT, factors: Sequence[float] = (1.0, 0.8, 0.6)) -> list[ComponentT]:
    """Return specifications that differ in every fusable hyperparameter, the first unchanged."""
    return [_varied(component, position, factor) for position, factor in enumerate(factors)]


def stacked(components: Sequence[ComponentT], ndim: int = 2) -> ComponentT:
    """Return components as one with hyperparameters ``(n_fits, 1, ...)``."""
    return stack(components, NUMPY, ndim)


@contextmanager
def unchanged(component: Component) -> Iterator[None]:
    """Check that what happens inside leaves the specification as it was."""
    before = _snapshot(component)
    yield
    after = _snapshot(component)
    for name in before | after:
        expect(
            name in before and name in after and _same(before[name], after[name]),
            f"{type(component).__name__}: using it must not change the object, but its attribute "
            f"{name!r} changed. What changes in a fit belongs in the state.",
        )


def check_state(state: State, owner: str, n_fits: int) -> list[Any]:
    """Check that a state is nested tuples of arrays with the fits first; return its leaves."""
    if state is None or isinstance(state, Integral):
        return [type(state)]
    if isinstance(state, tuple):
        return [type(state), *(leaf for part in state for leaf in check_state(part, owner, n_fits))]
    expect(
        isinstance(state, np.ndarray) and state.shape[:1] == (n_fits,),
        f"{owner}: a state must be None, an int that all fits share, or a NamedTuple of arrays of "
        f"shape (n_fits, ...), here n_fits = {n_fits}; got {type(state).__name__} of shape "
        f"{np.shape(state)}.",
    )
    return [(state.shape, state.dtype)]


def _check_init(cls: type[Component], names: set[str]) -> None:
    markers = {name: object() for name in names}
    try:
        stored = vars(cls(**markers))
    except Exception as error:
        raise AssertionError(
            f"{cls.__name__}.__init__ must store its parameters and do nothing else; given "
            f"placeholders it raised {error!r}. What values are accepted belongs in `parameters`."
        ) from error
    for name, marker in markers.items():
        expect(
            stored.get(name) is marker,
            f"{cls.__name__}.__init__ must store {name} as self.{name}, unchanged.",
        )
    others = sorted(set(stored) - names)
    expect(
        not others,
        f"{cls.__name__}.__init__ must store its parameters and nothing else; it also sets "
        f"{others}.",
    )


def _check_domains(component: Component) -> None:
    owner = type(component).__name__
    for name, parameter in inspect.signature(type(component).__init__).parameters.items():
        if name in component.parameters and parameter.default is not parameter.empty:
            _check_value(component, name, parameter.default, f"the default of {owner}.{name}")
    for name in component.parameters:
        _check_value(component, name, getattr(component, name), f"{owner}.{name}")


def _check_value(component: Component, name: str, value: Any, what: str) -> None:
    try:
        component.parameters[name].check(type(component).__name__, name, value)
    except (TypeError, ValueError) as error:
        raise AssertionError(f"{what} is outside its own domain: {error}") from error


def _varied(component: ComponentT, position: int, factor: float) -> ComponentT:
    varied = copy.copy(component)
    for name, domain in component.parameters.items():
        value = getattr(component, name)
        if isinstance(value, Component):
            setattr(varied, name, _varied(value, position, factor))
        elif domain.fusable and value is not None and position > 0:
            setattr(varied, name, _another(domain, value, position, factor))
    return varied


def _another(domain: Domain, value: Any, position: int, factor: float) -> Any:
    """Return another value of the domain, or the same if none is found."""
    if isinstance(value, (tuple, list, np.ndarray)):
        entry = domain.entry if isinstance(domain, Vector) else domain
        several = [_another(entry, number, position, factor) for number in value]
        return tuple(several) if isinstance(value, tuple) else several
    if isinstance(value, Integral):
        return value + position
    tries = (factor * value, value / factor, value + 0.1 * position, value - 0.1 * position)
    for number in tries:
        try:
            domain.check("", "", number)
        except ValueError:
            continue
        if np.any(number != value):
            return number
    return value


def _snapshot(component: Component) -> dict[str, Any]:
    return {name: copy.deepcopy(value) for name, value in vars(component).items()}


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, Component):
        return type(a) is type(b) and all(
            _same(getattr(a, name), getattr(b, name, None)) for name in a.parameters
        )
    return type(a) is type(b) and bool(np.all(a == b))
