"""Solvers of few parameters compute on the host, and give what they give on the device."""

import array_api_strict as strict
import numpy as np
import pytest
from sklearn.base import clone

from skopt_suite import LinearClassifier, LinearRegressor, MLPRegressor
from skopt_suite.backends import to_numpy
from skopt_suite.estimators._prepare import prepare
from skopt_suite.losses import LogLoss
from skopt_suite.optimizers import LBFGS
from skopt_suite.penalties import L2
from skopt_suite.training import train

FEW = "skopt_suite.optimizers.algebra._on_host._FEW"
X = np.random.default_rng(0).normal(size=(80, 4)) * [1, 3, 0.5, 10]
NUMBERS = X @ [1, -2, 3, 0.5] + np.sin(X[:, 0])
CLASSES = np.digitize(NUMBERS, [-10, 10])
FITS = [
    (LinearClassifier(optimizer="lbfgs"), CLASSES % 2),
    (LinearClassifier(optimizer="lbfgs"), CLASSES),
    (LinearClassifier(loss=LogLoss(label_smoothing=0.1), optimizer="lbfgs"), CLASSES),
    (LinearRegressor(loss="huber", optimizer="lbfgs"), NUMBERS),
    (MLPRegressor(3, optimizer=LBFGS(), random_state=0, dtype="float64"), NUMBERS),
]


@pytest.mark.filterwarnings("ignore:.*stopped while the objective")
@pytest.mark.parametrize(
    "model, y", FITS, ids=["two classes", "classes", "smoothed labels", "numbers", "network"]
)
def test_few_parameters_or_many(monkeypatch, model, y):
    model.set_params(max_iter=12)
    host = model.fit(X, y)
    expected, curve = host.predict(X), host.loss_curve_
    for most in (0, 2**14):
        monkeypatch.setattr(FEW, most)
        device = model.fit(strict.asarray(X), strict.asarray(y))
        np.testing.assert_allclose(device.loss_curve_, curve, rtol=1e-7)
        predicted = device.predict(strict.asarray(X))
        assert "array_api_strict" in type(predicted).__module__
        np.testing.assert_allclose(to_numpy(predicted), expected, rtol=1e-6)


def test_an_iteration_waits_for_the_device_once_and_for_its_end(monkeypatch):
    from_dlpack, waited = np.from_dlpack, []

    def recorded(array, **options):
        waited.append(array.shape)
        return from_dlpack(array, **options)

    n_waited = {}
    monkeypatch.setattr(np, "from_dlpack", recorded)
    for n_iter in (1, 2):
        waited.clear()
        model = LinearClassifier(optimizer="lbfgs", max_iter=n_iter, tol=None)
        model.fit(strict.asarray(X), strict.asarray(CLASSES % 2))
        n_waited[n_iter] = len(waited)
    assert n_waited[2] - n_waited[1] <= 3  # parameters, value and gradient, their sum


def test_devices_are_asked_once_whether_labels_are_smoothed():
    loss = LogLoss()
    for strength, expected in [(0.0, False), (0.1, True)]:
        loss.label_smoothing = strict.asarray([[strength]])
        assert [loss._is_smoothed(), loss._is_smoothed()] == [expected, expected]
        assert loss._asked[0] is loss.label_smoothing


def test_fits_leave_a_stack_one_by_one():
    lbfgs = LinearClassifier(optimizer="lbfgs", random_state=0)
    models = [clone(lbfgs).set_params(penalty=L2(alpha)) for alpha in (10.0, 1e-4, 0.1)]
    rows = strict.asarray(X), strict.asarray(CLASSES % 2)
    prepared = [prepare(model, *rows) for model in models]
    results = train([one.job for one in prepared], prepared[0].data, prepared[0].placement)
    assert len({result.n_iter for result in results}) > 1
    for result, model in zip(results, models, strict=True):
        alone = model.fit(X, CLASSES % 2)
        assert result.n_iter == alone.n_iter_
        np.testing.assert_allclose(result.loss_curve, alone.loss_curve_, rtol=1e-7)
