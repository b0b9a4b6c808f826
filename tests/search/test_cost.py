"""``cost_`` of a search: what it took, in all its processes."""

import pickle
import threading

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skopt_suite import MLPClassifier
from skopt_suite.backends.resources import Energy, _usage, peak_memory
from skopt_suite.ensemble import FusedBaggingClassifier
from skopt_suite.model_selection import FusedGridSearchCV, FusedHalvingGridSearchCV, SearchCost
from skopt_suite.model_selection._engine.meter import Meter, Share

X = np.random.default_rng(0).normal(size=(20, 3))
Y = np.arange(20) % 2
MLP = MLPClassifier((2,), max_iter=3, tol=None, early_stopping=False, random_state=0)
RATES = {"optimizer__learning_rate": [1e-3, 2e-3, 4e-3]}

# rows of a fold, times folds, times epochs of a pass; and those of the refit
PASS, REFIT = 10 * 2 * 3, 20 * 3


@pytest.mark.parametrize(
    ("estimator", "grid", "n_rows"),
    [
        (MLP, RATES, PASS + REFIT),
        (MLP, {"batch_size": [5, 10]}, 2 * PASS + REFIT),
        (MLP, {"max_iter": [3, 2]}, PASS + REFIT),
        (FusedBaggingClassifier(MLP, random_state=0), {"n_estimators": [2]}, PASS + REFIT),
        (GaussianNB(), {"var_smoothing": [1e-9, 1e-8]}, 0),
        (FusedGridSearchCV(MLP, RATES, cv=2), {"cv": [2]}, 2 * (5 * 2 * 3 + 10 * 3) + PASS + REFIT),
    ],
    ids=["one pass", "two passes", "a shorter fit", "members", "of another package", "nested"],
)
def test_rows_are_counted_once_a_pass(estimator, grid, n_rows):
    assert FusedGridSearchCV(estimator, grid, cv=2).fit(X, Y).cost_.n_rows == n_rows


def test_halving_counts_what_its_rungs_train():
    halving = FusedHalvingGridSearchCV(
        MLP, RATES, resource="max_iter", min_resources=1, max_resources=3, cv=2, refit=False
    )
    assert halving.fit(X, Y).cost_.n_rows == PASS


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_figures_are_plausible(n_jobs):
    pipe = make_pipeline(StandardScaler(), MLP)
    grid = {"mlpclassifier__batch_size": [5, 10]}
    cost = FusedGridSearchCV(pipe, grid, cv=2, n_jobs=n_jobs).fit(X, Y).cost_
    assert cost.n_rows == 2 * PASS + REFIT
    assert 0 < cost.core_seconds < 60
    assert 0 < cost.wall_seconds < 600
    assert 2**25 < cost.peak_memory < 2**40
    assert cost.joules is None or cost.joules >= 0
    assert pickle.loads(pickle.dumps(cost)) == cost


def test_time_of_tasks_that_share_a_process_counts_once():
    meter = Meter()
    for span in [(1.0, 3.0), (2.0, 4.0), (2.5, 3.5), (6.0, 7.0)]:
        meter.add(Share(("there", 1), span, n_rows=1, peak_memory=10))
    meter.add(Share(("there", 2), (0.0, 5.0), n_rows=2, peak_memory=30))
    with meter.running():
        pass
    assert meter.core_seconds == pytest.approx(4 + 5, abs=0.1)
    assert meter.n_rows == 6
    assert meter.peak_memory == pytest.approx(40 + peak_memory(), rel=0.1)


def test_what_others_train_beside_a_search_is_not_its_own():
    def scorer(estimator, X, y):
        other = threading.Thread(target=MLP.fit, args=(X, y))
        other.start()
        other.join()
        return 0.0

    search = FusedGridSearchCV(MLP, RATES, cv=2, scoring=scorer)
    assert search.fit(X, Y).cost_.n_rows == PASS + REFIT


@pytest.fixture
def powercap(tmp_path, monkeypatch):
    """Return what sets the counters of two processors, which begin anew at 1,000 joules."""
    monkeypatch.setattr(_usage, "_POWERCAP", tmp_path)

    def set_counters(*joules):
        for zone, value in zip(
            ["intel-rapl:0", "intel-rapl:0:0", "intel-rapl:1"], joules, strict=True
        ):
            (tmp_path / zone).mkdir(exist_ok=True)
            (tmp_path / zone / "energy_uj").write_text(f"{int(1e6 * value)}\n")
            (tmp_path / zone / "max_energy_range_uj").write_text("1000000000\n")
        return Energy.now()

    return set_counters


def test_energy_is_that_of_all_processors(powercap):
    before, after = powercap(10, 500, 990), powercap(12.5, 900, 20)  # one begins anew
    assert after.joules_since(before, 1.0) == pytest.approx(2.5 + 30)


def test_energy_is_not_told_where_nobody_knows_it(powercap, tmp_path):
    assert Energy.now().joules_since(Energy.now(), 1.0) is None
    before, after = powercap(1, 0, 1), powercap(2, 0, 2)
    assert after.joules_since(before, 10.0) is None  # so many joules may be any
    (tmp_path / "intel-rapl:1" / "energy_uj").write_text("")
    assert Energy.now().joules_since(before, 1.0) is None


def test_memory_is_told_without_proc(monkeypatch, tmp_path):
    there = peak_memory()
    monkeypatch.setattr(_usage, "_STATUS", tmp_path / "status")
    assert peak_memory() == pytest.approx(there, rel=0.2)


@pytest.mark.parametrize(
    ("cost", "words"),
    [
        (
            SearchCost(3.14, 1.7, 2_400_000, 310 * 2**20, None),
            "3.1 core-seconds in 1.7 s, 2.4 million rows, 310 MB, energy not told by this machine",
        ),
        (
            SearchCost(45_000.0, 0.0123, 12_345, 30 * 2**30, 84.2),
            "45,000 core-seconds in 0.012 s, 12,345 rows, 30 GB, 84.2 joules",
        ),
    ],
)
def test_its_text_is_for_people(cost, words):
    assert repr(cost) == f"SearchCost: {words}"


def test_scikit_learns_searches_of_ours_are_as_they_were():
    assert not hasattr(GridSearchCV(MLP, RATES, cv=2).fit(X, Y), "cost_")
