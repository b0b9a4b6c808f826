"""Targets, classes and weights that do not go with one another are one clear error."""

import re

import numpy as np
import pytest

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.exceptions import DivergenceError
from skopt_suite.optimizers import SGD

rng = np.random.RandomState(0)
X = rng.normal(size=(30, 3))
TWO, THREE = np.arange(30) % 2, np.arange(30) % 3
LABELS = rng.randint(0, 2, size=(30, 3))
QUICK = {"max_iter": 2, "random_state": 0}


def _refused(text, fit, *args, **kwargs):
    with pytest.raises((ValueError, DivergenceError), match=re.escape(text)):
        fit(*args, **kwargs)


@pytest.mark.parametrize(
    "labels, values",
    [(2 * LABELS - 1, "[-1, 1]"), (LABELS + 1, "[1, 2]"), (LABELS * 2.0, "[0.0, 2.0]")],
)
def test_labels_are_columns_of_0_and_1(labels, values):
    text = f"several labels are taken as columns of 0 and 1; got a y with the values {values}"
    _refused(text, MLPClassifier(**QUICK).fit, X, labels)


@pytest.mark.parametrize("other, named", [(1, "int"), (None, "NoneType"), (np.nan, "float")])
def test_labels_that_have_no_order(other, named):
    text = f"LinearClassifier: labels in y must be all numbers or all texts.*got {named} and str"
    with pytest.raises(TypeError, match=text):
        LinearClassifier().fit(X, np.array(["a", other], dtype=object)[TWO])


@pytest.mark.parametrize("y, classes", [(TWO, "[0, 1]"), (THREE, "[0, 1, 2]")])
def test_labels_where_there_was_one_class_per_sample(y, classes):
    text = f"y must have shape (n_samples,), one of the classes {classes} per sample"
    _refused(text, MLPClassifier(**QUICK).fit, X, y, X_val=X, y_val=LABELS)
    online = MLPClassifier(**QUICK).partial_fit(X, y, classes=np.unique(y))
    _refused(text, online.partial_fit, X, LABELS)


def test_classes_of_labels_are_columns_or_values():
    text = "y has 3 columns of labels, so classes must be their numbers [0, 1, 2] or their values"
    _refused(text, MLPClassifier(**QUICK).partial_fit, X, LABELS, classes=[0, 1, 2, 3])
    for classes in ([2, 1, 0], [0, 1]):
        online = MLPClassifier(**QUICK).partial_fit(X, LABELS, classes=classes)
        online.partial_fit(X, LABELS, classes=classes)
        assert online.predict(X).shape == LABELS.shape
    text = "classes=[0, 2] is not the same as on the first call to partial_fit: [0, 1, 2]"
    _refused(text, online.partial_fit, X, LABELS, classes=[0, 2])


@pytest.mark.parametrize("estimator", [LinearClassifier, MLPClassifier])
def test_a_list_of_class_weights_is_for_several_labels(estimator):
    text = "class_weight must be a dict from class to weight, 'balanced' or None for one label"
    _refused(text, estimator(class_weight=[{0: 5, 1: 2}], **QUICK).fit, X, TWO)


def test_unknown_labels_are_named_with_class_weights_too():
    online = LinearClassifier(optimizer="sgd", class_weight={0: 1, 1: 2})
    text = "y has labels [4, 5] that are not among the classes [0, 1]"
    _refused(text, online.partial_fit, X, TWO + 4, classes=[0, 1])


@pytest.mark.parametrize("other", [TWO + 1, np.where(TWO, "b", "a")], ids=["numbers", "names"])
@pytest.mark.parametrize("estimator", [LinearClassifier, MLPClassifier])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_warm_starts_are_for_the_same_classes(estimator, other):
    warm = estimator(warm_start=True, **QUICK).fit(X, TWO)
    text = "with warm_start=True the classes must be those of the last fit, [0, 1]; got"
    _refused(text, warm.fit, X, other)
    warm.set_params(warm_start=False).fit(X, other)


def test_warm_starts_take_no_labels_for_classes():
    warm = MLPClassifier(warm_start=True, **QUICK).fit(X, THREE)
    _refused("the classes must be those of the last fit", warm.fit, X, LABELS)


@pytest.mark.parametrize(
    "estimator, largest, text",
    [
        (
            MLPRegressor(),
            1e39,
            "or its squares cannot be added up in float32; got 1e+39. Scale y, ",
        ),
        (MLPRegressor(), 1e19, "MLPRegressor: y must not exceed 8e+17"),
        (LinearRegressor(loss="huber"), 1e300, "added up in float64; got 1e+300. Scale y."),
    ],
)
def test_targets_whose_squares_overflow(estimator, largest, text):
    y = np.r_[largest, TWO[1:]]
    _refused(text, estimator.fit, X, y)
    _refused(text, estimator.fit, X, TWO, X_val=X, y_val=y)


def test_what_was_learnt_of_data_that_failed_is_forgotten():
    """The model keeps the classes and features that it was trained on."""
    model = LinearClassifier(optimizer=SGD(0.1)).fit(X, TWO)
    before = model.predict(X)
    _refused("diverged", model.set_params(optimizer=SGD(1e9)).fit, X, np.where(TWO, "b", "a"))
    _refused("labels [7]", model.fit, X[:, :2], THREE, X_val=X[:, :2], y_val=np.full(30, 7))
    _refused("1 class", model.fit, X[:, :2], np.zeros(30))
    np.testing.assert_array_equal(model.predict(X), before)
    np.testing.assert_array_equal(model.classes_, [0, 1])
    assert model.n_features_in_ == 3


def test_a_first_fit_that_fails_leaves_no_model():
    for method, extra in (("fit", {}), ("partial_fit", {"classes": [0, 1]})):
        model = LinearClassifier(optimizer=SGD(1e12))
        _refused("diverged", getattr(model, method), X * 1e3, TWO, **extra)
        _refused("is not fitted yet", model.predict, X)
        assert not hasattr(model, "classes_")
