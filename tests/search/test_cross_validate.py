"""Cross-validation gives what scikit-learn's gives."""

import numpy as np
import pytest
import sklearn
from sklearn.exceptions import FitFailedWarning, UnsetMetadataPassedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import make_scorer, mean_absolute_error
from sklearn.model_selection import (
    GroupKFold,
    LeaveOneGroupOut,
    ShuffleSplit,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.model_selection import fused_cross_val_score, fused_cross_validate

from .problems import CLASSES, GROUPS, NUMBERS, WEIGHTS

TIGHT = {"tol": 1e-9, "max_iter": 5000}
MLP = {"hidden_layer_sizes": (8,), "batch_size": 32, "max_iter": 4, "random_state": 0}


def assert_same(estimator, data, **settings):
    """Every array is the same, but for the times; return what both gave."""
    ours = fused_cross_validate(estimator, *data, **{"cv": 3, **settings})
    theirs = cross_validate(estimator, *data, **{"cv": 3, **settings})
    assert list(ours) == list(theirs)
    for name, values in theirs.items():
        if name.startswith(("test_", "train_")):
            np.testing.assert_allclose(ours[name], values, atol=1e-6, err_msg=name)
            assert ours[name].dtype == values.dtype
        elif name == "indices":
            for part in ("train", "test"):
                for own, other in zip(ours[name][part], values[part], strict=True):
                    np.testing.assert_array_equal(own, other)
        else:
            assert len(ours[name]) == len(values)
    return ours, theirs


def two_scores(estimator, X, y):
    return {"own": estimator.score(X, y), "rows": float(len(y))}


CASES = {
    "an MLP": (MLPClassifier(**MLP), CLASSES, {}),
    "a regressor": (MLPRegressor(**MLP), NUMBERS, {"scoring": "neg_mean_squared_error"}),
    "a solver": (LinearRegressor(**TIGHT), NUMBERS, {}),
    "a Pipeline": (make_pipeline(StandardScaler(), MLPClassifier(**MLP)), CLASSES, {}),
    "an estimator that is not ours": (LogisticRegression(), CLASSES, {}),
    "several scores": (MLPClassifier(**MLP), CLASSES, {"scoring": ["accuracy", "f1_macro"]}),
    "scores with names": (
        LinearRegressor(**TIGHT),
        NUMBERS,
        {"scoring": {"a": "r2", "b": make_scorer(mean_absolute_error)}},
    ),
    "a function": (MLPClassifier(**MLP), CLASSES, {"scoring": lambda e, X, y: e.score(X, y)}),
    "a function with two scores": (MLPClassifier(**MLP), CLASSES, {"scoring": two_scores}),
    "training scores": (MLPClassifier(**MLP), CLASSES, {"return_train_score": True}),
    "everything": (
        make_pipeline(StandardScaler(), LinearClassifier(**TIGHT)),
        CLASSES,
        {
            "scoring": ["accuracy", "neg_log_loss"],
            "return_train_score": True,
            "return_estimator": True,
            "return_indices": True,
        },
    ),
    "groups": (MLPClassifier(**MLP), CLASSES, {"groups": GROUPS, "cv": GroupKFold(3)}),
    "one group left out": (
        LinearClassifier(**TIGHT),
        CLASSES,
        {"groups": GROUPS, "cv": LeaveOneGroupOut()},
    ),
    "random splits": (MLPClassifier(**MLP), CLASSES, {"cv": ShuffleSplit(4, random_state=0)}),
    "weights, which do not count in scores": (
        LinearClassifier(**TIGHT),
        CLASSES,
        {"params": {"sample_weight": WEIGHTS}, "scoring": ["accuracy", "f1_macro"]},
    ),
    "weights of the last step": (
        make_pipeline(StandardScaler(), LinearClassifier(**TIGHT)),
        CLASSES,
        {"params": {"linearclassifier__sample_weight": WEIGHTS}},
    ),
    "weights of a step before": (
        make_pipeline(StandardScaler(), LinearClassifier(**TIGHT)),
        CLASSES,
        {"params": {"standardscaler__sample_weight": WEIGHTS}},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_same_as_cross_validate(case):
    estimator, data, settings = CASES[case]
    assert_same(estimator, data, **settings)


@pytest.mark.parametrize("case", CASES)
def test_same_as_cross_val_score(case):
    estimator, data, settings = CASES[case]
    if isinstance(settings.get("scoring"), list | dict) or "function with two" in case:
        return
    accepted = ("groups", "scoring", "cv", "params", "n_jobs")
    settings = {"cv": 3, **{k: v for k, v in settings.items() if k in accepted}}
    ours = fused_cross_val_score(estimator, *data, **settings)
    np.testing.assert_allclose(ours, cross_val_score(estimator, *data, **settings), atol=1e-6)


def test_returned_estimators_are_the_fitted_ones():
    pipeline = make_pipeline(StandardScaler(), MLPClassifier(**MLP))
    ours, theirs = assert_same(pipeline, CLASSES, return_estimator=True)
    for own, other in zip(ours["estimator"], theirs["estimator"], strict=True):
        np.testing.assert_allclose(
            own.predict_proba(CLASSES[0]), other.predict_proba(CLASSES[0]), atol=1e-6
        )
        np.testing.assert_allclose(own[-1].loss_curve_, other[-1].loss_curve_)
        assert repr(own) == repr(other)
        assert set(vars(own[-1])) == set(vars(other[-1]))


def test_two_workers():
    one, two = (
        fused_cross_val_score(MLPClassifier(**MLP), *CLASSES, n_jobs=n_jobs) for n_jobs in (1, 2)
    )
    np.testing.assert_array_equal(one, two)


def test_returned_estimators_keep_their_parameters():
    unseeded = MLPClassifier(**{**MLP, "random_state": None})
    found = fused_cross_validate(unseeded, *CLASSES, cv=3, return_estimator=True)
    assert [model.random_state for model in found["estimator"]] == [None] * 3


def test_returned_estimators_go_on_with_partial_fit():
    ours, theirs = assert_same(MLPClassifier(**MLP), CLASSES, return_estimator=True)
    for own, other in zip(ours["estimator"], theirs["estimator"], strict=True):
        losses = [model.partial_fit(*CLASSES).loss_ for model in (own, other)]
        assert losses[0] == pytest.approx(losses[1], rel=1e-9)


@pytest.mark.parametrize("scoring", [None, ["accuracy", "f1_macro"], two_scores])
def test_fits_that_fail_get_error_score(scoring):
    y = np.where(np.arange(150) < 50, 0, CLASSES[1])
    y[50:] = 1  # the last two thirds have only one class
    splits = [(np.arange(50, 100), np.arange(0, 50)), (np.arange(0, 100), np.arange(100, 150))]
    settings = {"cv": splits, "error_score": -1.0, "scoring": scoring, "return_train_score": True}
    with pytest.warns(FitFailedWarning, match="1 fits failed out of a total of 2"):
        ours, _ = assert_same(MLPClassifier(**MLP), (CLASSES[0], y), **settings)
    assert ours["test_own" if callable(scoring) else _first_test(ours)][0] == -1


def _first_test(scores):
    return next(name for name in scores if name.startswith("test_"))


def test_error_score_raise():
    with pytest.raises(ValueError, match="learning_rate must be a number"):
        fused_cross_validate(
            MLPClassifier(**MLP).set_params(optimizer__learning_rate=-1.0),
            *CLASSES,
            error_score="raise",
        )


def test_all_fits_failing_is_an_error():
    with pytest.raises(ValueError, match="All the 5 fits failed"):
        fused_cross_val_score(MLPClassifier(max_iter=-1), *CLASSES)


def test_metadata_routing():
    with sklearn.config_context(enable_metadata_routing=True):
        estimator = LinearClassifier(**TIGHT).set_fit_request(sample_weight=True)
        params = {"sample_weight": WEIGHTS}
        assert_same(estimator.set_score_request(sample_weight=False), CLASSES, params=params)
        assert_same(estimator.set_score_request(sample_weight=True), CLASSES, params=params)
        both = {"sample_weight": WEIGHTS, "groups": GROUPS}
        assert_same(estimator, CLASSES, params=both, cv=GroupKFold(3))


def test_errors_of_routing_name_the_function():
    with sklearn.config_context(enable_metadata_routing=True):
        with pytest.raises(UnsetMetadataPassedError, match="used within fused_cross_validate"):
            fused_cross_validate(LinearClassifier(), *CLASSES, params={"sample_weight": WEIGHTS})
        with pytest.raises(TypeError, match=r"fused_cross_validate\.fit got unexpected argument"):
            fused_cross_validate(LinearClassifier(), *CLASSES, params={"weights": WEIGHTS})
        with pytest.raises(ValueError, match="`groups` can only be passed if metadata routing"):
            fused_cross_validate(LinearClassifier(), *CLASSES, groups=GROUPS)


@pytest.mark.parametrize("function", [fused_cross_validate, fused_cross_val_score])
@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("estimator", "mlp"),
        ("scoring", "acuracy"),
        ("cv", 1),
        ("cv", "five"),
        ("n_jobs", "all"),
        ("params", [1]),
        ("pre_dispatch", None),
        ("error_score", "nan"),
        ("verbose", "loud"),
    ],
)
def test_bad_arguments_are_refused_first(function, name, bad):
    given = {"estimator": MLPClassifier(**MLP), "X": CLASSES[0], "y": CLASSES[1], name: bad}
    message = f"The '{name}' parameter of {function.__name__} must be"
    with pytest.raises(ValueError, match=message):
        function(**given)


@pytest.mark.parametrize("name", ["return_train_score", "return_estimator", "return_indices"])
def test_bad_switches_are_refused(name):
    with pytest.raises(ValueError, match=f"The '{name}' parameter of fused_cross_validate must be"):
        fused_cross_validate(MLPClassifier(**MLP), *CLASSES, **{name: "no"})


def test_one_score_only():
    with pytest.raises(ValueError, match="The 'scoring' parameter of fused_cross_val_score must"):
        fused_cross_val_score(MLPClassifier(**MLP), *CLASSES, scoring=["accuracy"])


def test_bad_max_memory():
    with pytest.raises(ValueError, match=r"^FusedCrossValidate: max_memory must be a number"):
        fused_cross_validate(MLPClassifier(**MLP), *CLASSES, max_memory="much")


def test_groups_are_no_parameter_of_fit():
    with pytest.raises(ValueError, match="groups"):
        fused_cross_validate(MLPClassifier(**MLP), *CLASSES, params={"groups": GROUPS})
