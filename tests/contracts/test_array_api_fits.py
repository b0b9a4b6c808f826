"""Whole fits elsewhere give what they give on NumPy, and arrays that live there."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.backends import Placement, is_device_array, to_numpy
from skopt_suite.optimizers import OPTIMIZERS, AdamW
from skopt_suite.schedules import ReduceOnPlateau, Warmup

NUMPY = Placement(np)
X = np.random.default_rng(0).normal(size=(60, 4))
CLASSES = np.array([10, 20, 30])[np.argmax(X[:, :3], axis=1)]
TARGETS = {
    "two classes": np.where(X[:, 0] + X[:, 1] > 0, 3, -1),
    "three classes": CLASSES,
    "labels": (X[:, :3] > 0).astype(int),
    "one target": np.sin(X[:, 0]),
    "two targets": np.stack([np.sin(X[:, 0]), X[:, 1]], axis=1),
}
FITS = [
    (LinearClassifier, "two classes"),
    (LinearClassifier, "three classes"),
    (MLPClassifier, "two classes"),
    (MLPClassifier, "three classes"),
    (MLPClassifier, "labels"),
    (LinearRegressor, "one target"),
    (LinearRegressor, "two targets"),
    (MLPRegressor, "one target"),
    (MLPRegressor, "two targets"),
]
ONE_OF_EACH = FITS[1::2]


def fitted_on_both(elsewhere, estimator, y, **fit_params):
    other_params = {name: elsewhere.asarray(value) for name, value in fit_params.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # so few iterations are on purpose
        host = estimator().fit(X, y, **fit_params)
        other = estimator().fit(elsewhere.asarray(X), elsewhere.asarray(y), **other_params)
    return host, other


def assert_same_model(elsewhere, host, other, rtol=1e-6):
    np.testing.assert_allclose(other.loss_curve_, host.loss_curve_, rtol=rtol)
    for name in ("predict", "decision_function", "predict_proba", "predict_log_proba"):
        if hasattr(host, name):
            expected = getattr(host, name)(X)
            actual = getattr(other, name)(elsewhere.asarray(X))
            assert is_device_array(actual), name
            assert actual.shape == expected.shape
            np.testing.assert_allclose(to_numpy(actual), expected, rtol=rtol, atol=1e-6)


def options(cls, **more):
    if cls in (MLPClassifier, MLPRegressor):
        more = {"hidden_layer_sizes": (6, 5), "dtype": "float64", **more}
    return {"max_iter": 6, "batch_size": 16, "random_state": 0, **more}


def can_fit(optimizer, cls):
    optimizer = OPTIMIZERS[optimizer]
    is_able = cls is LinearRegressor or not optimizer.only_quadratic
    is_able &= cls in (LinearClassifier, LinearRegressor) or not optimizer.only_linear
    return is_able and optimizer.takes_devices


def fits_of_every_optimizer():
    """Yield one of every estimator, and of its tasks in turn: rules see gradients only."""
    for position, name in enumerate(OPTIMIZERS):
        for cls in dict(FITS):
            tasks = [task for owner, task in FITS if owner is cls]
            if can_fit(name, cls):
                yield name, cls, tasks[position % len(tasks)]


# of a GPU, tests/gpu asks for every optimizer
@pytest.mark.parametrize("elsewhere", ["array_api_strict"], indirect=True)
@pytest.mark.parametrize(
    "optimizer, cls, task",
    [*fits_of_every_optimizer()],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_fits(elsewhere, optimizer, cls, task):
    penalty = "elastic_net" if OPTIMIZERS[optimizer].takes_prox else "l2"
    host, other = fitted_on_both(
        elsewhere, lambda: cls(optimizer=optimizer, penalty=penalty, **options(cls)), TARGETS[task]
    )
    assert_same_model(elsewhere, host, other)
    score = other.score(elsewhere.asarray(X), elsewhere.asarray(TARGETS[task]))
    np.testing.assert_allclose(score, host.score(X, TARGETS[task]), rtol=1e-6)


@pytest.mark.parametrize("cls, task", FITS, ids=lambda value: getattr(value, "__name__", value))
def test_early_stopping_and_weights(elsewhere, cls, task):
    weight = np.random.default_rng(1).uniform(0.5, 1.5, len(X))
    host, other = fitted_on_both(
        elsewhere,
        lambda: cls(
            optimizer="adam",
            early_stopping=True,
            n_iter_no_change=2,
            schedule=Warmup(ReduceOnPlateau(patience=1)),
            **options(cls, max_iter=10),
        ),
        TARGETS[task],
        sample_weight=weight,
    )
    assert_same_model(elsewhere, host, other)
    np.testing.assert_allclose(other.validation_scores_, host.validation_scores_, rtol=1e-6)


@pytest.mark.parametrize("cls, task", FITS, ids=lambda value: getattr(value, "__name__", value))
def test_validation_rows(elsewhere, cls, task):
    y = TARGETS[task]
    host, other = fitted_on_both(
        elsewhere,
        lambda: cls(optimizer="adam", early_stopping=True, **options(cls)),
        y,
        X_val=X[::3] + 0.1,
        y_val=y[::3],
    )
    assert_same_model(elsewhere, host, other)
    np.testing.assert_allclose(other.validation_scores_, host.validation_scores_, rtol=1e-6)


@pytest.mark.parametrize(
    "cls, task", [(MLPClassifier, "three classes"), (MLPRegressor, "one target")]
)
def test_dropout(elsewhere, cls, task):
    host, other = fitted_on_both(
        elsewhere, lambda: cls(optimizer=AdamW(), dropout=(0.3, 0.1), **options(cls)), TARGETS[task]
    )
    assert_same_model(elsewhere, host, other)


def test_class_weight(elsewhere):
    host, other = fitted_on_both(
        elsewhere,
        lambda: LinearClassifier(
            optimizer="lbfgs", class_weight="balanced", max_iter=100, tol=1e-8
        ),
        CLASSES,
    )
    assert_same_model(elsewhere, host, other)


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge"])
def test_losses_of_classifiers(elsewhere, loss):
    host, other = fitted_on_both(
        elsewhere,
        lambda: LinearClassifier(loss=loss, optimizer="adam", **options(LinearClassifier)),
        CLASSES,
    )
    assert_same_model(elsewhere, host, other)


@pytest.mark.parametrize("loss", ["absolute_error", "huber"])
def test_losses_of_regressors(elsewhere, loss):
    host, other = fitted_on_both(
        elsewhere,
        lambda: LinearRegressor(loss=loss, optimizer="adam", **options(LinearRegressor)),
        TARGETS["two targets"],
    )
    assert_same_model(elsewhere, host, other)


def continued(cls, task, optimizer, place):
    """Fit overlapping halves, one after the other."""
    y, model = TARGETS[task], cls(optimizer=optimizer, **options(cls))
    announced = {"classes": np.unique(y)} if hasattr(model, "predict_proba") else {}
    for rows in (slice(0, 45), slice(15, 60)):
        model.partial_fit(place.asarray(X[rows]), place.asarray(y[rows]), **announced)
    return model


@pytest.mark.parametrize("cls, task", FITS, ids=lambda value: getattr(value, "__name__", value))
def test_partial_fit(elsewhere, cls, task):
    models = (continued(cls, task, "momentum", place) for place in (NUMPY, elsewhere))
    assert_same_model(elsewhere, *models)


@pytest.mark.parametrize("elsewhere", ["array_api_strict"], indirect=True)
@pytest.mark.parametrize("optimizer", [n for n in OPTIMIZERS if OPTIMIZERS[n].is_incremental])
@pytest.mark.parametrize(
    "cls, task", ONE_OF_EACH, ids=lambda value: getattr(value, "__name__", value)
)
def test_partial_fit_with_every_optimizer(elsewhere, optimizer, cls, task):
    models = (continued(cls, task, optimizer, place) for place in (NUMPY, elsewhere))
    assert_same_model(elsewhere, *models)


@pytest.mark.parametrize("cls, task", FITS, ids=lambda value: getattr(value, "__name__", value))
def test_warm_start(elsewhere, cls, task):
    models = []
    for place in (NUMPY, elsewhere):
        model = cls(optimizer="adam", warm_start=True, **options(cls))
        given = place.asarray(X), place.asarray(TARGETS[task])
        models.append(model.fit(*given).fit(*given))
    assert_same_model(elsewhere, *models)


def test_float32_is_kept(elsewhere):
    given = elsewhere.asarray(X, dtype="float32"), elsewhere.asarray(TARGETS["one target"])
    model = LinearRegressor(optimizer="fista", penalty="l1").fit(*given)
    assert model.coef_.dtype == elsewhere.xp.float32
    assert model.predict(given[0]).dtype == elsewhere.xp.float32


def test_a_model_fitted_on_a_device_predicts_on_the_host_and_back(elsewhere):
    y = TARGETS["three classes"]
    host, other = fitted_on_both(elsewhere, lambda: LinearClassifier(tol=1e-6, max_iter=200), y)
    np.testing.assert_array_equal(other.predict(X), host.predict(X))
    assert isinstance(other.predict(X), np.ndarray)
    np.testing.assert_array_equal(to_numpy(host.predict(elsewhere.asarray(X))), host.predict(X))


def test_answers_come_where_the_rows_are_wherever_they_are_computed(elsewhere):
    rows = elsewhere.asarray(X)
    model = LinearClassifier(backend="numpy", max_iter=200).fit(rows, CLASSES)
    for method in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
        answer = getattr(model, method)(rows)
        assert is_device_array(answer)
        np.testing.assert_allclose(to_numpy(answer), getattr(model, method)(X))
    y = elsewhere.asarray(TARGETS["one target"])
    regressor = LinearRegressor(backend="numpy").fit(X, y)
    assert is_device_array(regressor.predict(rows))


def places(elsewhere, is_host_first):
    """Where first and other data are, one of them on the host."""
    both = (NUMPY, elsewhere)
    return both if is_host_first else both[::-1]


@pytest.mark.parametrize("is_host_first", [True, False])
def test_targets_and_held_out_rows_may_be_elsewhere(elsewhere, is_host_first):
    place, other = places(elsewhere, is_host_first)
    model = MLPRegressor(early_stopping=True, optimizer="adam", **options(MLPRegressor))
    y = TARGETS["two targets"]
    expected = model.fit(X, y, X_val=X[::3], y_val=y[::3]).validation_scores_
    model.fit(place.asarray(X), other.asarray(y), X_val=other.asarray(X[::3]), y_val=y[::3])
    np.testing.assert_allclose(model.validation_scores_, expected, rtol=1e-6)
    assert type(model.predict(other.asarray(X))) is type(other.asarray(X))


@pytest.mark.parametrize("is_host_first", [True, False])
@pytest.mark.parametrize("cls, task", [FITS[1], FITS[8]], ids=["linear", "MLP"])
def test_partial_fit_goes_on_with_rows_elsewhere(cls, task, elsewhere, is_host_first):
    models, y = [], TARGETS[task]
    for first, then in ((NUMPY, NUMPY), places(elsewhere, is_host_first)):
        model = cls(optimizer="adam", **options(cls))
        announced = {"classes": np.unique(y)} if hasattr(model, "predict_proba") else {}
        model.partial_fit(first.asarray(X), y, **announced)
        models.append(model.partial_fit(then.asarray(X), y))
    assert_same_model(elsewhere, *models)


def test_bad_input_is_refused_on_devices_too(elsewhere):
    bad = X.copy()
    bad[3, 1] = np.nan
    with pytest.raises(ValueError, match="Input X contains NaN or infinity"):
        LinearClassifier().fit(elsewhere.asarray(bad), elsewhere.asarray(CLASSES))
    model = LinearClassifier(max_iter=200).fit(elsewhere.asarray(X), elsewhere.asarray(CLASSES))
    with pytest.raises(ValueError, match="X has 3 features, but LinearClassifier is expecting 4"):
        model.predict(elsewhere.asarray(X[:, :3]))
