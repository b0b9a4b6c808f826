"""Correlations of features are found in some rows where there are very many."""

import numpy as np
import pytest

from skopt_suite import LinearClassifier
from skopt_suite.optimizers.algebra import _moments as moments
from skopt_suite.penalties import L2
from skopt_suite.training import _linear_view as linear_view

RNG = np.random.default_rng(0)
MIX = RNG.normal(size=(6, 6))
X = np.hstack([RNG.normal(size=(4000, 6)) @ MIX + 3, np.arange(4000)[:, None] == [[2]]])
WEIGHT = RNG.integers(0, 3, size=(2, 4000)) / 1.0


@pytest.mark.parametrize("weight", [None, WEIGHT / WEIGHT.mean(axis=1, keepdims=True)])
def test_means_and_variances_are_those_of_all_rows(weight):
    sampled, whole = moments.sampled_moments(X, weight, True, 4), moments.moments([X], weight, True)
    np.testing.assert_allclose(sampled.mean, whole.mean)
    diagonals = [np.linalg.diagonal(found.second) for found in (sampled, whole)]
    np.testing.assert_allclose(*diagonals, rtol=1e-9)
    scale = np.sqrt(diagonals[0][:, :, None] * diagonals[0][:, None, :])
    np.testing.assert_allclose(sampled.second / scale, whole.second / scale, atol=0.1)


def test_of_all_rows_they_are_the_moments():
    sampled, whole = moments.sampled_moments(X, None, True, 1), moments.moments([X], None, True)
    np.testing.assert_allclose(sampled.second, whole.second, rtol=1e-9, atol=1e-12)


def test_a_sample_is_enough_for_as_few_iterations(monkeypatch):
    y = (X[:, 0] > 3).astype(int) ^ (RNG.random(4000) < 0.1)
    model = LinearClassifier(penalty=L2(1e-4), optimizer="lbfgs", tol=1e-8)
    whole = model.fit(X, y)
    n_iter, loss = whole.n_iter_, whole.loss_
    monkeypatch.setattr(moments, "_FEWEST_ROWS", 200)
    assert linear_view.rows_of_sample(7) == 200
    seen = []
    found = moments.sampled_moments
    monkeypatch.setattr(
        "skopt_suite.training._rows.sampled_moments", lambda *a: seen.append(a[3]) or found(*a)
    )
    sampled = model.fit(X, y)
    assert seen == [20]
    np.testing.assert_allclose(sampled.loss_, loss, rtol=1e-8)
    assert sampled.n_iter_ <= n_iter + 4
