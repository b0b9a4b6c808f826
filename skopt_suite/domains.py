"""What a parameter accepts: each domain checks one value and says what was given and accepted.

A domain also says whether the parameter is *fusable*: whether fits that differ only in it can be
trained as one stack, the values becoming data with the fits as first axis, and what such fits have
to share; and, with `search`, in what range a search should look for a good value, if it should look
at all.
"""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from numbers import Integral
from numbers import Real as RealNumber
from typing import TYPE_CHECKING, Any

import numpy as np

from skopt_suite._hashable import hashable
from skopt_suite.backends import Array, Placement

if TYPE_CHECKING:
    from skopt_suite._component import Component, Registry

_LARGEST_INTEGER = 2**63 - 1  # what fits into 64 bits
_WHOLE = int, Integral  # of an abstract class it takes longest to tell, so that comes last
_REAL = float, int, RealNumber


class Domain:
    """Base of the domains; parameters that are not fusable have nothing more to say."""

    fusable: bool = False

    def check(self, owner: str, name: str, value: Any) -> None:
        """Raise `ValueError` or `TypeError` unless `value` is in the domain.

        Parameters
        ----------
        owner, name : str
            Whose parameter it is and how it is called, for the message.
        value : object
            What was given.
        """
        raise NotImplementedError

    def key(self, value: Any) -> Hashable:
        """Return what fits must share to be trained in one stack; ``...`` stands for any number."""
        return ... if self.fusable and value is not None else hashable(value)

    def stack(self, values: Sequence[Any], placement: Placement, ndim: int) -> Array:
        """Return the values of fits that share the key as an array, (n_fits, 1, ...).

        It is in float64 whatever the precision of the fits, so that quantities such as Adam's bias
        correction are exact; it is cast where it meets the parameters.

        Parameters
        ----------
        values : sequence of n_fits numbers
            One for every fit.
        placement : Placement
            Where the array is to live.
        ndim : int
            Number of axes: that of what the values meet.
        """
        array = placement.asarray([float(value) for value in values], dtype="float64")
        return placement.xp.reshape(array, (len(values),) + (1,) * (ndim - 1))


@dataclass(frozen=True)
class Real(Domain):
    """A real number in an interval.

    Parameters
    ----------
    low : float, default=-inf
        Lower bound.
    high : float, default=inf
        Upper bound.
    open_low, open_high : bool, default=False
        Whether the bound itself is excluded.
    optional : bool, default=False
        Whether None is accepted too.
    fusable : bool, default=True
        Whether fits that differ in it can be trained as one stack.
    search : Uniform, LogUniform or None, default=None
        Range worth searching; None: there is none.
    """

    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False
    open_high: bool = False
    optional: bool = False
    fusable: bool = True
    search: Range | None = None

    def __post_init__(self) -> None:
        _check_search(self, Uniform, LogUniform)

    def check(self, owner: str, name: str, value: Any) -> None:
        """Raise unless `value` is a finite number in the interval."""
        if value is None and self.optional:
            return
        if not isinstance(value, _REAL) or isinstance(value, (bool, np.bool_)):
            raise _wrong_type(owner, name, value, self)
        number = _as_float(value)
        above = number > self.low if self.open_low else number >= self.low
        below = number < self.high if self.open_high else number <= self.high
        if not (above and below and math.isfinite(number)):
            raise _wrong_value(owner, name, value, self)

    def __str__(self) -> str:
        left = "(" if self.open_low or self.low == -math.inf else "["
        right = ")" if self.open_high or self.high == math.inf else "]"
        interval = f"a number in {left}{self.low:g}, {self.high:g}{right}"
        return interval + (" or None" if self.optional else "")


@dataclass(frozen=True)
class Integer(Domain):
    """A whole number of at least `low`.

    Parameters
    ----------
    low : int
        The smallest number that is accepted.
    optional : bool, default=False
        Whether None is accepted too.
    fusable : bool, default=False
        Whether fits that differ in it can be trained as one stack.
    search : UniformInteger or None, default=None
        Range worth searching; None: there is none.
    infinite : bool, default=False
        Whether infinity is accepted too.
    """

    low: int
    optional: bool = False
    fusable: bool = False
    search: Range | None = None
    infinite: bool = False

    def __post_init__(self) -> None:
        _check_search(self, UniformInteger)

    def check(self, owner: str, name: str, value: Any) -> None:
        """Raise unless `value` is a whole number that is large enough."""
        if value is None and self.optional:
            return
        if self.infinite and isinstance(value, _REAL) and value == math.inf:
            return
        if not isinstance(value, _WHOLE) or isinstance(value, (bool, np.bool_)):
            raise _wrong_type(owner, name, value, self)
        if not self.low <= int(value) <= _LARGEST_INTEGER:
            raise _wrong_value(owner, name, value, self)

    def __str__(self) -> str:
        others = [" or inf"] * self.infinite + [" or None"] * self.optional
        return f"a whole number >= {self.low}" + "".join(others)


@dataclass(frozen=True)
class Vector(Domain):
    """A number for all, or one for each of several things: layers, features.

    Parameters
    ----------
    entry : Real
        What each number must be.
    per : str
        What there is a number for each of.
    fusable : bool, default=True
        Whether fits that differ in it can be trained as one stack.
    also : tuple of str, default=()
        What else is accepted, where a number is chosen for the rows: "auto" of penalties.

    Examples
    --------
    >>> from skopt_suite.domains import Real, Vector
    >>> alpha = Vector(Real(0), per="layer")
    >>> alpha.check("L2", "alpha", [1e-4, 1e-3])
    """

    entry: Real
    per: str
    fusable: bool = True
    also: tuple[str, ...] = ()

    @property
    def search(self) -> Range | None:
        """The range worth searching, one number for all."""
        return self.entry.search

    def check(self, owner: str, name: str, value: Any) -> None:
        """Raise unless `value` is a number or a sequence of numbers that are accepted."""
        if isinstance(value, str) and self.also:
            if value not in self.also:
                raise _wrong_value(owner, name, value, self)
            return
        if isinstance(value, str) or not isinstance(value, (Sequence, np.ndarray)):
            self.entry.check(owner, name, value)
            return
        if not _is_row(value):
            raise _wrong_value(owner, name, value, self)
        for number in value:
            self.entry.check(owner, f"every entry of {name}", number)

    def key(self, value: Any) -> Hashable:
        """Return how many numbers there are, 1 if there is one for all, 0 if there is none."""
        return 0 if value is None else np.size(value)

    def stack(self, values: Sequence[Any], placement: Placement, ndim: int) -> Array:
        """Return an array (n_fits, 1, ..., n_entries); n_entries is 1 where one is for all."""
        rows = [(value,) if isinstance(value, float) else np.ravel(value) for value in values]
        array = np.array(rows, dtype=np.float64)
        return placement.asarray(array.reshape(len(rows), *(1,) * (ndim - 2), -1), dtype="float64")

    def __str__(self) -> str:
        words = "".join(f"{word!r}, " for word in self.also)
        return f"{words}{self.entry}, or one such number for each {self.per}"


@dataclass(frozen=True)
class Boolean(Domain):
    """True or False.

    Parameters
    ----------
    fusable : bool, default=False
        Whether fits that differ in it can be trained as one stack.
    """

    fusable: bool = False

    def check(self, owner: str, name: str, value: Any) -> None:
        """Raise unless `value` is a bool."""
        if not isinstance(value, (bool, np.bool_)):
            raise _wrong_type(owner, name, value, self)

    def __str__(self) -> str:
        return "True or False"


@dataclass(frozen=True)
class Choice(Domain):
    """One of a few names, or any value that one of the other domains accepts.

    Parameters
    ----------
    names : tuple of str
        The names.
    others : tuple of Domain, default=()
        The other domains.
    fusable : bool, default=False
        Whether fits that differ in it can be trained as one stack.
    """

    names: tuple[str, ...]
    others: tuple[Domain, ...] = ()
    fusable: bool = False

    def check(self, owner: str, name: str, value: Any) -> None:
        """Raise unless `value` is one of the names or in one of the other domains."""
        if isinstance(value, str):
            if value not in self.names:
                raise _wrong_value(owner, name, value, self)
        elif not any(_accepts(domain, owner, name, value) for domain in self.others):
            only = self.others[0] if len(self.others) == 1 else None
            error = _wrong_value if only and _is_number(value) else _wrong_type
            raise error(owner, name, value, self)

    def __str__(self) -> str:
        return " or ".join([*(repr(name) for name in self.names), *map(str, self.others)])


@dataclass(frozen=True)
class Function(Domain):
    """A function that can be pickled, so that what has it can be cloned, saved and sent.

    Parameters
    ----------
    fusable : bool, default=False
        Whether fits that differ in it can be trained as one stack.
    """

    fusable: bool = False

    def check(self, owner: str, name: str, value: Any) -> None:
        """Raise unless `value` can be called and pickled."""
        if not callable(value):
            raise _wrong_type(owner, name, value, self)
        try:
            pickle.dumps(value)
        except Exception as error:  # what cannot be pickled may raise anything
            raise ValueError(f"{owner}: {name} must be {self}; got {value!r}: {error}") from error

    def __str__(self) -> str:
        return "a function that can be pickled, defined with def in a module"


@dataclass(frozen=True)
class Anything(Domain):
    """A parameter that is checked where it is used, because that needs the data."""

    fusable: bool = False

    def check(self, owner: str, name: str, value: Any) -> None:
        """Accept."""


@dataclass(frozen=True)
class Named(Domain):
    """A component, by name or as an object; `registry` is a function that returns its registry.

    `also` are words for what is chosen at fit, unless `stands_for` returns it beforehand.
    """

    registry: Callable[[], Registry]
    also: tuple[str, ...] = ()
    stands_for: Callable[[], Component] | None = None
    fusable: bool = False

    def check(self, owner: str, name: str, value: Any) -> None:
        """Raise unless `value` names a component or is one whose own parameters are right."""
        if not (isinstance(value, str) and value in self.also):
            self.registry().resolve(value, owner=owner, name=name, also=self.also)

    def named(self, value: Any) -> Component | None:
        """Return the component that a name means before `fit`; None if it means none."""
        if isinstance(value, str) and value in self.also:
            return self.stands_for() if self.stands_for else None
        return self.registry().named(value)


@dataclass(frozen=True)
class Range:
    """Base of the ranges worth searching: all from `low` to `high`."""

    low: float
    high: float

    def __post_init__(self) -> None:
        for end in ("low", "high"):
            Real().check(type(self).__name__, end, getattr(self, end))
        if not self.low < self.high:
            raise ValueError(f"{self}: low must be less than high.")

    def distribution(self) -> Any:
        """Return the distribution of `scipy.stats` to draw from."""
        raise NotImplementedError


class Uniform(Range):
    """Every number from `low` to `high` is as likely as another.

    Parameters
    ----------
    low, high : float
        The ends.

    Examples
    --------
    >>> from skopt_suite.domains import Real, Uniform
    >>> momentum = Real(0, 1, open_high=True, search=Uniform(0.8, 0.99))
    """

    def distribution(self) -> Any:
        """Return `scipy.stats.uniform` from `low` to `high`."""
        from scipy.stats import uniform

        return uniform(self.low, self.high - self.low)


class LogUniform(Range):
    """Every order of magnitude from `low` to `high` is as likely as another.

    Parameters
    ----------
    low, high : float > 0
        The ends.

    Examples
    --------
    >>> from skopt_suite.domains import LogUniform, Real
    >>> learning_rate = Real(0, open_low=True, search=LogUniform(1e-4, 1e-1))
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        Real(0, open_low=True).check(type(self).__name__, "low", self.low)

    def distribution(self) -> Any:
        """Return `scipy.stats.loguniform` from `low` to `high`."""
        from scipy.stats import loguniform

        return loguniform(self.low, self.high)


class UniformInteger(Range):
    """Every whole number from `low` to `high` is as likely as another.

    Parameters
    ----------
    low, high : int
        The ends, both included.

    Examples
    --------
    >>> from skopt_suite.domains import Integer, UniformInteger
    >>> patience = Integer(1, fusable=True, search=UniformInteger(2, 8))
    """

    def distribution(self) -> Any:
        """Return `scipy.stats.randint` from `low` to `high`."""
        from scipy.stats import randint

        return randint(self.low, self.high + 1)


def _check_search(domain: Real | Integer, *kinds: type[Range]) -> None:
    """Raise unless the range worth searching is of one of the kinds and inside of the domain."""
    search = domain.search
    if search is None:
        return
    if not isinstance(search, kinds):
        raise TypeError(
            f"{type(domain).__name__}: search must be {_listing(kinds)} or None; got {search!r} of "
            f"type {type(search).__name__}."
        )
    for end in ("low", "high"):
        domain.check(f"search={search}", end, getattr(search, end))


def _listing(kinds: tuple[type[Range], ...]) -> str:
    return " or ".join(f"{kind.__name__}(low, high)" for kind in kinds)


def _accepts(domain: Domain, owner: str, name: str, value: Any) -> bool:
    try:
        domain.check(owner, name, value)
    except (TypeError, ValueError):
        return False
    return True


def _as_float(value: float | RealNumber) -> float:
    """Return the nearest float, infinity where it has none."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if bool(value > 0) else -math.inf  # type: ignore[operator]


def _is_row(value: Sequence[Any] | np.ndarray) -> bool:
    """Whether it holds something, and no sequences; rows of different lengths are no array."""
    if isinstance(value, np.ndarray):
        return value.ndim == 1 and len(value) > 0
    nested = (isinstance(entry, (list, tuple, np.ndarray)) for entry in value)
    return len(value) > 0 and not any(nested)


def _is_number(value: Any) -> bool:
    return isinstance(value, _REAL) and not isinstance(value, bool)


def _wrong_type(owner: str, name: str, value: Any, domain: Domain) -> TypeError:
    return TypeError(
        f"{owner}: {name} must be {domain}; got {value!r} of type {type(value).__name__}."
    )


def _wrong_value(owner: str, name: str, value: Any, domain: Domain) -> ValueError:
    if isinstance(value, _WHOLE) and abs(int(value)) > _LARGEST_INTEGER:
        return ValueError(
            f"{owner}: {name} must be {domain}; got a whole number of "
            f"{int(value).bit_length()} bits, which is too large."
        )
    return ValueError(f"{owner}: {name} must be {domain}; got {value!r}.")
