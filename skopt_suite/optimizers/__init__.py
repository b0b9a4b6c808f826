"""Optimizers: state in, state out."""

from skopt_suite._component import Registry
from skopt_suite._public import name_publicly
from skopt_suite.optimizers._adam import Adam
from skopt_suite.optimizers._adamw import AdamW
from skopt_suite.optimizers._base import FirstOrder, Optimizer, Problem, Step
from skopt_suite.optimizers._closed_form import ClosedForm
from skopt_suite.optimizers._fista import FISTA
from skopt_suite.optimizers._gradient_descent import SGD, GradientDescent
from skopt_suite.optimizers._lbfgs import LBFGS
from skopt_suite.optimizers._momentum import Momentum
from skopt_suite.optimizers._nesterov import Nesterov

OPTIMIZERS = Registry(
    "optimizer",
    Optimizer,
    [GradientDescent, SGD, Momentum, Nesterov, Adam, AdamW, LBFGS, FISTA, ClosedForm],
)

__all__ = [
    "FISTA",
    "LBFGS",
    "OPTIMIZERS",
    "SGD",
    "Adam",
    "AdamW",
    "ClosedForm",
    "FirstOrder",
    "GradientDescent",
    "Momentum",
    "Nesterov",
    "Optimizer",
    "Problem",
    "Step",
]

name_publicly(__name__, globals(), __all__)
