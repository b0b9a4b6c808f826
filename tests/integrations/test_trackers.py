"""Metrics of epochs and candidates, where trackers of experiments show them."""

import inspect
from collections import defaultdict

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skopt_suite import LinearClassifier, MLPClassifier
from skopt_suite.export import TRUSTED_TYPES
from skopt_suite.integrations import (
    MLflowCallback,
    TensorBoardCallback,
    log_search,
    mlflow_autolog,
)
from skopt_suite.model_selection import FusedGridSearchCV

X, y = make_classification(n_samples=100, n_features=5, random_state=0)
RATES = {"mlpclassifier__optimizer__learning_rate": [0.01, 0.1]}


def pipeline():
    return make_pipeline(
        StandardScaler(), MLPClassifier((4,), max_iter=3, early_stopping=True, random_state=0)
    )


# ------------------------------------------------------------------- TensorBoard


class Writer:
    """Keeps what it is to write."""

    def __init__(self):
        self.written = defaultdict(list)

    def add_scalar(self, tag, value, step):
        self.written[tag].append((step, value))


def test_a_pipeline_in_tensorboard():
    writer = Writer()
    model = pipeline().set_callbacks(TensorBoardCallback(writer)).fit(X, y)
    assert writer.written == {
        "loss": list(enumerate(model[-1].loss_curve_, 1)),
        "validation_score": list(enumerate(model[-1].validation_scores_, 1)),
    }


def test_fits_of_a_search_are_told_apart():
    writer = Writer()
    callback = TensorBoardCallback(writer)
    GridSearchCV(pipeline(), RATES, cv=2).set_callbacks(callback).fit(X, y)
    prefixes = {tag.removesuffix("loss") for tag in writer.written if tag.endswith("loss")}
    assert prefixes == {"", "fit_0/", "fit_1/", "fit_2/", "fit_3/"}
    assert {len(values) for values in writer.written.values()} == {3}


def test_a_fused_search_tells_of_its_refit():
    writer = Writer()
    search = FusedGridSearchCV(pipeline(), RATES, cv=2)
    search.set_callbacks(TensorBoardCallback(writer)).fit(X, y)
    losses = [value for _, value in writer.written["loss"]]
    assert losses == search.best_estimator_[-1].loss_curve_
    assert set(writer.written) == {"loss", "validation_score"}


def test_what_cannot_write():
    with pytest.raises(TypeError, match=r"writer must have .*; got 'runs' of type str"):
        TensorBoardCallback("runs")


# ------------------------------------------------------------------------ MLflow


def test_methods_that_may_be_missing_are_exchanged_as_those_of_scikit_learn(monkeypatch):
    method = inspect.getattr_static(LinearClassifier, "predict_proba")
    monkeypatch.setattr(method, "fn", lambda model, X: "logged")
    assert LinearClassifier().fit(X, y).predict_proba(X) == "logged"
    assert not hasattr(LinearClassifier(loss="hinge").fit(X, y), "predict_proba")


of_mlflow = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore:.*Any type hint is inferred"
)


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """Return the address of a database for all tests, for making one takes a second."""
    return f"sqlite:///{tmp_path_factory.mktemp('mlflow')}/runs.db"


@pytest.fixture
def mlflow(tmp_path, monkeypatch, database):
    mlflow = pytest.importorskip("mlflow", reason="needs mlflow-skinny, of the extra test")
    monkeypatch.chdir(tmp_path)
    mlflow.set_tracking_uri(database)
    mlflow.set_experiment(tmp_path.name)
    yield mlflow
    mlflow.sklearn.autolog(disable=True)
    assert mlflow.active_run() is None


def runs_of(mlflow):
    """Return the runs, the oldest first."""
    return mlflow.search_runs(output_format="list", order_by=["start_time"])


def history(mlflow, run, metric):
    found = mlflow.MlflowClient().get_metric_history(run.info.run_id, metric)
    return [one.value for one in sorted(found, key=lambda one: one.step)]


@of_mlflow
def test_a_fit_is_a_run(mlflow):
    model = pipeline().set_callbacks(MLflowCallback()).fit(X, y)
    (run,) = runs_of(mlflow)
    assert (run.info.run_name, run.info.status) == ("Pipeline", "FINISHED")
    assert run.data.params["mlpclassifier__hidden_layer_sizes"] == "(4,)"
    assert history(mlflow, run, "loss") == pytest.approx(model[-1].loss_curve_)
    scores = history(mlflow, run, "validation_score")
    assert scores == pytest.approx(model[-1].validation_scores_)
    model.set_callbacks(MLflowCallback("wrong")).set_params(mlpclassifier__optimizer="sdg")
    with pytest.raises(ValueError, match="unknown optimizer 'sdg'"):
        model.fit(X, y)
    model.set_params(mlpclassifier__optimizer="sgd")
    with mlflow.start_run(run_name="mine"):
        model.fit(X, y)
    _, *more = [(run.info.run_name, run.info.status) for run in runs_of(mlflow)]
    assert more == [("wrong", "FAILED"), ("mine", "FINISHED")]


@of_mlflow
def test_candidates_are_runs_inside_of_that_of_the_search(mlflow):
    search = FusedGridSearchCV(pipeline(), RATES, cv=2).fit(X, y)
    log_search(search, "rates")
    runs = {run.info.run_name: run for run in runs_of(mlflow)}
    assert set(runs) == {"rates", "candidate 0", "candidate 1"}
    assert runs["rates"].data.metrics["best_score"] == search.best_score_
    second, outer = runs["candidate 1"], runs["rates"].info.run_id
    assert second.data.tags["mlflow.parentRunId"] == outer
    assert second.data.params == {"mlpclassifier__optimizer__learning_rate": "0.1"}
    score = search.cv_results_["mean_test_score"][1]
    assert second.data.metrics["mean_test_score"] == pytest.approx(score)
    expected = np.mean(search.loss_curves_[1], axis=0)
    assert history(mlflow, second, "loss") == pytest.approx(expected)


@of_mlflow
def test_autolog_reaches_estimators_and_fused_searches(mlflow):
    mlflow_autolog(log_models=False, log_datasets=False, silent=True)
    LinearClassifier().fit(X, y)
    (run,) = runs_of(mlflow)
    assert run.data.params["penalty"] == "l2"
    assert run.data.metrics["training_score"] > 0.8
    search = FusedGridSearchCV(pipeline(), RATES, cv=2).fit(X, y)
    _, *of_search = runs_of(mlflow)
    assert len(of_search) == 3
    bests = [run.data.metrics.get("best_cv_score") for run in of_search]
    assert search.best_score_ in bests
    assert search.fusion_report_.n_groups == 1


@of_mlflow
def test_a_model_that_is_logged_predicts_as_before(mlflow):
    model = pipeline().fit(X, y)
    files = {"skops_trusted_types": TRUSTED_TYPES, "pip_requirements": []}
    saved = mlflow.sklearn.log_model(model, name="model", **files)
    loaded = mlflow.sklearn.load_model(saved.model_uri)
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
