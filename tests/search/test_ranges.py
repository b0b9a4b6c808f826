"""The ranges that components declare worth searching."""

import pickle

import numpy as np
import pytest
from scipy.stats import loguniform
from sklearn.base import clone
from sklearn.model_selection import ParameterSampler

from skopt_suite import MLPClassifier, MLPRegressor
from skopt_suite.domains import Integer, LogUniform, Real, Uniform, UniformInteger
from skopt_suite.losses import CLASSIFICATION_LOSSES, REGRESSION_LOSSES
from skopt_suite.model_selection import search_space
from skopt_suite.optimizers import OPTIMIZERS
from skopt_suite.penalties import PENALTIES
from skopt_suite.schedules import SCHEDULES

WITHOUT_RANGE = {
    "lbfgs": "finds its own step size",
    "fista": "finds its own step size",
    "saga": "finds its own step size",
    "box": "has bounds that the problem gives",
    "cosine": "falls to 0 over the whole fit: there is nothing to choose",
    "linear": "falls to 0 over the whole fit: there is nothing to choose",
    "log_loss": "labels are smoothed for the sake of probabilities, which scores may not see",
    "quantile": "is a question, not a setting that is better or worse",
}
FOLDERS = {
    "optimizer": (OPTIMIZERS, MLPClassifier),
    "schedule": (SCHEDULES, MLPClassifier),
    "penalty": (PENALTIES, MLPClassifier),
    "classification loss": (CLASSIFICATION_LOSSES, MLPClassifier),
    "regression loss": (REGRESSION_LOSSES, MLPRegressor),
}
COMPONENTS = [(kind, name) for kind, (registry, _) in FOLDERS.items() for name in registry]
WITH_RANGE = [
    (kind, name)
    for kind, name in COMPONENTS
    if FOLDERS[kind][0][name].parameters and name not in WITHOUT_RANGE
]


def estimator_with(kind, name):
    """An estimator in which only this component has something to search."""
    parameter = kind.split()[-1]
    return FOLDERS[kind][1](**{"optimizer": "lbfgs", "penalty": "none", parameter: name})


@pytest.mark.parametrize(("kind", "name"), COMPONENTS)
def test_every_component_declares_a_range_or_has_a_reason(kind, name):
    component = FOLDERS[kind][0][name]()
    assert bool(component._search_ranges()) == ((kind, name) in WITH_RANGE)


@pytest.mark.parametrize(("kind", "name"), COMPONENTS)
@pytest.mark.parametrize("parameter", ["learning_rate", "alpha"])
def test_every_rate_and_strength_has_a_range(kind, name, parameter):
    component = FOLDERS[kind][0][name]()
    assert (parameter in component._search_ranges()) == (parameter in component.parameters)


@pytest.mark.parametrize(("kind", "name"), WITH_RANGE)
def test_what_is_drawn_is_accepted(kind, name):
    estimator = estimator_with(kind, name)
    for setting in ParameterSampler(search_space(estimator), 100, random_state=0):
        clone(estimator).set_params(**setting)._check_parameters()


@pytest.mark.parametrize(("kind", "name"), WITH_RANGE)
def test_defaults_are_in_their_ranges(kind, name):
    component = FOLDERS[kind][0].resolve(name, owner="Test")
    for parameter, search in component._search_ranges().items():
        default = component.get_params()[parameter]
        assert default in (None, "auto") or search.low <= default <= search.high


@pytest.mark.parametrize(
    ("declare", "error", "message"),
    [
        (
            lambda: Real(0, 1, search=LogUniform(1e-4, 10)),
            ValueError,
            r"search=LogUniform\(low=0.0001, high=10\): high must be a number in \[0, 1\]; got 10",
        ),
        (
            lambda: Real(0, 1, open_high=True, search=Uniform(0.5, 1)),
            ValueError,
            r"high must be a number in \[0, 1\); got 1",
        ),
        (
            lambda: Real(0, search=Uniform(-1, 1)),
            ValueError,
            r"low must be a number in \[0, inf\); got -1",
        ),
        (
            lambda: Integer(1, search=UniformInteger(0, 3)),
            ValueError,
            "low must be a whole number >= 1; got 0",
        ),
        (
            lambda: Integer(1, search=UniformInteger(1, 2.5)),
            TypeError,
            "high must be a whole number >= 1; got 2.5",
        ),
        (
            lambda: Integer(1, search=Uniform(1, 3)),
            TypeError,
            r"Integer: search must be UniformInteger\(low, high\) or None; got Uniform",
        ),
        (
            lambda: Real(0, search=(0, 1)),
            TypeError,
            r"Real: search must be Uniform\(low, high\) or LogUniform\(low, high\) or None; got",
        ),
        (
            lambda: Uniform(1, 1),
            ValueError,
            r"Uniform\(low=1, high=1\): low must be less than high",
        ),
        (
            lambda: LogUniform(0, 1),
            ValueError,
            r"LogUniform: low must be a number in \(0, inf\); got 0",
        ),
        (
            lambda: Uniform("a", 1),
            TypeError,
            "Uniform: low must be a number",
        ),
        (
            lambda: Uniform(0, np.inf),
            ValueError,
            "Uniform: high must be a number",
        ),
    ],
)
def test_ranges_are_checked_when_they_are_declared(declare, error, message):
    with pytest.raises(error, match=message):
        declare()


def test_a_range_is_what_scipy_makes_of_it():
    assert Uniform(0.8, 0.99).distribution().support() == pytest.approx((0.8, 0.99))
    drawn = LogUniform(1e-4, 1e-1).distribution().rvs(50, random_state=0)
    np.testing.assert_array_equal(drawn, loguniform(1e-4, 1e-1).rvs(50, random_state=0))
    assert UniformInteger(1, 3).distribution().support() == (1, 3)
    assert pickle.loads(pickle.dumps(Uniform(0, 1))) == Uniform(0, 1)
