"""Training that goes on: warm starts and partial fits."""

import copy
import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits

from skopt_suite import LinearClassifier, LinearRegressor, MLPClassifier, MLPRegressor
from skopt_suite.optimizers import SGD, Adam, GradientDescent, Momentum
from skopt_suite.penalties import L1, L2, ElasticNet
from skopt_suite.schedules import Cosine, ReduceOnPlateau, Step, Warmup

from .problems import CLASSES, NUMBERS, STOCHASTIC, data_of, every, parameters_of


@every
def test_warm_start_goes_on(estimator):
    X, y = data_of(estimator)
    warm = clone(estimator).set_params(warm_start=True, random_state=0)
    first = warm.fit(X, y).loss_curve_
    second = warm.fit(X, y).loss_curve_
    assert second[0] < first[0]
    cold = warm.set_params(warm_start=False).fit(X, y).loss_curve_
    np.testing.assert_allclose(cold, first)


def test_warm_start_at_the_optimum_is_done():
    X, y = NUMBERS
    warm = LinearRegressor(loss="huber", warm_start=True, tol=1e-10).fit(X, y)
    before = warm.coef_.copy()
    assert warm.n_iter_ > 1
    assert warm.fit(X, y).n_iter_ == 1
    np.testing.assert_allclose(warm.coef_, before, atol=1e-7)


STATEFUL = [
    {"optimizer": SGD(0.05)},
    {"optimizer": Momentum(0.05)},
    {"optimizer": Momentum(0.02), "penalty": ElasticNet(0.1, l1_ratio=0.8, positive=True)},
    {"optimizer": Adam(0.01), "penalty": L1(0.01)},
    {"optimizer": "adamw", "schedule": Cosine()},
    {"optimizer": "nesterov", "schedule": Step(step_size=3)},
    {"optimizer": GradientDescent(0.05), "schedule": "inverse_time", "tol": 0},
    {"optimizer": Adam(0.2), "schedule": ReduceOnPlateau(patience=1)},
    {"optimizer": "adam", "schedule": Warmup("exponential", n_epochs=4)},
]


@pytest.mark.parametrize("parameters", STATEFUL, ids=str)
@pytest.mark.parametrize("estimator", STOCHASTIC, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_partial_fits_are_the_epochs_of_a_fit(estimator, parameters, shuffle):
    """Moments, schedules, shuffling and dropout go on where the call before ended."""
    X, y = data_of(estimator)
    model = clone(estimator).set_params(
        **{"penalty": L2(1e-4), **parameters},
        max_iter=12,
        n_iter_no_change=100,
        shuffle=shuffle,
        random_state=0,
    )
    fitted = clone(model).fit(X, y)
    classes = {"classes": [0, 1]} if hasattr(model, "class_weight") else {}
    for n_calls in range(1, 13):
        model.partial_fit(X, y, **classes)
        classes = {}
        assert model.n_iter_ == n_calls
    np.testing.assert_allclose(parameters_of(model), parameters_of(fitted), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model.loss_curve_, fitted.loss_curve_, rtol=1e-5)


@pytest.mark.parametrize("parameters", [p for p in STATEFUL if "Cosine" not in str(p)], ids=str)
@pytest.mark.parametrize("estimator", STOCHASTIC, ids=lambda e: type(e).__name__)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_warm_starts_are_the_epochs_of_a_fit(estimator, parameters):
    X, y = data_of(estimator)
    model = clone(estimator).set_params(
        **parameters, max_iter=10, n_iter_no_change=100, random_state=0, warm_start=True
    )
    fitted = clone(model).fit(X, y)
    model.set_params(max_iter=5).fit(X, y)
    curve = model.loss_curve_ + model.set_params(max_iter=5).fit(X, y).loss_curve_
    np.testing.assert_allclose(parameters_of(model), parameters_of(fitted), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(curve, fitted.loss_curve_, rtol=1e-5)


def test_warm_start_counts_a_schedule_of_the_whole_fit_anew():
    """At the end of its fall the learning rate is 0; more epochs make the fall a longer one."""
    X, y = NUMBERS
    model = LinearRegressor(
        optimizer=SGD(0.05), schedule="cosine", max_iter=4, warm_start=True, tol=0
    )
    first = model.fit(X, y).loss_
    assert model.fit(X, y).loss_ < 0.99 * first


@pytest.mark.parametrize(
    "changed",
    [
        {"penalty": L1(0.1)},
        {"penalty__alpha": 1.0},
        {"loss": "huber"},
        {"optimizer__learning_rate": 0.2},
        {"schedule": "exponential"},
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_warm_start_with_another_objective_forgets_the_velocity(changed):
    """The first step is that without momentum from the same coefficients."""
    X, y = NUMBERS
    model = LinearRegressor(
        optimizer=Momentum(0.05), batch_size=len(y), max_iter=5, tol=0, warm_start=True
    ).fit(X, y)
    rate = changed.get("optimizer__learning_rate", 0.05)
    plain = copy.deepcopy(model).set_params(max_iter=1, **changed)
    plain.set_params(optimizer=Momentum(rate, momentum=0.0))
    model.set_params(max_iter=1, **changed)
    np.testing.assert_allclose(model.fit(X, y).coef_, plain.fit(X, y).coef_, rtol=1e-12)


@pytest.mark.parametrize("saved", [False, True])
def test_partial_fit_remembers_what_weights_owe(saved):
    X, y = CLASSES
    model = LinearClassifier(optimizer="sgd", penalty=L1(0.1), batch_size=5, random_state=0)
    whole = clone(model).set_params(max_iter=6, tol=0).fit(X, y)
    half = clone(model).set_params(max_iter=3, tol=0).fit(X, y)
    assert (half.coef_ == 0).any()
    for _ in range(3):
        half = pickle.loads(pickle.dumps(half)) if saved else half
        half.partial_fit(X, y)
    np.testing.assert_allclose(half.coef_, whole.coef_, rtol=1e-12)


@pytest.mark.parametrize("shuffle", [False, True])
def test_partial_fit_takes_another_penalty(shuffle):
    """What was owed to one penalty is not owed to another; the moments of Adam go on."""
    X, y = CLASSES
    model = LinearClassifier(optimizer="adam", batch_size=5, shuffle=shuffle, random_state=0)
    for n_calls, penalty in enumerate((L2(0.1), L1(10.0), L2(0.1), L1(10.0)), start=1):
        model.set_params(penalty=penalty).partial_fit(X, y, classes=[0, 1])
        state = model._memory.optimizer
        assert (model.coef_ == 0).all() == isinstance(penalty, L1)
        assert state.owed.shape[1] == (2 if isinstance(penalty, L1) else 0)
        assert state.n_steps == n_calls * -(-len(y) // 5)


def test_partial_fit_learns_classes_one_by_one():
    X, y = load_digits(return_X_y=True)
    online = MLPClassifier((32,), optimizer=Adam(0.01), random_state=0)
    batches = np.array_split(np.argsort(y[:600], kind="stable"), 10)
    online.partial_fit(X[batches[0]] / 16, y[batches[0]], classes=np.arange(10))
    for _ in range(20):
        for batch in np.random.RandomState(0).permutation(len(batches)):
            online.partial_fit(X[batches[batch]] / 16, y[batches[batch]])
    assert online.score(X[:600] / 16, y[:600]) > 0.8


def test_partial_fit_takes_labels_and_weights():
    X, y = CLASSES
    labels = np.c_[y, 1 - y, X[:, 0] > 0].astype(int)
    online = MLPClassifier((8,), random_state=0).partial_fit(X, labels, classes=[0, 1, 2])
    online.partial_fit(X, labels, sample_weight=np.linspace(1, 2, len(y)))
    assert online.predict(X).shape == labels.shape


def test_partial_fit_goes_on_from_fit():
    X, y = CLASSES
    whole = LinearClassifier(optimizer="adam", max_iter=6, shuffle=False).fit(X, y)
    half = LinearClassifier(optimizer="adam", max_iter=5, shuffle=False).fit(X, y)
    np.testing.assert_allclose(half.partial_fit(X, y).coef_, whole.coef_, rtol=1e-10)
    assert half.n_iter_ == 6


@pytest.mark.parametrize("other", ["sgd", "momentum", "adamw"])
def test_partial_fit_with_another_optimizer_goes_on_from_the_parameters(other):
    """The state is another optimizer's, so it starts anew; what was learnt stays."""
    X, y = CLASSES
    model = LinearClassifier().fit(X, y)
    trained = model.coef_.copy()
    model.set_params(optimizer=other, optimizer__learning_rate=1e-9).partial_fit(X, y)
    np.testing.assert_allclose(model.coef_, trained, atol=1e-6)


def test_partial_fit_with_another_architecture_is_refused():
    X, y = NUMBERS
    model = MLPRegressor((4,)).partial_fit(X, y).set_params(hidden_layer_sizes=(5,))
    with pytest.raises(ValueError, match="training cannot go on with layers of shape"):
        model.partial_fit(X, y)


def test_verbose_prints_every_epoch(capsys):
    X, y = NUMBERS
    model = MLPRegressor((4,), max_iter=2, verbose=True).fit(X, y).partial_fit(X, y)
    printed = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in printed] == ["epoch 1", "epoch 2", "epoch 3"]
    assert printed[-1] == f"epoch 3: loss {model.loss_:.6f}"


@pytest.mark.parametrize("optimizer", ["adamw", "sgd", "schedule_free_adamw", "average_weights"])
@pytest.mark.parametrize("precisions", [("float32", "float64"), ("float64", "float32")])
def test_rows_may_come_in_another_precision(precisions, optimizer):
    X, y = CLASSES
    found = []
    for one in (precisions, ("float64", "float64")):
        linear = LinearClassifier(optimizer=optimizer, random_state=0)
        for precision in one:
            linear.partial_fit(X.astype(precision), y, classes=np.unique(y))
        network = MLPClassifier((3,), optimizer=optimizer, max_iter=2, random_state=0)
        network.set_params(warm_start=True, normalization="batch", tol=None)
        for precision in one:
            network.set_params(dtype=precision).fit(X, y)
        assert linear.coef_.dtype == one[-1]
        found.append([linear.coef_, *network.coefs_])
    for found_there, expected in zip(*found, strict=True):
        np.testing.assert_allclose(found_there, expected, atol=1e-4)
