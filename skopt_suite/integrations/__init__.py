"""Ways into systems that tune models and keep track of them; those are imported only here."""

from skopt_suite._public import name_publicly
from skopt_suite.integrations._mlflow import MLflowCallback, log_search, mlflow_autolog
from skopt_suite.integrations._optuna_pruning import OptunaPruningCallback
from skopt_suite.integrations._optuna_search import FusedOptunaSearchCV
from skopt_suite.integrations._optuna_space import optuna_distributions
from skopt_suite.integrations._tensorboard import TensorBoardCallback

__all__ = [
    "FusedOptunaSearchCV",
    "MLflowCallback",
    "OptunaPruningCallback",
    "TensorBoardCallback",
    "log_search",
    "mlflow_autolog",
    "optuna_distributions",
]

name_publicly(__name__, globals(), __all__)
