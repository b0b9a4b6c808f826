"""A weight of n is n copies of the row, where training is random and so only true on average.

It stands in for scikit-learn's two sample-weight-equivalence checks. Each model is trained with
many seeds, with integer weights and on repeated rows, in equally many steps. The mean of the learnt
function must be the same within four standard errors, plus a twentieth of what ignoring the
weights would change (weighted minibatches are a little noisier, and noise has a bias of second
order). That ignoring them changes much more than chance does is part of the test.
"""

import numpy as np
import pytest
from sklearn.base import clone, is_classifier

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.optimizers import SGD, Adam
from skopt_suite.penalties import L2

N_SEEDS = 20
# Adam's steps are smaller where gradients are noisier: only where it has converged is that no bias.
CONVERGES = {"penalty": L2(0.1), "schedule": "cosine"}
MODELS = [
    LinearClassifier(optimizer=SGD(0.03)),
    LinearClassifier(optimizer=Adam(0.1), **CONVERGES, dtype="float32"),
    LinearRegressor(optimizer=SGD(0.01)),
    LinearRegressor(loss="huber", optimizer=Adam(0.1), **CONVERGES),
    MLPClassifier((4,), "tanh", optimizer=SGD(0.05)),
    MLPRegressor((4,), "tanh", dropout=0.2, optimizer=SGD(0.01)),
]


def _label(model):
    return " ".join(repr(model).split())


@pytest.mark.parametrize("model", MODELS, ids=_label)
def test_weights_equal_repetition_on_average(model):
    X, y, weight = _data(is_classifier(model))
    repeated = _learn(model, X.repeat(weight, axis=0), y.repeat(weight), None)
    weighted = _learn(model, X, y, weight)
    ignored = _learn(model, X, y, None)
    effect, effect_error = _mean_difference(ignored, repeated)
    difference, error = _mean_difference(weighted, repeated)
    assert np.max(effect / effect_error) > 8
    assert np.all(difference <= 4 * error + 0.05 * effect.max())


def _data(is_classification):
    """60 rows, half of them with weight 3; weights are related to the noise."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(60, 3))
    signal = X @ [1.0, -2.0, 0.5] + rng.normal(size=60) + np.abs(X[:, 0])
    is_high = signal > np.median(signal)
    return X, is_high.astype(int) if is_classification else signal, np.where(is_high, 3, 1)


def _learn(model, X, y, weight):
    """The learnt function at ten points, (N_SEEDS, 10)."""
    points = np.random.RandomState(1).normal(size=(10, 3))
    learnt = []
    for seed in range(N_SEEDS):
        fitted = clone(model).set_params(random_state=seed, batch_size=len(X) // 6, max_iter=40)
        fitted.set_params(tol=0).fit(X, y, sample_weight=weight)
        function = fitted.decision_function if is_classifier(model) else fitted.predict
        learnt.append(function(points))
    return np.array(learnt)


def _mean_difference(a, b):
    """Absolute difference of means at every point, and its standard error; seeds are paired."""
    difference = a - b
    error = difference.std(axis=0, ddof=1) / np.sqrt(len(a))
    return np.abs(difference.mean(axis=0)), error
