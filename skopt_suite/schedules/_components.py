"""All schedules that have a name, each by the line that imports it.

Nothing else registers them. Errors, searches and tables of the documents list them in this order.
"""

from ._constant import Constant as Constant
from ._step import Step as Step
from ._multi_step import MultiStep as MultiStep
from ._exponential import Exponential as Exponential
from ._inverse_time import InverseTime as InverseTime
from ._invscaling import Invscaling as Invscaling
from ._optimal import Optimal as Optimal
from ._polynomial import Polynomial as Polynomial
from ._linear import Linear as Linear
from ._cosine import Cosine as Cosine
from ._cosine_restarts import CosineRestarts as CosineRestarts
from ._one_cycle import OneCycle as OneCycle
from ._cyclic import Cyclic as Cyclic
from ._warmup import Warmup as Warmup
from ._warmup_stable_decay import WarmupStableDecay as WarmupStableDecay
from ._noam import Noam as Noam
from ._reduce_on_plateau import ReduceOnPlateau as ReduceOnPlateau
from ._adaptive import Adaptive as Adaptive
from ._then import Then as Then
from ._product import Product as Product
