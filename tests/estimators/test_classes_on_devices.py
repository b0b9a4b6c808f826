"""Integer labels stay where they are: what goes to the host is how many there are of which."""

import array_api_strict as strict
import numpy as np
import pytest

from skopt_suite import LinearClassifier, MLPClassifier
from skopt_suite.backends import Placement, to_numpy
from skopt_suite.estimators._class_targets import ClassTargets
from skopt_suite.losses import CLASSIFICATION_LOSSES
from skopt_suite.training._distinct import counted, targets_for_baseline

X = np.random.default_rng(0).normal(size=(120, 3))
TWO = np.where(X[:, 0] > 0, 7, -2)
THREE = np.array([9, 4, 30])[np.argmax(X, axis=1)]
LABELS = {"two": TWO, "three": THREE}


@pytest.fixture
def moved(monkeypatch):
    """Return the sizes of the arrays that go to the host, and from there to the device."""
    to_host, to_device = [], []
    from_dlpack, asarray = np.from_dlpack, Placement.asarray

    def recorded(array, **options):
        to_host.append(array.size)
        return from_dlpack(array, **options)

    def placed(self, values, dtype=None):
        to_device.append(np.size(values) if isinstance(values, np.ndarray) else 0)
        return asarray(self, values, dtype)

    monkeypatch.setattr(np, "from_dlpack", recorded)
    monkeypatch.setattr(Placement, "asarray", placed)
    return to_host, to_device


@pytest.mark.parametrize("loss", list(CLASSIFICATION_LOSSES))
@pytest.mark.parametrize("y", LABELS.values(), ids=LABELS)
def test_no_column_of_rows_is_moved(moved, y, loss):
    optimizer = "lbfgs" if CLASSIFICATION_LOSSES[loss]().is_smooth else "adam"
    rows = strict.asarray(X), strict.asarray(y)
    LinearClassifier(loss=loss, optimizer=optimizer, max_iter=300, shuffle=False).fit(*rows)
    to_host, to_device = moved
    assert 0 < max(to_host) < len(y)
    assert max(to_device) < len(y)


@pytest.mark.parametrize("dtype", ["int8", "int32", "int64", "uint8"])
def test_integers_of_every_size(dtype):
    y = np.array([3, 1, 3, 100, 1], dtype=dtype)
    targets = ClassTargets.learn(strict.asarray(y), "Model")
    assert targets.classes.dtype == dtype
    np.testing.assert_array_equal(targets.classes, [1, 3, 100])
    codes = targets.encode(strict.asarray(y), "Model")
    assert "array_api_strict" in type(codes).__module__
    np.testing.assert_array_equal(to_numpy(codes)[:, 0], [1, 0, 1, 2, 0])


@pytest.mark.parametrize("classes", [[1, 3], [0.5, 1.0], ["a", "b"]], ids=str)
@pytest.mark.parametrize("dtype", ["int64", "int32"])
def test_labels_that_are_no_class(classes, dtype):
    y = strict.asarray(np.array([1, 2, 8], dtype=dtype))
    with pytest.raises(ValueError, match=r"Model: y has labels \[.*2, 8\] that are not among"):
        ClassTargets(np.array(classes)).encode(y, "Model")


def test_one_class():
    y = strict.ones(len(X), dtype=strict.int64)
    with pytest.raises(ValueError, match="at least 2 classes; got 1 class: 1"):
        LinearClassifier().fit(strict.asarray(X), y)


@pytest.mark.parametrize("estimator", [LinearClassifier(), MLPClassifier(4)], ids=["linear", "MLP"])
def test_classes_that_are_announced(estimator):
    estimator.set_params(optimizer="adam", random_state=0)
    host = estimator.partial_fit(X, TWO, classes=[-2, 7, 9])
    expected = host.predict_proba(X), host.loss_
    device = type(estimator)(**estimator.get_params())
    device.partial_fit(strict.asarray(X), strict.asarray(TWO), classes=[-2, 7, 9])
    np.testing.assert_allclose(device.predict_proba(X), expected[0], rtol=1e-5)
    np.testing.assert_allclose(device.loss_, expected[1], rtol=1e-6)


@pytest.mark.parametrize("y", LABELS.values(), ids=LABELS)
@pytest.mark.parametrize("placed", [np.asarray, strict.asarray], ids=["host", "device"])
def test_rows_on_a_device_and_labels_anywhere(y, placed):
    settings = {"optimizer": "lbfgs", "class_weight": "balanced"}
    expected = LinearClassifier(**settings).fit(X, y).coef_
    found = LinearClassifier(**settings).fit(strict.asarray(X), placed(y)).coef_
    np.testing.assert_allclose(to_numpy(found), expected, rtol=1e-6)
    named = LinearClassifier(**settings).fit(strict.asarray(X), y.astype(str))
    np.testing.assert_array_equal(named.classes_, np.unique(y.astype(str)))


@pytest.mark.parametrize("loss", list(CLASSIFICATION_LOSSES))
@pytest.mark.parametrize("y", LABELS.values(), ids=LABELS)
def test_distinct_labels_have_the_best_constant_of_all(loss, y):
    targets = ClassTargets.learn(y, "Model")
    encoded = targets.encode(y, "Model")
    on_targets = CLASSIFICATION_LOSSES[loss]().on(targets.type)
    few, weight = targets_for_baseline(strict.asarray(encoded), targets.type, None)
    assert few.shape == (len(targets.classes), 1)
    expected = on_targets.baseline(encoded, None)
    np.testing.assert_allclose(on_targets.baseline(few, weight), expected, rtol=1e-9, atol=1e-9)


def test_what_is_not_counted():
    two = ClassTargets.learn(TWO, "Model").type
    rows = strict.zeros((5, 1))
    assert counted(np.zeros((5, 1)), two) is None  # the host has them all
    assert counted(rows, two) is None  # of one class there is no row
    assert counted(strict.zeros((5, 2)), two._replace(n_outputs=2)) is None
    assert counted(rows, two._replace(kind="numbers")) is None
