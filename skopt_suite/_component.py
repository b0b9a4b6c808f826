"""What optimizers, schedules, penalties and losses have in common.

A component is a *specification*: it stores hyperparameters and nothing else. To train K fits at
once, K specifications are stacked into one whose fusable hyperparameters are arrays of shape
``(n_fits, 1)``; its methods then compute on the whole stack with the formula as it is written.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Self, TypeVar

import numpy as np

from skopt_suite._completion import listing_params
from skopt_suite._display import Displayed
from skopt_suite._hashable import hashable
from skopt_suite._words import WORDS_FOR_HYPERPARAMETERS, did_you_mean, what_to_use
from skopt_suite.backends import Array, Placement, namespace
from skopt_suite.domains import Anything, Domain, Named, Range

ComponentT = TypeVar("ComponentT", bound="Component")
_UNDECLARED = Anything()  # what is not declared is not fusable
_NUMBERS = np.bool_, np.int32, np.int64, np.float32, np.float64
_FIXED = frozenset((bool, int, float, str, type(None), *_NUMBERS))
"""Types of values that cannot be changed in place."""


class Parametrised(Displayed):
    """A scikit-learn object whose parameters are declared, checked and may be named components."""

    parameters: ClassVar[Mapping[str, Domain]] = {}
    _elsewhere: ClassVar[Mapping[str, str]] = {}
    """What other libraries call parameters, and what to write here."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__init__" in cls.__dict__:
            cls.__init__ = _explained(cls.__init__)  # type: ignore[method-assign]

    @classmethod
    @functools.cache
    def _get_param_names(cls) -> list[str]:
        """Return the names of the parameters; scikit-learn looks them up anew with every call."""
        return super()._get_param_names()

    @listing_params
    def set_params(self, **params: Any) -> Parametrised:
        """Set parameters; nested ones (``optimizer__learning_rate``) work on a name too.

        Parameters
        ----------
        **params : dict
            Parameters of this object, and of its components as ``<component>__<parameter>``.

        Returns
        -------
        self : object
            This object.
        """
        known = self._get_param_names()
        unknown = [one for key in params if (one := key.partition("__")[0]) not in known]
        if unknown:
            raise ValueError(
                f"Invalid parameter {unknown[0]!r} for estimator {self}. "
                f"{self._about_unknown(unknown)}"
            )
        nested: dict[str, dict[str, Any]] = {}
        for key, value in params.items():
            name, delimiter, parameter = key.partition("__")
            if delimiter:
                nested.setdefault(name, {})[parameter] = value
            else:
                setattr(self, key, value)
        for name, values in nested.items():
            setattr(self, name, self._settable(name, values).set_params(**values))
        return self

    def _all_params(self) -> dict[str, Any]:
        """Return what `set_params` takes: unlike `get_params`, also of components by name."""
        params = self.get_params(deep=False)
        for name, value in [*params.items()]:
            component = self._whose_params(name, value)
            if hasattr(component, "get_params") and not isinstance(component, type):
                of_all = getattr(component, "_all_params", component.get_params)
                params |= {f"{name}__{key}": nested for key, nested in of_all().items()}
        return params

    def _whose_params(self, name: str, value: Any) -> Any:
        """Return the object of which ``<name>__<parameter>`` is a parameter, if it is one."""
        return self._named_component(name) or value

    def _settable(self, name: str, values: Mapping[str, Any]) -> Any:
        """Return the object whose parameters nested ones are; raise if there is none."""
        value, domain = getattr(self, name), self.parameters.get(name)
        if component := self._named_component(name):
            return component
        if hasattr(value, "set_params") and not isinstance(value, type):
            return value
        owner, key = type(self).__name__, f"{name}__{next(iter(values))}"
        if not isinstance(domain, Named):
            raise ValueError(
                f"Invalid parameter {key!r} for estimator {self}: {name}={value!r} has none."
            )
        registry = domain.registry()
        if not isinstance(value, str) or value not in domain.also:
            registry.resolve(value, owner=owner, name=name)
        raise ValueError(
            f"{owner}: {key} cannot be set because {name}={value!r} is "
            f"chosen at fit; name one: {registry.listing()}."
        )

    def _named_component(self, name: str) -> Component | None:
        """Return the component that parameter `name` names, None if it does not name one."""
        domain = self.parameters.get(name)
        return domain.named(getattr(self, name)) if isinstance(domain, Named) else None

    @classmethod
    def _about_unknown(cls, names: Iterable[str]) -> str:
        """Return what to write here for names that are not parameters, and which there are."""
        known = cls._get_param_names()
        hints = [what_to_use(name, known, cls._elsewhere) for name in names]
        listing = [] if all(hints) else [f"Valid parameters are: {', '.join(known) or 'none'}."]
        return " ".join([*filter(None, hints), *listing])

    def _search_ranges(self) -> dict[str, Range]:
        """Return the ranges worth searching by parameter, those of components as nested ones."""
        ranges: dict[str, Range] = {}
        for name, domain in self.parameters.items():
            if isinstance(domain, Named):
                ranges.update(self._search_ranges_of(name, domain))
            elif search := getattr(domain, "search", None):
                ranges[name] = search
        return ranges

    def _search_ranges_of(self, name: str, domain: Named) -> dict[str, Range]:
        value = getattr(self, name)
        if isinstance(value, str) and value in domain.also:
            value = domain.named(value)
            if value is None:
                return {}  # it is chosen at fit, so there is nothing to set
        component = domain.registry().resolve(value, owner=type(self).__name__, name=name)
        return {f"{name}__{key}": search for key, search in component._search_ranges().items()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the defaults of parameters that the version which saved it did not have."""
        super().__setstate__({**self._defaults(), **state})

    @classmethod
    @functools.cache
    def _defaults(cls) -> dict[str, Any]:
        given = inspect.signature(cls).parameters.values()
        return {one.name: one.default for one in given if one.default is not one.empty}

    def _check_parameters(self) -> None:
        """Raise `ValueError` or `TypeError` if a parameter is outside its domain."""
        for name, domain in self.parameters.items():
            domain.check(type(self).__name__, name, getattr(self, name))


class Component(Parametrised):
    """Base of every optimizer, schedule, penalty and loss."""

    name: ClassVar[str]
    _elsewhere = WORDS_FOR_HYPERPARAMETERS
    scratch_arrays: ClassVar[int | None] = None
    """How many arrays one call takes at most beside its arguments, results included: of the size of
    raw predictions for losses (of one output, the values count as such), like the parameters for
    optimizers, like the weights for penalties. Searches plan their memory by it. None: not known,
    many are assumed; so it is for a subclass that computes anything itself and does not say.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "name" not in cls.__dict__:
            cls.name = snake_case(cls.__name__)
        if "scratch_arrays" not in cls.__dict__ and _computes(cls):
            cls.scratch_arrays = None

    def __copy__(self) -> Self:
        """Return an object with the very same attributes; `copy.copy` would go by a saved state."""
        new = object.__new__(type(self))
        new.__dict__ = self.__dict__.copy()
        return new


class Registry:
    """The components of one folder, by name.

    Parameters
    ----------
    kind : str
        What they are called in errors.
    base : type
        What all of them derive from.
    classes : sequence of type
        The components.
    words : mapping, default=None
        Words of other libraries, in plain lower case, and what they are called here.
    none : str, default=None
        The component that None means; None: that is no component.
    """

    def __init__(
        self,
        kind: str,
        base: type[Component],
        classes: Sequence[type[Component]],
        words: Mapping[str, str] | None = None,
        none: str | None = None,
    ) -> None:
        self.kind = kind
        self.base = base
        self._none = none
        self._words = words or {}
        self._classes = {cls.name: cls for cls in classes}
        self._resolved: dict[type[Component], Component] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._classes)

    def __getitem__(self, name: str) -> type[Component]:
        return self._classes[name]

    def listing(self, also: Sequence[str] = ()) -> str:
        """Return the known names as text for an error message."""
        return ", ".join(repr(name) for name in [*also, *self._classes])

    def resolve(
        self, value: Any, *, owner: str, name: str | None = None, also: Sequence[str] = ()
    ) -> Component:
        """Return a checked copy of the component that `value` is or names."""
        name = name or self.kind
        if component := self.named(value):
            return component
        if isinstance(value, str):
            meant = did_you_mean(value, [*also, *self._classes], self._words)
            known = self.listing(also)
            raise ValueError(f"{owner}: unknown {name} {value!r}; known: {known}.{meant}")
        if not isinstance(value, self.base):
            article = "an" if self.kind[0] in "aeiou" else "a"
            wanted = f"the name or an object of {article} {self.kind} ({self.listing(also)})"
            raise TypeError(
                f"{owner}: {name} must be {wanted}; got {value!r} of type {type(value).__name__}."
                f"{self._object_for(value)}"
            )
        return _checked(value)

    def named(self, value: Any) -> Component | None:
        """Return the component that a name means, or None does; None if it means none."""
        name = self._none if value is None else value
        if not isinstance(name, str) or name not in self._classes:
            return None
        return own_copy(self._by_default(self._classes[name]))

    def _object_for(self, value: Any) -> str:
        """Return the hint for a class in place of an object."""
        is_class = isinstance(value, type) and issubclass(value, self.base)
        return f" Did you mean {value.__name__}()?" if is_class else ""

    def _by_default(self, cls: type[Component]) -> Component:
        """Return the component that a name means; checked once, so copy it."""
        if cls not in self._resolved:
            self._resolved[cls] = _checked(cls())
        return self._resolved[cls]


def _explained(init: Callable[..., None]) -> Callable[..., None]:
    """Let a constructor say of names that it does not know what to write in their place."""
    known = inspect.signature(init).parameters

    @functools.wraps(init)
    def __init__(self: Parametrised, *args: Any, **given: Any) -> None:
        try:
            init(self, *args, **given)
        except TypeError:
            unknown = [name for name in given if name not in known]
            if not unknown or any(one.kind is one.VAR_KEYWORD for one in known.values()):
                raise
            names = " and ".join(map(repr, unknown))
            text = f"{type(self).__name__} has no parameter {names}."
            raise TypeError(f"{text} {self._about_unknown(unknown)}") from None

    return __init__


def _checked(component: Component) -> Component:
    """Return a copy, checked, in which components given by name are objects."""
    component._check_parameters()
    return _with_nested_resolved(component)


def own_copy(component: ComponentT) -> ComponentT:
    """Return a copy that shares no component with its original."""
    new = component.__copy__()
    for name, value in vars(component).items():
        if isinstance(value, Component):
            setattr(new, name, own_copy(value))
    return new


def _computes(cls: type) -> bool:
    """Whether a class has methods or properties of its own, beside its constructor."""
    own = (value for name, value in vars(cls).items() if name != "__init__")
    return any(callable(value) or isinstance(value, (property, classmethod)) for value in own)


def snake_case(class_name: str) -> str:
    """Return the registry name of a class: ``ElasticNet`` is ``elastic_net``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", class_name).lower()


def fusion_key(component: Component) -> tuple[Hashable, ...]:
    """Return what fits must share to be trained in one stack: all but what domains can stack."""
    return type(component), *(
        (name, _key_of(component, name)) for name in component._get_param_names()
    )


def _key_of(component: Component, name: str) -> Hashable:
    value = getattr(component, name)
    if isinstance(value, Component):
        return fusion_key(value)
    return component.parameters.get(name, _UNDECLARED).key(value)


def content(component: Component) -> Hashable:
    """Return what is equal for components that say the same."""
    values = ((name, getattr(component, name)) for name in component._get_param_names())
    return type(component), *(
        (name, content(value) if isinstance(value, Component) else hashable(value))
        for name, value in values
    )


def fixed_content(said: Parametrised, but: str = "") -> Hashable | None:
    """Return what is equal for objects that say the same, to the type; None if it may change.

    It may where a value is an array, a list, or what else can be changed in place.

    Parameters
    ----------
    said : Parametrised
        Whose parameters it is about.
    but : str
        The name of one that does not count.
    """
    values: list[Any] = [type(said)]
    for name in said._get_param_names():
        if name == but:
            continue
        value = getattr(said, name)
        kind = type(value)
        if kind not in _FIXED:
            value = _fixed(value)
            if value is None:
                return None
        values += kind, value
    return tuple(values)


def _fixed(value: Any) -> Hashable | None:
    if isinstance(value, Component):
        return fixed_content(value)
    if type(value) is tuple and all(type(entry) in _FIXED for entry in value):
        return tuple((type(entry), entry) for entry in value)
    return None


def stack(components: Sequence[ComponentT], placement: Placement, ndim: int = 2) -> ComponentT:
    """Return one component whose fusable hyperparameters are arrays ``(n_fits, 1, ...)``."""
    first = components[0]
    stacked = first.__copy__() if first.parameters else first
    for name, domain in first.parameters.items():
        values = [getattr(component, name) for component in components]
        if isinstance(values[0], Component):
            setattr(stacked, name, stack(values, placement, ndim))
        elif domain.fusable and values[0] is not None:
            setattr(stacked, name, domain.stack(values, placement, ndim))
    return stacked


def take(stacked: ComponentT, index: Array) -> ComponentT:
    """Return the stacked component of the fits that `index` names."""
    kept = stacked.__copy__()
    for name, domain in stacked.parameters.items():
        value = getattr(stacked, name)
        if isinstance(value, Component):
            setattr(kept, name, take(value, index))
        elif domain.fusable and value is not None:
            setattr(kept, name, namespace(value).take(value, index, axis=0))
    return kept


def _with_nested_resolved(component: Component) -> Component:
    """Return a copy in which components given by name are objects."""
    resolved = component.__copy__()
    for name, domain in component.parameters.items():
        if isinstance(domain, Named):
            owner = type(component).__name__
            value = domain.registry().resolve(getattr(component, name), owner=owner, name=name)
            setattr(resolved, name, value)
    return resolved
