"""The configurations that scikit-learn's checks run on."""

from typing import Any, NamedTuple

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.losses import Huber
from skopt_suite.optimizers import SGD, Adam, GradientDescent, Momentum
from skopt_suite.penalties import L1, L2, ElasticNet
from skopt_suite.schedules import Step, Warmup


class Configuration(NamedTuple):
    """An estimator, and whether training it on the 15 or more rows of the checks is random.

    Minibatches, dropout and a validation split are; a batch of all rows is not. Single precision
    is not either, but over hundreds of epochs its rounding exceeds the checks' tolerance of 1e-7.
    """

    estimator: Any
    n_checks: int
    is_random: bool = False


SMALL = {"hidden_layer_sizes": (10,), "max_iter": 60}

CONFIGURATIONS = [
    # ------------------------------------------------------------------ LinearClassifier
    Configuration(LinearClassifier(), 64),
    Configuration(LinearClassifier(optimizer="fista", penalty="elastic_net"), 64),
    Configuration(LinearClassifier(loss="squared_hinge", penalty=L1(alpha=1e-3)), 64),
    Configuration(LinearClassifier(loss="hinge"), 64),
    Configuration(
        LinearClassifier(optimizer=GradientDescent(0.5), schedule="inverse_time", tol=1e-2), 64
    ),
    Configuration(
        LinearClassifier(optimizer=Momentum(0.1), schedule="cosine", batch_size=8, max_iter=50),
        64,
        is_random=True,
    ),
    Configuration(
        LinearClassifier(optimizer="adamw", penalty="none", early_stopping=True), 64, is_random=True
    ),
    Configuration(
        LinearClassifier(
            loss="squared_hinge", optimizer="nesterov", schedule="reduce_on_plateau", max_iter=100
        ),
        64,
    ),
    Configuration(LinearClassifier(dtype="float32", class_weight="balanced"), 64),
    # ------------------------------------------------------------------- LinearRegressor
    Configuration(LinearRegressor(), 61),
    Configuration(LinearRegressor(penalty="l1", tol=1e-8), 61),
    Configuration(LinearRegressor(loss="huber", penalty=ElasticNet(positive=True)), 61),
    Configuration(LinearRegressor(loss="absolute_error", optimizer=Adam(0.1)), 61),
    Configuration(LinearRegressor(loss=Huber(delta=0.5), fit_intercept=False), 61),
    Configuration(
        LinearRegressor(optimizer=GradientDescent(0.01), schedule="polynomial", max_iter=20000), 61
    ),
    Configuration(
        LinearRegressor(optimizer=SGD(0.001), schedule="step", batch_size=8), 61, is_random=True
    ),
    Configuration(
        LinearRegressor(optimizer="nesterov", penalty="none", early_stopping=True),
        61,
        is_random=True,
    ),
    Configuration(LinearRegressor(dtype="float32", warm_start=True), 61),
    # --------------------------------------------------------------------- MLPClassifier
    Configuration(MLPClassifier(), 68, is_random=True),
    Configuration(MLPClassifier(**SMALL, dtype="float64"), 68),
    Configuration(
        MLPClassifier(**SMALL, activation="tanh", optimizer="lbfgs", dtype="float64"), 68
    ),
    Configuration(
        MLPClassifier(**SMALL, optimizer="fista", penalty="l1", activation="softplus"), 68
    ),
    Configuration(
        MLPClassifier(**SMALL, loss="hinge", optimizer="adamw", schedule=Warmup("cosine", 5)), 68
    ),
    Configuration(
        MLPClassifier(
            **SMALL, loss="squared_hinge", optimizer="momentum", penalty="elastic_net", batch_size=8
        ),
        68,
        is_random=True,
    ),
    Configuration(
        MLPClassifier(**SMALL, dropout=0.2, activation="gelu", schedule="exponential"),
        68,
        is_random=True,
    ),
    Configuration(
        MLPClassifier((10, 5), optimizer=Adam(0.01), early_stopping=True), 68, is_random=True
    ),
    # ---------------------------------------------------------------------- MLPRegressor
    Configuration(MLPRegressor(), 60, is_random=True),
    Configuration(MLPRegressor(**SMALL, dtype="float64", optimizer=Adam(0.01)), 60),
    Configuration(MLPRegressor(**SMALL, optimizer="lbfgs", activation="silu"), 60),
    Configuration(
        MLPRegressor(
            **SMALL, optimizer=GradientDescent(0.05), activation="elu", dtype="float64", tol=1e-2
        ),
        60,
    ),
    Configuration(
        MLPRegressor(**SMALL, loss="huber", optimizer=SGD(0.01), schedule=Step(20), batch_size=8),
        60,
        is_random=True,
    ),
    Configuration(
        MLPRegressor(
            **SMALL, loss="absolute_error", penalty="l1", optimizer="nesterov", early_stopping=True
        ),
        60,
        is_random=True,
    ),
    Configuration(
        MLPRegressor((8, 8), "logistic", dropout=0.1, optimizer="adamw", penalty=L2(0.01)),
        60,
        is_random=True,
    ),
    Configuration(
        MLPRegressor((), optimizer="momentum", schedule="reduce_on_plateau", penalty="none"), 60
    ),
]
