"""What goes into estimators and searches and what comes out, on which side."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, cross_val_score

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier
from skopt_suite.backends import to_numpy
from skopt_suite.model_selection import (
    FusedGridSearchCV,
    FusedHalvingGridSearchCV,
    fused_cross_val_score,
    fused_cross_validate,
)

from ..search import with_dispatch

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

X, Y = load_digits(return_X_y=True)
X, Y = X[:300] / 16, Y[:300]
LINEAR = LinearClassifier(max_iter=30, dtype="float64")
NETWORK = MLPClassifier((16,), max_iter=4, random_state=0, dtype="float64")
GRIDS = [
    pytest.param(LINEAR, {"penalty__alpha": [1e-3, 1e-1]}, id="linear"),
    pytest.param(NETWORK, {"optimizer__learning_rate": [1e-3, 1e-2]}, id="network"),
]
METHODS = ["predict", "predict_proba", "predict_log_proba", "decision_function"]


def on_card(array):
    import cupy

    return cupy.asarray(array)


def is_on_card(array):
    return type(array).__module__.startswith("cupy")


@pytest.mark.parametrize("backend", ["auto", "numpy", "cupy"])
@pytest.mark.parametrize("fitted_on, asked_on", [(0, 1), (1, 0), (1, 1), (0, 0)])
def test_answers_come_where_the_rows_are(backend, fitted_on, asked_on):
    model = LinearClassifier(max_iter=30, backend=backend)
    expected = LinearClassifier(max_iter=30).fit(X, Y)
    sides = (lambda array: array), on_card
    model.fit(sides[fitted_on](X), sides[1 - fitted_on](Y))
    rows = sides[asked_on](X)
    for method in METHODS:
        answer = getattr(model, method)(rows)
        assert is_on_card(answer) == bool(asked_on)
        wanted = getattr(expected, method)(X)
        np.testing.assert_allclose(to_numpy(answer), wanted, rtol=1e-3, atol=1e-3)
    assert model.score(rows, Y) == model.score(rows, on_card(Y)) == expected.score(X, Y)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_precision_of_the_rows_is_kept(dtype):
    model = LinearRegressor().fit(on_card(X.astype(dtype)), Y)
    assert model.predict(on_card(X.astype(dtype))).dtype == dtype
    assert model.predict(X.astype(dtype)).dtype == dtype


def test_held_out_rows_may_be_on_the_other_side():
    curves = []
    for side, other in [(on_card, np.asarray), (np.asarray, on_card)]:
        model = NETWORK.fit(side(X), Y, X_val=other(X[::3]), y_val=Y[::3])
        curves.append(model.validation_scores_)
    np.testing.assert_allclose(*curves, rtol=1e-6)


def test_partial_fit_goes_on_with_rows_on_the_other_side():
    sides = [(np.asarray, np.asarray), (np.asarray, on_card), (on_card, np.asarray)]
    found = []
    for first, then in sides:
        model = MLPClassifier((8,), random_state=0, dtype="float64", optimizer="adam")
        model.partial_fit(first(X), Y, classes=np.unique(Y)).partial_fit(then(X), Y)
        found.append(model.predict_proba(X))
    np.testing.assert_allclose(found[1], found[0], rtol=1e-5)
    np.testing.assert_allclose(found[2], found[0], rtol=1e-5)


@pytest.mark.parametrize("scoring", [None, "accuracy", "matthews_corrcoef"])
@pytest.mark.parametrize("model, grid", GRIDS)
def test_fused_search(model, grid, scoring):
    search = FusedGridSearchCV(model, grid, cv=3, scoring=scoring, error_score="raise")
    host, device = clone(search).fit(X, Y), clone(search).fit(on_card(X), on_card(Y))
    name = "mean_test_score"
    np.testing.assert_allclose(device.cv_results_[name], host.cv_results_[name], atol=0.01)
    assert is_on_card(device.predict(on_card(X)))
    assert not is_on_card(device.predict(X))
    assert device.score(on_card(X), on_card(Y)) == pytest.approx(host.score(X, Y), abs=0.01)
    assert device.score(X, Y) == pytest.approx(host.score(X, Y), abs=0.01)


def test_fused_search_moves_rows_of_the_host():
    host, device = (
        FusedGridSearchCV(LINEAR, {"backend": [backend], "penalty__alpha": [1e-3, 1e-1]}, cv=3).fit(
            X, Y
        )
        for backend in ("numpy", "cupy")
    )
    name = "mean_test_score"
    np.testing.assert_allclose(device.cv_results_[name], host.cv_results_[name], atol=0.01)
    assert type(device.predict(X)) is np.ndarray


def test_candidates_alone_and_halving_and_cross_validation():
    alone = FusedGridSearchCV(LINEAR, {"verbose": [0, 1]}, cv=3, scoring="roc_auc_ovr")
    assert is_on_card(alone.fit(on_card(X), on_card(Y)).predict(on_card(X)))
    halving = FusedHalvingGridSearchCV(LINEAR, {"penalty__alpha": [1e-3, 1e-1]}, factor=2, cv=3)
    assert is_on_card(halving.fit(on_card(X), on_card(Y)).predict(on_card(X)))
    folds = fused_cross_validate(LINEAR, on_card(X), on_card(Y), cv=3, return_estimator=True)
    assert all(is_on_card(one.coef_) for one in folds["estimator"])
    scores = fused_cross_val_score(LINEAR, on_card(X), Y, cv=3)
    np.testing.assert_allclose(scores, fused_cross_val_score(LINEAR, X, Y, cv=3), atol=0.02)


def test_searches_of_scikit_learn_take_rows_on_the_card_and_targets_on_the_host():
    search = GridSearchCV(LINEAR, {"penalty__alpha": [1e-3, 1e-1]}, cv=3, error_score="raise")
    assert is_on_card(search.fit(on_card(X), Y).predict(on_card(X)))
    assert cross_val_score(LINEAR, on_card(X), Y, cv=3).mean() > 0.8


def test_searches_of_scikit_learn_take_all_where_its_dispatch_is_on():
    with_dispatch.run("cupy", "accuracy")


@pytest.mark.parametrize("model, grid", GRIDS)
def test_memory_that_runs_out_makes_passes_smaller(model, grid, monkeypatch):
    import cupy

    import skopt_suite.model_selection._engine.passes as passes

    def train(jobs, *args, original=passes.train, **params):
        if len(jobs) > 1:
            cupy.empty(2**47, dtype="uint8")  # more than any card has
        return original(jobs, *args, **params)

    monkeypatch.setattr(passes, "train", train)
    search = FusedGridSearchCV(model, grid, cv=3, error_score="raise")
    with pytest.warns(RuntimeWarning, match="Memory ran out in a pass of 2 fits, which now has"):
        search.fit(on_card(X), on_card(Y))


def test_memory_that_runs_out_in_a_fit_is_explained(monkeypatch):
    import cupy

    import skopt_suite.estimators._base as fits

    monkeypatch.setattr(fits, "train", lambda *args, **params: cupy.empty(2**47, dtype="uint8"))
    with pytest.raises(MemoryError, match=r"Out of memory allocating [0-9,]+ bytes.*batch_size"):
        MLPClassifier((8,), backend="cupy").fit(X, Y)


LOAD = """
import pickle, sys
import numpy as np

class Missing:
    def find_spec(self, name, *args):
        if name.partition(".")[0] in ("cupy", "cupyx"):
            raise ImportError(name)

sys.meta_path.insert(0, Missing())
models, X, y = pickle.load(open("saved.pkl", "rb"))
found = [model.predict_proba(X) for model in models]
found += [models[-1].partial_fit(X, y).predict_proba(X)]
pickle.dump((found, models), open("found.pkl", "wb"))
"""


def test_models_are_saved_on_one_side_and_go_on_on_the_other(tmp_path):
    search = FusedGridSearchCV(NETWORK, {"optimizer__learning_rate": [1e-3, 1e-2]}, cv=3)
    best = search.fit(on_card(X), on_card(Y)).best_estimator_
    going = MLPClassifier((8,), random_state=0, dtype="float64", optimizer="adam")
    going.partial_fit(on_card(X), Y, classes=np.unique(Y))
    saved = [best, going]
    expected = [model.predict_proba(on_card(X)).get() for model in saved]
    (tmp_path / "saved.pkl").write_bytes(pickle.dumps((saved, X, Y)))
    subprocess.run([sys.executable, "-c", LOAD], cwd=tmp_path, check=True)
    expected.append(going.partial_fit(on_card(X), Y).predict_proba(on_card(X)).get())
    found, models = pickle.loads((tmp_path / "found.pkl").read_bytes())
    for one, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, wanted, rtol=1e-5, atol=1e-8)
    again = models[-1].partial_fit(on_card(X), on_card(Y)).predict_proba(on_card(X))
    assert is_on_card(again)
    wanted = going.partial_fit(on_card(X), Y).predict_proba(on_card(X))
    np.testing.assert_allclose(again.get(), wanted.get(), rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(3_000_001, 7), (21_000_000,)])
def test_large_arrays_are_copied_piece_by_piece(shape, dtype):
    """By several threads, also behind what has been asked of the card before."""
    import cupy

    from skopt_suite.backends import placement_for

    values = np.random.default_rng(0).random(shape, dtype=np.float32)
    there = placement_for("cupy").asarray(values, dtype=dtype)
    assert there.dtype == dtype
    expected = cupy.asarray(values).astype(dtype)
    assert bool((there == expected).all())
    np.testing.assert_array_equal(to_numpy(2 * expected), 2 * values.astype(dtype))
