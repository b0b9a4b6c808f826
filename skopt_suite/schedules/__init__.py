"""Learning-rate schedules: time → dimensionless factor on the learning rate.

Time is counted in epochs and moves with every step (after 8 of 32 batches of the third epoch it is
2.25); with full-batch optimizers an epoch is an iteration. Schedules are therefore the same for
every batch size and data set.
"""

from skopt_suite._component import Registry
from skopt_suite._public import classes_in, name_publicly, names_in
from skopt_suite.schedules import _components
from skopt_suite.schedules._base import Schedule
from skopt_suite.schedules._components import *
from skopt_suite.schedules._from_function import FromFunction
from skopt_suite.schedules._words import SCHEDULE_WORDS

SCHEDULES = Registry(
    "schedule",
    Schedule,
    classes_in(_components, Schedule),
    SCHEDULE_WORDS,
    none="constant",
)

__all__ = [
    "SCHEDULES",
    "FromFunction",
    "Schedule",
    *names_in(_components),
]

name_publicly(__name__, globals(), __all__)
