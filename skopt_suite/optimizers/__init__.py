"""Optimizers: state in, state out."""

from skopt_suite._component import Registry
from skopt_suite._public import name_publicly
from skopt_suite.optimizers._base import Optimizer, Problem, Step
from skopt_suite.optimizers._demands import Demands
from skopt_suite.optimizers._words import OPTIMIZER_WORDS
from skopt_suite.optimizers.first_order._adadelta import Adadelta
from skopt_suite.optimizers.first_order._adagrad import Adagrad
from skopt_suite.optimizers.first_order._adam import Adam
from skopt_suite.optimizers.first_order._adamax import Adamax
from skopt_suite.optimizers.first_order._adamw import AdamW
from skopt_suite.optimizers.first_order._amsgrad import AMSGrad
from skopt_suite.optimizers.first_order._base import FirstOrder
from skopt_suite.optimizers.first_order._gradient_descent import SGD, GradientDescent
from skopt_suite.optimizers.first_order._lion import Lion
from skopt_suite.optimizers.first_order._momentum import Momentum
from skopt_suite.optimizers.first_order._muon import Muon
from skopt_suite.optimizers.first_order._nadam import NAdam
from skopt_suite.optimizers.first_order._nesterov import Nesterov
from skopt_suite.optimizers.first_order._prodigy import Prodigy
from skopt_suite.optimizers.first_order._radam import RAdam
from skopt_suite.optimizers.first_order._rmsprop import RMSprop
from skopt_suite.optimizers.first_order._rule import Rule
from skopt_suite.optimizers.first_order._schedule_free_adamw import ScheduleFreeAdamW
from skopt_suite.optimizers.first_order._schedule_free_sgd import ScheduleFreeSGD
from skopt_suite.optimizers.solvers._closed_form import ClosedForm
from skopt_suite.optimizers.solvers._coordinate_descent import CoordinateDescent
from skopt_suite.optimizers.solvers._fista import FISTA
from skopt_suite.optimizers.solvers._interior_point import InteriorPoint
from skopt_suite.optimizers.solvers._lbfgs import LBFGS
from skopt_suite.optimizers.solvers._newton_cg import NewtonCG
from skopt_suite.optimizers.solvers._newton_cholesky import NewtonCholesky
from skopt_suite.optimizers.wrappers._average_weights import AverageWeights
from skopt_suite.optimizers.wrappers._base import Wrapper
from skopt_suite.optimizers.wrappers._clip_gradient import ClipGradient
from skopt_suite.optimizers.wrappers._lookahead import Lookahead

OPTIMIZERS = Registry(
    "optimizer",
    Optimizer,
    [
        GradientDescent,
        SGD,
        Momentum,
        Nesterov,
        Adagrad,
        Adadelta,
        RMSprop,
        Adam,
        AdamW,
        AMSGrad,
        Adamax,
        NAdam,
        RAdam,
        Lion,
        Muon,
        Prodigy,
        ScheduleFreeSGD,
        ScheduleFreeAdamW,
        ClipGradient,
        AverageWeights,
        Lookahead,
        LBFGS,
        FISTA,
        ClosedForm,
        CoordinateDescent,
        NewtonCholesky,
        NewtonCG,
        InteriorPoint,
    ],
    OPTIMIZER_WORDS,
)

__all__ = [
    "RAdam",
    "NAdam",
    "Adamax",
    "Adadelta",
    "FISTA",
    "LBFGS",
    "OPTIMIZERS",
    "SGD",
    "AMSGrad",
    "Adagrad",
    "Adam",
    "AdamW",
    "AverageWeights",
    "ClipGradient",
    "ClosedForm",
    "CoordinateDescent",
    "Demands",
    "FirstOrder",
    "InteriorPoint",
    "Lion",
    "GradientDescent",
    "Lookahead",
    "Momentum",
    "Muon",
    "Nesterov",
    "NewtonCG",
    "NewtonCholesky",
    "Optimizer",
    "Problem",
    "RMSprop",
    "Prodigy",
    "Rule",
    "ScheduleFreeAdamW",
    "ScheduleFreeSGD",
    "Step",
    "Wrapper",
]

name_publicly(__name__, globals(), __all__)
