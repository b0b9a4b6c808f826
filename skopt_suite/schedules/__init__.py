"""Learning-rate schedules: time → dimensionless factor on the learning rate.

Time is counted in epochs and moves with every step (after 8 of 32 batches of the third epoch it is
2.25); with full-batch optimizers an epoch is an iteration. Schedules are therefore the same for
every batch size and data set.
"""

from skopt_suite._component import Registry
from skopt_suite._public import name_publicly
from skopt_suite.schedules._adaptive import Adaptive
from skopt_suite.schedules._base import Schedule
from skopt_suite.schedules._constant import Constant
from skopt_suite.schedules._cosine import Cosine
from skopt_suite.schedules._cosine_restarts import CosineRestarts
from skopt_suite.schedules._cyclic import Cyclic
from skopt_suite.schedules._exponential import Exponential
from skopt_suite.schedules._from_function import FromFunction
from skopt_suite.schedules._inverse_time import InverseTime
from skopt_suite.schedules._invscaling import Invscaling
from skopt_suite.schedules._linear import Linear
from skopt_suite.schedules._multi_step import MultiStep
from skopt_suite.schedules._noam import Noam
from skopt_suite.schedules._one_cycle import OneCycle
from skopt_suite.schedules._optimal import Optimal
from skopt_suite.schedules._polynomial import Polynomial
from skopt_suite.schedules._product import Product
from skopt_suite.schedules._reduce_on_plateau import ReduceOnPlateau
from skopt_suite.schedules._step import Step
from skopt_suite.schedules._then import Then
from skopt_suite.schedules._warmup import Warmup
from skopt_suite.schedules._warmup_stable_decay import WarmupStableDecay
from skopt_suite.schedules._words import SCHEDULE_WORDS

SCHEDULES = Registry(
    "schedule",
    Schedule,
    [
        Constant,
        Step,
        MultiStep,
        Exponential,
        InverseTime,
        Invscaling,
        Optimal,
        Polynomial,
        Linear,
        Cosine,
        CosineRestarts,
        OneCycle,
        Cyclic,
        Warmup,
        WarmupStableDecay,
        Noam,
        ReduceOnPlateau,
        Adaptive,
        Then,
        Product,
    ],
    SCHEDULE_WORDS,
    none="constant",
)

__all__ = [
    "SCHEDULES",
    "Adaptive",
    "Constant",
    "Cosine",
    "CosineRestarts",
    "Cyclic",
    "Exponential",
    "FromFunction",
    "InverseTime",
    "Invscaling",
    "Linear",
    "MultiStep",
    "Noam",
    "OneCycle",
    "Optimal",
    "Polynomial",
    "Product",
    "ReduceOnPlateau",
    "Schedule",
    "Step",
    "Then",
    "Warmup",
    "WarmupStableDecay",
]

name_publicly(__name__, globals(), __all__)
