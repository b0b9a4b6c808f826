"""Penalties: value, gradient of the smooth part, proximal operator of the other."""

from skopt_suite._component import Registry
from skopt_suite._public import name_publicly
from skopt_suite.penalties._base import Penalty
from skopt_suite.penalties._box import Box
from skopt_suite.penalties._elastic_net import ElasticNet
from skopt_suite.penalties._group_lasso import GroupLasso
from skopt_suite.penalties._l1 import L1
from skopt_suite.penalties._l2 import L2
from skopt_suite.penalties._max_norm import MaxNorm
from skopt_suite.penalties._mcp import MCP
from skopt_suite.penalties._none import NoPenalty
from skopt_suite.penalties._scad import SCAD
from skopt_suite.penalties._sparse_group_lasso import SparseGroupLasso
from skopt_suite.penalties._sum import Sum
from skopt_suite.penalties._weighted_l1 import WeightedL1
from skopt_suite.penalties._words import PENALTY_WORDS

PENALTIES = Registry(
    "penalty",
    Penalty,
    [
        NoPenalty,
        L1,
        L2,
        ElasticNet,
        WeightedL1,
        MCP,
        SCAD,
        GroupLasso,
        SparseGroupLasso,
        Box,
        MaxNorm,
        Sum,
    ],
    PENALTY_WORDS,
    none="none",
)

__all__ = [
    "L1",
    "L2",
    "MCP",
    "PENALTIES",
    "SCAD",
    "Box",
    "ElasticNet",
    "GroupLasso",
    "MaxNorm",
    "NoPenalty",
    "Penalty",
    "SparseGroupLasso",
    "Sum",
    "WeightedL1",
]

name_publicly(__name__, globals(), __all__)
