"""Wrong data is one clear error, before any work starts."""

import re

import numpy as np
import pytest
import scipy.sparse
from sklearn.exceptions import NotFittedError

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor

CLASSIFIERS = [LinearClassifier(), MLPClassifier(max_iter=2)]
REGRESSORS = [LinearRegressor(), MLPRegressor(max_iter=2)]
ALL = CLASSIFIERS + REGRESSORS

rng = np.random.RandomState(0)
X = rng.normal(size=(20, 3))
y = np.arange(20) % 2

every = pytest.mark.parametrize("estimator", ALL, ids=lambda e: type(e).__name__)
every_classifier = pytest.mark.parametrize("estimator", CLASSIFIERS, ids=lambda e: type(e).__name__)


def _with(array, value):
    array = array.astype(float)
    array.flat[4] = value
    return array


def _refused(text, fit, *args, kind=ValueError, **kwargs):
    with pytest.raises(kind, match=re.escape(text)):
        fit(*args, **kwargs)


@every
@pytest.mark.parametrize("value, text", [(np.nan, "NaN"), (np.inf, "infinity"), (-np.inf, "infin")])
class TestNotFinite:
    def test_in_X(self, estimator, value, text):
        _refused("Input X contains " + text, estimator.fit, _with(X, value), y)

    def test_in_y(self, estimator, value, text):
        _refused("Input y contains " + text, estimator.fit, X, _with(y, value))

    def test_in_y_as_a_list(self, estimator, value, text):
        _refused("Input y contains " + text, estimator.fit, X, _with(y, value).tolist())

    def test_in_sample_weight(self, estimator, value, text):
        weight = _with(np.ones(20), value)
        text = "Input sample_weight contains " + text
        _refused(text, estimator.fit, X, y, sample_weight=weight)

    def test_in_validation_data(self, estimator, value, text):
        _refused("contains " + text, estimator.fit, X, y, X_val=_with(X, value), y_val=y)
        _refused("contains " + text, estimator.fit, X, y, X_val=X, y_val=_with(y, value))

    def test_at_predict(self, estimator, value, text):
        fitted = estimator.fit(X, y)
        _refused("Input X contains " + text, fitted.predict, _with(X, value))


@every
@pytest.mark.parametrize(
    "bad_X, bad_y, text",
    [
        (X[:0], y[:0], "Found array with 0 sample(s)"),
        (X[:, :0], y, "0 feature(s) (shape=(20, 0)) while a minimum of 1 is required"),
        (X[:, 0], y, "Expected 2D array, got 1D array instead"),
        (X[:, :, None], y, "Found array with dim 3"),
        (X, y[:-1], "inconsistent numbers of samples: [20, 19]"),
        (X, None, "requires y to be passed, but the target y is None"),
        (X.astype(complex), y, "Complex data not supported"),
        (np.full((20, 3), "a"), y, "could not convert string to float"),
    ],
)
def test_wrong_shapes_and_kinds(estimator, bad_X, bad_y, text):
    _refused(text, estimator.fit, bad_X, bad_y)


@every
@pytest.mark.parametrize(
    "weight, text",
    [
        (-np.ones(20), "sample_weight must not be negative; got -1"),
        (np.zeros(20), "sample_weight must have a positive entry; all are zero"),
        (np.ones(19), "sample_weight must have shape (20,), one weight per sample; got (19,)"),
        (np.ones((20, 2)), "sample_weight must have shape (20,), one weight per sample"),
        (["heavy"] * 20, "could not convert string to float"),
    ],
)
def test_wrong_sample_weights(estimator, weight, text):
    _refused(text, estimator.fit, X, y, sample_weight=weight)


@every_classifier
def test_one_class(estimator):
    text = f"{type(estimator).__name__} needs samples of at least 2 classes; got 1 class: 'a'"
    _refused(text, estimator.fit, X, ["a"] * 20)


@every_classifier
def test_continuous_targets_are_no_classes(estimator):
    _refused("Unknown label type: continuous", estimator.fit, X, X[:, 0])


def test_labels_need_the_perceptron():
    labels = rng.randint(0, 2, size=(20, 3))
    _refused("For several labels use MLPClassifier", LinearClassifier().fit, X, labels)


@every_classifier
def test_several_columns_of_classes(estimator):
    text = "use sklearn.multioutput.MultiOutputClassifier"
    _refused(text, estimator.fit, X, rng.randint(0, 3, size=(20, 2)))


@pytest.mark.parametrize("estimator", REGRESSORS, ids=lambda e: type(e).__name__)
def test_targets_that_are_no_numbers(estimator):
    _refused("could not convert string to float", estimator.fit, X, ["a", "b"] * 10)
    _refused(
        "Found array with dim 3, while dim <= 2 is required", estimator.fit, X, np.ones((20, 2, 2))
    )


@every
def test_validation_data_come_in_pairs(estimator):
    text = f"{type(estimator).__name__}: give X_val and y_val together, or neither"
    _refused(text, estimator.fit, X, y, X_val=X)
    _refused(text, estimator.fit, X, y, y_val=y)


@every
def test_validation_data_must_look_like_training_data(estimator):
    _refused("X has 2 features, but", estimator.fit, X, y, X_val=X[:, :2], y_val=y)
    _refused("inconsistent numbers of samples", estimator.fit, X, y, X_val=X, y_val=y[:-1])


@every_classifier
def test_validation_labels_must_be_known(estimator):
    text = "y has labels [5] that are not among the classes [0, 1]"
    _refused(text, estimator.fit, X, y, X_val=X, y_val=np.where(y == 1, 5, 0))


@every
def test_wrong_number_of_features_at_predict(estimator):
    fitted = estimator.fit(X, y)
    _refused("X has 2 features, but", fitted.predict, X[:, :2])
    _refused("X has 4 features, but", fitted.score, np.hstack([X, X[:, :1]]), y)


@every
@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
def test_before_fit(estimator, method):
    from sklearn.base import clone

    unfitted = clone(estimator)
    if hasattr(unfitted, method):
        text = f"This {type(estimator).__name__} instance is not fitted yet"
        _refused(text, getattr(unfitted, method), X, kind=NotFittedError)


@every
@pytest.mark.parametrize("column, text", [(5, "indices must be < 3"), (-1, "indices must be >= 0")])
def test_sparse_data_with_columns_that_there_are_not(estimator, column, text):
    sparse = scipy.sparse.csr_array(X)
    sparse.indices[-1] = column
    _refused(text, estimator.fit, sparse, y)


@every
def test_sparse_data_that_is_not_finite(estimator):
    _refused("Input X contains NaN", estimator.fit, scipy.sparse.csr_array(_with(X, np.nan)), y)


@every
def test_too_few_samples_to_hold_any_out(estimator):
    from sklearn.base import clone

    early = clone(estimator).set_params(early_stopping=True, optimizer="adam")
    text = "early stopping cannot hold out validation_fraction=0.1 of 2 samples"
    if estimator in CLASSIFIERS:
        _refused(text, early.fit, X[:2], y[:2])
    else:
        early.set_params(validation_fraction=0.9)
        text = text.replace("0.1 of 2", "0.9 of 1")
        _refused(text, early.fit, X[:1], y[:1])


@every_classifier
def test_labels_that_come_too_late(estimator):
    from sklearn.base import clone

    online = clone(estimator).set_params(optimizer="sgd")
    text = "classes must be passed on the first call to partial_fit"
    _refused(text, online.partial_fit, X, y)
    online.partial_fit(X, y, classes=[0, 1])
    text = "y has labels [2, 3] that are not among the classes [0, 1]"
    _refused(text, online.partial_fit, X, y + 2)
    text = "classes=[0, 1, 2] is not the same as on the first call to partial_fit: [0, 1]"
    _refused(text, online.partial_fit, X, y, classes=[0, 1, 2])
    _refused("X has 2 features, but", online.partial_fit, X[:, :2], y)


def test_other_columns_of_targets_at_partial_fit():
    online = LinearRegressor(optimizer="sgd").partial_fit(X, np.c_[y, y])
    text = "LinearRegressor: y must have 2 columns, as in training; got 1"
    _refused(text, online.partial_fit, X, y)


def test_warm_start_on_other_data():
    warm = MLPClassifier((4,), max_iter=2, warm_start=True).fit(X, y)
    text = "training cannot go on with layers of shape [(3, 4), (4, 1)]: the data and parameters"
    _refused(text, warm.fit, X[:, :2], y)
