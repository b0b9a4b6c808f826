"""Kernels from definitions: a function of the array API is called with arrays that remember.

What it computes for one entry of its result is then written as text. So a formula exists once, and
where nothing can be written, because a value decides what is computed, the definition runs.
"""

from skopt_suite.backends.kernels._tracing import _dots as dots
from skopt_suite.backends.kernels._tracing import _norms as norms
from skopt_suite.backends.kernels._tracing._expression import (
    CannotTrace,
    Expression,
    Lifted,
    cast,
    lifted,
    number,
    position,
    variable,
)
from skopt_suite.backends.kernels._tracing._groups import behind_weights, members_of, of_groups
from skopt_suite.backends.kernels._tracing._lengths import (
    FITS,
    GROUPS,
    OUTPUTS,
    PARAMS,
    ROWS,
    UNITS,
    WEIGHTS,
)
from skopt_suite.backends.kernels._tracing._namespace import OVER_PARAMS
from skopt_suite.backends.kernels._tracing._program import (
    Leaf,
    Program,
    of_entries,
    of_fits,
    of_rows,
    of_sums,
    scalar,
    uniform,
)
from skopt_suite.backends.kernels._tracing._symbol import Symbol

__all__ = [
    "FITS",
    "GROUPS",
    "OUTPUTS",
    "PARAMS",
    "ROWS",
    "UNITS",
    "WEIGHTS",
    "OVER_PARAMS",
    "CannotTrace",
    "Expression",
    "Leaf",
    "Lifted",
    "Program",
    "Symbol",
    "behind_weights",
    "cast",
    "dots",
    "lifted",
    "norms",
    "members_of",
    "number",
    "of_entries",
    "of_fits",
    "of_groups",
    "of_rows",
    "of_sums",
    "position",
    "scalar",
    "uniform",
    "variable",
]
