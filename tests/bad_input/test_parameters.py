"""A wrong parameter is one clear error: what was given, what is accepted; before any work."""

import re
from itertools import product

import numpy as np
import pytest
from sklearn.datasets import make_classification

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.losses import Huber, LogLoss, SquaredError
from skopt_suite.optimizers import LBFGS, SGD, Adam, Momentum
from skopt_suite.penalties import L1, L2, ElasticNet
from skopt_suite.schedules import FromFunction, MultiStep, OneCycle, Product, Step, Then, Warmup

X, y = make_classification(n_samples=40, random_state=0)
ALL = [LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor]


def _error_of(estimator, kind, text):
    """Fit, and check that the error has `text` and that nothing was fitted."""
    with pytest.raises(kind, match=re.escape(text)):
        estimator.fit(X, y)
    assert not hasattr(estimator, "n_iter_")


@pytest.mark.parametrize("estimator", ALL)
@pytest.mark.parametrize(
    "parameter, known",
    [
        ("optimizer", "'gradient_descent', 'sgd', 'momentum', 'nesterov', 'adagrad', 'adadelta'"),
        (
            "schedule",
            "'constant', 'step', 'multi_step', 'exponential', 'inverse_time', 'invscaling'",
        ),
        ("penalty", "'none', 'l1', 'l2', 'elastic_net'"),
    ],
)
def test_an_unknown_name_lists_the_known(estimator, parameter, known):
    text = rf"{estimator.__name__}: unknown {parameter} 'adamm'; known: .*{known}"
    with pytest.raises(ValueError, match=text):
        estimator(**{parameter: "adamm"}).fit(X, y)


@pytest.mark.parametrize(
    "estimator, known",
    [
        (LinearClassifier, "'log_loss', 'hinge', 'squared_hinge'"),
        (MLPRegressor, "'squared_error', 'absolute_error', 'huber'"),
    ],
)
def test_an_unknown_loss_lists_the_known(estimator, known):
    _error_of(estimator(loss="mse"), ValueError, f"unknown loss 'mse'; known: {known}")


@pytest.mark.parametrize(
    "parameter, value",
    [
        *product(["optimizer", "schedule", "penalty", "loss"], [3, L2]),
        *product(["optimizer", "loss"], [None]),
    ],
)
def test_what_is_no_component_is_refused(parameter, value):
    article = "an" if parameter == "optimizer" else "a"
    text = f"MLPClassifier: {parameter} must be the name or an object of {article} "
    _error_of(MLPClassifier(**{parameter: value}), TypeError, text)


@pytest.mark.parametrize(
    "estimator, loss, wanted",
    [
        (LinearClassifier, "squared_error", "known: 'log_loss'"),
        (MLPClassifier, Huber(), "object of a classification loss ('log_loss'"),
        (LinearRegressor, "hinge", "known: 'squared_error'"),
        (MLPRegressor, LogLoss(), "object of a regression loss ('squared_error'"),
        (LinearClassifier, SquaredError(), "got SquaredError() of type SquaredError"),
    ],
)
def test_a_loss_of_the_wrong_kind_is_refused(estimator, loss, wanted):
    _error_of(estimator(loss=loss), (TypeError, ValueError), wanted)


@pytest.mark.parametrize(
    "wrong_kind", [{"optimizer": L2()}, {"penalty": Adam()}, {"schedule": L1()}]
)
def test_a_component_in_the_wrong_place_is_refused(wrong_kind):
    ((name, value),) = wrong_kind.items()
    _error_of(LinearClassifier(**wrong_kind), TypeError, f"{name} must be the name or an object")
    _error_of(LinearClassifier(**wrong_kind), TypeError, f"got {value!r}")


WRONG_COMPONENTS = [
    ({"penalty": L2(alpha=-1)}, "L2: alpha must be a number in [0, inf); got -1"),
    ({"penalty": L1(alpha=np.nan)}, "L1: alpha must be a number in [0, inf); got nan"),
    ({"penalty": L1(alpha=np.inf)}, "L1: alpha must be a number in [0, inf); got inf"),
    (
        {"penalty": L2(alpha="0.1")},
        "L2: alpha must be 'auto', a number in [0, inf), or one such number for each layer; "
        "got '0.1'",
    ),
    ({"penalty": L2(alpha=True)}, "L2: alpha must be a number in [0, inf); got True of type bool"),
    ({"penalty": L2(alpha=None)}, "L2: alpha must be a number in [0, inf); got None"),
    (
        {"penalty": L2(alpha=[[1, 2]])},
        "L2: alpha must be 'auto', a number in [0, inf), or one such number",
    ),
    (
        {"penalty": L2(alpha=[[1], [1, 2]])},
        "L2: alpha must be 'auto', a number in [0, inf), or one such",
    ),
    ({"penalty": L2(positive=1)}, "L2: positive must be True or False; got 1 of type int"),
    ({"penalty": ElasticNet(l1_ratio=1.5)}, "l1_ratio must be a number in [0, 1]; got 1.5"),
    ({"optimizer": Adam(-0.1)}, "Adam: learning_rate must be a number in (0, inf); got -0.1"),
    ({"optimizer": SGD(0)}, "SGD: learning_rate must be a number in (0, inf); got 0"),
    ({"optimizer": Adam(beta1=1)}, "Adam: beta1 must be a number in [0, 1); got 1"),
    ({"optimizer": Momentum(momentum="a")}, "Momentum: momentum must be a number in [0, 1)"),
    ({"optimizer": LBFGS(history_size=0)}, "history_size must be a whole number >= 1; got 0"),
    ({"optimizer": LBFGS(history_size=2.5)}, "history_size must be a whole number >= 1; got 2.5"),
    ({"schedule": Step(gamma=0)}, "Step: gamma must be a number in (0, 1]; got 0"),
    (
        {"schedule": MultiStep([])},
        "MultiStep: milestones must be a number in (0, inf), or one such",
    ),
    ({"schedule": MultiStep([30, 0])}, "MultiStep: every entry of milestones must be a number in"),
    ({"schedule": OneCycle(shape="x")}, "OneCycle: shape must be 'cosine' or 'linear'; got 'x'"),
    (
        {"schedule": OneCycle(cycle_momentum="never")},
        "OneCycle: cycle_momentum must be 'auto' or True or False; got 'never'",
    ),
    (
        {"schedule": OneCycle(base_momentum=0.9, max_momentum=0.8)},
        "OneCycle: base_momentum must be at most max_momentum; got 0.9 and 0.8",
    ),
    (
        {"schedule": OneCycle(max_momentum=1.0)},
        "OneCycle: max_momentum must be a number in [0, 1); got 1.0",
    ),
    (
        {"schedule": Product("one_cycle", Then("step", OneCycle()))},
        "Product: first and second must not both move the momentum; got 'one_cycle' and Then(",
    ),
    ({"schedule": Then("step", "x")}, "Then: unknown second 'x'; known: 'constant'"),
    ({"schedule": Then("step", Step(gamma=0))}, "Step: gamma must be a number in (0, 1]; got 0"),
    ({"schedule": Product("x")}, "Product: unknown first 'x'; known: 'constant'"),
    (
        {"schedule": FromFunction(lambda time, horizon: 1.0)},
        "FromFunction: function must be a function that can be pickled, defined with def in a "
        "module; got <function <lambda>",
    ),
    ({"schedule": Warmup("x")}, "Warmup: unknown schedule 'x'; known: 'constant'"),
    ({"schedule": Warmup(Step(step_size=0))}, "Step: step_size must be a whole number >= 1; got 0"),
]


@pytest.mark.parametrize("parameters, text", WRONG_COMPONENTS)
@pytest.mark.parametrize("estimator", [LinearClassifier, MLPRegressor])
def test_hyperparameters_of_components_are_checked(estimator, parameters, text):
    _error_of(estimator(**parameters), (TypeError, ValueError), text)


WRONG = [
    ("max_iter", 0, "a whole number >= 1; got 0"),
    ("max_iter", 10.0, "a whole number >= 1; got 10.0 of type float"),
    ("max_iter", True, "a whole number >= 1; got True of type bool"),
    ("tol", -1e-3, "a number in [0, inf) or None; got -0.001"),
    ("tol", "small", "a number in [0, inf) or None; got 'small'"),
    ("batch_size", 0, "'auto' or a whole number >= 1; got 0"),
    ("batch_size", "all", "'auto' or a whole number >= 1; got 'all'"),
    ("batch_size", None, "'auto' or a whole number >= 1; got None"),
    ("shuffle", "yes", "True or False; got 'yes'"),
    ("early_stopping", 1, "'auto' or True or False; got 1"),
    ("scoring", "losses", "'loss', a name of sklearn.metrics.get_scorer_names() such as"),
    ("scoring", None, "'loss', a name of sklearn.metrics.get_scorer_names() such as"),
    ("validation_fraction", 1.0, "a number in (0, 1); got 1.0"),
    ("validation_fraction", -0.1, "a number in (0, 1); got -0.1"),
    ("n_iter_no_change", 0, "a whole number >= 1 or inf; got 0"),
    ("warm_start", None, "True or False; got None"),
    ("backend", "torch", "'auto' or 'numpy' or 'cupy'; got 'torch'"),
    ("dtype", "float16", "'auto' or 'float32' or 'float64'; got 'float16'"),
    ("dtype", np.float32, "'auto' or 'float32' or 'float64'; got <class 'numpy.float32'>"),
    ("verbose", -1, "True or False or a whole number >= 0; got -1"),
]


@pytest.mark.parametrize("name, value, accepted", WRONG)
@pytest.mark.parametrize("estimator", ALL)
def test_parameters_of_estimators_are_checked(estimator, name, value, accepted):
    text = f"{estimator.__name__}: {name} must be {accepted}"
    _error_of(estimator(**{name: value}), (TypeError, ValueError), text)


@pytest.mark.parametrize(
    "parameters, text",
    [
        ({"hidden_layer_sizes": (10, 0)}, "hidden_layer_sizes must be >= 1; got (10, 0)"),
        ({"hidden_layer_sizes": (10.5,)}, "must be a whole number or a sequence of them"),
        ({"hidden_layer_sizes": "10"}, "must be a whole number or a sequence of them; got '10'"),
        ({"hidden_layer_sizes": True}, "must be a whole number or a sequence of them; got True"),
        ({"hidden_layer_sizes": None}, "must be a whole number or a sequence of them; got None"),
        ({"activation": "rely"}, "unknown activation 'rely'; known: 'identity', 'relu'"),
        ({"activation": "rely"}, "'hard_swish'. Did you mean 'relu'?"),
        ({"activation": "sigmoid"}, "Did you mean 'logistic'?"),
        ({"activation": "Hardswish"}, "Did you mean 'hard_swish'?"),
        ({"activation": "LeakyReLU"}, "Did you mean 'leaky_relu'?"),
        ({"activation": "swish"}, "Did you mean 'silu'?"),
        ({"activation": ["relu"] * 3}, "one for each of the 2 hidden layers; got 3"),
        ({"init": "kaiming_normal_"}, "'orthogonal'. Did you mean 'he_normal'?"),
        ({"init": "xavier_uniform"}, "Did you mean 'glorot_uniform'?"),
        ({"init": "HeUniform"}, "unknown init 'HeUniform'; known: 'auto', 'glorot_uniform',"),
        ({"init": 0.1}, "unknown init 0.1; known: 'auto'"),
        ({"input_dropout": 1.0}, "input_dropout must be a number in [0, 1); got 1.0"),
        ({"input_dropout": [0.1]}, "input_dropout must be a number in [0, 1); got [0.1]"),
        ({"normalization": "LayerNorm"}, "known: 'none', 'layer', 'batch'. Did you mean 'layer'?"),
        ({"normalization": "BatchNorm1d"}, "Did you mean 'batch'?"),
        ({"normalization": None}, "unknown normalization None; known: 'none', "),
        (
            {"normalization": "layer", "hidden_layer_sizes": (4, 1)},
            "there must be at least 2; got hidden_layer_sizes=(4, 1)",
        ),
        ({"residual": "yes"}, "residual must be True or False; got 'yes'"),
        ({"dropout": 1.0}, "dropout must be 'auto' or a number in [0, 1); got 1.0"),
        ({"dropout": -0.1}, "dropout must be 'auto' or a number in [0, 1); got -0.1"),
        ({"dropout": [0.1, 0.2, 0.3]}, "one for each of the 2 hidden layers; got 3"),
        ({"dropout": "half"}, "dropout must be 'auto' or a number in [0, 1); got 'half'"),
    ],
)
@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
def test_architectures_are_checked(estimator, parameters, text):
    _error_of(estimator(**parameters), (TypeError, ValueError), text)


@pytest.mark.parametrize(
    "class_weight, text",
    [
        ("auto", "class_weight must be a dict from class to weight, 'balanced' or None"),
        (2.0, "class_weight must be a dict from class to weight, 'balanced' or None"),
        ({0: -1, 1: 1}, "class_weight of class 0 must be a number in [0, inf); got -1"),
        ({0: 1, 1: np.nan}, "class_weight of class 1 must be a number in [0, inf); got nan"),
        ({0: "high"}, "class_weight of class 0 must be a number in [0, inf); got 'high'"),
        ({0: 0, 1: 0}, "leaves no sample a positive weight"),
        ({7: 1}, "are not in class_weight"),
    ],
)
@pytest.mark.parametrize("estimator", [LinearClassifier, MLPClassifier])
def test_class_weights_are_checked(estimator, class_weight, text):
    _error_of(estimator(class_weight=class_weight), (TypeError, ValueError), text)


def test_random_state_is_checked():
    text = "LinearClassifier: random_state must be"
    _error_of(LinearClassifier(random_state="seed"), ValueError, text)


def test_nested_parameters_of_auto_ask_for_a_name():
    text = "optimizer__learning_rate cannot be set because optimizer='auto' is chosen at fit; name"
    with pytest.raises(ValueError, match=text):
        LinearClassifier().set_params(optimizer__learning_rate=0.1)
    with pytest.raises(ValueError, match="schedule__power cannot be set because schedule='auto'"):
        MLPClassifier().set_params(schedule__power=2.0)


@pytest.mark.parametrize(
    "name", ["optimizer__lr", "penalty__alfa", "schedule__warmup__x", "nothing", "loss__x__y"]
)
def test_unknown_nested_parameters_are_refused(name):
    with pytest.raises(ValueError, match="Invalid parameter"):
        MLPClassifier(schedule="constant").set_params(**{name: 1})
