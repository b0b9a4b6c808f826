"""Expressions as text of Python, which numba compiles, where they are of one entry each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from skopt_suite.backends.kernels._tracing._expression import CannotTrace, Expression
from skopt_suite.backends.kernels._tracing._lengths import LEAST, WEIGHTS

FIT, ENTRY = "k", "j"
"""Indices of the fit, of which text is for one, and of the entry of a row."""

_OF_TWO = {
    "add": "{} + {}",
    "subtract": "{} - {}",
    "multiply": "{} * {}",
    "divide": "{} / {}",
    "power": "{} ** {}",
    "less": "{} < {}",
    "less_equal": "{} <= {}",
    "greater": "{} > {}",
    "greater_equal": "{} >= {}",
    "equal": "{} == {}",
    "not_equal": "{} != {}",
    "bitwise_and": "{} & {}",
    "bitwise_or": "{} | {}",
    "maximum": "{0} if {0} > {1} or {0} != {0} else {1}",
    "minimum": "{0} if {0} < {1} or {0} != {0} else {1}",
}
_TEXTS = {
    **_OF_TWO,
    "abs": "abs({})",
    "erf": "math.erf({})",
    "negative": "-{}",
    "logical_not": "not {}",
    "where": "{1} if {0} else {2}",
    **{
        name: f"np.{name}({{}})"
        for name in ("exp", "expm1", "floor", "isfinite", "isinf", "isnan", "log", "log1p")
    },
    **{name: f"np.{name}({{}})" for name in ("sign", "sinh", "sqrt", "tanh")},
}


class Loop:
    """Statements of a loop over the entries of rows, and before it those that are the same for all.

    Parameters
    ----------
    entries : mapping
        By name and leading positions of a loaded entry its text.
    """

    def __init__(self, entries: Mapping[tuple[str, tuple[int, ...]], str]) -> None:
        self.entries = entries
        self.before: list[str] = []
        self.inside: list[str] = []
        self._names: dict[int, str] = {}

    def value(self, expression: Expression) -> str:
        """Return the name of what holds the value of an expression, or the number that it is."""
        if expression.op == "number":
            return _literal(expression)
        if expression.op == "variable" and expression.args[0] == ENTRY:
            return ENTRY
        if expression.token not in self._names:
            text, name = self._text(expression), f"v{len(self._names)}"
            lines = self.inside if ENTRY in expression.free else self.before
            lines.append(f"{name} = {text}")
            self._names[expression.token] = name
        return self._names[expression.token]

    def _text(self, expression: Expression) -> str:
        if expression.op == "load":
            return self._load(*expression.args)
        parts = [self.value(arg) for arg in expression.args if isinstance(arg, Expression)]
        if expression.op == "cast":
            return f"{expression.dtype.name}({parts[0]})"
        if expression.op not in _TEXTS:
            raise CannotTrace(f"{expression.op} has no text of Python.")
        return _TEXTS[expression.op].format(*parts)

    def _load(self, name: str, shape: tuple[int, ...], fit: Expression, *index: Expression) -> str:
        """Return an entry, which is that of the loop, or of a number of the fit."""
        places = tuple(i.args[0] for i in index)
        if fit.args != (FIT,) or (name, places) not in self.entries:
            raise CannotTrace(f"Entry {places} of {name} is none of this parameter.")
        return self.entries[name, places]


def function(arguments: Sequence[str], loop: Loop, length: str, writes: Mapping[str, str]) -> str:
    """Return the text of a function, whose name is left open, that writes entries of rows.

    Parameters
    ----------
    arguments : list of str
        What it takes.
    loop : Loop
        What has been computed.
    length : str
        Of the rows.
    writes : mapping
        By the text of an entry that of its new value.
    """
    stores = [f"{entry} = {value}" for entry, value in writes.items()]
    inside = ["    " + line for line in (*loop.inside, *stores)]
    body = [*loop.before, f"for {ENTRY} in range({length}):", *inside]
    return "\n".join([f"def {{name}}({', '.join(arguments)}):", *("    " + line for line in body)])


def _literal(expression: Expression) -> str:
    value, dtype = expression.args[0], expression.dtype
    if dtype.kind == "f":
        return f"{dtype.name}({_float(value)})"
    if dtype.kind == "i" and abs(value) >= LEAST:
        return _length(value)
    return repr(value)


def _float(value: float) -> str:
    if math.isfinite(value):
        return repr(value)
    return "np.nan" if math.isnan(value) else f"{'-' if value < 0 else ''}np.inf"


def _length(value: int) -> str:
    if value != WEIGHTS:
        raise CannotTrace("A length is computed with.")
    return "n_weights"
