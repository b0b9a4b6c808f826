"""All optimizers, each by the line that imports it.

Nothing else registers them. Errors, searches and tables of the documents list them in this order.
"""

from .first_order._gradient_descent import GradientDescent as GradientDescent
from .first_order._gradient_descent import SGD as SGD
from .first_order._momentum import Momentum as Momentum
from .first_order._nesterov import Nesterov as Nesterov
from .first_order._adagrad import Adagrad as Adagrad
from .first_order._adadelta import Adadelta as Adadelta
from .first_order._rmsprop import RMSprop as RMSprop
from .first_order._adam import Adam as Adam
from .first_order._adamw import AdamW as AdamW
from .first_order._amsgrad import AMSGrad as AMSGrad
from .first_order._adamax import Adamax as Adamax
from .first_order._nadam import NAdam as NAdam
from .first_order._radam import RAdam as RAdam
from .first_order._lion import Lion as Lion
from .first_order._muon import Muon as Muon
from .first_order._prodigy import Prodigy as Prodigy
from .first_order._schedule_free_sgd import ScheduleFreeSGD as ScheduleFreeSGD
from .first_order._schedule_free_adamw import ScheduleFreeAdamW as ScheduleFreeAdamW
from .wrappers._clip_gradient import ClipGradient as ClipGradient
from .wrappers._average_weights import AverageWeights as AverageWeights
from .wrappers._lookahead import Lookahead as Lookahead
from .solvers._lbfgs import LBFGS as LBFGS
from .solvers._fista import FISTA as FISTA
from .solvers._closed_form import ClosedForm as ClosedForm
from .solvers._coordinate_descent import CoordinateDescent as CoordinateDescent
from .solvers._newton_cholesky import NewtonCholesky as NewtonCholesky
from .solvers._newton_cg import NewtonCG as NewtonCG
from .solvers._interior_point import InteriorPoint as InteriorPoint
from .solvers._saga import SAGA as SAGA
from .solvers._dual_coordinate_descent import DualCoordinateDescent as DualCoordinateDescent
