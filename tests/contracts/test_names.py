"""Names are part of the interface, and nested parameters work on them."""

import copy
import re

import pytest
from sklearn.base import clone
from sklearn.model_selection import ParameterGrid

from skopt_suite import (
    LinearClassifier,
    LinearRegressor,
    MLPClassifier,
    MLPRegressor,
    losses,
    optimizers,
    penalties,
    schedules,
)
from skopt_suite._component import fusion_key, snake_case
from skopt_suite._public import classes_in
from skopt_suite.losses import CLASSIFICATION_LOSSES, REGRESSION_LOSSES, Huber
from skopt_suite.optimizers import OPTIMIZERS, SGD, Adam, Momentum
from skopt_suite.penalties import L1, L2, PENALTIES, ElasticNet
from skopt_suite.schedules import SCHEDULES, Constant, Cosine, Step, Warmup
from skopt_suite.schedules._words import SCHEDULE_WORDS

# What users have written into their scripts: there may be more, and none may go.
OPTIMIZER_NAMES = [
    "gradient_descent",
    "sgd",
    "momentum",
    "nesterov",
    "adagrad",
    "adadelta",
    "rmsprop",
    "adam",
    "adamw",
    "amsgrad",
    "adamax",
    "nadam",
    "radam",
    "lion",
    "muon",
    "prodigy",
    "schedule_free_sgd",
    "schedule_free_adamw",
    "clip_gradient",
    "average_weights",
    "lookahead",
    "lbfgs",
    "fista",
    "closed_form",
    "coordinate_descent",
    "newton_cholesky",
    "newton_cg",
    "interior_point",
    "saga",
    "dual_coordinate_descent",
]
SCHEDULE_NAMES = [
    "constant",
    "step",
    "multi_step",
    "exponential",
    "inverse_time",
    "invscaling",
    "optimal",
    "polynomial",
    "linear",
    "cosine",
    "cosine_restarts",
    "one_cycle",
    "cyclic",
    "warmup",
    "warmup_stable_decay",
    "noam",
    "reduce_on_plateau",
    "adaptive",
    "then",
    "product",
]
PENALTY_NAMES = [
    "none",
    "l1",
    "l2",
    "elastic_net",
    "group_lasso",
    "sparse_group_lasso",
    "mcp",
    "scad",
    "weighted_l1",
    "box",
    "max_norm",
    "sum",
]
LOSS_NAMES = [
    "log_loss",
    "hinge",
    "squared_hinge",
    "modified_huber",
    "focal",
    "squared_error",
    "absolute_error",
    "huber",
    "log_cosh",
    "quantile",
    "epsilon_insensitive",
    "squared_epsilon_insensitive",
    "poisson",
    "gamma",
    "tweedie",
]

ESTIMATORS = [LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor]


@pytest.mark.parametrize(
    "found, names",
    [
        ([*OPTIMIZERS], OPTIMIZER_NAMES),
        ([*SCHEDULES], SCHEDULE_NAMES),
        ([*PENALTIES], PENALTY_NAMES),
        ([*CLASSIFICATION_LOSSES, *REGRESSION_LOSSES], LOSS_NAMES),
    ],
    ids=["optimizers", "schedules", "penalties", "losses"],
)
def test_registered_names_stay(found, names):
    assert set(names) <= set(found)


@pytest.mark.parametrize(
    "folder, registries",
    [
        (optimizers, [OPTIMIZERS]),
        (schedules, [SCHEDULES]),
        (penalties, [PENALTIES]),
        (losses, [CLASSIFICATION_LOSSES, REGRESSION_LOSSES]),
    ],
)
def test_every_component_that_is_imported_has_a_name_of_its_own(folder, registries):
    registered = [registry[name] for registry in registries for name in registry]
    assert registered == classes_in(folder._components)
    assert {cls.__name__ for cls in registered} <= {*folder.__all__}


def test_a_name_is_its_class_in_snake_case():
    exceptions = {
        "NoPenalty": "none",
        "AdamW": "adamw",
        "ScheduleFreeAdamW": "schedule_free_adamw",
    }
    for registry in (OPTIMIZERS, SCHEDULES, PENALTIES, CLASSIFICATION_LOSSES, REGRESSION_LOSSES):
        for name in registry:
            cls = registry[name]
            assert name == cls.name == exceptions.get(cls.__name__, snake_case(cls.__name__))


def test_a_class_of_a_user_is_named_too():
    class MyVeryOwn(SGD):
        pass

    assert MyVeryOwn().name == "my_very_own"


@pytest.mark.parametrize("registry", [OPTIMIZERS, SCHEDULES, PENALTIES, CLASSIFICATION_LOSSES])
def test_errors_list_the_names(registry):
    with pytest.raises(ValueError, match=f"unknown {registry.kind} 'adman'; known: ") as error:
        registry.resolve("adman", owner="Here")
    assert all(repr(name) in str(error.value) for name in registry)
    assert str(error.value).startswith("Here: ")


@pytest.mark.parametrize(
    "registry, word, name",
    [
        (CLASSIFICATION_LOSSES, "CrossEntropyLoss", "log_loss"),
        (CLASSIFICATION_LOSSES, "sparse_categorical_crossentropy", "log_loss"),
        (CLASSIFICATION_LOSSES, "categorical_hinge", "hinge"),
        (CLASSIFICATION_LOSSES, "binary_focal_crossentropy", "focal"),
        (SCHEDULES, "CosineAnnealingLR", "cosine"),
        (SCHEDULES, "cosine_decay_restarts", "cosine_restarts"),
        (SCHEDULES, "ReduceLROnPlateau", "reduce_on_plateau"),
        (SCHEDULES, "wsd", "warmup_stable_decay"),
        (SCHEDULES, "onecycle", "one_cycle"),
        (REGRESSION_LOSSES, "mse", "squared_error"),
        (REGRESSION_LOSSES, "MeanAbsoluteError", "absolute_error"),
        (REGRESSION_LOSSES, "mae", "absolute_error"),
        (REGRESSION_LOSSES, "huber_regressor", "huber"),
        (REGRESSION_LOSSES, "SmoothL1Loss", "huber"),
        (REGRESSION_LOSSES, "logcosh", "log_cosh"),
        (REGRESSION_LOSSES, "pinball", "quantile"),
        (REGRESSION_LOSSES, "LinearSVR", "epsilon_insensitive"),
        (REGRESSION_LOSSES, "poisson_nll", "poisson"),
        (REGRESSION_LOSSES, "poisonn", "poisson"),
    ],
)
def test_words_of_other_libraries(registry, word, name):
    with pytest.raises(ValueError, match=re.escape(f". Did you mean {name!r}?")):
        registry.resolve(word, owner="Here")


def test_words_lead_to_names_that_there_are():
    assert set(SCHEDULE_WORDS.values()) <= set(SCHEDULES)
    assert not set(SCHEDULE_WORDS) & set(SCHEDULES)


def test_the_wrong_kind_of_object():
    with pytest.raises(TypeError, match=re.escape("optimizer must be the name or an object")):
        OPTIMIZERS.resolve(L2(), owner="Here")
    with pytest.raises(TypeError, match="of type type"):
        OPTIMIZERS.resolve(Adam, owner="Here")


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_nested_parameters_on_names(estimator):
    model = estimator(optimizer="momentum", penalty="elastic_net", schedule="cosine")
    model.set_params(
        optimizer__learning_rate=0.3,
        optimizer__momentum=0.5,
        penalty__alpha=0.1,
        penalty__l1_ratio=0.2,
        schedule__final_factor=0.1,
    )
    assert repr(model.optimizer) == repr(Momentum(learning_rate=0.3, momentum=0.5))
    assert repr(model.penalty) == repr(ElasticNet(alpha=0.1, l1_ratio=0.2))
    assert repr(model.schedule) == repr(Cosine(final_factor=0.1))
    assert repr(clone(model).optimizer) == repr(model.optimizer)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_name_and_nested_parameter_in_either_order(estimator):
    nested_first = {"optimizer__learning_rate": 0.3, "optimizer": "sgd"}
    for params in (nested_first, dict(reversed(nested_first.items()))):
        model = estimator().set_params(**params)
        assert repr(model.optimizer) == repr(SGD(learning_rate=0.3))


def test_defaults_are_names_that_nested_parameters_replace():
    model = MLPClassifier()
    assert (model.optimizer, model.penalty, model.schedule) == ("auto", "l2", "auto")
    model.set_params(penalty__alpha=1.0, optimizer__beta1=0.5, loss="hinge")
    assert repr(model.penalty) == repr(L2(alpha=1.0))
    assert model.optimizer.beta1 == 0.5
    assert MLPClassifier().penalty == "l2"  # nothing is shared between objects


def test_a_grid_leaves_its_candidates_independent():
    base = MLPClassifier()
    grid = ParameterGrid({"optimizer": ["sgd", Adam()], "optimizer__learning_rate": [0.1, 0.2]})
    rates = [
        clone(base).set_params(**clone_values(params)).optimizer.learning_rate for params in grid
    ]
    assert rates == [0.1, 0.2, 0.1, 0.2]
    assert base.optimizer == "auto"


def clone_values(params):
    """As scikit-learn's search does before it sets the parameters of a candidate."""
    return {name: clone(value, safe=False) for name, value in params.items()}


def test_nested_parameters_of_components():
    schedule = Warmup("step").set_params(schedule__gamma=0.3, n_epochs=4)
    assert repr(schedule) == repr(Warmup(Step(gamma=0.3), n_epochs=4))
    deep = Warmup().set_params(schedule="warmup", schedule__schedule="cosine")
    deep.set_params(schedule__schedule__final_factor=0.5)
    assert deep.schedule.schedule.final_factor == 0.5
    model = MLPRegressor(schedule="warmup")
    model.set_params(schedule__schedule="cosine", schedule__schedule__final_factor=0.2)
    assert repr(model.schedule) == repr(Warmup(Cosine(final_factor=0.2)))


def test_nested_parameters_on_losses():
    model = LinearRegressor(loss="huber").set_params(loss__delta=2.0)
    assert repr(model.loss) == repr(Huber(delta=2.0))


@pytest.mark.parametrize("estimator", [LinearClassifier, LinearRegressor])
def test_auto_has_nothing_to_set(estimator):
    with pytest.raises(ValueError, match="optimizer__learning_rate cannot be set because") as error:
        estimator().set_params(optimizer__learning_rate=0.1)
    assert "name one: 'gradient_descent', 'sgd'" in str(error.value)


def test_unknown_nested_parameters():
    with pytest.raises(ValueError, match="Invalid parameter 'momentum' for estimator Adam"):
        MLPClassifier().set_params(optimizer__momentum=0.9)
    with pytest.raises(ValueError, match="unknown optimizer 'adman'; known: "):
        MLPClassifier().set_params(optimizer="adman", optimizer__learning_rate=0.9)
    with pytest.raises(ValueError, match="Invalid parameter 'optimiser'"):
        MLPClassifier().set_params(optimiser="adam")


def test_resolving_copies_and_checks():
    penalty = L1(alpha=0.5)
    resolved = PENALTIES.resolve(penalty, owner="Here")
    assert resolved is not penalty
    assert repr(resolved) == repr(penalty)
    with pytest.raises(ValueError, match=re.escape("L1: alpha must be a number in [0, inf)")):
        PENALTIES.resolve(L1(alpha=-1), owner="Here")
    warmup = Warmup("cosine")
    assert isinstance(SCHEDULES.resolve(warmup, owner="Here").schedule, Cosine)
    assert warmup.schedule == "cosine"


def test_resolving_a_name_gives_a_component_of_its_own():
    one = SCHEDULES.resolve("warmup", owner="Here")
    one.set_params(n_epochs=9)
    other = SCHEDULES.resolve("warmup", owner="Here")
    assert other.schedule is not one.schedule
    assert repr(other) == repr(Warmup(Constant()))


def test_a_copy_has_the_attributes_and_shares_none_that_is_set_later():
    penalty = L2(alpha=0.5)
    copied = copy.copy(penalty).set_params(alpha=0.1)
    assert (type(copied), copied.alpha, penalty.alpha) == (L2, 0.1, 0.5)


def test_what_can_be_fused():
    assert fusion_key(Adam(0.1)) == fusion_key(Adam(0.2, beta1=0.5))
    assert fusion_key(Adam()) != fusion_key(SGD())
    assert fusion_key(L1()) != fusion_key(L1(positive=True))
    assert fusion_key(Cosine()) != fusion_key(Cosine(n_epochs=3))
    assert fusion_key(Cosine(n_epochs=4)) == fusion_key(Cosine(n_epochs=3))
    assert fusion_key(Warmup(Cosine())) == fusion_key(Warmup(Cosine(0.5), n_epochs=9))
    assert fusion_key(Warmup(Cosine())) != fusion_key(Warmup(Constant()))
