"""scikit-learn's callbacks: told of every epoch, in searches too, and able to stop a fit."""

import numpy as np
import pytest
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.datasets import make_classification
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.optimizers import Adam

X, y = make_classification(n_samples=100, n_features=5, random_state=0)
ALL = [
    LinearClassifier(optimizer="adam", max_iter=6),
    LinearRegressor(optimizer="adam", max_iter=6),
    MLPClassifier((4,), max_iter=6, random_state=0),
    MLPRegressor((4,), max_iter=6, random_state=0),
]
every = pytest.mark.parametrize("estimator", ALL, ids=lambda e: type(e).__name__)


class Spy:
    """Writes down what it is told, and stops a fit after `stop_after` epochs."""

    def __init__(self, stop_after=None):
        self.stop_after = stop_after
        self.begun, self.ended, self.scores = [], [], []

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        self.begun.append(context.task_name)

    def on_fit_task_end(self, estimator, context, *, X, y, fitted_estimator=None, metadata=None):
        self.ended.append(context.task_name)
        if context.task_name == "epoch" and self.stop_after:
            self.scores.append(fitted_estimator.score(X, y))
            return self.ended.count("epoch") >= self.stop_after
        return False


class PropagatedSpy(Spy):
    """Set on a search, it is told of the fits inside."""

    max_propagation_depth = None


@every
def test_callbacks_are_told_of_every_epoch(estimator):
    spy = Spy()
    estimator.set_callbacks(spy).fit(X, y)
    assert spy.begun.count("epoch") == spy.ended.count("epoch") == estimator.n_iter_ == 6
    assert len(spy.begun) == len(spy.ended) == 7  # and of the fit


@every
def test_a_callback_stops_the_fit(estimator):
    spy = Spy(stop_after=2)
    estimator.set_callbacks(spy).fit(X, y)
    assert estimator.n_iter_ == 2
    assert estimator.stop_reason_ == "callback"
    # What callbacks were shown in the last epoch is what came out.
    assert spy.scores[-1] == pytest.approx(estimator.score(X, y), abs=1e-6)


def test_callbacks_work_with_early_stopping_and_in_solvers():
    spy = Spy()
    solver = LinearClassifier().set_callbacks(spy).fit(X, y)
    assert spy.ended.count("epoch") == solver.n_iter_
    spy = Spy()
    model = MLPClassifier((4,), optimizer=Adam(0.1), early_stopping=True, random_state=0)
    model.set_callbacks(spy).fit(X, y)
    assert spy.ended.count("epoch") == model.n_iter_ < model.max_iter


@every
def test_the_progress_bar_runs(estimator, capsys):
    estimator.set_callbacks(ProgressBar()).fit(X, y)
    printed = capsys.readouterr().out
    assert type(estimator).__name__ in printed
    assert "100%" in printed


def _search():
    model = make_pipeline(StandardScaler(), MLPClassifier((4,), max_iter=3))
    return GridSearchCV(model, {"mlpclassifier__optimizer__learning_rate": [0.01, 0.1]}, cv=2)


def test_a_search_tells_of_every_epoch_of_every_fit():
    spy = PropagatedSpy()
    _search().set_callbacks(spy).fit(X, y)
    assert spy.ended.count("epoch") == (2 * 2 + 1) * 3  # candidates, folds, refit; epochs


def test_the_progress_bar_runs_in_a_search(capsys):
    _search().set_callbacks(ProgressBar(max_propagation_depth=None)).fit(X, y)
    printed = capsys.readouterr().out
    assert "GridSearchCV" in printed
    assert "MLPClassifier" in printed
    assert "100%" in printed


@every
def test_the_scoring_monitor_logs_every_epoch(estimator):
    estimator.set_params(optimizer=Adam(0.05))
    metric = "accuracy" if hasattr(estimator, "class_weight") else "r2"
    monitor = ScoringMonitor(scoring=metric)
    estimator.set_callbacks(monitor).fit(X, y)
    rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    scores = [row[metric] for row in rows]
    assert len(scores) == estimator.n_iter_ == 6
    assert scores[-1] > scores[0]
    assert scores[-1] == pytest.approx(estimator.score(X, y), abs=1e-6)


def test_the_scoring_monitor_takes_the_weights_of_the_fit():
    weight = np.where(y == 1, 9.0, 1.0)
    monitor = ScoringMonitor(scoring="accuracy")
    model = LinearClassifier(optimizer="adam", max_iter=3).set_callbacks(monitor)
    model.fit(X, y, sample_weight=weight)
    last = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"][-1]
    expected = accuracy_score(y, model.predict(X), sample_weight=weight)
    assert last["accuracy"] == pytest.approx(expected)


class Progress(Spy):
    """Keeps what callbacks are shown of every epoch."""

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        if context.task_name == "epoch":
            self.scores.append(fitted_estimator)


def test_callbacks_see_the_losses_and_scores_so_far():
    model = MLPClassifier((4,), max_iter=6, early_stopping=True, random_state=0)
    spy = Progress()
    model.fit(X[:50], y[:50])  # what a fit before left is not shown
    model.set_callbacks(spy).fit(X, y)
    third = spy.scores[2]
    assert third.n_iter_ == 3
    assert third.loss_ == third.loss_curve_[-1]
    assert third.loss_curve_ == pytest.approx(model.loss_curve_[:3])
    assert third.validation_scores_ == pytest.approx(model.validation_scores_[:3])
    assert third.best_validation_score_ == max(third.validation_scores_)
    LinearClassifier(optimizer="adam", max_iter=3).set_callbacks(spy := Progress()).fit(X, y)
    assert spy.scores[0].validation_scores_ is None
