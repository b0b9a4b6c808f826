"""What is trained together, what is not, and what happens to fits that fail."""

import pickle
import re

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

import skopt_suite.model_selection._engine.passes as passes
from skopt_suite import LinearClassifier, MLPClassifier
from skopt_suite.model_selection import FusedGridSearchCV
from skopt_suite.optimizers import SGD

from .problems import CLASSES, WEIGHTS, assert_same_results

MLP = MLPClassifier((8,), batch_size=32, max_iter=5, random_state=0)
RATES = {"optimizer__learning_rate": [1e-3, 1e-2, 1e-1]}


def search(estimator, grid, **settings):
    return FusedGridSearchCV(estimator, grid, **{"cv": 3, **settings}).fit(*CLASSES)


def count_fits(monkeypatch, sizes):
    """Add the number of fits of every pass to `sizes`."""

    def counting(jobs, *args, **settings):
        sizes.append(len(jobs))
        return train(jobs, *args, **settings)

    train = passes.train
    monkeypatch.setattr(passes, "train", counting)


def test_one_pass_per_fold(monkeypatch):
    sizes = []

    count_fits(monkeypatch, sizes)
    search(MLP, RATES)
    assert sizes == [3, 3, 3]


def test_memory_cuts_a_pass_into_pieces(monkeypatch):
    sizes = []
    count_fits(monkeypatch, sizes)
    grid = {"penalty__alpha": np.logspace(-4, 0, 10)}
    search(LinearClassifier(), grid, max_memory="60KB")
    assert len(sizes) > 3
    assert sum(sizes) == 30


def test_preceding_steps_are_fitted_once_per_fold_and_setting():
    n_fits = []

    class Counting(StandardScaler):
        def fit(self, X, y=None, sample_weight=None):
            n_fits.append(len(X))
            return super().fit(X, y, sample_weight)

    pipeline = Pipeline([("scale", Counting()), ("mlp", MLP)])
    grid = {"mlp__penalty__alpha": [1e-4, 1e-3, 1e-2], "scale__with_mean": [True, False]}
    search(pipeline, grid, refit=False)
    assert len(n_fits) == 3 * 2


def test_a_fit_method_of_a_user_trains_alone():
    class Logged(LinearClassifier):
        def fit(self, X, y, sample_weight=None):
            return super().fit(X, y, sample_weight)

    grid = {"penalty__alpha": [1e-3, 1e-2]}
    assert search(LinearClassifier(), grid).fusion_report_.n_alone == 0
    report = search(Logged(), grid).fusion_report_
    assert report.n_alone == 2
    assert "Logged has a fit method of its own" in repr(report)


def test_report_names_groups_and_reasons():
    pipeline = Pipeline([("scale", StandardScaler()), ("last", MLP)])
    grid = [
        {"last": [LogisticRegression(), clone(MLP).set_params(verbose=1)]},
        {"last__optimizer": ["adam", "sgd"], "last__penalty__alpha": [1e-3, 1e-2]},
    ]
    report = search(pipeline, grid).fusion_report_
    assert (report.n_alone, report.n_groups) == (2, 2)
    assert "LogisticRegression is not an estimator of skopt_suite" in repr(report)
    assert "verbose=1 prints a line per epoch" in repr(report)
    frame = report.to_frame()
    assert frame["group"].isna().tolist() == [True, True, False, False, False, False]
    assert frame["size"].tolist() == [1, 1, 2, 2, 2, 2]


SCALED = Pipeline([("scale", StandardScaler()), ("last", MLP)])
BATCHES = "batch_size varies: 2 values; every value needs its own pass"


@pytest.mark.parametrize(
    "estimator, grid, lines",
    [
        (MLP, {"penalty__alpha": [1e-3, 1e-2], "batch_size": [16]}, []),
        (MLP, {"penalty__alpha": [1e-3, 1e-2], "batch_size": [16, 32]}, [BATCHES]),
        (
            MLP,  # all alone
            {"activation": ["relu", "tanh"], "batch_size": [16, 32]},
            [BATCHES.replace("batch_size", "activation"), BATCHES],
        ),
        (
            MLP,  # what differs with it could have shared a pass
            [
                {"optimizer": ["adam"], "optimizer__beta1": [0.8], "penalty__alpha": [1e-3]},
                {"optimizer": ["sgd"], "penalty__alpha": [1e-2]},
            ],
            [BATCHES.replace("batch_size", "optimizer")],
        ),
        (
            SCALED,
            {"scale__with_mean": [True, False], "last__penalty__alpha": [1e-3, 1e-2]},
            [
                "scale__with_mean varies: 2 values; every value needs its own pass, as what is "
                "around the estimator is fitted for each"
            ],
        ),
    ],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_report_says_what_keeps_candidates_apart(estimator, grid, lines):
    report = search(estimator, grid).fusion_report_
    assert report.kept_apart == lines
    assert re.findall(r"^  apart: (.*)$", repr(report), flags=re.MULTILINE) == lines
    assert pickle.loads(pickle.dumps(report)).kept_apart == lines


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_report_says_what_makes_the_steps():
    class Mine(SGD):
        def update(self, *args):
            return super().update(*args)

    grid = {"optimizer": ["adam", Mine(), "lbfgs"], "penalty__alpha": [0.1, 0.2]}
    report = search(MLP, grid).fusion_report_
    assert [entry.steps for entry in report.entries] == [
        *["compiled"] * 2,
        *["definition"] * 2,
        *["full batch"] * 2,
    ]
    assert "2 candidates, definition steps" in repr(report)


def test_report_says_that_a_pass_of_one_candidate_is_alone():
    report = search(MLP, {"hidden_layer_sizes": [(4,), (8,), (8,)]}).fusion_report_
    assert (report.n_alone, report.n_groups) == (1, 1)
    assert repr(report).splitlines() == [
        "FusionReport: 2 of 3 candidates fused into 1 pass per fold, 1 alone",
        "  pass 0: 2 candidates, compiled steps",
        "  alone: 1 candidate: no other candidate could share its pass",
        "  apart: hidden_layer_sizes varies: 2 values; every value needs its own pass",
    ]
    single = search(MLP, {"hidden_layer_sizes": [(4,)]})
    assert repr(single.fusion_report_).startswith(
        "FusionReport: 0 of 1 candidate fused into 0 passes per fold, 1 alone"
    )
    assert [len(curve) for curve in single.loss_curves_[0]] == [MLP.max_iter] * 3


@pytest.mark.filterwarnings("ignore:.*test scores are non-finite")
def test_a_diverged_fit_gets_error_score_and_the_others_are_untouched():
    estimator = LinearClassifier(optimizer="momentum", max_iter=20, random_state=0, tol=0)
    grid = {"optimizer__learning_rate": [1e-2, 1e6, 1e-1]}
    with pytest.warns(FitFailedWarning, match="The fit diverged: optimizer 'momentum'"):
        wild = search(estimator, grid)
    calm = search(estimator, {"optimizer__learning_rate": [1e-2, 1e-1]})
    scores = wild.cv_results_["mean_test_score"]
    assert np.isnan(scores[1])
    np.testing.assert_allclose(scores[[0, 2]], calm.cv_results_["mean_test_score"])
    assert wild.fusion_report_.n_groups == 1


@pytest.mark.parametrize("kind", [FloatingPointError, ValueError])  # of us, and of scikit-learn
def test_error_score_raise(kind):
    with pytest.raises(kind, match="The fit diverged"):
        search(
            LinearClassifier(optimizer="sgd"),
            {"optimizer__learning_rate": [1e-2, 1e6]},
            error_score="raise",
        )


@pytest.mark.parametrize("model", [MLP, LinearClassifier(optimizer="adam", max_iter=3)], ids=str)
def test_bad_parameters_fail_alone(model):
    with pytest.warns(FitFailedWarning, match="learning_rate must be a number"):
        result = search(model, {"optimizer__learning_rate": [1e-2, -1.0]}, error_score=0.0)
    assert result.cv_results_["mean_test_score"][1] == 0


def test_all_fits_failing_is_an_error():
    with pytest.raises(ValueError, match="All the 3 fits failed"):
        search(MLP, {"optimizer__learning_rate": [-1.0]})


def test_candidates_without_a_seed_share_one():
    """As of the fits of one stack; the differences are those of the candidates."""
    unseeded = clone(MLP).set_params(random_state=None)
    result = search(unseeded, {"penalty__alpha": [1e-4, 1e-4]})
    scores = result.cv_results_["mean_test_score"]
    assert scores[0] == scores[1]
    assert result.fusion_report_.n_groups == 1
    assert result.best_estimator_.random_state is None


def test_metadata_routing():
    grid = {"penalty__alpha": [1e-3, 1e-1]}
    with sklearn.config_context(enable_metadata_routing=True):
        estimator = LinearClassifier(tol=1e-9).set_fit_request(sample_weight=True)
        estimator = estimator.set_score_request(sample_weight=True)
        ours = FusedGridSearchCV(estimator, grid, cv=3).fit(*CLASSES, sample_weight=WEIGHTS)
        theirs = GridSearchCV(estimator, grid, cv=3).fit(*CLASSES, sample_weight=WEIGHTS)
        assert_same_results(ours, theirs, tolerance=1e-6)
        pipeline = make_pipeline(StandardScaler(), estimator)
        grid = {f"linearclassifier__{name}": values for name, values in grid.items()}
        pipeline[0].set_fit_request(sample_weight=False)
        ours = FusedGridSearchCV(pipeline, grid, cv=3).fit(*CLASSES, sample_weight=WEIGHTS)
        theirs = GridSearchCV(pipeline, grid, cv=3).fit(*CLASSES, sample_weight=WEIGHTS)
        assert_same_results(ours, theirs, tolerance=1e-6)
        assert ours.fusion_report_.n_alone == 0


@pytest.mark.parametrize("bad", ["2 apples", 0, -5, 1.5, True])
def test_bad_max_memory(bad):
    with pytest.raises(ValueError, match="max_memory must be a number of bytes, text such as"):
        search(MLP, RATES, max_memory=bad)


def test_clone_and_parameters():
    settings = FusedGridSearchCV(MLP, RATES, max_memory="1GB").get_params(deep=False)
    assert settings["max_memory"] == "1GB"
    assert clone(FusedGridSearchCV(MLP, RATES, cv=4)).cv == 4
