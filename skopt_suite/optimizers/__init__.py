"""Optimizers: state in, state out."""

from skopt_suite._component import Registry
from skopt_suite._public import classes_in, name_publicly, names_in
from skopt_suite.optimizers import _components
from skopt_suite.optimizers._base import Optimizer, Problem, Step
from skopt_suite.optimizers._components import *
from skopt_suite.optimizers._demands import Demands
from skopt_suite.optimizers._words import OPTIMIZER_WORDS
from skopt_suite.optimizers.first_order._base import FirstOrder
from skopt_suite.optimizers.first_order._rule import Rule
from skopt_suite.optimizers.wrappers._base import Wrapper

OPTIMIZERS = Registry(
    "optimizer",
    Optimizer,
    classes_in(_components, Optimizer),
    OPTIMIZER_WORDS,
)

__all__ = [
    "OPTIMIZERS",
    "Demands",
    "FirstOrder",
    "Optimizer",
    "Problem",
    "Rule",
    "Step",
    "Wrapper",
    *names_in(_components),
]

name_publicly(__name__, globals(), __all__)
