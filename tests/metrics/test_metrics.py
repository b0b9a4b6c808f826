"""Scores of a stack are scikit-learn's, fit by fit."""

import array_api_strict
import numpy as np
import pytest
from sklearn import metrics as theirs

from skopt_suite.backends import Placement, to_numpy
from skopt_suite.metrics import (
    CLASSIFICATION_METRICS,
    OF_MEANS,
    REGRESSION_METRICS,
    accuracy,
    r2,
)

N_FITS, N_SAMPLES = 3, 12
RNG = np.random.default_rng(0)
WEIGHTS = {
    "no weights": None,
    "weights": RNG.uniform(size=N_SAMPLES),
    "weights of every fit": RNG.integers(1, 4, (N_FITS, N_SAMPLES)).astype(float),
}
PARTS = slice(0, 5), slice(5, 6), slice(6, N_SAMPLES)
REFERENCES = {
    "accuracy": theirs.accuracy_score,
    "r2": theirs.r2_score,
    "neg_mean_squared_error": theirs.mean_squared_error,
    "neg_root_mean_squared_error": theirs.root_mean_squared_error,
    "neg_mean_absolute_error": theirs.mean_absolute_error,
}
STRICT = Placement(array_api_strict, array_api_strict.Device("CPU_DEVICE"))


def reference(name, y, predictions, weight):
    """Return scikit-learn's score of every fit."""
    weights = [None] * N_FITS if weight is None else np.broadcast_to(weight, (N_FITS, N_SAMPLES))
    sign = -1 if name.startswith("neg_") else 1
    return [
        sign * REFERENCES[name](y, predicted, sample_weight=w)
        for predicted, w in zip(predictions, weights, strict=True)
    ]


def strict(metric, y, scored, weight):
    """Return scores computed with nothing but the array API."""
    arrays = [None if a is None else STRICT.asarray(a) for a in (y, scored, weight)]
    return to_numpy(metric(*arrays))


def check(name, metric, y, scored, predictions, weight, targets=None):
    expected = reference(name, y if targets is None else targets, predictions, weight)
    found = metric(y, scored, weight)
    assert found.shape == (N_FITS,)
    assert found.dtype == scored.dtype
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_allclose(strict(metric, y, scored, weight), expected, rtol=1e-12)
    if weight is None:
        of_means = OF_MEANS[metric]
        sums = [of_means.values(y[rows], scored[:, rows]).sum(axis=1) for rows in PARTS]
        np.testing.assert_allclose(of_means.score(sum(sums) / N_SAMPLES, y), expected, rtol=1e-12)


def test_every_metric_has_a_reference_and_the_name_of_a_scorer():
    assert {*CLASSIFICATION_METRICS, *REGRESSION_METRICS} == {*REFERENCES}
    assert {*REFERENCES} <= {*theirs.get_scorer_names()}


@pytest.mark.parametrize("weight", WEIGHTS.values(), ids=WEIGHTS)
@pytest.mark.parametrize("n_outputs", [1, 2])
@pytest.mark.parametrize("name", REGRESSION_METRICS)
def test_regression(name, n_outputs, weight):
    y = RNG.normal(size=(N_SAMPLES, n_outputs))
    prediction = y + RNG.normal(size=(N_FITS, N_SAMPLES, n_outputs))
    check(name, REGRESSION_METRICS[name], y, prediction, prediction, weight)


@pytest.mark.parametrize("weight", WEIGHTS.values(), ids=WEIGHTS)
def test_accuracy_of_classes(weight):
    y = RNG.integers(0, 4, N_SAMPLES)
    raw = RNG.normal(size=(N_FITS, N_SAMPLES, 4))
    check("accuracy", accuracy, y[:, None], raw, raw.argmax(axis=-1), weight, targets=y)


@pytest.mark.parametrize("weight", WEIGHTS.values(), ids=WEIGHTS)
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_accuracy_of_two_classes_and_of_labels(n_outputs, weight):
    y = RNG.integers(0, 2, (N_SAMPLES, n_outputs)).astype(float)
    raw = RNG.normal(size=(N_FITS, N_SAMPLES, n_outputs))
    check("accuracy", accuracy, y, raw, raw > 0, weight, targets=y.astype(bool))


@pytest.mark.parametrize("weight", WEIGHTS.values(), ids=WEIGHTS)
def test_r2_of_targets_that_are_all_the_same(weight):
    y = np.stack([np.zeros(N_SAMPLES), np.arange(N_SAMPLES)], axis=1)
    prediction = np.stack([y, y + 1.0, y * 0])
    check("r2", r2, y, prediction, prediction, weight)


def test_nan_is_not_hidden():
    prediction = np.zeros((2, N_SAMPLES, 1))
    prediction[1, 3] = np.nan
    for metric in REGRESSION_METRICS.values():
        scores = metric(np.arange(N_SAMPLES)[:, None] + 1.0, prediction)
        assert np.isnan(scores).tolist() == [False, True]
