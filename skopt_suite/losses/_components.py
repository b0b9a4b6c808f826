"""All losses, of classifiers and then of regressors, each by the line that imports it.

Nothing else registers them. Errors, searches and tables of the documents list them in this order.
"""

from ._log_loss import LogLoss as LogLoss
from ._hinge import Hinge as Hinge
from ._hinge import SquaredHinge as SquaredHinge
from ._modified_huber import ModifiedHuber as ModifiedHuber
from ._focal import Focal as Focal
from ._squared_error import SquaredError as SquaredError
from ._absolute_error import AbsoluteError as AbsoluteError
from ._huber import Huber as Huber
from ._log_cosh import LogCosh as LogCosh
from ._quantile import Quantile as Quantile
from ._epsilon_insensitive import EpsilonInsensitive as EpsilonInsensitive
from ._epsilon_insensitive import SquaredEpsilonInsensitive as SquaredEpsilonInsensitive
from ._poisson import Poisson as Poisson
from ._gamma import Gamma as Gamma
from ._tweedie import Tweedie as Tweedie
