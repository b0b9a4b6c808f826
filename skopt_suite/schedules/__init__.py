"""Learning-rate schedules: time → dimensionless factor on the learning rate.

Time is counted in epochs and moves with every step (after 8 of 32 batches of the third epoch it is
2.25); with full-batch optimizers an epoch is an iteration. Schedules are therefore the same for
every batch size and data set.
"""

from skopt_suite._component import Registry
from skopt_suite._public import name_publicly
from skopt_suite.schedules._base import Schedule
from skopt_suite.schedules._constant import Constant
from skopt_suite.schedules._cosine import Cosine
from skopt_suite.schedules._exponential import Exponential
from skopt_suite.schedules._inverse_time import InverseTime
from skopt_suite.schedules._polynomial import Polynomial
from skopt_suite.schedules._reduce_on_plateau import ReduceOnPlateau
from skopt_suite.schedules._step import Step
from skopt_suite.schedules._warmup import Warmup

SCHEDULES = Registry(
    "schedule",
    Schedule,
    [Constant, Step, Exponential, InverseTime, Polynomial, Cosine, Warmup, ReduceOnPlateau],
)

__all__ = [
    "SCHEDULES",
    "Constant",
    "Cosine",
    "Exponential",
    "InverseTime",
    "Polynomial",
    "ReduceOnPlateau",
    "Schedule",
    "Step",
    "Warmup",
]

name_publicly(__name__, globals(), __all__)
