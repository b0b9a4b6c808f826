"""Penalties: value, gradient of the smooth part, proximal operator of the other."""

from skopt_suite._component import Registry
from skopt_suite._public import name_publicly
from skopt_suite.penalties._base import Penalty
from skopt_suite.penalties._elastic_net import ElasticNet
from skopt_suite.penalties._l1 import L1
from skopt_suite.penalties._l2 import L2
from skopt_suite.penalties._none import NoPenalty

PENALTIES = Registry("penalty", Penalty, [NoPenalty, L1, L2, ElasticNet])

__all__ = ["L1", "L2", "PENALTIES", "ElasticNet", "NoPenalty", "Penalty"]

name_publicly(__name__, globals(), __all__)
