"""What a search tells while it runs: callbacks, bars, and lines."""

import re
from collections import Counter

import joblib
import pytest
from sklearn.callback import CallbackContext, ProgressBar, ScoringMonitor
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import skopt_suite.model_selection._engine.passes as passes
from skopt_suite import MLPClassifier
from skopt_suite.model_selection import (
    FusedGridSearchCV,
    FusedHalvingGridSearchCV,
    FusedHalvingRandomSearchCV,
    FusedRandomizedSearchCV,
)

from .problems import CLASSES, WEIGHTS

N_EPOCHS = 4
MLP = MLPClassifier((8,), batch_size=32, max_iter=N_EPOCHS, random_state=0)
RATES = {"optimizer__learning_rate": [1e-4, 1e-3, 1e-2]}
TWO_PASSES = RATES | {"batch_size": [32, 64]}
PIPELINE = Pipeline([("scale", StandardScaler()), ("model", MLP)])


class Recorder:
    """Writes down the tree of tasks, as paths of names and numbers, and what they announce."""

    def __init__(self, stop_at=None):
        self.stop_at = stop_at
        self.begun, self.ended, self.totals, self.rows = [], [], {}, set()

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context, *, X, y):
        self.begun.append(path_of(context))
        self.totals[path_of(context)] = context.max_subtasks
        if context.task_name == "pass":
            self.rows.add((len(X), len(y)))

    def on_fit_task_end(self, estimator, context):
        self.ended.append(path_of(context))
        return context.task_name == "epoch" and path_of(context)[1:] == self.stop_at

    def children(self, name):
        """Return how many tasks there were in each task of a name, by name."""
        return [
            Counter(child[-1][0] for child in self.ended if child[:-1] == path)
            for path in self.ended
            if path[-1][0] == name
        ]


class PropagatedRecorder(Recorder):
    """Set on a search, it is told of the refit and of fits alone, too."""

    max_propagation_depth = 1


def path_of(context):
    own = (context.task_name, context.task_id)
    return (own,) if context.parent is None else (*path_of(context.parent), own)


def recorded(search, recorder=None):
    recorder = PropagatedRecorder() if recorder is None else recorder
    search.set_callbacks(recorder).fit(*CLASSES)
    # Every task is told once when it begins and once when it ends, before its parent does.
    assert Counter(recorder.begun) == Counter(recorder.ended)
    assert max(Counter(recorder.ended).values()) == 1
    order = {path: k for k, path in enumerate(recorder.ended)}
    assert all(order[path] < order[path[:-1]] for path in order if len(path) > 1)
    return recorder


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_task_per_pass_and_fold_with_its_epochs(n_jobs):
    recorder = recorded(FusedGridSearchCV(MLP, TWO_PASSES, cv=3, n_jobs=n_jobs))
    (search,) = recorder.children("search")
    assert search.total() == 6 * 3  # as many as fits, so the bar of the search is full
    assert search["pass"] == 2 * 3
    assert recorder.children("pass") == [{"epoch": N_EPOCHS}] * 6
    assert recorder.rows == {(100, 100)}
    assert {recorder.totals[path] for path in recorder.begun if path[-1][0] == "pass"} == {N_EPOCHS}


@pytest.mark.parametrize("most", [2, 0])
@pytest.mark.filterwarnings("ignore:Memory ran out:RuntimeWarning")
def test_epochs_in_which_memory_runs_out_are_closed(monkeypatch, most):
    def train(jobs, data, placement, observer, *args, original=passes.train, **params):
        if len(jobs) > most:
            observer.epoch_begins()
            raise MemoryError
        return original(jobs, data, placement, observer, *args, **params)

    monkeypatch.setattr(passes, "train", train)
    search = FusedGridSearchCV(MLP, RATES, cv=2, error_score=-1.0, refit=False)
    if most:
        first, other = recorded(search).children("pass")
        assert first["epoch"] == 1 + 2 * N_EPOCHS
        assert other["epoch"] == 2 * N_EPOCHS
    else:
        with pytest.raises(ValueError, match="All the 6 fits failed"):
            recorded(search)


def passes_of(recorder):
    return [path for path in recorder.begun if path[-1][0] == "pass"]


def searches_are_full(recorder, name="search"):
    """Whether tasks of that name had as many subtasks as they had announced."""
    paths = [path for path in recorder.ended if path[-1][0] == name]
    counts = recorder.children(name)
    return all(count.total() == recorder.totals[p] for p, count in zip(paths, counts, strict=True))


def test_the_bar_of_the_search_moves_evenly():
    grid = {"penalty__alpha": [10.0**-k for k in range(9)]}
    recorder = recorded(FusedGridSearchCV(MLP, grid, cv=2, refit=False))
    of_first_pass = recorder.ended[: recorder.ended.index(passes_of(recorder)[0])]
    assert [path[-1][0] for path in of_first_pass] == ["fit", "fit", "epoch"] * N_EPOCHS


def test_refits_have_their_task_too():
    recorder = recorded(FusedGridSearchCV(MLP, RATES, cv=2))
    plain = recorded(GridSearchCV(MLP, RATES, cv=2))
    refit = [path for path in recorder.ended if path[:2] == (("fit", 0), ("fit", 1))]
    assert refit == [path for path in plain.ended if path[:2] == (("fit", 0), ("fit", 1))]
    assert len(refit) == N_EPOCHS + 1


def test_parts_of_a_pass_have_a_task_each():
    recorder = recorded(FusedGridSearchCV(MLP, RATES, cv=3, n_jobs=2))
    assert len(passes_of(recorder)) == 2 + 2
    assert searches_are_full(recorder)


def test_a_pass_in_pieces_is_one_task():
    recorder = recorded(FusedGridSearchCV(MLP, RATES, cv=2, max_memory="1KB"))
    assert recorder.children("pass") == [{"epoch": 3 * N_EPOCHS}] * 2
    assert {recorder.totals[path] for path in passes_of(recorder)} == {3 * N_EPOCHS}
    assert searches_are_full(recorder)


def test_rounds_within_a_time_limit():
    settings = {"n_iter": 10, "cv": 2, "random_state": 0, "max_time": 600}
    grid = {"optimizer__learning_rate": [10 ** -(1 + k / 5) for k in range(10)]}
    recorder = recorded(FusedRandomizedSearchCV(MLP, grid, **settings))
    assert len(passes_of(recorder)) == 2 * 2  # four candidates, then six
    assert searches_are_full(recorder)


def test_a_search_that_runs_out_of_time_ends_its_task():
    grid = {"optimizer__learning_rate": [10 ** -(1 + k / 5) for k in range(10)]}
    search = FusedRandomizedSearchCV(MLP, grid, cv=2, random_state=0, max_time=1e-9)
    with pytest.warns(UserWarning, match="were used up after 4 of 10"):
        recorder = recorded(search)
    assert recorder.children("search")[0].total() == 4 * 2


def test_halving_that_runs_out_of_time_ends_its_tasks():
    settings = {"resource": "max_iter", "min_resources": 2, "max_resources": 6, "max_time": 1e-9}
    search = FusedHalvingGridSearchCV(MLP, RATES, cv=2, random_state=0, **settings)
    with pytest.warns(UserWarning, match="were used up after 1 rung"):
        recorder = recorded(search)
    assert len(passes_of(recorder)) == 2


def test_several_fits_of_a_candidate_are_one_pass():
    rates = {f"estimator__{name}": values for name, values in RATES.items()}
    recorder = recorded(FusedGridSearchCV(OneVsRestClassifier(MLP), rates, cv=2), Recorder())
    assert recorder.children("pass") == [{"epoch": 3 * N_EPOCHS}] * 2
    assert {recorder.totals[path] for path in passes_of(recorder)} == {3 * N_EPOCHS}
    assert searches_are_full(recorder)


@pytest.mark.parametrize("search_class", [FusedHalvingGridSearchCV, FusedHalvingRandomSearchCV])
def test_survivors_have_only_the_epochs_that_are_left(search_class):
    settings = {"resource": "max_iter", "min_resources": 2, "max_resources": 6, "cv": 2}
    if search_class is FusedHalvingRandomSearchCV:
        settings["n_candidates"] = 3
    search = search_class(MLP, RATES, random_state=0, **settings)
    recorder = recorded(search)
    assert search.n_resources_ == [2, 6]
    assert [recorder.totals[path] for path in passes_of(recorder)] == [2, 2, 4, 4]
    assert recorder.children("pass") == [{"epoch": n} for n in (2, 2, 4, 4)]
    assert searches_are_full(recorder, "halving-iteration")
    assert searches_are_full(recorder)


def test_halving_over_rows():
    search = FusedHalvingGridSearchCV(MLP, RATES, min_resources=50, cv=2, random_state=0)
    recorder = recorded(search)
    assert recorder.children("pass") == [{"epoch": N_EPOCHS}] * 4
    assert searches_are_full(recorder, "halving-iteration")


def test_pipelines_and_candidates_alone():
    grid = [
        {"model__optimizer__learning_rate": [1e-3, 1e-2]},
        {"model": [LogisticRegression(), RidgeClassifier()]},
    ]
    search = FusedGridSearchCV(PIPELINE, grid, cv=2, n_jobs=2, refit=False)
    recorder = recorded(search, Recorder())  # estimators that take no callbacks warn of others
    (counts,) = recorder.children("search")
    assert counts == {"pass": 2, "fit": 2, "candidate-split-evaluation": 4}
    assert recorder.rows == {(75, 75)}


def failing(X):
    raise ValueError("of the step")


def test_candidates_that_fail_fill_the_bar():
    grid = [
        {"model__optimizer__learning_rate": [1e-2, 1e-3]},
        {"model__optimizer__learning_rate": [-1.0]},  # is refused
        {"scale": [FunctionTransformer(failing)], "model__penalty__alpha": [1e-3, 1e-2]},
    ]
    search = FusedGridSearchCV(PIPELINE, grid, cv=2)
    with (
        pytest.warns(FitFailedWarning, match="6 fits failed out of a total of 10"),
        pytest.warns(UserWarning, match="non-finite"),
    ):
        recorder = recorded(search)
    assert searches_are_full(recorder)


def test_a_callback_stops_one_pass():
    stop_at = (("search", 0), ("pass", 0), ("epoch", 1))
    search = FusedGridSearchCV(MLP, TWO_PASSES, cv=2)
    recorder = recorded(search, PropagatedRecorder(stop_at))
    epochs = [count["epoch"] for count in recorder.children("pass")]
    assert sorted(epochs) == [2, N_EPOCHS, N_EPOCHS, N_EPOCHS]
    lengths = [[len(curve) for curve in of_splits] for of_splits in search.loss_curves_]
    sizes = [params["batch_size"] for params in search.cv_results_["params"]]
    assert lengths == [[2, N_EPOCHS] if size == 32 else [N_EPOCHS] * 2 for size in sizes]


def test_without_callbacks_there_are_no_tasks_to_tell(monkeypatch):
    made = []

    def counting(context, **settings):
        made.append(settings["task_name"])
        return subcontext(context, **settings)

    subcontext = CallbackContext.subcontext
    monkeypatch.setattr(CallbackContext, "subcontext", counting)
    FusedGridSearchCV(MLP, TWO_PASSES, cv=3).fit(*CLASSES)
    assert made == ["search", "refit-with-best-params", *["epoch"] * N_EPOCHS]


def test_the_scoring_monitor_has_nothing_to_score_in_a_pass():
    monitor = ScoringMonitor(scoring="accuracy")
    FusedGridSearchCV(MLP, RATES, cv=2, refit=False).set_callbacks(monitor).fit(*CLASSES)
    with pytest.raises(ValueError, match="No logs"):
        monitor.get_logs()


class Told(Recorder):
    """Writes down which weights a search tells of, by the name of the task."""

    def __init__(self):
        self.weights = {}

    def on_fit_task_begin(self, estimator, context, *, metadata):
        weight = None if metadata is None else metadata["sample_weight"].tolist()
        self.weights.setdefault(context.task_name, []).append(weight)

    def on_fit_task_end(self, estimator, context, *, metadata):
        self.at_the_end = metadata


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("estimator", [MLP, RidgeClassifier()], ids=["fused", "alone"])
def test_callbacks_are_told_of_weights_as_scikit_learn_tells_them(estimator, weights):
    ours, theirs = Told(), Told()
    for search_class, recorder in ((FusedGridSearchCV, ours), (GridSearchCV, theirs)):
        search = search_class(estimator, {"random_state": [0]}, cv=3).set_callbacks(recorder)
        search.fit(*CLASSES, sample_weight=weights)
    assert ours.at_the_end == theirs.at_the_end
    assert {*theirs.weights} == {
        "fit",
        "search",
        "candidate-split-evaluation",
        "refit-with-best-params",
    }
    if estimator is MLP:
        of_epochs = ours.weights.pop("epoch")
        ours.weights["candidate-split-evaluation"] = ours.weights.pop("pass")
        assert of_epochs[::N_EPOCHS] == ours.weights["candidate-split-evaluation"]
    assert ours.weights == theirs.weights


@pytest.mark.filterwarnings("ignore:.*test scores are non-finite")
def test_callbacks_are_told_of_weights_where_candidates_fail():
    grid = {"batch_size": [32, -1], "optimizer__learning_rate": [1e-3, 1e-2]}
    recorder = Told()
    search = FusedGridSearchCV(MLP, grid, cv=2, refit=False).set_callbacks(recorder)
    with pytest.warns(FitFailedWarning):
        search.fit(*CLASSES, sample_weight=WEIGHTS)
    of_passes = recorder.weights["pass"]
    assert [len(weight) for weight in of_passes] == [75, 75]
    refused = recorder.weights["candidate-split-evaluation"]
    assert [refused.count(weight) for weight in of_passes] == [2, 2]


# Bars


def bars(printed):
    """Return the descriptions of all bars in what was printed last."""
    return re.findall(r"^ *(\S.*?) +━+ +(\d+)%", printed, flags=re.MULTILINE)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_bars_of_the_search_and_of_the_refit_but_not_of_every_pass(capsys, n_jobs):
    search = FusedGridSearchCV(MLP, RATES, cv=2, n_jobs=n_jobs).set_callbacks(ProgressBar())
    search.fit(*CLASSES)
    names = [
        "FusedGridSearchCV - fit",
        "FusedGridSearchCV - search #0",
        "FusedGridSearchCV - refit-with-best-params | MLPClassifier - fit #1",
    ]
    printed = bars(capsys.readouterr().out)
    assert sorted(printed) == sorted((name, "100") for name in names)


def test_bars_from_other_processes(capsys):
    search = FusedGridSearchCV(MLP, RATES, cv=2).set_callbacks(ProgressBar())
    with joblib.parallel_config("loky", n_jobs=2):
        search.fit(*CLASSES)
    printed = bars(capsys.readouterr().out)
    assert ("FusedGridSearchCV - search #0", "100") in printed
    assert len(printed) == 3
