"""Penalties: value, gradient of the smooth part, proximal operator of the other."""

from skopt_suite._component import Registry
from skopt_suite._public import classes_in, name_publicly, names_in
from skopt_suite.penalties import _components
from skopt_suite.penalties._base import Penalty
from skopt_suite.penalties._components import *
from skopt_suite.penalties._words import PENALTY_WORDS

PENALTIES = Registry(
    "penalty",
    Penalty,
    classes_in(_components, Penalty),
    PENALTY_WORDS,
    none="none",
)

__all__ = [
    "PENALTIES",
    "Penalty",
    *names_in(_components),
]

name_publicly(__name__, globals(), __all__)
