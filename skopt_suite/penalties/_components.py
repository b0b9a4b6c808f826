"""All penalties, each by the line that imports it.

Nothing else registers them. Errors, searches and tables of the documents list them in this order.
"""

from ._none import NoPenalty as NoPenalty
from ._l1 import L1 as L1
from ._l2 import L2 as L2
from ._elastic_net import ElasticNet as ElasticNet
from ._weighted_l1 import WeightedL1 as WeightedL1
from ._mcp import MCP as MCP
from ._scad import SCAD as SCAD
from ._group_lasso import GroupLasso as GroupLasso
from ._sparse_group_lasso import SparseGroupLasso as SparseGroupLasso
from ._box import Box as Box
from ._max_norm import MaxNorm as MaxNorm
from ._sum import Sum as Sum
