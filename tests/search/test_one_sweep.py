"""Searches on rows that are read in chunks: as in memory, and all folds read them together."""

import subprocess
import sys
import threading
from itertools import pairwise

import dask.array
import numpy as np
import pytest
import scipy.sparse
import sklearn
from sklearn.base import clone
from sklearn.exceptions import FitFailedWarning
from sklearn.metrics import get_scorer
from sklearn.model_selection import GroupKFold, RepeatedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skopt_suite.model_selection._engine.sweeps.reads as reads
import skopt_suite.model_selection._engine.sweeps.runner as runner
from skopt_suite import Checkpoint, LinearClassifier, LinearRegressor, MLPClassifier
from skopt_suite.chunks import _order, _readers, _rows
from skopt_suite.model_selection import (
    FusedGridSearchCV,
    FusedHalvingGridSearchCV,
    FusedRandomizedSearchCV,
    fused_cross_validate,
)

RNG = np.random.default_rng(0)
N_ROWS = 1003
X = RNG.normal(size=(N_ROWS, 5)) + np.arange(5)
NUMBERS = (X - X.mean(axis=0)) @ RNG.normal(size=5) + RNG.normal(size=N_ROWS)
Y = np.array(["no", "yes"])[(NUMBERS > 0.5).astype(int)]
WEIGHT = RNG.random(N_ROWS) + 0.5
SLICES = [slice(*pair) for pair in pairwise([0, 100, 350, 351, 500, 700, 900, N_ROWS])]
ALPHAS = {"penalty__alpha": np.logspace(-5, 0, 20)}
FEW = {"penalty__alpha": [0.01, 0.1, 1]}
LBFGS = LinearClassifier(optimizer="lbfgs", tol=1e-10)
EPOCHS = {"max_iter": 4, "tol": None, "random_state": 0, "batch_size": 32}
SGD = LinearClassifier(optimizer="sgd", **EPOCHS)
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Let few rows be many: every limit is one of some kilobytes."""
    monkeypatch.setattr(_readers, "SMALL", 1000)
    monkeypatch.setattr(_readers, "_CHUNK", 8000)
    monkeypatch.setattr(_order, "GROUP", 12000)
    monkeypatch.setattr(_rows, "HELD", 100)
    monkeypatch.setattr(_rows, "_BLOCK", 6000)
    monkeypatch.setattr(reads, "_KEPT", 100)


class Days:
    """Chunks that count how often they are read."""

    def __init__(self, *columns):
        self.columns, self.n_read = columns, 0

    def __len__(self):
        return len(SLICES)

    def __getitem__(self, i):
        self.n_read += 1
        return tuple(column[SLICES[i]] for column in self.columns)

    def sweeps(self):
        n_read, self.n_read = self.n_read, 0
        return n_read / len(self)


def in_file(folder, X):
    np.save(folder / "X.npy", X)
    return np.load(folder / "X.npy", mmap_mode="r")


KINDS = {
    "map": lambda folder, y: (in_file(folder, X), y),
    "sequence": lambda folder, y: (Days(X, y), None),
    "callable": lambda folder, y: (lambda: map(Days(X, y).__getitem__, range(7)), None),
    "dask": lambda folder, y: (dask.array.from_array(X, chunks=(300, 5)), dask.array.from_array(y)),
    "sparse": lambda folder, y: (Days(scipy.sparse.csr_array(X), y), None),
}
MODELS = [
    clone(LBFGS).set_params(class_weight="balanced", standardize=True),
    LinearRegressor(optimizer="closed_form"),
    LinearRegressor(penalty="l1", tol=1e-10),
    LinearClassifier(optimizer="sgd", shuffle=False, **EPOCHS),
]


@pytest.mark.parametrize(
    ("kind", "k"), [("map", 0), ("sequence", 1), ("callable", 2), ("dask", 3), ("sparse", 0)]
)
def test_the_same_as_in_memory(kind, k, tmp_path):
    y = NUMBERS if isinstance(MODELS[k], LinearRegressor) else Y
    given = KINDS[kind](tmp_path, y)
    expected = FusedGridSearchCV(MODELS[k], ALPHAS, return_train_score=True).fit(X, y)
    found = FusedGridSearchCV(MODELS[k], ALPHAS, return_train_score=True, n_jobs=2).fit(*given)
    assert found.best_params_ == expected.best_params_
    for name in ("mean_test_score", "std_test_score", "mean_train_score"):
        np.testing.assert_allclose(found.cv_results_[name], expected.cv_results_[name], atol=1e-6)
    np.testing.assert_allclose(
        found.best_estimator_.coef_, expected.best_estimator_.coef_, atol=1e-5
    )
    assert found.n_features_in_ == 5


@pytest.mark.parametrize("model", [LBFGS, SGD, LinearClassifier(optimizer="newton_cg")])
def test_a_grid_reads_as_often_as_a_fit(model):
    days = Days(X, Y)
    model.set_params(penalty__alpha=1e-5).fit(days)  # which takes longest
    of_one = days.sweeps()
    search = FusedGridSearchCV(model, ALPHAS, refit=False, scoring="neg_log_loss").fit(days)
    of_all = days.sweeps()
    assert of_all < 1.3 * of_one + 2
    report = search.fusion_report_
    assert report.n_sweeps == pytest.approx(of_all, abs=0.5)
    assert f"all folds together: {report.n_sweeps:.1f} sweeps" in repr(report)
    assert search.cost_.n_rows == pytest.approx(of_all * len(X), rel=0.1)


def test_passes_that_end_at_different_times_read_together():
    model = LinearClassifier(optimizer="sgd", random_state=0, tol=1e-2)
    search = FusedGridSearchCV(model, {"batch_size": [20, 80]}, refit=False).fit(Days(X, Y))
    n_epochs = np.array([[len(curve) for curve in one] for one in search.loss_curves_])
    assert np.ptp(n_epochs, axis=1).all()
    assert search.fusion_report_.n_sweeps < 1.2 * n_epochs.max(axis=1).sum() + 3


def test_networks_that_stop_early_read_together_and_are_as_good():
    model, days = MLPClassifier((4,), random_state=0, max_iter=30), Days(X, Y)
    model.fit(days)
    of_one = days.sweeps()
    grid = {"optimizer__learning_rate": [1e-3, 1e-2, 0.1]}
    found = FusedGridSearchCV(model, grid, refit=False, scoring="neg_log_loss").fit(days)
    assert days.sweeps() < 1.5 * of_one + 2
    expected = FusedGridSearchCV(model, grid, scoring="neg_log_loss").fit(X, Y)
    scores = [one.cv_results_["mean_test_score"] for one in (found, expected)]
    np.testing.assert_allclose(*scores, atol=0.05)


def test_a_fit_in_a_fold_is_the_fit_to_its_chunks_alone():
    is_test = np.arange(N_ROWS) % 3 == 0
    cv = [(np.flatnonzero(~is_test), np.flatnonzero(is_test))] * 2
    scored = fused_cross_validate(
        SGD, Days(X, Y, WEIGHT), cv=cv, return_estimator=True, return_indices=True
    )
    np.testing.assert_array_equal(scored["indices"]["test"][1], np.flatnonzero(is_test))
    alone = [tuple(column[rows][~is_test[rows]] for column in (X, Y, WEIGHT)) for rows in SLICES]
    for model in scored["estimator"]:
        np.testing.assert_allclose(model.coef_, SGD.fit(alone).coef_, rtol=1e-12)


def test_splitters_scorers_and_memory():
    groups = np.arange(N_ROWS) // 50
    settings = {"scoring": {"a": "roc_auc", "b": "accuracy"}, "refit": "b"}
    for cv, more in (
        (GroupKFold(3), {"groups": groups}),
        (RepeatedKFold(n_splits=2, n_repeats=2), {}),
    ):
        settings["cv"] = list(cv.split(X, Y, **more)) if not more else cv
        expected = FusedGridSearchCV(LBFGS, FEW, **settings).fit(X, Y, **more)
        found = FusedGridSearchCV(LBFGS, FEW, max_memory=1, **settings).fit(Days(X, Y), **more)
        for name in ("mean_test_a", "mean_test_b"):
            np.testing.assert_allclose(found.cv_results_[name], expected.cv_results_[name], 1e-6)


@pytest.mark.parametrize("scoring", [None, "neg_median_absolute_error"])
def test_weights_of_chunks_count_where_given_ones_do(scoring):
    search = FusedGridSearchCV(LinearRegressor(), FEW, scoring=scoring, cv=3)
    expected = search.fit(X, NUMBERS, sample_weight=WEIGHT)
    scores, coef = expected.cv_results_["mean_test_score"], expected.best_estimator_.coef_
    search.fit(Days(X, NUMBERS, WEIGHT))
    np.testing.assert_allclose(search.cv_results_["mean_test_score"], scores, atol=1e-6)
    np.testing.assert_allclose(search.best_estimator_.coef_, coef, atol=1e-4)


def test_scorers_may_read_rows():
    def score(model, X, y):
        return float((model.predict(X[: len(y)]) == y).mean())

    expected = FusedGridSearchCV(LBFGS, {"penalty__alpha": [0.1, 1]}).fit(X, Y)
    found = FusedGridSearchCV(LBFGS, {"penalty__alpha": [0.1, 1]}, scoring=score).fit(Days(X, Y))
    np.testing.assert_allclose(
        found.cv_results_["mean_test_score"], expected.cv_results_["mean_test_score"]
    )


@pytest.mark.parametrize("scoring", [None, "accuracy", "roc_auc"])
def test_the_best_is_scored_on_chunks(scoring):
    search = FusedGridSearchCV(LBFGS, FEW, scoring=scoring, cv=3).fit(Days(X, Y))
    expected = search.score(X, Y)
    assert search.score(Days(X, Y)) == pytest.approx(expected)
    assert search.score(Days(X), Y) == pytest.approx(expected)
    with pytest.raises(ValueError, match="requires y to be passed"):
        search.score(Days(X))


def test_weights_of_chunks_go_to_scorers_that_ask_for_weights():
    weight = np.where(Y == "yes", 5, 0.1)
    with sklearn.config_context(enable_metadata_routing=True):
        model = clone(LBFGS).set_fit_request(sample_weight=False)
        scorer = get_scorer("accuracy").set_score_request(sample_weight=True)
        search = FusedGridSearchCV(model, FEW, scoring=scorer, cv=3).fit(Days(X, Y, weight))
        expected = search.score(X, Y, sample_weight=weight)
        assert search.score(Days(X, Y, weight)) == pytest.approx(expected)
        with pytest.raises(ValueError, match="sample_weight must be left out where chunks have"):
            search.score(Days(X, Y, weight), sample_weight=weight)


def test_many_folds_are_read_some_at_a_time(monkeypatch):
    monkeypatch.setattr(runner, "_AT_ONCE", 2)
    days = KINDS["callable"](None, NUMBERS)[0]
    model = LinearRegressor(optimizer="closed_form")
    found = fused_cross_validate(model, days, cv=5)["test_score"]
    np.testing.assert_allclose(found, fused_cross_validate(model, X, NUMBERS, cv=5)["test_score"])


def test_halving_and_limits_of_time():
    search = FusedHalvingGridSearchCV(
        SGD, ALPHAS, resource="max_iter", min_resources=2, max_resources=6, cv=2, n_jobs=2
    )
    expected = search.set_params(estimator=SGD.set_params(shuffle=False)).fit(X, Y).cv_results_
    found = search.fit(Days(X, Y)).cv_results_
    np.testing.assert_allclose(found["mean_test_score"], expected["mean_test_score"], 1e-6)
    timed = FusedRandomizedSearchCV(SGD, ALPHAS, n_iter=3, max_time=100, random_state=0, cv=2)
    assert len(timed.fit(Days(X, Y)).cv_results_["params"]) == 3


def test_maps_are_arrays_for_what_needs_them(tmp_path):
    file, grid = in_file(tmp_path, X), {"optimizer": ["lbfgs", "coordinate_descent"]}
    found = FusedGridSearchCV(LBFGS, grid, cv=2).fit(file, Y)
    score = found.cv_results_["mean_test_score"]
    assert score[0] == pytest.approx(score[1], abs=1e-6)
    pipeline = make_pipeline(StandardScaler(), LBFGS)
    assert FusedGridSearchCV(pipeline, {"standardscaler__with_std": [True]}, cv=2).fit(file, Y)


def test_a_candidate_that_fails_leaves_the_others_alone():
    model = LinearClassifier(optimizer="sgd", loss="squared_hinge", **EPOCHS)
    grid = [{"optimizer__learning_rate": [1e-3, 1e9]}, {"penalty__alpha": [-1]}, {"verbose": [1]},
            {"optimizer": ["coordinate_descent"]}]  # fmt: skip
    search = FusedGridSearchCV(model, grid, cv=2, refit=False)
    with pytest.warns(FitFailedWarning) as caught, pytest.warns(UserWarning, match="non-finite"):
        search.fit(Days(X, Y))
    (said,) = [str(one.message) for one in caught if one.category is FitFailedWarning]
    for text in ("diverged", "alpha must be", "X is read in chunks, and so", "needs all of X"):
        assert text in said
    assert np.isnan(search.cv_results_["mean_test_score"]).tolist() == [False, *[True] * 4]


def test_a_precision_that_is_too_small_fails_alone():
    days, grid = Days(X * 1e30, Y), {"dtype": ["float64", "float32"]}
    search = FusedGridSearchCV(clone(LBFGS).set_params(standardize=True), grid, cv=2, refit=False)
    with (
        pytest.warns(FitFailedWarning, match="X must not exceed"),
        pytest.warns(UserWarning, match="non-finite"),
    ):
        scores = search.fit(days).cv_results_["mean_test_score"]
    assert np.isnan(scores).tolist() == [False, True]


class Broken(Days):
    def __init__(self, *columns, n_reads=20):
        super().__init__(*columns)
        self.n_reads = n_reads

    def __getitem__(self, i):
        if self.n_read > self.n_reads:
            raise OSError("the disk is gone")
        return super().__getitem__(i)


def test_a_search_that_was_killed_goes_on(tmp_path):
    search = FusedGridSearchCV(SGD, {"batch_size": [20, 40]}, cv=3, refit=False)
    expected = search.fit(Days(X, Y)).cv_results_["mean_test_score"]
    n_rows, of_all = search.cost_.n_rows, search.fusion_report_.n_sweeps
    assert n_rows == pytest.approx(of_all * N_ROWS, rel=0.1)
    checkpoint = Checkpoint(tmp_path, every=0)
    with pytest.raises(OSError, match="the disk is gone"):
        search.fit(Broken(X, Y, n_reads=60), checkpoint=checkpoint)
    found = search.fit(Days(X, Y), checkpoint=checkpoint)
    np.testing.assert_array_equal(found.cv_results_["mean_test_score"], expected)
    assert found.cost_.n_rows < n_rows
    assert found.fusion_report_.n_sweeps < of_all


@pytest.mark.parametrize(
    ("chunks", "error", "match"),
    [
        (Broken(X, Y), OSError, "the disk is gone"),
        (Days(X), ValueError, "y must be given where chunks have none"),
        (iter([(X, Y)]), TypeError, "an iterator gives its chunks only once"),
    ],
)
def test_errors_of_chunks_end_all_folds(chunks, error, match):
    before = threading.active_count()
    with pytest.raises(error, match=match):
        FusedGridSearchCV(LBFGS, ALPHAS).fit(chunks)
    assert threading.active_count() == before


def test_an_error_that_is_to_be_raised_ends_all_folds():
    grid = {"penalty__alpha": [0.1, -1.0]}
    with pytest.raises(ValueError, match="alpha must be"):
        FusedGridSearchCV(LBFGS, grid, error_score="raise").fit(Days(X, Y))


def test_what_is_refused():
    pipeline = make_pipeline(StandardScaler(), LBFGS)
    with pytest.raises(TypeError, match=r"got Pipeline\. Give such an estimator, with standardize"):
        FusedGridSearchCV(pipeline, {"standardscaler__with_std": [True]}).fit(Days(X, Y))
    with pytest.raises(TypeError, match="verbose=1 prints a line"):
        FusedGridSearchCV(LinearClassifier(verbose=1), ALPHAS).fit(Days(X, Y))
    with pytest.raises(ValueError, match="3 rows, 2 of them distinct"):
        FusedGridSearchCV(LBFGS, ALPHAS, cv=[([0, 1, 1], [2])]).fit(Days(X, Y))
    with pytest.raises(ValueError, match="y must have 1003 entries, one for every row of X; got 9"):
        FusedGridSearchCV(LBFGS, ALPHAS).fit(Days(X), Y[:9])


MEMORY = """
import sys, warnings
import numpy as np
from skopt_suite import LinearClassifier
from skopt_suite.backends import peak_memory
from skopt_suite.model_selection import FusedGridSearchCV

warnings.simplefilter("ignore")
X = np.lib.format.open_memmap(sys.argv[1], mode="r")
y = np.arange(len(X), dtype=np.int8) % 2
model = LinearClassifier(optimizer="lbfgs", max_iter=1, dtype="float32")
search = FusedGridSearchCV(model, {"penalty__alpha": [0.1, 1]}, cv=4, refit=False)
search.fit(np.array(X[:1000]), y[:1000])
before = peak_memory()
search.fit(X, y)
print((peak_memory() - before) / 2**20)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the most memory of a process is Linux's")
def test_folds_are_no_copies(tmp_path):
    name, shape = str(tmp_path / "X.npy"), (400_000, 50)
    rows = np.lib.format.open_memmap(name, "w+", np.float64, shape)  # zeros take no disk
    rows[::1000] = RNG.normal(size=(400, 50))
    rows.flush()
    del rows
    found = subprocess.run([sys.executable, "-c", MEMORY, name], check=True, capture_output=True)
    assert float(found.stdout) < 120  # MB, of 160
