"""Estimators around a model: what they fit is fused, with the results of scikit-learn."""

import joblib
import numpy as np
import pytest
import sklearn
from sklearn.base import BaseEstimator, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import make_multilabel_classification
from sklearn.decomposition import PCA
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import QuantileTransformer, StandardScaler

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.ensemble import FusedBaggingClassifier
from skopt_suite.model_selection import (
    FusedGridSearchCV,
    FusedHalvingGridSearchCV,
    fused_cross_validate,
    search_space,
)

from .problems import CLASSES, NUMBERS, WEIGHTS, assert_same_results, both

ALPHAS = [1e-3, 1e-1]
MLP = MLPClassifier((4,), batch_size=32, max_iter=3, random_state=0)
LINEAR = LinearClassifier(tol=1e-8)
REGRESSOR = LinearRegressor(tol=1e-9, max_iter=5000)
POSITIVE = NUMBERS[0], np.exp(NUMBERS[1])
COLUMNS = NUMBERS[0], np.column_stack([NUMBERS[1], NUMBERS[0][:, 0]])
LABELS = make_multilabel_classification(150, 6, n_classes=3, random_state=0)
LABELS = (LABELS[0] - LABELS[0].mean()) / LABELS[0].std(), LABELS[1]


def scaled(last):
    return Pipeline([("scale", StandardScaler()), ("last", last)])


CASES = {
    "targets by a transformer": (
        TransformedTargetRegressor(REGRESSOR, transformer=StandardScaler()),
        {"regressor__penalty__alpha": ALPHAS},
        NUMBERS,
    ),
    "targets by functions": (
        scaled(TransformedTargetRegressor(REGRESSOR, func=np.log, inverse_func=np.exp)),
        {"last__regressor__penalty__alpha": ALPHAS},
        POSITIVE,
    ),
    "columns of targets, around a Pipeline": (
        TransformedTargetRegressor(
            scaled(MLPRegressor((4,), max_iter=3, random_state=0)), transformer=StandardScaler()
        ),
        {"regressor__last__penalty__alpha": ALPHAS, "transformer__with_std": [True, False]},
        COLUMNS,
    ),
    "one against the rest": (
        OneVsRestClassifier(MLP), {"estimator__optimizer__learning_rate": [1e-3, 0.1]}, CLASSES,
    ),
    "one against the rest, of labels": (
        scaled(OneVsRestClassifier(make_pipeline(PCA(4), LINEAR))),
        {"last__estimator__linearclassifier__penalty__alpha": ALPHAS},
        LABELS,
    ),
    "a model per label": (
        MultiOutputClassifier(scaled(LINEAR)), {"estimator__last__penalty__alpha": ALPHAS}, LABELS,
    ),
    "a model per number": (
        scaled(MultiOutputRegressor(REGRESSOR)),
        {"last__estimator__penalty__alpha": ALPHAS},
        COLUMNS,
    ),
    "targets of every column": (
        MultiOutputRegressor(TransformedTargetRegressor(REGRESSOR, transformer=StandardScaler())),
        {"estimator__regressor__penalty__alpha": ALPHAS},
        COLUMNS,
    ),
    "calibrated": (
        scaled(CalibratedClassifierCV(MLP, cv=2)),
        {"last__estimator__penalty__alpha": ALPHAS, "last__method": ["sigmoid", "isotonic"]},
        CLASSES,
    ),
    "calibrated together": (
        CalibratedClassifierCV(
            scaled(LINEAR), cv=KFold(2, shuffle=True, random_state=0), ensemble=False
        ),
        {"estimator__last__penalty__alpha": ALPHAS, "method": ["sigmoid", "temperature"]},
        (CLASSES[0], np.array(["a", "b", "b"])[CLASSES[1]]),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_fused_with_the_same_results(case):
    estimator, grid, data = CASES[case]
    fused, plain = both(estimator, grid, data, return_train_score=True)
    assert_same_results(fused, plain, tolerance=1e-6)
    assert fused.fusion_report_.n_alone == 0
    ours, theirs = fused.predict(data[0]), plain.predict(data[0])
    if ours.dtype.kind == "U":
        np.testing.assert_array_equal(ours, theirs)
    else:
        np.testing.assert_allclose(ours, theirs, rtol=1e-5)


@pytest.mark.parametrize("case", ["targets by functions", "one against the rest", "calibrated"])
def test_fitted_wrappers_are_whole(case):
    estimator, grid, (X, y) = CASES[case]
    estimator = clone(estimator).set_params(**{name: some[0] for name, some in grid.items()})
    for name in estimator.get_params().keys() & {"n_jobs", "last__n_jobs"}:
        estimator.set_params(**{name: 2})
    with joblib.parallel_config("threading"):
        fitted = clone(estimator).fit(X, y)
    for ours in fused_cross_validate(estimator, X, y, cv=2, return_estimator=True)["estimator"]:
        assert repr(ours) == repr(estimator)
        assert sorted(vars(ours)) == sorted(vars(fitted))
        assert ours.predict(X).shape == y.shape


@pytest.mark.filterwarnings("ignore:Label not 0 is present", "ignore:The least populated class")
def test_a_fold_with_one_class_and_no_rest():
    """There is nothing to fit, and yet a prediction."""
    rare = CLASSES[0], (np.arange(150) == 3).astype(int)
    wrapper, grid = OneVsRestClassifier(LINEAR), {"estimator__penalty__alpha": ALPHAS}
    fused, plain = both(wrapper, grid, rare, return_train_score=True)
    assert_same_results(fused, plain)
    assert fused.cv_results_["split2_test_score"].tolist() == [0.98, 0.98]


def test_a_random_transformer_of_targets_is_fitted_once():
    transformer = QuantileTransformer(n_quantiles=20, subsample=50, output_distribution="normal")
    wrapper = TransformedTargetRegressor(REGRESSOR, transformer=transformer, check_inverse=False)
    both_scores = []
    for alphas in (ALPHAS, ALPHAS[:1]):
        search = FusedGridSearchCV(
            wrapper.set_params(transformer__random_state=None),
            {"regressor__penalty__alpha": [1e-3] * len(alphas)},
            cv=3,
            refit=False,
        ).fit(*NUMBERS)
        both_scores.append(search.cv_results_["mean_test_score"])
    assert both_scores[0][0] == both_scores[0][1] != both_scores[1][0]


def test_scorers_see_the_wrapper():
    seen = []

    def looking(estimator, X, y):
        seen.append(estimator)
        return float(len(X))

    wrapper = OneVsRestClassifier(LINEAR)
    grid = {"estimator__penalty__alpha": ALPHAS}
    FusedGridSearchCV(wrapper, grid, scoring=looking, cv=3, refit=False).fit(*CLASSES)
    assert [len(one.estimators_) for one in seen] == [3] * 6
    assert {type(one) for model in seen for one in model.estimators_} == {LinearClassifier}


@pytest.mark.filterwarnings("ignore:.*(test|train) scores are non-finite")
def test_fits_that_fail_within_a_wrapper():
    wrapper = OneVsRestClassifier(MLPClassifier((4,), optimizer="sgd", max_iter=3, random_state=0))
    grid = {"estimator__optimizer__learning_rate": [1e-2, 1e30]}
    with pytest.warns(FitFailedWarning, match="3 fits failed out of a total of 6"):
        fused = FusedGridSearchCV(wrapper, grid, cv=3).fit(*CLASSES)
    assert np.isfinite(fused.cv_results_["mean_test_score"]).tolist() == [True, False]
    transformed = TransformedTargetRegressor(REGRESSOR, func=np.log)
    with pytest.raises(ValueError, match="'inverse_func' must also be provided"):
        FusedGridSearchCV(
            transformed, {"regressor__penalty__alpha": ALPHAS}, error_score="raise"
        ).fit(*POSITIVE)
    calibrated = CalibratedClassifierCV(LINEAR, cv=StratifiedKFold(60))
    with pytest.raises(ValueError, match=r"Requesting 60-fold|n_splits=60 cannot"):
        FusedGridSearchCV(
            calibrated, {"estimator__penalty__alpha": ALPHAS}, error_score="raise"
        ).fit(*CLASSES)


def test_several_ensembles_of_a_candidate_are_trained_alone():
    bagging = FusedBaggingClassifier(LINEAR, 2, random_state=0)
    grid = {"estimator__estimator__penalty__alpha": ALPHAS}
    fused, plain = both(OneVsRestClassifier(bagging), grid)
    assert_same_results(fused, plain, tolerance=1e-6)
    report = repr(fused.fusion_report_)
    assert "FusedBaggingClassifier is fitted several times by what is around it" in report


class Own(OneVsRestClassifier):
    """A user's, which may do anything."""


def test_what_is_not_known_is_trained_alone():
    fused, plain = both(Own(LINEAR), {"estimator__penalty__alpha": ALPHAS})
    assert_same_results(fused, plain, tolerance=1e-6)
    report = repr(fused.fusion_report_)
    assert "its OneVsRestClassifier is not of scikit-learn's own class" in report


def test_survivors_of_halving_go_on_within_a_wrapper():
    network = MLPRegressor((4,), schedule="constant", random_state=0, tol=None)
    wrapper = TransformedTargetRegressor(network, transformer=StandardScaler())
    settings = {"min_resources": 2, "max_resources": 6, "cv": 3, "random_state": 0}
    grid = {"optimizer__learning_rate": [1e-3, 1e-2, 1e-1]}
    wrapped = FusedHalvingGridSearchCV(
        wrapper,
        {f"regressor__{name}": values for name, values in grid.items()},
        resource="regressor__max_iter",
        **settings,
    ).fit(*NUMBERS)
    assert wrapped.n_candidates_ == [3, 1]
    alone = clone(wrapper).set_params(
        regressor__optimizer__learning_rate=wrapped.best_params_[
            "regressor__optimizer__learning_rate"
        ],
        regressor__max_iter=6,
    )
    again = fused_cross_validate(alone, *NUMBERS, cv=3)["test_score"].mean()
    assert wrapped.cv_results_["mean_test_score"][-1] == pytest.approx(again)


@pytest.mark.parametrize(
    ("estimator", "name"),
    [
        (scaled(MLP), "sample_weight"),
        (scaled(MLP), "other"),
        (CalibratedClassifierCV(MLP, cv=2), "sample_weight"),
        (OneVsRestClassifier(scaled(MLP)), "sample_weight"),
        (scaled(OneVsRestClassifier(MLP)), "other"),
    ],
)
def test_routed_weights_are_fused(estimator, name):
    alpha = next(iter(search_space(estimator)))
    with sklearn.config_context(enable_metadata_routing=True):
        estimator = clone(estimator)
        for part in estimator.get_params().values():
            if hasattr(part, "set_fit_request"):
                weighs = isinstance(part, StandardScaler) and name == "sample_weight"
                part.set_fit_request(sample_weight=weighs)
            if hasattr(part, "set_score_request"):
                part.set_score_request(sample_weight=True)
            if isinstance(part, MLPClassifier):
                part.set_fit_request(sample_weight=name)
        if hasattr(estimator, "set_score_request"):
            estimator.set_score_request(sample_weight=True)
        if isinstance(estimator, CalibratedClassifierCV):
            estimator.set_fit_request(sample_weight=True)
        fused, plain = both(estimator, {alpha: ALPHAS}, fit_params={name: WEIGHTS})
        unweighted = FusedGridSearchCV(estimator, {alpha: ALPHAS}, cv=3).fit(*CLASSES)
    assert_same_results(fused, plain, tolerance=1e-6)
    assert fused.fusion_report_.n_alone == 0
    weighted, other = (s.best_estimator_.predict_proba(CLASSES[0]) for s in (fused, unweighted))
    assert np.abs(weighted - other).max() > 1e-3


class EveryOther(BaseEstimator):
    """A sampler."""

    def fit_resample(self, X, y):
        return X[::2], y[::2]


def test_rows_are_resampled_in_fits_only():
    def fit(self, X, y, **params):
        for _, step in self.steps[:-1]:
            X, y = step.fit_resample(X, y)
        self.steps[-1][1].fit(X, y)
        return self

    def without_samplers(self):
        return self.steps[-1][1]

    own = {
        "fit": fit,
        "predict": lambda self, X: without_samplers(self).predict(X),
        "score": lambda self, X, y: without_samplers(self).score(X, y),
        "transform": lambda self, X: X,
        "__module__": "imblearn.pipeline",
    }
    sampling = type("Pipeline", (Pipeline,), own)([("sample", EveryOther()), ("last", MLP)])
    fused, plain = both(sampling, {"last__penalty__alpha": ALPHAS}, return_train_score=True)
    assert_same_results(fused, plain)
    assert fused.fusion_report_.n_alone == 0


def test_a_pipeline_with_samplers():
    pytest.importorskip("imblearn", reason="imbalanced-learn is not installed")
    from imblearn.pipeline import Pipeline as SamplingPipeline
    from imblearn.under_sampling import RandomUnderSampler

    sampler = RandomUnderSampler(random_state=0)
    inner = [("scale", StandardScaler()), ("sample", sampler), ("last", MLP)]
    grid = {"last__penalty__alpha": ALPHAS, "sample__replacement": [True, False]}
    y = CLASSES[1] // 2
    fused, plain = both(SamplingPipeline(inner), grid, (CLASSES[0], y), return_train_score=True)
    assert_same_results(fused, plain)
    assert fused.fusion_report_.n_alone == 0
    assert fused.fusion_report_.n_groups == 2
