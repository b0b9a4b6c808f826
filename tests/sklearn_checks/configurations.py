"""The configurations that scikit-learn's checks run on."""

from typing import Any, NamedTuple

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.losses import (
    CLASSIFICATION_LOSSES,
    REGRESSION_LOSSES,
    ClassificationLoss,
    Huber,
    LogLoss,
)
from skopt_suite.optimizers import (
    OPTIMIZERS,
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    AMSGrad,
    AverageWeights,
    ClipGradient,
    DualCoordinateDescent,
    GradientDescent,
    Lion,
    Lookahead,
    Momentum,
    Muon,
    NAdam,
    Nesterov,
    Optimizer,
    RAdam,
    RMSprop,
    ScheduleFreeAdamW,
    ScheduleFreeSGD,
)
from skopt_suite.penalties import L1, L2, PENALTIES, Box, ElasticNet
from skopt_suite.schedules import SCHEDULES, Product, Schedule, Step, Then, Warmup


class Configuration(NamedTuple):
    """An estimator, and whether training it on the 15 or more rows of the checks is random.

    Minibatches, dropout and a validation split are; a batch of all rows is not. Single precision
    is not either, but over hundreds of epochs its rounding exceeds the checks' tolerance of 1e-7.
    """

    estimator: Any
    n_checks: int
    is_random: bool = False


SMALL = {"hidden_layer_sizes": (16,), "max_iter": 60}

LINEAR_CLASSIFIERS = [
    Configuration(LinearClassifier(), 64),
    Configuration(LinearClassifier(optimizer="newton_cholesky", tol=1e-11), 64),
    Configuration(LinearClassifier(optimizer="fista", penalty="elastic_net"), 64),
    Configuration(LinearClassifier(optimizer="saga", penalty=L2(0.1), tol=1e-12), 64),
    Configuration(LinearClassifier(loss="squared_hinge", penalty=ElasticNet(0.1), tol=1e-11), 64),
    Configuration(
        LinearClassifier(loss="squared_hinge", penalty=L2(0.1), class_weight="balanced"), 64
    ),
    Configuration(LinearClassifier(loss="modified_huber", penalty=L2(0.1), tol=1e-11), 64),
    Configuration(LinearClassifier(loss="focal", penalty=L2(0.1), tol=1e-11), 64),
    Configuration(LinearClassifier(loss=LogLoss(0.1), penalty=L2(0.1), tol=1e-11), 64),
    Configuration(LinearClassifier(loss="hinge", max_iter=3000, tol=1e-9), 64),
    Configuration(
        LinearClassifier(
            loss="hinge",
            penalty=L2(0.1),
            optimizer=DualCoordinateDescent(),
            tol=1e-9,
            max_iter=500,
        ),
        64,
    ),
    Configuration(LinearClassifier(optimizer=Lion(0.01), batch_size=10), 64, is_random=True),
    Configuration(LinearClassifier(optimizer="prodigy", batch_size=12), 64, is_random=True),
    Configuration(
        LinearClassifier(optimizer=ScheduleFreeSGD(0.05), batch_size=10, max_iter=50),
        64,
        is_random=True,
    ),
    Configuration(
        LinearClassifier(optimizer=Adadelta(1.0), batch_size=10, max_iter=100), 64, is_random=True
    ),
    Configuration(
        LinearClassifier(
            optimizer=GradientDescent(0.5), schedule="inverse_time", tol=0.05, max_iter=60
        ),
        64,
    ),
    Configuration(
        LinearClassifier(
            optimizer=Momentum(0.01),
            penalty="group_lasso",
            schedule=Then("linear", "warmup_stable_decay", at=25),
            batch_size=14,
            max_iter=50,
        ),
        64,
        is_random=True,
    ),
    Configuration(
        LinearClassifier(
            optimizer=AdamW(0.3),
            penalty="none",
            early_stopping=True,
            validation_fraction=0.3,
            batch_size=1,
        ),
        64,
        is_random=True,
    ),
    Configuration(
        LinearClassifier(
            optimizer="nesterov",
            penalty="weighted_l1",
            schedule="reduce_on_plateau",
            dtype="float32",
            batch_size=10,
            max_iter=60,
        ),
        64,
        is_random=True,
    ),
]

LINEAR_REGRESSORS = [
    Configuration(LinearRegressor(), 61),
    Configuration(LinearRegressor(optimizer="closed_form", penalty="none"), 60),
    Configuration(LinearRegressor(optimizer="closed_form", dtype="float32"), 60, is_random=True),
    Configuration(LinearRegressor(penalty=L1(alpha=0.01), tol=1e-10), 61),
    Configuration(LinearRegressor(loss="huber", penalty=ElasticNet(positive=True), tol=1e-11), 61),
    Configuration(LinearRegressor(optimizer="newton_cg", tol=1e-11), 61),
    Configuration(LinearRegressor(loss=Huber(delta=0.5), fit_intercept=False), 61),
    Configuration(LinearRegressor(loss="absolute_error", optimizer=ScheduleFreeAdamW(0.1)), 61),
    Configuration(
        LinearRegressor(
            loss=Huber(0.1),
            optimizer=GradientDescent(0.1),
            penalty=Box(-100.0, 100.0),
            schedule="polynomial",
            tol=1e-2,
            max_iter=200,
        ),
        61,
    ),
    Configuration(
        LinearRegressor(
            loss="huber", optimizer=SGD(0.01), penalty="mcp", schedule="step", batch_size=10
        ),
        61,
        is_random=True,
    ),
    Configuration(
        LinearRegressor(
            loss="absolute_error",
            optimizer=Nesterov(0.01),
            schedule=Then("adaptive", "optimal", at=100),
            penalty="none",
            early_stopping=True,
            validation_fraction=0.2,
        ),
        61,
        is_random=True,
    ),
    Configuration(
        LinearRegressor(
            optimizer=AverageWeights(Lookahead(ClipGradient(Adam(0.1)))),
            penalty="sparse_group_lasso",
            schedule=Then("cyclic", Product("cosine_restarts", "one_cycle"), at=30),
            dtype="float32",
            batch_size=20,
            max_iter=60,
        ),
        61,
        is_random=True,
    ),
    Configuration(LinearRegressor(loss="log_cosh", penalty=L2(0.1), tol=1e-11), 61),
    Configuration(
        LinearRegressor(loss="quantile", optimizer=Adagrad(0.5), batch_size=10), 61, is_random=True
    ),
    Configuration(
        LinearRegressor(loss="epsilon_insensitive", optimizer=RMSprop(0.05), batch_size=10),
        61,
        is_random=True,
    ),
    Configuration(
        LinearRegressor(loss="squared_epsilon_insensitive", penalty=L2(0.1), tol=1e-11), 61
    ),
    Configuration(LinearRegressor(loss="poisson", penalty=L2(0.1), tol=1e-11), 61),
    Configuration(LinearRegressor(loss="gamma", penalty=L2(0.1), tol=1e-11), 61),
    Configuration(LinearRegressor(loss="tweedie", penalty=L2(0.1), tol=1e-11), 61),
]

MLP_CLASSIFIERS = [
    Configuration(MLPClassifier(), 69, is_random=True),
    Configuration(MLPClassifier(dtype="float64", dropout=0.0, max_iter=50), 69),
    Configuration(
        MLPClassifier(**SMALL, activation="tanh", optimizer="lbfgs", dtype="float64"), 69
    ),
    Configuration(
        MLPClassifier(
            **SMALL, optimizer="fista", penalty=L1(0.01), activation="leaky_relu", dtype="float64"
        ),
        69,
    ),
    Configuration(
        MLPClassifier(
            **SMALL,
            loss="hinge",
            optimizer=AdamW(0.01),
            schedule=Warmup("cosine", 5),
            dtype="float64",
        ),
        69,
    ),
    Configuration(
        MLPClassifier(
            (16,),
            max_iter=100,
            loss="squared_hinge",
            optimizer=Momentum(1e-5),
            schedule="constant",
            penalty="elastic_net",
            batch_size=10,
        ),
        69,
        is_random=True,
    ),
    Configuration(
        MLPClassifier(
            dropout=0.2,
            activation="gelu",
            penalty="max_norm",
            schedule="exponential",
            optimizer=NAdam(0.01),
            max_iter=100,
        ),
        69,
        is_random=True,
    ),
    Configuration(
        MLPClassifier((50, 20), optimizer=RAdam(0.01), schedule="noam", early_stopping=True),
        69,
        is_random=True,
    ),
    Configuration(
        MLPClassifier(
            (16, 16),
            normalization="batch",
            residual=True,
            optimizer=AMSGrad(0.01),
            max_iter=50,
        ),
        69,
        is_random=True,
    ),
]

MLP_REGRESSORS = [
    Configuration(MLPRegressor(), 61, is_random=True),
    Configuration(MLPRegressor(**SMALL, dtype="float64", optimizer=Muon(0.02)), 61),
    Configuration(MLPRegressor(**SMALL, optimizer="lbfgs", activation="silu", dtype="float64"), 61),
    Configuration(
        MLPRegressor(
            (16,),
            loss="huber",
            optimizer=GradientDescent(0.05),
            schedule="constant",
            max_iter=200,
            dtype="float64",
            tol=1e-2,
        ),
        61,
    ),
    Configuration(
        MLPRegressor(
            **SMALL,
            loss="huber",
            optimizer=SGD(0.01),
            penalty="scad",
            schedule=Step(20),
            batch_size=8,
        ),
        61,
        is_random=True,
    ),
    Configuration(
        MLPRegressor(
            **SMALL,
            loss="absolute_error",
            penalty="l1",
            optimizer="nesterov",
            schedule=Then("constant", "invscaling", at=50),
            early_stopping=True,
            validation_fraction=0.2,
        ),
        61,
        is_random=True,
    ),
    Configuration(
        MLPRegressor(
            (16, 16),
            "elu",
            dropout=0.1,
            optimizer=AdamW(0.01),
            schedule=Product("multi_step", "warmup"),
            penalty=L2(0.01),
        ),
        61,
        is_random=True,
    ),
    Configuration(
        MLPRegressor((16, 16), normalization="layer", init="he_normal", optimizer=Adamax(0.01)),
        61,
        is_random=True,
    ),
    Configuration(
        MLPRegressor(
            (),
            loss="huber",
            optimizer="momentum",
            penalty="sum",
            schedule="reduce_on_plateau",
            batch_size=10,
        ),
        61,
        is_random=True,
    ),
]

CHOSEN = LINEAR_CLASSIFIERS + LINEAR_REGRESSORS + MLP_CLASSIFIERS + MLP_REGRESSORS

REGISTRIES = {
    "optimizer": [OPTIMIZERS],
    "penalty": [PENALTIES],
    "schedule": [SCHEDULES],
    "loss": [CLASSIFICATION_LOSSES, REGRESSION_LOSSES],
}


def used(estimator):
    """Return the names of the components that fit uses, those inside of others too."""
    return {
        "optimizer": _names_in(estimator._optimizer()),
        "penalty": {PENALTIES.resolve(estimator.penalty, owner="test").name},
        "schedule": _names_in(estimator._schedule()),
        "loss": {estimator._loss().name},
    }


def _names_in(component):
    """Return the names of an optimizer or schedule and of those that it is made of."""
    kinds = Optimizer, Schedule
    parts = [part for part in component.get_params().values() if isinstance(part, kinds)]
    return {part.name for part in [component, *parts]}


def with_one(parameter, component):
    """Return the configuration of a component that is in none of those chosen."""
    is_of_classes = issubclass(component, ClassificationLoss)
    is_linear = parameter == "optimizer" or is_of_classes
    estimator, n_checks = (LinearClassifier, 64) if is_linear else (LinearRegressor, 61)
    rule = {} if parameter == "optimizer" and component.is_full_batch else {"batch_size": 10}
    others = rule if parameter == "optimizer" else {"optimizer": Adam(0.1), **rule}
    return Configuration(estimator(**{parameter: component(), **others}), n_checks, bool(rule))


def others(configurations):
    """Return a configuration for each component that those have not."""
    known = [used(one.estimator) for one in configurations]
    return [
        with_one(parameter, registry[name])
        for parameter, registries in REGISTRIES.items()
        for registry in registries
        for name in registry
        if not any(name in names[parameter] for names in known)
    ]


CONFIGURATIONS = CHOSEN + others(CHOSEN)
