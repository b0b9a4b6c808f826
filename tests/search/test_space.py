"""The search space that the components of an estimator make."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import ParameterSampler, RandomizedSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.domains import Integer, LogUniform, Real, UniformInteger
from skopt_suite.model_selection import FusedRandomizedSearchCV, search_space
from skopt_suite.optimizers import SGD, Adam
from skopt_suite.penalties import L2
from skopt_suite.schedules import Schedule, Warmup


def bounds(estimator):
    """The name and the ends of what is searched."""
    return {name: d.support() for name, d in search_space(estimator).items()}


def test_names_and_objects_have_the_same_space():
    by_name = MLPClassifier(optimizer="adam", schedule="step", penalty="l2")
    by_object = MLPClassifier(optimizer=Adam(0.5), schedule="step", penalty=L2(alpha=3.0))
    assert bounds(by_name) == bounds(by_object)
    assert list(bounds(by_name)) == [
        "penalty__alpha",
        "optimizer__learning_rate",
        "schedule__gamma",
        "dropout",
    ]


def test_a_loss_is_searched_if_it_was_chosen():
    assert "loss__delta" in search_space(MLPRegressor(loss="huber"))
    assert "loss__delta" not in search_space(MLPRegressor())


@pytest.mark.parametrize("schedule", ["warmup", Warmup(), Warmup("exponential")])
def test_schedules_inside_of_schedules(schedule):
    space = search_space(MLPClassifier(schedule=schedule))
    has_inner = getattr(schedule, "schedule", "constant") != "constant"
    assert "schedule__n_epochs" in space
    assert ("schedule__schedule__gamma" in space) == has_inner
    for setting in ParameterSampler(space, 5, random_state=0):
        MLPClassifier(schedule=schedule).set_params(**setting)


@pytest.mark.parametrize(
    ("hidden_layer_sizes", "dropout", "searched"),
    [((8,), 0.0, False), ((8,), 0.2, True), ((8, 8), (0.0, 0.2), True), ((), 0.2, False)],
)
def test_dropout_is_searched_where_there_is_any(hidden_layer_sizes, dropout, searched):
    space = search_space(MLPClassifier(hidden_layer_sizes, dropout=dropout))
    assert ("dropout" in space) == searched


@pytest.mark.parametrize(
    ("estimator", "names"),
    [
        (LinearClassifier(), ["penalty__alpha"]),
        (LinearRegressor(penalty="elastic_net"), ["penalty__alpha", "penalty__l1_ratio"]),
        (LinearClassifier(loss="hinge"), ["penalty__alpha"]),
        (LinearClassifier(optimizer="sgd"), ["penalty__alpha", "optimizer__learning_rate"]),
    ],
)
def test_an_automatic_optimizer_has_nothing_to_set(estimator, names):
    assert list(search_space(estimator)) == names


def test_names_in_pipelines_are_prefixed():
    network = MLPClassifier(optimizer="adam", dropout=0.0)
    inner = Pipeline([("scale", StandardScaler()), ("mlp", network)])
    assert list(search_space(inner)) == ["mlp__penalty__alpha", "mlp__optimizer__learning_rate"]
    outer = Pipeline([("first", StandardScaler()), ("inner", inner)])
    space = search_space(outer)
    assert list(space) == ["inner__mlp__penalty__alpha", "inner__mlp__optimizer__learning_rate"]
    for setting in ParameterSampler(space, 3, random_state=0):
        clone(outer).set_params(**setting)


def test_the_estimator_stays_as_it_was():
    estimator = MLPClassifier(optimizer=SGD(0.5))
    before = repr(estimator)
    search_space(estimator)
    assert repr(estimator) == before


def test_what_a_user_declares_is_searched():
    class Fading(Schedule):
        parameters = {
            "rate": Real(0, search=LogUniform(1e-3, 1)),
            "wait": Integer(0, fusable=True, search=UniformInteger(0, 3)),
        }

        def __init__(self, rate=0.1, wait=0):
            self.rate = rate
            self.wait = wait

        def factor_at(self, state, time, horizon):
            raise NotImplementedError

    space = search_space(MLPClassifier(schedule=Fading()))
    waits = space["schedule__wait"].rvs(200, random_state=0)
    assert set(waits) == {0, 1, 2, 3}
    for setting in ParameterSampler(space, 20, random_state=0):
        MLPClassifier(schedule=Fading()).set_params(**setting)._check_parameters()


def test_randomized_search_of_scikit_learn():
    mlp = MLPClassifier((8,), max_iter=100, random_state=0)
    search = RandomizedSearchCV(mlp, search_space(mlp), n_iter=8, cv=3, random_state=0)
    search.fit(*load_iris(return_X_y=True))
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_score_ > 0.9


def test_all_candidates_are_trained_in_one_pass():
    mlp = MLPClassifier((8,), dropout=0.1, schedule="warmup", max_iter=5, random_state=0)
    pipe = make_pipeline(StandardScaler(), mlp.set_params(schedule__schedule="exponential"))
    search = FusedRandomizedSearchCV(pipe, search_space(pipe), n_iter=8, cv=3, random_state=0)
    search.fit(*load_iris(return_X_y=True))
    assert str(search.fusion_report_).startswith(
        "FusionReport: 8 of 8 candidates fused into 1 pass"
    )


@pytest.mark.parametrize(
    "estimator",
    [
        RandomForestClassifier(),
        make_pipeline(StandardScaler(), RandomForestClassifier()),
        make_pipeline(StandardScaler(), "passthrough"),
        MLPClassifier,
        None,
    ],
)
def test_other_estimators_are_refused(estimator):
    message = "estimator must be one of skopt_suite, or a Pipeline whose last step is.* Give the "
    with pytest.raises(TypeError, match=message):
        search_space(estimator)


@pytest.mark.parametrize(
    "estimator",
    [
        LinearClassifier(penalty="none"),
        MLPClassifier(optimizer="lbfgs", penalty="none"),
        make_pipeline(StandardScaler(), LinearRegressor(penalty="none", optimizer="fista")),
    ],
)
def test_nothing_to_search_is_an_error(estimator):
    with pytest.raises(ValueError, match=r"nothing to search, because loss=.*penalty='none'"):
        search_space(estimator)


def test_wrong_parameters_are_refused_first():
    with pytest.raises(ValueError, match="unknown optimizer 'adm'"):
        search_space(MLPClassifier(optimizer="adm"))


@pytest.mark.parametrize(
    ("wrapper", "prefix"),
    [
        (TransformedTargetRegressor(LinearRegressor()), "regressor__"),
        (
            make_pipeline(OneVsRestClassifier(LinearClassifier())),
            "onevsrestclassifier__estimator__",
        ),
        (MultiOutputRegressor(make_pipeline(LinearRegressor())), "estimator__linearregressor__"),
        (CalibratedClassifierCV(LinearClassifier()), "estimator__"),
    ],
)
def test_names_in_wrappers_are_prefixed(wrapper, prefix):
    assert list(search_space(wrapper)) == [f"{prefix}penalty__alpha"]
    clone(wrapper).set_params(**{f"{prefix}penalty__alpha": 1.0})
