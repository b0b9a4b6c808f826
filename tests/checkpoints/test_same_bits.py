"""Fits that were interrupted end with the same bits as those that were not."""

import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.datasets import make_classification, make_regression

from skopt_suite import (
    Adam,
    AverageWeights,
    Checkpoint,
    ClipGradient,
    LinearClassifier,
    LinearRegressor,
    Lookahead,
    MLPClassifier,
    MLPRegressor,
    ReduceOnPlateau,
    Warmup,
)

from .interrupted import fitted_in_pieces

CLASSES = make_classification(330, 8, n_informative=5, n_classes=3, random_state=0)
NUMBERS = make_regression(120, 8, n_informative=4, noise=5.0, random_state=0)
NETWORK = {"hidden_layer_sizes": (9, 5), "max_iter": 7, "random_state": 0}
FITS = {
    "adam": MLPClassifier(**NETWORK, optimizer="adam", dropout=0.2, early_stopping=True),
    "prodigy": MLPClassifier(**NETWORK, optimizer="prodigy", early_stopping=False),
    "muon": MLPClassifier(**NETWORK, optimizer="muon", input_dropout=0.1),
    "schedule free": MLPClassifier(**NETWORK, optimizer="schedule_free_adamw"),
    "batch normalisation": MLPClassifier(**NETWORK, normalization="batch", dtype="float32"),
    "plateau": MLPRegressor(
        **NETWORK,
        schedule=Warmup(ReduceOnPlateau(patience=1, threshold=0.5), n_epochs=2),
        dtype="float32",
    ),
    "averages": MLPClassifier(**NETWORK, optimizer=AverageWeights(ClipGradient(Adam()))),
    "lookahead": MLPClassifier(**NETWORK, optimizer=Lookahead("sgd"), batch_size=32),
    "network by lbfgs": MLPRegressor(**NETWORK, optimizer="lbfgs"),
    "sgd": LinearClassifier(optimizer="sgd", max_iter=6, random_state=0, class_weight="balanced"),
    "sgd l1": LinearRegressor(optimizer="sgd", penalty="l1", max_iter=6, random_state=0),
    "lbfgs": LinearClassifier(optimizer="lbfgs", max_iter=9),
    "fista": LinearClassifier(optimizer="fista", penalty="l1", max_iter=9),
    "newton": LinearClassifier(optimizer="newton_cholesky", tol=1e-12),
    "newton_cg": LinearClassifier(optimizer="newton_cg", tol=1e-12),
    "conjugate gradients": LinearRegressor(penalty="l2", optimizer="newton_cg", tol=1e-12),
    "coordinates": LinearClassifier(loss="squared_hinge", optimizer="coordinate_descent", tol=1e-9),
    "coordinates of moments": LinearRegressor(
        optimizer="coordinate_descent", penalty="elastic_net", tol=1e-12, dtype="float32"
    ),
    "interior point": LinearRegressor(optimizer="interior_point", loss="absolute_error"),
    "smoothed": LinearRegressor(optimizer="lbfgs", loss="absolute_error"),
    "saga": LinearRegressor(optimizer="saga", penalty="l1", max_iter=9, random_state=0),
    "dual": LinearClassifier(loss="hinge", optimizer="dual_coordinate_descent", max_iter=9),
    "closed form": LinearRegressor(optimizer="closed_form"),
}


def data_of(model):
    return CLASSES if is_classifier(model) else NUMBERS


def learnt(model):
    """Return all that is learnt, but for what is an object."""
    layers = [np.asarray(one) for part in (*model._layers(), model._others()) for one in part]
    numbers = model.loss_, model.n_iter_, model.stop_reason_, model.best_validation_score_
    return layers, numbers, model.loss_curve_, model.validation_scores_


def assert_same(model, other):
    for a, b in zip(learnt(model)[0], learnt(other)[0], strict=True):
        np.testing.assert_array_equal(a, b)
    assert learnt(model)[1:] == learnt(other)[1:]
    np.testing.assert_array_equal(*(getattr(one, "dual_gap_", None) for one in (model, other)))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", FITS)
def test_interrupted_after_every_epoch(name, tmp_path):
    """Each call makes one epoch."""
    model, (X, y) = FITS[name], data_of(FITS[name])
    weight = np.linspace(0.5, 1.5, len(y))
    whole = clone(model).fit(X, y, sample_weight=weight)
    checkpoint = Checkpoint(tmp_path / "run", every=0)
    again, n_calls = fitted_in_pieces(
        lambda: clone(model).fit(X, y, sample_weight=weight, checkpoint=checkpoint)
    )
    assert n_calls == whole.n_iter_ + 1
    assert_same(again, whole)


def test_rows_that_are_read_chunk_by_chunk(tmp_path):
    X, y = NUMBERS
    chunks = [(X[:50], y[:50]), (X[50:90], y[50:90]), (X[90:], y[90:])]
    model, checkpoint = FITS["sgd l1"], Checkpoint(tmp_path / "run", every=0)
    again, n_calls = fitted_in_pieces(
        lambda: clone(model).fit(lambda: iter(chunks), checkpoint=checkpoint)
    )
    whole = clone(model).fit(lambda: iter(chunks))
    assert n_calls == whole.n_iter_ + 1
    assert_same(again, whole)
