"""Networks of other layers than dense ones: how they train, and what they share a pass with."""

import copy
import pickle

import numpy as np
import pytest
import scipy.sparse
from sklearn.base import clone

from skopt_suite import MLPClassifier, MLPRegressor
from skopt_suite.model_selection import FusedGridSearchCV
from skopt_suite.models import NORMALIZATIONS
from skopt_suite.optimizers import OPTIMIZERS

from .problems import CLASSES, NUMBERS, data_of

KINDS = {
    "residual": {"residual": True},
    "residual with dropout": {"residual": True, "dropout": 0.2, "input_dropout": 0.1},
    "batch normalization": {"normalization": "batch"},
    "batch normalization, residual": {"normalization": "batch", "residual": True, "dropout": 0.1},
    "layer normalization": {"normalization": "layer"},
    "layer normalization, residual": {"normalization": "layer", "residual": True},
    "dropout of the input": {"input_dropout": 0.2},
}
SETTINGS = {"batch_size": 64, "max_iter": 15, "random_state": 0, "optimizer__learning_rate": 0.01}
every_kind = pytest.mark.parametrize("kind", KINDS)
both = pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])


def model_of(estimator, kind, **settings):
    """Return a model with two hidden layers of the same width, and one of another."""
    return estimator((8, 8, 5)).set_params(**SETTINGS | KINDS[kind] | settings)


@both
@every_kind
def test_it_learns_and_can_be_repeated(kind, estimator):
    model = model_of(estimator, kind, max_iter=40)
    X, y = data_of(model)
    fitted, again = clone(model).fit(X, y), clone(model).fit(X, y)
    assert fitted.loss_curve_[-1] < 0.5 * fitted.loss_curve_[0]
    assert fitted.score(X, y) > 0.8
    np.testing.assert_array_equal(fitted.predict(X), again.predict(X))


@every_kind
def test_a_fit_in_a_stack_is_that_fit_alone(kind):
    """One pass whatever numbers differ; one by kind of network."""
    model = model_of(MLPRegressor, kind, dtype="float64", early_stopping=True)
    others = {name: ["none", KINDS[kind][name]] for name in KINDS[kind] if name == "normalization"}
    others = {"residual": [False, True]} if "residual" in KINDS[kind] else others
    grid = {"penalty__alpha": [1e-4, 1e-1, 1.0]} | others
    half = np.arange(100)
    search = FusedGridSearchCV(model, grid, cv=[(half, half + 100)], refit=False).fit(*NUMBERS)
    report = search.fusion_report_
    assert (report.n_groups, report.n_alone) == (2 if others else 1, 0)
    is_plain = not model.residual and model.normalization == "none"
    assert report.entries[-1].steps == ("compiled" if is_plain else "definition")
    for index, setting in enumerate(search.cv_results_["params"]):
        alone = clone(model).set_params(**setting).fit(*(part[half] for part in NUMBERS))
        np.testing.assert_allclose(search.loss_curves_[index][0], alone.loss_curve_, rtol=1e-7)
        expected = alone.score(*(part[half + 100] for part in NUMBERS))
        assert search.cv_results_["mean_test_score"][index] == pytest.approx(expected, rel=1e-6)


@every_kind
@pytest.mark.parametrize("settings", [{}, {"early_stopping": True}], ids=str)
def test_saved_models_predict_and_go_on(kind, settings):
    fitted = model_of(MLPClassifier, kind, max_iter=4, **settings).fit(*CLASSES)
    for loaded in (pickle.loads(pickle.dumps(fitted)), copy.deepcopy(fitted)):
        np.testing.assert_array_equal(
            loaded.predict_proba(CLASSES[0]), fitted.predict_proba(CLASSES[0])
        )
        if not settings:
            curves = [
                clone_of.partial_fit(*CLASSES).loss_curve_
                for clone_of in (loaded, copy.deepcopy(fitted))
            ]
            assert curves[0] == pytest.approx(curves[1], rel=1e-6)
            assert curves[0][-1] < curves[0][0]


@pytest.mark.parametrize("kind", [name for name in KINDS if "input_dropout" not in KINDS[name]])
def test_sparse_rows_give_the_same(kind):
    model = model_of(MLPClassifier, kind, dtype="float64", max_iter=4, standardize=False)
    X, y = CLASSES
    dense = clone(model).fit(X, y)
    sparse = clone(model).fit(scipy.sparse.csr_array(X), y)
    assert sparse.loss_curve_ == pytest.approx(dense.loss_curve_, rel=1e-9)
    np.testing.assert_allclose(sparse.predict_proba(X), dense.predict_proba(X), rtol=1e-7)


def test_sparse_rows_cannot_be_dropped():
    model, X = model_of(MLPClassifier, "dropout of the input"), scipy.sparse.csr_array(CLASSES[0])
    assert not model.__sklearn_tags__().input_tags.sparse
    with pytest.raises(ValueError, match=r"input_dropout must be 0 where X is sparse; got 0\.2"):
        model.fit(X, CLASSES[1])
    model.fit(*CLASSES).predict(X)


def test_dropout_of_the_input_regularises():
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(40, 10)), rng.randint(0, 2, 40)  # nothing to learn but noise
    model = MLPClassifier((32,), max_iter=150, random_state=0).set_params(
        optimizer__learning_rate=0.01
    )
    fits = [clone(model).set_params(input_dropout=rate).fit(X, y) for rate in (0.0, 0.6)]
    plain, dropped = (np.abs(fitted.decision_function(X)).mean() for fitted in fits)
    assert dropped < 0.7 * plain
    np.testing.assert_array_equal(fits[1].predict_proba(X), fits[1].predict_proba(X))


def test_rates_of_input_dropout_are_one_pass():
    model = model_of(MLPClassifier, "dropout of the input", max_iter=4)
    grid = {"input_dropout": [0.1, 0.2, 0.5, 0.0]}
    half = np.arange(100)
    search = FusedGridSearchCV(model, grid, cv=[(half, half + 100)], refit=False).fit(*CLASSES)
    assert (search.fusion_report_.n_groups, search.fusion_report_.n_alone) == (1, 1)
    for rate, (curve,) in zip(grid["input_dropout"], search.loss_curves_, strict=True):
        alone = clone(model).set_params(input_dropout=rate)
        alone.fit(*(part[half] for part in CLASSES))
        np.testing.assert_allclose(curve, alone.loss_curve_, rtol=1e-5)


INCREMENTAL = [name for name in OPTIMIZERS if OPTIMIZERS[name]().is_incremental]


@pytest.mark.parametrize("optimizer", INCREMENTAL)
@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_every_optimizer_moves_gains(normalization, optimizer):
    model = MLPRegressor((7, 4), normalization=normalization, optimizer=optimizer, max_iter=2)
    model.set_params(activation="tanh", random_state=0).fit(*NUMBERS)
    assert np.isfinite(model.predict(NUMBERS[0])).all()
    gains = np.concatenate(model.gains_)
    assert (gains != 1).all()
    assert (gains > 0).all()


@both
def test_shapes_of_what_is_shown_are_those_of_the_dense_layers(estimator):
    model = model_of(estimator, "residual", max_iter=2)
    fitted = model.fit(*data_of(model))
    assert [weights.shape for weights in fitted.coefs_] == [(6, 8), (8, 8), (8, 5), (5, 1)]
    assert [biases.shape for biases in fitted.intercepts_] == [(8,), (8,), (5,), (1,)]
    assert fitted.gains_ == []
    model.set_params(normalization="layer", penalty__alpha=1e9, max_iter=1)
    fitted = model.fit(*data_of(model))
    assert [gains.shape for gains in fitted.gains_] == [(8,), (8,), (5,)]
    assert all(np.all(gains > 0.5) for gains in fitted.gains_)  # no penalty shrinks them


def test_predictions_of_normalised_layers_are_of_what_is_shown():
    settings = {"dtype": "float64", "activation": "tanh"}
    model = model_of(MLPRegressor, "layer normalization", **settings).fit(*NUMBERS)
    x = NUMBERS[0]
    for weights, bias, gain in zip(model.coefs_, model.intercepts_, model.gains_, strict=False):
        z = x @ weights
        z = (z - z.mean(axis=1, keepdims=True)) / np.sqrt(z.var(axis=1, keepdims=True) + 1e-5)
        x = np.tanh(gain * z + bias)
    expected = x @ model.coefs_[-1] + model.intercepts_[-1]
    np.testing.assert_allclose(model.predict(NUMBERS[0]), expected[:, 0], rtol=1e-10)


def test_a_warm_start_does_not_change_the_normalisation():
    model = model_of(MLPRegressor, "layer normalization", max_iter=2, warm_start=True)
    model.fit(*NUMBERS).fit(*NUMBERS)
    with pytest.raises(ValueError, match=r"cannot go on with normalization='layer': .* for 'none'"):
        model.set_params(normalization="none").fit(*NUMBERS)


def test_warm_starts_go_on():
    model = model_of(MLPRegressor, "residual", max_iter=10, warm_start=True).fit(*NUMBERS)
    first = model.loss_curve_[0]
    assert model.fit(*NUMBERS).loss_curve_[0] < 0.7 * first
