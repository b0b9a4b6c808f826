"""Searches that were interrupted give the same results as those that were not."""

import errno
import itertools
import pickle
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import loguniform
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.datasets import make_classification
from sklearn.ensemble import BaggingClassifier
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skopt_suite.model_selection._engine.time_limit as time_limit
from skopt_suite import Checkpoint, CheckpointWarning, LinearClassifier, MLPClassifier
from skopt_suite.ensemble import FusedBaggingClassifier
from skopt_suite.model_selection import (
    FusedGridSearchCV,
    FusedHalvingGridSearchCV,
    FusedHalvingRandomSearchCV,
    FusedRandomizedSearchCV,
)
from skopt_suite.model_selection._engine import passes
from skopt_suite.model_selection._engine.kept import KeptSearch
from skopt_suite.model_selection._engine.memory import Budget
from skopt_suite.model_selection._engine.outcome import Outcome
from skopt_suite.training._loop import _Pass

from .interrupted import Interrupted, fitted_in_pieces, interrupted_after

X, Y = make_classification(90, 5, n_informative=4, n_redundant=0, n_classes=3, random_state=0)
NETWORK = MLPClassifier((4,), max_iter=4, batch_size=16, random_state=0)
GRID = {
    "optimizer__learning_rate": [1e-2, 1e9],
    "optimizer": ["adamw", "sgd"],
    "penalty__alpha": [1e-3, 0.1],
    "dropout": [0.1, 0.4],
}
PIPE = make_pipeline(StandardScaler(), NETWORK)
OF_PIPE = {"mlpclassifier__activation": ["relu", "tanh"], "mlpclassifier__dropout": [0.0, 0.2]}
RATES = {"optimizer__learning_rate": [1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3]}
FOREIGN = {"estimator": [LogisticRegression(), LinearClassifier(max_iter=3, random_state=0)]}
SEARCHES = {
    "grid": FusedGridSearchCV(NETWORK, GRID, cv=3, return_train_score=True, n_jobs=2),
    "grid of pipelines": FusedGridSearchCV(
        PIPE, OF_PIPE, cv=KFold(3), scoring=["accuracy", "f1_macro"], refit="accuracy"
    ),
    "grid in pieces": FusedGridSearchCV(NETWORK, GRID, cv=2, max_memory=40_000),
    "full batch": FusedGridSearchCV(
        LinearClassifier(optimizer="fista", tol=1e-3), {"penalty__alpha": np.logspace(-3, 0, 6)}
    ),
    "one against the rest": FusedGridSearchCV(
        OneVsRestClassifier(NETWORK), {"estimator__penalty__alpha": [1e-3, 0.1]}, cv=2
    ),
    "foreign": FusedGridSearchCV(BaggingClassifier(n_estimators=2, random_state=0), FOREIGN, cv=5),
    "ensembles": FusedGridSearchCV(
        FusedBaggingClassifier(NETWORK, n_estimators=2, random_state=0),
        {"estimator__penalty__alpha": [1e-3, 0.1]},
        cv=2,
    ),
    "halving": FusedHalvingGridSearchCV(
        NETWORK, RATES, resource="max_iter", min_resources=2, max_resources=8, factor=2, cv=2
    ),
    "halving of rows": FusedHalvingRandomSearchCV(
        NETWORK,
        {"optimizer__learning_rate": loguniform(1e-4, 0.1)},
        n_candidates=4,
        min_resources=40,
        factor=2,
        cv=2,
        random_state=np.random.RandomState(0),
    ),
    "halving with time": FusedHalvingGridSearchCV(
        NETWORK, RATES, resource="max_iter", min_resources=2, max_resources=6, cv=2, max_time=1e6
    ),
    "random": FusedRandomizedSearchCV(
        clone(NETWORK).set_params(random_state=None),
        {"optimizer__learning_rate": loguniform(1e-4, 0.1)},
        n_iter=5,
        cv=KFold(2, shuffle=True),
        max_time=1e6,
    ),
}


def numbers_of(search):
    """Return results without times, and curves."""
    results = {k: v for k, v in search.cv_results_.items() if "time" not in k}
    curves = [curve for of_splits in search.loss_curves_ for curve in of_splits]
    return results, curves


def assert_same(search, other):
    (a, curves), (b, of_other) = numbers_of(search), numbers_of(other)
    assert a.keys() == b.keys()
    for name in a:
        if name.startswith("param"):
            assert str(a[name]) == str(b[name])
        else:
            np.testing.assert_array_equal(a[name], b[name], name)
    for curve, same in zip(curves, of_other, strict=True):
        np.testing.assert_array_equal(curve, same)
    assert str(search.best_params_) == str(other.best_params_)
    ours, theirs = search.best_estimator_, other.best_estimator_
    if getattr(ours, "random_state", 0) is not None:  # else the refit draws
        np.testing.assert_array_equal(ours.predict_proba(X), theirs.predict_proba(X))


@pytest.mark.filterwarnings("ignore:.*:sklearn.exceptions.FitFailedWarning")
@pytest.mark.filterwarnings("ignore:One or more of the t.* scores are non-finite")
@pytest.mark.parametrize("name", SEARCHES)
def test_interrupted_again_and_again(name, tmp_path):
    """What is drawn from the global source of random numbers is something else in every call."""
    seeds = itertools.count()

    def fit(folder):
        np.random.seed(next(seeds))  # noqa: NPY002
        return clone(SEARCHES[name]).fit(X, Y, checkpoint=Checkpoint(folder, every=0))

    if name == "random":
        whole, seeds = fit(tmp_path / "whole"), itertools.count()
    else:
        whole = clone(SEARCHES[name]).fit(X, Y)
    again, n_calls = fitted_in_pieces(lambda: fit(tmp_path / "run"), n_epochs=9)
    assert n_calls > 1
    assert_same(again, whole)
    assert_same(fit(tmp_path / "run"), whole)


def test_a_search_on_chunks(tmp_path):
    chunks = [(X[part], Y[part]) for part in np.array_split(np.arange(len(X)), 4)]
    search = SEARCHES["full batch"]
    whole = clone(search).fit(chunks)
    again, n_calls = fitted_in_pieces(
        lambda: clone(search).fit(chunks, checkpoint=Checkpoint(tmp_path / "run", every=0)), 9
    )
    assert n_calls > 1
    assert_same(again, whole)
    with pytest.raises(ValueError, match="X was rows in chunks"):
        clone(search).fit(chunks[::-1], checkpoint=tmp_path / "run")


SMALL = FusedGridSearchCV(NETWORK, {"penalty__alpha": [1e-3, 0.1]}, cv=2)


@pytest.fixture
def folder(tmp_path):
    """Of a search that was interrupted in the pass on its second split."""
    with interrupted_after(7), pytest.raises(Interrupted):
        fit(SMALL, tmp_path / "run")
    return tmp_path / "run"


def fit(search, folder, X=X, y=Y, **params):
    return clone(search).fit(X, y, checkpoint=Checkpoint(folder, every=0), **params)


def test_what_is_done_is_not_trained_again(folder, monkeypatch):
    n_epochs, run_epoch = [], _Pass._run_epoch
    monkeypatch.setattr(_Pass, "_run_epoch", lambda self: (n_epochs.append(1), run_epoch(self)))
    assert_same(fit(SMALL, folder), clone(SMALL).fit(X, Y))
    assert len(n_epochs) == 2 + 4 + 3 * 4  # of the second split, the refit, and all again
    fit(SMALL, folder)
    assert len(n_epochs) == 18
    assert not list((folder / "running").iterdir())


REFUSED = {
    "penalty__alpha": {"param_grid": {"penalty__alpha": [1e-3, 0.2]}},
    "cv was 2 and is 3": {"cv": 3},
    "scoring was None and is 'f1_macro'": {"scoring": "f1_macro"},
    "estimator__max_iter was 4 and is 5": {"estimator__max_iter": 5},
}


@pytest.mark.parametrize("text", REFUSED)
def test_another_search_is_refused(text, folder):
    with pytest.raises(ValueError, match=rf"FusedGridSearchCV: .*is of another search.*{text}"):
        fit(clone(SMALL).set_params(**REFUSED[text]), folder)


def test_other_data_is_refused(folder):
    with pytest.raises(ValueError, match="of another search: X was"):
        fit(SMALL, folder, X + 1)
    with pytest.raises(ValueError, match="fit parameter sample_weight was not there and is"):
        fit(SMALL, folder, sample_weight=np.ones(len(Y)))
    with pytest.raises(ValueError, match=r"MLPClassifier: checkpoint=.* is of another search"):
        NETWORK.fit(X, Y, checkpoint=folder)


def test_other_candidates_and_folds_are_refused(tmp_path):
    """Of those that parameters do not tell."""

    class Folds:
        n_splits = 0

        def split(self, X, y, groups=None):
            Folds.n_splits += 1
            yield from KFold(2, shuffle=True, random_state=Folds.n_splits).split(X)

        def get_n_splits(self, X, y, groups=None):
            return 2

    search = clone(SMALL).set_params(cv=Folds())
    with interrupted_after(3), pytest.raises(Interrupted):
        fit(search, tmp_path / "run")
    with pytest.raises(ValueError, match="of another search: cv splits otherwise"):
        fit(search, tmp_path / "run")

    alphas = iter([0.1, 0.2])

    class Drawn(FusedGridSearchCV):
        def _run_search(self, evaluate_candidates):
            evaluate_candidates([{"penalty__alpha": next(alphas)}])

    search = Drawn(NETWORK, {}, cv=2)
    with interrupted_after(3), pytest.raises(Interrupted):
        fit(search, tmp_path / "drawn")
    with pytest.raises(ValueError, match=r"candidate 0 was {penalty__alpha=0.* and is"):
        fit(search, tmp_path / "drawn")


def test_workers_and_lines_may_differ(folder, capsys):
    again = fit(clone(SMALL).set_params(n_jobs=2, verbose=1), folder)
    assert_same(again, clone(SMALL).fit(X, Y))


def test_rows_that_are_seen_otherwise_are_begun_anew(tmp_path):
    """A step that draws gives others: a pass on those of the last call would go on with these."""
    pipe = make_pipeline(Noisy(), NETWORK)
    search = FusedGridSearchCV(pipe, {"mlpclassifier__penalty__alpha": [1e-3, 0.1]}, cv=2)
    with interrupted_after(3), pytest.raises(Interrupted):
        fit(search, tmp_path / "run")
    epochs = []
    with pytest.MonkeyPatch.context() as patch:
        end = _Pass._end_epoch
        patch.setattr(
            _Pass, "_end_epoch", lambda self, *args: (epochs.append(self.epoch), end(self, *args))
        )
        fit(search, tmp_path / "run")
    assert epochs == 3 * [1, 2, 3, 4]
    shutil.rmtree(tmp_path / "run" / "refit")
    for n_epochs in (1, 4):  # of the refit, which begins anew
        with interrupted_after(n_epochs), pytest.raises(Interrupted):
            fit(search, tmp_path / "run")


class Noisy(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X + 1e-3 * np.random.default_rng().normal(size=X.shape)


@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
def test_pieces_stay_where_memory_is_another(tmp_path, monkeypatch):
    search = SEARCHES["grid in pieces"]
    with interrupted_after(2), pytest.raises(Interrupted):
        fit(search, tmp_path / "run")
    sizes = []
    whole = passes.train
    monkeypatch.setattr(
        passes,
        "train",
        lambda jobs, *args, **more: sizes.append(len(jobs)) or whole(jobs, *args, **more),
    )
    monkeypatch.setattr(Budget, "of_a_pass", lambda *_: 10**9)
    with pytest.warns(FitFailedWarning):
        fit(search, tmp_path / "run")
    assert sizes[0] < sizes[-1]


def test_a_damaged_outcome_is_trained_again(folder):
    (file,) = (folder / "outcomes").iterdir()
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.warns(CheckpointWarning, match="is damaged"):
        assert_same(fit(SMALL, folder), clone(SMALL).fit(X, Y))


def test_damaged_folds_are_an_error(folder):
    """Others would have been drawn."""
    file = folder / "folds-0.checkpoint"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"folds-0.checkpoint is damaged"):
        fit(SMALL, folder)


def test_nothing_is_kept_without_its_folds(tmp_path, monkeypatch):
    """They could not be written, and what was trained on them would go on with others."""
    opened = Path.open

    def full(self, *args, **more):
        if self.name.startswith("folds") and args == ("wb",):
            raise OSError(errno.ENOSPC, "No space left on device")
        return opened(self, *args, **more)

    search = clone(SMALL).set_params(refit=False)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", full)
        with pytest.warns(CheckpointWarning, match="nothing was written"):
            fit(search, tmp_path / "run")
    assert not (tmp_path / "run" / "outcomes").exists()


def test_a_full_disk_warns_once(tmp_path, monkeypatch):
    def full(number):
        if (tmp_path / "run" / "checkpoint.json").exists():
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.warns(CheckpointWarning, match="nothing was written") as caught:
        again = fit(SMALL, tmp_path / "run")
    kinds = [one.category for one in caught]
    assert kinds.count(CheckpointWarning) == 2  # of the search, and of the refit
    assert_same(again, clone(SMALL).fit(X, Y))


def test_time_that_was_used_up_counts(monkeypatch):
    """Every candidate takes a second."""
    clock = [0.0]
    monkeypatch.setattr(time_limit, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    kept = SimpleNamespace(used=0.0, rounds=[])
    rounds = time_limit.rounds_of(list(range(24)), 14, kept)
    for size, seconds in (4, 4.0), (8, 4.0):  # and then it is killed
        assert len(next(rounds)) == size
        clock[0] += seconds
    kept.used, clock[0] = 8.0, 0.0
    rounds = time_limit.rounds_of(list(range(24)), 14, kept)
    assert len(next(rounds)) == 4  # which are done
    assert len(next(rounds)) == 8
    clock[0] += 4.0
    assert len(next(rounds)) == 2
    clock[0] += 2.0
    assert not list(rounds)


def test_what_is_kept_goes_to_other_processes(tmp_path):
    kept = KeptSearch.of(SMALL, tmp_path / "run")
    kept.begin(SMALL, X, Y, {})
    of_round = pickle.loads(pickle.dumps(kept.round([{"alpha": 1}])))
    of_round.keep(1, [Outcome(0, {"test_scores": np.float64(0.5)})])
    assert of_round.outcomes()[1, 0].scored == {"test_scores": 0.5}


def test_a_search_is_as_before(tmp_path):
    random = FusedRandomizedSearchCV(NETWORK, RATES, n_iter=2, cv=2)
    search = random.fit(X, Y, checkpoint=tmp_path / "run")
    assert search.random_state is None
    assert not hasattr(pickle.loads(pickle.dumps(search)), "_kept") or search._kept is None
