"""Searches with backend="cupy" of rows on the host, on a fake card."""

import array_api_strict
import numpy as np
import pytest
import scipy.sparse

import skopt_suite.model_selection._engine.passes as passes
from skopt_suite import MLPClassifier
from skopt_suite.model_selection import FusedGridSearchCV

from .fake_cupy import FakeCSC, FakeCSR

RNG = np.random.default_rng(0)
X = scipy.sparse.random_array((60, 20), density=0.3, format="csr", rng=RNG)
Y = (X.sum(axis=1) > 3).astype(int)
SETTINGS = {"max_iter": 3, "random_state": 0, "dtype": "float64"}
RATES = {"optimizer__learning_rate": [1e-3, 1e-2, 1e-1]}


def search(**settings):
    return FusedGridSearchCV(MLPClassifier((6,), **SETTINGS, **settings), RATES, cv=3)


@pytest.mark.parametrize("rows", [X, X.toarray()], ids=["sparse", "dense"])
def test_results_are_those_of_the_host(gpu, rows):
    expected, found = search().fit(rows, Y), search(backend="cupy").fit(rows, Y)
    for name in ("mean_test_score", "std_test_score"):
        np.testing.assert_allclose(found.cv_results_[name], expected.cv_results_[name])
    assert type(found.predict(rows)) is np.ndarray
    np.testing.assert_array_equal(found.predict(rows), expected.predict(rows))


@pytest.mark.parametrize("container", [FakeCSR, FakeCSC])
@pytest.mark.parametrize("scoring", ["accuracy", "matthews_corrcoef"])
def test_sparse_rows_on_the_card(gpu, container, scoring):
    expected = search().set_params(scoring=scoring).fit(X, Y)
    found = search().set_params(scoring=scoring).fit(container(X), array_api_strict.asarray(Y))
    np.testing.assert_allclose(
        found.cv_results_["mean_test_score"], expected.cv_results_["mean_test_score"]
    )
    assert found.score(container(X), Y) == pytest.approx(expected.score(X, Y))
    assert "array_api_strict" in type(found.predict(container(X))).__module__


@pytest.mark.parametrize("free, n_passes", [(2**30, 3), (2**15, 9)])
def test_passes_fit_into_the_memory_of_the_card(gpu, monkeypatch, free, n_passes):
    module = "skopt_suite.backends.resources._free_memory"
    monkeypatch.setattr(f"{module}._free_of_gpu", lambda placement: free)
    sizes = []

    def train(jobs, *args, original=passes.train, **params):
        sizes.append(len(jobs))
        return original(jobs, *args, **params)

    monkeypatch.setattr(passes, "train", train)
    search(backend="cupy").fit(X.toarray(), Y)
    assert len(sizes) == n_passes
